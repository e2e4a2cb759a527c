"""A million sequences in one store: making them, starting with them, taking from a few thousand and from all."""
import os
import time

import calls
import load
import measure
from process import Process, free_port, run
from shapes import SEQUENCES, Column, Group, one

COUNT = 1_000_000
HOT = 4_096
CONNECTIONS = 64
CREATE_S = 600  # the most that making them may take
STARTS = 5
LUA = load.PIPELINE.with_name("many.lua")


def command(running, seconds, *what):
    return [*load.wrk_command(running.ports["http"], "/", CONNECTIONS, seconds, LUA), "--", *what]


def create(running):
    """Makes them; returns how many a second."""
    begin = time.perf_counter()
    run(command(running, CREATE_S, "create", COUNT), CREATE_S + load.SPARE_S)
    return COUNT / (time.perf_counter() - begin)


def take(running, seconds, count):
    return load.parse_wrk(run(command(running, seconds, "next", count), seconds + load.SPARE_S))


def start_times(running):
    """Milliseconds from starting ordinald on this state to its first ID over HTTP."""
    taken = []
    for _ in range(STARTS):
        grpc, http = free_port(), free_port()
        begin = time.perf_counter()
        start = running.server.command(running.folder, grpc, http)
        process = Process(start, running.folder / "log", env=running.server.env(running.folder), before=())
        try:
            taken.append(calls.first_id_seconds(http, begin) * 1e3)
            resident = measure.resident_bytes(process.pid)
        finally:
            process.stop(patience_s=30)
    return sorted(taken)[STARTS // 2], resident


def file_bytes(folder):
    return sum(os.stat(path).st_size for path in folder.rglob("*.mdb"))


def million(running, seconds):
    figures = {"created_per_s": create(running)}
    for name, count in (("hot", HOT), ("all", COUNT)):
        driven = take(running, 2 * seconds, count)
        figures.update({f"{name}_per_s": driven["calls_per_s"], f"{name}_p99_us": driven["p99_us"]})
    figures["resident_bytes"] = measure.resident_bytes(running.pid)
    running.process.stop(patience_s=30)
    figures["file_bytes"] = file_bytes(running.folder)
    figures["start_ms"], figures["started_bytes"] = start_times(running)
    return figures


GROUP = Group(
    "seq-million",
    "A million sequences",
    f"{COUNT:,} sequences in mode block are made over REST by `wrk -c {CONNECTIONS}`; then values are taken from {HOT:,} of "
    f"them, chosen by chance for each call, and from all. Starts are those of the process with all of them, to the first ID.",
    (
        Column("created_per_s", "made a second"),
        Column("hot_per_s", f"`Next`/s of {HOT:,}"),
        Column("all_per_s", "`Next`/s of all"),
        Column("all_p99_us", "p99 of these, ms", 1e-3),
        Column("start_ms", "start to first ID, ms"),
        Column("started_bytes", "resident then, MB", 1e-6),
        Column("resident_bytes", "resident after all were used, MB", 1e-6),
        Column("file_bytes", "file, MB", 1e-6),
    ),
    (one("ordinald", "**ordinald**", million, "http", warm=False),),
    compared=False,
    page=SEQUENCES,
    once=True,
)
