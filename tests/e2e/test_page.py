"""The page at /, live: real members join, speak, are killed and leave while headless Chromium looks on."""
import json
import threading

import grpc
import pytest

import ids
import metrics
import rest
from browser import Browser
from member import Member as Process

pytestmark = pytest.mark.slow_client
RANKS = "ordinal.v1.RankService"
NAMES = "#members > .member:not(.ghost) .name"
EVENTS = "#events > tr:not([hidden]):not(.details)"
NOTES = f"{EVENTS} > .what"
FIVE = ["anna", "ben", "carla", "dora", "emil"]

# Counts what moves, and arrows that are drawn, from now on.
WITNESS = """
window.moved = 0; window.drawn = 0;
const animate = Element.prototype.animate;
Element.prototype.animate = function (frames, ...rest) {
  if (JSON.stringify(frames).includes("translate")) window.moved++;
  return animate.call(this, frames, ...rest);
};
new MutationObserver((changes) => {
  for (const { addedNodes } of changes)
    for (const node of addedNodes) window.drawn += node.querySelectorAll(".arrow").length;
}).observe(document.querySelector("#arrows"), { childList: true });
"""


def post(target, path, **fields):
    """Sends fields as JSON; returns the reply as a dict."""
    connection = rest.connect(target)
    try:
        connection.request("POST", path, json.dumps(fields), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        body = reply.read()
        assert reply.status < 300, body
        return json.loads(body)
    finally:
        connection.close()


class Member:
    """A member by an open stream, which acknowledges what it gets."""

    def __init__(self, target, types, name, group="default"):
        self.name, self.group, self.types = name, group, types
        self.client = ids.Client(target.grpc, types)
        request = types["ordinal.v1.JoinRequest"](group=group, name=name, ttl_ms=2000, auto_acknowledge=True)
        self.stream = self.client.method("Join", RANKS)(request)
        self.session = next(self.stream).welcome.session_id
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        try:
            for _ in self.stream:
                pass
        except grpc.RpcError:
            pass

    def _call(self, name, **fields):
        request = self.types[f"ordinal.v1.{name}Request"](
            group=self.group, name=self.name, session_id=self.session, **fields
        )
        return self.client.method(name, RANKS)(request, timeout=ids.TIMEOUT)

    def send(self, text):
        return self._call("SendCommand", text=text).command

    def leave(self):
        self._call("Leave")

    def die(self):
        """Breaks off without a word."""
        self.client.close()


@pytest.fixture(scope="module")
def browser():
    running = Browser()
    yield running
    running.close()


@pytest.fixture
def join(types):
    """Members: join(target, "anna", "ben")."""
    joined = []

    def make(target, *names, **where):
        made = [Member(target, types, name, **where) for name in names]
        joined.extend(made)
        return made

    yield make
    for member in joined:
        member.die()


def live(browser, url, **options):
    browser.open(url, **options)
    browser.wait("document.querySelector('#link').dataset.state === 'live'")


def check(browser):
    """What holds of every state: nothing complains, axe-core finds nothing, nothing is wider than the window."""
    assert browser.seen()["complaints"] == []
    assert browser.audit() == []
    assert browser.read("document.documentElement.scrollWidth <= innerWidth")


def test_modules_that_need_no_browser(node):
    node("page_modules.js")


def test_an_empty_group_tells_how_to_join(start, browser):
    target = start("--node-id", "7")
    live(browser, target.url)
    browser.wait("!document.querySelector('#nobody').hidden")
    told = browser.text("#to-join")
    assert "ordinal member" in told and f"{target.url}/v1/groups/default/members" in told
    assert browser.text("#no-events") == "Nothing has happened yet."
    browser.picture("page-empty")
    check(browser)


def test_the_strip_shows_the_node(start, browser, client):
    target = start("--node-id", "7")
    live(browser, target.url)
    calls = client(target)
    stop = threading.Event()

    def load():
        while not stop.is_set():
            calls.ids(100)

    loader = threading.Thread(target=load, daemon=True)
    loader.start()
    try:
        browser.wait("document.querySelector('#p99-grpc').textContent.startsWith('≤')")
        browser.wait("document.querySelector('#rate-grpc').textContent !== '0'")
        assert browser.text("#node") == "7"
        assert browser.text("#reserved").endswith(" s left")
        assert browser.text("#clock") == "follows"
        assert browser.text("#uptime").endswith((" s", " min"))
        assert metrics.read(target)["process_start_time_seconds", ""] > 0
    finally:
        stop.set()
        loader.join(ids.TIMEOUT)


def test_members_are_shown_by_rank_and_move_up(start, browser, join):
    target = start()
    live(browser, target.url)
    browser.read(WITNESS)
    members = join(target, *FIVE)
    browser.wait_for_texts(NAMES, FIVE)
    browser.wait_for_texts(f"{EVENTS} strong", FIVE[::-1])
    browser.wait_for_texts("#members .life", ["connected"] * 5)
    assert browser.text("#size").startswith("5 members")
    browser.read("document.querySelectorAll('#members > .member').forEach((row, at) => (row.was = at))")
    browser.picture("page-five")

    members[2].leave()
    browser.wait_for_texts(NAMES, ["anna", "ben", "dora", "emil"])
    browser.wait_for_texts("#members > .member:not(.ghost) .rank", ["1", "2", "3", "4"])
    browser.picture("page-left")
    moved = "[...document.querySelectorAll('#members > .member:not(.ghost)')].map((row) => row.was)"
    assert browser.read(moved) == [0, 1, 3, 4], "rows are not made anew"
    assert browser.read("moved") >= 2
    assert browser.texts(NOTES)[0].startswith("carla") and "left" in browser.texts(EVENTS)[0]
    browser.wait("document.querySelector('#announcer').textContent.includes('carla left')")
    check(browser)


def test_a_member_that_dies_expires(start, browser, join):
    target = start()
    live(browser, target.url)
    members = join(target, *FIVE)
    browser.wait_for_texts(NAMES, FIVE)
    members[0].die()
    browser.wait_for_texts(NAMES, FIVE[1:])
    browser.wait(f"document.querySelector('{EVENTS}').innerText.includes('expired')")
    browser.picture("page-killed")


def test_processes_that_end_and_that_are_killed(start, browser):
    """`ordinal member`, as people run it: by a stream, by a lease, by a URL of its own."""
    target = start()
    live(browser, target.url)
    started = []
    try:
        for name, over, *more in (
            ("anna", ("--grpc", target.grpc)),
            ("ben", ("--http", target.url)),
            ("carla", ("--grpc", target.grpc), "--listen", "127.0.0.1:0"),
        ):
            started.append(Process(name, over, "--ttl", "2s", "--max-interval", "0s", *more))
            started[-1].joined()
        browser.wait_for_texts(NAMES, ["anna", "ben", "carla"])
        for kind in ("stream", "lease", "callback"):
            browser.wait(f"document.querySelector('#members').innerText.includes('{kind}')")
        started[0].kill()
        browser.wait_for_texts(NAMES, ["ben", "carla"])
        browser.wait(f"document.querySelector('{EVENTS}').innerText.includes('expired')")
        started[1].stop()
        browser.wait_for_texts(NAMES, ["carla"])
        browser.wait(f"document.querySelector('{EVENTS}').innerText.includes('left')")
    finally:
        for one in started:
            one.kill()


def test_a_command_travels_to_those_below(start, browser, join):
    target = start()
    live(browser, target.url)
    members = join(target, *FIVE)
    browser.wait_for_texts(NAMES, FIVE)
    browser.read(WITNESS)
    command = members[1].send("rotate logs")
    browser.wait("drawn === 3")
    browser.wait("document.querySelector('#arrows .arrow')")
    browser.picture("page-command")
    browser.wait(f"document.querySelector('{NOTES}').innerText.includes('rotate logs')")
    assert "ben → 3 members" in browser.texts(NOTES)[0]

    browser.click("#events button")
    browser.wait("document.querySelector('.counts')?.textContent.includes('3 acknowledged')")
    browser.wait("[...document.querySelectorAll('.deliveries li')].length === 3")
    assert str(command.id) in browser.text(".details")
    browser.picture("page-deliveries")
    check(browser)
    browser.click("#events .details button")
    browser.wait(f"document.querySelector('#id').textContent === '{command.id}'")


def test_nothing_moves_for_those_who_want_calm(start, browser, join):
    target = start()
    live(browser, target.url, reducedMotion="reduce")
    browser.read(WITNESS)
    members = join(target, *FIVE)
    browser.wait_for_texts(NAMES, FIVE)
    members[0].leave()
    browser.wait_for_texts(NAMES, FIVE[1:])
    members[1].send("still told")
    browser.wait(f"document.querySelector('{NOTES}').innerText.includes('still told')")
    assert browser.read("moved") == 0


def test_events_are_filtered_and_paused(start, browser, join):
    target = start()
    live(browser, target.url)
    anna, ben, carla = join(target, "anna", "ben", "carla")
    anna.send("one")
    browser.wait(f"document.querySelectorAll('{EVENTS}').length === 4")
    browser.click("#filter input[value=joined]")
    browser.wait_for_texts(f"{EVENTS} strong", ["anna"])
    browser.fill("#search", "nothing like it")
    browser.wait("document.querySelector('#no-events').textContent === 'No event passes the filter.'")
    browser.fill("#search", "ONE")
    browser.wait_for_texts(f"{EVENTS} strong", ["anna"])
    browser.fill("#search", "")

    browser.click("#pause")
    ben.send("two")
    browser.wait("document.querySelector('#pause').textContent === 'Resume (1 new)'")
    browser.wait_for_texts(f"{EVENTS} .text", ["one"])
    browser.click("#pause")
    browser.wait_for_texts(f"{EVENTS} .text", ["two", "one"])
    carla.leave()
    browser.wait_for_texts(f"{EVENTS} strong", ["carla", "ben", "anna"])


def test_it_comes_back_after_a_restart(start, browser, join, tmp_path):
    state = ("--node-id", "7", "--unsafe-state-dir", "--state-dir", str(tmp_path / "state"))
    first = start(*state)
    live(browser, first.url)
    join(first, "anna", "ben")
    browser.wait_for_texts(NAMES, ["anna", "ben"])
    first.stop()
    browser.wait("document.querySelector('#link').dataset.state === 'away'")
    assert "No server" in browser.text("#link")
    browser.picture("page-away")
    assert browser.audit() == []

    second = start(*state, "--grpc-listen", first.grpc, "--http-listen", first.http, listen=False)
    browser.wait("document.querySelector('#link').dataset.state === 'live'")
    join(second, "carla")
    browser.wait("document.querySelector('#members').innerText.includes('carla')")
    browser.picture("page-back")


def test_it_goes_on_without_a_feed(start, browser, join):
    """As many watch as may: the page asks instead, and says that it tries."""
    target = start("--event-streams", "1")
    watcher = rest.connect(target)
    watcher.request("GET", "/v1/groups/default/events", headers={"Accept": "text/event-stream"})
    held = watcher.getresponse()
    assert held.status == 200
    browser.open(target.url)
    join(target, "anna", "ben")
    browser.wait_for_texts(NAMES, ["anna", "ben"])
    assert browser.read("document.querySelector('#link').dataset.state") in ("connecting", "lost")
    held.close()
    watcher.close()
    browser.wait("document.querySelector('#link').dataset.state === 'live'")


def test_a_large_group_shows_its_first_hundred(start, browser):
    target = start()
    for number in range(130):
        post(target, "/v1/groups/big/members", name=f"worker-{number}", ttlMs=600000)
    live(browser, f"{target.url}/?group=big")
    browser.wait("document.querySelectorAll('#members > .member').length === 100")
    browser.wait("document.querySelector('#more').textContent === 'and 30 members below'")
    browser.picture("page-large")


def test_another_group_is_chosen(start, browser, join):
    target = start()
    join(target, "anna")
    join(target, "zoe", group="other")
    live(browser, target.url)
    browser.wait_for_texts(NAMES, ["anna"])
    browser.fill("#group", "other")
    browser.press("Enter")
    browser.wait_for_texts(NAMES, ["zoe"])
    assert browser.read("location.search") == "?group=other"
    assert browser.text("#ranks-title") == "Ranks in other"


def test_sequences_are_listed_if_there_are_any(start, browser):
    target = start()
    live(browser, target.url)
    assert browser.read("document.querySelector('#sequences').hidden")
    post(target, "/v1/sequences", name="invoice", mode="SEQUENCE_MODE_GAPLESS")
    browser.wait("!document.querySelector('#sequences').hidden")
    browser.wait_for_texts("#sequence-rows > tr > *", ["invoice", "gapless", "1"])


@pytest.mark.parametrize(
    "name, options",
    [("dark", {"colorScheme": "dark"}), ("narrow", {"viewport": {"width": 320, "height": 700}}),
     ("wide", {"viewport": {"width": 2560, "height": 1300}})],
)
def test_it_fits_windows_and_themes(start, browser, join, name, options):
    target = start()
    live(browser, target.url, **options)
    members = join(target, *FIVE)
    browser.wait_for_texts(NAMES, FIVE)
    browser.read(WITNESS)
    members[0].send("reload the configuration, and drop connections that are older than an hour")
    browser.wait("drawn === 4")
    browser.wait("document.querySelector('#id').textContent !== '—'")
    browser.picture(f"page-{name}", fullPage=True)
    check(browser)


# What has the focus, by a name of its own.
FOCUS = "(({id, className, value, textContent}) => id || className || value || textContent)(document.activeElement)"


def test_the_keyboard_reaches_everything_in_order(start, browser, join):
    target = start()
    live(browser, target.url)
    anna, _ = join(target, "anna", "ben")
    anna.send("by keyboard")
    browser.wait(f"document.querySelectorAll('{EVENTS}').length === 3")
    reached = []
    while "open" not in reached and len(reached) < 40:
        browser.press("Tab")
        reached.append(browser.read(FOCUS))
    wanted = ["skip", "brand", "Ranks", "get", "copy", "text", "format", "group", "pause", "joined", "search", "open"]
    assert [one for one in reached if one in wanted] == wanted, reached
    browser.press("Enter")
    browser.wait("document.querySelector('#events button').getAttribute('aria-expanded') === 'true'")
    browser.wait("document.querySelector('.counts')?.textContent.includes('acknowledged')")
    browser.press("Enter")
    browser.wait("document.querySelector('.details') === null")


def test_nothing_is_asked_of_others(start, browser):
    target = start()
    live(browser, target.url)
    browser.wait("document.querySelector('#node').textContent !== '—'")
    assert {url.split("/")[2] for url in browser.seen()["requests"]} == {target.http}
