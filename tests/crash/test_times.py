"""The checker of times is shown to catch what it is for."""
import pytest

from history import Call
from times import LEAD_MS, RESERVATION_MS, Ahead, Leapt, Run, Stale, Times

START = 1_000_000  # wall clock, in ms since the epoch, when the checker's clock is 0


def call(client, start_ms, end_ms, low_ms, high_ms=None):
    low = low_ms << 22
    high = (low_ms if high_ms is None else high_ms) << 22
    return Call(client, int(start_ms * 1e6), int(end_ms * 1e6), (range(low, low + 1), range(high + 1, high + 2)))


def run(spawned, ended, *calls, wall=None, spare=RESERVATION_MS):
    return Run(spawned, START + spawned if wall is None else wall, ended, spare, list(calls))


def add(*runs):
    made = Times()
    for one in runs:
        made.add(one)
    return made


def first(at_ms, time_ms=None):
    """The call made alone at the start, a millisecond long."""
    return call("first", at_ms, at_ms + 1, START + at_ms if time_ms is None else time_ms)


KILLED = run(0, 100, first(10), call("a", 50, 60, START + 55, START + 700))
STOPPED = run(0, 100, first(10), call("a", 50, 60, START + 55, START + 700), spare=None)
HIGH = START + 700  # the highest time that these gave


def test_good_runs_pass():
    add(KILLED, run(5000, 5100, first(5020), call("a", 5030, 5040, START + 5035)))
    add(STOPPED, run(200, 300, first(220, HIGH + 15), wall=START - 3_600_000))


def test_a_crash_may_leap_one_reservation():
    made = add(KILLED, run(200, 300, first(220, START + 100 + 4000 + 15), wall=START))
    assert 3300 < made.leaps[-1] < 3500


@pytest.mark.parametrize("before", [KILLED, STOPPED])
def test_a_start_below_what_came_before_is_caught(before):
    with pytest.raises(Leapt):
        add(before, run(200, 300, first(220, HIGH - 10), wall=START))


def test_a_start_behind_the_wall_clock_is_caught():
    with pytest.raises(Leapt):
        add(KILLED, run(9000, 9100, first(9010, START + 8900)))


def test_a_leap_above_a_reservation_is_caught():
    with pytest.raises(Leapt):
        add(KILLED, run(200, 300, first(220, START + 100 + 4000 + 50), wall=START))


def test_a_gap_after_a_clean_stop_is_caught():
    with pytest.raises(Leapt):
        add(STOPPED, run(200, 300, first(220, HIGH + 50), wall=START))


def test_a_stop_under_load_may_leap_what_calls_claimed():
    stopped = run(0, 100, first(10), spare=LEAD_MS)
    add(stopped, run(200, 300, first(220, START + 100 + LEAD_MS + 15), wall=START))
    with pytest.raises(Leapt):
        add(stopped, run(200, 300, first(220, START + 100 + LEAD_MS + 50), wall=START))


def test_runs_without_calls_leap_one_reservation_each():
    idle = run(200, 230, wall=START)
    add(KILLED, idle, run(300, 400, first(320, START + 100 + 8000 + 60), wall=START))
    with pytest.raises(Leapt):
        add(KILLED, run(300, 400, first(320, START + 100 + 8000 + 60), wall=START))


def test_an_id_ahead_of_the_clock_is_caught():
    add(run(0, 100, first(10), call("a", 50, 60, START + 55, START + 1055)))
    with pytest.raises(Ahead):
        add(run(0, 100, first(10), call("a", 50, 60, START + 55, START + 1070)))


def test_an_id_behind_the_clock_is_caught():
    with pytest.raises(Stale):
        add(run(0, 100, first(10), call("a", 50, 60, START + 40)))
