"""A database of a test's own on the PostgreSQL server of its module."""
import itertools

import psycopg


class Database:
    """An empty database: its URI, and SQL in it as the superuser."""

    numbers = itertools.count(1)

    def __init__(self, server):
        self.server = server
        self.name = f"shop_{next(self.numbers)}"
        self.uri = server.uri.replace("///postgres?", f"///{self.name}?")
        with psycopg.connect(server.uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.name}")

    def run(self, sql):
        """The rows of the last statement, if it gives any."""
        with psycopg.connect(self.uri, autocommit=True) as connection:
            cursor = connection.execute(sql)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def value(self, sql):
        return self.run(sql)[0][0]
