"""Never twice: ordinald is killed again and again; and the torture is shown to catch one that forgets."""
import json
import subprocess
import sys
import time

import pytest

from history import Repeated, Violation
from times import EPOCH_MS
from torture import AHEAD, CALM, ENDS, Cycle, Wall, durable, plan, torture

FORGETFUL = ("--state", "memory")


def cycles(wall_ms, largest, count=30):
    """Killed under load, then started with the wall clock that far from the highest ID."""
    return [Cycle(number, "killed", 60, 0, wall_ms, (), largest) for number in range(count)]


def test_a_plan_follows_from_its_seed():
    plans = [plan(7, number) for number in range(500)]
    assert plans == [plan(7, number) for number in range(500)]
    assert plans != [plan(8, number) for number in range(500)]
    assert {one.end for one in plans} == set(ENDS)


def test_the_wall_clock_is_stepped_and_the_others_are_not(tmp_path):
    script = """if True:
        import time
        for line in iter(input, "end"):
            clocks = time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), time.monotonic()
            print(*clocks, flush=True)
    """
    wall = Wall(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=wall.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        for step_ms in (0, -7_200_000, 3_600_000, 11_000):
            wall.step(step_ms)
            before = wall.now() + EPOCH_MS, time.clock_gettime(time.CLOCK_BOOTTIME), time.monotonic()
            print("now", file=process.stdin)
            faked, boot, monotonic = map(float, process.stdout.readline().split())
            after = wall.now() + EPOCH_MS, time.clock_gettime(time.CLOCK_BOOTTIME), time.monotonic()
            assert before[0] - 1 <= faked * 1000 <= after[0] + 1
            assert before[1] <= boot <= after[1] and before[2] <= monotonic <= after[2]
        print("end", file=process.stdin)


def test_duplicates_after_a_crash_are_caught(tmp_path, types):
    """IDs ran ahead of the clock, were forgotten, and are given again at the clock."""
    with pytest.raises(Repeated):
        torture(tmp_path, types, cycles(-500, AHEAD), *FORGETFUL)


def test_a_clock_set_back_is_caught(tmp_path, types):
    with pytest.raises(Violation):
        torture(tmp_path, types, cycles(-60_000, CALM), *FORGETFUL)


def test_the_usual_plan_catches_forgetfulness(tmp_path, types):
    with pytest.raises(Violation):
        torture(tmp_path, types, (plan(1, number) for number in range(50)), *FORGETFUL)


def test_without_crash_or_step_nothing_is_caught(tmp_path, types):
    """It is not the torture itself that breaks the promise."""
    report = torture(tmp_path, types, cycles(5_000, CALM, count=3), *FORGETFUL)
    assert report["cycles"] == 3 and report["ids"] > 0


def survives(folder, types, seed, count, record_property):
    report = torture(folder, types, (plan(seed, number) for number in range(count)), *durable(folder))
    record_property("report", json.dumps(report))
    assert report["cycles"] == count and report["killed"] > count / 2 and report["ids"] > 10_000 * count


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_no_id_comes_twice(disk, types, seed, record_property):
    survives(disk, types, seed, 50, record_property)


@pytest.mark.long
def test_no_id_comes_twice_in_a_long_run(disk, types, record_property):
    survives(disk, types, 1, 10_000, record_property)


def test_a_clean_stop_leaves_no_gap(disk, types):
    """The wall clock stands far behind, so that the next run starts where this one ended: Times holds it to that."""
    cycles_ = [Cycle(number, "stopped", 30, 0, -3_600_000, (), AHEAD) for number in range(6)]
    report = torture(disk, types, cycles_, *durable(disk))
    assert report["restart_gap_ms"]["most"] <= 5, report
