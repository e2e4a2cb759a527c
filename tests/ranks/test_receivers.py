"""Receivers that are slow, deaf or dead: they hold nobody up, and nothing is kept from them silently."""
import asyncio

import pytest

import processes
from crowd import Crowd
from members import EACH, NEVER
from records import EVICTED, Ended, View
from stage import stage, until

JOIN = "/ordinal.v1.RankService/Join"
LARGE = "x" * 16_000
QUEUE = 40
STAY_MS = 600_000  # leases that last however slow the machine is


def evicted(records):
    """Names, as observers were told."""
    changes = {change for record in records if isinstance(record, View) for change in record.changes}
    return [change.name for change in sorted(changes) if change.kind == EVICTED]


async def feed(it, top, count, keen):
    """Sends as many commands, no faster than one that keeps up acknowledges them; returns their IDs."""
    sent = []
    for i in range(count):
        sent += [command.id for command in await it.send(top, [f"{len(it.records)} {i}"])]

        async def is_done():
            return await it.pending(keen.name) == 0

        if i % 10 == 9 or i + 1 == count:
            await until(is_done, f"what {keen.name} has to acknowledge")
    return sent


class Deaf:
    """A member whose connection can be told to read nothing at all."""

    def __init__(self, address, group, name, **options):
        self.response = processes.types()["ordinal.v1.JoinResponse"]
        self.welcome, self.commands, self.ended = None, [], False
        self.crowd = Crowd(address, self._message, self._end, window=65535)
        request = processes.types()["ordinal.v1.JoinRequest"](group=group, name=name, **options)
        self.crowd.call(JOIN, request.SerializeToString(), name)
        assert self.crowd.run(lambda: self.welcome, 20)

    def _message(self, _name, payload):
        message = self.response.FromString(payload)
        if message.HasField("welcome"):
            self.welcome = message.welcome
        elif message.HasField("command"):
            self.commands.append(message.command.id)

    def _end(self, _name):
        self.ended = True


def test_a_stream_that_reads_nothing(disk):
    """Others get everything meanwhile; past its bound it is out, and its stream tells so after what it was sent."""

    async def body():
        async with stage(disk, queue=QUEUE) as it:
            top = await it.joined(it.member("top"))
            deaf = await asyncio.to_thread(Deaf, it.server.daemon.grpc, it.group, "deaf", ttl_ms=STAY_MS)
            below = await it.joined(it.member("below"))
            sent = [command.id for command in await it.send(top, [f"{i} {LARGE}" for i in range(QUEUE)])]
            await until(lambda: it.got(below) == sent, "delivery to the member below")
            assert await it.names() == ["top", "deaf", "below"]
            assert await it.pending("deaf") == QUEUE
            sent += [command.id for command in await it.send(top, ["one too many"])]
            await until(lambda: evicted(it.records) == ["deaf"], "its eviction")
            await until(lambda: it.got(below) == sent)
            assert await it.names() == ["top", "below"]
            assert await asyncio.to_thread(deaf.crowd.run, lambda: deaf.ended, 30)
            assert deaf.commands == sent[: len(deaf.commands)] and len(deaf.commands) < QUEUE
            deaf.crowd.close()
            await it.settle()

    asyncio.run(body())


def test_a_stream_that_acknowledges_as_it_is_sent_and_reads_nothing(disk):
    """What did not leave the server is not acknowledged."""

    async def body():
        async with stage(disk, queue=QUEUE) as it:
            top = await it.joined(it.member("top"))
            deaf = await asyncio.to_thread(
                Deaf, it.server.daemon.grpc, it.group, "deaf", ttl_ms=STAY_MS, auto_acknowledge=True
            )
            while "deaf" not in evicted(it.records):
                await it.send(top, [LARGE + str(len(it.records))])
                assert len(it.records) < 5000
            deaf.crowd.close()

    asyncio.run(body())


def test_one_that_acknowledges_nothing(disk):
    """It is told of its eviction on its stream, and joins again at the bottom."""

    async def body():
        async with stage(disk, queue=QUEUE) as it:
            top = await it.joined(it.member("top"))
            slack = await it.joined(it.member("slack"), policy=NEVER, renews=True, ttl_ms=STAY_MS)
            below = await it.joined(it.member("below"))
            first = slack.session
            await feed(it, top, QUEUE + 1, below)
            await until(lambda: evicted(it.records) == ["slack"], "its eviction")
            await until(lambda: slack.session not in (0, first), "its joining again")
            assert await it.names() == ["top", "below", "slack"]
            ends = [one.error for one in it.records if isinstance(one, Ended) and one.session == first]
            assert ends == ["session-over"]
            slack.acknowledge(EACH)
            last = await it.send(top, ["last"])
            await until(lambda: it.got(slack) == [last[0].id])
            await it.settle()

    asyncio.run(body())


def test_one_that_fetches_nothing(disk):
    async def body():
        async with stage(disk, queue=QUEUE) as it:
            top = await it.joined(it.member("top"))
            idle = await it.joined(it.member("idle"), "lease", ttl_ms=STAY_MS)
            idle.slow(1000)
            first = idle.session
            below = await it.joined(it.member("below"), "rest", ttl_ms=STAY_MS)
            sent = await feed(it, top, QUEUE + 1, below)
            await until(lambda: evicted(it.records) == ["idle"], "its eviction")
            idle.slow(0)
            assert it.got(below) == sent
            await until(lambda: idle.session not in (0, first), "its joining again")

    asyncio.run(body())


async def by_callback(it, name, **options):
    return await it.joined(it.member(name), "callback", ttl_ms=STAY_MS, **options)


def test_members_by_callback_get_all_in_order(disk):
    async def body():
        async with stage(disk) as it:
            top = await it.joined(it.member("top"))
            members = [await by_callback(it, f"c{i}") for i in range(5)]
            sent = [command.id for command in await it.send(top, [str(i) for i in range(60)])]
            for member in members:
                await until(lambda member=member: it.got(member) == sent, member.name)
            await it.settle()

    asyncio.run(body())


def test_an_endpoint_that_refuses_at_first(disk):
    """The same command comes until it is taken, and none behind it before."""

    async def body():
        async with stage(disk) as it:
            top = await it.joined(it.member("top"))
            moody = await by_callback(it, "moody", answer=500)
            below = await by_callback(it, "below")
            sent = [command.id for command in await it.send(top, ["a", "b", "c"])]
            await until(lambda: it.got(below) == sent)
            await until(lambda: len(it.got(moody)) >= 3)
            assert set(it.got(moody)) == {sent[0]}
            assert await it.pending("moody") == 3
            moody.stint.answer = 204
            await until(lambda: sorted(set(it.got(moody))) == sent)

            async def is_done():
                return await it.pending("moody") == 0

            await until(is_done, "its acknowledgement")
            await it.settle()

    asyncio.run(body())


def test_an_endpoint_that_hangs(disk):
    """Others have their commands meanwhile; once it answers, it gets all of its own."""

    async def body():
        async with stage(disk) as it:
            top = await it.joined(it.member("top"))
            hung = await by_callback(it, "hung", answer=None)
            below = await by_callback(it, "below")
            sent = [command.id for command in await it.send(top, [str(i) for i in range(20)])]
            await until(lambda: it.got(below) == sent)
            await until(lambda: it.got(hung))
            assert set(it.got(hung)) == {sent[0]}
            hung.stint.answer = 204
            await until(lambda: sorted(set(it.got(hung))) == sent)
            await it.settle()

    asyncio.run(body())


def test_a_dead_endpoint(disk, free_port):
    """Nobody listens at its URL: others have their commands, and past its bound it is out."""

    async def body():
        async with stage(disk, queue=QUEUE) as it:
            top = await it.joined(it.member("top"))
            dead = it.member("dead")
            it.callbacks.url = lambda stint, session: f"http://127.0.0.1:{free_port()}/"
            await it.joined(dead, "callback", ttl_ms=STAY_MS)
            below = await it.joined(it.member("below"))
            sent = await feed(it, top, QUEUE, below)
            assert it.got(below) == sent
            assert await it.pending("dead") == QUEUE
            await it.send(top, ["one too many"])
            await until(lambda: evicted(it.records) == ["dead"], "its eviction")

    asyncio.run(body())


def test_a_command_that_nobody_takes_in_its_life(disk):
    """Who leaves a command unacknowledged for longer than commands live is out."""

    async def body():
        async with stage(disk, "--command-life", "2s", judged_queue=0) as it:
            top = await it.joined(it.member("top"))
            await it.joined(it.member("slack"), policy=NEVER, renews=True, ttl_ms=STAY_MS)
            await it.send(top, ["hear me"])
            await until(lambda: evicted(it.records) == ["slack"], "its eviction")

    asyncio.run(body())
