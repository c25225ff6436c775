"""The cameras of a running broadcaster, changed and tested through its API."""

import json

from .processes import http

JSON = {"Content-Type": "application/json"}


class CameraApi:
    """`running` has a url: a pipeline, or a broadcaster without the other processes."""

    def __init__(self, running):
        self.running = running

    def ask(self, method, path="", body=None, headers=None, timeout=30):
        """(status, answer, headers)"""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        status, heads, answer = http(method, f"{self.running.url}/api/cameras{path}", data,
                                     {**(JSON if data is not None else {}), **(headers or {})}, timeout)
        return status, answer, heads

    def change(self, method, path, body=None, expected=200):
        """A change that is applied by every process."""
        status, answer, _ = self.ask(method, path, body)
        assert status == expected, answer
        assert answer["applied"] is True
        return answer

    def add(self, camera, **fields):
        return self.change("POST", "", {"id": camera, **fields}, 201)["camera"]

    def put(self, camera, **fields):
        return self.change("PUT", f"/{camera}", fields)["camera"]

    def remove(self, camera):
        return self.change("DELETE", f"/{camera}")

    def get(self, camera):
        status, answer, _ = self.ask("GET", f"/{camera}")
        assert status == 200, answer
        return answer

    def ids(self):
        return [one["id"] for one in self.ask("GET")[1]["cameras"]]

    def revision(self):
        return self.ask("GET")[2]["ETag"]

    def test(self, **fields):
        """{"ok", …}"""
        status, answer, _ = self.ask("POST", "/test", fields)
        assert status == 200, answer
        return answer
