#!/usr/bin/python3
"""What a call costs a server: user instructions, counted by callgrind.

Instructions count the same on any day and however busy the machine is, unlike seconds. Each server is run twice, under
a small and a large load, and the difference is divided by the calls that lie between: what starting and ending cost
falls out. The kernel's part is not seen; tests/bench times that.

Run as a program it measures everything and prints it; with --record it writes ceilings.toml anew.
"""
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ORDINAL_BUILD", ROOT / "build"))
BARE = BUILD / "tests/bench/bare"
CEILINGS = Path(__file__).with_name("ceilings.toml")

SMALL, LARGE = 500, 2500  # calls
PATIENCE = 120  # seconds that a server may take to start, serve and end: it runs some 50 times slower than by itself
MARGIN = 1.03  # a ceiling lies this much above what was measured

# Ours to a bare server: a call may cost so many times as much.
GOALS = {
    ("grpc_get_id", "bare_grpc_default"): 0.78,
    ("http_get_id", "bare_civetweb"): 1.05,
}

HEAD = """\
# What a call may cost at most, in user instructions, in a release build: what was measured, and 3 %. The bare servers
# are here to tell a change of ours from one of Debian's libraries. `ratios` are ours to a bare server; one that has
# reached its goal is recorded as the goal.
#
# To record anew, when a change saves something or is worth what it costs: `deploy/test cost` builds what is measured,
# then `tests/cost/cost.py --record`. The commit says what changed the figures.

"""


def ordinald(grpc_port, http_port):
    return [
        BUILD / "src/daemon/ordinald",
        *("--state", "memory", "--log-level", "warn", "--http-threads", "4"),
        *("--grpc-listen", f"127.0.0.1:{grpc_port}", "--http-listen", f"127.0.0.1:{http_port}"),
    ]


def grpc_load(port, calls, folder):
    body = Path(folder) / "request"
    body.write_bytes(bytes(5))  # an empty message
    return [
        *("h2load", "-c", "1", "-m", "8", "-n", calls, "-d", body),
        *("-H", "content-type: application/grpc", "-H", "te: trailers"),
        f"http://127.0.0.1:{port}/ordinal.v1.IdService/GetId",
    ]


def http_load(port, calls, folder):
    return ["h2load", "--h1", "-c", "1", "-m", "1", "-n", calls, f"http://127.0.0.1:{port}/v1/id"]


# Name → the command of a server on a port; another port is free as well.
SERVERS = {
    "grpc_get_id": lambda port, other: ordinald(port, other),
    "http_get_id": lambda port, other: ordinald(other, port),
    "bare_grpc_default": lambda port, other: [BARE / "grpc_core", port, "default"],
    "bare_grpc_tuned": lambda port, other: [BARE / "grpc_core", port, "tuned"],
    "bare_civetweb": lambda port, other: [BARE / "civetweb_bare", port, 4],
    "http_epoll": lambda port, other: [BARE / "http_epoll", port],
    "h2_epoll": lambda port, other: [BARE / "h2_epoll", port],
}

# What is measured, and what it is loaded with.
LOADS = {
    "grpc_get_id": grpc_load,
    "http_get_id": http_load,
    "bare_grpc_default": grpc_load,
    "bare_grpc_tuned": grpc_load,
    "bare_civetweb": http_load,
}

def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_until_it_listens(port, server):
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        assert server.poll() is None, f"{server.args} ended with {server.returncode}"
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise AssertionError(f"nothing listens on {port} after {PATIENCE} s")


@contextmanager
def running(name, *under):
    """Runs a server, under another program if one is named; gives its port."""
    port, other = free_ports(2)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ORDINAL") and key != "PORT"}
    command = list(map(str, [*under, *SERVERS[name](port, other)]))
    server = subprocess.Popen(command, env=kept, stdout=subprocess.DEVNULL)
    try:
        wait_until_it_listens(port, server)
        yield port
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE) == 0
    finally:
        server.kill()
        server.wait()


def run_load(command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=PATIENCE)
    calls = command[command.index("-n") + 1]
    assert f"{calls} succeeded, 0 failed, 0 errored" in done.stdout, done.stdout + done.stderr


def total(name, calls):
    """All instructions of a server that starts, answers `calls` and ends."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind.out"
        callgrind = ["valgrind", "-q", "--tool=callgrind", "--separate-threads=no", f"--callgrind-out-file={out}"]
        with running(name, *callgrind) as port:
            run_load(LOADS[name](port, calls, folder))
        totals = [line.split()[1] for line in out.read_text().splitlines() if line.startswith("totals:")]
    assert len(totals) == 1
    return int(totals[0])


def per_call(name):
    return (total(name, LARGE) - total(name, SMALL)) / (LARGE - SMALL)


def ceilings():
    return tomllib.loads(CEILINGS.read_text())


def table(measured):
    """What was measured beside what is allowed, as text."""
    allowed = ceilings()
    lines = [
        f"{name:42} {figure:8.0f} instructions a call, allowed {allowed['instructions'].get(name, '-')}"
        for name, figure in measured.items()
    ]
    for (ours, bare), goal in GOALS.items():
        name = f"{ours} to {bare}"
        ratio = measured[ours] / measured[bare]
        lines.append(f"{name:42} {ratio:8.3f}, allowed {allowed['ratios'].get(ours, '-')}, goal {goal}")
    return "\n".join(lines) + "\n"


def record(measured):
    """Writes down what was measured as what is allowed."""
    rows = [f"{name} = {round(figure * MARGIN)}" for name, figure in measured.items()]
    ratios = [
        f"{ours} = {max(goal, round(measured[ours] / measured[bare] * MARGIN, 3))} # goal {goal} × {bare}"
        for (ours, bare), goal in GOALS.items()
    ]
    CEILINGS.write_text("\n".join([f"{HEAD}[instructions]", *rows, "", "[ratios]", *ratios, ""]))


def main():
    measured = {name: per_call(name) for name in LOADS}
    if sys.argv[1:] == ["--record"]:
        record(measured)
    print(table(measured), end="")


if __name__ == "__main__":
    main()
