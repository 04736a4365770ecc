#!/usr/bin/env python3
"""Runs commands beside a PostgreSQL server of their own, in a temporary folder, and stops it whatever happens.

Usage: with_postgres.py COMMAND... [-- COMMAND...]

The commands find it by CARTWRIGHT_POSTGRES, a URI whose database is "postgres". The server listens on a socket in its
folder alone. As root, the server runs as the user postgres. Ends with 77 (skipped) where PostgreSQL is not installed,
else with 1 if a command failed. Adds up "N passed, N failed" when there are several commands.

The newest PostgreSQL that is installed serves, or the one whose initdb, pg_ctl and postgres are in the folder
CARTWRIGHT_PG_BIN.
"""
import contextlib
import glob
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile

PORT = "5432"
SETTINGS = {
    "listen_addresses": "", "fsync": "off", "synchronous_commit": "on", "full_page_writes": "off",
    "shared_buffers": "64MB", "max_connections": "60", "autovacuum": "off", "max_wal_size": "1GB",
}


def tool(name):
    chosen = os.environ.get("CARTWRIGHT_PG_BIN")
    if chosen:
        return os.path.join(chosen, name)
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]))
    return found[-1] if found else shutil.which(name)


class Server:
    """A private server; start and stop may be called again and again."""

    def __init__(self, folder, settings=None):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.prefix = []
        self.settings = SETTINGS | (settings or {})
        if os.geteuid() == 0:
            self.prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
        os.chmod(folder, 0o711)

    @property
    def uri(self):
        return f"postgresql:///postgres?host={self.folder}&port={PORT}&user=postgres"

    def run(self, name, *arguments):
        done = subprocess.run([*self.prefix, tool(name), *arguments], cwd=self.folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{name}: {done.stdout}")

    def create(self, *options):
        self.run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale",
                 "--no-sync", *options)
        return self

    def start(self):
        options = " ".join(f"-c {name}='{value}'" for name, value in self.settings.items())
        self.run("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.folder / "log"), "-o",
                 f"-k {self.folder} -p {PORT} {options}", "start")

    def postmaster(self):
        """The process id of the running server."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def stop(self, mode="immediate"):
        if (self.data / "postmaster.pid").exists():
            self.run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")


@contextlib.contextmanager
def running(settings=None):
    """A started server in a folder that is gone afterwards. It must be installed: who tests with it needs it."""
    if tool("initdb") is None:
        raise RuntimeError("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory(prefix="cwpg", ignore_cleanup_errors=True) as folder:
        server = Server(folder, settings).create()
        try:
            server.start()
            yield server
        finally:
            server.stop()


def commands_of(arguments):
    commands = [[]]
    for argument in arguments:
        if argument == "--":
            commands.append([])
        else:
            commands[-1].append(argument)
    return commands


def main(arguments):
    if tool("initdb") is None:
        print("PostgreSQL is not installed")
        return 77
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    passed = failed = 0
    with running() as server:
        for command in commands_of(arguments):
            done = subprocess.run(command, env=os.environ | {"CARTWRIGHT_POSTGRES": server.uri},
                                  stdout=subprocess.PIPE, text=True, check=False)
            print(done.stdout, end="")
            count = re.search(r"(\d+) passed, (\d+) failed\s*$", done.stdout)
            passed += int(count[1]) if count else done.returncode == 0
            failed += int(count[2]) if count else done.returncode != 0
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
