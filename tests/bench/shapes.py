"""What groups of measurements are made of."""
from dataclasses import dataclass
from typing import Callable

from servers import SERVERS

BENCH, SEQUENCES = "bench", "sequences-bench"  # pages: what is written, and where


@dataclass(frozen=True)
class Entry:
    key: str
    label: str
    server: str
    drive: Callable  # (running, seconds) → figures
    protocol: str
    warm: bool = True  # driven for a while before


@dataclass(frozen=True)
class Column:
    figure: str
    title: str
    scale: float = 1.0
    spread: bool = False  # with the smallest and the largest value of all rounds
    ratio: str = ""  # the title of one more column with ordinald's value ÷ this one


@dataclass(frozen=True)
class Group:
    key: str
    title: str
    text: str
    columns: tuple
    entries: tuple
    compared: bool = True  # sorted by the first column
    less: bool = False  # of which less is better
    page: str = BENCH
    once: bool = False  # measured in the first round alone, since it takes long


CALLS = Column("calls_per_s", "calls/s", spread=True, ratio="ordinald ÷ this")
MILLIONS = Column("ids_per_s", "million IDs/s", 1e-6, spread=True, ratio="ordinald ÷ this")
CPU = Column("cpu_us", "server CPU a call, µs")
CPU_RATIO = Column("cpu_us", "server CPU a call, µs", ratio="ordinald ÷ this")
P50 = Column("p50_us", "p50, µs")
P50_RATIO = Column("p50_us", "p50, µs", spread=True, ratio="ordinald ÷ this")
P99 = Column("p99_us", "p99, µs")
P99_RATIO = Column("p99_us", "p99, µs", ratio="ordinald ÷ this")


def entries(drive, protocol, *keys):
    return tuple(Entry(key, SERVERS[key].label, key, drive, protocol) for key in keys)


def one(key, label, drive, protocol="grpc", server="ordinald", warm=True):
    return Entry(key, label, server, drive, protocol, warm)
