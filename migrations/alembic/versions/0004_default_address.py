"""Default addresses without an index of their own

Stands for migrations/postgresql/0004_default_address.sql; written by tools/alembic_revisions.py.
"""
from alembic.util import CommandError

revision = "0004_default_address"
down_revision = "0003_jobs"


def upgrade():
    raise CommandError(f"`cartwright migrate up STORE` applies {revision}: it locks and checks the store first")


def downgrade():
    raise CommandError(f"{revision} can't be taken back: migrations of Cartwright only go forward")
