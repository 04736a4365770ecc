"""Keys that requests over HTTP carry

Stands for migrations/postgresql/0002_api_keys.sql; written by tools/alembic_revisions.py.
"""
from alembic.util import CommandError

revision = "0002_api_keys"
down_revision = "0001_shop"


def upgrade():
    raise CommandError(f"`cartwright migrate up STORE` applies {revision}: it locks and checks the store first")


def downgrade():
    raise CommandError(f"{revision} can't be taken back: migrations of Cartwright only go forward")
