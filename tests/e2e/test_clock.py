"""The clock of the real daemon, while libfaketime steps the wall clock under it; operators' calls; adoption."""
import json
import os
import re
import socket
import subprocess
import threading
import time

import grpc
import pytest

import metrics
import rest
from daemon import ORDINALD, PATIENCE, run_client, run_daemon, state_folder
from history import Call, check, spans
from ids import Client

HOUR = 3600
EPOCH = 1767225600  # of the default layout
CLOCK = "ordinal.v1.ClockService"

FOUND = subprocess.run(["dpkg", "-L", "libfaketime"], capture_output=True, text=True).stdout
LIBRARY = next((line for line in FOUND.splitlines() if line.endswith("libfaketimeMT.so.1")), None)
SANITIZED = "libasan" in subprocess.run(["ldd", ORDINALD], capture_output=True, text=True).stdout
stepping = pytest.mark.skipif(SANITIZED, reason="libfaketime and the sanitizer both want to be loaded first")


def wait_until(condition, timeout=PATIENCE):
    """What the condition gives, once it gives something."""
    end = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.02)
    return found


class Wall:
    """The wall clock of a daemon: `env` is what it is started with, step() sets it off."""

    def __init__(self, folder):
        assert LIBRARY, "the package faketime is missing"
        self.file = folder / "offset"
        self.step(0)
        self.env = {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, seconds):
        """Sets the wall clock off by that much; the daemon never sees a half-written file."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        os.replace(fresh, self.file)


@pytest.fixture
def wall(tmp_path):
    return Wall(tmp_path)


@pytest.fixture
def stepped(start, wall):
    """stepped("--clock-policy", "accept"): an ordinald whose wall clock `wall` steps."""
    return lambda *args: start("--node-id", "7", *args, env=wall.env)


class Load:
    """Callers on both front ends; what they got, and that none was refused or kept waiting."""

    def __init__(self, target, types):
        self.calls, self.failures, self.enough = [], [], threading.Event()
        client, connection = Client(target.grpc, types), rest.connect(target)
        self.closers = [client.close, connection.close]
        callers = {
            "grpc": lambda: [client.call("GetId").id],
            "batches": lambda: client.ids(100),
            "rest": lambda: [int(rest.ask(connection, "/v1/id").json()["id"])],
        }
        self.threads = [threading.Thread(target=self._run, args=one) for one in callers.items()]
        for thread in self.threads:
            thread.start()

    def _run(self, name, call):
        try:
            while not self.enough.is_set():
                begin = time.monotonic_ns()
                got = spans(call())
                self.calls.append(Call(name, begin, time.monotonic_ns(), got))
        except Exception as error:  # whatever it is, it is what the test is about
            self.failures.append(f"{name}: {error!r}")

    def go_on(self, calls=200):
        """Waits for so many calls more."""
        seen = len(self.calls)
        wait_until(lambda: len(self.calls) >= seen + calls or self.failures)

    def stop(self):
        self.enough.set()
        for thread in self.threads:
            thread.join(PATIENCE)
        for close in self.closers:
            close()
        assert self.failures == []
        check(self.calls)
        longest = max(call.end - call.start for call in self.calls) / 1e9
        assert longest < 5, f"a call took {longest} s"


@pytest.fixture
def load(types):
    """load(daemon) starts callers; the test fails if a call of theirs did."""
    started = []

    def make(target):
        started.append(Load(target, types))
        return started[-1]

    yield make
    for one in started:
        one.stop()


def id_time(one):
    return EPOCH + (one >> 22) / 1000


def lead(target):
    """How far a new ID's time is ahead of the time of here, in seconds."""
    return id_time(int(rest.get(target, "/v1/id").json()["id"])) - time.time()


def near(seconds, wanted):
    return abs(seconds - wanted) < 60


def sample(target, name):
    return metrics.read(target)[name, ""]


def is_quarantined(target):
    return sample(target, "ordinal_clock_quarantined") == 1


def ordinal_clock(target, action, over="grpc"):
    where = ["--grpc", target.grpc] if over == "grpc" else ["--http", target.url]
    done = run_client(*where, "--output", "json", "clock", action)
    assert (done.returncode, done.stderr) == (0, ""), done
    return json.loads(done.stdout)


def state(target):
    return ordinal_clock(target, "show")["state"].removeprefix("CLOCK_STATE_")


@stepping
@pytest.mark.parametrize("seconds", [HOUR, 20 * 365 * 24 * HOUR])
def test_a_step_back_costs_nothing(stepped, wall, load, seconds):
    target = stepped()
    callers = load(target)
    callers.go_on()
    wall.step(-seconds)
    wait_until(lambda: sample(target, "ordinal_wall_clock_ahead_seconds") < 60 - seconds)
    callers.go_on()
    assert near(lead(target), 0)
    assert rest.get(target, "/readyz").text == "ok\n"
    assert state(target) == "FOLLOWING"
    wall.step(0)
    callers.go_on()


@stepping
def test_a_step_forward_is_quarantined(stepped, wall, load, client):
    target = stepped()
    callers = load(target)
    callers.go_on()
    wall.step(HOUR)
    target.wait_for_line(lambda line: "wall clock stepped forward" in line and "level=warn" in line)
    assert is_quarantined(target)
    callers.go_on()
    assert near(lead(target), 0)
    ready = rest.get(target, "/readyz")
    assert ready.status == 200
    assert re.fullmatch(r"ok, degraded: wall clock is (3600|3599) s ahead\n", ready.text), ready.text
    assert client(target).check() == 1  # SERVING
    told = ordinal_clock(target, "show")
    assert told["state"] == "CLOCK_STATE_QUARANTINED"
    assert near(int(told["stepUs"]) / 1e6, HOUR) and near(int(told["wallAheadUs"]) / 1e6, HOUR)
    text = run_client("--grpc", target.grpc, "clock", "show").stdout
    assert "quarantined" in text and "ordinal clock accept" in text

    wall.step(0)
    target.wait_for_line(lambda line: "wall clock is near again" in line)
    assert rest.get(target, "/readyz").text == "ok\n" and state(target) == "FOLLOWING"


@stepping
@pytest.mark.parametrize("over", ["grpc", "http"])
def test_an_accepted_step_is_leapt_over_without_a_refusal(stepped, wall, load, over):
    target = stepped()
    callers = load(target)
    callers.go_on()
    wall.step(HOUR)
    wait_until(lambda: is_quarantined(target))
    assert ordinal_clock(target, "accept", over)["state"] == "CLOCK_STATE_ACCEPTED"
    wait_until(lambda: near(lead(target), HOUR))
    callers.go_on()
    assert near(lead(target), HOUR)
    assert not is_quarantined(target) and sample(target, "ordinal_clock_leaps_total") == 1
    assert rest.get(target, "/readyz").text == "ok\n"
    leapt = target.wait_for_line(lambda line: "the clock leapt forward" in line)
    assert near(float(re.search(r"leap_seconds=(\S+)", leapt).group(1)), HOUR)

    wall.step(0)  # the wall clock was wrong after all: IDs never go back
    callers.go_on()
    assert near(lead(target), HOUR)


@stepping
@pytest.mark.parametrize("over", ["grpc", "http"])
def test_a_rejected_step_is_not_followed(stepped, wall, load, over):
    target = stepped("--clock-step", "30s")
    callers = load(target)
    wall.step(HOUR)
    wait_until(lambda: is_quarantined(target))
    assert ordinal_clock(target, "reject", over)["state"] == "CLOCK_STATE_REJECTED"
    target.wait_for_line(lambda line: "is rejected" in line)
    callers.go_on()
    assert near(lead(target), 0)
    assert rest.get(target, "/readyz").text == "ok\n"
    assert not is_quarantined(target) and sample(target, "ordinal_clock_rejected") == 1

    wall.step(2 * HOUR)
    wait_until(lambda: is_quarantined(target))
    wall.step(5)  # near enough to be followed
    wait_until(lambda: state(target) == "FOLLOWING")
    assert near(lead(target), 0)


@stepping
def test_steps_are_accepted_unasked_by_policy(stepped, wall, load):
    target = stepped("--clock-policy", "accept", "--max-clock-gap", "24h")
    callers = load(target)
    callers.go_on()
    wall.step(HOUR)
    wait_until(lambda: near(lead(target), HOUR))
    assert rest.get(target, "/readyz").text == "ok\n" and state(target) == "FOLLOWING"

    wall.step(48 * HOUR)
    wait_until(lambda: is_quarantined(target))
    callers.go_on()
    assert near(lead(target), HOUR), "not above max-clock-gap"


@stepping
def test_a_wall_clock_past_the_layouts_end_cannot_be_accepted(stepped, wall, types):
    target = stepped()
    wall.step(100 * 365 * 24 * HOUR)
    wait_until(lambda: is_quarantined(target))
    done = run_client("--grpc", target.grpc, "clock", "accept")
    assert done.returncode == 1 and "lies outside of the layout's time" in done.stderr
    assert near(lead(target), 0)


def decide(target, types, method):
    calls = Client(target, types)
    try:
        return calls.method(method, CLOCK)(types[f"{CLOCK.rsplit('.', 1)[0]}.{method}Request"](), timeout=PATIENCE)
    finally:
        calls.close()


@pytest.mark.parametrize("action, method", [("accept", "AcceptClockStep"), ("reject", "RejectClockStep")])
def test_without_a_step_there_is_nothing_to_decide(shared, types, action, method):
    rest.get(shared, f"/v1/clock:{action}", method="POST").is_problem(409, "failed-precondition")
    with pytest.raises(grpc.RpcError) as caught:
        decide(shared.grpc, types, method)
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    done = run_client("--http", shared.url, "clock", action)
    assert done.returncode == 1 and "no step to decide on" in done.stderr


def own_address():
    """An address of this host that is not loopback, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return probe.getsockname()[0]


def test_decisions_are_taken_over_loopback_only(start, types):
    address = own_address()
    if not address or address.startswith("127."):
        pytest.skip("this host has no address but loopback")
    target = start(
        "--node-id", "7", "--grpc-listen", "0.0.0.0:0", "--http-listen", "0.0.0.0:0", listen=False
    )
    outside = {name: f"{address}:{getattr(target, name).rsplit(':')[-1]}" for name in ("grpc", "http")}
    for method in ("AcceptClockStep", "RejectClockStep"):
        with pytest.raises(grpc.RpcError) as caught:
            decide(outside["grpc"], types, method)
        assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED, caught.value
        with pytest.raises(grpc.RpcError) as caught:
            decide(target.grpc, types, method)
        assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION, caught.value
    assert decide(outside["grpc"], types, "GetClock").clock.state == 1

    class Outside:
        http = outside["http"]

    rest.get(Outside, "/v1/clock:accept", method="POST").is_problem(403, "forbidden")
    rest.get(target, "/v1/clock:accept", method="POST").is_problem(409, "failed-precondition")
    assert rest.get(Outside, "/v1/clock").status == 200


@pytest.mark.parametrize("action", ["", "look", "show accept"])
def test_the_client_says_what_can_be_done(action):
    done = run_client("clock", *action.split())
    assert done.returncode == 2 and "say what to do: show, accept or reject" in done.stderr


def an_id(seconds_from_now, epoch=EPOCH):
    """The largest ID of a tick, in a layout with 22 bits below ticks of 1 ms."""
    return (int((time.time() + seconds_from_now - epoch) * 1000) << 22) + (1 << 22) - 1


def test_a_run_starts_above_an_adopted_id(start, client):
    largest = an_id(HOUR)
    target = start("--adopt-above", str(largest))
    first = client(target).call("GetId").id
    assert largest < first < largest + (60_000 << 22)
    assert "IDs start above the adopted one" in target.log()


def test_an_id_that_is_past_changes_nothing(start):
    target = start("--adopt-above", str(an_id(-HOUR)))
    assert near(lead(target), 0)


@pytest.mark.parametrize("preset, epoch", [("twitter", 1288834974.657), ("discord", 1420070400)])
def test_adoption_from_another_layout_goes_by_time(start, preset, epoch):
    target = start("--adopt-above", str(an_id(HOUR, epoch)), "--preset", preset)
    assert near(lead(target), HOUR)
    assert "as numbers they lie below it" in target.log()

    same = start("--adopt-above", str(an_id(HOUR, epoch)), "--layout", preset)
    largest = an_id(HOUR, epoch)
    assert int(rest.get(same, "/v1/id").json()["id"]) > largest - (60_000 << 22)
    assert "as numbers" not in same.log()


def test_an_id_from_before_the_epoch_needs_no_adoption(start):
    target = start("--adopt-above", str(2**52), "--preset", "js53", "--layout", "default", "--epoch",
                   time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - HOUR)), "--max-clock-gap", "0")
    assert target.process.poll() is None
    older = start("--adopt-above", str(2**40), "--preset", "twitter")
    assert "nothing needs adopting" in older.log() and near(lead(older), 0)


@pytest.mark.parametrize(
    "args, words",
    [
        (["--adopt-above", "-1"], "adopt-above"),
        (["--adopt-above", "x"], "not a whole number"),
        (["--adopt-above", str(2**53), "--preset", "js53"], "out of range; allowed 0 to 9007199254740991"),
        (["--adopt-above", str(2**63 - 1)], "lies outside of the layout's time"),
        (["--adopt-above", "1", "--preset", "own"], "allowed default, twitter"),
        (["--preset", "twitter"], "the ID of --adopt-above, which is missing"),
    ],
)
def test_what_cannot_be_adopted(args, words):
    done = run_daemon(*args)
    assert done.returncode == 2 and words in done.stderr, done


def test_an_id_far_in_the_future_is_not_adopted_by_mistake(start):
    far = ["--adopt-above", str(an_id(400 * 24 * HOUR))]
    done = run_daemon("--grpc-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", *far)
    assert done.returncode == 1
    assert "but the adopted ID is of" in done.stderr and "--accept-clock-gap" in done.stderr, done.stderr
    start(*far, "--accept-clock-gap")
    start(*far, "--max-clock-gap", "0")


@pytest.fixture
def kept_state():
    with state_folder() as folder:
        yield folder


@stepping
@pytest.mark.parametrize("days", [-400, 400])
def test_a_start_far_from_what_was_reserved_is_refused(kept_state, start, wall, days):
    kept = ["--node-id", "7", "--epoch", "2020-01-01T00:00:00Z", "--state-dir", kept_state]
    first = start(*kept, env=wall.env)
    last = int(rest.get(first, "/v1/id").json()["id"])
    first.stop()

    wall.step(days * 24 * HOUR)
    done = run_daemon("--grpc-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", *kept, env=wall.env)
    assert done.returncode == 1, done
    assert "but earlier runs reserved up to" in done.stderr and "--accept-clock-gap" in done.stderr, done.stderr

    again = start(*kept, "--accept-clock-gap", env=wall.env)
    new = int(rest.get(again, "/v1/id").json()["id"])
    assert new > last
    assert near(((new >> 22) - (last >> 22)) / 1000, max(days, 0) * 24 * HOUR)
