"""Groups from outside: members with and without a stream, commands, restarts, and who is told what."""
import json
import queue
import re
import threading
import time

import grpc
import pytest

import ids
import metrics
import rest
from daemon import PATIENCE, logfmt, state_folder

SERVICE = "ordinal.v1.RankService"


class Stream:
    """A member's stream, or an observer's: what came, in order, and how it ended."""

    def __init__(self, call):
        self.call = call
        self.events = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        try:
            for message in self.call:
                self.events.put(message)
            self.events.put(None)
        except grpc.RpcError as error:
            self.events.put(error)

    def next(self, kind):
        """The next event, which has to be of that kind."""
        event = self.events.get(timeout=PATIENCE)
        assert not isinstance(event, (grpc.RpcError, type(None))), f"{kind}: ended with {event}"
        assert event.WhichOneof("event") == kind, event
        return getattr(event, kind)

    def until(self, kind, predicate=lambda event: True):
        """The next event of that kind that the predicate takes; others are passed over."""
        while True:
            event = self.events.get(timeout=PATIENCE)
            assert not isinstance(event, (grpc.RpcError, type(None))), f"{kind}: ended with {event}"
            if event.WhichOneof("event") == kind and predicate(getattr(event, kind)):
                return getattr(event, kind)

    def end(self):
        """How it ended: the error's stable code, or "ok"."""
        while True:
            event = self.events.get(timeout=PATIENCE)
            if event is None:
                return "ok"
            if isinstance(event, grpc.RpcError):
                return event

    def cancel(self):
        self.call.cancel()


class Group:
    """The calls of one group, over one channel."""

    def __init__(self, client, name="g"):
        self.client, self.name = client, name

    def request(self, method, **fields):
        described = self.client.types.service(SERVICE).methods_by_name[method]
        return self.client.types[described.input_type.full_name](group=self.name, **fields)

    def call(self, method, **fields):
        return self.client.method(method, SERVICE)(self.request(method, **fields), timeout=ids.TIMEOUT)

    def fails(self, method, **fields):
        """The stable code and the text of a call that has to fail."""
        with pytest.raises(grpc.RpcError) as caught:
            self.call(method, **fields)
        return self.failure(caught.value)

    def is_kept(self, command_id):
        try:
            return bool(self.call("GetCommand", command_id=command_id))
        except grpc.RpcError as error:
            assert self.failure(error) == "not-found", error
            return False

    def failure(self, error):
        return ids.Failure(error, self.client.types).reason

    def join(self, name, **fields):
        return Stream(self.client.method("Join", SERVICE)(self.request("Join", name=name, **fields)))

    def watch(self, **fields):
        return Stream(self.client.method("Watch", SERVICE)(self.request("Watch", **fields)))

    def lease(self, name, **fields):
        return self.call("JoinByLease", name=name, **fields).welcome

    def names(self):
        view = self.call("ListMembers").view
        assert [member.rank for member in view.members] == list(range(1, view.size + 1))
        return [member.name for member in view.members]

    def send(self, name, text, **fields):
        return self.call("SendCommand", name=name, text=text, **fields).command


@pytest.fixture
def group(shared, client, request):
    return Group(client(shared), re.sub("[^a-z0-9]", "-", request.node.name.lower()))


@pytest.fixture
def state():
    with state_folder() as folder:
        yield f"{folder}/state"


def test_the_whole_life(group):
    a = group.join("a", max_members=10)
    welcome = a.next("welcome")
    assert (welcome.view.rank, welcome.view.size, welcome.rejoined, welcome.ttl_ms) == (1, 1, False, 10000)
    b = group.join("b")
    assert b.next("welcome").view.rank == 2
    c = group.lease("c")
    assert c.view.rank == 3
    view = a.until("view", lambda view: view.size == 3)
    assert [member.name for member in view.members] == ["a", "b", "c"]
    command = group.send("a", "hello")
    assert (command.receivers, command.sender_rank, command.sender) == (2, 1, "a")
    assert b.until("command") == command
    got = group.call("ReceiveCommands", name="c").commands
    assert list(got) == [command]
    told = group.call("GetCommand", command_id=command.id)
    assert (told.sent, told.pending, told.acknowledged) == (2, 0, 0)
    assert group.call("Acknowledge", name="b", command_id=command.id).pending == 0
    told = group.call("GetCommand", command_id=command.id)
    assert [(one.name, one.state) for one in told.deliveries] == [("b", 3), ("c", 2)]
    epoch = group.call("Leave", name="a").epoch
    assert a.end() == "ok"
    view = b.until("view", lambda view: view.epoch == epoch)
    assert (view.rank, view.size) == (1, 2)
    assert [(change.kind, change.name, change.rank) for change in view.changes][-1] == (2, "a", 1)
    assert group.names() == ["b", "c"]
    assert group.send("c", "nobody below").receivers == 0
    b.cancel()


def test_who_is_not_in_is_refused(group):
    assert group.fails("Renew", name="nobody") == "not-found"
    session = group.lease("a").session_id
    assert group.call("Renew", name="a", session_id=session).view.rank == 1
    assert group.fails("Renew", name="a", session_id=session + 1) == "session-over"
    group.call("Leave", name="a")
    assert group.fails("SendCommand", name="a", text="x") == "not-found"
    assert group.fails("SendCommand", name="a", text="x", session_id=session) == "session-over"
    assert group.fails("GetCommand", command_id=1) == "not-found"


@pytest.mark.parametrize(
    "method, fields, code",
    [
        ("JoinByLease", {"name": ""}, "invalid-argument"),
        ("JoinByLease", {"name": "a/b"}, "invalid-argument"),
        ("JoinByLease", {"name": "a", "ttl_ms": 1999}, "out-of-range"),
        ("JoinByLease", {"name": "a", "ttl_ms": 600001}, "out-of-range"),
        ("SendCommand", {"name": "a", "text": ""}, "invalid-argument"),
        ("SendCommand", {"name": "a", "text": "x" * 16385}, "too-large"),
        ("SendCommand", {"name": "a", "text": "x", "request_id": "\n"}, "invalid-argument"),
        ("ListMembers", {"page_size": 10001}, "out-of-range"),
        ("ListMembers", {"page_token": "x"}, "invalid-argument"),
        ("ReceiveCommands", {"name": "a", "max_commands": 1001}, "out-of-range"),
        ("GetCommand", {"command_id": 1, "max_deliveries": 10001}, "out-of-range"),
        ("Acknowledge", {"name": "a", "command_id": 0}, "out-of-range"),
    ],
)
def test_what_is_refused(group, method, fields, code):
    assert group.fails(method, **fields) == code


def test_a_retry_is_the_same_command(group):
    group.lease("a")
    group.lease("b")
    first = group.call("SendCommand", name="a", text="once", request_id="k")
    again = group.call("SendCommand", name="a", text="once", request_id="k")
    assert (first.command, first.repeat, again.repeat) == (again.command, False, True)
    assert group.fails("SendCommand", name="a", text="twice", request_id="k") == "request-mismatch"
    assert group.call("SendCommand", name="b", text="twice", request_id="k").repeat is False
    assert [one.text for one in group.call("ReceiveCommands", name="b").commands] == ["once"]


def test_joining_again_replaces_the_stream(group):
    first = group.join("a")
    session = first.next("welcome").session_id
    group.lease("b")
    second = group.join("a")
    welcome = second.next("welcome")
    assert (welcome.session_id, welcome.rejoined, welcome.view.rank) == (session, True, 1)
    assert group.failure(first.end()) == "replaced"
    lease = group.lease("a")
    assert (lease.session_id, lease.rejoined) == (session, True)
    assert group.failure(second.end()) == "replaced"


def test_what_is_not_acknowledged_comes_again(group):
    group.lease("a")
    b = group.join("b")
    sent = [group.send("a", f"{i}") for i in range(5)]
    assert [b.until("command") for _ in sent] == sent
    group.call("Acknowledge", name="b", command_id=sent[1].id)
    b.cancel()
    b = group.join("b")
    assert b.next("welcome").rejoined
    assert [b.next("command") for _ in sent[2:]] == sent[2:]
    b.cancel()
    b = group.join("b", auto_acknowledge=True)
    assert [b.until("command") for _ in sent[2:]] == sent[2:]
    assert group.call("ListMembers").view.members[1].pending == 0
    b.cancel()


def test_a_broken_stream_ends_the_membership_in_time(group):
    top = group.join("top")
    top.next("welcome")
    a = group.join("a", ttl_ms=2000)
    a.next("welcome")
    top.until("view", lambda view: view.size == 2)
    broken = time.monotonic()
    a.cancel()
    view = top.until("view", lambda view: view.size == 1)
    took = time.monotonic() - broken
    assert [(change.kind, change.name) for change in view.changes] == [(3, "a")]
    assert took > 0.9, "it has a second at least to come back"
    top.cancel()


def test_a_lease_that_is_not_renewed_ends(group):
    session = group.lease("a", ttl_ms=2000).session_id
    watch = group.watch()
    watch.until("view", lambda view: view.size == 1)
    for _ in range(6):  # three seconds in all
        time.sleep(0.5)
        group.call("Renew", name="a", session_id=session)
    renewed = time.monotonic()
    watch.until("view", lambda view: view.size == 0)
    assert time.monotonic() - renewed > 1.9
    assert group.fails("Renew", name="a", session_id=session) == "session-over"
    assert group.lease("a").session_id > session
    watch.cancel()


def test_a_stream_that_has_to_renew(group):
    a = group.join("a", ttl_ms=2000, renews=True)
    session = a.next("welcome").session_id
    assert group.failure(a.end()) == "session-over"
    assert group.fails("Renew", name="a", session_id=session) == "session-over"


def test_who_does_not_acknowledge_is_evicted(start, client):
    group = Group(client(start("--member-queue", "3")))
    group.lease("a")
    b = group.join("b")
    b.next("welcome")
    sent = [group.send("a", f"{i}") for i in range(4)]
    assert sent[3].receivers == 1
    assert group.failure(b.end()) == "session-over"
    assert group.names() == ["a"]
    told = group.call("GetCommand", command_id=sent[0].id)
    assert [(one.name, one.state) for one in told.deliveries] == [("b", 4)]
    assert group.send("a", "alone").receivers == 0


def test_commands_have_their_time(start, client):
    daemon = start("--command-life", "1s")
    group = Group(client(daemon))
    group.lease("a", ttl_ms=60000)
    b = group.join("b")
    b.next("welcome")
    command = group.send("a", "in time")
    assert group.failure(b.end()) == "session-over"
    deadline = time.monotonic() + PATIENCE
    while group.is_kept(command.id):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_observers_see_all_in_order(group):
    watch = group.watch()
    first = watch.events.get(timeout=PATIENCE)
    assert first.view.size == 0
    group.lease("a")
    group.lease("b")
    sent = [group.send("a", f"{i}") for i in range(5)]
    seen, last = [], first.event_id
    while len(seen) < 5:
        event = watch.events.get(timeout=PATIENCE)
        assert event.event_id >= last
        last = event.event_id
        if event.WhichOneof("event") == "command":
            seen.append(event.command)
    assert seen == sent
    watch.cancel()
    watch = group.watch(after_event_id=sent[2].id)
    assert watch.next("view").size == 2
    assert [watch.next("command") for _ in range(2)] == sent[3:]
    watch.cancel()


def test_pages_are_of_one_epoch(group):
    for name in "abcde":
        group.lease(name)
    page = group.call("ListMembers", page_size=2)
    names = [member.name for member in page.view.members]
    while page.next_page_token:
        page = group.call("ListMembers", page_size=2, page_token=page.next_page_token)
        names += [member.name for member in page.view.members]
    assert names == list("abcde")
    token = group.call("ListMembers", page_size=2).next_page_token
    group.call("Leave", name="e")
    assert group.fails("ListMembers", page_token=token) == "failed-precondition"


def test_a_full_group(start, client):
    group = Group(client(start("--group-max", "2")))
    group.lease("a")
    group.lease("b")
    assert group.fails("JoinByLease", name="c") == "capacity"
    assert group.lease("b").rejoined
    assert group.failure(group.join("c").end()) == "capacity"


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_all_is_there_after_a_restart(state, start, client, how):
    daemon = start("--state-dir", state)
    group = Group(client(daemon))
    group.lease("a")
    b = group.join("b", ttl_ms=60000)
    session = b.next("welcome").session_id
    group.lease("c")
    group.call("Leave", name="c")
    sent = [group.send("a", f"{i}", request_id=f"{i}") for i in range(3)]
    before = group.call("ListMembers").view
    (daemon.stop if how == "stop" else daemon.kill)()

    daemon = start("--state-dir", state)
    group = Group(client(daemon))
    after = group.call("ListMembers").view
    assert after.epoch == before.epoch
    assert [(one.name, one.session_id) for one in after.members] == [
        (one.name, one.session_id) for one in before.members
    ]
    assert list(group.call("ReceiveCommands", name="b", session_id=session).commands) == sent
    again = group.call("SendCommand", name="a", text="2", request_id="2")
    assert (again.repeat, again.command) == (True, sent[2])
    assert group.send("a", "later").id > sent[2].id
    assert group.lease("d").view.epoch == before.epoch + 1
    assert group.names() == ["a", "b", "d"]


def test_an_epoch_never_goes_back(state, start, client):
    daemon = start("--state-dir", state)
    group = Group(client(daemon))
    group.lease("a")
    epoch = group.call("Leave", name="a").epoch
    for how in (daemon.kill, None):
        if how:
            how()
            daemon = start("--state-dir", state)
            group = Group(client(daemon))
        now = group.lease("a").view.epoch
        assert now > epoch
        epoch = group.call("Leave", name="a").epoch


def rest_call(target, method, path, body=None):
    """(status, the reply's JSON) of a call over REST."""
    connection = rest.connect(target)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        got = connection.getresponse()
        return got.status, json.loads(got.read())
    finally:
        connection.close()


def test_the_same_over_rest(start, client):
    daemon = start()
    group = Group(client(daemon), "rest")
    path = "/v1/groups/rest"
    a = group.join("a")
    assert a.next("welcome").view.rank == 1
    status, reply = rest_call(daemon, "POST", f"{path}/members", {"name": "b", "ttlMs": 60000})
    assert (status, reply["welcome"]["view"]["rank"]) == (200, 2)
    session = reply["welcome"]["sessionId"]
    status, reply = rest_call(daemon, "POST", f"{path}/commands", {"name": "a", "text": "\u00fcber REST"})
    assert (status, reply["command"]["receivers"]) == (200, 1)
    sent = reply["command"]
    status, reply = rest_call(daemon, "GET", f"{path}/members/b/commands")
    assert (status, reply["commands"]) == (200, [sent])
    status, reply = rest_call(daemon, "POST", f"{path}/commands/{sent['id']}:acknowledge?name=b")
    assert (status, reply["pending"]) == (200, 0)
    status, reply = rest_call(daemon, "GET", f"{path}/commands/{sent['id']}")
    assert [one["state"] for one in reply["deliveries"]] == ["DELIVERY_STATE_ACKNOWLEDGED"]
    status, reply = rest_call(daemon, "POST", f"{path}/members/b:renew?sessionId={session}")
    assert (status, reply["view"]["rank"], reply["sessionId"]) == (200, 2, session)
    status, reply = rest_call(daemon, "GET", f"{path}/members")
    assert [one["name"] for one in reply["view"]["members"]] == ["a", "b"]
    status, reply = rest_call(daemon, "DELETE", f"{path}/members/b")
    assert status == 200
    assert a.until("view", lambda view: str(view.epoch) == reply["epoch"]).size == 1
    status, reply = rest_call(daemon, "POST", f"{path}/members/b:renew?sessionId={session}")
    assert (status, reply["code"]) == (409, "session-over")
    status, reply = rest_call(daemon, "DELETE", f"{path}/members/b")
    assert (status, reply["code"]) == (404, "not-found")
    a.cancel()


def test_the_log_and_the_metrics(start, client):
    daemon = start()
    group = Group(client(daemon))
    group.lease("a")
    group.lease("b")
    command = group.send("a", "x")
    line = daemon.wait_for_line(lambda line: logfmt(line).get("msg") == "command")
    assert (logfmt(line)["id"], logfmt(line)["receivers"]) == (str(command.id), "1")
    line = daemon.wait_for_line(lambda line: logfmt(line).get("ranking") == "a, b")
    assert logfmt(line)["members"] == "2"
    values = metrics.read(daemon)
    assert values["ordinal_group_members", ""] == 2
    assert values["ordinal_group_commands_total", ""] == 1
