"""libordinal against a real ordinald, through a small program (tests/client/driver.c) that takes commands by the line."""
import json
import select
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

import metrics
import rest
from daemon import BUILD, PATIENCE, SANITIZER, SMALL, environment, state_folder

LIBRARY = BUILD / "src/client/libordinal.so.0"
DRIVER = BUILD / "tests/client/driver"


class Driver:
    """A process with one client of the library."""

    def __init__(self, target, *options):
        self.errors = state_folder()
        self.stderr = open(self.errors.name + "/stderr", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [str(DRIVER), target, *map(str, options)],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            text=True,
        )
        self.opened = self.read()

    def read(self):
        assert select.select([self.process.stdout], [], [], 2 * PATIENCE)[0], "the driver says nothing"
        return json.loads(self.process.stdout.readline())

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.read()

    def get(self, wait_ms=PATIENCE * 1000):
        reply = self.ask("get", wait_ms)
        assert reply["code"] == "ok", reply
        return reply["ids"][0]

    def wait(self, command, condition):
        """Asks again and again until the condition holds of the reply, and returns it."""
        until = time.monotonic() + PATIENCE
        while not condition(reply := self.ask(*command)):
            assert time.monotonic() < until, reply
            time.sleep(0.01)
        return reply

    def close(self):
        self.process.stdin.close()
        status = self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.stderr.seek(0)
        said = self.stderr.read()
        self.stderr.close()
        self.errors.cleanup()
        assert not SANITIZER.search(said), said
        return status


@pytest.fixture
def library():
    """library(target, max_age_ms, tag, timeout_ms): a process with a client. It ends with the test, and well."""
    opened = []

    def make(target, *options):
        opened.append(Driver(target, *options))
        return opened[-1]

    yield make
    assert [one.close() for one in opened] == [0] * len(opened)


def test_ids_come_and_rise(shared, library):
    one = library(shared.grpc)
    assert one.opened == {"code": "ok"}
    ids = [one.get() for _ in range(500)]
    ids += one.ask("take", 1000, 700)["ids"]
    assert ids == sorted(set(ids))
    assert rest.get(shared, f"/v1/ids/{ids[-1]}").json()["node"] == 7


def test_two_clients_share_no_id(shared, library):
    clients = [library(shared.grpc), library(shared.grpc)]
    ids = [one.get() for _ in range(300) for one in clients]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("threads", [1, 8])
def test_threads_share_one_client(shared, library, threads):
    one = library(shared.grpc)
    one.ask("hammer", threads)
    one.wait(["seen"], lambda seen: seen["ids"] > 30000)
    done = one.ask("halt")
    assert done["fault"] == ""
    stats = one.ask("stats")
    assert stats["handed_out"] + stats["thrown"] + stats["in_stock"] == stats["prefetched"]
    assert done["ids"] <= stats["handed_out"] <= done["ids"] + 8, "but for those whose thread slept"


def test_it_asks_seldom(shared, library):
    """The size of a request follows the rate: there are at most a hundred requests a second, however many IDs."""
    one = library(shared.grpc)
    one.ask("hammer", 4)
    begun = time.monotonic()
    one.wait(["seen"], lambda seen: seen["ids"] > 50000)
    assert one.ask("stats")["refills"] < 30 + 120 * (time.monotonic() - begun)
    assert one.ask("halt")["fault"] == ""


def test_an_unreachable_server_is_told(library, free_port, start):
    port = free_port()
    one = library(f"127.0.0.1:{port}")
    assert one.opened == {"code": "ok"}
    told = one.wait(["error"], lambda error: error["code"] != "ok")
    assert told["code"] == "unavailable"
    assert told["text"].startswith(f"127.0.0.1:{port}: cannot be reached: ")
    assert one.ask("next")["code"] == "empty"
    assert one.ask("get", 30)["code"] == "unavailable"
    start("--grpc-listen", f"127.0.0.1:{port}", "--http-listen", "127.0.0.1:0", listen=False)
    one.get()
    assert one.ask("error")["code"] == "ok"


def test_a_server_that_is_back_is_found_soon(library, free_port, start):
    """Not at the next of the 5 s at which the C core looks after connections by itself."""
    args = ("--grpc-listen", f"127.0.0.1:{free_port()}", "--http-listen", "127.0.0.1:0", "--state", "memory")
    target = start(*args, listen=False)
    one = library(target.grpc)
    one.get()
    for _ in range(2):
        target.kill()
        one.wait(["get", 10], lambda reply: reply["code"] == "unavailable")
        target = start(*args, listen=False)
        back = time.monotonic()
        one.get()
        assert time.monotonic() - back < 2.5


class Refusing(grpc.GenericRpcHandler):
    """A proxy that has no server behind it: keeps the connection and refuses each call."""

    def __init__(self):
        self.calls = 0
        self.server = grpc.server(ThreadPoolExecutor(), handlers=[self])
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def service(self, details):
        def refuse(request, context):
            self.calls += 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "no server")

        return grpc.unary_unary_rpc_method_handler(refuse)

    def close(self):
        self.server.stop(None)


class HangingUp:
    """Another: begins HTTP/2, and closes the connection at the first call."""

    SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
    HEADERS = 1

    def __init__(self):
        self.calls = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            with peer, peer.makefile("rb") as frames:
                peer.sendall(self.SETTINGS)
                frames.read(len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
                while head := frames.read(9):
                    if head[3] == self.HEADERS:
                        self.calls += 1
                        break
                    frames.read(int.from_bytes(head[:3], "big"))

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(PATIENCE)
        self.socket.close()


@pytest.mark.parametrize("kind", [Refusing, HangingUp])
def test_a_proxy_without_a_server_is_not_besieged(library, kind):
    proxy = kind()
    try:
        one = library(f"127.0.0.1:{proxy.port}")
        one.wait(["get", 10], lambda reply: reply["code"] == "unavailable")
        until = time.monotonic() + 2
        while time.monotonic() < until:
            assert one.ask("get", 10)["code"] == "unavailable"
        assert 1 < proxy.calls <= 30
    finally:
        proxy.close()


def test_a_wait_in_vain_ends_early(library, free_port):
    """Once the server is tried only every second, a shorter wait between two tries is known to bring nothing."""
    one = library(f"127.0.0.1:{free_port()}")

    def ended_early(reply):
        nonlocal begun
        took, begun = time.monotonic() - begun, time.monotonic()
        assert reply["code"] == "unavailable"
        return took < 0.2 and reply["retry_after_ms"] > 300

    begun = time.monotonic()
    one.wait(["get", 300], ended_early)


@pytest.fixture
def state():
    """A folder for state that outlives the daemons of `start`, which comes after it among a test's fixtures."""
    with state_folder() as folder:
        yield folder


def test_ids_rise_when_the_server_is_killed_and_comes_back(state, start, library, free_port):
    port = free_port()
    where = ["--grpc-listen", f"127.0.0.1:{port}", "--http-listen", "127.0.0.1:0", "--state-dir", state, "--node-id", "3"]
    target = start(*where, listen=False)
    one = library(f"127.0.0.1:{port}")
    one.ask("hammer", 4)
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        before = one.wait(["seen"], lambda seen: seen["ids"] > 2000)
        target.process.send_signal(number)
        target.wait()
        down = one.wait(["seen"], lambda seen: seen["refused"] > before["refused"] + 50)
        assert one.ask("error")["code"] in ("unavailable", "timeout")
        target = start(*where, listen=False)
        one.wait(["seen"], lambda seen: seen["ids"] > down["ids"] + 2000)
    assert one.ask("halt")["fault"] == ""
    assert one.ask("stats")["reconnects"] == 3


def test_a_process_that_was_stopped_hands_out_no_old_id(shared, library):
    one = library(shared.grpc, 300)
    first = one.get()
    assert one.ask("stats")["in_stock"] > 10
    one.process.send_signal(signal.SIGSTOP)
    time.sleep(0.5)  # longer than IDs may live
    begun_ms = int(time.time() * 1000)
    one.process.send_signal(signal.SIGCONT)
    later = one.get()
    assert rest.get(shared, f"/v1/ids/{later}").json()["timeMs"] >= str(begun_ms - 300)
    assert one.ask("stats")["thrown"] > 10
    assert later > first


def test_an_idle_client_asks_for_nothing(start, library):
    target = start()
    one = library(target.grpc, 200)
    one.get()

    def calls():
        return metrics.calls(metrics.read(target), "grpc", "GetIds")

    until = time.monotonic() + 1.5  # several lives of an ID
    seen = []
    while time.monotonic() < until:
        seen.append(calls())
    assert 1 <= seen[-1] <= 3 and seen[-1] == seen[len(seen) // 2], seen[-1]
    one.get()


def test_a_client_in_use_is_never_without(shared, library):
    """IDs are renewed before the old ones are too old, so that a caller now and then does not wait."""
    one = library(shared.grpc, 300)
    one.get()
    waits = one.ask("stats")["waits"]
    for _ in range(60):
        time.sleep(0.05)
        one.get()
    assert one.ask("stats")["waits"] <= waits + 4, "of ten lives of an ID, but for a busy machine"
    assert one.ask("stats")["thrown"] > 0


def test_tags_are_kept_and_others_refused(start, library):
    target = start("--layout", "tick:41,node:10,sequence:8,tag:4")
    one = library(target.grpc, 0, 5)
    ids = [one.get() for _ in range(300)]
    assert ids == sorted(set(ids)) and {each & 15 for each in ids} == {5}
    other = library(target.grpc, 0, 16)
    begun = time.monotonic()
    told = other.ask("get", PATIENCE * 1000)
    assert told["code"] == "refused" and "tag" in told["text"]
    assert time.monotonic() - begun < PATIENCE / 2, "it waited for what never comes"


def test_a_small_layout_gives_all_it_has(start, library):
    """160 IDs a second: fewer are asked for than the client would like, and the wait is told."""
    target = start(*SMALL)
    one = library(target.grpc)
    taken, refused, until = [], None, time.monotonic() + 3
    while time.monotonic() < until:
        reply = one.ask("take", 5, 100)
        if reply["code"] == "ok":
            taken += reply["ids"]
        else:
            refused = reply
    assert taken == sorted(set(taken)) and len(taken) >= 300
    assert refused and refused["code"] in ("capacity", "timeout")


def test_a_server_that_goes_back_is_not_believed(library, start, free_port):
    """Without its state, and as a lower node, a server gives IDs below those before: they are refused."""
    port = free_port()
    where = ["--grpc-listen", f"127.0.0.1:{port}", "--http-listen", "127.0.0.1:0", "--epoch"]
    one = library(f"127.0.0.1:{port}")
    target = start(*where, "2015-01-01T00:00:00Z", listen=False)
    high = one.get()
    target.stop()
    start(*where, "2026-01-01T00:00:00Z", listen=False)

    def is_refused(reply):
        assert reply["code"] != "ok" or reply["ids"][0] > high
        return "below those that came before" in reply.get("text", "")

    one.wait(["get", 200], is_refused)


def test_a_child_process_gets_nothing(shared, library):
    one = library(shared.grpc)
    first = one.get()
    child = one.ask("fork")
    assert (child["next"], child["get"], child["error"]) == ("forked",) * 3 and "parent" in child["text"]
    assert one.get() > first


def test_a_server_that_does_not_answer(library):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        one = library("127.0.0.1:%d" % silent.getsockname()[1])
        begun = time.monotonic()
        assert one.ask("get", 300)["code"] in ("timeout", "unavailable")
        assert time.monotonic() - begun < PATIENCE


@pytest.mark.parametrize("target", ["", "localhost", "localhost:0", "dns:///localhost:1"])
def test_a_target_that_is_none(target):
    done = subprocess.run([str(DRIVER), target], env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["code"] == "invalid" and "HOST:PORT" in told["text"]


def test_a_bound_on_age_that_is_none():
    done = subprocess.run(
        [str(DRIVER), "localhost:1", "19"], env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert json.loads(done.stdout)["text"] == "max_age_ms: 19; allowed 20 to 3600000"


def test_only_what_the_header_declares_is_exported():
    symbols = subprocess.run(["nm", "-D", "--defined-only", str(LIBRARY)], capture_output=True, text=True, check=True)
    names = {line.split()[-1].split("@")[0] for line in symbols.stdout.splitlines()}
    declared = {"close", "code_name", "error", "get", "next", "open", "stats", "take", "version"}
    assert names - {"LIBORDINAL_0"} == {"ord_client_" + name for name in declared}
