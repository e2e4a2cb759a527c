#!/usr/bin/python3
"""Plays scenarios of ranks (scenarios.py), many at once in groups of their own, against a real ordinald that is stopped
and killed meanwhile, and checks the history of each.

    tests/ranks/torture.py --scenarios 1000 --seed 1 --directory /var/tmp/ranks

The same seed makes the same scenarios; how they interleave is the machine's. A history that breaks a promise is left
in the directory, and the run ends with status 1.
"""
import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "e2e")]

import daemon as programs  # noqa: E402
import processes  # noqa: E402
import scenarios  # noqa: E402
from api import Place  # noqa: E402
from checker import check  # noqa: E402
from observers import Callbacks  # noqa: E402
from records import Served, dump, now  # noqa: E402
from scene import Restless, Scene  # noqa: E402
from violations import Violation  # noqa: E402

LENGTH_S = 4.0
LIMIT_S = 150  # for a wave
# What happens to the server while scenarios are played, and how often.
WAVES = {(): 3, ("killed",): 4, ("stopped",): 2, ("killed", "killed"): 1, ("stopped", "killed"): 1}
QUEUES = (1000, 1000, 12)  # commands that a member may leave unacknowledged


@dataclass(frozen=True)
class Wave:
    """Scenarios that are played at once."""

    seeds: range
    restarts: tuple  # (at_s, how)
    queue: int


def plan(seed, size):
    """The wave that begins with a seed."""
    rng = random.Random(f"wave/{seed}")
    hows = rng.choices(list(WAVES), WAVES.values())[0]
    times = sorted(rng.uniform(0.3, LENGTH_S) for _ in hows)
    return Wave(range(seed, seed + size), tuple(zip(times, hows)), rng.choice(QUEUES))


class Server:
    """The ordinald of a wave, with its state in a folder; `served` is its part of each history."""

    def __init__(self, folder, *args, kind=programs.Daemon):
        self.place, self.served = Place(folder / "address"), []
        self._args = ("--node-id", "7", "--state-dir", str(folder / "state"), *args)
        self._kind, self.daemon = kind, None

    def _tell(self, what):
        self.served.append(Served(now(), what))

    def start(self):
        self._tell("spawned")
        self.daemon = self._kind(*self._args)
        self.place.move(self.daemon.grpc, self.daemon.http)
        self._tell("ready")

    def restart(self, how):
        self.end(how)
        self.start()

    def end(self, how="stopped"):
        if how == "killed":
            self._tell("killed")
            self.daemon.kill()
            self.daemon.check_log()
        else:
            self._tell("stopping")
            self.daemon.stop()
        self._tell("gone")

    def log(self):
        return self.daemon.log() if self.daemon else ""


def outcome(task):
    """What a scene ended with: None if well."""
    if not task.done():
        return Restless(f"it hangs: {task.get_stack()}")
    return task.exception()


async def play(wave, folder):
    """Plays a wave and returns (scenes, the server's part of their histories)."""
    server = Server(folder, "--member-queue", str(wave.queue))
    await asyncio.to_thread(server.start)
    callbacks = await Callbacks(processes.types()).open()
    scenes = [
        Scene(scenarios.make(seed, LENGTH_S), server.place, processes.types(), callbacks, folder) for seed in wave.seeds
    ]

    async def disturb():
        began = now()
        for at_s, how in wave.restarts:
            await asyncio.sleep(max(0, at_s - (now() - began) / 1e9))
            await asyncio.to_thread(server.restart, how)

    disturbing = asyncio.ensure_future(disturb())
    try:
        playing = [asyncio.ensure_future(scene.play()) for scene in scenes]
        await asyncio.wait(playing, timeout=LIMIT_S)
        done = [outcome(one) for one in playing]
        await disturbing
    finally:
        await callbacks.close()
        await asyncio.to_thread(server.end, "stopped" if server.daemon.process.poll() is None else "killed")
    return scenes, done, server.served


def history_of(scene, served):
    return sorted([*scene.history(), *served], key=lambda record: record.at)


def judge(wave, scenes, done, served, folder):
    """The sum of what could be judged. Raises the first Violation, with its history in a file."""
    total = Counter()
    for scene, outcome in zip(scenes, done):
        history = history_of(scene, served)
        try:
            if outcome is not None:
                raise outcome
            total += check(history, queue=wave.queue)
        except (Violation, Restless) as fault:
            path = folder / f"{scene.group}.history"
            path.write_text(f"# {wave}\n# {scene.scenario}\n" + "".join(dump(record) for record in history))
            raise type(fault)(f"seed {scene.scenario.seed}: {fault}\n{wave}\nhistory: {path}") from fault
    return total


def torture(seeds, folder, size=50, tell=lambda total: None):
    """Plays scenarios in waves of a size and returns what could be judged of all."""
    total = Counter()
    for first in seeds[::size]:
        wave = plan(first, min(size, seeds.stop - first))
        own = folder / f"wave-{first}"
        own.mkdir()
        total += judge(wave, *asyncio.run(play(wave, own)), own)
        total.update(how for _, how in wave.restarts)
        tell(total)
    return total


def main():
    parser = argparse.ArgumentParser(description="Plays scenarios of ranks against ordinald, and checks the histories.")
    parser.add_argument("--scenarios", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--directory", type=Path, required=True, help="a new one, on a disk")
    options = parser.parse_args()
    options.directory.mkdir(parents=True)
    began = time.monotonic()

    def tell(total):
        print(json.dumps({"seconds": round(time.monotonic() - began), **total}), file=sys.stderr, flush=True)

    seeds = range(options.seed, options.seed + options.scenarios)
    try:
        total = torture(seeds, options.directory.resolve(), options.at_once, tell)
    except (Violation, Restless) as fault:
        sys.exit(f"torture: {type(fault).__name__}: {fault}")
    print(json.dumps({"seed": options.seed, "seconds": round(time.monotonic() - began), **total, "violations": 0}))


if __name__ == "__main__":
    main()
