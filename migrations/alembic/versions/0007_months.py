"""Months for whatever a run writes, also where rows came before them; settings for the partitions of o

Stands for migrations/postgresql/0007_months.sql; written by tools/alembic_revisions.py.
"""
from alembic.util import CommandError

revision = "0007_months"
down_revision = "0006_tables_aside"


def upgrade():
    raise CommandError(f"`cartwright migrate up STORE` applies {revision}: it locks and checks the store first")


def downgrade():
    raise CommandError(f"{revision} can't be taken back: migrations of Cartwright only go forward")
