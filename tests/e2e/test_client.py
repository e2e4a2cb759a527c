"""`ordinal`, over both protocols."""
import json
import os
import pty
import subprocess

import pytest

from daemon import ORDINAL, SMALL, SMALL_BATCH, environment, run_client

DONE, FAILED, USAGE, UNAVAILABLE = range(4)


@pytest.fixture(params=["grpc", "http"])
def over(request, shared):
    """The options that lead to the shared ordinald, over each protocol."""
    return ["--grpc", shared.grpc] if request.param == "grpc" else ["--http", shared.url]


def ordinal(*args, status=DONE, env=None):
    done = run_client(*args, env=env)
    assert done.returncode == status, done
    return done


def clean(*args):
    """What a good run writes: nothing goes to stderr."""
    done = ordinal(*args)
    assert done.stderr == ""
    return done.stdout


def test_get(over):
    first = clean(*over, "get")
    assert first == f"{int(first)}\n"
    assert int(clean(*over, "get")) > int(first)


@pytest.mark.parametrize("count", [1, 3, 5000, 250_000])
def test_get_many(over, count):
    ids = [int(line) for line in clean(*over, "get", "-n", str(count)).splitlines()]
    assert len(ids) == count and ids == sorted(set(ids))


def test_get_as_json(over):
    assert len(json.loads(clean(*over, "--output", "json", "get", "-n", "3"))["ids"]) == 3


@pytest.mark.parametrize("form", ["hex", "base32", "base62"])
def test_forms(over, form):
    lines = clean(*over, "get", "-n", "100", "--format", form).splitlines()
    assert lines == sorted(lines)
    assert "node" in clean(*over, "decode", "--format", form, lines[0])


def test_decode(over):
    one = clean(*over, "get").strip()
    text = clean(*over, "decode", one)
    assert one in text and "2026" in text or "20" in text
    told = json.loads(clean(*over, "--output", "json", "decode", one))
    assert told["id"] == one and told["node"] == 7


def test_decode_from_standard_input(over):
    ids = clean(*over, "get", "-n", "3")
    done = subprocess.run(
        [ORDINAL, *over, "--output", "json", "decode"],
        input=ids,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == DONE and not done.stderr
    assert all(one in done.stdout for one in ids.split())


def test_bounds(over):
    low, high = map(int, clean(*over, "bounds", "2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z").split())
    assert high - low == 1000 * 2**22 - 1


def test_health(over):
    assert "serving" in clean(*over, "health").lower()


def test_both_protocols_say_the_same(shared):
    one = clean("--grpc", shared.grpc, "get").strip()
    for args in (
        ["decode", one],
        ["bounds", "2026-03-01T12:00:00Z", "1772366500000"],
        ["--output", "json", "decode", one],
    ):
        assert clean("--grpc", shared.grpc, *args) == clean("--http", shared.url, *args)


def test_the_address_comes_from_the_environment(shared):
    done = ordinal("get", env={"ORDINAL_GRPC": shared.grpc})
    assert done.stdout.strip().isdigit()


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["no-such-verb"],
        ["--no-such"],
        ["get", "-n", "0"],
        ["get", "-n", "x"],
        ["--output", "xml", "get"],
        ["bounds", "1"],
        ["get", "stray"],
        ["get", "--format", "octal"],
        ["--timeout", "never", "get"],
    ],
)
def test_wrong_usage(args):
    done = ordinal(*args, status=USAGE)
    assert done.stdout == "" and done.stderr


def test_refusals(over):
    for args in (
        ["bounds", "2026-03-01T12:00:01Z", "2026-03-01T12:00:00Z"],
        ["get", "--tag", "3"],
        ["decode", "9223372036854775808"],
    ):
        done = run_client(*over, *args)
        assert done.returncode in (FAILED, USAGE) and done.stdout == ""
        assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("ordinal: "), done.stderr


@pytest.mark.parametrize("way", ["--grpc", "--http"])
def test_nobody_there(way, free_port):
    address = f"127.0.0.1:{free_port()}"
    done = ordinal(
        way, address if way == "--grpc" else f"http://{address}", "--timeout", "3s", "get", status=UNAVAILABLE
    )
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1 and address in done.stderr


@pytest.mark.parametrize("way", ["grpc", "http"])
def test_get_waits_for_capacity(start, way):
    target = start(*SMALL)
    over = ["--grpc", target.grpc] if way == "grpc" else ["--http", target.url]
    ids = ordinal(*over, "get", "-n", str(2 * SMALL_BATCH)).stdout.splitlines()
    assert len(set(ids)) == 2 * SMALL_BATCH


def test_a_closed_pipe_is_fine(over):
    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$0" "$@" get -n 300000 | head -n 1', ORDINAL, *over],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0 and done.stderr == "" and done.stdout.strip().isdigit()


def test_a_full_disk_is_not(over):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [ORDINAL, *over, "get", "-n", "5"],
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
        )
    assert done.returncode == FAILED and "No space left" in done.stderr


def run_on_terminal(*args):
    """Runs ordinal with stderr on a terminal; returns its stdout and what the terminal got."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [ORDINAL, *args], env=environment(TERM="xterm"), stdout=subprocess.PIPE, stderr=terminal
    )
    os.close(terminal)
    out = process.stdout.read()
    shown = b""
    try:
        while piece := os.read(master, 65536):
            shown += piece
    except OSError:
        pass  # how Linux says that the other side is closed
    os.close(master)
    assert process.wait(30) == 0
    return out.decode(), shown.decode()


def test_progress_on_a_terminal(start):
    """A second's worth of IDs at a time: this takes long enough for the bar, which is gone in the end."""
    target = start(*SMALL)
    out, shown = run_on_terminal("--grpc", target.grpc, "get", "-n", str(4 * SMALL_BATCH))
    assert len(out.splitlines()) == 4 * SMALL_BATCH
    assert "%" in shown and "\r" in shown


def test_no_progress_without_a_terminal(start):
    target = start(*SMALL)
    assert ordinal("--grpc", target.grpc, "get", "-n", str(3 * SMALL_BATCH)).stderr == ""


def test_no_progress_on_short_work(shared):
    _, shown = run_on_terminal("--grpc", shared.grpc, "get", "-n", "3")
    assert shown == ""


def test_health_of_a_draining_server(start, client):
    target = start(*SMALL)
    target.stop()
    ordinal("--grpc", target.grpc, "--timeout", "3s", "health", status=UNAVAILABLE)


def test_help_and_version():
    assert "get" in clean("--help") and clean("--version").startswith("ordinal ")
    for verb in ("get", "decode", "bounds", "health"):
        assert verb in clean(verb, "--help")
