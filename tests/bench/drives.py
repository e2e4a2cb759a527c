"""How a server is driven: functions of a running server and a time, that return figures."""
import os
import time

import calls
import load
import measure
import servers
from process import Process, free_port, run

HTTP_PATH = "/v1/id"
CAP = 4_096_000  # IDs a second and node that the default layout has room for
BATCH = 102_400  # IDs a call where calls are paced
LIST = 1_000  # IDs a call where as many calls are made as possible
PATIENCE_MS = 40_000  # after which a reply counts as slow as that


def with_cpu(running, drive):
    """Adds the server's CPU time a call."""
    with measure.Cpu(running.pid) as cpu:
        figures = drive()
    figures["cpu_us"] = cpu.seconds * 1e6 / figures["calls"]
    return figures


def body_file(running, body):
    path = running.folder / "body"
    path.write_bytes(body)
    return path


# gRPC


def grpc_load(connections, in_flight, latency=False):
    def drive(running, seconds):
        args = (running.ports["grpc"], calls.GET_ID, body_file(running, calls.grpc_body()))
        args += (connections, in_flight, seconds)
        if latency:
            return with_cpu(running, lambda: load.h2load_with_latency(*args, log=running.folder / "latencies"))
        return with_cpu(running, lambda: load.h2load(*args))

    return drive


def grpc_lists(path):
    def drive(running, seconds):
        port = running.ports["grpc"]
        calls.check_batch(port, path, LIST)
        body = body_file(running, calls.grpc_body(calls.get_ids_request(LIST)))
        figures = with_cpu(running, lambda: load.h2load(port, path, body, 8, 32, seconds))
        return {**figures, "ids_per_s": figures["calls_per_s"] * LIST}

    return drive


def grpc_target(running):
    return ("--grpc", f"127.0.0.1:{running.ports['grpc']}")


def grpc_stream(running, seconds):
    options = ("--mode", "stream", "-c", 8, "-m", 64, "-d", f"{seconds}s")
    return with_cpu(
        running,
        lambda: load.ordinal_bench(grpc_target(running), seconds, *options, fixed=running.server.fixed),
    )


# HTTP, and what else has 64 connections


def http_load(connections):
    def drive(running, seconds):
        return with_cpu(running, lambda: load.wrk(running.ports["http"], HTTP_PATH, connections, seconds))

    return drive


def http_pipelined(running, seconds):
    return with_cpu(running, lambda: load.wrk_pipelined(running.ports["http"], HTTP_PATH, 64, seconds))


def redis_load(depth):
    def drive(running, seconds):
        return with_cpu(running, lambda: load.redis_benchmark(running.ports["redis"], 64, seconds, depth))

    return drive


def postgres_load(running, seconds):
    return pgbench_load(running, "SELECT nextval('ids');\n", 64, seconds)


def pgbench_load(running, statement, connections, seconds):
    """A connection is a process, so what connecting costs is measured apart and taken off."""
    script = running.folder / "statement.sql"
    script.write_text(statement)
    args = (servers.postgres_program("pgbench"), running.ports["postgres"], script, connections)
    with measure.Cpu(running.pid) as connecting:
        connects = load.pgbench_connect(*args)
    with measure.Cpu(running.pid) as cpu:
        figures = load.pgbench(*args, seconds=seconds)
    cost = (cpu.seconds - connecting.seconds) * 1e6 / (figures["calls"] - connects["calls"])
    return {**figures, "cpu_us": cost}


# Both at once


def both(running, seconds):
    """Each front end by itself, then both at once: which share of its own best each keeps."""
    grpc, http = running.ports["grpc"], running.ports["http"]
    h2load = (grpc, calls.GET_ID, body_file(running, calls.grpc_body()), 8, 32)
    wrk = (http, HTTP_PATH, 64)
    alone = load.h2load(*h2load, seconds)["calls_per_s"], load.wrk(*wrk, seconds)["calls_per_s"]
    together = [figures["calls_per_s"] for figures in load.both_at_once(h2load, wrk, seconds)]
    check = calls.OrderCheck(grpc, http)  # not while it is measured
    check.start()
    try:
        load.both_at_once(h2load, wrk, 1)
    finally:
        check.finish()
    shares = [one / best for one, best in zip(together, alone)]
    return {
        "grpc_alone": alone[0],
        "http_alone": alone[1],
        "grpc_together": together[0],
        "http_together": together[1],
        "grpc_share": shares[0],
        "http_share": shares[1],
        "shares": sum(shares),
        "order_checked": check.taken,
        "order_violations": check.violations,
    }


# Batches at the layout's cap


def at_the_cap(running, drive):
    """Adds the share of a core that the server takes while the batches flow."""
    start = time.perf_counter()
    with measure.Cpu(running.pid) as cpu:
        figures = drive()
    figures["ids_per_s"] = round(figures["calls_per_s"] * BATCH)
    figures["core_share"] = cpu.seconds / (time.perf_counter() - start)
    return figures


def batch_options(seconds):
    return ("--mode", "batch", "-n", BATCH, "--rate", CAP // BATCH, "-c", 1, "-m", 4, "-d", f"{seconds}s")


def grpc_batches(running, seconds):
    return at_the_cap(running, lambda: load.ordinal_bench(grpc_target(running), seconds, *batch_options(seconds)))


def http_batches(running, seconds):
    target = ("--http", f"http://127.0.0.1:{running.ports['http']}")
    return at_the_cap(running, lambda: load.ordinal_bench(target, seconds, *batch_options(seconds)))


def http_batches_written_out(running, seconds):
    args = (running.ports["http"], "/v1/ids", BATCH, CAP / BATCH, seconds)
    return at_the_cap(running, lambda: calls.paced_http(*args))


# Small


def stripped_size(program, folder):
    copy = folder / "stripped"
    run(["strip", "-o", copy, program], 60)
    return os.path.getsize(copy)


def start_times(folder, times):
    """Milliseconds from starting ordinald, with the state of a run before, to its first ID over HTTP."""
    folder.mkdir()
    taken = []
    for _ in range(times + 1):  # the first makes the state
        grpc, http = free_port(), free_port()
        begin = time.perf_counter()
        command = servers.SERVERS["ordinald"].command(folder, grpc, http)
        process = Process(command, folder / "log", env=servers.ordinald_env(folder), before=())
        try:
            taken.append(calls.first_id_seconds(http, begin) * 1e3)
        finally:
            process.stop()
    return sorted(taken[1:])


def small(running, seconds):
    """Its memory after one call over each protocol, then what needs no load."""
    for protocol in ("grpc", "http"):
        servers.check(running, protocol)
    figures = {"resident_bytes": measure.resident_bytes(running.pid)}
    taken = start_times(running.folder / "starts", 10)
    return {
        **figures,
        "start_ms": taken[len(taken) // 2],
        "start_max_ms": taken[-1],
        "binary_bytes": stripped_size(servers.ORDINALD, running.folder),
    }


def thousand(running, seconds):
    """A thousand connections that all stay open, a request on each."""
    took = calls.first_replies(running.ports["http"], 1000, PATIENCE_MS / 1e3)
    return {"served": len(took), "slowest_ms": max(took) * 1e3 if len(took) == 1000 else PATIENCE_MS}
