"""What is measured: groups of entries that are compared with each other, each a server and a way to drive it."""
import calls
import drives
import million
import sequences
from servers import SERVERS
from shapes import CALLS, CPU, CPU_RATIO, MILLIONS, P50, P50_RATIO, P99, P99_RATIO, Column, Group, entries, one

CURVE = (1, 10, 100, 1000)


def lists():
    """Ours gives runs; each peer gives every ID, as is usual, and for comparison a run as well."""
    peers = ("grpc-go", "cpp-async", "cpp-callback", "grpc-python")
    yield one("ordinald", "**ordinald**, runs", drives.grpc_lists(calls.GET_IDS), server="ordinald-wide")
    for key in peers:
        yield one(key, f"{SERVERS[key].label}, each ID", drives.grpc_lists(calls.EXPANDED), server=key)
    for key in peers:
        yield one(f"{key}-run", f"{SERVERS[key].label}, one run", drives.grpc_lists(calls.GET_IDS), server=key)


def curve(make, protocol):
    return tuple(one(str(n), f"{n:,} connection{'s' * (n > 1)}", make(n), protocol) for n in CURVE)


def durability(drive, protocol):
    return (
        one("ordinald", "**ordinald**, on a disk", drive, protocol),
        one("memory", "`--state memory`", drive, protocol, server="ordinald-memory"),
    )


GRPC = ("ordinald", "h2-epoll", "core-tuned", "core-default")
GRPC += ("grpc-go", "grpc-go-default", "cpp-async", "cpp-callback", "grpc-python")
HTTP = ("ordinald", "http-epoll", "civetweb", "nginx", "http-go", "http-node")

GROUPS = [
    Group(
        "grpc-unary",
        "gRPC, one ID a call",
        "`GetId` by `h2load -t 1 -c 8 -m 32`: 8 connections with 32 calls in flight each.",
        (CALLS, CPU_RATIO),
        entries(drives.grpc_load(8, 32), "grpc", *GRPC),
    ),
    Group(
        "grpc-single",
        "gRPC, one call in flight",
        "`GetId` by `h2load -t 1 -c 1 -m 1`: each call waits for the one before. Latencies are those that h2load "
        "logs, in whole microseconds.",
        (P50_RATIO, P99, CPU),
        entries(drives.grpc_load(1, 1, latency=True), "grpc", *GRPC),
        less=True,
    ),
    Group(
        "grpc-lists",
        "gRPC, 1,000 IDs a call",
        "`GetIds` with a count of 1,000, by `h2load -t 1 -c 8 -m 32`. The work is not the same, which is the point: "
        "ordinald answers with runs, some 20 bytes; peers answer with a packed list of 1,000 numbers, some 9 kB, as "
        "is usual. What the same peers do if they answer with one run stands below each other for comparison. "
        "ordinald runs with a wide layout here, since the default one has room for 4.096 million IDs a second.",
        (MILLIONS, Column("calls_per_s", "calls/s"), CPU),
        tuple(lists()),
    ),
    Group(
        "grpc-stream",
        "gRPC stream, one ID a message",
        "`StreamIds`, a reply a request, by `ordinal bench --mode stream -c 8 -m 64`, since no public generator drives "
        "streams: 8 connections with one stream each, and 64 requests in flight on it. Where the generator's busiest thread is near 100 %, it is "
        "the limit, not the server.",
        (CALLS, CPU, Column("generator_share", "generator's busiest thread, %", 100)),
        entries(drives.grpc_stream, "grpc", "ordinald", "core-tuned", "grpc-go", "cpp-async", "cpp-callback",
                "grpc-python"),
    ),
    Group(
        "http",
        "HTTP, one ID a request",
        "`GET /v1/id` by `wrk -t1 -c64`, keep-alive; Redis by `redis-benchmark -c 64`, Postgres by `pgbench -c 64 "
        "-M prepared`, which knows no p99.",
        (CALLS, CPU, P50, P99_RATIO),
        (*entries(drives.http_load(64), "http", *HTTP),
         *entries(drives.redis_load(1), "redis", "redis"),
         *entries(drives.postgres_load, "postgres", "postgres")),
    ),
    Group(
        "http-pipelined",
        "HTTP, sixteen requests at once",
        "The same with 16 pipelined requests on each connection, by a script of wrk; Redis by `-P 16`.",
        (CALLS, CPU),
        (*entries(drives.http_pipelined, "http", *HTTP), *entries(drives.redis_load(16), "redis", "redis")),
    ),
    Group(
        "both",
        "Both front ends at once",
        "h2load and wrk against one ordinald, each by itself and then both at the same time; shares are those of "
        "their own best of the same round. Afterwards, under the same load, one client takes IDs over both in turn, "
        "each of which has to be above the one before.",
        (Column("shares", "sum of shares", spread=True), Column("grpc_share", "gRPC's share"),
         Column("http_share", "HTTP's share"), Column("grpc_together", "gRPC, calls/s"),
         Column("http_together", "HTTP, calls/s"), Column("order_checked", "IDs checked"),
         Column("order_violations", "out of order")),
        (one("ordinald", "**ordinald**", drives.both),),
        compared=False,
    ),
    Group(
        "batches",
        "Batches at the layout's cap",
        "102,400 IDs a call and 40 calls a second, by `ordinal bench --mode batch --rate 40`, so 4,096,000 IDs a second "
        "flow; each of them is checked. Latencies count from the moment a call was due, so a stall shows in full. "
        "What every ID written out costs over HTTP stands below; its client is a loop in Python.",
        (Column("core_share", "share of one core, %", 100, spread=True), Column("ids_per_s", "million IDs/s", 1e-6),
         Column("p50_us", "p50, ms", 1e-3), Column("max_us", "slowest, ms", 1e-3, spread=True)),
        (one("grpc", "gRPC `GetIds`", drives.grpc_batches),
         one("http", "HTTP `/v1/ids?form=runs`", drives.http_batches, "http"),
         one("http-each", "HTTP `/v1/ids`, each ID", drives.http_batches_written_out, "http")),
        compared=False,
    ),
    Group(
        "durable-grpc",
        "Durability, gRPC",
        "`GetId` as above, with the reservations on a disk and in memory.",
        (CALLS, CPU),
        durability(drives.grpc_load(8, 32), "grpc"),
        compared=False,
    ),
    Group(
        "durable-http",
        "Durability, HTTP",
        "`GET /v1/id` as above, with the reservations on a disk and in memory.",
        (CALLS, CPU),
        durability(drives.http_load(64), "http"),
        compared=False,
    ),
    Group(
        "curve-grpc",
        "ordinald over connections, gRPC",
        "`GetId`, one call in flight on each connection.",
        (Column("calls_per_s", "calls/s", spread=True), Column("cpu_us", "server CPU a call, µs", spread=True)),
        curve(lambda n: drives.grpc_load(n, 1), "grpc"),
        compared=False,
    ),
    Group(
        "curve-http",
        "ordinald over connections, HTTP",
        "`GET /v1/id`, keep-alive.",
        (Column("calls_per_s", "calls/s", spread=True), Column("cpu_us", "server CPU a call, µs", spread=True), P99),
        curve(drives.http_load, "http"),
        compared=False,
    ),
    Group(
        "thousand",
        "A thousand connections at once",
        "1,000 keep-alive HTTP connections are opened, then a request is sent on each, while all stay open.",
        (Column("served", "served"), Column("slowest_ms", "slowest reply, ms", spread=True)),
        (one("ordinald", "**ordinald**", drives.thousand, "http", warm=False),),
        compared=False,
    ),
    Group(
        "small",
        "Size",
        "Resident memory after one call over each protocol; from the start of the process, with the state of a run "
        "before, to the first ID over HTTP (the median of ten starts); the program without symbols, which uses the "
        "system's libraries.",
        (Column("resident_bytes", "resident, MB", 1e-6, spread=True), Column("start_ms", "start to first ID, ms",
         spread=True), Column("start_max_ms", "slowest start, ms"), Column("binary_bytes", "program, MB", 1e-6)),
        (one("ordinald", "**ordinald**", drives.small, warm=False),),
        compared=False,
    ),
    *sequences.GROUPS,
    million.GROUP,
]
