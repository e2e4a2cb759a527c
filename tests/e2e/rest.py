"""A plain HTTP client, one connection a call unless told otherwise."""
import http.client
import json
from dataclasses import dataclass

TIMEOUT = 20


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self):
        return self.body.decode()

    @property
    def type(self):
        return (self.headers["Content-Type"] or "").split(";")[0]

    def json(self):
        assert self.type.endswith("json"), f"{self.status} {self.type}: {self.text}"
        return json.loads(self.body)

    def is_problem(self, status, code):
        """Holds it to be a problem document (RFC 9457) with that status and stable code; returns its detail."""
        assert (self.status, self.type) == (status, "application/problem+json"), f"{self.status}: {self.text}"
        problem = self.json()
        assert (problem["status"], problem["code"]) == (status, code), problem
        assert problem["title"] and problem["detail"] and "type" in problem
        assert self.headers["Cache-Control"] == "no-store"
        return problem["detail"]


def connect(target):
    return http.client.HTTPConnection(target.http, timeout=TIMEOUT)


def ask(connection, path, headers=None, method="GET", body=None):
    connection.request(method, path, headers=headers or {}, body=body)
    got = connection.getresponse()
    return Reply(got.status, got.headers, got.read())


def get(target, path, headers=None, method="GET", body=None):
    connection = connect(target)
    try:
        return ask(connection, path, headers, method, body)
    finally:
        connection.close()


def post(target, path, fields, headers=None):
    """With these fields as a JSON body."""
    headers = {"Content-Type": "application/json", **(headers or {})}
    return get(target, path, headers, "POST", json.dumps(fields))
