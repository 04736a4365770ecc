"""Long work that was accepted, in the order in which it was

Stands for migrations/postgresql/0003_jobs.sql; written by tools/alembic_revisions.py.
"""
from alembic.util import CommandError

revision = "0003_jobs"
down_revision = "0002_api_keys"


def upgrade():
    raise CommandError(f"`cartwright migrate up STORE` applies {revision}: it locks and checks the store first")


def downgrade():
    raise CommandError(f"{revision} can't be taken back: migrations of Cartwright only go forward")
