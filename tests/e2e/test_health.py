"""grpc.health.v1 and the probes of REST, through a life."""
import grpc
import pytest

import rest

UNKNOWN, SERVING, NOT_SERVING, SERVICE_UNKNOWN = range(4)


@pytest.fixture
def calls(client, shared):
    return client(shared)


@pytest.mark.parametrize("service", ["", "ordinal.v1.IdService"])
def test_check(calls, service):
    assert calls.check(service) == SERVING


def test_check_of_an_unknown_service(calls):
    with pytest.raises(grpc.RpcError) as caught:
        calls.check("no.Such")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_watch_says_the_state_at_once(calls):
    stream = calls.watch()
    assert next(stream).status == SERVING
    stream.cancel()


def test_watch_of_an_unknown_service_stays_open(calls):
    stream = calls.watch("no.Such", timeout=2)
    assert next(stream).status == SERVICE_UNKNOWN
    with pytest.raises(grpc.RpcError) as caught:
        next(stream)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED, "it ended by itself"


def test_watchers_hear_of_the_drain(start, client):
    target = start()
    streams = [client(target).watch(service) for service in ("", "ordinal.v1.IdService")]
    assert [next(stream).status for stream in streams] == [SERVING, SERVING]
    target.terminate()
    assert [next(stream).status for stream in streams] == [NOT_SERVING, NOT_SERVING]
    assert target.wait() == 0


def test_many_watchers_may_leave(start, client):
    target = start()
    for _ in range(20):
        stream = client(target).watch()
        next(stream)
        stream.cancel()
    target.stop()


def test_probes(shared):
    for path in ("/livez", "/readyz"):
        reply = rest.get(shared, path)
        assert reply.status == 200, reply
        assert reply.headers["Cache-Control"] == "no-store"
