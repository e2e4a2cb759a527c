"""Checks a record of calls of Next against what a sequence promises.

A record is a list of Take, of one sequence, over all runs of its server: who called, when (one clock for all,
time.monotonic_ns), and what came. It is held to be a fetch-and-add that is one, whoever called and over whatever:

- no value is given twice, and the values of a call are the right ones: `count` of them, `increment` apart;
- if one call returned before another began, its values are the smaller ones;
- calls with the same key get the same values: together they are one call, from the first one's start on;
- mode gapless: no value is missing, but for calls of which nobody knows the outcome, each of which may have taken as
  many as it asked for, at once, while it could;
- mode block: beyond these, each crash may skip values of one block; and a call with a key that it cut off may have taken
  its values already, though repeated it gets others.

Values count as steps from the sequence's start: 0, 1, 2, …
"""
import bisect
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Optional

from history import Call, Violation, check_order, check_unique

BLOCK, GAPLESS = "block", "gapless"
FOREVER = 1 << 63
SUBSETS_MAX = 1_000_000  # that are looked at before a record is called too tangled to judge


@dataclass(frozen=True)
class Sequence:
    name: str
    mode: str
    start: int = 1
    increment: int = 1
    block: int = 0  # the most that a crash skips


@dataclass(frozen=True)
class Take:
    client: str
    start: int
    end: int  # of one without an answer: when it was certain not to be done any more
    count: int
    first: Optional[int] = None  # None: nobody knows whether it was done
    last: Optional[int] = None
    key: str = ""

    @property
    def is_known(self):
        return self.first is not None


class Malformed(Violation):
    """An answer has values that the sequence does not have, or not as many as were asked for."""


class Unfaithful(Violation):
    """A call that was repeated with its key got other values."""


class Missing(Violation):
    """Values were given to nobody, and nothing explains that."""


@dataclass(frozen=True)
class Hole:
    """Steps from low up to, not including, high that no answer has."""

    low: int
    high: int
    after: int  # when the last of the calls with lower steps began: what fills it ended no earlier
    before: int  # when the first of the calls with higher steps ended: what fills it began no later

    @property
    def size(self):
        return self.high - self.low

    def admits(self, start, end):
        return start <= self.before and end >= self.after


def settle(takes):
    """Calls with the same key as one: begun with the first, over with the first answer."""
    by_key = defaultdict(list)
    for take in takes:
        if take.key:
            by_key[take.key].append(take)
    return [take for take in takes if not take.key] + [settle_one(group) for group in by_key.values()]


def settle_one(group):
    start = min(take.start for take in group)
    known = [take for take in group if take.is_known]
    if not known:
        return replace(group[0], start=start, end=max(take.end for take in group))
    answers = {(take.first, take.last, take.count) for take in known}
    if len(answers) > 1:
        raise Unfaithful(f"the key {group[0].key} got {' and '.join(map(str, sorted(answers)))}")
    return replace(known[0], start=start, end=min(take.end for take in known))


def cut_off(takes):
    """Calls with a key that were not answered, and then were when they were made again."""
    answered = {take.key for take in takes if take.key and take.is_known}
    return [take for take in takes if not take.is_known and take.key in answered]


def steps_of(sequence, take):
    """The steps of an answer, as a range."""
    low, off = divmod(take.first - sequence.start, sequence.increment)
    if off or low < 0 or take.last - take.first != (take.count - 1) * sequence.increment:
        raise Malformed(f"{take.client} got {take.first} to {take.last} for a count of {take.count}: {sequence}")
    return range(low, low + take.count)


def holes_between(owned):
    """`owned` is [(steps, take)] by steps, of which no two have one in common."""
    ends = [take.end for _, take in owned]
    soonest = list(accumulate(reversed(ends), min))[::-1]
    low, began = 0, 0
    for (steps, take), before in zip(owned, soonest):
        if steps.start > low:
            yield Hole(low, steps.start, began, before)
        low, began = steps.stop, max(began, take.start)


def groups_of(holes, unknown):
    """(holes, indices of unknown calls) that have to do with each other."""
    starts = sorted(range(len(unknown)), key=lambda i: unknown[i].start)
    began = [unknown[i].start for i in starts]
    groups = []
    for hole in holes:
        could = {i for i in starts[: bisect.bisect_right(began, hole.before)] if hole.admits(unknown[i].start, unknown[i].end)}
        members = [hole]
        while groups and groups[-1][1] & could:
            earlier, others = groups.pop()
            members, could = earlier + members, could | others
        groups.append((members, could))
    return groups


class Filling:
    """Looks for a way to fill holes with unknown calls, each of which fills its count or nothing."""

    def __init__(self, unknown, spare):
        self.unknown, self.spare, self.looked = unknown, spare, 0

    def fills(self, holes, free):
        """Whether all holes can be filled out of `free` and what a crash may have skipped."""
        return not holes or any(self.fills(holes[1:], free - used) for used in self.ways(holes[0], free))

    def ways(self, hole, free):
        """The sets of calls that, with what may have been skipped, fill a hole; of calls alike, one."""
        could = sorted(i for i in free if hole.admits(self.unknown[i].start, self.unknown[i].end))
        seen = set()
        for used in self.subsets(could, hole.size, max(0, hole.size - self.spare(hole))):
            kind = tuple(sorted((self.unknown[i].count, self.unknown[i].start, self.unknown[i].end) for i in used))
            if kind not in seen:
                seen.add(kind)
                yield frozenset(used)

    def subsets(self, could, most, least):
        self.looked += 1
        if self.looked > SUBSETS_MAX:
            raise AssertionError("too many calls without an answer to judge what is missing")
        if least <= 0:
            yield ()
        for at, i in enumerate(could):
            count = self.unknown[i].count
            if count <= most:
                for rest in self.subsets(could[at + 1 :], most - count, least - count):
                    yield (i, *rest)


def check_missing(sequence, owned, unknown, crashes):
    """`crashes` are times at which a run of the server ended without having been asked to, or not well."""

    def spare(hole):
        if sequence.mode == GAPLESS:
            return 0
        return sequence.block * sum(hole.admits(time, time) for time in crashes)

    for holes, could in groups_of(list(holes_between(owned)), unknown):
        if not Filling(unknown, spare).fills(holes, frozenset(could)):
            steps = ", ".join(f"{hole.low} to {hole.high - 1}" for hole in holes)
            raise Missing(
                f"of {sequence.name}, {sequence.mode}, steps {steps} were given to nobody; "
                f"{len(could)} calls without an answer and {sum(map(spare, holes))} that were skipped do not explain it"
            )


def check(sequence, takes, crashes=()):
    """Raises the Violation that the record shows, if it shows one; returns how many values were given."""
    settled = settle(takes)
    given = [(steps_of(sequence, take), take) for take in settled if take.is_known]
    calls = [Call(take.client, take.start, take.end, (steps,)) for steps, take in given]
    check_unique(calls)
    check_order(calls)
    owned = sorted(given, key=lambda pair: pair[0].start)
    unknown = [take for take in settled if not take.is_known]
    if sequence.mode == BLOCK:
        unknown += cut_off(takes)
    check_missing(sequence, owned, unknown, crashes)
    return sum(take.count for _, take in given)
