"""Sequences beside the counters that people have: Redis INCR, a sequence of Postgres, a row of a table."""
import http.client
import json

import calls
import drives
import load
import servers
from process import Failed, run
from shapes import CALLS, CPU, SEQUENCES, Group, one

NAME = "bench"
NEXT = "/ordinal.v1.SequenceService/Next"
REST_NEXT = f"/v1/sequences/{NAME}/next"
BLOCK, GAPLESS = "BLOCK", "GAPLESS"
CALLERS = {1: (1, 1), 16: (4, 4), 64: (8, 8)}  # gRPC: connections, and calls in flight on each

COUNTER = servers.BUILD / "tests/bench/counter"

TABLE = (
    "CREATE TABLE IF NOT EXISTS counters (name text PRIMARY KEY, value bigint NOT NULL)",
    f"INSERT INTO counters VALUES ('{NAME}', 0) ON CONFLICT DO NOTHING",
)
NEXTVAL = "SELECT nextval('ids');\n"
UPDATE = f"UPDATE counters SET value = value + 1 WHERE name = '{NAME}' RETURNING value;\n"


def create(running, mode):
    """Makes the sequence, and sees that two calls give two values, the second above the first."""
    body = json.dumps({"name": NAME, "mode": f"SEQUENCE_MODE_{mode}"})
    connection = http.client.HTTPConnection("127.0.0.1", running.ports["http"], timeout=calls.TIMEOUT_S)
    try:
        connection.request("POST", "/v1/sequences", body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        told = reply.read()
        if reply.status >= 300:
            raise Failed(f"a sequence cannot be made: {reply.status} {told[:120]!r}")
        calls.check_ids(lambda: int(json.loads(calls.http_get(connection, REST_NEXT))["first"]))
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"a sequence cannot be made: {error!r}") from None
    finally:
        connection.close()


def grpc_next(mode, callers):
    connections, in_flight = CALLERS[callers]

    def drive(running, seconds):
        create(running, mode)
        request = calls.sequence_messages().NextRequest(name=NAME).SerializeToString()
        body = drives.body_file(running, calls.grpc_body(request))
        args = (running.ports["grpc"], NEXT, body, connections, in_flight, seconds)
        return drives.with_cpu(running, lambda: load.h2load(*args))

    return drive


def rest_next(mode, callers):
    def drive(running, seconds):
        create(running, mode)
        return drives.with_cpu(running, lambda: load.wrk(running.ports["http"], REST_NEXT, callers, seconds))

    return drive


def redis(callers):
    def drive(running, seconds):
        args = running.ports["redis"], callers, seconds
        return drives.with_cpu(running, lambda: load.redis_benchmark(*args, few=200 * callers))

    return drive


def postgres(callers, statement):
    def drive(running, seconds):
        for one_of_them in TABLE:
            servers.psql(running, one_of_them)
        return drives.pgbench_load(running, statement, callers, seconds)

    return drive


def ours(mode, callers):
    yield one("ordinald", "**ordinald**, gRPC", grpc_next(mode, callers))
    yield one("rest", "**ordinald**, REST", rest_next(mode, callers), "http")


def theirs(mode, callers):
    always = one("redis-always", servers.SERVERS["redis-always"].label, redis(callers), "redis", "redis-always")
    if mode == BLOCK:
        yield one("redis", servers.SERVERS["redis"].label, redis(callers), "redis", "redis")
        yield always
        yield one("postgres", "Postgres nextval", postgres(callers, NEXTVAL), "postgres", "postgres")
    else:
        yield always
        yield one("postgres", "Postgres, a row", postgres(callers, UPDATE), "postgres", "postgres")


def counter():
    """What the program of the comparison tells: see counter.c."""
    return json.loads(run([COUNTER, "--json"], 120))


TEXT = {
    BLOCK: "`Next` of one sequence in mode block, {grpc} over gRPC, `wrk -c {n}` over REST; `INCR` of one key by "
    "`redis-benchmark -c {n}`; `SELECT nextval` by `pgbench -c {n} -M prepared`.",
    GAPLESS: "`Next` of one sequence in mode gapless, driven as above; `INCR` with `appendfsync always`; `UPDATE … SET "
    "value = value + 1 … RETURNING value` of one row. Each value is on the disk before it is answered.",
}


def group(mode, callers):
    grpc = "`h2load -c {} -m {}`".format(*CALLERS[callers])
    return Group(
        f"seq-{mode.lower()}-{callers}",
        f"Mode {mode.lower()}, {callers} caller{'s' * (callers > 1)}",
        TEXT[mode].format(grpc=grpc, n=callers),
        (CALLS, CPU),
        (*ours(mode, callers), *theirs(mode, callers)),
        page=SEQUENCES,
    )


GROUPS = [group(mode, callers) for mode in (BLOCK, GAPLESS) for callers in CALLERS]
