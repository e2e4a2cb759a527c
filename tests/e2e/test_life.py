"""From start to end: logs, signals, the drain."""
import json
import re
import signal
import socket
import threading

import grpc
import pytest

import metrics
import rest
from daemon import SMALL, SMALL_BATCH, logfmt
from ids import expand

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_logfmt(start, client):
    target = start("--log-level", "debug")
    client(target).call("GetId")
    rest.get(target, "/v1/ids?count=%22%0a")
    target.stop()
    for line in target.lines:
        pairs = logfmt(line)
        assert (
            TIME.fullmatch(pairs["time"])
            and pairs["level"] in ("error", "warn", "info", "debug")
            and pairs["msg"]
        ), line
        assert " ".join(f"{key}=" for key in pairs) == re.sub(r'=("(?:[^"\\]|\\.)*"|\S*)', "=", line)


def test_json_log(start, client):
    target = start("--log-level", "debug", "--log-format", "json")
    client(target).call("GetId")
    rest.get(target, "/v1/ids?count=%22%0a")
    target.stop()
    events = [json.loads(line) for line in target.lines]
    assert all(TIME.fullmatch(event["time"]) and event["level"] and event["msg"] for event in events)
    assert {"grpc", "http"} <= {event.get("protocol") for event in events if event["msg"] == "listening"}


def test_the_start_tells_place_and_end(start):
    target = start("--node-id", "21", "--worker", "1/4")
    pairs = logfmt(target.wait_for_line(lambda line: "layout_end" in line))
    assert (pairs["node"], pairs["worker"], pairs["layout"]) == ("21", "1/4", "tick:41,node:10,sequence:12")
    assert pairs["layout_end"] > "2090"


def test_calls_are_logged_with_their_traces(start, client):
    target = start("--log-level", "debug")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    parent = f"00-{trace}-00f067aa0ba902b7-01"
    rest.get(target, "/v1/id", {"traceparent": parent, "X-Request-Id": "req-7"})
    line = target.wait_for_line(lambda text: trace in text)
    assert "req-7" in line and "/v1/id" in line
    client(target).call("GetIds", count=2, metadata=[("traceparent", parent.replace("4bf9", "5bf9"))])
    assert "GetIds" in target.wait_for_line(lambda text: trace.replace("4bf9", "5bf9") in text)


def test_no_call_is_logged_at_info(start, client):
    target = start()
    before = len(target.lines)
    client(target).call("GetId")
    rest.get(target, "/v1/id")
    assert len(target.lines) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_well(start, number):
    target = start()
    target.process.send_signal(number)
    assert target.wait() == 0


def test_calls_in_flight_finish(start, client):
    """Calls that wait for room when the signal comes get their IDs; new ones do not get in."""
    target = start(*SMALL)
    calls = client(target)
    calls.ids(SMALL_BATCH, timeout=20)
    waiting = calls.method("GetIds").future(calls.request("GetIds", count=SMALL_BATCH), timeout=20)
    replies = []
    path = f"/v1/ids?count={SMALL_BATCH}"
    rest_waiting = threading.Thread(target=lambda: replies.append(rest.get(target, path, {"Prefer": "wait=5"})))
    rest_waiting.start()
    wait_until(lambda: metrics_ahead(target) > 1.9)  # which it takes all three to reach
    target.terminate()
    target.wait_for_line(lambda line: "draining" in line)
    assert sum(run.count for run in waiting.result().runs) == SMALL_BATCH
    rest_waiting.join()
    assert replies[0].status == 200
    assert target.wait() == 0
    with pytest.raises(OSError):
        rest.get(target, "/v1/id")


def metrics_ahead(target):
    return metrics.read(target)["ordinal_ahead_seconds", ""]


def wait_until(condition, tries=400):
    for _ in range(tries):
        if condition():
            return
    raise AssertionError("it did not come to pass")


def test_open_streams_end_with_the_drain(start, client):
    target = start("--drain-timeout", "20s")
    calls = client(target)
    hold = threading.Event()

    def requests():
        yield 1
        hold.wait(30)

    stream = calls.stream(requests())
    assert len(expand(next(stream).runs)) == 1
    target.terminate()
    with pytest.raises(grpc.RpcError) as caught:
        next(stream)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    hold.set()
    assert target.wait(15) == 0, "an idle stream held up the end"


def test_an_idle_connection_does_not_hold_up_the_end(start):
    target = start("--drain-timeout", "20s")
    connection = rest.connect(target)
    rest.ask(connection, "/v1/id")
    target.terminate()
    assert target.wait(10) == 0
    connection.close()


def test_readiness_goes_first(start, client):
    """While calls in flight hold the drain open, /livez is good and /readyz is not."""
    target = start(*SMALL)
    calls = client(target)
    calls.ids(SMALL_BATCH, timeout=20)
    connection = rest.connect(target)
    rest.ask(connection, "/livez")
    waiting = calls.method("GetIds").future(calls.request("GetIds", count=SMALL_BATCH), timeout=20)
    wait_until(lambda: metrics_ahead(target) > 1)
    target.terminate()
    target.wait_for_line(lambda line: "draining" in line)
    try:
        wait_until(lambda: rest.ask(connection, "/readyz").status == 503)
        assert rest.ask(connection, "/livez").status == 200
    except (ConnectionError, rest.http.client.HTTPException):
        pass  # the connection was closed instead, which says the same
    waiting.result()
    assert target.wait() == 0


def test_a_second_signal_ends_at_once(start, client):
    target = start(*SMALL, "--drain-timeout", "60s")
    half = socket.create_connection(tuple(target.http.split(":")))
    half.sendall(b"GET /v1/id HTTP/1.1\r\n")
    calls = client(target)
    calls.ids(SMALL_BATCH, timeout=20)
    waiting = calls.method("GetIds").future(calls.request("GetIds", count=SMALL_BATCH), timeout=20)
    wait_until(lambda: metrics_ahead(target) > 1)
    target.terminate()
    target.wait_for_line(lambda line: "draining" in line)
    target.terminate()
    assert target.wait(5) in (-signal.SIGTERM, 128 + signal.SIGTERM, 1, 0)
    waiting.cancel()
    half.close()
