"""A server and members for tests that direct each step themselves; the history is checked at the end."""
import asyncio
import itertools
from contextlib import asynccontextmanager

import daemon as programs
import notes
import processes
from api import Failure, Grpc
from checker import check
from members import Member
from observers import Callbacks, Observer
from processes import Process
from records import LOST, Settled, Tried, now
from torture import Server

PATIENCE_S = 60


async def until(condition, what="it"):
    """Waits for a condition, which may be a coroutine function."""
    deadline = now() + PATIENCE_S * 1_000_000_000
    while True:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        assert now() < deadline, f"{what} did not come to pass"
        await asyncio.sleep(0.02)


class Stage:
    def __init__(self, server, folder, callbacks, group="stage"):
        self.server, self.folder, self.callbacks, self.group = server, folder, callbacks, group
        self.types, self.records, self.members = processes.types(), [], []
        self.tell = self.records.append
        self.observer = Observer(server.place, self.types, group, self.tell)
        self.grpc = Grpc(server.place, self.types)
        self._numbers = itertools.count()

    def member(self, name):
        made = Member(self.server.place, self.types, self.group, name, self.tell, self.callbacks)
        self.members.append(made)
        return made

    def process(self, name):
        path = self.folder / f"{name}-{next(self._numbers)}"
        made = Process(self.server.place, self.group, name, self.tell, path, 0)
        self.members.append(made)
        return made

    async def joined(self, member, how="stream", **options):
        """Starts a member and waits until it is in."""
        member.start(how, **options)

        def is_in():
            if isinstance(member, Process):
                member.read()
            return member.session

        await until(is_in, f"{member.name}'s joining")
        return member

    async def call(self, name, /, **fields):
        return await self.grpc.call(name, group=self.group, **fields)

    async def read(self, name, /, **fields):
        """A call that may be made again if it got lost: (when it began, its reply)"""
        for _ in range(100):
            began = now()
            try:
                return began, await self.call(name, **fields)
            except Failure as failure:
                if failure.reason != LOST:
                    raise
            await asyncio.sleep(0.1)
        raise AssertionError(f"{name} gets lost")

    async def view(self):
        began, reply = await self.read("ListMembers", page_size=10_000)
        view = reply.view
        self.tell(notes.view(now(), began, notes.reader_name("list", self.group), view))
        return view

    async def names(self):
        return [member.name for member in (await self.view()).members]

    async def pending(self, name):
        return next((member.pending for member in (await self.view()).members if member.name == name), None)

    async def send(self, member, texts):
        """Sends commands one after the other; returns them."""
        sent = []
        for text in texts:
            fields = {"name": member.name, "session_id": member.session, "text": text}
            began = now()
            self.tell(Tried(began, member.name, member.session, text, ""))
            command = notes.command((await self.call("SendCommand", **fields)).command)
            self.tell(notes.sent(now(), began, member, text, command))
            sent.append(command)
        return sent

    def got(self, member):
        """IDs of commands in the order of their coming."""
        return [
            record.command.id
            for record in self.records
            if type(record).__name__ == "Got" and record.session == member.session
        ]

    async def settle(self):
        """All that live have got everything."""
        self.tell(Settled(now(), tuple(member.session for member in self.members if member.alive)))

    async def close(self):
        for one in [*self.members, self.observer, self.grpc]:
            await one.close()

    def history(self):
        own = [record for one in self.members if isinstance(one, Process) for record in one.records]
        return sorted([*self.records, *own, *self.server.served], key=lambda record: record.at)


@asynccontextmanager
async def stage(folder, *args, queue=1000, judged_queue=None, kind=programs.Daemon):
    server = Server(folder, "--member-queue", str(queue), *args, kind=kind)
    await asyncio.to_thread(server.start)
    callbacks = await Callbacks(processes.types()).open()
    made = Stage(server, folder, callbacks)
    try:
        yield made
    finally:
        await made.close()
        await callbacks.close()
        await asyncio.to_thread(server.end)
    check(made.history(), queue=queue if judged_queue is None else judged_queue)


