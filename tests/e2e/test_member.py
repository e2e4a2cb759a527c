"""`ordinal member`, `ranks` and `send`: members that join, command, leave, are killed, stopped and cut off."""
import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from daemon import ORDINAL, PATIENCE, Daemon, environment, run_client, state_folder
from member import Lines, Member

DONE, FAILED, USAGE, UNAVAILABLE = range(4)

SILENT = ("--max-interval", "0s")
BUSY = ("--min-interval", "20ms", "--max-interval", "60ms")


@pytest.fixture
def lines():
    """Runs programs that end with the test: lines(Member, "alice", over)."""
    running = []

    def run(kind, *args, **options):
        running.append(kind(*args, **options))
        return running[-1]

    yield run
    for one in running:
        one.send(signal.SIGCONT)
        one.kill()


# The options that make a member of each kind: of the program, of the verb.
HOW = {
    "stream": (lambda target: ["--grpc", target.grpc], ()),
    "lease": (lambda target: ["--http", target.url], ()),
    "callback": (lambda target: ["--grpc", target.grpc], ("--listen", "127.0.0.1:0")),
}


def member(lines, target, name, how, *args):
    over, listens = HOW[how]
    return lines(Member, name, over(target), *listens, *args)


@pytest.fixture(params=HOW)
def how(request):
    return request.param


def change(event, kind, name):
    return any((one["kind"], one["name"]) == (f"CHANGE_KIND_{kind}", name) for one in event.get("changes", ()))


def ranks(target, *args):
    done = run_client("--grpc", target.grpc, "--output", "json", "ranks", *args)
    assert done.returncode == DONE and done.stderr == "", done
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_members_rank_by_when_they_came_and_move_up(start, lines, how):
    target = start()
    members = []
    for rank, name in enumerate(("alice", "bob", "carol"), 1):
        members.append(member(lines, target, name, how, *SILENT))
        joined = members[-1].joined()
        assert (joined["rank"], joined["size"], joined["rejoined"]) == (rank, rank, False)
    alice, bob, carol = members
    alice.wait_for_rank(1, 3)
    alice.stop()
    assert alice.events[-1]["event"] == "left"
    bob.wait_for_rank(1, 2)
    carol.wait_for_rank(2, 2)
    assert [(one["name"], one["rank"]) for one in ranks(target)] == [("bob", 1), ("carol", 2)]


def test_commands_reach_those_below_once_and_in_order(start, lines, how, tmp_path):
    target = start()
    commands = tmp_path / "commands"
    commands.write_text("one\n\nand two\n")
    alice = member(lines, target, "alice", "stream", "--commands", commands, *BUSY)
    alice.joined()
    bob = member(lines, target, "bob", how, *SILENT)
    first = int(bob.joined()["epoch"])
    bob.wait_for(lambda event: len(bob.of("received")) >= 20)
    alice.stop()
    sent = [event for event in alice.of("sent") if int(event["epoch"]) >= first]
    bob.wait_for(lambda event: event.get("id") == sent[-1]["id"])
    received = bob.of("received")
    assert [event["id"] for event in received] == [event["id"] for event in sent]
    assert {event["text"] for event in received} == {"one", "and two"}
    assert {(event["sender"], event["senderRank"]) for event in received} == {("alice", 1)}
    bob.stop()


def test_a_killed_member_is_noticed(start, lines, how):
    target = start()
    alice = member(lines, target, "alice", how, "--ttl", "2s", *SILENT)
    alice.joined()
    bob = member(lines, target, "bob", "stream", *SILENT)
    bob.joined()
    alice.kill()
    assert change(bob.wait_for_rank(1, 1), "EXPIRED", "alice")
    bob.stop()


def test_a_stopped_member_loses_its_rank_and_is_told(start, lines, how):
    target = start()
    alice = member(lines, target, "alice", how, "--ttl", "2s", *SILENT)
    alice.joined()
    bob = member(lines, target, "bob", "stream", *SILENT)
    bob.joined()
    alice.send(signal.SIGSTOP)
    bob.wait_for_rank(1, 1)
    alice.send(signal.SIGCONT)
    again = alice.wait_for(lambda event: event["event"] == "joined" and event["rank"] == 2)
    assert alice.of("over", "lost") and not again["rejoined"]
    alice.stop()
    bob.stop()


@pytest.fixture
def restartable(free_port):
    """Starts an ordinald again and again on the same ports and state: restartable()."""
    ports = ("--grpc-listen", f"127.0.0.1:{free_port()}", "--http-listen", f"127.0.0.1:{free_port()}")
    running = []

    def run(state):
        running.append(Daemon(*ports, "--state-dir", state, listen=False))
        return running[-1]

    with state_folder() as folder:
        yield lambda: run(folder)
        for one in running:
            one.kill()


def test_members_find_a_server_that_was_restarted(lines, how, restartable):
    target = restartable()
    alice = member(lines, target, "alice", how, "--ttl", "60s", *BUSY)
    session = alice.joined()["sessionId"]
    bob = member(lines, target, "bob", how, "--ttl", "60s", *SILENT)
    bob.joined()
    bob.wait_for(lambda event: event["event"] == "received")
    target.kill()
    alice.wait_for(lambda event: event["event"] == "lost")
    before, sent = len(bob.events), len(alice.events)
    target = restartable()
    back = time.monotonic()
    alice.wait_for(lambda event: event["event"] == "sent", after=sent)
    assert time.monotonic() - back < 4, "the C core by itself looks after connections every 5 s"
    bob.wait_for(lambda event: event["event"] == "received", after=before)
    assert [one["name"] for one in ranks(target)] == ["alice", "bob"]
    assert {event["sessionId"] for event in alice.of("joined")} == {session}
    ids = [int(event["id"]) for event in bob.of("received")]
    assert ids == sorted(set(ids))
    alice.stop()
    bob.stop()
    target.stop()


def test_a_second_stream_takes_the_place_of_the_first(start, lines):
    target = start()
    first = member(lines, target, "alice", "stream", *SILENT)
    session = first.joined()["sessionId"]
    second = member(lines, target, "alice", "stream", *SILENT)
    assert second.joined()["sessionId"] == session
    assert first.wait() == FAILED and "member" in first.errors
    second.stop()


def test_a_member_that_is_made_to_leave_ends(start, lines, types, client):
    target = start()
    alice = member(lines, target, "alice", "stream", *SILENT)
    alice.joined()
    assert rest_leave(target, "alice") == 200
    assert alice.wait() == DONE and alice.events[-1]["event"] == "left"


def rest_leave(target, name):
    import rest

    return rest.get(target, f"/v1/groups/default/members/{name}", method="DELETE").status


def test_send_and_watch(start, lines):
    target = start()
    alice = member(lines, target, "alice", "stream", "--group", "others", *SILENT)
    alice.joined()
    watcher = lines(Lines, "--grpc", target.grpc, "ranks", "--group", "others", "--watch")
    watcher.wait_for(lambda event: event.get("event") == "view" and event["size"] == 1)
    bob = member(lines, target, "bob", "lease", "--group", "others", *SILENT)
    bob.joined()
    assert change(watcher.wait_for(lambda event: event.get("size") == 2), "JOINED", "bob")
    for over, _ in HOW.values():
        done = run_client(*over(target), "send", "-g", "others", "--name", "alice", "hello\nthere")
        number, *rest = done.stdout.split()
        assert rest == ["sent", "to", "1"] and done.stderr == "" and done.returncode == DONE
        event = bob.wait_for(lambda event, number=number: event.get("id") == number)
        assert event["text"] == "hello\nthere" and event["senderRank"] == 1
        assert watcher.wait_for(lambda event, number=number: event.get("id") == number)["receivers"] == 1
    key = ("send", "-g", "others", "--name", "alice", "--request-id", "k", "x")
    once, twice = (run_client("--http", target.url, *key).stdout.split() for _ in range(2))
    assert twice == [*once, "before"]
    refused = run_client("--grpc", target.grpc, "send", "--name", "nobody", "x")
    assert refused.returncode == FAILED and "nobody" in refused.stderr


def test_lines_for_people(start):
    target = start()
    alice = subprocess.Popen(
        [ORDINAL, "--grpc", target.grpc, "member", "--name", "alice", "--min-interval", "1ms"],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    words = [alice.stdout.readline().split(maxsplit=3) for _ in range(2)]
    assert words[0][1:] == ["alice", "joined", "default: rank 1 of 1, epoch 1\n"]
    assert words[1][1:3] == ["alice", "sent"] and " to 0: " in words[1][3]
    table = run_client("--grpc", target.grpc, "ranks").stdout.splitlines()
    assert table[0] == "group default: 1 members, epoch 1" and table[2].split()[:3] == ["1", "alice", "stream"]
    alice.send_signal(signal.SIGINT)
    assert alice.communicate(timeout=PATIENCE)[0].splitlines()[-1].endswith(" alice left default")
    assert alice.returncode == DONE


@pytest.mark.parametrize(
    "args, text",
    [
        (("member", "--name", "a b"), "name"),
        (("member", "--commands", "/dev/null"), "--commands: /dev/null has none"),
        (("member", "--min-interval", "2s", "--max-interval", "1s"), "--max-interval"),
        (("member", "--listen", "192.0.2.1:1"), "--listen"),
        (("member", "--callback-url", "http://x"), "--listen"),
        (("send", "x"), "--name"),
    ],
)
def test_wrong_usage(shared, args, text):
    done = run_client("--grpc", shared.grpc, *args)
    assert done.returncode in (USAGE, FAILED) and text in done.stderr, done


# A client with a stream and no renewals: pings are all that tell.
LISTENER = """
    import sys, grpc, protos
    from pathlib import Path
    types = protos.Types(Path(sys.argv[2]))
    channel = grpc.insecure_channel(sys.argv[1])
    join = channel.unary_stream(
        "/ordinal.v1.RankService/Join",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=types["ordinal.v1.JoinResponse"].FromString,
    )
    for event in join(types["ordinal.v1.JoinRequest"](name="silent", ttl_ms=2000)):
        print("heard", flush=True)
"""


@pytest.fixture
def silent(tmp_path):
    """Runs such a client: silent(address, what stands before the command)."""
    running = []

    def run(address, around=()):
        command = [*around, sys.executable, "-c", textwrap.dedent(LISTENER), address, str(tmp_path)]
        env = environment(PYTHONPATH=os.path.dirname(__file__))
        running.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True))
        assert running[-1].stdout.readline() == "heard\n"
        return running[-1]

    yield run
    for one in running:
        one.kill()
        one.wait(PATIENCE)


def test_pings_find_a_client_that_has_stopped(start, lines, silent):
    target = start()
    process = silent(target.grpc)
    watcher = lines(Lines, "--grpc", target.grpc, "ranks", "--watch")
    watcher.wait_for(lambda event: event.get("event") == "view")
    process.send_signal(signal.SIGSTOP)
    assert change(watcher.wait_for(lambda event: event.get("size") == 0), "EXPIRED", "silent")


def ip(*args):
    return subprocess.run(["ip", *args], capture_output=True, text=True, timeout=PATIENCE)


@pytest.fixture
def cable():
    """Two hosts and a cable between them: (here, there, cut)."""
    names = [f"ordinal{os.getpid()}{side}" for side in "ab"]
    if os.geteuid() != 0 or ip("netns", "add", names[0]).returncode != 0:
        pytest.skip("network namespaces cannot be made here")
    here, there = (["ip", "netns", "exec", name] for name in names)
    try:
        ip("netns", "add", names[1])
        ip("-n", names[0], "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", names[1])
        for host, name in enumerate(names, 1):
            ip("-n", name, "addr", "add", f"10.77.0.{host}/24", "dev", "cable")
            ip("-n", name, "link", "set", "cable", "up")
            assert ip("-n", name, "link", "set", "lo", "up").returncode == 0
        yield here, there, lambda: ip("-n", names[1], "link", "set", "cable", "down")
    finally:
        for name in names:
            ip("netns", "del", name)


class Here(Daemon):
    """An ordinald on the first host, for both."""

    around = ()

    def command(self, command):
        return [*self.around, *command]


def test_pings_find_a_client_whose_cable_is_cut(cable, lines, silent):
    here, there, cut = cable
    Here.around = here
    target = Here("--node-id", "1", "--grpc-listen", "10.77.0.1:0", "--http-listen", "127.0.0.1:0", listen=False)
    try:
        silent(target.grpc, there)
        watcher = lines(Lines, "--grpc", target.grpc, "ranks", "--watch", around=here)
        watcher.wait_for(lambda event: event.get("event") == "view")
        cut()
        assert change(watcher.wait_for(lambda event: event.get("size") == 0), "EXPIRED", "silent")
    finally:
        target.stop()
