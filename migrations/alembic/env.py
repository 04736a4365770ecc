"""Connects Alembic with a store of Cartwright in PostgreSQL, for `alembic current`, `history` and `heads`.

The store is what -x store=URI, CARTWRIGHT_STORE or sqlalchemy.url of the configuration says: any URI of libpq.
"""
import os

import psycopg
import sqlalchemy
from alembic import context
from alembic.util import CommandError


def store_uri():
    uri = (context.get_x_argument(as_dictionary=True).get("store") or os.environ.get("CARTWRIGHT_STORE")
           or context.config.get_main_option("sqlalchemy.url"))
    if not uri:
        raise CommandError("which store? Say -x store=postgresql://user@host:port/database or set CARTWRIGHT_STORE")
    return uri


if context.is_offline_mode():
    raise CommandError("the SQL is in migrations/postgresql; `cartwright migrate up STORE` applies it")

uri = store_uri()
engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(uri),
                                  poolclass=sqlalchemy.pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
