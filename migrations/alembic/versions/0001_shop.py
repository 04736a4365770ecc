"""The shop

Stands for migrations/postgresql/0001_shop.sql; written by tools/alembic_revisions.py.
"""
from alembic.util import CommandError

revision = "0001_shop"
down_revision = None
branch_labels = ("cartwright",)


def upgrade():
    raise CommandError(f"`cartwright migrate up STORE` applies {revision}: it locks and checks the store first")


def downgrade():
    raise CommandError(f"{revision} can't be taken back: migrations of Cartwright only go forward")
