"""Answers that come later, and pushed streams, over gRPC with clients that we did not write."""
import json

import grpc
import metrics
import pytest

from daemon import PATIENCE, ROOT

RANKS, SEQUENCES = "ordinal.v1.RankService", "ordinal.v1.SequenceService"


class Calls:
    """Calls of any method of the protos on one connection."""

    def __init__(self, address, types):
        self._types = types
        self.channel = grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)])

    def _make(self, kind, service, name):
        method = self._types.service(service).methods_by_name[name]
        reply = self._types[method.output_type.full_name]
        stub = getattr(self.channel, kind)(
            f"/{service}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=reply.FromString,
        )
        return stub, self._types[method.input_type.full_name]

    def stub(self, service, name):
        call, request = self._make("unary_unary", service, name)
        return lambda **fields: call(request(**fields), timeout=PATIENCE)

    def future(self, service, method, /, **fields):
        call, request = self._make("unary_unary", service, method)
        return call.future(request(**fields), timeout=PATIENCE)

    def stream(self, method, /, **fields):
        call, request = self._make("unary_stream", RANKS, method)
        return call(request(**fields), timeout=PATIENCE)


@pytest.fixture
def connect(types):
    opened = []

    def make(target):
        opened.append(Calls(target.grpc, types))
        return opened[-1]

    yield make
    for one in opened:
        one.channel.close()


def test_grpc_js(shared, node):
    out = json.loads(node("grpc_js_groups.js", shared.grpc, ROOT / "proto"))
    assert (out["value"]["first"], out["value"]["last"]) == ("9007199254740993", "9007199254740994")
    assert out["welcome"]["view"]["rank"] == 1 and out["secondRank"] == 2
    assert [member["name"] for member in out["view"]["members"]] == ["first", "second"]
    assert out["received"] == out["sent"] and out["sent"]["receivers"] == 1
    assert out["left"] == 0 and out["moved"]["rank"] == 1


def test_asks_of_many_callers_at_once_are_answered(start, connect):
    target = start()
    calls = connect(target)
    calls.stub(SEQUENCES, "CreateSequence")(name="a", mode=2)
    futures = [calls.future(SEQUENCES, "Next", name="a") for _ in range(2000)]
    assert sorted(one.result().first for one in futures) == list(range(1, 2001))
    after = metrics.wait(target, lambda samples: metrics.calls(samples, "grpc", "Next") == 2000)
    assert metrics.calls(after, "grpc", "Next") == 2000


def test_callers_that_give_up_harm_nobody(start, connect):
    target = start()
    calls = connect(target)
    calls.stub(SEQUENCES, "CreateSequence")(name="a", mode=2)
    for _ in range(20):
        given_up = [calls.future(SEQUENCES, "Next", name="a") for _ in range(50)]
        for one in given_up:
            one.cancel()
        assert calls.stub(SEQUENCES, "Next")(name="a").count == 1
    target.stop()


def test_a_row_sets_how_long_its_requests_may_be(start, connect):
    target = start()
    calls = connect(target)
    next(calls.stream("Join", name="alice"))
    send = calls.stub(RANKS, "SendCommand")
    assert send(name="alice", text="x" * 16384).command.receivers == 0
    for method, request in (("SendCommand", {"text": "x" * 40000}), ("Renew", {"name": "x" * 5000})):
        with pytest.raises(grpc.RpcError) as caught:
            calls.stub(RANKS, method)(**request)
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_each_message_counts_as_a_call(start, connect):
    target = start()
    calls = connect(target)
    stream = calls.stream("Join", name="alice")
    next(stream)
    for name in ("bob", "carol"):
        calls.stub(RANKS, "JoinByLease")(name=name)
        next(stream)
    calls.stub(RANKS, "Leave")(name="alice")
    assert list(stream) == [] and stream.code() == grpc.StatusCode.OK
    after = metrics.wait(target, lambda samples: metrics.calls(samples, "grpc", "Join") == 3)
    assert metrics.calls(after, "grpc", "Join") == 3


def test_refused_streams_end_with_the_error(start, connect):
    target = start()
    calls = connect(target)
    with pytest.raises(grpc.RpcError) as caught:
        next(calls.stream("Join", name="not a name"))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    after = metrics.wait(target, lambda samples: metrics.calls(samples, "grpc", "Join", "invalid-argument") == 1)
    assert metrics.calls(after, "grpc", "Join", "invalid-argument") == 1


def test_streams_are_told_that_the_server_goes(start, connect):
    target = start()
    streams = [connect(target).stream("Watch", group="g") for _ in range(3)]
    for stream in streams:
        next(stream)
    target.stop()
    for stream in streams:
        with pytest.raises(grpc.RpcError) as caught:
            next(stream)
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        assert "shutting down" in caught.value.details()


def test_a_thousand_streams_hear_of_each_change(start, connect):
    target = start()
    streams = []
    for _ in range(20):
        calls = connect(target)
        streams += [calls.stream("Watch", group="g") for _ in range(50)]
    for stream in streams:
        assert next(stream).view.size == 0
    ids = connect(target).stub("ordinal.v1.IdService", "GetId")
    join = connect(target).stub(RANKS, "JoinByLease")
    for size in range(1, 4):
        join(group="g", name=f"m{size}")
        ids()
    for stream in streams:
        while next(stream).view.size < 3:
            pass
