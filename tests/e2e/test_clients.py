"""buf curl, grpc-js and h2load: clients that nobody here wrote."""
import json
import subprocess

import pytest

import metrics
from daemon import NODE, ROOT, environment
from ids import SERVICE

BUF = NODE / "node_modules/@bufbuild/buf-linux-x64/bin/buf"


def buf_curl(target, method, data, *args):
    """The replies of a call, or the error that buf shows."""
    url = f"http://{target.grpc}/{SERVICE}/{method}"
    command = [BUF, "curl", "--protocol", "grpc", "--http2-prior-knowledge", *args, "-d", data, url]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60)
    if done.returncode:
        return json.loads(done.stderr)
    return values(done.stdout)


def values(text):
    """All JSON values of a text, one after another."""
    decoder, found = json.JSONDecoder(), []
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


@pytest.fixture(params=["grpc-v1", "grpc-v1alpha"])
def reflect(request):
    return ["--reflect-protocol", request.param]


def test_buf_unary(shared, reflect):
    (reply,) = buf_curl(shared, "GetId", "{}", *reflect)
    assert reply["id"].isdigit()
    (told,) = buf_curl(shared, "DescribeId", json.dumps(reply), *reflect)
    assert told["node"] == 7 and told["timeMs"].isdigit()


def test_buf_stream(shared, reflect):
    requests = "".join(json.dumps({"count": count}) for count in (1, 20, 300))
    replies = buf_curl(shared, "StreamIds", requests, *reflect)
    assert [sum(run["count"] for run in reply["runs"]) for reply in replies] == [1, 20, 300]


def test_buf_shows_errors_with_their_details(shared):
    error = buf_curl(shared, "GetIds", '{"count": 0}', "--reflect-protocol", "grpc-v1")
    assert error["code"] == "out_of_range"
    assert error["message"] == "count: 0 is out of range; allowed 1 to 1000000"
    assert error["details"][0]["type"] == "google.rpc.ErrorInfo"


def test_buf_with_the_protos(shared):
    (reply,) = buf_curl(shared, "GetIds", '{"count": 2}', "--schema", str(ROOT / "proto"))
    assert sum(run["count"] for run in reply["runs"]) == 2


def test_grpc_js(shared, node, types):
    out = json.loads(node("grpc_js.js", shared.grpc, ROOT / "proto"))
    assert isinstance(out["id"], str) and int(out["id"]) > 2**53, "longs came as strings"
    assert sum(run["count"] for run in out["batch"]["runs"]) == 5
    assert out["described"]["id"] == out["id"] and out["described"]["node"] == 7
    assert int(out["bounds"]["minId"]) < int(out["bounds"]["maxId"])
    assert [sum(run["count"] for run in reply["runs"]) for reply in out["stream"]] == [1, 1000, 3]
    for refused in (out["refused"], out["refusedStream"]):
        assert (refused["code"], refused["message"]) == (11, "count: 0 is out of range; allowed 1 to 1000000")
        (status,) = refused["details"]
        assert types["ordinal.wire.Status"].FromString(bytes.fromhex(status)).code == 11


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_grpc_js_reflection(shared, node, version):
    out = json.loads(node("reflection.js", shared.grpc, version))
    assert int(out["id"]) > 0
    assert SERVICE in out["services"]
    assert out["methods"] == ["DescribeId", "GetId", "GetIdBounds", "GetIds", "StreamIds"]


def test_h2load_is_answered_and_counted(start, tmp_path):
    """h2load counts HTTP statuses, ordinald's metrics count what was given: both come to the same."""
    target = start("--borrow", "10s")
    body = tmp_path / "body"
    body.write_bytes(b"\0" + (2).to_bytes(4, "big") + b"\x08\x03")  # GetIdsRequest{count: 3} in gRPC's frame
    command = ["h2load", "-n", "4000", "-c", "4", "-m", "20", "-t", "1", "-d", body]
    command += [
        "-H",
        "content-type: application/grpc",
        "-H",
        "te: trailers",
        f"http://{target.grpc}/{SERVICE}/GetIds",
    ]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "4000 succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout, done.stdout
    after = metrics.wait(target, lambda samples: metrics.calls(samples, "grpc", "GetIds") == 4000)
    assert metrics.calls(after, "grpc", "GetIds") == 4000
    assert after["ordinal_ids_total", 'protocol="grpc"'] == 12_000
