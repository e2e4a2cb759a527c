"""What the generators print, as they really printed it, and what is read out of it."""
from collections import Counter
from pathlib import Path

import pytest

import load
from process import Failed

OUTPUTS = Path(__file__).parent / "outputs"


def output(name):
    return (OUTPUTS / name).read_text()


def test_h2load():
    assert load.parse_h2load(output("h2load.txt")) == {"calls": 77564, "calls_per_s": 77564.0}


@pytest.mark.parametrize(
    "was, becomes",
    [("77564 2xx, 0 3xx, 0 4xx", "77563 2xx, 0 3xx, 1 4xx"), ("0 failed", "1 failed"), ("0 timeout", "2 timeout")],
)
def test_h2load_with_a_failure(was, becomes):
    text = output("h2load.txt")
    assert was in text
    with pytest.raises(Failed, match="h2load counts failures"):
        load.parse_h2load(text.replace(was, becomes))


def test_h2load_without_a_reply():
    with pytest.raises(Failed, match="h2load counts failures"):
        load.parse_h2load(output("h2load_refused.txt"))


def test_h2load_log():
    latencies = sorted(int(line.split("\t")[2]) for line in output("h2load.log").splitlines())
    figures = load.parse_h2load_log(output("h2load.log").splitlines())
    assert latencies[99] <= figures["p50_us"] <= latencies[100] + 1
    assert latencies[197] <= figures["p99_us"] <= latencies[198] + 1


def test_h2load_log_with_another_status():
    with pytest.raises(Failed, match="503"):
        load.parse_h2load_log(["1795855102716080\t200\t318", "1795855102716090\t503\t20"])


def test_percentiles_lie_within_their_microsecond():
    assert load.percentile(Counter({30: 50, 31: 50}), 0.5) == 31.0
    assert load.percentile(Counter({30: 100}), 0.5) == 30.5
    assert load.percentile(Counter({30: 90, 500: 10}), 0.99) == pytest.approx(500.9)
    with pytest.raises(Failed):
        load.percentile(Counter(), 0.5)


def test_wrk():
    assert load.parse_wrk(output("wrk.txt")) == {
        "calls": 36290, "calls_per_s": 36032.65, "p50_us": 798.0, "p99_us": 3350.0
    }


@pytest.mark.parametrize("name", ["wrk_404.txt", "wrk_errors.txt"])
def test_wrk_with_failures(name):
    with pytest.raises(Failed, match="wrk counts failures: (Non-2xx|Socket errors)"):
        load.parse_wrk(output(name))


@pytest.mark.parametrize("text, us", [("612.00us", 612), ("1.02ms", 1020), ("1.50s", 1.5e6), ("2.00m", 120e6)])
def test_durations_of_wrk(text, us):
    assert load.duration_us(text) == pytest.approx(us)


def test_redis_benchmark():
    assert load.parse_redis(output("redis.csv")) == {"calls_per_s": 724637.69, "p50_us": 679.0, "p99_us": 3479.0}


def test_pgbench():
    assert load.parse_pgbench(output("pgbench.txt")) == {
        "calls": 3273, "calls_per_s": 8673.920994, "mean_us": 7378.0
    }


def test_pgbench_with_failures():
    text = output("pgbench.txt").replace("failed transactions: 0", "failed transactions: 3")
    with pytest.raises(Failed, match="pgbench counts failures"):
        load.parse_pgbench(text)


def test_ordinal_bench():
    figures = load.parse_ordinal_bench(output("ordinal_bench.json"))
    assert figures["calls"] == 40 and figures["calls_per_s"] == pytest.approx(40)
    assert figures["p50_us"] == pytest.approx(397.311, abs=1) and figures["max_us"] >= figures["p99_us"]


def test_ordinal_bench_with_failures():
    with pytest.raises(Failed, match="ordinal bench counts failures: 321 429"):
        load.parse_ordinal_bench(output("ordinal_bench_refused.json"))


@pytest.mark.parametrize("name", ["duplicates", "outOfOrder"])
def test_ordinal_bench_that_finds_wrong_ids(name):
    text = output("ordinal_bench.json").replace(f'"{name}":0', f'"{name}":5')
    with pytest.raises(Failed, match=f"counts failures: 5 {name}"):
        load.parse_ordinal_bench(text)
    assert load.parse_ordinal_bench(text, fixed=True)["calls"] == 40


@pytest.mark.parametrize(
    "parse",
    [load.parse_h2load, load.parse_wrk, load.parse_redis, load.parse_pgbench, load.parse_ordinal_bench],
    ids=lambda parse: parse.__name__,
)
def test_other_text_is_a_failure(parse):
    with pytest.raises(Failed, match="printed something else: Segmentation fault"):
        parse("Segmentation fault\n")
