"""Commands posted to members' URLs: a real daemon, and members that are HTTP servers."""
import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import daemon as programs
import metrics
from daemon import logfmt

PATIENCE = programs.PATIENCE


class Member:
    """An HTTP server that answers posts with `status`, and keeps their bodies. With `silent` it does not answer."""

    def __init__(self):
        self.status = 204
        self.silent = False
        self.posts = []
        self.headers = []
        self.news = threading.Condition()
        member = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with member.news:
                    member.headers.append(dict(self.headers))
                    member.posts.append(json.loads(body))
                    member.news.notify_all()
                    if member.silent:
                        member.news.wait_for(lambda: not member.silent, PATIENCE)
                self.send_response(member.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/receive-command?token=secret"

    def wait(self, enough):
        """The posts, once there are enough of them."""
        with self.news:
            assert self.news.wait_for(lambda: enough(self.posts), PATIENCE), self.posts
            return list(self.posts)

    def change(self, **settings):
        with self.news:
            self.__dict__.update(settings)
            self.news.notify_all()

    def close(self):
        self.change(silent=False)
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def member():
    made = []

    def make():
        made.append(Member())
        return made[-1]

    yield make
    for one in made:
        one.close()


def call(target, verb, path, body=None, headers=None):
    """Status and JSON of an answer."""
    request = urllib.request.Request(
        target.url + path,
        method=verb,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as problem:
        return problem.code, json.load(problem)


def join(target, name, url=None, ttl_ms=600000):
    body = {"name": name, "ttlMs": ttl_ms, **({"callbackUrl": url} if url else {})}
    status, reply = call(target, "POST", "/v1/groups/g/members", body)
    assert status == 200, reply
    return reply["welcome"]["sessionId"]


def send(target, name, text):
    status, reply = call(target, "POST", "/v1/groups/g/commands", {"name": name, "text": text})
    assert status == 200, reply
    return reply["command"]


def tries(target, outcome, least):
    key = "ordinal_callback_tries_total", f'outcome="{outcome}"'
    assert metrics.wait(target, lambda samples: samples[key] >= least, PATIENCE)[key] >= least


def lines(target, message):
    return [logfmt(line) for line in list(target.lines) if logfmt(line).get("msg") == message]


def test_commands_are_posted_in_order_as_they_were_accepted(start, member):
    daemon, second, third = start(), member(), member()
    join(daemon, "first")
    join(daemon, "second", second.url)
    join(daemon, "third", third.url)
    sent = [send(daemon, "first", f"Schritt {i}: vorw\u00e4rts") for i in range(20)]
    assert second.wait(lambda posts: len(posts) >= 20) == sent
    assert third.wait(lambda posts: len(posts) >= 20) == sent
    assert second.headers[0]["Content-Type"] == "application/json"

    last = send(daemon, "second", "only for those below")
    assert third.wait(lambda posts: len(posts) >= 21)[-1] == last
    assert len(second.posts) == 20
    tries(daemon, "accepted", 41)


def test_a_failure_is_told_once_and_so_is_its_end(start, member):
    daemon, failing = start(), member()
    failing.change(status=503)
    join(daemon, "first")
    join(daemon, "second", failing.url)
    command = send(daemon, "first", "again and again")
    failing.wait(lambda posts: len(posts) >= 4)
    failing.change(status=200)
    tries(daemon, "accepted", 1)
    assert {post["id"] for post in failing.posts} == {command["id"]}

    failed = lines(daemon, "commands cannot be posted; they are tried again")
    assert [line["reason"] for line in failed] == ["answered 503; 2xx accepts a command"]
    daemon.wait_for_line(lambda line: "commands are posted again" in line)
    assert len(lines(daemon, "commands are posted again")) == 1
    assert "secret" not in daemon.log() and "again and again" not in daemon.log()


@pytest.mark.parametrize(
    "url, says",
    [
        ("http://10.1.2.3/receive-command", "10.1.2.3 is not in the networks that commands are posted to"),
        ("http://[::ffff:10.1.2.3]/", "10.1.2.3 is not in the networks"),
        ("http://169.254.169.254/latest", "callback-networks: 127.0.0.0/8,::1/128"),
        ("ftp://127.0.0.1/", "http://HOST"),
        ("http://user:secret@127.0.0.1/", "without a user"),
        ("file:///etc/passwd", "http://HOST"),
        ("http://127.0.0.1/" + "a" * 3000, "2048"),
    ],
    ids=["literal", "mapped", "link-local", "ftp", "user", "file", "long"],
)
def test_urls_that_members_may_not_name(shared, url, says):
    status, problem = call(shared, "POST", "/v1/groups/g/members", {"name": "m", "callbackUrl": url})
    assert status == 400 and says in problem["detail"], problem
    assert "secret" not in problem["detail"]


def test_names_are_held_against_the_networks_as_they_are_connected_to(start, member):
    daemon, outside = start("--callback-networks", "10.0.0.0/8"), member()
    join(daemon, "first")
    join(daemon, "second", outside.url.replace("127.0.0.1", "localhost"))
    send(daemon, "first", "not for you")
    tries(daemon, "forbidden", 2)
    (told,) = lines(daemon, "commands cannot be posted; they are tried again")
    assert "allowed by callback-networks: 10.0.0.0/8" in told["reason"]
    assert not outside.posts


def test_none_means_none(start, member):
    daemon = start("--callback-networks", "none")
    status, problem = call(
        daemon, "POST", "/v1/groups/g/members", {"name": "m", "callbackUrl": "http://localhost/"}
    )
    assert status == 400 and "callback-networks is none" in problem["detail"]


def test_nobody_acts_as_the_operator_by_a_callback(start):
    """The daemon is on its own host, but it posts on behalf of whoever named the URL."""
    daemon = start()
    join(daemon, "first")
    join(daemon, "second", f"{daemon.url}/v1/clock:accept")
    send(daemon, "first", "accept")
    tries(daemon, "refused", 1)
    (told,) = lines(daemon, "commands cannot be posted; they are tried again")
    assert told["reason"].startswith("answered 403"), told


def test_commands_that_were_not_accepted_are_posted_by_the_next_run(start, member, tmp_path):
    state = "--state-dir", str(tmp_path / "state")
    daemon, late = start(*state), member()
    late.change(status=500)
    join(daemon, "first")
    join(daemon, "second", late.url)
    sent = [send(daemon, "first", text) for text in ("one", "two", "three")]
    late.wait(lambda posts: len(posts) >= 2)
    daemon.stop()
    late.change(status=200)
    seen = len(late.posts)

    again = start(*state)
    late.wait(lambda posts: len(posts) >= seen + 3)
    tries(again, "accepted", 3)
    assert late.posts[seen:] == sent


def test_a_silent_member_does_not_hold_up_the_end(start, member):
    daemon, silent = start(), member()
    silent.change(silent=True)
    join(daemon, "first")
    join(daemon, "second", silent.url)
    send(daemon, "first", "anybody there?")
    silent.wait(lambda posts: posts)
    daemon.stop()


def test_leaving_ends_the_tries(start, member):
    daemon, leaving = start(), member()
    leaving.change(status=503)
    join(daemon, "first")
    join(daemon, "second", leaving.url)
    send(daemon, "first", "too late")
    leaving.wait(lambda posts: len(posts) >= 2)
    status, reply = call(daemon, "DELETE", "/v1/groups/g/members/second")
    assert status == 200, reply
    join(daemon, "second", leaving.url)
    leaving.change(status=200)
    command = send(daemon, "first", "in time")
    assert leaving.wait(lambda posts: posts[-1]["id"] == command["id"])
    assert daemon.process.poll() is None
