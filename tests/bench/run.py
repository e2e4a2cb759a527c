#!/usr/bin/python3
"""Starts each server in turn, drives it, and writes what came of it; deploy/bench runs this.

However a run ends, what it started ends with it, and what was measured until then is written.
"""
import argparse
import fnmatch
import resource
import shlex
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import machine
import report
import sequences
import servers
from groups import GROUPS
from process import Failed, Skipped
from shapes import SEQUENCES

ROOT = Path(__file__).resolve().parents[2]
FILES = 65_536  # so that 1,000 connections and their generator fit, where the system allows it


def arguments():
    parser = argparse.ArgumentParser(
        prog="deploy/bench",
        description="Measures ordinald beside its peers on loopback; an hour or so with the defaults. Writes the pages "
        "bench and sequences-bench into docs/, or into build/bench/ what is not measured as a whole.",
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often all is measured (5)")
    parser.add_argument("--seconds", type=int, default=5, help="how long each measurement takes (5)")
    parser.add_argument("--only", action="append", metavar="PATTERN",
                        help="measure what matches: a GROUP or GROUP/ENTRY of --list, where * stands for anything; "
                             "can be given more than once")
    parser.add_argument("--quick", action="store_true", help="one round of a second, no warm-up: to see that it works")
    parser.add_argument("--output", type=Path, metavar="DIR", help="where to write to")
    parser.add_argument("--list", action="store_true", help="show what can be measured, as GROUP/ENTRY, and end")
    chosen = parser.parse_args()
    if chosen.rounds < 1 or chosen.seconds < 1:
        parser.error("--rounds and --seconds are 1 and above")
    if chosen.quick:
        chosen.rounds = chosen.seconds = 1
    return chosen


def matches(group, entry, patterns):
    names = (group, f"{group}/{entry}")
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns for name in names)


def select(patterns):
    """(group, its entries) of what is to be measured."""
    for group in GROUPS:
        found = [entry for entry in group.entries if not patterns or matches(group.key, entry.key, patterns)]
        if found:
            yield group, found


def shifted(entries, number):
    """Each round begins with another one."""
    start = number % len(entries)
    return entries[start:] + entries[:start]


def measure(entry, folder, seconds, warm_up):
    """Figures of one entry: its server is started, asked, driven and stopped."""
    running = servers.start(servers.SERVERS[entry.server], folder)
    try:
        servers.check(running, entry.protocol)
        if entry.warm and warm_up:
            entry.drive(running, warm_up)
        figures = entry.drive(running, seconds)
        if running.process.popen.poll() is None:  # not stopped by what drove it
            servers.check_refusals(running)
        return figures
    finally:
        running.process.stop()


def attempt(entry, folder, seconds, warm_up):
    """As measure, with what goes wrong as a value."""
    try:
        return {"figures": measure(entry, folder, seconds, warm_up)}
    except Skipped as reason:
        return {"skipped": str(reason)}
    except Failed as reason:
        return {"failed": str(reason)}
    except Exception as error:  # a fault of this bench or of the system: no reason to lose the rest
        return {"failed": f"{type(error).__name__}: {error}"}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def say(text):
    print(f"deploy/bench: {text}", file=sys.stderr, flush=True)


def outcome(group, made):
    if "figures" not in made:
        return "; ".join(f"{kind}: {reason}" for kind, reason in made.items())
    first = group.columns[0]
    return f"{report.number(made['figures'][first.figure] * first.scale)} {first.title}"


def rounds(chosen, selection, folder, measurements):
    """Appends to measurements as it goes."""
    for number in range(chosen.rounds):
        for group, entries in selection:
            if group.once and number > 0:
                continue
            for entry in shifted(entries, number):
                place = folder / f"{number}-{group.key}-{entry.key}"
                made = attempt(entry, place, chosen.seconds, 0 if chosen.quick else 1)
                measurements.append({"round": number, "group": group.key, "entry": entry.key, **made})
                say(f"{number + 1}/{chosen.rounds} {group.key}/{entry.key}: {outcome(group, made)}")


def pages(chosen, selection):
    """(page, where to write it) of what was to be measured: docs/ has whole pages alone."""
    picked = {(group.key, entry.key) for group, entries in selection for entry in entries}
    for page in dict.fromkeys(group.page for group, _ in selection):
        all_of_it = {(group.key, entry.key) for group in report.groups_of(page) for entry in group.entries}
        is_whole = all_of_it <= picked and not chosen.quick
        yield page, chosen.output or ROOT / ("docs" if is_whole else "build/bench")


def raise_limits():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def interrupt(number, frame):
    raise KeyboardInterrupt


def main():
    chosen = arguments()
    selection = list(select(chosen.only))
    if chosen.list or not selection:
        for group in GROUPS:
            print("\n".join(f"{group.key}/{entry.key}" for entry in group.entries))
        return 0 if chosen.list else 2
    raise_limits()
    signal.signal(signal.SIGTERM, interrupt)
    command = shlex.join(["deploy/bench", *sys.argv[1:]])
    measurements = []
    # Not in the build folder: Postgres runs as another user, who may not look there.
    with tempfile.TemporaryDirectory(prefix="ordinal-bench-", dir="/var/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        data = {"about": machine.about(folder, command), "rounds": chosen.rounds, "seconds": chosen.seconds}
        try:
            if not chosen.quick and any(group.page == SEQUENCES for group, _ in selection):
                data["counter"] = sequences.counter()
            rounds(chosen, selection, folder, measurements)
        except KeyboardInterrupt:
            say("interrupted; what was measured is written")
    data["measurements"] = measurements
    for page, folder in pages(chosen, selection):
        say("wrote " + ", ".join(map(str, report.write(data, page, folder))))
    return 1 if any("failed" in one for one in measurements) else 0


if __name__ == "__main__":
    sys.exit(main())
