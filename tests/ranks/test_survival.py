"""What was promised is there after kill -9 at any moment, and after a full disk."""
import asyncio
import os
import random
import subprocess
from pathlib import Path

import pytest

import daemon as programs
import notes
from api import Failure
from records import Joined, Looked, Sent, now
from stage import stage, until

KILLS = 12
STAY_MS = 600_000


async def busy(it, number, rng, over):
    """Members come by lease and stay or leave; each sends, with a key, until it is accepted."""
    member = None
    for i in range(10_000):
        if over.is_set():
            return
        if member is None or rng.random() < 0.15:
            if member is not None and rng.random() < 0.6:
                member.leave()
            member = it.member(f"m{number}.{i}")
            member.start(rng.choice(("lease", "rest", "stream")), ttl_ms=STAY_MS)
        text = f"{number}/{i}"
        member.send(text, f"r-{text}", rng.choice((1, 1, 2)))
        await asyncio.sleep(rng.random() * 0.03)


async def check_commands(it):
    """Every command that was accepted can be looked at."""
    for id_ in sorted({one.command.id for one in it.records if isinstance(one, Sent) and one.command}):
        began, reply = await it.read("GetCommand", command_id=id_, max_deliveries=10_000)
        counts = (reply.pending, reply.sent, reply.acknowledged, reply.given_up)
        it.tell(Looked(now(), began, notes.command(reply.command), counts, notes.deliveries(reply)))


async def all_is_told(it):
    """Whether each member that lives is in, has got all, and said so. Some left, and nobody knows whether they did."""
    done = {one.session_id for one in (await it.view()).members if one.pending == 0}
    return {member.session for member in it.members if member.alive} <= done


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_under_joins_and_commands(disk, seed):
    """History by history: one membership an epoch, over all runs; joined is joined, accepted is accepted, once."""

    async def body():
        rng = random.Random(seed)
        async with stage(disk) as it:
            over = asyncio.Event()
            work = [asyncio.ensure_future(busy(it, number, random.Random(f"{seed}/{number}"), over)) for number in range(4)]
            for _ in range(KILLS):
                await asyncio.sleep(rng.uniform(0.01, 0.4))
                await asyncio.to_thread(it.server.restart, "killed")
            over.set()
            await asyncio.gather(*work)
            await until(lambda: all_is_told(it), "that all is told")
            await check_commands(it)
            await it.settle()
            told = [one for one in it.records if isinstance(one, Joined)]
            assert len({one.session for one in told}) > KILLS

    asyncio.run(body())


class Small(programs.Daemon):
    """An ordinald whose state is on a small disk of its own."""

    def command(self, command):
        folder = self._state.name
        script = 'mount -t tmpfs -o size=256k none "$0" && exec "$@"'
        at = command.index("--state-dir")
        return ["unshare", "-m", "sh", "-c", script, folder, *command[: at + 1], folder, *command[at + 2 :]]

    @property
    def disk(self):
        return Path(f"/proc/{self.process.pid}/root{self._state.name}")

    def fill(self):
        with open(self.disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                pass

    def empty(self):
        os.unlink(self.disk / "filler")


def may_mount():
    return subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not may_mount(), reason="mounting needs root")
def test_a_full_disk(disk):
    """Nobody is told what is not durable; who is in stays in; with room it goes on, and every command is one."""

    async def body():
        async with stage(disk, kind=Small) as it:
            top = await it.joined(it.member("top"))
            stream = await it.joined(it.member("stream"))
            lease = await it.joined(it.member("lease"), "lease")
            first = await it.send(top, ["before"])
            await until(lambda: it.got(stream) == it.got(lease) == [first[0].id])

            it.server.daemon.fill()
            refused = 0
            for i in range(300):
                try:
                    await it.send(top, [f"{i} " + "x" * 8000])
                except Failure as failure:
                    assert failure.reason in ("lost", "unavailable", "UNAVAILABLE"), failure
                    refused += 1
                    break
            assert refused
            with pytest.raises(Failure):
                await it.call("JoinByLease", name="late", ttl_ms=STAY_MS, timeout_s=2)
            assert {"stream", "lease"} <= set(await it.names())
            top.send("in the dark", "r-dark")

            it.server.daemon.empty()
            await until(lambda: "in the dark" in stream.heard and "in the dark" in lease.heard, "a command with room again")
            late = await it.joined(it.member("late"), "lease")
            await it.send(top, ["after"])
            await until(lambda: "after" in late.heard and "after" in stream.heard)
            await it.settle()

    asyncio.run(body())
