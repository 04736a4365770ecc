"""Loads over several connections

Stands for migrations/postgresql/0006_tables_aside.sql; written by tools/alembic_revisions.py.
"""
from alembic.util import CommandError

revision = "0006_tables_aside"
down_revision = "0005_shape_of_code"


def upgrade():
    raise CommandError(f"`cartwright migrate up STORE` applies {revision}: it locks and checks the store first")


def downgrade():
    raise CommandError(f"{revision} can't be taken back: migrations of Cartwright only go forward")
