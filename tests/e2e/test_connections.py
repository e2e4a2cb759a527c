"""Many connections, many replies at once: what threads and writes come to, seen from outside."""
import re
import socket

import pytest

from daemon import PATIENCE, SMALL, SMALL_BATCH

REQUEST = b"GET /v1/id HTTP/1.1\r\nHost: localhost\r\n\r\n"
ID = re.compile(rb'HTTP/1\.1 200 OK\r\n(?:[^\r\n]+\r\n)*\r\n\{"id":"(\d+)"\}')


def status(target, field):
    """A number out of /proc/PID/status."""
    with open(f"/proc/{target.process.pid}/status") as file:
        return int(re.search(rf"^{field}:\s+(\d+)", file.read(), re.M).group(1))


def dial(target):
    host, port = target.http.split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def take(connection, count):
    """The IDs of the next `count` replies."""
    came = b""
    while len(found := ID.findall(came)) < count:
        piece = connection.recv(65536)
        assert piece, f"{len(found)} of {count} replies came"
        came += piece
    assert ID.sub(b"", came) == b"", "something between the replies"
    return [int(id) for id in found]


def test_a_thousand_connections_are_served_at_once_by_default(start):
    target = start()
    before = status(target, "Threads")
    connections = []
    try:
        for _ in range(1000):
            connections.append(dial(target))
        given = []
        for _ in range(2):
            for connection in connections:
                connection.sendall(REQUEST)
                given += take(connection, 1)
        assert len(set(given)) == 2000 and given == sorted(given)
        assert before < 100 and status(target, "Threads") >= 1000
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.parametrize("writes", ["gathered", "single"])
@pytest.mark.parametrize("depth", [1, 2, 16, 500])
def test_pipelined_requests_are_answered_in_order(start, writes, depth):
    target = start("--reply-writes", writes)
    given = []
    with dial(target) as connection:
        for _ in range(5):
            connection.sendall(REQUEST * depth)
            given += take(connection, depth)
    assert len(given) == 5 * depth and given == sorted(set(given))


def test_replies_that_are_ready_do_not_wait_for_one_that_waits(start):
    """The last request waits for room, for most of a second; the replies before it are there meanwhile."""
    target = start(*SMALL)
    ask = "GET /v1/ids?count={} HTTP/1.1\r\nHost: localhost\r\nPrefer: wait=5\r\n\r\n"
    with dial(target) as connection:
        connection.sendall((ask.format(1) * 3 + ask.format(SMALL_BATCH) * 2).encode())
        came = b""
        while came.count(b'"ids"') < 4:
            came += connection.recv(65536)
        assert came.count(b'"ids"') == 4
        while came.count(b'"ids"') < 5:
            came += connection.recv(65536)


def test_what_precedes_the_end_of_a_connection_arrives(start):
    """A pipelined request that ends the connection: all replies come, then the end."""
    target = start()
    with dial(target) as connection:
        connection.sendall(REQUEST * 20 + REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        came = b""
        while piece := connection.recv(65536):
            came += piece
    assert came.count(b"HTTP/1.1 200 OK") == 21


@pytest.mark.parametrize("writes", ["gathered", "single"])
def test_grpc_replies_come_either_way(start, client, writes):
    target = start("--reply-writes", writes)
    caller = client(target)
    method, request = caller.method("GetId"), caller.request("GetId")
    waiting = [method.future(request, timeout=PATIENCE) for _ in range(2000)]
    assert len({future.result().id for future in waiting}) == 2000
