"""CPU time of a tree of processes, from planted /proc entries and from real processes."""
import os
import subprocess
import sys

import measure

SPIN = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"


def stat(parent, *ticks):
    fields = ["S", str(parent), *["0"] * 9, *map(str, ticks)]
    return measure.parse_stat(f"1 (a) b) {' '.join(fields)} 20")


def test_a_name_may_hold_anything():
    assert stat(7, 1, 2, 3, 4)[:2] == ["S", "7"]


def test_a_tree_is_summed_without_its_neighbours():
    found = {10: stat(1, 1, 2, 3, 4), 11: stat(10, 10, 20, 0, 0), 12: stat(11, 100, 200, 0, 0), 13: stat(1, 9, 9, 9, 9)}
    assert sorted(measure.tree(10, found)) == [10, 11, 12]
    assert measure.sum_ticks(10, found) == 340


def test_a_process_that_is_gone_has_no_tree():
    assert measure.tree(10, {}) == []


def test_children_that_ended_count():
    with measure.Cpu(os.getpid()) as cpu:
        subprocess.run([sys.executable, "-c", SPIN], check=True)
    assert cpu.seconds >= 0.25


def test_memory_is_found():
    assert measure.resident_bytes(os.getpid()) > 1_000_000
