"""Callers of every kind, all at once: gRPC unary, batches and a stream, REST one by one and in batches.

A session is one connection and the function that makes a call on it; callers are threads.
"""
import http.client
import queue
import threading
import time

import grpc

import rest
from history import Call, spans, spans_of_runs
from ids import Client

TIMEOUT = 10
LOST = (grpc.RpcError, http.client.HTTPException, OSError)


class Refused(Exception):
    """No room just now: the answer that a caller has to take."""


class Grpc:
    """Calls of one method, one after another."""

    def __init__(self, target, types):
        self.client = Client(target.grpc, types)

    def call(self, count):
        try:
            return self.ask(count)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
                raise Refused from error
            raise

    def close(self):
        self.client.close()


class Unary(Grpc):
    def ask(self, _count):
        return spans([self.client.call("GetId", timeout=TIMEOUT).id])


class Batches(Grpc):
    def ask(self, count):
        return spans_of_runs(self.client.call("GetIds", timeout=TIMEOUT, count=count).runs)


class Stream(Grpc):
    """A request goes out when the reply before it is here, so that each is a call of its own."""

    replies = None

    def ask(self, count):
        if self.replies is None:
            self.requests = queue.SimpleQueue()
            self.replies = self.client.stream(iter(self.requests.get, None), timeout=None)
        self.requests.put((count, 0, 1000))
        try:
            return spans_of_runs(next(self.replies).runs)
        except grpc.RpcError:
            self._end()
            raise

    def _end(self):
        if self.replies is not None:
            self.requests.put(None)
            self.replies.cancel()
        self.replies = None

    def close(self):
        self._end()
        super().close()


class Rest:
    def __init__(self, target, _types):
        self.connection = rest.connect(target)

    def get(self, path):
        reply = rest.ask(self.connection, path, {"Prefer": "wait=1"})
        if reply.status == 429:
            raise Refused
        if reply.status != 200:
            raise http.client.HTTPException(f"{path}: {reply.status} {reply.text}")
        return reply.json()

    def close(self):
        self.connection.close()


class RestId(Rest):
    def call(self, _count):
        return spans([int(self.get("/v1/id")["id"])])


class RestIds(Rest):
    def call(self, count):
        runs = self.get(f"/v1/ids?count={count}&form=runs")["runs"]
        return tuple(range(int(run["first"]), int(run["first"]) + run["count"]) for run in runs)


KINDS = (Unary, Batches, Stream, RestId, RestIds)


def one_call(kind, target, types):
    """A single call, as a record of its own."""
    session = kind(target, types)
    start = time.monotonic_ns()
    given = session.call(1)
    end = time.monotonic_ns()
    session.close()
    return Call("first", start, end, given)


class Caller(threading.Thread):
    """Calls with counts from `counts` until it is told to stop or a call fails: what it got is in `calls`, when
    and why it ended early in `failure`."""

    def __init__(self, kind, target, types, counts, stop):
        super().__init__(name=kind.__name__, daemon=True)
        self.calls, self.failure, self.refusals = [], None, 0
        self._session, self._counts, self._stop_calls = kind(target, types), counts, stop

    def run(self):
        while not self._stop_calls.is_set() and self.failure is None:
            start = time.monotonic_ns()
            try:
                given = self._session.call(next(self._counts))
                self.calls.append(Call(self.name, start, time.monotonic_ns(), given))
            except Refused:
                self.refusals += 1
                self._stop_calls.wait(0.005)
            except LOST as error:
                self.failure = (time.monotonic_ns(), error)
        self._session.close()
