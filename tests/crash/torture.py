#!/usr/bin/python3
"""Kills the real ordinald again and again on one state directory, under load, while the wall clock is stepped.

Run as a program it does many cycles and reports; the same seed gives the same plan of kills, steps and loads:

    tests/crash/torture.py --cycles 10000 --seed 1 --directory /var/tmp/torture
"""
import argparse
import itertools
import json
import os
import random
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import daemon as programs  # noqa: E402
import load  # noqa: E402
import protos  # noqa: E402
import times  # noqa: E402
from history import History, Violation  # noqa: E402

# How a run ends: how often, and how far ahead of its clock it may have used slots.
ENDS = {
    "killed": (60, times.RESERVATION_MS),  # SIGKILL under load
    "killed at start": (10, times.RESERVATION_MS),  # SIGKILL at some moment before or after it is ready
    "killed in the drain": (10, times.RESERVATION_MS),  # SIGTERM under load, SIGKILL a moment later
    "stopped": (10, None),  # SIGTERM when all calls have ended
    "stopped under load": (10, times.LEAD_MS),
}
# Where the wall clock stands when a run starts, seen from the highest ID so far: behind, level, ahead.
WALL_MS = ((-86_400_000, -60_000), (-5_000, -1), (-50, 50), (1, 5_000), (5_000, 60_000))
# Steps of the wall clock during a run.
STEPS_MS = ((-3_600_000, -1_000), (-1_000, 1_000), (1_000, 9_000), (11_000, 3_600_000))
CALM, AHEAD = 3_000, 400_000  # the largest batch: the clock keeps up with it, or is left behind


class Unexpected(Violation):
    """A call failed that nobody had disturbed, or the daemon did not start or stop well."""


def durable(folder):
    """The options of an ordinald that keeps its reservations in that folder."""
    return ("--state-dir", str(folder / "state"))


@dataclass(frozen=True)
class Cycle:
    """What is planned for one run."""

    number: int
    end: str
    load_ms: float
    delay_ms: float  # between SIGTERM and SIGKILL, or start and SIGKILL
    wall_ms: int
    steps: tuple  # (share of the load's time, step in ms)
    largest: int

    def counts(self, kind):
        """Without end, the same for each kind of caller in each run of this plan."""
        rng = random.Random(f"{self.number}/{kind.__name__}/{self.load_ms}")
        return (int(self.largest ** rng.random()) for _ in itertools.count())


def plan(seed, number):
    rng = random.Random(f"{seed}/{number}")
    return Cycle(
        number=number,
        end=rng.choices(list(ENDS), [often for often, _ in ENDS.values()])[0],
        load_ms=rng.expovariate(1 / 60),
        delay_ms=rng.uniform(0, 25),
        wall_ms=rng.randint(*rng.choice(WALL_MS)),
        steps=tuple(
            sorted((rng.random(), rng.randint(*rng.choice(STEPS_MS))) for _ in range(rng.choice((0, 0, 1, 3))))
        ),
        largest=rng.choice((CALM, AHEAD)),
    )


class Wall:
    """The wall clock of the daemon, which wall.c lets step; all other clocks stay real."""

    def __init__(self, folder):
        self._file = folder / "wall"
        self.offset_ns = 0
        self.step(0)
        library = programs.BUILD / "tests/crash/wall.so"
        assert library.exists(), f"{library} is not built"
        self.environment = {"LD_PRELOAD": str(library), "WALL_OFFSET": str(self._file)}

    def now(self):
        """In milliseconds since the epoch of the layout."""
        return (time.time_ns() + self.offset_ns) / 1e6 - times.EPOCH_MS

    def step(self, step_ms):
        self.offset_ns += round(step_ms * 1e6)
        with open(self._file, "r+b" if self._file.exists() else "wb", buffering=0) as file:
            file.write(self.offset_ns.to_bytes(8, sys.byteorder, signed=True))

    def set(self, wall_ms):
        self.step(wall_ms - self.now())


def pause(seconds):
    """The moment of a kill is a matter of time, not of a condition."""
    threading.Event().wait(seconds)


def now_ms():
    return time.monotonic_ns() / 1e6


class Torture:
    """The daemon, its wall clock, and everything that was received so far."""

    def __init__(self, folder, types, *args):
        self.history, self.times, self.wall = History(), times.Times(), Wall(folder)
        self.types, self.args = types, args
        self.began = self.wall.now()
        self.killed = self.stopped = self.refusals = 0
        self.start_ms = []

    def run(self, cycle):
        """Raises the Violation that the cycle shows."""
        self.wall.set(max(self.began, times.time_of(self.history.highest)) + cycle.wall_ms)
        run = times.Run(spawned=now_ms(), wall=self.wall.now(), ended=0, spare=ENDS[cycle.end][1])
        daemon = programs.Daemon(*self.args, env=self.wall.environment, wait=False)
        try:
            if cycle.end == "killed at start":
                pause(cycle.delay_ms / 1000)
            else:
                self._serve(daemon, cycle, run)
            run.ended = now_ms()
        finally:
            daemon.kill()
        daemon.check_log()
        self.killed += cycle.end.startswith("killed")
        self.stopped += cycle.end.startswith("stopped")
        self.history.add(run.calls)
        self.times.add(run)

    def _serve(self, daemon, cycle, run):
        daemon.wait_until_ready()
        kind = load.KINDS[cycle.number % len(load.KINDS)]
        try:
            run.calls.append(load.one_call(kind, daemon, self.types))
        except (load.Refused, *load.LOST) as error:
            raise Unexpected(f"{kind.__name__} is refused at the start: {error!r}\n{daemon.log()}") from error
        self.start_ms.append(now_ms() - run.spawned)
        stop = threading.Event()
        callers = [load.Caller(kind, daemon, self.types, cycle.counts(kind), stop) for kind in load.KINDS]
        for caller in callers:
            caller.start()
        self._step_wall(cycle)
        disturbed = time.monotonic_ns()
        self._end(daemon, cycle, callers, stop)
        for caller in callers:
            run.calls += caller.calls
            self.refusals += caller.refusals
            if caller.failure and caller.failure[0] < disturbed:
                raise Unexpected(f"{caller.name} failed before the end: {caller.failure[1]}\n{daemon.log()}")

    def _step_wall(self, cycle):
        """Loads for its time, with the steps of the wall clock in it."""
        done = 0
        for share, step_ms in cycle.steps:
            pause((share - done) * cycle.load_ms / 1000)
            self.wall.step(step_ms)
            done = share
        pause((1 - done) * cycle.load_ms / 1000)

    def _end(self, daemon, cycle, callers, stop):
        if cycle.end == "stopped":
            stop.set()
            join(callers)
        if cycle.end == "killed":
            daemon.process.kill()
        else:
            daemon.terminate()
        if cycle.end == "killed in the drain":
            pause(cycle.delay_ms / 1000)
            daemon.process.kill()
        stop.set()
        join(callers)
        status = daemon.wait()
        if cycle.end.startswith("stopped") and status != 0:
            raise Unexpected(f"ordinald stopped with {status}:\n{daemon.log()}")

    def report(self):
        starts, leaps = sorted(self.start_ms) or [0], sorted(self.times.leaps) or [0]
        return {
            "cycles": self.killed + self.stopped,
            "killed": self.killed,
            "stopped": self.stopped,
            "calls": self.history.calls,
            "ids": self.history.ids,
            "refusals": self.refusals,
            "start_to_first_id_ms": {"median": round(starts[len(starts) // 2]), "most": round(starts[-1])},
            "restart_gap_ms": {"median": round(leaps[len(leaps) // 2]), "most": round(leaps[-1])},
        }


def join(callers):
    for caller in callers:
        caller.join(programs.PATIENCE)
        if caller.is_alive():
            raise Unexpected(f"{caller.name} hangs after {len(caller.calls)} calls")


def torture(folder, types, cycles, *args, tell=lambda report: None):
    """Does the cycles with an ordinald that is given `args`; returns the report. A Violation names its cycle."""
    tortured = Torture(folder, types, *args)
    for cycle in cycles:
        try:
            tortured.run(cycle)
        except Violation as violation:
            raise type(violation)(f"{cycle}: {violation}") from violation
        tell(tortured.report())
    return tortured.report()


def main():
    parser = argparse.ArgumentParser(description="Kills ordinald again and again, and checks what it gave.")
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--directory", type=Path, required=True, help="a new one, on the disk to be tried")
    options = parser.parse_args()
    options.directory.mkdir(parents=True)
    folder = options.directory.resolve()
    began = time.monotonic()

    def timed(report):
        return json.dumps({"seed": options.seed, "seconds": round(time.monotonic() - began), **report})

    def tell(report):
        if report["cycles"] % 100 == 0:
            print(timed(report), file=sys.stderr, flush=True)

    cycles = (plan(options.seed, number) for number in range(options.cycles))
    types = protos.Types(folder)
    try:
        report = torture(folder, types, cycles, *durable(folder), tell=tell)
    except Violation as violation:
        sys.exit(f"torture: {type(violation).__name__}: seed {options.seed}, {violation}")
    print(timed({**report, "violations": 0}))


if __name__ == "__main__":
    main()
