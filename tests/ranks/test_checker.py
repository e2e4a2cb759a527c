"""The checker of histories: it takes what keeps the promises, and finds each way of breaking them."""
from dataclasses import replace

import pytest

import checker
import violations
from records import (
    EVICTED,
    LEFT,
    SENT,
    Acked,
    Command,
    Delivery,
    Disturbed,
    Fetched,
    Got,
    Joined,
    Left,
    Looked,
    Observed,
    Renewed,
    Seat,
    Sent,
    Served,
    Tried,
    View,
    dump,
    load,
)
from story import MS, Story


def life():
    """A history with everything in it: who is in at the end is a, d, e, f."""
    story = Story()
    for name in "abc":
        story.join(name)
    story.join("d", stream=False, renews=True)
    story.join("e", renews=True)
    first = story.send("a", "first", "r-first", tries=2)
    story.fetch("d")
    story.ack("b", first.id)
    story.ack("d", first.id)
    story.renew("d")
    story.renew("e")
    second = story.send("b", "second")
    story.end("e")
    story.join("e", renews=True)
    story.again("e")
    story.leave("b")
    story.refused("b", "too late")
    story.hurt("c")
    story.tick(1500)
    story.expire("c")
    story.renew("c")
    story.join("c")
    story.join("f")
    third = story.send("d", "third")
    story.fetch("d")
    story.tick(5000)
    story.crash()
    story.list()
    fourth = story.send("a", "fourth")
    story.fetch("d")
    story.ack("e", fourth.id)
    for command in (first, second, third, fourth):
        story.look(command.id)
    story.leave("c")
    story.list()
    story.settle()
    return story.records


def find(records, kind, **fields):
    """Where the first record of a kind is with such fields."""
    return next(
        i
        for i, record in enumerate(records)
        if isinstance(record, kind) and all(getattr(record, key) == value for key, value in fields.items())
    )


def text(records, kind, text_, number=0):
    """Where a kind of record has a command with that text."""
    found = [
        i for i, record in enumerate(records) if isinstance(record, kind) and record.command and record.command.text == text_
    ]
    return found[number]


def change(records, i, **fields):
    records[i] = replace(records[i], **fields)


def session(records, name, which=-1):
    return [record.session for record in records if isinstance(record, Joined) and record.name == name][which]


def big_view(records, which=-1):
    """Where a view with members is."""
    return [i for i, record in enumerate(records) if isinstance(record, View) and len(record.seats) > 3][which]


def epoch_view(records):
    """Where an observer's view is that tells of a change."""
    return [i for i, record in enumerate(records) if isinstance(record, View) and record.changes][-1]


# Each plants one fault.


def swapped_members(records):
    i = big_view(records)
    a, b, *rest = records[i].seats
    change(records, i, seats=(Seat(b.name, b.session, 1), Seat(a.name, a.session, 2), *rest))


def gap_in_ranks(records):
    i = big_view(records)
    change(records, i, seats=(*records[i].seats[:-1], records[i].seats[-1]._replace(rank=9)))


def a_name_twice(records):
    i = big_view(records)
    a, *rest, z = records[i].seats
    change(records, i, seats=(a, *rest, z._replace(name=a.name)))


def a_wrong_rank_of_ones_own(records):
    i = find(records, View, rank=2, size=4)
    change(records, i, rank=3)


def another_membership_in_one_epoch(records):
    i = big_view(records)
    *rest, z = records[i].seats
    change(records, i, seats=(*rest, z._replace(session=z.session + 1000)))


def another_size_in_one_epoch(records):
    i = big_view(records)
    change(records, i, seats=(), size=records[i].size + 1)


def a_change_that_is_another(records):
    i = epoch_view(records)
    *rest, last = records[i].changes
    change(records, i, changes=(*rest, last._replace(kind=EVICTED)))


def a_change_that_does_not_lead_there(records):
    for i, record in enumerate(records):
        if isinstance(record, View) and record.changes:
            told = tuple(one._replace(rank=1) if one.kind == LEFT else one for one in record.changes)
            change(records, i, changes=told)


def a_change_left_out(records):
    change(records, epoch_view(records), changes=())


def two_changes_in_one_epoch(records):
    """Nobody tells of changes, and an epoch has two members more than the one before."""
    for i, record in enumerate(records):
        if isinstance(record, View):
            change(records, i, changes=(), steady=False)
    i = find(records, View, epoch=2)
    seats = records[i].seats
    for i, record in enumerate(records):
        if isinstance(record, View) and record.epoch == 1:
            change(records, i, seats=(), size=0, rank=0)
    assert len(seats) == 2


def an_epoch_that_falls(records):
    i = epoch_view(records)
    before = [record for record in records[:i] if isinstance(record, View) and record.reader == records[i].reader][-1]
    records.insert(i + 1, replace(before, at=records[i].at + 1))


def a_stale_list(records):
    old = records[big_view(records, 0)]
    end = records[-1].at
    records.append(replace(old, reader="list/x", began=end + 1, at=end + 2, rank=0, session=0, first=True, steady=False))


def a_stale_acceptance(records):
    i = text(records, Sent, "fourth")
    later = records[-1].at
    command = records[i].command
    records.append(Sent(later + 2, later + 1, "a", 0, "fourth", "x", "", command, False))
    records[i] = replace(records[i], command=None, error="lost")


def a_session_that_comes_back(records):
    """The change that made c leave is undone in the last view, which is one epoch on."""
    story = Story()
    story.join("a")
    story.join("b")
    story.leave("b")
    story.join("c")
    records[:] = story.records
    seat = Seat("b", session(records, "b"), 2)
    gone = [record for record in records if isinstance(record, View) and record.epoch == 4]
    for i, record in enumerate(records):
        if isinstance(record, View):
            change(records, i, changes=(), steady=False)
        if record in gone:
            change(records, i, seats=(record.seats[0], seat), rank=0)


def over_but_in(records):
    at = records[-1].at
    records.insert(-1, Renewed(at - 1, at - 2, session(records, "e"), "session-over"))


def over_and_seen_again(records):
    i = find(records, Served, what="ready")
    at = records[i].at - 300 * MS
    records.insert(i, Acked(at, at - 1, session(records, "e"), 1, "session-over"))
    del records[-1]


def new_but_the_same_session(records):
    i = find(records, Joined, name="e", rejoined=True)
    change(records, i, rejoined=False)


def the_session_of_another(records):
    i = find(records, Joined, name="e", rejoined=True)
    change(records, i, session=session(records, "a"))


def a_command_of_nobody(records):
    command = Command(9999, "a", 1, 5, 4, "", "never sent")
    records.append(Observed(records[-1].at + 1, "watch/x", 9999, command))


def change_command(records, text_, **fields):
    for i, record in enumerate(records):
        command = getattr(record, "command", None)
        if command is not None and command.text == text_:
            change(records, i, command=command._replace(**fields))


def a_sender_of_another_rank(records):
    change_command(records, "second", sender_rank=3)


def a_sender_that_had_left(records):
    """What b sent too late is accepted in the epoch in which it was no member any more."""
    i, left = find(records, Sent, text="too late"), records[find(records, Left, name="b")]
    command = Command(left.session + 5000, "b", 2, left.epoch, 3, "", "too late")
    change(records, i, error="", command=command)


def another_session_of_the_sender(records):
    change(records, find(records, Tried, text="second"), session=1)


def two_commands_of_one_request(records):
    i = text(records, Sent, "first", 1)
    command = records[i].command
    change(records, i, command=command._replace(id=command.id + 5000))


def accepted_twice(records):
    change(records, text(records, Sent, "first", 1), repeat=False)


def repeat_of_nothing(records):
    change(records, text(records, Sent, "second"), repeat=True)


def two_contents(records):
    i = text(records, Got, "first")
    change(records, i, command=records[i].command._replace(time="2026-01-01T00:00:01Z"))


def a_count_of_receivers(records):
    change_command(records, "second", receivers=7)


def delivered_upwards(records):
    i = text(records, Got, "second")
    records.insert(i, replace(records[i], session=session(records, "a"), reader="stream/a"))


def delivered_to_one_who_joined_later(records):
    i = find(records, Joined, name="f")
    got = records[text(records, Got, "third")]
    records.append(replace(got, session=records[i].session, reader="fetch/x", command=records[text(records, Got, "first")].command))


def skipped_on_a_stream(records):
    reader = [record.reader for record in records if isinstance(record, Joined) and record.name == "e"][1]
    _, i, *_ = [i for i, record in enumerate(records) if isinstance(record, Got) and record.reader == reader]
    del records[i]


def skipped_at_the_end(records):
    i = [i for i, record in enumerate(records) if isinstance(record, Got) and record.session == session(records, "f")]
    del records[i[-1]]


def skipped_at_the_start_of_a_stream(records):
    second = [record.reader for record in records if isinstance(record, Joined) and record.name == "e"][1]
    del records[next(i for i, record in enumerate(records) if isinstance(record, Got) and record.reader == second)]


def left_out_of_a_fetch(records):
    i = [i for i, record in enumerate(records) if isinstance(record, Fetched)][-1]
    reader = records[i].reader
    records[:] = [record for record in records if not (isinstance(record, Got) and record.reader == reader)]
    change(records, find(records, Fetched, reader=reader), count=0)


def twice_on_a_stream(records):
    i = text(records, Got, "second")
    records.insert(i, records[i])


def in_another_order(records):
    reader = [record.reader for record in records if isinstance(record, Joined) and record.name == "e"][1]
    i, j, *_ = [i for i, record in enumerate(records) if isinstance(record, Got) and record.reader == reader]
    records[i], records[j] = records[j], records[i]


def again_after_its_acknowledgement(records):
    i = [i for i, record in enumerate(records) if isinstance(record, Fetched)][1]
    got = records[text(records, Got, "first", 3)]
    first = records[find(records, Got, session=session(records, "d"))]
    assert got is not None and first.command.text == "first"
    records.insert(i, replace(first, reader=records[i].reader, at=records[i].at - 1))
    change(records, i + 1, count=2)


def a_gap_for_an_observer(records):
    del records[text(records, Observed, "second")]


def change_look(records, text_, name, state):
    i = text(records, Looked, text_)
    told = tuple(one._replace(state=state) if one.name == name else one for one in records[i].deliveries)
    counts = tuple(sum(one.state == each for one in told) for each in ("pending", "sent", "acknowledged", "given_up"))
    change(records, i, deliveries=told, counts=counts)


def acknowledged_but_told_sent(records):
    change_look(records, "first", "d", SENT)


def told_acknowledged_but_not(records):
    change_look(records, "fourth", "f", "acknowledged")


def given_up_but_in(records):
    change_look(records, "fourth", "f", "given_up")
    assert any(isinstance(one, View) and one.first for one in records[text(records, Looked, "fourth") :])


def gone_but_still_sent(records):
    change_look(records, "second", "c", SENT)


def counts_that_are_wrong(records):
    change(records, text(records, Looked, "third"), counts=(1, 0, 0, 0))


def deliveries_to_others(records):
    i = text(records, Looked, "third")
    change(records, i, deliveries=(Delivery("z", 1, SENT), *records[i].deliveries[1:]))


def left_without_leaving(records):
    del records[find(records, Left, name="b")]


def left_as_another(records):
    change(records, find(records, Left, name="b"), epoch=2)


def ended(kind, prepare, ms=0):
    """A history in which b's end is of that kind, after what `prepare` tells."""

    def plant(records):
        story = Story()
        story.join("a")
        story.join("b", stream=prepare != "renew", renews=prepare == "renew")
        if prepare == "renew":
            story.tick(3000)
            story.renew("b")
        elif prepare:
            story.hurt("b", prepare)
        story.tick(ms)
        story.expire("b", kind)
        records[:] = story.records

    return plant


def expired_after_a_start(records):
    story = Story()
    story.join("a")
    story.join("b", stream=False)
    story.tick(1500)
    story.crash()
    story.list()
    story.tick(1000)
    story.expire("b")
    records[:] = story.records


def killed_but_in(records):
    story = Story()
    story.join("a")
    story.join("b")
    story.hurt("b")
    story.tick(20_000)
    story.list()
    records[:] = story.records


def expired_too_late(records):
    killed_but_in(records)
    story = Story()
    story.join("a")
    story.join("b")
    story.hurt("b")
    story.tick(20_000)
    story.expire("b")
    records[:] = story.records


def an_observer_that_is_not_told(records):
    story = Story()
    story.join("a")
    watch = story.watch
    story.join("b")
    story.tick(20_000)
    story.list()
    records[:] = [
        record for record in story.records if not (isinstance(record, View) and record.reader == watch and record.epoch == 2)
    ]


FAULTS = [
    (swapped_members, "Disordered"),
    (gap_in_ranks, "Disordered"),
    (a_name_twice, "Disordered"),
    (a_wrong_rank_of_ones_own, "Disordered"),
    (another_membership_in_one_epoch, "Forked"),
    (another_size_in_one_epoch, "Forked"),
    (a_change_that_is_another, "Forked"),
    (a_change_that_does_not_lead_there, "Forked"),
    (a_change_left_out, "Forked"),
    (two_changes_in_one_epoch, "Forked"),
    (left_as_another, "Forked"),
    (an_epoch_that_falls, "Stale"),
    (a_stale_list, "Stale"),
    (a_stale_acceptance, "Stale"),
    (a_session_that_comes_back, "Returned"),
    (over_but_in, "Returned"),
    (over_and_seen_again, "Returned"),
    (new_but_the_same_session, "Returned"),
    (the_session_of_another, "Returned"),
    (a_command_of_nobody, "Stranger"),
    (a_sender_of_another_rank, "Stranger"),
    (a_sender_that_had_left, "Stranger"),
    (another_session_of_the_sender, "Stranger"),
    (two_commands_of_one_request, "Doubled"),
    (accepted_twice, "Doubled"),
    (repeat_of_nothing, "Doubled"),
    (two_contents, "Doubled"),
    (a_count_of_receivers, "Misdelivered"),
    (delivered_upwards, "Misdelivered"),
    (delivered_to_one_who_joined_later, "Misdelivered"),
    (skipped_on_a_stream, "Skipped"),
    (skipped_at_the_end, "Skipped"),
    (skipped_at_the_start_of_a_stream, "Skipped"),
    (left_out_of_a_fetch, "Skipped"),
    (a_gap_for_an_observer, "Skipped"),
    (twice_on_a_stream, "Repeated"),
    (in_another_order, "Repeated"),
    (again_after_its_acknowledgement, "Repeated"),
    (acknowledged_but_told_sent, "Misstated"),
    (told_acknowledged_but_not, "Misstated"),
    (given_up_but_in, "Misstated"),
    (gone_but_still_sent, "Misstated"),
    (counts_that_are_wrong, "Misstated"),
    (deliveries_to_others, "Misstated"),
    (left_without_leaving, "Ousted"),
    (ended("expired", "", 3000), "Ousted"),
    (ended("expired", "renew", 1500), "Ousted"),
    (ended("expired", "killed", 500), "Ousted"),
    (expired_after_a_start, "Ousted"),
    (ended(EVICTED, ""), "Ousted"),
    (killed_but_in, "Lingering"),
    (expired_too_late, "Lingering"),
    (an_observer_that_is_not_told, "Lingering"),
]


def test_a_good_history_passes():
    told = checker.check(life())
    assert told["commands"] == 4 and told["unplaced_commands"] == told["unknown_epochs"] == 0
    assert (told["joined"], told["left"], told["expired"]) == (7, 2, 1)


@pytest.mark.parametrize("fault, kind", FAULTS, ids=[f"{i}-{fault.__name__}" for i, (fault, _) in enumerate(FAULTS)])
def test_a_planted_fault_is_found(fault, kind):
    records = life()
    fault(records)
    with pytest.raises(getattr(violations, kind)) as found:
        checker.check(records)
    assert type(found.value).__name__ == kind


def test_every_violation_is_planted():
    kinds = {name for name, kind in vars(violations).items() if isinstance(kind, type)} - {"Violation"}
    assert kinds == {kind for _, kind in FAULTS}


@pytest.mark.parametrize(
    "prepare, ms, kind", [("renew", 2000, "expired"), ("killed", 1000, "expired"), ("stopped", 9000, "expired")]
)
def test_an_end_in_its_time_passes(prepare, ms, kind):
    records = []
    ended(kind, prepare, ms)(records)
    assert checker.check(records)["expired"] == 1


def test_an_acknowledgement_just_before_a_crash_may_be_forgotten():
    story = Story()
    story.join("a")
    story.join("b", stream=False)
    first = story.send("a", "first")
    story.fetch("b")
    story.ack("b", first.id)
    story.crash()
    story.acked[story.sessions["b"]] = 0
    story.fetch("b")
    checker.check(story.records)
    records = [
        replace(record, what="stopping") if isinstance(record, Served) and record.what == "killed" else record
        for record in story.records
    ]
    with pytest.raises(violations.Repeated):
        checker.check(records)


def test_posts_come_one_by_one_and_may_come_again():
    story = Story()
    story.join("a")
    story.join("b", stream=False)
    for i in range(3):
        story.send("a", f"{i}")
    story.post("b")
    story.settle()
    checker.check(story.records)
    posts = [i for i, record in enumerate(story.records) if isinstance(record, Got)]
    again = story.records.copy()
    again.insert(posts[1], again[posts[1]])
    checker.check(again)
    skipped = story.records.copy()
    del skipped[posts[1]]
    with pytest.raises(violations.Skipped):
        checker.check(skipped)


def test_who_is_evicted_had_too_much_to_acknowledge():
    story = Story()
    story.join("a")
    story.join("b")
    for i in range(5):
        story.send("a", f"{i}")
    story.expire("b", EVICTED)
    checker.check(story.records, queue=4)
    with pytest.raises(violations.Ousted):
        checker.check(story.records, queue=5)


def test_records_are_lines():
    story = life()
    assert [load(dump(record)) for record in story] == story
    assert Disturbed in {type(record) for record in story}
