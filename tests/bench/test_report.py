"""Medians, ratios of the same round, verdicts, and the rows that they become."""
import json
import xml.etree.ElementTree as xml

import pytest

import goals
import picture
import report
from groups import GROUPS
from results import Results
from servers import SERVERS
from shapes import BENCH, SEQUENCES

ABOUT = {
    "command": "deploy/bench", "date": "2026-01-02 03:04 UTC", "revision": "abc", "cpu": "A <CPU>", "cores": 2,
    "memory_gb": 8.0, "kernel": "6.1", "system": "Debian", "virtual": "none", "file_system": "ext2/ext3",
    "load_before": 0.1, "packages": {"wrk": "4.1.0"},
}


def made(group, entry, *rates, figure="calls_per_s"):
    return [
        {"round": number, "group": group, "entry": entry, "figures": {figure: rate}}
        for number, rate in enumerate(rates)
        if rate is not None
    ]


def goal(text):
    (found,) = [one for one in goals.GOALS if one.text == text]
    return found


def text_of(measurements):
    return "\n".join(report.document({"about": ABOUT, "rounds": 3, "seconds": 5, "measurements": measurements}))


def test_a_ratio_is_the_median_of_ratios_of_the_same_round():
    results = Results(made("http", "ordinald", 100, 300, 90) + made("http", "nginx", 50, 100, 90))
    assert results.ratio("http", "calls_per_s", "ordinald", "nginx") == 2.0  # of 2, 3 and 1
    assert results.median("http", "ordinald", "calls_per_s") == 100
    assert results.spread("http", "ordinald", "calls_per_s") == (90, 300)


def test_a_round_without_its_pair_gives_no_ratio():
    results = Results(made("http", "ordinald", 100, 300) + made("http", "nginx", None, 100))
    assert results.ratio("http", "calls_per_s", "ordinald", "nginx") == 3.0
    assert results.ratio("http", "calls_per_s", "ordinald", "http-go") is None


@pytest.mark.parametrize(
    "ours, word", [(90, goals.MET), (89, goals.NOT_MET), (None, goals.NOT_MEASURED)], ids=["met", "not met", "missing"]
)
def test_a_goal_is_judged(ours, word):
    results = Results(made("http", "ordinald", ours) + made("http", "nginx", 100))
    assert goals.judge(goal("≥ 0.90 × nginx"), results).word == word


def test_a_goal_with_a_ceiling_is_judged():
    ceiling = goal("server CPU a call ≤ 0.33 × grpc-go")
    for ours, word in ((33, goals.MET), (34, goals.NOT_MET)):
        figures = made("grpc-unary", "ordinald", ours, figure="cpu_us")
        figures += made("grpc-unary", "grpc-go", 100, figure="cpu_us")
        assert goals.judge(ceiling, Results(figures)).word == word


def test_a_goal_that_asks_for_a_fast_machine_does_not_apply_to_a_slow_one():
    absolute = goal("≥ 100,000 calls/s, where raw epoll HTTP/1.1 does as many")
    ours = made("grpc-unary", "ordinald", 80_000)
    assert goals.judge(absolute, Results(ours + made("http", "http-epoll", 99_000))).word == goals.NOT_APPLICABLE
    assert goals.judge(absolute, Results(ours + made("http", "http-epoll", 100_000))).word == goals.NOT_MET
    assert goals.judge(absolute, Results(ours)).word == goals.NOT_APPLICABLE


def test_stalls_are_judged_by_the_worst_round():
    results = Results(made("batches", "grpc", 1000, 9000, 2000, figure="max_us"))
    verdict = goals.judge(goal("gRPC: no stall over 5 ms, in any round"), results)
    assert (verdict.value, verdict.word) == (9.0, goals.NOT_MET)


def test_the_dearest_connections_count():
    figures = [row for n, cost in (("1", 10), ("10", 8), ("100", 13), ("1000", 9))
               for row in made("curve-http", n, cost, figure="cpu_us")]
    flat = goal("HTTP: CPU a call at 10 to 1,000 ≤ 1.2 × at 1")
    assert goals.judge(flat, Results(figures)).value == pytest.approx(1.3)
    assert goals.judge(flat, Results(figures[:-1])).word == goals.NOT_MEASURED


def test_goals_and_groups_name_what_there_is():
    for group in GROUPS:
        assert len({entry.key for entry in group.entries}) == len(group.entries)
        for entry in group.entries:
            assert entry.protocol in SERVERS[entry.server].speaks
    everything = [
        {"round": 0, "group": group.key, "entry": entry.key,
         "figures": {figure: 1.0 for figure in ("calls_per_s", "cpu_us", "p50_us", "p99_us", "max_us", "ids_per_s",
                                                "core_share", *[column.figure for column in group.columns])}}
        for group in GROUPS for entry in group.entries
    ]
    assert not [v.goal for v in (goals.judge(one, Results(everything)) for one in goals.GOALS) if v.value is None]


def test_the_rows_of_a_report():
    text = text_of(made("http", "ordinald", 80_000, 90_000, 85_000) + made("http", "nginx", 100_000, 100_000, 100_000))
    assert "| **ordinald** | 85,000 (80,000–90,000) |  | – | – | – |  |" in text
    assert "| nginx `return 200` | 100,000 (100,000–100,000) | 0.850 | – | – | – | – |" in text
    assert text.index("| nginx `return 200` | 100,000") < text.index("| **ordinald** | 85,000")
    assert "| HTTP | ≥ 0.90 × nginx | **not met** | 0.850 × |" in text
    assert "| HTTP | ≥ 0.80 × raw epoll HTTP/1.1 | not measured | – |" in text
    assert "0 met, 1 not met" in text


def test_what_failed_is_told():
    failed = {"round": 0, "group": "http", "entry": "nginx", "failed": "it ended with status 1: no config"}
    skipped = {"round": 0, "group": "http", "entry": "http-epoll", "skipped": "it is not there"}
    text = text_of([failed, skipped])
    assert "| nginx `return 200` | – | – | – | – | – | – |" in text
    assert "- nginx `return 200`, 1 of 1 rounds: failed: it ended with status 1: no config" in text
    assert "- raw epoll, HTTP/1.1, 1 of 1 rounds: skipped: it is not there" in text


@pytest.mark.parametrize(
    "value, text",
    [
        *((None, "–"), (0, "0"), (0.9479, "0.948"), (2.0, "2"), (2.345, "2.35")),
        *((12.34, "12.3"), (123.4, "123"), (1000, "1,000"), (81234.6, "81,235")),
    ],
)
def test_numbers(value, text):
    assert report.number(value) == text


def test_the_picture_is_sound_and_sorted():
    figures = made("http", "ordinald", 80) + made("http", "nginx", 100) + made("http", "http-node", 20)
    root = xml.fromstring(picture.draw(Results(figures), ABOUT))
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert words.index("nginx return 200") < words.index("ordinald") < words.index("Node.js http")
    assert "× 4.00" in words and "× 0.80" in words


def test_a_report_can_be_written_again(tmp_path):
    both = made("http", "nginx", 5) + made("seq-block-1", "redis", 5)
    for page in (BENCH, SEQUENCES):
        report.write({"about": ABOUT, "rounds": 1, "seconds": 1, "measurements": both}, page, tmp_path)
    data = json.loads((tmp_path / "bench.json").read_text())
    assert (tmp_path / "bench.md").read_text() == "\n".join(report.document(data)) + "\n"
    other = json.loads((tmp_path / "sequences-bench.json").read_text())
    assert [[one["entry"] for one in each["measurements"]] for each in (data, other)] == [["nginx"], ["redis"]]
    assert "| Redis INCR | 5 (5–5) |" in (tmp_path / "sequences-bench.md").read_text()


def test_the_counter_is_told_beside_a_mutex():
    variants = [{"threads": 2, "variant": name, "call_cpu_ns": 1e3 / rate, "mcalls_s": rate}
                for name, rate in (("cas", 100), ("mutex", 50))]
    data = {"about": ABOUT, "rounds": 1, "seconds": 1, "measurements": [], "counter": {"variants": variants}}
    assert "| 2 | 100 | 50 | 10 | 20 | 2 |" in "\n".join(report.document(data, SEQUENCES))
    assert "mutex" not in "\n".join(report.document(data))
