"""The state directory: what a restart finds, and what is refused."""
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import grpc
import pytest

import metrics
import rest
from daemon import ORDINALD, PATIENCE, Daemon, environment, logfmt, run_daemon, state_folder
from test_clock import wait_until
from test_health import NOT_SERVING, SERVING

NODE = ("--node-id", "7")
PORTS = ("--grpc-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0")


@pytest.fixture
def state():
    with state_folder() as folder:
        yield Path(folder) / "state"


def refusal(state, *args, env=None):
    """The one line with which a start is refused."""
    done = run_daemon(*NODE, *PORTS, "--state-dir", str(state), *args, env=env)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1 and logfmt(line)["msg"] == "cannot start", done
    return logfmt(line)["error"]


def ids(target, count=1):
    return [int(one) for one in rest.get(target, f"/v1/ids?count={count}").json()["ids"]]


def tick(one):
    """Milliseconds since the epoch, in the default layout."""
    return one >> 22


def test_a_clean_restart_leaves_no_gap(state, start):
    """A run that stopped with IDs seconds ahead of the clock is followed by one that goes on from there."""
    roomy = (*NODE, "--state-dir", str(state), "--borrow", "10s")
    one = start(*roomy)
    while metrics.read(one)["ordinal_ahead_seconds", ""] < 5:
        last = int(rest.get(one, "/v1/ids?count=1000000&form=runs").json()["runs"][-1]["first"])
    began = time.monotonic()
    one.stop()
    two = start(*roomy)
    assert "last_run=stopped" in two.log()
    gap = tick(ids(two)[0]) - tick(last)
    assert 0 < gap <= (time.monotonic() - began) * 1000 + 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_ids_rise_across_restarts(state, start, number):
    seen = []
    for _ in range(4):
        target = start(*NODE, "--state-dir", str(state))
        seen += ids(target, 5000)
        target.process.send_signal(number)
        target.wait()
    assert seen == sorted(set(seen))


def test_a_crash_skips_no_more_than_a_reservation(state, start):
    one = start(*NODE, "--state-dir", str(state), "--borrow", "100ms", "--max-wait", "0s")
    began = time.monotonic()
    before = ids(one)[0]
    one.kill()
    two = start(*NODE, "--state-dir", str(state), "--borrow", "100ms", "--max-wait", "0s")
    assert "last_run=crashed" in two.log()
    skipped = tick(ids(two)[0]) - tick(before)
    assert 0 < skipped <= 2100 + (time.monotonic() - began) * 1000


def test_a_second_daemon_is_told_who_is_first(state, start):
    one = start(*NODE, "--state-dir", str(state))
    assert f"node 7 is in use by process {one.process.pid}" in refusal(state)
    other = start("--node-id", "8", "--state-dir", str(state))
    other.stop()
    one.kill()
    start(*NODE, "--state-dir", str(state)).stop()


def test_lost_state(state, start):
    start(*NODE, "--state-dir", str(state)).stop()
    (state / "node-7.mdb").unlink()
    assert "is lost" in refusal(state) and "--init" in refusal(state)
    one = start(*NODE, "--state-dir", str(state), "--init")
    assert ids(one)
    one.stop()
    start(*NODE, "--state-dir", str(state)).stop()


def test_damaged_state(state, start):
    start(*NODE, "--state-dir", str(state)).stop()
    (state / "node-7.mdb").write_bytes(b"rot" * 5000)
    assert "is damaged" in refusal(state)
    one = start(*NODE, "--state-dir", str(state), "--init")
    assert "starts afresh" in one.log()
    (kept,) = state.glob("node-7.mdb.replaced-*")
    assert kept.read_bytes()[:3] == b"rot"


def take_from_a_sequence(target):
    return rest.get(target, "/v1/sequences/invoices/next", {"Accept": "text/plain"}).text.strip()


@pytest.mark.parametrize("damage", [" is missing", ": block 1 is damaged"])
def test_a_lost_journal_of_sequences(state, start, damage):
    one = start(*NODE, "--state-dir", str(state))
    rest.post(one, "/v1/sequences", {"name": "invoices", "mode": "SEQUENCE_MODE_GAPLESS"})
    assert [take_from_a_sequence(one) for _ in range(5)] == list("12345")
    one.kill()
    journal = state / "node-7.journal"
    kept = bytearray(journal.read_bytes())
    kept[4096 + 50] ^= 1
    journal.unlink()
    if "damaged" in damage:
        journal.write_bytes(kept)
    said = refusal(state)
    assert f"node-7.journal{damage}" in said and "--init" in said and "may come again" in said
    assert refusal(state) == said, "a refusal changes nothing"
    one = start(*NODE, "--state-dir", str(state), "--init")
    assert "sequences go on without what they changed last" in one.log()
    assert int(take_from_a_sequence(one)) <= 5, "that is why it was refused"
    assert [path.read_bytes() for path in state.glob("node-7.journal.replaced-*")] == [kept] * ("damaged" in damage)
    one.stop()
    start(*NODE, "--state-dir", str(state)).stop()


def test_another_nodes_file(state, start):
    start("--node-id", "3", "--state-dir", str(state)).stop()
    shutil.copy(state / "node-3.mdb", state / "node-7.mdb")
    assert "holds the state of node 3, not of node 7" in refusal(state)


def test_another_layout_and_split(state, start):
    start(*NODE, "--state-dir", str(state)).stop()
    told = refusal(state, "--layout", "sonyflake")
    assert "sequence:12 of 1ms" in told and "of 10ms" in told and "--accept-layout-change" in told
    assert "in 2 parts" in refusal(state, "--worker", "0/2")
    changed = start(*NODE, "--state-dir", str(state), "--layout", "sonyflake", "--accept-layout-change")
    assert ids(changed)
    changed.stop()
    assert "--accept-layout-change" in refusal(state)


def test_workers_share_a_node(state, start):
    workers = [start(*NODE, "--state-dir", str(state), "--worker", f"{i}/3") for i in range(3)]
    taken = [one for worker in workers for one in ids(worker, 3000)]
    assert len(set(taken)) == 9000
    assert "stop all workers" in refusal(state, "--worker", "3/4", "--accept-layout-change")
    assert f"worker 1 of node 7 is in use by process {workers[1].process.pid}" in refusal(state, "--worker", "1/3")


def test_a_file_in_its_place(state):
    state.write_text("")
    assert refusal(state).endswith(f"state directory {state}: Not a directory")


def test_memory_warns(start):
    target = start("--state", "memory")
    assert "a restart may repeat IDs" in target.log()


def test_where_it_is(tmp_path):
    def told(*args, **env):
        done = subprocess.run(
            [ORDINALD, "--print-config", *args],
            env={**environment(), "HOME": "/h", **env},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return next(line for line in done.stdout.splitlines() if "state_dir:" in line and "unsafe" not in line)

    assert '"/h/.local/state/ordinal"' in told() and "HOME" in told()
    assert '"/x/ordinal"' in told(XDG_STATE_HOME="/x")
    assert '"/s"' in told(XDG_STATE_HOME="/x", STATE_DIRECTORY="/s:/t")
    assert '"/v"' in told(STATE_DIRECTORY="/s", ORDINAL_STATE_DIR="/v")
    assert '"/f"' in told("--state-dir", "/f", ORDINAL_STATE_DIR="/v")


def test_nowhere():
    done = run_daemon("--check-config", env={"HOME": "", "XDG_STATE_HOME": "", "STATE_DIRECTORY": ""})
    assert done.returncode == 2 and "--state-dir" in done.stderr and "$STATE_DIRECTORY" in done.stderr
    kept = run_daemon("--check-config", "--state", "memory", env={"HOME": "", "XDG_STATE_HOME": ""})
    assert kept.returncode == 0


def may_mount():
    return subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


needs_mounts = pytest.mark.skipif(not may_mount(), reason="mounting needs root")


@needs_mounts
@pytest.mark.parametrize("kind", ["tmpfs", "ramfs"])
def test_unsafe_file_systems(state, kind):
    state.mkdir()
    script = f'mount -t {kind} none "$0" && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", script, str(state), ORDINALD, *NODE, *PORTS, "--state-dir", str(state)]
    done = subprocess.run(
        command, env=environment(ORDINAL_UNSAFE_STATE_DIR="false"), capture_output=True, text=True, timeout=PATIENCE
    )
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1 and f"{kind} is lost" in line and "--unsafe-state-dir" in line


class Small(Daemon):
    """An ordinald whose state is on a tiny disk of its own."""

    def command(self, command):
        folder = self._state.name
        script = 'mount -t tmpfs -o size=96k none "$0" && exec "$@"'
        return ["unshare", "-m", "sh", "-c", script, folder, *command, "--state-dir", folder]

    @property
    def disk(self):
        return Path(f"/proc/{self.process.pid}/root{self._state.name}")

    def fill(self):
        with open(self.disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                pass

    def empty(self):
        os.unlink(self.disk / "filler")


def reservations(target):
    return metrics.read(target)["ordinal_reservations_total", 'result="ok"']


def keyed(target, key):
    return rest.get(target, "/v1/ids?count=1", {"Idempotency-Key": key})


@needs_mounts
def test_a_full_disk():
    """Reservations take the place of older ones and need no room; what needs room is refused until there is some."""
    target = Small(*NODE)
    try:
        before = ids(target)
        first = keyed(target, "first").json()
        target.fill()
        many = (f"{i:0100}" for i in range(2000))
        refused = next(reply for reply in (keyed(target, key) for key in many) if reply.status != 200)
        assert "write: " in refused.is_problem(503, "unavailable")
        assert refused.headers["Retry-After"]

        made = reservations(target)
        wait_until(lambda: reservations(target) >= made + 2)
        assert rest.get(target, "/readyz").status == 200
        assert ids(target)[0] > before[0]

        target.empty()
        assert keyed(target, "later").status == 200
        assert keyed(target, "first").json() == first
        target.stop()
    finally:
        target.kill()


@needs_mounts
def test_no_room_to_start(state):
    state.mkdir()
    script = 'mount -t tmpfs -o size=20k none "$0" && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", script, str(state), ORDINALD, *NODE, *PORTS, "--state-dir", str(state)]
    done = subprocess.run(
        [*command, "--unsafe-state-dir"], env=environment(), capture_output=True, text=True, timeout=PATIENCE
    )
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1 and ("No space left" in line or "Input/output" in line)


def test_a_reservation_that_cannot_be_renewed(state, start, client):
    """It serves the reservation out, refuses, tells, and gets well by itself."""
    target = start(*NODE, "--state-dir", str(state), "--borrow", "100ms", "--max-wait", "0s")
    before = ids(target)
    calls = client(target)
    health = calls.watch(timeout=60)
    assert next(health).status == SERVING

    lock, aside = state / "node-7.lock", state / "aside"
    lock.rename(aside)
    line = target.wait_for_line(lambda text: "reservation cannot be renewed" in text)
    assert "was removed or replaced" in line
    assert metrics.read(target)["ordinal_reservation_failing", ""] == 1
    target.wait_for_line(lambda text: "no IDs can be given" in text)
    assert rest.get(target, "/readyz").status == 503
    refused = rest.get(target, "/v1/id")
    assert refused.is_problem(503, "unavailable").startswith("the reservation cannot be renewed: ")
    assert refused.headers["Retry-After"]
    assert calls.fails("GetId").code == grpc.StatusCode.UNAVAILABLE
    assert next(health).status == NOT_SERVING
    assert rest.get(target, "/livez").status == 200

    aside.rename(lock)
    target.wait_for_line(lambda text: "IDs are given again" in text)
    assert next(health).status == SERVING
    assert rest.get(target, "/readyz").status == 200
    assert ids(target)[0] > before[0]
    told = metrics.read(target)
    assert told["ordinal_reservation_failing", ""] == 0
    assert told["ordinal_reservations_total", 'result="failed"'] > 0
    health.cancel()
