"""Checks a record of calls for what ordinal promises: no ID twice, rising for each caller, in the order of time.

A record is a list of Call: who called, when the call began and ended (one clock for all, time.monotonic_ns), and
the IDs that it gave, in their order, as spans: Python's ranges, so that a million IDs take little room.

`check` judges one record, `History` records that follow each other, such as those of the runs of a daemon that
crashes between them.
"""
from collections import defaultdict, deque
from dataclasses import dataclass

SPANS_KEPT = 200_000


@dataclass(frozen=True)
class Call:
    client: str
    start: int
    end: int
    spans: tuple

    @property
    def count(self):
        return sum(len(span) for span in self.spans)

    @property
    def low(self):
        return min(span[0] for span in self.spans)

    @property
    def high(self):
        return max(span[-1] for span in self.spans)


def spans(ids):
    """IDs, in their order, as spans."""
    found = []
    for one in ids:
        if found and one == found[-1].stop:
            found[-1] = range(found[-1].start, one + 1)
        else:
            found.append(range(one, one + 1))
    return tuple(found)


def spans_of_runs(runs):
    """The runs of a reply as spans."""
    return tuple(range(run.first, run.first + run.count * run.step, run.step) for run in runs)


class Violation(AssertionError):
    pass


class Repeated(Violation):
    """An ID was handed out twice."""


class Falling(Violation):
    """IDs of one caller, or of one batch, do not rise."""


class Reordered(Violation):
    """A call that ended before another began has an ID above one of the other's."""


def common(a, b):
    """An ID that both spans have, or None."""
    short, long = sorted((a, b), key=len)
    within = (one for one in short[max(0, -(-(long[0] - short[0]) // short.step)) :] if one <= long[-1])
    return next((one for one in within if one in long), None)


def check_unique(calls):
    """Sweeps over the spans from low to high; those that reach into the next are compared with it."""
    owners = sorted(((span, call) for call in calls for span in call.spans), key=lambda owned: owned[0][0])
    reaching = []
    for span, call in owners:
        reaching = [owned for owned in reaching if owned[0][-1] >= span[0]]
        for other, owner in reaching:
            one = common(span, other)
            if one is not None:
                raise Repeated(f"{one} was given to {owner.client} and to {call.client}")
        reaching.append((span, call))


def check_callers(calls):
    by_client = defaultdict(list)
    for call in calls:
        by_client[call.client].append(call)
    for client, own in by_client.items():
        last = -1
        for call in sorted(own, key=lambda call: call.start):
            for span in call.spans:
                if span[0] <= last:
                    raise Falling(f"{client} got {span[0]} after {last}")
                last = span[-1]


def check_order(calls):
    """Sweeps over starts and ends in time: a call's IDs lie above those of all calls that ended before it began."""
    starts = sorted((call for call in calls if call.spans), key=lambda call: call.start)
    ends = sorted(starts, key=lambda call: call.end)
    done, highest, owner = 0, -1, None
    for call in starts:
        while done < len(ends) and ends[done].end < call.start:
            if ends[done].high > highest:
                highest, owner = ends[done].high, ends[done]
            done += 1
        if call.low < highest:
            raise Reordered(f"{call.client} got {call.low} after {owner.client} had got {highest}")


def check(calls):
    """Raises the Violation that the record shows, if it shows one."""
    check_unique(calls)
    check_callers(calls)
    check_order(calls)


class History:
    """Records that follow each other: every call of one began after all calls of those before it had ended.

    So all IDs of a record lie above all that came before, and cannot repeat any of these. The newest spans are kept
    to tell a repetition from a mere fall.
    """

    def __init__(self):
        self.records = self.calls = self.ids = 0
        self.highest = self.ended = -1
        self._kept = deque(maxlen=SPANS_KEPT)

    def add(self, calls):
        """Raises the Violation that the record shows, by itself or against those before it."""
        check(calls)
        given = [call for call in calls if call.spans]
        assert all(call.start >= self.ended for call in given), "records overlap in time"
        fallen = [call for call in given if call.low <= self.highest]
        if fallen:
            self._tell_fall(fallen)
        self.records += 1
        self.calls += len(given)
        self.ids += sum(call.count for call in given)
        for call in given:
            self.highest, self.ended = max(self.highest, call.high), max(self.ended, call.end)
            self._kept.extend(call.spans)

    def _tell_fall(self, fallen):
        low = min(call.low for call in fallen)
        check_unique(fallen + [Call("an earlier run", 0, 0, tuple(old for old in self._kept if old[-1] >= low))])
        one = fallen[0]
        raise Reordered(f"{one.client} got {one.low} in run {self.records}, after {self.highest} in an earlier run")
