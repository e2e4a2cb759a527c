"""Calls of our own, for what no generator tells: that a server answers rightly, and loads that are paced."""
import contextlib
import http.client
import json
import re
import selectors
import socket
import struct
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from process import Failed

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "build/bench/python"
GET_ID = "/ordinal.v1.IdService/GetId"
GET_IDS = "/ordinal.v1.IdService/GetIds"
EXPANDED = "/ordinal.peers.Expanded/GetIds"
TIMEOUT_S = 10


def messages():
    """The generated messages, which are there once the peers are built."""
    if str(GENERATED) not in sys.path:
        sys.path.insert(0, str(GENERATED))
    import expanded_pb2
    from ordinal.v1 import ids_pb2

    return ids_pb2, expanded_pb2


def sequence_messages():
    messages()
    from ordinal.v1 import sequences_pb2

    return sequences_pb2


def grpc_body(message=b""):
    """The body of a unary call, as HTTP/2 carries it."""
    return struct.pack(">BI", 0, len(message)) + message


def get_ids_request(count):
    return messages()[0].GetIdsRequest(count=count).SerializeToString()


@contextlib.contextmanager
def grpc_channel(port):
    import grpc  # not where it is only asked for help

    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)])
    try:
        yield channel
    except grpc.RpcError as error:
        raise Failed(f"a call ends with {error.code().name}: {error.details()}") from None
    finally:
        channel.close()


def grpc_ids(channel):
    """A function that gets one ID."""
    call = channel.unary_unary(GET_ID, response_deserializer=messages()[0].GetIdResponse.FromString)
    return lambda: call(b"", timeout=TIMEOUT_S).id


@contextlib.contextmanager
def http_connection(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        yield connection
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"a request fails: {error!r}") from None
    finally:
        connection.close()


def http_get(connection, path):
    connection.request("GET", path)
    reply = connection.getresponse()
    body = reply.read()
    if reply.status != 200:
        raise Failed(f"{path} answers {reply.status}: {body[:120]!r}")
    return body


def http_ids(connection):
    return lambda: int(json.loads(http_get(connection, "/v1/id"))["id"])


# One call of each kind before its measurement


def check_ids(take, fixed=False):
    """Two IDs; where they are not made but written down, only that they are there."""
    first, second = take(), take()
    if first <= 0 or (not fixed and second <= first):
        raise Failed(f"it gives {first} and then {second}")


def check_grpc(port, fixed=False):
    with grpc_channel(port) as channel:
        check_ids(grpc_ids(channel), fixed)


def check_http(port, fixed=False):
    with http_connection(port) as connection:
        check_ids(http_ids(connection), fixed)


def count_runs(reply):
    """How many IDs; their runs have to rise."""
    for before, after in zip(reply.runs, reply.runs[1:]):
        if before.first + (before.count - 1) * before.step >= after.first:
            raise Failed("runs of one reply overlap")
    return sum(run.count for run in reply.runs)


def check_batch(port, path, count):
    """That a batch holds what was asked for."""
    ids, expanded = messages()
    with grpc_channel(port) as channel:
        reply = channel.unary_unary(path)(get_ids_request(count), timeout=TIMEOUT_S)
    if path == EXPANDED:
        got = len(set(expanded.GetIdsResponse.FromString(reply).ids))
    else:
        got = count_runs(ids.GetIdsResponse.FromString(reply))
    if got != count:
        raise Failed(f"{path} gives {got} IDs instead of {count}")


def refusals(port):
    """Code → how many calls an ordinald did not grant, by its metrics; those that a client gave up do not count."""
    with http_connection(port) as connection:
        text = http_get(connection, "/metrics").decode()
    found = Counter()
    for code, count in re.findall(r'^ordinal_calls_total{.*code="([^"]+)"} (\d+)$', text, re.M):
        if code not in ("ok", "cancelled") and int(count):
            found[code] += int(count)
    return found


# A paced load


def paced(call, per_second, seconds):
    """Makes calls at even times; the latency of each counts from when it was due, so that a stall shows in full."""
    latencies = []
    total = int(per_second * seconds)
    start = time.perf_counter()
    for i in range(total):
        due = start + i / per_second
        wait = due - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        call()
        latencies.append(time.perf_counter() - due)
    took = max(time.perf_counter() - start, total / per_second)  # less only if it ended before the next was due
    return {
        "calls": total,
        "calls_per_s": total / took,
        "p50_us": sorted(latencies)[len(latencies) // 2] * 1e6,
        "max_us": max(latencies) * 1e6,
    }


def paced_http(port, path, count, per_second, seconds):
    """Batches with every ID written out."""
    with http_connection(port) as connection:

        def call():
            got = http_get(connection, f"{path}?count={count}").count(b",") + 1
            if got != count:
                raise Failed(f"{path} gives {got} IDs instead of {count}")

        call()  # connects
        return paced(call, per_second, seconds)


# Order over both protocols


class OrderCheck(threading.Thread):
    """Takes IDs over gRPC and HTTP in turn; each has to be above the one before."""

    def __init__(self, grpc_port, http_port):
        super().__init__(daemon=True)
        self.ports = grpc_port, http_port
        self.over = threading.Event()
        self.taken = 0
        self.violations = 0
        self.error = None

    def run(self):
        try:
            with grpc_channel(self.ports[0]) as channel, http_connection(self.ports[1]) as connection:
                self.check([grpc_ids(channel), http_ids(connection)])
        except Failed as error:
            self.error = error

    def check(self, sources):
        last = 0
        while not self.over.is_set():
            new = sources[self.taken % 2]()
            self.violations += new <= last
            self.taken += 1
            last = new

    def finish(self):
        self.over.set()
        self.join(2 * TIMEOUT_S)
        if self.error or self.is_alive():
            raise self.error or Failed("the check of order does not end")


# Many connections at once

REQUEST = b"GET /v1/id HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def first_replies(port, connections, patience_s):
    """Opens connections, keeps them all, sends a request on each; seconds until each had its reply."""
    waiting = selectors.DefaultSelector()
    opened = []
    try:
        for _ in range(connections):
            opened.append(socket.create_connection(("127.0.0.1", port), TIMEOUT_S))
        start = time.perf_counter()
        for one in opened:
            one.sendall(REQUEST)
            waiting.register(one, selectors.EVENT_READ)
        return collect(waiting, start, patience_s)
    except OSError as error:
        raise Failed(f"of {connections} connections {len(opened)} can be opened: {error}") from None
    finally:
        waiting.close()
        for one in opened:
            one.close()


def collect(waiting, start, patience_s):
    took = []
    while waiting.get_map() and time.perf_counter() - start < patience_s:
        for key, _ in waiting.select(0.1):
            if not key.fileobj.recv(4096).startswith(b"HTTP/1.1 200"):
                raise Failed("a connection is closed or refused instead of served")
            took.append(time.perf_counter() - start)
            waiting.unregister(key.fileobj)
    return took


def first_id_seconds(port, start, patience_s=20):
    """Seconds from `start` until a first request is answered."""
    while time.perf_counter() - start < patience_s:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as one:
            one.sendall(REQUEST)
            if one.recv(4096).startswith(b"HTTP/1.1 200"):
                return time.perf_counter() - start
        time.sleep(0.0002)
    raise Failed("it does not answer after its start")
