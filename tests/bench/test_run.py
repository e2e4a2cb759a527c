"""What is chosen; what becomes of servers that fail; and a real run, short, of ordinald alone."""
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import measure
import run
import servers
from groups import GROUPS
from shapes import Entry

ROOT = Path(__file__).resolve().parents[2]


def chosen(*patterns):
    return [f"{group.key}/{entry.key}" for group, entries in run.select(patterns) for entry in entries]


def test_patterns_choose():
    assert len(chosen()) == sum(len(group.entries) for group in GROUPS)
    assert chosen("http/nginx") == ["http/nginx"]
    assert set(chosen("http*/redis", "sm*")) == {"http/redis", "http-pipelined/redis", "small/ordinald"}
    assert chosen("http")[0] == "http/ordinald" and not [name for name in chosen("http") if "curve" in name]
    assert chosen("nothing") == []


def test_each_round_begins_with_another():
    assert [run.shifted("abc", number) for number in range(4)] == ["abc", "bca", "cab", "abc"]


def attempt(tmp_path, server, drive=lambda running, seconds: {"calls": 1}):
    entry = Entry("x", "x", "planted", drive, "http", warm=False)
    try:
        servers.SERVERS["planted"] = server
        return run.attempt(entry, tmp_path / "x", 1, 0)
    finally:
        del servers.SERVERS["planted"]


def planted(*command, **changes):
    return replace(servers.SERVERS["nginx"], command=lambda folder, port: command, **changes)


def test_a_server_that_ends_at_once_is_a_failed_row(tmp_path):
    made = attempt(tmp_path, planted("sh", "-c", "echo no luck; exit 3"))
    assert made == {"failed": "it ended with status 3: no luck"}


@pytest.mark.parametrize("kind, becomes", [(servers.LIMIT, "skipped"), (servers.PEER, "failed")])
def test_a_limit_that_is_not_built_is_skipped_and_a_peer_fails(tmp_path, kind, becomes):
    made = attempt(tmp_path, planted("true", kind=kind, program=run.ROOT / "build/nothing"))
    assert made == {becomes: "build/nothing is not there"}


def test_a_server_that_answers_wrongly_is_a_failed_row(tmp_path):
    serve = "import http.server,sys; http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]))"
    server = replace(
        servers.SERVERS["nginx"], command=lambda folder, port: [sys.executable, "-c", serve, port], fixed=False
    )
    assert "/v1/id answers 404" in attempt(tmp_path, server)["failed"]


@pytest.fixture(scope="module")
def messages():
    """Python's messages, without the peers."""
    target = "build/bench/python/expanded_pb2.py"
    subprocess.run(["ninja", "-f", "tests/bench/peers/build.ninja", target], cwd=ROOT, check=True, timeout=60)


def test_a_real_run(messages, tmp_path):
    command = [sys.executable, ROOT / "tests/bench/run.py", "--quick", "--output", tmp_path]
    for pattern in ("grpc-unary/ordinald", "http/ordinald", "batches/http-each"):
        command += ["--only", pattern]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    made = json.loads((tmp_path / "bench.json").read_text())["measurements"]
    assert [one["group"] for one in made] == ["grpc-unary", "http", "batches"]
    assert all(one["figures"]["calls_per_s"] > 0 for one in made)
    assert "| **ordinald** |" in (tmp_path / "bench.md").read_text()


def below(pid):
    """Names of the processes under one → their PIDs."""
    found = {}
    for member in measure.tree(pid, measure.stats())[1:]:
        try:
            found[Path(f"/proc/{member}/comm").read_text().strip()] = member
        except OSError:
            pass  # it has ended
    return found


def test_what_was_started_ends_with_the_run(messages, tmp_path):
    command = [sys.executable, ROOT / "tests/bench/run.py", "--seconds", "60", "--only", "http/ordinald"]
    process = subprocess.Popen([*command, "--output", tmp_path], stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 30
        while not {"wrk", "ordinald"} <= set(started := below(process.pid)):
            assert process.poll() is None and time.monotonic() < deadline, started
        process.terminate()
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert "interrupted" in said
    assert json.loads((tmp_path / "bench.json").read_text())["measurements"] == []
    deadline = time.monotonic() + 20
    while alive := {pid for pid in started.values() if measure.stats().get(pid, ["Z"])[0] != "Z"}:
        assert time.monotonic() < deadline, (alive, started)


def test_docs_have_whole_pages_alone():
    def where(*patterns, quick=False, output=None):
        chosen = SimpleNamespace(quick=quick, output=output)
        return {page: folder.name for page, folder in run.pages(chosen, list(run.select(patterns)))}

    assert where() == {"bench": "docs", "sequences-bench": "docs"}
    assert where("seq-*") == {"sequences-bench": "docs"}
    assert where("seq-block-*", "http") == {"sequences-bench": "bench", "bench": "bench"}
    assert where("seq-*", quick=True) == {"sequences-bench": "bench"}
    assert where("http", output=Path("here")) == {"bench": "here"}
