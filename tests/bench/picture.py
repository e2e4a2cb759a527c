"""The picture: bars of each group, best first, with ordinald's ratio to each other server."""
from dataclasses import dataclass
from html import escape

from groups import GROUPS
from servers import LIMIT, OURS, SERVERS

WIDTH, MARGIN, GAP = 1120, 20, 40
PANEL = (WIDTH - 2 * MARGIN - GAP) // 2
ROW, BAR = 24, 16
LABEL, NUMBERS = 196, 130  # left and right of the bars
TOP, TITLE, FOOT = 92, 50, 30

STYLE = """
    svg { color-scheme: light dark }
    .title { font-size: 22px; font-weight: 600; fill: #111827 }
    .head { font-size: 16px; font-weight: 600; fill: #111827 }
    .note, .ratio { font-size: 13px; fill: #4b5563 }
    .name, .value { font-size: 13px; fill: #111827 }
    .us { font-weight: 600 }
    .bar { fill: #9ca3af }
    .bar.us { fill: #2563eb }
    .bar.limit { fill: none; stroke: #6b7280; stroke-dasharray: 3 2 }
    .axis { stroke: #d1d5db }
    @media (prefers-color-scheme: dark) {
      .title, .head, .name, .value { fill: #f3f4f6 }
      .note, .ratio { fill: #b6bcc6 }
      .bar { fill: #6b7280 }
      .bar.us { fill: #60a5fa }
      .bar.limit { fill: none; stroke: #9ca3af }
      .axis { stroke: #4b5563 }
    }"""


@dataclass(frozen=True)
class Panel:
    column: int
    group: str
    figure: str
    title: str
    note: str
    scale: float = 1.0
    less: bool = False  # less is better


PANELS = [
    Panel(0, "grpc-unary", "calls_per_s", "gRPC, one ID a call", "thousand calls/s", 1e-3),
    Panel(0, "grpc-unary", "cpu_us", "gRPC, server CPU a call", "µs, less is better", less=True),
    Panel(0, "grpc-single", "p50_us", "gRPC, one call in flight", "median latency in µs, less is better", less=True),
    Panel(0, "grpc-stream", "calls_per_s", "gRPC stream, one ID a message", "thousand messages/s", 1e-3),
    Panel(1, "http", "calls_per_s", "HTTP, one ID a request", "thousand requests/s, 64 connections", 1e-3),
    Panel(1, "http", "cpu_us", "HTTP, server CPU a request", "µs, less is better", less=True),
    Panel(1, "http", "p99_us", "HTTP, tail", "99th percentile in ms, less is better", 1e-3, less=True),
    Panel(1, "http-pipelined", "calls_per_s", "HTTP, sixteen requests at once", "thousand requests/s", 1e-3),
    Panel(1, "grpc-lists", "ids_per_s", "gRPC, 1,000 IDs a call", "million IDs/s", 1e-6),
]


def short(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def text(x, y, words, kind, anchor="start"):
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{kind}" x="{x:g}" y="{y:g}"{where}>{escape(words)}</text>'


def plain(label):
    """A label of the tables without its Markdown."""
    return label.replace("*", "").replace("`", "")


def bars(results, panel):
    """(entry, value, ratio) of what was measured, best first."""
    group = next(group for group in GROUPS if group.key == panel.group)
    found = []
    for entry in group.entries:
        value = results.median(group.key, entry.key, panel.figure)
        if value is not None:
            ratio = results.ratio(group.key, panel.figure, "ordinald", entry.key)
            found.append((entry, value, None if entry.key == "ordinald" else ratio))
    return sorted(found, key=lambda bar: bar[1], reverse=not panel.less)


def draw_bar(entry, value, ratio, length, scale, top):
    kind = {OURS: " us", LIMIT: " limit"}.get(SERVERS[entry.server].kind, "")
    middle = top + BAR - 3
    yield text(LABEL - 10, middle, plain(entry.label), "name" + kind, "end")
    yield f'<rect class="bar{kind}" x="{LABEL}" y="{top}" width="{max(length, 1):.1f}" height="{BAR}" rx="2"/>'
    yield text(LABEL + length + 6, middle, short(value * scale), "value" + kind)
    if ratio is not None:
        yield text(PANEL, middle, f"× {short(ratio)}", "ratio", "end")


def draw_panel(panel, found):
    longest = max(value for _, value, _ in found)
    room = PANEL - LABEL - NUMBERS
    yield text(0, 0, panel.title, "head")
    yield text(0, 20, panel.note, "note")
    yield text(PANEL, 20, "ordinald ÷ this", "note", "end")
    yield f'<line class="axis" x1="{LABEL}" x2="{LABEL}" y1="30" y2="{30 + ROW * len(found)}"/>'
    for place, (entry, value, ratio) in enumerate(found):
        yield from draw_bar(entry, value, ratio, room * value / longest, panel.scale, 34 + place * ROW)


def draw(results, about):
    """Two columns of panels; one without figures is left out."""
    panels = [(panel, found) for panel in PANELS if (found := bars(results, panel))]
    body = []
    tops = [TOP, TOP]
    for panel, found in panels:
        x = MARGIN + panel.column * (PANEL + GAP)
        body += [f'<g transform="translate({x} {tops[panel.column]})">', *draw_panel(panel, found), "</g>"]
        tops[panel.column] += TITLE + ROW * len(found) + 34
    height = max(tops) + FOOT - 34
    where = f"{about['cpu']}, {about['cores']} cores, load generator on the same machine, {about['date'][:10]}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" font-family="system-ui, sans-serif" role="img" aria-labelledby="t d">',
            '<title id="t">ordinald beside its peers</title>',
            f'<desc id="d">{escape("; ".join(describe(*panel) for panel in panels))}</desc>',
            f"<style>{STYLE}\n</style>",
            text(MARGIN, 36, "ordinald beside its peers, in one run", "title"),
            text(MARGIN, 60, where + ". Dashed: what the machine or a library can do at best.", "note"),
            *body,
            "</svg>",
            "",
        ]
    )


def describe(panel, found):
    values = (f"{plain(entry.label)} {short(value * panel.scale)}" for entry, value, _ in found)
    return f"{panel.title} ({panel.note}): {', '.join(values)}"
