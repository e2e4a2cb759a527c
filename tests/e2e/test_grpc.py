"""Unary calls by Python's grpcio, and what is no call at all."""
import socket
import time

import grpc
import pytest

from ids import SERVICE, Failure, expand

MAX_ID = 2**63 - 1


@pytest.fixture
def calls(client, shared):
    return client(shared)


def test_requests_may_be_compressed(shared, types):
    """The core's minimal stack would leave them as they came."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    request = types["ordinal.v1.GetIdsRequest"](count=5, request_id="k" * 100)
    with grpc.insecure_channel(shared.grpc, options, compression=grpc.Compression.Gzip) as channel:
        call = channel.unary_unary(
            "/ordinal.v1.IdService/GetIds",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=types["ordinal.v1.GetIdsResponse"].FromString,
        )
        assert sum(run.count for run in call(request, timeout=20).runs) == 5


def test_get_id_rises(calls):
    ids = [calls.call("GetId").id for _ in range(50)]
    assert ids == sorted(set(ids))
    assert all(0 < one <= MAX_ID for one in ids)


def test_get_id_ignores_its_payload(calls):
    reply = calls.raw(f"/{SERVICE}/GetId", b"\xff\xff\xff")
    assert not isinstance(reply, Failure), reply
    assert calls.types["ordinal.v1.GetIdResponse"].FromString(reply).id > 0


@pytest.mark.parametrize("count", [1, 2, 4096, 4097, 100_000, 1_000_000])
def test_get_ids_gives_what_was_asked_for(calls, count):
    runs = calls.call("GetIds", count=count).runs
    assert sum(run.count for run in runs) == count
    assert all(run.count >= 1 and run.step >= 1 for run in runs)
    ends = [(run.first, run.first + (run.count - 1) * run.step) for run in runs]
    assert all(a[1] < b[0] for a, b in zip(ends, ends[1:])), "runs overlap or fall"


def test_a_million_ids_are_a_few_kilobytes(calls):
    assert calls.call("GetIds", count=1_000_000).ByteSize() < 8192


@pytest.mark.parametrize("count", [0, 1_000_001, 2**32 - 1])
def test_count_out_of_range(calls, count):
    failure = calls.fails("GetIds", count=count)
    assert failure.code == grpc.StatusCode.OUT_OF_RANGE
    assert failure.message == f"count: {count} is out of range; allowed 1 to 1000000"
    assert (failure.reason, failure.domain) == ("out-of-range", "ordinal.v1")
    assert failure.retry_seconds is None
    assert failure.status.code == grpc.StatusCode.OUT_OF_RANGE.value[0]
    assert failure.status.message == failure.message


def test_tag_without_tag_bits_is_refused(calls):
    failure = calls.fails("GetIds", count=1, tag=1)
    assert failure.code == grpc.StatusCode.OUT_OF_RANGE
    assert "tag" in failure.message


def test_tags_are_kept_and_do_not_make_ids_unique(start, client):
    calls = client(start("--layout", "tick:41,node:10,sequence:8,tag:4", "--node-id", "3"))
    batches = {tag: calls.ids(300, tag=tag) for tag in (0, 1, 15, 0)}
    everything = sorted(one for ids in batches.values() for one in ids)
    assert len({one >> 4 for one in everything}) == len(everything), "IDs differ in their tags alone"
    for tag, ids in batches.items():
        assert all(one & 15 == tag for one in ids)
        assert calls.call("DescribeId", id=ids[-1]).tag == tag
    failure = calls.fails("GetIds", count=1, tag=16)
    assert failure.code == grpc.StatusCode.OUT_OF_RANGE
    assert "tag: 16" in failure.message and "15" in failure.message


def test_step_is_that_of_the_tag_bits(start, client):
    calls = client(start("--layout", "tick:41,node:10,sequence:8,tag:4"))
    assert {run.step for run in calls.call("GetIds", count=1000, tag=5).runs} == {16}


def test_describe_says_what_an_id_is(calls):
    before = time.time()
    one = calls.call("GetId").id
    told = calls.call("DescribeId", id=one)
    assert told.id == one
    assert (told.node, told.worker, told.workers, told.tag) == (7, 0, 1, 0)
    assert (told.tick << 22) | (told.node << 12) | told.sequence == one
    assert [(field.name, field.bits) for field in told.layout.fields] == [
        ("tick", 41),
        ("node", 10),
        ("sequence", 12),
    ]
    assert told.layout.name == "default" and told.layout.time_unit == "1ms"
    epoch_ms = told.time_ms - told.tick
    assert time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(epoch_ms / 1000)) == told.layout.epoch[:19]
    assert time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(told.time_ms // 1000)) == told.time[:19]
    assert told.time.endswith(f".{told.time_ms % 1000:03}Z")
    assert -1 < told.time_ms / 1000 - before < 11, "its time is now, or ahead by what may be borrowed"


@pytest.mark.parametrize("bad", [-1, -(2**63)])
def test_describe_refuses_what_is_no_id(calls, bad):
    failure = calls.fails("DescribeId", id=bad)
    assert failure.code == grpc.StatusCode.OUT_OF_RANGE and failure.reason == "out-of-range"


def test_describe_refuses_bits_above_the_layout(start, client):
    calls = client(start("--layout", "js53"))
    assert calls.call("GetId").id < 2**53
    assert calls.fails("DescribeId", id=2**53).code == grpc.StatusCode.OUT_OF_RANGE


def test_bounds_enclose_ids_of_that_time(calls):
    one = calls.call("GetId").id
    ms = calls.call("DescribeId", id=one).time_ms
    bounds = calls.call("GetIdBounds", start=str(ms), end=str(ms + 1))
    assert bounds.min_id <= one <= bounds.max_id
    assert bounds.max_id - bounds.min_id == 2**22 - 1, "one tick, of any node"
    later = calls.call("GetIdBounds", start=str(ms + 1), end=str(ms + 2))
    assert later.min_id == bounds.max_id + 1


def test_bounds_read_rfc3339_with_offsets(calls):
    a = calls.call("GetIdBounds", start="2026-03-01T12:00:00Z", end="2026-03-01T12:00:01Z")
    b = calls.call("GetIdBounds", start="2026-03-01T14:00:00+02:00", end="2026-03-01T14:00:01.000+02:00")
    c = calls.call("GetIdBounds", start="1772366400000", end="1772366401000")
    assert a == b == c


@pytest.mark.parametrize(
    "start_, end, code, reason",
    [
        ("", "2026-03-01T12:00:00Z", grpc.StatusCode.INVALID_ARGUMENT, "invalid-argument"),
        ("2026-03-01T12:00:00Z", "", grpc.StatusCode.INVALID_ARGUMENT, "invalid-argument"),
        ("yesterday", "2026-03-01T12:00:00Z", grpc.StatusCode.INVALID_ARGUMENT, "invalid-argument"),
        ("2026-02-30T12:00:00Z", "2026-03-01T12:00:00Z", grpc.StatusCode.INVALID_ARGUMENT, "invalid-argument"),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z", grpc.StatusCode.OUT_OF_RANGE, "out-of-range"),
        ("2026-03-01T12:00:01Z", "2026-03-01T12:00:00Z", grpc.StatusCode.OUT_OF_RANGE, "out-of-range"),
        ("1999-01-01T00:00:00Z", "2026-03-01T12:00:00Z", grpc.StatusCode.OUT_OF_RANGE, "out-of-range"),
        ("2026-03-01T12:00:00Z", "9999-01-01T00:00:00Z", grpc.StatusCode.OUT_OF_RANGE, "out-of-range"),
        ("99999999999999999999", "2026-03-01T12:00:00Z", grpc.StatusCode.OUT_OF_RANGE, "out-of-range"),
    ],
)
def test_bounds_refuse(calls, start_, end, code, reason):
    failure = calls.fails("GetIdBounds", start=start_, end=end)
    assert (failure.code, failure.reason) == (code, reason), failure


@pytest.mark.parametrize("path", [f"/{SERVICE}/GetIdd", "/no.Such/Method", "/x", f"/{SERVICE}/getid", "/"])
def test_unknown_methods_are_refused_fast(calls, path):
    begun = time.monotonic()
    failure = calls.raw(path, b"", timeout=20)
    assert isinstance(failure, Failure) and failure.code == grpc.StatusCode.UNIMPLEMENTED, failure
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("method", ["GetIds", "DescribeId", "GetIdBounds"])
@pytest.mark.parametrize("garbage", [b"\xff", b"\x08", b"\x0a\xff\xff\xff\xff\x0f", b"\x00" * 7])
def test_garbage_is_an_invalid_argument(calls, method, garbage):
    failure = calls.raw(f"/{SERVICE}/{method}", garbage)
    assert isinstance(failure, Failure) and failure.code == grpc.StatusCode.INVALID_ARGUMENT, failure
    assert failure.reason == "invalid-argument"


def test_unknown_fields_are_skipped(calls):
    reply = calls.raw(f"/{SERVICE}/GetIds", b"\x08\x02\x9a\x06\x03abc\xa0\x06\x07")
    assert not isinstance(reply, Failure), reply
    assert len(expand(calls.types["ordinal.v1.GetIdsResponse"].FromString(reply).runs)) == 2


def test_oversized_requests_are_refused(calls):
    failure = calls.raw(f"/{SERVICE}/GetIds", b"\x08\x01" + b"\x9a\x06\x80\x80\x40" + b"x" * (1 << 20))
    assert isinstance(failure, Failure) and failure.code == grpc.StatusCode.RESOURCE_EXHAUSTED, failure
    assert calls.call("GetId").id > 0, "the server goes on"


def closes(target, noise, patience=20):
    """Whether the server ends a connection on which that was sent."""
    host, port = target.grpc.split(":")
    with socket.create_connection((host, int(port)), timeout=patience) as raw:
        raw.sendall(noise)
        try:
            while raw.recv(4096):
                pass
        except ConnectionResetError:
            pass
        except TimeoutError:
            return False
    return True


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 64, b"\x16\x03\x01\x02\x00" * 9]
)
def test_what_is_not_http2_is_hung_up_on(shared, calls, noise):
    assert closes(shared, noise)
    assert calls.call("GetId").id > 0


@pytest.mark.long
def test_a_handshake_that_does_not_come_is_hung_up_on(shared, calls):
    """Connections are bounded in number: one that never says a word must not keep its place."""
    assert closes(shared, b"PRI * HT", patience=60)
    assert calls.call("GetId").id > 0


def test_deadline_that_is_over(calls):
    try:
        calls.call("GetId", timeout=0.000001)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
