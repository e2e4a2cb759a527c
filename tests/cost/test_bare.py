"""The bare servers are fair to compare with: legal answers, as long as ordinald's, and set up as it is."""
import re
import socket
import sys
from pathlib import Path

import grpc
import pytest

import cost

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import protos  # noqa: E402


@pytest.fixture(scope="module")
def types(tmp_path_factory):
    return protos.Types(tmp_path_factory.mktemp("protos"))


def get(port):
    """The whole reply to GET /v1/id, as bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=cost.PATIENCE) as peer:
        peer.sendall(b"GET /v1/id HTTP/1.1\r\nHost: localhost\r\n\r\n")
        reply = b""
        while b"}" not in reply:
            reply += peer.recv(4096)
        return reply


def without_digits(reply):
    return re.sub(rb"\d", b"9", reply)


@pytest.mark.parametrize("name", ["bare_civetweb", "http_epoll"])
def test_http_answers_are_as_ours(name):
    with cost.running("http_get_id") as ours, cost.running(name) as bare:
        assert without_digits(get(ours)) == without_digits(get(bare))


def method(channel, types, name, kind):
    return getattr(channel, kind)(
        f"/ordinal.v1.IdService/{name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=types[f"ordinal.v1.{name}Response"].FromString,
    )


@pytest.mark.parametrize("name", ["bare_grpc_default", "bare_grpc_tuned", "h2_epoll"])
def test_grpc_answers_are_legal(types, name):
    request = types["ordinal.v1.GetIdRequest"]()
    with cost.running("grpc_get_id") as ours, cost.running(name) as bare:
        replies = []
        for port in (ours, bare):
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                get_id = method(channel, types, "GetId", "unary_unary")
                calls = [get_id.future(request, timeout=cost.PATIENCE) for _ in range(200)]
                replies += [calls[-1].result()]
                assert all(call.code() == grpc.StatusCode.OK for call in calls)
        assert replies[0].ByteSize() == replies[1].ByteSize()


@pytest.mark.parametrize("name", ["bare_grpc_default", "bare_grpc_tuned"])
def test_streams_answer_each_request_with_one_run(types, name):
    requests = [types["ordinal.v1.StreamIdsRequest"](count=1)] * 20
    with cost.running(name) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        replies = list(
            method(channel, types, "StreamIds", "stream_stream")(iter(requests), timeout=cost.PATIENCE)
        )
        assert [[run.count for run in reply.runs] for reply in replies] == [[1]] * 20


def rows(pattern, *paths):
    text = "".join(path.read_text() for path in paths)
    return sorted(re.findall(pattern, text))


def test_the_core_is_tuned_as_ours():
    argument = r"\{(GRPC_ARG_\w+), ([^}]+)\}"
    ours = rows(argument, *(cost.ROOT / "src/grpc").glob("*.c"))
    assert ours and rows(argument, cost.ROOT / "tests/bench/bare/grpc_core.c") == ours


def test_civetweb_is_set_as_ours():
    """By name, and by value where ours is no option of ordinald's."""
    server, bare = cost.ROOT / "src/http/server.c", cost.ROOT / "tests/bench/bare/civetweb_bare.c"
    name, literal = r'\{"(\w+)", [^}]+\}', r'\{"(\w+)", ("[^}]*")\}'
    assert rows(name, server) and rows(name, server) == rows(name, bare)
    assert set(rows(literal, server)) <= set(rows(literal, bare))
