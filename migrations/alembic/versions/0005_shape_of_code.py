"""The shape also has what columns are when nothing is said, and the functions

Stands for migrations/postgresql/0005_shape_of_code.sql; written by tools/alembic_revisions.py.
"""
from alembic.util import CommandError

revision = "0005_shape_of_code"
down_revision = "0004_default_address"


def upgrade():
    raise CommandError(f"`cartwright migrate up STORE` applies {revision}: it locks and checks the store first")


def downgrade():
    raise CommandError(f"{revision} can't be taken back: migrations of Cartwright only go forward")
