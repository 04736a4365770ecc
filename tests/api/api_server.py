"""The program under test as a server, and shorthands to talk to it."""
import os
import re
import signal
import subprocess
import threading

import requests


class Server:
    """The program under test, serving on a free port."""

    def __init__(self, program, store, *options):
        self.store = str(store)
        self.command = [program, "serve", "--store", self.store, "--port", "0", *options]
        self.errors = []
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        threading.Thread(target=self._collect, args=(self.process.stderr,), daemon=True).start()
        self.greeting = ""
        for line in self.process.stdout:
            self.greeting += line
            if line.startswith("Stop it"):
                break
        found = re.search(r"http://(?:127\.0\.0\.1|\[::1\]):(\d+)", self.greeting)
        assert found, (self.greeting, self.errors)
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def _collect(self, stream):
        for line in stream:
            self.errors.append(line)

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=40)

    def get(self, path, status=200, **options):
        return self.call("GET", path, status, **options)

    def post(self, path, json=None, status=None, **options):
        return self.call("POST", path, status, json=json if json is not None else {}, **options)

    def call(self, method, path, status=None, **options):
        response = requests.request(method, self.url + path, timeout=60, **options)
        if status is not None:
            assert response.status_code == status, (response.status_code, response.text[:1000])
        return response

    def count(self, table):
        rows, path = 0, f"/api/v1/{table}?limit=1000&fields=id"
        while path:
            page = self.get(path).json()
            rows += len(page["data"])
            path = page["next"]
        return rows
