"""What members, observers and callers of one group saw, and when: the history that checker.py judges.

All times are time.monotonic_ns() of one host. `at` is when the one who tells it knew; where a call lies behind
it, `began` is when that was made. A session is a membership's `session_id`. A reader is what reads one stream, or
makes one call: its name is told once.

Each record is a line of JSON on its own, so that a process that is killed leaves all that it knew.
"""
import json
import time
from dataclasses import asdict, dataclass
from typing import NamedTuple

JOINED, LEFT, EXPIRED, EVICTED = CHANGE_KINDS = "joined", "left", "expired", "evicted"
STATES = PENDING, SENT, ACKNOWLEDGED, GIVEN_UP = "pending", "sent", "acknowledged", "given_up"

# What a call or a stream that came to no good end said, besides the codes of the server.
LOST = "lost"  # nobody knows: the connection broke, it took too long, the server is stopping


def now():
    return time.monotonic_ns()


class Seat(NamedTuple):
    name: str
    session: int
    rank: int


class Change(NamedTuple):
    epoch: int
    kind: str
    name: str
    session: int
    rank: int


class Command(NamedTuple):
    id: int
    sender: str
    sender_rank: int
    epoch: int
    receivers: int
    time: str
    text: str


class Delivery(NamedTuple):
    name: str
    session: int
    state: str


@dataclass(frozen=True)
class View:
    """A group in one epoch, as a reader saw it."""

    at: int
    began: int
    reader: str
    epoch: int
    size: int
    rank: int = 0  # the reader's own; 0: none
    session: int = 0  # the reader's own
    seats: tuple = ()  # the first ones
    changes: tuple = ()
    pending: tuple = ()  # of the seats, in their order
    first: bool = False  # of its reader: nothing was before it
    steady: bool = False  # on a stream, whose views follow each other


@dataclass(frozen=True)
class Joined:
    """A session, new or not; its view is told besides."""

    at: int
    began: int
    name: str
    session: int
    reader: str  # the stream, or ""
    rejoined: bool
    rank: int
    size: int
    epoch: int
    ttl_ms: int
    renews: bool = False
    auto: bool = False


@dataclass(frozen=True)
class Asked:
    """A joining is about to be asked for, which may come to pass though nobody hears of it."""

    at: int
    name: str
    ttl_ms: int
    stream: bool
    renews: bool = False
    auto: bool = False


@dataclass(frozen=True)
class Got:
    """A member received a command: on a stream, by a fetch, by a callback."""

    at: int
    session: int
    reader: str
    command: Command


@dataclass(frozen=True)
class Fetched:
    """A fetch is over, and gave as many commands; it had asked for `most`."""

    at: int
    began: int
    session: int
    reader: str
    count: int
    most: int


@dataclass(frozen=True)
class Observed:
    """An observer was told of a command."""

    at: int
    reader: str
    event: int
    command: Command


@dataclass(frozen=True)
class Tried:
    """A command is about to be sent."""

    at: int
    name: str
    session: int
    text: str
    request: str


@dataclass(frozen=True)
class Sent:
    at: int
    began: int
    name: str
    session: int
    text: str
    request: str
    error: str  # "": accepted
    command: Command = None
    repeat: bool = False


@dataclass(frozen=True)
class Acked:
    at: int
    began: int
    session: int
    id: int
    error: str


@dataclass(frozen=True)
class Renewed:
    """Its view is told besides."""

    at: int
    began: int
    session: int
    error: str
    ttl_ms: int = 0


@dataclass(frozen=True)
class Left:
    at: int
    began: int
    name: str
    session: int
    error: str
    epoch: int = 0


@dataclass(frozen=True)
class Ended:
    """A stream is over; "" if in good order."""

    at: int
    session: int
    reader: str
    error: str


@dataclass(frozen=True)
class Looked:
    """GetCommand."""

    at: int
    began: int
    command: Command
    counts: tuple  # pending, sent, acknowledged, given up
    deliveries: tuple


@dataclass(frozen=True)
class Disturbed:
    """Something was done to a member, and a sign of life may fail from then on: killed, stopped, resumed, broken,
    silent. Told before it is done, but for `resumed`."""

    at: int
    name: str
    what: str


@dataclass(frozen=True)
class Served:
    """The daemon: spawned, ready, stopping, killed, gone."""

    at: int
    what: str


@dataclass(frozen=True)
class Settled:
    """From now on these sessions are members and have read all that there is."""

    at: int
    sessions: tuple


KINDS = {
    kind.__name__: kind
    for kind in (
        View,
        Joined,
        Asked,
        Got,
        Fetched,
        Observed,
        Tried,
        Sent,
        Acked,
        Renewed,
        Left,
        Ended,
        Looked,
        Disturbed,
        Served,
        Settled,
    )
}
LISTS = {"seats": Seat, "changes": Change, "deliveries": Delivery}


def dump(record):
    """A record as a line."""
    return json.dumps({"record": type(record).__name__, **asdict(record)}) + "\n"


def load(line):
    """The record of a line."""
    fields = json.loads(line)
    kind = KINDS[fields.pop("record")]
    for name, value in fields.items():
        if name in LISTS:
            fields[name] = tuple(LISTS[name](*row) for row in value)
        elif name == "command" and value is not None:
            fields[name] = Command(*value)
        elif isinstance(value, list):
            fields[name] = tuple(value)
    return kind(**fields)
