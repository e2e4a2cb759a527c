"""`ordinal bench`."""
import csv
import io
import json
import signal
import socket
import subprocess
import threading
import time
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest

from daemon import ORDINAL, PATIENCE, environment, run_client
from rest import get
from test_client import DONE, FAILED, UNAVAILABLE, USAGE, run_on_terminal

SHORT = ("--duration", "300ms", "--warm-up", "100ms")

# 16 IDs in 100 ms, hardly any ahead, and no waiting for more: a load runs dry at once.
TINY = ("--layout", "tick:41,node:2,sequence:4", "--time-unit", "100ms", "--borrow", "100ms", "--max-wait", "1ms")


def bench(target, *args, over="grpc", status=DONE, before=()):
    """Runs a bench; returns its report from JSON."""
    where = ["--grpc", target.grpc] if over == "grpc" else ["--http", target.url]
    done = run_client(*where, "--output", "json", *before, "bench", *args)
    assert done.returncode == status, done
    assert done.stderr == ""
    return json.loads(done.stdout)


def holds_together(report):
    """What any report says of itself in two places."""
    load, latency, check = report["load"], report["latency"], report["check"]
    seconds = report["elapsedNs"] / 1e9
    assert report["ids"] == report["calls"] * load["idsPerCall"]
    assert report["callsPerSecond"] == pytest.approx(report["calls"] / seconds)
    assert report["idsPerSecond"] == pytest.approx(report["ids"] / seconds)
    assert sum(row["calls"] for row in latency["histogram"]) == report["calls"]
    assert sum(row["calls"] for row in report["failures"].values()) == report["failed"]
    assert check["ids"] >= report["ids"] + report["warmUpCalls"] * load["idsPerCall"]
    names = ["p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99", "max"]
    assert [latency[name] for name in names] == sorted(latency[name] for name in names)
    edges = [row["upToNs"] for row in latency["histogram"]]
    assert edges == sorted(edges) and latency["max"] <= edges[-1]
    return report


@pytest.mark.parametrize(
    "over, mode, method",
    [
        ("grpc", "unary", "GetId"),
        ("grpc", "batch", "GetIds"),
        ("grpc", "stream", "StreamIds"),
        ("http", "unary", "/v1/id"),
        ("http", "batch", "/v1/ids"),
    ],
)
@pytest.mark.parametrize("loop", [(), ("--rate", "500")], ids=["closed", "open"])
def test_each_mode_over_each_protocol(shared, over, mode, method, loop):
    times = ("--duration", "300ms", "--warm-up", "1s")  # connecting counts as warming up, on a busy machine all of it
    report = holds_together(bench(shared, "--mode", mode, "-c", "3", *loop, *times, over=over))
    assert report["passed"] and report["calls"] > 0 and report["warmUpCalls"] > 0
    assert report["failed"] == report["refused"] == report["warmUpFailed"] == 0
    assert report["load"]["method"] == method and report["connects"] == 3
    assert report["load"]["idsPerCall"] == (100 if mode == "batch" else 1)
    assert report["check"]["issuers"] == 1 and report["check"]["isComplete"]
    if loop:
        assert report["due"] == 150 and report["calls"] + report["unsent"] == 150


@pytest.mark.parametrize("over", ["grpc", "http"])
def test_calls_pipeline_and_threads_share(shared, over):
    report = holds_together(bench(shared, "-c", "5", "-m", "8", "--threads", "3", *SHORT, over=over))
    assert report["passed"] and report["load"]["threads"] == 3 and report["load"]["inFlightAllowed"] == 8


def test_a_rate_beyond_the_server_leaves_a_backlog(shared):
    """What was due in the warm-up and not sent does not burden what is measured."""
    report = holds_together(bench(shared, "--rate", "10000000", *SHORT))
    assert report["passed"] and report["calls"] > 0 and report["unsent"] > 0
    assert report["due"] == 3_000_000 == report["calls"] + report["unsent"]
    assert report["behindNs"] > 0 and report["latency"]["max"] > report["latency"]["p50"] > 0


def test_large_batches(shared):
    for over in ("grpc", "http"):
        report = holds_together(bench(shared, "--mode", "batch", "-n", "100000", "-c", "1", "-m", "2", *SHORT, over=over))
        assert report["passed"] and report["ids"] >= 100_000


def test_the_server_bounds_what_is_in_flight(shared):
    report = bench(shared, "-c", "1", "-m", "5000", *SHORT)
    assert report["passed"] and report["failed"] == 0
    assert 0 < report["load"]["inFlightAllowed"] < report["load"]["inFlight"] == 5000


def test_layouts_with_bits_below_the_sequence(start):
    target = start("--layout", "sonyflake", "--node-id", "9", "--borrow", "10s")
    for mode in ("unary", "batch"):
        assert holds_together(bench(target, "--mode", mode, *SHORT))["passed"]


def test_text(shared):
    done = run_client("--grpc", shared.grpc, "bench", *SHORT)
    assert done.returncode == DONE and done.stderr == ""
    for words in (
        f"target       {shared.grpc}, gRPC GetId\n",
        "closed loop",
        "  p99.99 ",
        "histogram ",
        "status       OK ",
        "duplicates   0\n",
        "out of order 0\n",
        " cores, ",
        f"command      {ORDINAL} --grpc {shared.grpc} bench --duration 300ms --warm-up 100ms\n",
        "verdict      passed\n",
    ):
        assert words in done.stdout, words


def test_csv(shared):
    done = run_client("--grpc", shared.grpc, "--output", "csv", "bench", *SHORT)
    assert done.returncode == DONE and done.stderr == ""
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert None not in row and None not in row.values()
    assert row["passed"] == "true" and row["method"] == "GetId" and row["duplicates"] == "0"
    assert float(row["calls_per_s"]) == pytest.approx(int(row["calls"]) / float(row["elapsed_s"]), rel=0.01)
    assert int(row["p50_ns"]) <= int(row["p99.99_ns"]) <= int(row["max_ns"])


def test_csv_is_for_bench_only(shared):
    for args in (["get"], ["health"], ["decode", "1"]):
        done = run_client("--grpc", shared.grpc, "--output", "csv", *args)
        assert done.returncode == USAGE and "csv is for bench only" in done.stderr and done.stdout == ""


# Errors of a real server


def test_refusals_are_counted_by_status(start):
    target = start(*TINY)
    report = holds_together(bench(target, "-c", "1", "-m", "4", *SHORT))
    refused = report["failures"]["RESOURCE_EXHAUSTED"]
    assert report["passed"] and refused["calls"] > 0 and report["calls"] > 0
    assert sum(message["calls"] for message in refused["messages"]) <= refused["calls"]
    assert all("IDs" in message["text"] for message in refused["messages"]), refused
    report = holds_together(bench(target, "-c", "1", *SHORT, over="http"))
    assert report["passed"] and report["failures"]["429"]["calls"] > 0


def test_a_stream_that_was_refused_is_opened_anew(start):
    target = start(*TINY)
    report = holds_together(bench(target, "--mode", "stream", "-c", "1", "-m", "2", *SHORT))
    assert report["passed"] and report["failures"]["RESOURCE_EXHAUSTED"]["calls"] > 1 and report["calls"] > 1


def test_nothing_that_succeeds_is_a_failure(start):
    target = start(*TINY)
    report = bench(target, "--mode", "batch", "-n", "1000", *SHORT, status=FAILED)
    assert not report["passed"] and report["calls"] == 0 and list(report["failures"]) == ["OUT_OF_RANGE"]
    assert report["fault"] == "no call was answered well"


def test_a_server_that_goes_and_comes_back(start, free_port, endless):
    """Calls under way fail, connections are made anew, and what comes then is checked on."""
    where = f"127.0.0.1:{free_port()}"
    args = ("--grpc-listen", where, "--http-listen", "127.0.0.1:0", "--state", "memory")
    target = start(*args, listen=False)
    running = endless(where, "-c", "4")
    wait_until(lambda: calls_of(target) > 100)
    target.kill()
    again = start(*args, listen=False)
    wait_until(lambda: calls_of(again) > 100)
    report = interrupt(running)
    assert running.returncode in (DONE, FAILED)  # a daemon without state may give IDs again
    assert report["connects"] > 4 and report["failures"]["UNAVAILABLE"]["calls"] > 0


@pytest.fixture
def endless():
    """Starts a bench over gRPC that goes on until it is told to end: endless(address). It ends with the test."""
    started = []

    def start_bench(address, *args):
        command = [ORDINAL, "--grpc", address, "--output", "json", "bench", "--duration", "1h", "--warm-up", "0s", *args]
        started.append(
            subprocess.Popen(
                command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
        return started[-1]

    yield start_bench
    for one in started:
        one.kill()
        one.communicate()


def interrupt(running):
    """Ends a bench as ^C does; returns its report."""
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=PATIENCE)
    assert err == ""
    return holds_together(json.loads(out))


def calls_of(target):
    """How many calls ordinald has answered."""
    text = get(target, "/metrics").text
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith("ordinal_calls_total{") and 'method="GetId"' in line
    )


def wait_until(condition):
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it did not come to be"
        time.sleep(0.01)


# Servers that are wrong on purpose


class FakeRest:
    """A REST server that answers /v1/id with what `answer(n)` says of the n-th call."""

    def __init__(self, answer, status=200):
        numbers = iter(range(10**9))
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                if self.path == "/v1/id":
                    with lock:
                        body = answer(next(numbers))
                    code = status
                else:
                    body, code = b"{}", 404
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class FakeGrpc:
    """A gRPC server whose GetId answers with what `answer(n)` says of the n-th call."""

    def __init__(self, answer, types, **options):
        numbers = iter(range(10**9))
        lock = threading.Lock()
        reply = types["ordinal.v1.GetIdResponse"]

        def get_id(request, context):
            with lock:
                return reply(id=answer(next(numbers)))

        handlers = {"GetId": grpc.unary_unary_rpc_method_handler(get_id, response_serializer=reply.SerializeToString)}
        options = [(f"grpc.{name}", value) for name, value in options.items()]
        self.server = grpc.server(futures.ThreadPoolExecutor(8), options=options)
        self.server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("ordinal.v1.IdService", handlers)]
        )
        self.grpc = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def close(self):
        self.server.stop(None)


class FakeStreams:
    """A gRPC server whose StreamIds gives the IDs that `ids(requests, context)` yields, and counts streams."""

    def __init__(self, ids, types):
        reply, run = types["ordinal.v1.StreamIdsResponse"], types["ordinal.v1.Run"]
        lock = threading.Lock()
        self.opened = 0

        def stream_ids(requests, context):
            with lock:
                self.opened += 1
            for first in ids(requests, context):
                yield reply(runs=[run(first=first, count=1, step=1)])

        method = grpc.stream_stream_rpc_method_handler(stream_ids, response_serializer=reply.SerializeToString)
        self.server = grpc.server(futures.ThreadPoolExecutor(32))
        self.server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("ordinal.v1.IdService", {"StreamIds": method})]
        )
        self.grpc = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def close(self):
        self.server.stop(None)


@pytest.fixture
def fake_streams(types):
    """fake_streams(lambda requests, context: …) serves until the test ends."""
    made = []

    def make(ids):
        made.append(FakeStreams(ids, types))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def fake(types):
    """A server of wrong answers over a protocol: fake("grpc", lambda n: …)."""
    made = []

    def make(over, answer, **options):
        if over == "grpc":
            made.append(FakeGrpc(answer, types, **options))
        else:
            made.append(FakeRest(lambda n: b'{"id":"%d"}' % answer(n)))
        return made[-1]

    yield make
    for one in made:
        one.close()


ONE = ("-c", "1", "-m", "1")


@pytest.mark.parametrize("over", ["grpc", "http"])
class TestPlanted:
    def test_rising_ids_pass(self, fake, over):
        report = bench(fake(over, lambda n: 1000 + 3 * n), *SHORT, over=over)
        assert report["passed"] and report["check"]["findings"] == []

    def test_a_duplicate_is_found(self, fake, over):
        """The 20th ID is the 7th again; with calls at the same time this is no matter of order."""
        target = fake(over, lambda n: 1006 if n == 19 else 1000 + n)
        report = bench(target, "-c", "4", "-m", "2", *SHORT, over=over, status=FAILED)
        check = report["check"]
        assert check["duplicates"] == 1 and not report["passed"]
        assert {"fault": "duplicate", "id": "1006"} in check["findings"]

    def test_a_duplicate_long_after_is_found(self, fake, over):
        target = fake(over, lambda n: 1 if n == 60 else 1 + 100_000 * n)
        report = bench(target, *SHORT, over=over, status=FAILED)
        assert report["check"]["duplicates"] == 1
        assert {"fault": "duplicate", "id": "1"} in report["check"]["findings"]

    def test_a_wrong_order_is_found(self, fake, over):
        target = fake(over, lambda n: 500 if n == 19 else 1000 + n)
        report = bench(target, *ONE, *SHORT, over=over, status=FAILED)
        assert report["check"]["outOfOrder"] == 1 and report["check"]["duplicates"] == 0
        assert report["check"]["findings"] == [{"fault": "out of order", "id": "500", "above": "1018"}]

    def test_a_wrong_order_between_connections_is_found(self, fake, over):
        """IDs fall: whoever is answered has seen a higher one."""
        target = fake(over, lambda n: 10**9 - n)
        report = bench(target, "-c", "4", "-m", "1", "--threads", "2", *SHORT, over=over, status=FAILED)
        assert report["check"]["outOfOrder"] > 0 and report["check"]["duplicates"] == 0

    def test_the_text_names_it(self, fake, over):
        target = fake(over, lambda n: 1000 + n // 2)
        where = ["--grpc", target.grpc] if over == "grpc" else ["--http", target.url]
        done = run_client(*where, "bench", *ONE, *SHORT)
        assert done.returncode == FAILED
        assert "  1000 came twice\n" in done.stdout and "verdict      FAILED: the promise" in done.stdout

    def test_a_stall_shows_in_an_open_loop_only(self, fake, over):
        """Half a second of nothing: an open loop sees it in all calls that were due meanwhile, a closed one in one."""

        def stalling():
            return lambda n: (time.sleep(0.5) if n == 50 else None) or n

        seconds = ("--duration", "1500ms", "--warm-up", "0s")
        closed = bench(fake(over, stalling()), *ONE, *seconds, over=over)
        open_loop = bench(fake(over, stalling()), *ONE, *seconds, "--rate", "100", over=over)
        assert closed["latency"]["max"] > 500e6 and closed["latency"]["p90"] < 250e6
        assert open_loop["latency"]["max"] > 500e6 and open_loop["latency"]["p75"] > 100e6
        assert open_loop["due"] == 150 == open_loop["calls"] + open_loop["unsent"]


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"id":"x"}', b'{"id":"-5"}', b'{"id":"7","id":"8"}'])
def test_an_answer_that_makes_no_sense_is_told(body):
    target = FakeRest(lambda n: body)
    report = bench(target, *ONE, *SHORT, over="http", status=FAILED)
    target.close()
    assert report["calls"] == 0 and list(report["failures"]) == ["200"]


def test_an_answer_of_a_proxy_is_told():
    target = FakeRest(lambda n: b"<html>", status=502)
    report = bench(target, *ONE, *SHORT, over="http", status=FAILED)
    target.close()
    assert list(report["failures"]) == ["502"]
    assert [message["text"] for message in report["failures"]["502"]["messages"]] == ["Bad Gateway"]


def test_a_server_that_closes_after_each_answer(free_port):
    """It is asked anew each time, and nothing is an error."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        for n in range(10**9):
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                request = peer.recv(4096)
                body = b'{"id":"%d"}' % n if b"GET /v1/id " in request else b"{}"
                peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    threading.Thread(target=serve, daemon=True).start()
    done = run_client(
        "--http", f"http://127.0.0.1:{listener.getsockname()[1]}", "--output", "json", "bench", *ONE, *SHORT
    )
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    report = holds_together(json.loads(done.stdout))
    assert done.returncode == DONE and report["failed"] == 0 and report["connects"] > 3


def test_a_server_that_takes_its_connections_back(fake):
    """GOAWAY, as servers send it that bound the age of connections: no call is lost by it."""
    target = fake("grpc", lambda n: n + 1, max_connection_age_ms=100)
    report = bench(target, "-c", "2", "-m", "4", "--duration", "1s", "--warm-up", "0s")
    assert report["passed"] and report["failed"] == 0 and report["connects"] > 4


@pytest.mark.parametrize("words", [b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", b"\0" * 100, b""])
@pytest.mark.parametrize("over", ["grpc", "http"])
def test_a_server_that_speaks_something_else(over, words):
    """What it says is told, and the bench ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = "127.0.0.1:%d" % listener.getsockname()[1]

    def serve():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                peer.recv(4096)
                peer.sendall(words)

    threading.Thread(target=serve, daemon=True).start()
    where = ["--grpc", address] if over == "grpc" else ["--http", f"http://{address}"]
    done = run_client(*where, "--timeout", "2s", "bench", *ONE, *SHORT)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    assert done.returncode in (FAILED, UNAVAILABLE)
    assert address in done.stderr or "FAILED: no call was answered well" in done.stdout


def test_a_call_that_is_never_answered_ends(fake):
    silence = threading.Event()
    target = fake("grpc", lambda n: silence.wait(PATIENCE) and n)
    report = bench(target, *ONE, *SHORT, before=["--timeout", "200ms"], status=FAILED)
    silence.set()
    assert list(report["failures"]) == ["DEADLINE_EXCEEDED"]


# Streams

STREAM = ("--mode", "stream", "-c", "1", "--warm-up", "0s")


@pytest.mark.parametrize("options, streams", [((), 1), (("--streams", "5"), 5), (("--streams", "16"), 16)])
def test_messages_share_streams(fake_streams, options, streams):
    numbers = iter(range(10**9))
    target = fake_streams(lambda requests, context: (next(numbers) for _ in requests))
    report = holds_together(bench(target, *STREAM, "-m", "16", *options, "-d", "300ms"))
    assert report["passed"] and report["failed"] == 0 and report["calls"] > 0
    assert target.opened == streams == report["load"]["streams"]


def test_a_stream_that_ends_fails_what_is_under_way(fake_streams):
    numbers = iter(range(10**9))

    def few(requests, context):
        yield from (next(numbers) for _, _ in zip(range(10), requests))
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "ten are enough")

    target = fake_streams(few)
    report = holds_together(bench(target, *STREAM, "-m", "4", "-d", "500ms"))
    refused = report["failures"]["RESOURCE_EXHAUSTED"]
    assert report["passed"] and list(report["failures"]) == ["RESOURCE_EXHAUSTED"]
    assert target.opened > 1 and refused["calls"] <= 4 * target.opened
    assert 10 * (target.opened - 1) <= report["calls"] <= 10 * target.opened
    assert [message["text"] for message in refused["messages"]] == ["ten are enough"]


def test_a_call_that_takes_too_long_ends_its_stream(fake_streams):
    """A message each 20 ms, of which the first three are answered: the next one is too late after 700 ms, and those
    after it, which had time left, cannot be answered any more."""
    numbers = iter(range(10**9))

    def silent(requests, context):
        over = threading.Event()
        context.add_callback(over.set)
        yield from (next(numbers) for _, _ in zip(range(3), requests))
        over.wait(PATIENCE)

    target = fake_streams(silent)
    load = (*STREAM, "-m", "100", "--rate", "50", "-d", "2s")
    report = holds_together(bench(target, *load, before=["--timeout", "200ms"]))
    assert sorted(report["failures"]) == ["CANCELLED", "DEADLINE_EXCEEDED"]
    failed = {name: failure["calls"] for name, failure in report["failures"].items()}
    assert target.opened >= 2 and report["calls"] == 3 * target.opened
    assert failed["CANCELLED"] > failed["DEADLINE_EXCEEDED"] >= target.opened
    assert report["calls"] + report["failed"] + report["unsent"] == report["due"] == 100


def test_the_text_tells_the_streams(shared):
    for options, words in (((), "8 in flight on each, on 1 stream, "), (("--streams", "2"), " on 2 streams, ")):
        done = run_client("--grpc", shared.grpc, "bench", *STREAM, "-m", "8", *options, "-d", "100ms")
        assert done.returncode == DONE and words in done.stdout


# How it is run


def test_interrupted(shared, endless):
    """SIGINT ends it early, with a report of what was measured."""
    before = calls_of(shared)
    running = endless(shared.grpc)
    wait_until(lambda: calls_of(shared) > before + 1000)
    report = interrupt(running)
    assert running.returncode == DONE and report["passed"] and report["load"]["endedEarly"]
    assert report["elapsedNs"] < 3600e9


def test_live_view(shared):
    out, shown = run_on_terminal(
        "--grpc", shared.grpc, "bench", "--duration", "1500ms", "--warm-up", "700ms"
    )
    assert "verdict      passed" in out
    assert "calls/s" in shown and "(warm-up)" in shown and "p99 " in shown and shown.endswith("\r\x1b[K")
    assert 2 <= shown.count("calls/s") <= 6


@pytest.mark.parametrize("way", ["--grpc", "--http"])
def test_nobody_there(way, free_port):
    address = f"127.0.0.1:{free_port()}"
    done = run_client(way, address if way == "--grpc" else f"http://{address}", "--timeout", "3s", "bench", *SHORT)
    assert done.returncode == UNAVAILABLE and done.stdout == "" and address in done.stderr


@pytest.mark.parametrize(
    "args, words",
    [
        (["--http", "https://127.0.0.1:1", "bench"], "no TLS"),
        (["--http", "http://127.0.0.1:1", "bench", "--mode", "stream"], "only gRPC has streams"),
        (["bench", "-n", "5"], "a unary call brings one ID"),
        (["bench", "--streams", "2"], "--streams: only --mode stream has streams"),
        (["bench", "--mode", "batch", "--streams", "1"], "--streams: only --mode stream has streams"),
        (["bench", "--mode", "stream", "-m", "4", "--streams", "5"], "only 4 messages in flight"),
        (["bench", "--mode", "stream", "--streams", "0"], "--streams"),
        (["bench", "--mode", "stream", "-m", "200", "--streams", "101"], "--streams"),
        (["bench", "--rate", "0"], "--rate"),
        (["bench", "-c", "0"], "--connections"),
        (["bench", "--duration", "never"], "--duration"),
        (["bench", "--mode", "mixed"], "--mode"),
        (["bench", "stray"], "takes no arguments"),
    ],
)
def test_wrong_usage(args, words):
    done = run_client(*args)
    assert done.returncode == USAGE and done.stdout == "" and words in done.stderr
