"""The checker of what sequences give is shown to catch what it is for."""
from dataclasses import replace

import pytest

from history import Reordered, Repeated
from takes import BLOCK, FOREVER, GAPLESS, Malformed, Missing, Sequence, Take, Unfaithful, check

TIGHT = Sequence("invoices", GAPLESS, start=100, increment=5)
LOOSE = Sequence("orders", BLOCK, block=10)


def take(client, start, end, first, count=1, key="", of=LOOSE):
    return Take(client, start, end, count, first, first + (count - 1) * of.increment, key)


def lost(client, start, end=FOREVER, count=1, key=""):
    return Take(client, start, end, count, key=key)


def tight(client, start, end, first, count=1, key=""):
    return take(client, start, end, first, count, key, TIGHT)


GOOD = [
    tight("a", 0, 10, 110, 3),
    tight("b", 5, 15, 100, 2),
    tight("c", 5, 9, 125),
    tight("a", 11, 20, 135),
    tight("b", 12, 30, 130),
]


def test_a_good_record_passes():
    assert check(TIGHT, GOOD) == 8
    assert check(TIGHT, []) == 0


@pytest.mark.parametrize("place", range(len(GOOD)))
def test_a_planted_repetition_is_caught(place):
    one, other = GOOD[place], GOOD[(place + 2) % len(GOOD)]
    stolen = replace(one, client="z", first=other.last, last=other.last, count=1)
    with pytest.raises(Repeated):
        check(TIGHT, [*GOOD, stolen])


@pytest.mark.parametrize("place", range(len(GOOD) - 1))
def test_a_planted_hole_is_caught(place):
    """Whichever is taken out, but for the highest, which leaves no hole."""
    without = sorted(GOOD, key=lambda one: one.first)
    del without[place]
    with pytest.raises(Missing):
        check(TIGHT, without)


def test_a_fall_is_caught():
    with pytest.raises(Reordered):
        check(LOOSE, [take("a", 0, 1, 2), take("b", 2, 3, 1)])
    check(LOOSE, [take("a", 0, 1, 2), take("b", 1, 3, 1)])


def test_the_last_value_of_a_call_counts():
    with pytest.raises(Reordered):
        check(LOOSE, [take("a", 0, 1, 1), take("b", 4, 5, 2), take("c", 0, 3, 3, 2)])


@pytest.mark.parametrize(
    "wrong",
    [
        Take("a", 0, 1, 2, 100, 110),  # one too many
        Take("a", 0, 1, 2, 100, 100),  # one too few
        Take("a", 0, 1, 1, 102, 102),  # between two values
        Take("a", 0, 1, 1, 95, 95),  # below the start
    ],
)
def test_a_malformed_answer_is_caught(wrong):
    with pytest.raises(Malformed):
        check(TIGHT, [wrong])


def test_negative_values_count():
    below = Sequence("x", GAPLESS, start=-10, increment=10)
    assert check(below, [Take("a", 0, 1, 3, -10, 10), Take("a", 2, 3, 1, 20, 20)]) == 4


# Keys


def test_repeated_calls_with_a_key_are_one():
    repeated = [tight("a", 0, 5, 100, key="k"), tight("a", 9, 12, 100, key="k"), tight("b", 7, 8, 105)]
    assert check(TIGHT, repeated) == 2


def test_other_values_for_a_key_are_caught():
    with pytest.raises(Unfaithful):
        check(TIGHT, [tight("a", 0, 5, 100, key="k"), tight("a", 6, 12, 105, key="k")])


def test_values_that_a_key_got_are_given_to_nobody_else():
    with pytest.raises(Repeated):
        check(TIGHT, [tight("a", 0, 5, 100, key="k"), tight("a", 6, 12, 100)])
    with pytest.raises(Repeated):
        check(TIGHT, [tight("a", 0, 5, 100, key="k"), tight("a", 6, 12, 100, key="l")])


def test_a_call_without_an_answer_has_its_place_from_its_first_try_on():
    """Its values may be below those of calls that came before its second try, not of those before its first."""
    later = [tight("b", 10, 11, 105), tight("a", 20, 21, 100, key="k")]
    check(TIGHT, [lost("a", 5, 6, key="k"), *later])
    with pytest.raises(Reordered):
        check(TIGHT, [lost("a", 12, 13, key="k"), *later])


def test_a_first_answer_ends_the_call():
    """What was answered once is before all that begins later, though it was asked for again."""
    with pytest.raises(Reordered):
        check(TIGHT, [tight("a", 0, 5, 105, key="k"), tight("b", 6, 7, 100), tight("a", 8, 9, 105, key="k")])


def test_no_hole_is_left_when_every_key_was_answered():
    record = [tight("a", 0, 1, 100, key="k"), tight("b", 4, 5, 110), tight("a", 0, 6, 105, key="l")]
    check(TIGHT, record)
    with pytest.raises(Missing):
        check(TIGHT, record[:2])


# Calls without an answer


def test_a_call_without_an_answer_may_have_taken_its_values():
    record = [tight("a", 0, 1, 100), tight("a", 9, 10, 120)]
    check(TIGHT, [*record, lost("b", 2, count=3)])
    check(TIGHT, [*record, lost("b", 2, count=2), lost("c", 3), lost("d", 3)])
    check(TIGHT, [tight("a", 0, 1, 100), lost("b", 2, count=3)])


@pytest.mark.parametrize("counts", [(2,), (4,), (2, 2), (1, 1), ()])
def test_no_more_and_no_less_than_its_values(counts):
    record = [tight("a", 0, 1, 100), tight("a", 9, 10, 120)]
    with pytest.raises(Missing):
        check(TIGHT, [*record, *(lost("b", 2, count=count) for count in counts)])


def test_a_call_without_an_answer_fills_one_hole():
    two_holes = [tight("a", 0, 9, 100), tight("b", 0, 9, 110), tight("c", 0, 9, 120)]
    with pytest.raises(Missing):
        check(TIGHT, [*two_holes, lost("d", 2)])
    check(TIGHT, [*two_holes, lost("d", 2), lost("e", 2)])


def test_holes_are_filled_by_whatever_fits():
    """The first that fits the first hole is needed by the second."""
    record = [tight("a", 0, 9, 100), tight("b", 0, 9, 120), tight("c", 0, 9, 140)]
    check(TIGHT, [*record, lost("d", 1, count=1), lost("e", 1, count=2), lost("f", 1, count=3)])
    check(TIGHT, [*record, lost("d", 1, count=3), lost("e", 1, count=1), lost("f", 1, count=2)])
    with pytest.raises(Missing):
        check(TIGHT, [*record, lost("d", 1, count=2), lost("e", 1, count=2), lost("f", 1, count=2)])


def test_a_call_that_began_later_explains_nothing():
    with pytest.raises(Missing):
        check(TIGHT, [tight("a", 0, 1, 105), lost("b", 2)])


def test_a_call_that_was_over_before_explains_nothing():
    """It was certain not to be done any more when the value below the hole was asked for."""
    record = [tight("a", 5, 6, 100), tight("a", 7, 8, 110)]
    with pytest.raises(Missing):
        check(TIGHT, [*record, lost("b", 2, 4)])
    check(TIGHT, [*record, lost("b", 2, 5)])


def test_many_calls_without_an_answer_are_judged_soon():
    """A thousand crashes with six calls under way at each, half of which were done."""
    record, steps = [], 0
    for crash in range(1000):
        at = crash * 100
        record += [lost(f"c{i}", at + 50, at + 60, count=i + 1) for i in range(6)]
        steps += 1 + 3 + 5
        record.append(tight("a", at + 70, at + 80, 100 + 5 * steps))
        steps += 1
    assert check(TIGHT, record) == 1000
    with pytest.raises(Missing):
        check(TIGHT, [one for one in record if one.start != 50_050])


# Blocks


def test_a_crash_skips_a_block():
    record = [take("a", 0, 1, 1), take("a", 20, 21, 12)]
    check(LOOSE, record, crashes=[10])
    with pytest.raises(Missing):
        check(LOOSE, [record[0], take("a", 20, 21, 13)], crashes=[10])


def test_no_crash_skips_none():
    with pytest.raises(Missing):
        check(LOOSE, [take("a", 0, 1, 1), take("a", 20, 21, 3)])


@pytest.mark.parametrize("time", [-10, 5, 30])
def test_a_crash_before_or_after_skips_none(time):
    record = [take("a", 0, 1, 1), take("a", 8, 9, 2), take("a", 20, 21, 4), take("a", 25, 26, 5)]
    with pytest.raises(Missing):
        check(LOOSE, record, crashes=[time])
    check(LOOSE, record, crashes=[time, 15])


def test_each_crash_skips_a_block():
    check(LOOSE, [take("a", 0, 1, 1), take("a", 30, 31, 22)], crashes=[10, 20])
    with pytest.raises(Missing):
        check(LOOSE, [take("a", 0, 1, 1), take("a", 30, 31, 23)], crashes=[10, 20])


def test_a_crash_explains_nothing_of_a_gapless_sequence():
    with pytest.raises(Missing):
        check(TIGHT, [tight("a", 0, 1, 100), tight("a", 20, 21, 110)], crashes=[10])


def test_what_was_given_unseen_comes_on_top_of_the_block():
    record = [take("a", 0, 1, 1), lost("b", 5, 9, count=3), take("a", 20, 21, 15)]
    check(LOOSE, record, crashes=[10])
    with pytest.raises(Missing):
        check(LOOSE, [*record[:2], take("a", 20, 21, 16)], crashes=[10])


@pytest.mark.parametrize(("count", "is_explained"), [(1, True), (2, False)])
def test_a_call_with_a_key_that_a_crash_cut_off_may_leave_its_values(count, is_explained):
    record = [
        take("a", 0, 5, 1),
        lost("b", 6, 40, count, key="k"),
        take("a", 7, 8, 3),  # of value 2 it is not known who took it
        take("b", 50, 60, 4, count, key="k"),
    ]
    if is_explained:
        check(LOOSE, record)
    else:
        with pytest.raises(Missing):
            check(LOOSE, record)
    with pytest.raises(Missing):
        check(replace(LOOSE, mode=GAPLESS), record)
