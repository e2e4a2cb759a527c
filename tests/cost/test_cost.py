"""What a call costs in user instructions stays below what was recorded, and below its goal once that was reached."""
import os
from pathlib import Path

import pytest

import cost


@pytest.fixture(scope="module")
def measured():
    figures = {name: cost.per_call(name) for name in cost.LOADS}
    text = cost.table(figures)
    print(text)
    if "ORDINAL_RESULTS" in os.environ:
        Path(os.environ["ORDINAL_RESULTS"], "cost.txt").write_text(text)
    return figures


@pytest.mark.parametrize("name", cost.LOADS)
def test_a_call_costs_no_more_than_recorded(measured, name):
    assert measured[name] <= cost.ceilings()["instructions"][name]


@pytest.mark.parametrize("ours, bare", cost.GOALS)
def test_a_call_costs_no_more_than_a_bare_one_allows(measured, ours, bare):
    assert measured[ours] / measured[bare] <= cost.ceilings()["ratios"][ours]


def test_what_is_allowed_is_never_below_a_goal():
    """A ratio is tightened down to its goal and not beyond, so that ours may trade what the goal leaves."""
    allowed = cost.ceilings()["ratios"]
    assert all(allowed[ours] >= goal for (ours, _), goal in cost.GOALS.items())
