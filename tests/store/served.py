"""A server upon any store, for the tests of this folder."""
import re
import subprocess
import threading

import requests


class Serving:
    """The program serving a store."""

    def __init__(self, cartwright, store, *options):
        self.process = subprocess.Popen([cartwright, "serve", "--store", str(store), "--port", "0", "--no-seed-shop",
                                         *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if line.startswith("Stop it"):
                break
        found = re.search(r"http://[\w.]+:(\d+)", self.said)
        if found is None:
            self.process.kill()
            raise AssertionError(self.said + self.process.stderr.read())
        self.url = f"http://127.0.0.1:{found[1]}"
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self):
        for line in self.process.stderr:
            self.said += line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(timeout=60)
        self.listener.join()
        return code

    def get(self, path, key=None, **options):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return requests.get(self.url + path, timeout=60, headers=headers, **options)

    def post(self, path, json, key=None):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return requests.post(self.url + path, timeout=60, headers=headers, json=json)

    def check(self, kind, row):
        """What is told about a row and what hangs on it."""
        answer = self.get("/api/v1/relationships/validate", params={"entity_type": kind, "entity_id": row})
        assert answer.status_code == 200, answer.text
        return answer.json()
