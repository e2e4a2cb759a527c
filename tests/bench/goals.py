"""The goals: what ordinald is held to, as ratios in one run, and whether a run shows them met."""
from dataclasses import dataclass
from typing import Callable, Optional

from shapes import BENCH, SEQUENCES

MET, NOT_MET, NOT_MEASURED, NOT_APPLICABLE = "met", "**not met**", "not measured", "does not apply"


@dataclass(frozen=True)
class Goal:
    subject: str
    text: str
    value: Callable  # Results → number, or None where it was not measured
    at_least: Optional[float] = None
    at_most: Optional[float] = None
    unit: str = "×"
    applies: Callable = lambda results: True
    page: str = BENCH


@dataclass(frozen=True)
class Verdict:
    goal: Goal
    value: Optional[float]
    word: str


def judge(goal, results):
    value = goal.value(results)
    if value is None:
        return Verdict(goal, None, NOT_MEASURED)
    if not goal.applies(results):
        return Verdict(goal, value, NOT_APPLICABLE)
    met = (goal.at_least is None or value >= goal.at_least) and (goal.at_most is None or value <= goal.at_most)
    return Verdict(goal, value, MET if met else NOT_MET)


def ratio(group, figure, other, one="ordinald"):
    return lambda results: results.ratio(group, figure, one, other)


def median(group, figure, entry="ordinald", scale=1.0):
    def value(results):
        found = results.median(group, entry, figure)
        return None if found is None else found * scale

    return value


def worst(group, figure, entry="ordinald", scale=1.0):
    def value(results):
        found = results.spread(group, entry, figure)
        return None if found is None else found[1] * scale

    return value


def growth(group):
    """The dearest call at 10 and more connections, in calls of one connection."""

    def value(results):
        ratios = [results.ratio(group, "cpu_us", more, "1") for more in ("10", "100", "1000")]
        return None if None in ratios else max(ratios)

    return value


def raw_epoll_is_fast(results):
    found = results.median("http", "http-epoll", "calls_per_s")
    return found is not None and found >= 100_000



def batch_goals(entry, name):
    yield Goal("Batches", f"{name}: 4,096,000 IDs/s flow", median("batches", "ids_per_s", entry),
               at_least=4_096_000, unit="IDs/s")
    yield Goal("Batches", f"{name}: under 5 % of one core", median("batches", "core_share", entry, 100),
               at_most=5, unit="%")
    yield Goal("Batches", f"{name}: no stall over 5 ms, in any round", worst("batches", "max_us", entry, 1e-3),
               at_most=5, unit="ms")


def sequence_goals():
    for mode, beside in (("block", "Postgres nextval"), ("gapless", "a row of Postgres")):
        for callers in (1, 16, 64):
            group = f"seq-{mode}-{callers}"
            subject = f"{mode.capitalize()}, {callers} caller{'s' * (callers > 1)}"
            for entry, protocol in (("ordinald", "gRPC"), ("rest", "REST")):
                yield Goal(subject, f"{protocol}: ≥ 3 × {beside}", ratio(group, "calls_per_s", "postgres", entry), 3.0,
                           page=SEQUENCES)
                if callers > 1:
                    yield Goal(subject, f"{protocol}: ≥ Redis INCR, `appendfsync always`",
                               ratio(group, "calls_per_s", "redis-always", entry), 1.0, page=SEQUENCES)


UNARY, SINGLE, HTTP = "gRPC unary", "gRPC, one call in flight", "HTTP"

GOALS = [
    Goal(UNARY, "≥ 2.0 × grpc-go", ratio("grpc-unary", "calls_per_s", "grpc-go"), 2.0),
    Goal(UNARY, "≥ 2.0 × grpc-go with Go's own settings", ratio("grpc-unary", "calls_per_s", "grpc-go-default"), 2.0),
    Goal(UNARY, "≥ 2.5 × gRPC C++ async", ratio("grpc-unary", "calls_per_s", "cpp-async"), 2.5),
    Goal(UNARY, "≥ 0.35 × raw epoll HTTP/2", ratio("grpc-unary", "calls_per_s", "h2-epoll"), 0.35),
    Goal(UNARY, "≥ 0.95 × bare C core, tuned", ratio("grpc-unary", "calls_per_s", "core-tuned"), 0.95),
    Goal(UNARY, "≥ 100,000 calls/s, where raw epoll HTTP/1.1 does as many", median("grpc-unary", "calls_per_s"),
         100_000, unit="calls/s", applies=raw_epoll_is_fast),
    Goal(UNARY, "server CPU a call ≤ 0.33 × grpc-go", ratio("grpc-unary", "cpu_us", "grpc-go"), at_most=0.33),
    Goal(UNARY, "server CPU a call ≤ 0.33 × grpc-go with Go's own settings",
         ratio("grpc-unary", "cpu_us", "grpc-go-default"), at_most=0.33),
    Goal(SINGLE, "p50 ≤ 0.6 × grpc-go", ratio("grpc-single", "p50_us", "grpc-go"), at_most=0.6),
    Goal("gRPC stream", "≥ 1.2 × grpc-go, one ID a message", ratio("grpc-stream", "calls_per_s", "grpc-go"), 1.2),
    Goal("gRPC unary of 1,000", "IDs/s ≥ 2.5 × grpc-go", ratio("grpc-lists", "ids_per_s", "grpc-go"), 2.5),
    Goal(HTTP, "≥ 0.80 × raw epoll HTTP/1.1", ratio("http", "calls_per_s", "http-epoll"), 0.80),
    Goal(HTTP, "≥ 0.90 × nginx", ratio("http", "calls_per_s", "nginx"), 0.90),
    Goal(HTTP, "≥ 1.45 × Go net/http", ratio("http", "calls_per_s", "http-go"), 1.45),
    Goal(HTTP, "p99 ≤ 0.3 × Go net/http", ratio("http", "p99_us", "http-go"), at_most=0.3),
    Goal(HTTP, "≥ Redis INCR, unpipelined", ratio("http", "calls_per_s", "redis"), 1.0),
    Goal(HTTP, "pipelined × 16: ≥ 1.5 × nginx", ratio("http-pipelined", "calls_per_s", "nginx"), 1.5),
    Goal("Both at once", "shares of their own best add up to ≥ 1.2", median("both", "shares"), 1.2, unit=""),
    Goal("Both at once", "no ID out of order, in any round", worst("both", "order_violations"), at_most=0, unit=""),
    *batch_goals("grpc", "gRPC"),
    *batch_goals("http", "HTTP"),
    Goal("Durability", "gRPC: ≥ 0.98 × in memory", ratio("durable-grpc", "calls_per_s", "memory"), 0.98),
    Goal("Durability", "HTTP: ≥ 0.98 × in memory", ratio("durable-http", "calls_per_s", "memory"), 0.98),
    Goal("Size", "resident memory ≤ 16 MB", median("small", "resident_bytes", scale=1e-6), at_most=16, unit="MB"),
    Goal("Size", "start to first ID ≤ 50 ms", median("small", "start_ms"), at_most=50, unit="ms"),
    Goal("Size", "program ≤ 3 MB", median("small", "binary_bytes", scale=1e-6), at_most=3, unit="MB"),
    Goal("Connections", "gRPC: CPU a call at 10 to 1,000 ≤ 1.2 × at 1", growth("curve-grpc"), at_most=1.2),
    Goal("Connections", "HTTP: CPU a call at 10 to 1,000 ≤ 1.2 × at 1", growth("curve-http"), at_most=1.2),
    Goal("Connections", "1,000 over HTTP are served within 1 s, in any round", worst("thousand", "slowest_ms"),
         at_most=1000, unit="ms"),
    *sequence_goals(),
]
