"""The figures of docs/threshold-leap.md."""
import pytest
from leap import flushes_a_second, history, rule_says_safe

R, L, T = 4096, 1024, 0.3


def test_the_rule_calls_the_history_safe():
    assert rule_says_safe(R, L, T)
    assert not rule_says_safe(R, L, 0.2)


def test_3073_ids_and_a_restart_in_the_same_millisecond_collide():
    assert history(R, L, 3073, 1) == {
        "last": 3072,
        "persisted": 3072,
        "threshold": 4096,
        "landed": 0,
        "twice": [0],
    }


def test_3072_ids_leave_a_quarter_of_the_range():
    assert history(R, L, 3072, 1024)["twice"] == []
    assert history(R, L, 3072, 1025)["twice"] == [0]


@pytest.mark.parametrize("issued", range(1, R + 1, 97))
def test_the_leap_collides_once_both_runs_pass_the_range(issued):
    """What is left after the leap is the range, less what was issued, rounded up to a threshold, and no more."""
    left = R - -(-issued // L) * L
    assert not history(R, L, issued, left)["twice"]
    assert history(R, L, issued, left + 1)["twice"]


def test_the_cost():
    assert flushes_a_second(4_096_000, L) == 4000
