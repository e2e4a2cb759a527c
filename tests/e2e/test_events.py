"""Server-Sent Events of a group: what is told, how it goes on after a break, and that watchers starve nobody."""
import re
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import metrics
import rest
from events import Stream


def join(target, group, name, ttl_ms=600_000):
    reply = rest.post(target, f"/v1/groups/{group}/members", {"name": name, "ttlMs": ttl_ms})
    assert reply.status == 200, reply
    return reply.json()["welcome"]


def send(target, group, name, text):
    reply = rest.post(target, f"/v1/groups/{group}/commands", {"name": name, "text": text})
    assert reply.status == 200, reply
    return reply.json()["command"]


def watch(target, group, query="", **headers):
    stream = Stream(target, f"/v1/groups/{group}/events{query}", headers)
    assert stream.status == 200, stream.reply.read()
    return stream


def names(view):
    return [member["name"] for member in view.data["members"]]


def raw(target, path):
    """A connection on which a request was sent, and nothing read."""
    host, port = target.http.split(":")
    stream = socket.create_connection((host, int(port)), timeout=20)
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {target.http}\r\n\r\n".encode())
    return stream


def test_a_group_as_it_changes(shared):
    epoch = join(shared, "sse", "first")["view"]["epoch"]
    with watch(shared, "sse") as stream:
        view = stream.next()
        assert (view.name, names(view), view.data["epoch"]) == ("view", ["first"], epoch)
        join(shared, "sse", "second")
        view = stream.until(lambda event: names(event) == ["first", "second"])[-1]
        assert view.data["changes"][-1]["kind"] == "CHANGE_KIND_JOINED"
        command = send(shared, "sse", "first", "line\nline: \u00fc")
        event = stream.until(lambda event: event.name == "command")[-1]
        assert event.data == command and event.id == command["id"] and command["receivers"] == 1
        assert rest.get(shared, "/v1/groups/sse/members/first", method="DELETE").status == 200
        view = stream.until(lambda event: event.name == "view")[-1]
        assert names(view) == ["second"] and view.data["members"][0]["rank"] == 1
    ids = [int(one) for one in (event.id, view.id)]
    assert ids == sorted(ids)


def test_no_command_is_missed_after_a_break(shared):
    for name in ("first", "second"):
        join(shared, "break", name)
    with watch(shared, "break") as stream:
        stream.next()
        seen = send(shared, "break", "first", "0")["id"]
        stream.until(lambda event: event.id == seen)
    texts = [str(i) for i in range(1, 20)]
    for text in texts:
        send(shared, "break", "first", text)
    for query, headers in ("", {"Last-Event-ID": seen}), (f"?afterEventId={seen}", {}):
        with watch(shared, "break", query, **headers) as stream:
            told = stream.until(lambda event: event.name == "command" and event.data["text"] == texts[-1])
        assert [event.data["text"] for event in told if event.name == "command"] == texts


def test_by_curl(shared):
    join(shared, "curl", "first")
    epoch = join(shared, "curl", "second")["view"]["epoch"]
    url = f"{shared.url}/v1/groups/curl/events?maxMembers=1&format=hex"
    command = ["curl", "-sSN", "-i", "--max-time", "20", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as curl:
        lines = []
        while not lines or not lines[-1].startswith("data: "):
            lines.append(curl.stdout.readline())
        assert curl.stdout.readline() == "\n" and curl.poll() is None  # it goes on
        curl.terminate()
    head, body = "".join(lines).split("\n\n", 1)
    assert "Content-Type: text/event-stream\n" in head
    assert re.fullmatch(
        rf'retry: 1000\n\nevent: view\nid: \d+\ndata: \{{"epoch":"{epoch}",.*\}}\n', body
    )
    assert re.findall(r'"(?:name|sessionId)":"(\w+)"', body)[0] == "first"
    assert re.search(r'"sessionId":"[0-9a-f]{16}"', body)


def test_what_is_refused(shared):
    path = "/v1/groups/refused/events"
    rest.get(shared, path, {"Accept": "application/json"}).is_problem(406, "not-acceptable")
    rest.get(shared, path, {"Last-Event-ID": "x"}).is_problem(400, "invalid-argument")
    rest.get(shared, path + "?maxMembers=10001").is_problem(400, "out-of-range")
    rest.get(shared, path + "?colour=red").is_problem(400, "unknown-parameter")
    rest.get(shared, "/v1/groups/a%20b/events").is_problem(400, "invalid-argument")
    assert rest.get(shared, path, method="HEAD").headers["Content-Type"] == "text/event-stream"


def test_a_drain_ends_the_streams(start):
    target = start()
    join(target, "g", "first")
    with watch(target, "g") as stream, watch(target, "other") as quiet:
        assert stream.next().name == "view" and quiet.next().name == "view"
        target.stop()
        assert stream.next() is None and quiet.next() is None


def test_watchers_that_read_nothing_starve_nobody(start):
    """All threads but those kept for event streams are free for calls, however many watchers come."""
    target = start("--http-threads", "16", "--event-streams", "1000", "--http-request-timeout", "60s")
    for name in ("first", "second"):
        join(target, "flood", name)
    for _ in range(20):
        send(target, "flood", "first", "x" * 16_000)
    watchers = [raw(target, "/v1/groups/flood/events?afterEventId=1") for _ in range(200)]

    def refused(stream):
        return stream.recv(15, socket.MSG_PEEK | socket.MSG_WAITALL).startswith(b"HTTP/1.1 503 ")

    def calls(path):
        return [rest.get(target, path).status for _ in range(100)]

    try:
        with ThreadPoolExecutor(3) as threads:
            got = list(threads.map(calls, ("/v1/id", "/readyz", "/v1/ids?count=10&requestId=k")))
        assert got == [[200] * 100] * 3
        assert sum(map(refused, watchers)) == len(watchers) - 8  # half of the threads
        for _ in range(200):  # what nobody reads fills no memory of the server's
            send(target, "flood", "first", "y" * 16_000)
            rest.get(target, "/v1/groups/flood/members/second/commands?maxCommands=1")
        assert calls("/v1/id") == [200] * 100
    finally:
        for stream in watchers:
            stream.close()
    samples = metrics.read(target)
    refusals = metrics.calls(samples, "rest", "Watch", "unavailable")
    assert refusals == len(watchers) - 8
    with watch(target, "flood") as stream:  # there is room again
        assert stream.next().name == "view"


def test_a_place_is_free_as_soon_as_a_watcher_is_gone(start):
    target = start("--event-streams", "1")
    for _ in range(20):
        while True:
            stream = Stream(target, "/v1/groups/g/events")
            if stream.status == 200:
                break
            assert stream.status == 503
            stream.close()
        assert stream.next().name == "view"
        stream.close()
