"""Checks the history of a group (records.py) for what ranks and commands promise.

`check` raises the Violation that the history shows, if it shows one, and else tells how much it could judge.
"""
from collections import Counter

from deliveries import Deliveries
from ladder import Ladder
from lives import Lives

QUEUE = 1000  # the server's default: unacknowledged commands that a member may have
SLACK_S = 10


def check(records, queue=QUEUE, slack_s=SLACK_S):
    records = list(records)
    ladder = Ladder(records)
    deliveries = Deliveries(records, ladder)
    Lives(records, ladder, deliveries, queue, slack_s)
    kinds = Counter(change.kind for change in ladder.changes.values())
    return Counter(
        histories=1,
        records=len(records),
        epochs=len(ladder.changes),
        unknown_epochs=ladder.unknown,
        commands=len(deliveries.commands),
        unplaced_commands=len(deliveries.unknown),
        deliveries=sum(len(own) for own in deliveries.expected.values()),
        **kinds,
    )
