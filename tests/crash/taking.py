"""Callers of Next: over gRPC and REST, with keys and without, on several sequences at once.

What a caller records are takes (takes.py). A call whose outcome nobody knows is recorded as such; if it had a key it
can be asked for again later, with the same key, by whoever.
"""
import http.client
import random
import threading
import time
from dataclasses import dataclass, replace

import grpc

import rest
from ids import Client
from takes import FOREVER, Sequence, Take

SERVICE = "ordinal.v1.SequenceService"
TIMEOUT = 10
LOST = (grpc.RpcError, http.client.HTTPException, OSError)


class Grpc:
    def __init__(self, target, types):
        self.types, self.client = types, Client(target.grpc, types)

    def ask(self, method, **fields):
        message = self.types[f"ordinal.v1.{method}Request"](**fields)
        return self.client.method(method, SERVICE)(message, timeout=TIMEOUT)

    def next(self, name, count, key):
        reply = self.ask("Next", name=name, count=count, request_id=key)
        assert reply.count == count, reply
        return reply.first, reply.last

    def create(self, sequence):
        mode = {"block": 1, "gapless": 2}[sequence.mode]
        given = {"block": sequence.block} if sequence.block else {}
        return self.ask(
            "CreateSequence", name=sequence.name, mode=mode, start=sequence.start, minimum=sequence.start,
            increment=sequence.increment, **given
        ).created

    def close(self):
        self.client.close()


class Rest:
    def __init__(self, target, _types):
        self.connection = rest.connect(target)

    def next(self, name, count, key):
        headers = {"Idempotency-Key": key} if key else {}
        reply = rest.ask(self.connection, f"/v1/sequences/{name}/next?count={count}", headers, self.verb)
        if reply.status != 200:
            raise http.client.HTTPException(f"{reply.status} {reply.text}")
        told = reply.json()
        assert told["count"] == count, told
        return int(told["first"]), int(told["last"])

    def close(self):
        self.connection.close()


class RestGet(Rest):
    verb = "GET"


class RestPost(Rest):
    verb = "POST"


@dataclass(frozen=True)
class Kind:
    """How a caller calls: how often with a key, and how often the key of the call before once more."""

    session: type
    keys: float
    again: float = 0.0


KINDS = (Kind(Grpc, 0), Kind(Grpc, 0.5, 0.2), Kind(Grpc, 1), Kind(RestGet, 0), Kind(RestPost, 1, 0.1), Kind(RestGet, 0.3))


@dataclass
class Wanted:
    """A call, which can be made again if it has a key."""

    sequence: Sequence
    count: int
    key: str

    def take_by(self, session, client):
        """Makes the call: a known take, or raises one of LOST."""
        start = time.monotonic_ns()
        first, last = session.next(self.sequence.name, self.count, self.key)
        return Take(client, start, time.monotonic_ns(), self.count, first, last, self.key)


class Book:
    """What was taken of each sequence, and what has yet to be asked for again."""

    def __init__(self):
        self.takes = {}  # name → takes
        self.open = []  # calls with a key that were not answered
        self.answered = []  # and some that were

    def enter(self, wanted, take):
        self.takes.setdefault(wanted.sequence.name, []).append(take)

    def close_run(self, callers, ended):
        """Enters what callers of a run did; what was not answered is certain not to be done after its end."""
        for caller in callers:
            for wanted, take in caller.made:
                self.enter(wanted, take if take.is_known else replace(take, end=ended))
                if wanted.key and not take.is_known:
                    self.open.append(wanted)
                elif wanted.key:
                    self.answered.append(wanted)
        self.answered = self.answered[-20:]


class Caller(threading.Thread):
    """Calls until it is told to stop or a call fails: what it did is in `made`, and why it ended early in `failure`."""

    def __init__(self, name, kind, target, types, sequences, seed, stop):
        super().__init__(name=name, daemon=True)
        self.made, self.failure = [], None
        self._kind, self._session, self._sequences = kind, kind.session(target, types), sequences
        self._random, self._seed, self._stop_calls = random.Random(seed), seed, stop

    def _choose(self, number):
        if self.made and self.made[-1][0].key and self._random.random() < self._kind.again:
            return self.made[-1][0]
        key = f"{self._seed}/{number}" if self._random.random() < self._kind.keys else ""
        count = 1 if self._random.random() < 0.7 else self._random.randint(2, 30)
        return Wanted(self._random.choice(self._sequences), count, key)

    def run(self):
        number = 0
        while not self._stop_calls.is_set() and self.failure is None:
            number += 1
            wanted = self._choose(number)
            start = time.monotonic_ns()
            try:
                self.made.append((wanted, wanted.take_by(self._session, self.name)))
            except LOST as error:
                self.failure = (time.monotonic_ns(), error)
                self.made.append((wanted, Take(self.name, start, FOREVER, wanted.count, key=wanted.key)))
        self._session.close()
