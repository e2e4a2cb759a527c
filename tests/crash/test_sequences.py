"""Sequences keep their promises though ordinald is killed again and again; and the torture catches one that forgets."""
import json

import pytest

from history import Violation
from torture import CALM, Cycle, durable, plan
from torture_sequences import torture


def cycles(end, count):
    return [Cycle(number, end, 60, 0, 0, (), CALM) for number in range(count)]


def test_one_that_forgets_is_caught(tmp_path, types):
    with pytest.raises(Violation):
        torture(tmp_path, types, 1, cycles("killed", 3), "--state", "memory")


def survives(folder, types, seed, count, record_property):
    report = torture(folder, types, seed, (plan(seed, number) for number in range(count)), *durable(folder))
    record_property("report", json.dumps(report))
    assert report["cycles"] == count and report["killed"] > count / 2
    assert report["values"] > 5 * count and report["asked_again"] > count and report["without_answer"] > count / 2


@pytest.mark.parametrize("seed", [1, 2])
def test_no_value_comes_twice_or_is_lost(disk, types, seed, record_property):
    survives(disk, types, seed, 25, record_property)


@pytest.mark.long
def test_no_value_comes_twice_or_is_lost_in_a_long_run(disk, types, record_property):
    survives(disk, types, 3, 10_000, record_property)
