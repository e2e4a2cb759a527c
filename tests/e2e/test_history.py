"""The checker of histories is shown to catch what it is for."""
import pytest

from history import Call, Falling, Reordered, Repeated, check

GOOD = [
    Call("a", 0, 10, (1, 2, 3)),
    Call("b", 5, 15, (4, 5)),
    Call("c", 5, 9, (6,)),
    Call("a", 11, 20, (7,)),
    Call("b", 16, 17, ()),
    Call("b", 18, 30, (9, 10)),
]


def test_good_history_passes():
    check(GOOD)


def test_overlapping_calls_may_come_in_any_order():
    check([Call("a", 0, 10, (5,)), Call("b", 1, 9, (3,)), Call("c", 9, 20, (4,))])


@pytest.mark.parametrize("place", range(len(GOOD)))
def test_planted_duplicate_is_caught(place):
    stolen = GOOD[(place + 2) % len(GOOD)].ids or GOOD[0].ids
    call = GOOD[place]
    bad = GOOD[:place] + [Call(call.client, call.start, call.end, call.ids + stolen[:1])] + GOOD[place + 1 :]
    with pytest.raises(Repeated):
        check(bad)


def test_duplicate_within_a_batch_is_caught():
    with pytest.raises(Repeated):
        check([Call("a", 0, 1, (1, 2, 2))])


def test_falling_batch_is_caught():
    with pytest.raises(Falling):
        check([Call("a", 0, 1, (1, 3, 2))])


def test_falling_caller_is_caught():
    with pytest.raises(Falling):
        check([Call("a", 0, 1, (5,)), Call("a", 2, 3, (4,))])


def test_reordering_between_callers_is_caught():
    with pytest.raises(Reordered):
        check([Call("a", 0, 1, (5,)), Call("b", 2, 3, (4,))])


def test_reordering_is_caught_behind_longer_calls():
    with pytest.raises(Reordered):
        check([Call("a", 0, 2, (50,)), Call("b", 0, 100, (10,)), Call("c", 1, 4, (5,)), Call("d", 5, 6, (20,))])


def test_last_id_of_a_batch_counts():
    with pytest.raises(Reordered):
        check([Call("a", 0, 1, (1, 9)), Call("b", 2, 3, (5, 10))])
