#!/usr/bin/python3
"""Writes the figures of a run as tables: report.py bench.json FOLDER, or sequences-bench.json."""
import json
import sys
from pathlib import Path

import goals
import picture
from groups import GROUPS
from results import Results
from servers import SERVERS
from shapes import BENCH, SEQUENCES

TITLES = {BENCH: "How fast", SEQUENCES: "How fast sequences are"}
PEERS = {
    BENCH: """\
Peers are asked for less than ordinald gives: their IDs are in order and unique while one process lives, but most
forget them with it, and none looks at the clock. Those of Postgres survive.""",
    SEQUENCES: """\
All keep their state on the same disk. Redis without persistence starts over with a restart. A sequence of Postgres
skips up to 32 values in a crash, as a block does; the row of a table is what people use where none may be missing.""",
}

METHOD = """\
Each round goes over all servers, in an order that shifts by one from round to round. A server is started, asked for IDs to
see that it answers rightly, driven for a while that does not count, measured, and stopped; nothing else of this bench
runs meanwhile. **Ratios are those of the same round**, of which the median is shown, because a machine drifts more
between rounds than within one; so a ratio is not the quotient of the two medians beside it. Other columns are
medians, with the smallest and the largest round in brackets.

Loads are closed loops over loopback, with the generator on the same cores: a generator in one thread, which takes its
share of the machine. So calls a second tell which server leaves more of it, and CPU a call tells the rest: it is the
user and system time of all processes of the server during the measurement, divided by the calls. A refused or failed
call makes a measurement fail."""


def number(value):
    """Three digits that count, and all that stand before the point."""
    if value is None:
        return "–"
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.{1 if size >= 10 else 2 if size >= 1 else 3}f}"


def quantity(value, unit):
    return f"{number(value)} {unit}" if unit and value is not None else number(value)


def table(heads, rows, left=1):
    """The first `left` columns are words, the others numbers."""
    yield "| " + " | ".join(heads) + " |"
    yield "|---" * left + "|---:" * (len(heads) - left) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def heads(group):
    yield "server" if group.compared else ""
    for column in group.columns:
        yield column.title
        if column.ratio:
            yield column.ratio


def cell(results, group, entry, column):
    value = results.median(group.key, entry.key, column.figure)
    if value is None:
        return "–"
    text = number(value * column.scale)
    low, high = results.spread(group.key, entry.key, column.figure)
    return f"{text} ({number(low * column.scale)}–{number(high * column.scale)})" if column.spread else text


def row(results, group, entry):
    yield entry.label
    for column in group.columns:
        yield cell(results, group, entry, column)
        if column.ratio:
            same = entry.key == "ordinald"
            yield "" if same else number(results.ratio(group.key, column.figure, "ordinald", entry.key))


def ordered(results, group):
    """Best first, where servers are compared; what has no figures comes last."""
    measured = [entry for entry in group.entries if results.of(group.key, entry.key)]
    if not group.compared:
        return measured

    def rank(entry):
        value = results.median(group.key, entry.key, group.columns[0].figure)
        return (value is None, (value or 0) * (1 if group.less else -1))

    return sorted(measured, key=rank)


def group_section(results, group):
    entries = ordered(results, group)
    if not entries:
        return
    yield from ("", f"### {group.title}", "", group.text, "")
    yield from table(list(heads(group)), [list(row(results, group, entry)) for entry in entries])
    troubles = [(entry, results.troubles(group.key, entry.key)) for entry in entries]
    if any(reasons for _, reasons in troubles):
        yield ""
    for entry, reasons in troubles:
        rounds = len([one for one in results.of(group.key, entry.key) if "figures" not in one])
        for reason in reasons:
            yield f"- {entry.label}, {rounds} of {len(results.of(group.key, entry.key))} rounds: {reason}"


def goal_section(results, page):
    verdicts = [goals.judge(goal, results) for goal in goals.GOALS if goal.page == page]
    met = sum(verdict.word == goals.MET for verdict in verdicts)
    missed = sum(verdict.word == goals.NOT_MET for verdict in verdicts)
    yield from ("", "## Goals", "")
    yield f"{met} met, {missed} not met, {len(verdicts) - met - missed} not measured or not applicable."
    yield ""
    rows = [[v.goal.subject, v.goal.text, v.word, quantity(v.value, v.goal.unit)] for v in verdicts]
    yield from table(["", "goal", "", "measured"], rows, left=3)


COUNTER = """\
What `tests/bench/counter` tells of threads that take values of one block and do nothing else: by a compare-and-swap below
the limit, as ordinald does it; by adding first and looking at the limit then, which loses what goes above; under a mutex."""


def counter_section(figures):
    rows = {}
    for one in figures["variants"]:
        rows.setdefault(one["threads"], {})[one["variant"]] = one
    names = list(next(iter(rows.values())))
    yield from ("", "### The counter, atomic or under a mutex", "", COUNTER, "")
    yield from table(
        ["threads", *(f"{name}, million/s" for name in names), *(f"{name}, CPU ns" for name in names), "cas ÷ mutex"],
        [
            [
                str(threads),
                *(number(row[name]["mcalls_s"]) for name in names),
                *(number(row[name]["call_cpu_ns"]) for name in names),
                number(row["cas"]["mcalls_s"] / row["mutex"]["mcalls_s"]),
            ]
            for threads, row in rows.items()
        ],
    )


def server_section(results, page):
    driven = {
        entry.server for group in groups_of(page) for entry in group.entries if results.of(group.key, entry.key)
    }
    yield from ("", "## The servers", "")
    yield "| server | how it is set, and where its IDs come from |"
    yield "|---|---|"
    for server in SERVERS.values():
        if server.key in driven:
            yield f"| {server.label} | {server.note} |"
    yield from ("", PEERS[page])


def machine_section(about, rounds, seconds):
    yield from ("", "## The machine", "")
    yield f"- {about['cpu']}, {about['cores']} cores, {about['memory_gb']} GB, virtualization: {about['virtual']}"
    yield f"- {about['system']}, Linux {about['kernel']}; state on {about['file_system']}"
    yield f"- load average before the run: {about['load_before']:.2f}"
    yield f"- {rounds} rounds, {seconds} s each measurement"
    versions = [f"{name} {version}" for name, version in about["packages"].items()]
    yield f"- packages: {', '.join(versions)}"


def groups_of(page):
    return [group for group in GROUPS if group.page == page]


def document(data, page=BENCH):
    results = Results(data["measurements"])
    about = data["about"]
    yield f"# {TITLES[page]}"
    yield ""
    yield f"Made by `{about['command']}` on {about['date']}, from revision `{about['revision']}`, on {about['cores']} cores of"
    yield f"{about['cpu']} ([the machine](#the-machine)). Absolute figures are of this machine; ratios are what counts. The raw"
    yield f"figures are in [{page}.json]({page}.json)."
    yield ""
    if page == BENCH:
        yield "![Bars of calls a second, server CPU a call and latency, ordinald beside its peers](bench.svg)"
        yield ""
    yield METHOD
    yield from goal_section(results, page)
    yield from ("", "## Figures")
    for group in groups_of(page):
        yield from group_section(results, group)
    if page == SEQUENCES and "counter" in data:
        yield from counter_section(data["counter"])
    yield from server_section(results, page)
    yield from machine_section(about, data["rounds"], data["seconds"])


def raw(data):
    """JSON with a line for each measurement."""
    head = {key: value for key, value in data.items() if key != "measurements"}
    lines = ",\n".join(f"  {json.dumps(one)}" for one in data["measurements"])
    return json.dumps(head, indent=1).removesuffix("\n}") + f',\n "measurements": [\n{lines}\n ]\n}}\n'


def write(data, page, folder):
    """Writes what was measured for one page; returns what it wrote."""
    keys = {group.key for group in groups_of(page)}
    data = {**data, "measurements": [one for one in data["measurements"] if one["group"] in keys]}
    made = {f"{page}.json": raw(data), f"{page}.md": "\n".join(document(data, page)) + "\n"}
    if page == BENCH:
        made["bench.svg"] = picture.draw(Results(data["measurements"]), data["about"])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (folder / name).write_text(text)
    return [folder / name for name in made]


if __name__ == "__main__":
    write(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[1]).stem, Path(sys.argv[2]))
