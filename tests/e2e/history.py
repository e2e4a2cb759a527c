"""Checks a record of calls for what ordinal promises: no ID twice, rising for each caller, in the order of time.

A record is a list of Call: who called, when the call began and ended (one clock for all, time.monotonic_ns), and
the IDs that it gave, in their order.
"""
from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    client: str
    start: int
    end: int
    ids: tuple


class Violation(AssertionError):
    pass


class Repeated(Violation):
    """An ID was handed out twice."""


class Falling(Violation):
    """IDs of one caller, or of one batch, do not rise."""


class Reordered(Violation):
    """A call that ended before another began has an ID above one of the other's."""


def check_unique(calls):
    seen = {}
    for call in calls:
        for one in call.ids:
            if one in seen:
                raise Repeated(f"{one} was given to {seen[one]} and to {call.client}")
            seen[one] = call.client


def check_callers(calls):
    by_client = defaultdict(list)
    for call in calls:
        by_client[call.client].append(call)
    for client, own in by_client.items():
        last = -1
        for call in sorted(own, key=lambda call: call.start):
            for one in call.ids:
                if one <= last:
                    raise Falling(f"{client} got {one} after {last}")
                last = one


def check_order(calls):
    """Sweeps over starts and ends in time: a call's IDs lie above those of all calls that ended before it began."""
    starts = sorted((call for call in calls if call.ids), key=lambda call: call.start)
    ends = sorted(starts, key=lambda call: call.end)
    done, highest = 0, None
    for call in starts:
        while done < len(ends) and ends[done].end < call.start:
            if highest is None or max(ends[done].ids) > max(highest.ids):
                highest = ends[done]
            done += 1
        if highest is not None and min(call.ids) < max(highest.ids):
            raise Reordered(
                f"{call.client} got {min(call.ids)} after {highest.client} had got {max(highest.ids)}"
            )


def check(calls):
    """Raises the Violation that the record shows, if it shows one."""
    check_unique(calls)
    check_callers(calls)
    check_order(calls)
