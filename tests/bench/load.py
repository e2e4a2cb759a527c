"""The load generators that others wrote: how each is called, and what its output says.

A parser returns a dict of figures: `calls` of the whole run, `calls_per_s`, and what the generator knows of latency.
A call that failed is an error of the measurement, never a slow call.
"""
import json
import re
from collections import Counter
from pathlib import Path

from process import Failed, Skipped, Tool, run

SPARE_S = 30  # what a generator may take beyond the time it was given
GRPC_HEADERS = ("-H", "content-type: application/grpc", "-H", "te: trailers")
ORDINAL = Path(__file__).resolve().parents[2] / "build/src/cli/ordinal"
PIPELINE = Path(__file__).parent / "pipeline.lua"
DEPTH = 16  # requests that are sent at once where a client pipelines

MICROSECONDS = {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6, "h": 3600e6}


def find(pattern, text, what):
    found = re.search(pattern, text, re.M)
    if not found:
        raise Failed(f"{what} printed something else: {' '.join(text.split())[-160:]}")
    return found


def number(text):
    return float(text.replace(",", ""))


def duration_us(text):
    """'1.02ms' of wrk in microseconds."""
    value, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m|h)", text).groups()
    return float(value) * MICROSECONDS[unit]


# h2load: HTTP/2, hence gRPC


def h2load_command(port, path, body_file, connections, in_flight, seconds, log=None):
    return [
        *("h2load", "-t", 1, "-c", connections, "-m", in_flight, "-D", f"{seconds}s"),
        *(("--log-file", log) if log else ()),
        *("-d", body_file, *GRPC_HEADERS, f"http://127.0.0.1:{port}{path}"),
    ]


def parse_h2load(text):
    rate = number(find(r"^finished in .*?, ([\d.]+) req/s", text, "h2load").group(1))
    counts = find(
        r"^requests: (\d+) total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, "
        r"(\d+) timeout",
        text,
        "h2load",
    )
    _, done, succeeded, *lost = map(int, counts.groups())
    good = int(find(r"^status codes: (\d+) 2xx", text, "h2load").group(1))
    if any(lost) or min(done, succeeded, good) == 0 or good < succeeded:
        raise Failed(f"h2load counts failures: {counts.group()}")
    return {"calls": succeeded, "calls_per_s": rate}


def percentile(counts, share):
    """Of a Counter of whole microseconds; within one of them values are taken as evenly spread."""
    rank = share * sum(counts.values())
    below = 0
    for value in sorted(counts):
        if below + counts[value] >= rank:
            return value + (rank - below) / counts[value]
        below += counts[value]
    raise Failed("there are no latencies")


def parse_h2load_log(lines):
    """Percentiles out of --log-file: start, status, microseconds."""
    latencies = Counter()
    for line in lines:
        _, status, microseconds = line.split("\t")[:3]
        if status != "200":
            raise Failed(f"h2load logs the status {status}")
        latencies[int(microseconds)] += 1
    return {"p50_us": percentile(latencies, 0.5), "p99_us": percentile(latencies, 0.99)}


def h2load(*args, **options):
    *_, seconds = args
    return parse_h2load(run(h2load_command(*args, **options), seconds + SPARE_S))


def h2load_with_latency(*args, log):
    figures = h2load(*args, log=log)
    with open(log) as lines:
        figures.update(parse_h2load_log(lines))
    Path(log).unlink()
    return figures


# wrk: HTTP/1.1


def wrk_command(port, path, connections, seconds, script=None):
    return [
        *("wrk", "-t", 1, "-c", connections, "-d", f"{seconds}s", "--latency", "--timeout", "10s"),
        *(("-s", script) if script else ()),
        f"http://127.0.0.1:{port}{path}",
    ]


def parse_wrk(text):
    for trouble in (r"Non-2xx or 3xx responses: \d+", r"Socket errors: .*"):
        found = re.search(trouble, text)
        if found:
            raise Failed(f"wrk counts failures: {found.group()}")
    rate = number(find(r"^Requests/sec:\s+([\d.]+)", text, "wrk").group(1))
    calls = int(find(r"^\s*(\d+) requests in ", text, "wrk").group(1))
    percentiles = {
        f"p{share}_us": duration_us(find(rf"^\s+{share}%\s+(\S+)", text, "wrk").group(1)) for share in (50, 99)
    }
    if calls == 0:
        raise Failed("wrk counts no reply")
    return {"calls": calls, "calls_per_s": rate, **percentiles}


def wrk(port, path, connections, seconds):
    return parse_wrk(run(wrk_command(port, path, connections, seconds), seconds + SPARE_S))


def wrk_pipelined(port, path, connections, seconds):
    """Its latencies are those of sixteen requests at once, which nobody compares."""
    figures = parse_wrk(run(wrk_command(port, path, connections, seconds, PIPELINE), seconds + SPARE_S))
    return {key: figures[key] for key in ("calls", "calls_per_s")}


def both_at_once(h2load_args, wrk_args, seconds):
    """h2load and wrk against one server at the same time: a pair of figures."""
    tools = Tool(h2load_command(*h2load_args, seconds)), Tool(wrk_command(*wrk_args, seconds))
    try:
        grpc, http = [tool.output(seconds + SPARE_S) for tool in tools]
    finally:
        for tool in tools:
            tool.kill()
    return parse_h2load(grpc), parse_wrk(http)


# redis-benchmark


def redis_command(port, connections, calls, depth):
    return [
        *("redis-benchmark", "-h", "127.0.0.1", "-p", port, "-t", "incr", "--csv"),
        *("-c", connections, "-n", calls, "-P", depth),
    ]


def parse_redis(text):
    row = find(r'^"INCR",(.*)$', text, "redis-benchmark").group(1)
    rate, _, _, p50, _, p99, _ = [number(value.strip('"')) for value in row.split(",")]
    return {"calls_per_s": rate, "p50_us": p50 * 1e3, "p99_us": p99 * 1e3}


def redis_benchmark(port, connections, seconds, depth=1, few=20_000):
    """It is told a number of calls, not a time; short runs before, the second of a tenth of the time, say how many
    these are."""
    calls = total = few * depth
    for share in (0.1, 1):
        rate = parse_redis(run(redis_command(port, connections, calls, depth), SPARE_S))["calls_per_s"]
        calls = max(few * depth, int(rate * seconds * share))
        total += calls
    figures = parse_redis(run(redis_command(port, connections, calls, depth), 5 * seconds + SPARE_S))
    return {"calls": total, **figures}


# pgbench


CONNECTING_S = 2  # of its time, in which it makes connections before it calls


def pgbench_command(pgbench, port, script, connections, *how_long):
    return [
        *(pgbench, "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-n", "-M", "prepared"),
        *("-c", connections, "-j", 1, *how_long, "-f", script, "postgres"),
    ]


def parse_pgbench(text):
    calls = int(find(r"^number of transactions actually processed: (\d+)", text, "pgbench").group(1))
    failed = re.search(r"^number of failed transactions: (\d+)", text, re.M)
    if calls == 0 or (failed and int(failed.group(1))):
        raise Failed("pgbench counts failures")
    rate = number(find(r"^tps = ([\d.]+) \(without initial connection time\)", text, "pgbench").group(1))
    mean = number(find(r"^latency average = ([\d.]+) ms", text, "pgbench").group(1)) * 1e3
    return {"calls": calls, "calls_per_s": rate, "mean_us": mean}


def pgbench(*args, seconds):
    how_long = ("-T", seconds + CONNECTING_S)
    return parse_pgbench(run(pgbench_command(*args, *how_long), seconds + SPARE_S))


def pgbench_connect(*args):
    """One call on each connection: nearly all of it is connecting."""
    return parse_pgbench(run(pgbench_command(*args, "-t", 1), SPARE_S))


# ordinal bench, for what no generator of others drives: streams, and batches at even times

def has_ordinal_bench():
    """Whether this build has the verb, with streams."""
    try:
        return "stream" in run([ORDINAL, "bench", "--help"], SPARE_S)
    except (OSError, Failed):
        return False


def parse_ordinal_bench(text, fixed=False):
    """Its report in JSON. A server that always gives the same ID cannot pass its check, so there it is not asked."""
    try:
        report = json.loads(text)
        figures = {"calls": report["calls"], "calls_per_s": report["callsPerSecond"]}
        for ours, theirs in (("p50_us", "p50"), ("p99_us", "p99"), ("max_us", "max")):
            figures[ours] = report["latency"][theirs] / 1e3
        figures["generator_share"] = report["environment"]["benchBusiestThread"]
        wrong = [f"{failure['calls']} {name}" for name, failure in report["failures"].items()]
        wrong += [f"{n} {name}" for name in ("duplicates", "outOfOrder") if (n := report["check"][name]) and not fixed]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Failed(f"ordinal bench printed something else: {' '.join(text.split())[-160:]}") from None
    if wrong or figures["calls"] == 0:
        raise Failed(f"ordinal bench counts failures: {', '.join(wrong) or 'no call was answered'}")
    return figures


def ordinal_bench(target, seconds, *options, fixed=False):
    if not has_ordinal_bench():
        raise Skipped("ordinal bench has no stream mode in this build")
    command = [ORDINAL, *target, "--output", "json", "bench", "--warm-up", "0", *options]
    return parse_ordinal_bench(Tool(command).output(seconds + SPARE_S, statuses=(0, 1)), fixed)
