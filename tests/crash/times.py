"""Checks what the IDs of runs that follow each other on one state directory say of time.

A run's clock is anchored at its start, to the wall clock or to the end of what was reserved before, whichever is
later; then it follows a clock that nobody sets, and is drawn to the wall clock by at most 500 millionths. From this
follow bounds for every ID, without looking into the daemon:

- a run starts at the wall clock or above what came before: right there after a stop without load, above what calls
  may have claimed after a stop under load, at most one reservation higher after a crash;
- an ID is never older than the run's clock when its call began, nor more than `borrow` ahead of it when it ended.

Times are milliseconds. Those of the wall clock and of IDs count from the layout's epoch, those of the checker's own
clock (time.monotonic) from anywhere.
"""
from dataclasses import dataclass, field

from history import Violation

EPOCH_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
BORROW_MS = 1000
LEAD_MS = BORROW_MS + 1000  # what calls can claim: borrow and the longest wait
RESERVATION_MS = LEAD_MS + 2000
SLEW = 500e-6
SLACK_MS = 3  # rounding to ticks on both sides


class Leapt(Violation):
    """A run started further ahead than a reservation explains, or below what came before."""


class Ahead(Violation):
    """An ID lies further ahead of the run's clock than `borrow`."""


class Stale(Violation):
    """An ID is older than the run's clock when its call began."""


def time_of(one):
    """The time of an ID in the default layout."""
    return one >> 22


def ms(ns):
    return ns / 1e6


@dataclass
class Run:
    """One run of the daemon; `wall` is the wall clock that it saw when it was spawned."""

    spawned: float
    wall: float
    ended: float
    spare: float  # how far ahead of its clock it may have used slots; None: it used those that it gave, no more
    calls: list = field(default_factory=list)  # the first one was made alone


class Times:
    def __init__(self):
        self.leaps = []  # how far each run started above what the clocks explain
        self._low = self._high = 0  # what the runs so far have used up: at least, at most

    def add(self, run):
        """Raises the Violation that the run shows."""
        if run.calls:
            self._check_start(run, run.calls[0])
            for call in run.calls:
                self._check_call(run.calls[0], call)
        self._end(run)

    def _check_start(self, run, first):
        started = time_of(first.low)
        passed = (ms(first.end) - run.spawned) * (1 + SLEW)
        low, high = max(run.wall, self._low), max(run.wall, self._high) + passed
        if not low - SLACK_MS <= started <= high + SLACK_MS:
            raise Leapt(f"a run starts at {started}; at least {low:.0f} and at most {high:.0f} is explained")
        self.leaps.append(max(0, started - low - passed))

    def _check_call(self, first, call):
        began = ms(call.start) - ms(first.end)
        oldest = time_of(first.low) + began * (1 - SLEW) if began > 0 else 0
        newest = time_of(first.low) + (ms(call.end) - ms(first.start)) * (1 + SLEW) + BORROW_MS
        if time_of(call.low) < oldest - SLACK_MS:
            raise Stale(f"{call.client} got {call.low} of {time_of(call.low)}; the clock was past {oldest:.0f}")
        if time_of(call.high) > newest + SLACK_MS:
            raise Ahead(f"{call.client} got {call.high} of {time_of(call.high)}; {newest:.0f} is the most")

    def _end(self, run):
        """What the run may have used up."""
        if run.calls:
            self._low = time_of(max(call.high for call in run.calls))
            clock = time_of(run.calls[0].low) + (run.ended - ms(run.calls[0].start)) * (1 + SLEW)
        else:
            clock = max(run.wall, self._high) + (run.ended - run.spawned) * (1 + SLEW)
        self._high = self._low + 1 if run.spare is None else clock + run.spare + SLACK_MS
