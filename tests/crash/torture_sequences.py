#!/usr/bin/python3
"""Kills the real ordinald again and again while callers take from its sequences, and checks all that came.

Calls with a key that were not answered are made again, in the next run and over another protocol, until they are. After
some runs, all that was taken is checked and new sequences are begun. Run as a program it does many cycles and reports:

    tests/crash/torture_sequences.py --cycles 10000 --seed 1 --directory /var/tmp/torture
"""
import argparse
import json
import random
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import daemon as programs  # noqa: E402
import protos  # noqa: E402
import taking  # noqa: E402
from history import Violation  # noqa: E402
from takes import BLOCK, GAPLESS, Sequence, check  # noqa: E402
from torture import Unexpected, Wall, durable, join, pause, plan  # noqa: E402

CHAPTER = 25  # runs that are checked together


def sequences_of(seed, chapter):
    """Two of each mode, with properties that differ from chapter to chapter."""
    rng = random.Random(f"{seed}/{chapter}")
    for number, mode in enumerate((BLOCK, GAPLESS) * 2):
        yield Sequence(
            name=f"{mode}-{chapter}-{number}",
            mode=mode,
            start=rng.choice((1, 0, -500, 10**12, -(2**63))),
            increment=rng.choice((1, 1, 7)),
            block=rng.choice((1, 20, 1000)) if mode == BLOCK else 0,
        )


class Torture:
    def __init__(self, folder, types, seed, *args):
        self.types, self.seed, self.args, self.wall = types, seed, args, Wall(folder)
        self.began = self.wall.now()
        self.chapter = self.killed = self.stopped = self.values = self.repeated = self.unknown = self.calls = 0
        self._begin_chapter()

    def _begin_chapter(self):
        self.sequences = list(sequences_of(self.seed, self.chapter))
        self.book, self.crashes, self.runs = taking.Book(), [], 0

    def run(self, cycle):
        """Raises the Violation that the cycle shows."""
        self.wall.set(self.began + cycle.wall_ms)
        daemon, callers = programs.Daemon(*self.args, env=self.wall.environment, wait=False), []
        try:
            if cycle.end == "killed at start":
                pause(cycle.delay_ms / 1000)
            else:
                self._serve(daemon, cycle, callers)
        finally:
            daemon.kill()
        ended = time.monotonic_ns()
        daemon.check_log()
        self._close_run(cycle, callers, ended)
        if self.runs == CHAPTER:
            self.settle()

    def _close_run(self, cycle, callers, ended):
        if cycle.end.startswith("killed"):
            self.killed += 1
            self.crashes.append(ended)
        else:
            self.stopped += 1
        self.runs += 1
        self.book.close_run(callers, ended)

    def _serve(self, daemon, cycle, callers):
        daemon.wait_until_ready()
        self._prepare(daemon)
        stop = threading.Event()
        for number, kind in enumerate(taking.KINDS):
            seed = f"{self.seed}/{cycle.number}/{number}"
            callers.append(taking.Caller(f"c{number}", kind, daemon, self.types, self.sequences, seed, stop))
        for caller in callers:
            caller.start()
        self._load(cycle)
        disturbed = time.monotonic_ns()
        self._end(daemon, cycle, callers, stop)
        for caller in callers:
            if caller.failure and caller.failure[0] < disturbed:
                raise Unexpected(f"{caller.name} failed before the end: {caller.failure[1]}\n{daemon.log()}")

    def _prepare(self, daemon):
        """The sequences are there; what was not answered is asked for again, and so is some that was."""
        sessions = [taking.Grpc(daemon, self.types), taking.RestGet(daemon, self.types)]
        try:
            for sequence in self.sequences:
                sessions[0].create(sequence)
            again, self.book.open = self.book.open + self.book.answered, []
            for number, wanted in enumerate(again):
                self.book.enter(wanted, wanted.take_by(sessions[number % 2], "again"))
            self.repeated += len(again)
        except taking.LOST as error:
            raise Unexpected(f"refused at the start: {error!r}\n{daemon.log()}") from error
        finally:
            for session in sessions:
                session.close()

    def _load(self, cycle):
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
        status = daemon.wait()
        stop.set()
        join(callers)
        if cycle.end.startswith("stopped") and status != 0:
            raise Unexpected(f"ordinald stopped with {status}:\n{daemon.log()}")

    def settle(self):
        """Answers what is open, checks the chapter, and begins another."""
        if self.runs == 0:
            return
        daemon = programs.Daemon(*self.args, env=self.wall.environment)
        try:
            self._prepare(daemon)
            last = taking.Grpc(daemon, self.types)
            for sequence in self.sequences:  # above all that is missing, so that it shows
                wanted = taking.Wanted(sequence, 1, "")
                self.book.enter(wanted, wanted.take_by(last, "last"))
            last.close()
            daemon.stop()
        finally:
            daemon.kill()
        self._check()
        self.chapter += 1
        self._begin_chapter()

    def _check(self):
        for sequence in self.sequences:
            takes = self.book.takes[sequence.name]
            self.values += check(sequence, takes, self.crashes)
            self.calls += len(takes)
            self.unknown += sum(not take.is_known for take in takes)

    def report(self):
        return {
            "cycles": self.killed + self.stopped,
            "killed": self.killed,
            "stopped": self.stopped,
            "calls": self.calls,
            "values": self.values,
            "without_answer": self.unknown,
            "asked_again": self.repeated,
        }


def torture(folder, types, seed, cycles, *args, tell=lambda report: None):
    """Does the cycles with an ordinald that is given `args`; returns the report. A Violation names its cycle."""
    tortured, cycle = Torture(folder, types, seed, *args), None
    try:
        for cycle in cycles:
            tortured.run(cycle)
            tell(tortured.report())
        tortured.settle()
    except Violation as violation:
        raise type(violation)(f"up to {cycle}: {violation}") from violation
    return tortured.report()


def main():
    parser = argparse.ArgumentParser(description="Kills ordinald again and again, and checks what its sequences gave.")
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
    try:
        report = torture(folder, protos.Types(folder), options.seed, cycles, *durable(folder), tell=tell)
    except Violation as violation:
        sys.exit(f"torture: {type(violation).__name__}: seed {options.seed}, {violation}")
    print(timed({**report, "violations": 0}))


if __name__ == "__main__":
    main()
