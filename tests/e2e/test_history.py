"""The checker of histories is shown to catch what it is for."""
import pytest

from history import Call, Falling, History, Reordered, Repeated, check, spans


def call(client, start, end, ids):
    return Call(client, start, end, spans(ids))

GOOD = [
    call("a", 0, 10, (1, 2, 3)),
    call("b", 5, 15, (4, 5)),
    call("c", 5, 9, (6,)),
    call("a", 11, 20, (7,)),
    call("b", 16, 17, ()),
    call("b", 18, 30, (9, 10)),
]


def test_good_history_passes():
    check(GOOD)


def test_overlapping_calls_may_come_in_any_order():
    check([call("a", 0, 10, (5,)), call("b", 1, 9, (3,)), call("c", 9, 20, (4,))])


@pytest.mark.parametrize("place", range(len(GOOD)))
def test_planted_duplicate_is_caught(place):
    stolen = (GOOD[(place + 2) % len(GOOD)].spans or GOOD[0].spans)[0][:1]
    one = GOOD[place]
    bad = GOOD[:place] + [Call(one.client, one.start, one.end, one.spans + (stolen,))] + GOOD[place + 1 :]
    with pytest.raises(Repeated):
        check(bad)


def test_duplicate_within_a_batch_is_caught():
    with pytest.raises(Repeated):
        check([call("a", 0, 1, (1, 2, 2))])


def test_falling_batch_is_caught():
    with pytest.raises(Falling):
        check([call("a", 0, 1, (1, 3, 2))])


def test_falling_caller_is_caught():
    with pytest.raises(Falling):
        check([call("a", 0, 1, (5,)), call("a", 2, 3, (4,))])


def test_reordering_between_callers_is_caught():
    with pytest.raises(Reordered):
        check([call("a", 0, 1, (5,)), call("b", 2, 3, (4,))])


def test_reordering_is_caught_behind_longer_calls():
    with pytest.raises(Reordered):
        check([call("a", 0, 2, (50,)), call("b", 0, 100, (10,)), call("c", 1, 4, (5,)), call("d", 5, 6, (20,))])


def test_last_id_of_a_batch_counts():
    with pytest.raises(Reordered):
        check([call("a", 0, 1, (1, 9)), call("b", 2, 3, (5, 10))])


def test_spans_are_compared_by_what_they_hold():
    """Two tags of one layout: their IDs lie between each other's, and are not the same."""
    even, odd = range(0, 1000, 2), range(1, 1000, 2)
    check([Call("a", 0, 10, (even,)), Call("b", 0, 10, (odd,))])
    for third in (range(6, 7), range(999, 2000), range(900, 1200, 7)):
        with pytest.raises(Repeated):
            check([Call("a", 0, 10, (even,)), Call("b", 0, 10, (odd,)), Call("c", 0, 10, (third,))])


def test_a_repetition_is_caught_inside_of_a_long_span():
    with pytest.raises(Repeated, match="^500 was given to a and to c$"):
        check(
            [
                Call("a", 0, 10, (range(0, 1_000_000),)),
                call("b", 0, 10, [2_000_000]),
                call("c", 0, 10, [500]),
            ]
        )


def history(*records):
    made = History()
    for record in records:
        made.add(record)
    return made


def test_records_that_follow_each_other_pass():
    made = history(GOOD, [call("a", 40, 41, (11, 12))], [], [call("a", 42, 43, (13,))])
    assert (made.records, made.calls, made.ids, made.highest) == (4, 7, 12, 13)


def test_a_repetition_of_an_earlier_record_is_caught():
    with pytest.raises(Repeated):
        history(GOOD, [call("z", 40, 41, (20,))], [call("z", 42, 43, (5, 30))])


def test_a_fall_below_an_earlier_record_is_caught():
    with pytest.raises(Reordered):
        history(GOOD, [call("z", 40, 41, (8,))])


def test_records_that_overlap_are_no_history():
    with pytest.raises(AssertionError, match="overlap"):
        history(GOOD, [call("z", 20, 41, (50,))])
