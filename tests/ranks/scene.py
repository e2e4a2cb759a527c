"""Plays a scenario against a server, and gives its history."""
import asyncio
import itertools

import notes
from api import Failure, Grpc, Rest
from members import EACH, Member
from observers import Observer, RestObserver
from processes import Process
from records import LOST, Looked, Settled, now
from violations import Misstated

PATIENCE_S = 60  # for what has to come to pass on a busy machine
POLL_S = 0.15
LOOKS = 30
OBSERVERS = {"watch": Observer, "events": RestObserver}


class Restless(AssertionError):
    """The group did not come to rest."""


class Scene:
    def __init__(self, scenario, place, types, callbacks, folder):
        self.scenario, self.place, self.types, self.callbacks = scenario, place, types, callbacks
        self.group = f"g{scenario.seed}"
        self.folder = folder
        self.records, self.members, self.past = [], {}, []
        self.tell = self.records.append
        self.grpc, self.rest = Grpc(place, types), Rest(place, types)
        self._numbers = itertools.count()

    async def play(self):
        """Returns when all is done and the group was at rest."""
        observers = [
            OBSERVERS[kind](self.place, self.types, self.group, self.tell) for kind in self.scenario.observers
        ]
        began = now()
        try:
            for step in self.scenario.steps:
                await asyncio.sleep(max(0, step.at_s - (now() - began) / 1e9))
                self._do(step)
            await self._rest()
        finally:
            for one in [*self.members.values(), *self.past, *observers, self.grpc]:
                await one.close()

    def history(self):
        processes = [one for one in [*self.members.values(), *self.past] if isinstance(one, Process)]
        return sorted(self.records + [record for one in processes for record in one.records], key=lambda one: one.at)

    def _do(self, step):
        member = self.members.get(step.name)
        if step.what == "start":
            if member is None or (isinstance(member, Process) and not member.running):
                member = self._make(step.name)
        if member is not None and not (step.what == "resume" and not member.running):
            getattr(member, step.what)(*step.args, **dict(step.options))

    def _make(self, name):
        if name in self.members:
            self.past.append(self.members[name])
        if name in self.scenario.processes:
            path = self.folder / f"{self.group}-{name}-{next(self._numbers)}"
            made = Process(self.place, self.group, name, self.tell, path, self.scenario.seed)
        else:
            made = Member(
                self.place, self.types, self.group, name, self.tell, self.callbacks, self.scenario.seed
            )
        self.members[name] = made
        return made

    async def _rest(self):
        """Everyone reads and acknowledges, until all who are in have got all there is."""
        for member in self.members.values():
            if isinstance(member, Process):
                member.be_well()
            if member.alive:
                member.acknowledge(EACH)
                member.slow(0)
        deadline = now() + PATIENCE_S * 1_000_000_000
        for attempt in itertools.count():
            view = await self._settle(attempt)
            if view is not None:
                break
            if now() > deadline:
                raise Restless(f"{self.group}: {self.why}")
            await asyncio.sleep(POLL_S)
        self.tell(Settled(now(), tuple(member.session_id for member in view.members)))
        await self._look()

    async def _settle(self, attempt):
        """The view, if everyone in it has got and acknowledged everything; else `why` tells what is amiss."""
        alive = {member.name: member for member in self.members.values() if member.alive}
        view = await self._view()
        if view is None or not self._matches(view, alive):
            return None
        if view.members:
            text = f"{self.scenario.seed}-end-{attempt}"
            alive[view.members[0].name].send(text, f"r-{text}")
            for _ in range(40):
                await asyncio.sleep(POLL_S)
                late = [seat.name for seat in view.members[1:] if not self._heard(alive[seat.name], text)]
                if not late:
                    break
            self.why = f"{late} did not hear {text}"
            if late:
                return None
        last = await self._view()
        if last is None or not self._matches(last, alive) or last.epoch != view.epoch:
            return None
        self.why = f"not all is acknowledged: {last}"
        return last if all(member.pending == 0 for member in last.members) else None

    def _heard(self, member, text):
        if isinstance(member, Process):
            member.read()
        return text in member.heard

    def _matches(self, view, alive):
        """Whether exactly those are in who ought to be."""
        for member in alive.values():
            if isinstance(member, Process):
                member.read()
        sessions = {member.name: member.session for member in alive.values()}
        self.why = f"in are {[(one.name, one.session_id) for one in view.members]}, alive {sessions}"
        return {(one.name, one.session_id) for one in view.members} == set(sessions.items())

    async def _view(self):
        began = now()
        try:
            api = self.grpc if began % 2 else self.rest
            reply = await api.call("ListMembers", group=self.group, page_size=1000)
        except Failure as failure:
            self.why = str(failure)
            return None
        self.tell(notes.view(now(), began, notes.reader_name("list", self.group), reply.view))
        return reply.view

    async def _look(self):
        """What becomes of commands."""
        found = {record.command.id for record in self.records if getattr(record, "command", None)}
        for id_ in sorted(found)[-LOOKS:]:
            began = now()
            try:
                reply = await self.grpc.call("GetCommand", group=self.group, command_id=id_, max_deliveries=1000)
            except Failure as failure:
                if failure.reason == LOST:
                    continue
                raise Misstated(f"{self.group}: command {id_} was accepted, but now: {failure}") from failure
            counts = (reply.pending, reply.sent, reply.acknowledged, reply.given_up)
            self.tell(Looked(now(), began, notes.command(reply.command), counts, notes.deliveries(reply)))


