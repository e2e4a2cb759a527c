"""Real clients of RankService that tell a history of what they do and see.

A Member is a name in a group. A stint is one way for it to be in: by a stream, by a lease, by a callback. A new
stint takes over from the one before, whose stream the server ends. All runs in one asyncio loop; what is written
down stands before what the server learns from it (a receipt before its acknowledgement).
"""
import asyncio
import random
import traceback

import grpc

import notes
from api import Failure, Grpc, Rest, failure_of
from records import LOST, Acked, Asked, Disturbed, Ended, Fetched, Got, Joined, Left, Renewed, Sent, Tried, now

OVER = ("session-over", "not-found")
PAUSE_S = 0.1  # before something is tried again

# When a member acknowledges what it got.
EACH, LAZY, NEVER, AUTO = "each", "lazy", "never", "auto"


class Member:
    def __init__(self, place, types, group, name, tell, callbacks=None, seed=0):
        self.group, self.name, self.tell, self.callbacks = group, name, tell, callbacks
        self.grpc, self.rest = Grpc(place, types), Rest(place, types)
        self.rng = random.Random(f"{seed}/{group}/{name}")
        self.session, self.stint, self.policy = 0, None, EACH
        self.heard, self.newest = set(), (0, 0)  # texts of commands; the newest one's session and ID
        self.faults = []  # of the test itself
        self.joining = asyncio.Lock()  # one joining after the other, so that the last one stands
        self._tasks = set()

    def go(self, coroutine):
        """Runs something beside; it ends with the member."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task):
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            self.faults.append(task.exception())
            traceback.print_exception(task.exception())

    def start(self, how, policy=EACH, **options):
        """Joins and stays in: how is a key of STINTS."""
        self.policy = policy
        if how == "callback" and self.callbacks is None:
            how = "rest"
        self.stint = STINTS[how](self, **options)
        self.go(self.stint.run())

    @property
    def alive(self):
        return self.stint is not None

    def hurt(self, what):
        self.tell(Disturbed(now(), self.name, what))

    def kill(self):
        """Is gone without a word."""
        self.hurt("killed")
        stint, self.stint = self.stint, None
        if stint:
            stint.cut()

    def cut(self):
        """Loses its stream, and joins again."""
        if self.stint and self.stint.cuts:
            self.hurt("broken")
            self.stint.cut()

    def slow(self, seconds):
        """Reads nothing for a while."""
        if self.stint:
            self.stint.slow_until = now() + int(seconds * 1e9)

    def acknowledge(self, policy):
        """From now on; EACH makes up for what it did not acknowledge."""
        self.policy = policy
        session, id_ = self.newest
        if policy == EACH and session and session == self.session:
            self.go(self.acked(session, id_))

    def leave(self):
        stint, self.stint = self.stint, None
        self.go(self._leave(stint))

    async def _leave(self, stint):
        session, began = self.session, now()
        try:
            if not session:
                raise Failure(LOST, "it is not in yet")
            reply = await self.api().call("Leave", group=self.group, name=self.name, session_id=session)
            self.tell(Left(now(), began, self.name, session, "", reply.epoch))
        except Failure as failure:
            self.tell(Left(now(), began, self.name, session, failure.reason))
            self.hurt("killed")
            if stint:
                stint.cut()

    def send(self, text, request="", tries=1):
        """Sends a command; with more tries under the same request, one after the other and at once."""
        for _ in range(tries):
            self.go(self._send(text, request))

    async def _send(self, text, request):
        while await self._try(text, request) == LOST and request:
            await asyncio.sleep(PAUSE_S)

    async def _try(self, text, request):
        """Sends it once; tells what is wrong, if something is."""
        session, began = self.session, now()
        fields = {"group": self.group, "name": self.name, "session_id": session, "text": text, "request_id": request}
        self.tell(Tried(began, self.name, session, text, request))
        try:
            reply = await self.api().call("SendCommand", **fields)
            known = notes.command(reply.command)
            self.tell(Sent(now(), began, self.name, session, text, request, "", known, reply.repeat))
            return ""
        except Failure as failure:
            self.tell(Sent(now(), began, self.name, session, text, request, failure.reason))
            return failure.reason

    def api(self):
        return self.rng.choice((self.grpc, self.rest))

    def lost(self):
        """It was told that its session is over."""
        self.session = 0

    async def acked(self, session, id_):
        began = now()
        self.tell(Acked(began, began, session, id_, LOST))  # so it may be, whatever happens now
        fields = {"group": self.group, "name": self.name, "session_id": session, "command_id": id_}
        try:
            await self.api().call("Acknowledge", **fields)
            self.tell(Acked(now(), began, session, id_, ""))
        except Failure as failure:
            self.tell(Acked(now(), began, session, id_, failure.reason))

    def got(self, session, reader, command):
        self.heard.add(command.text)
        self.newest = max(self.newest, (session, command.id))
        self.tell(Got(now(), session, reader, notes.command(command)))

    async def renew(self, api, session, ttl_ms):
        """Tells whether the session is over."""
        began = now()
        try:
            reply = await api.call("Renew", group=self.group, name=self.name, session_id=session)
            self.tell(Renewed(now(), began, session, "", ttl_ms))
            reader = notes.reader_name("renew", self.name)
            self.tell(notes.view(now(), began, reader, reply.view, session))
        except Failure as failure:
            self.tell(Renewed(now(), began, session, failure.reason, ttl_ms))
            return failure.reason in OVER
        return False

    async def close(self):
        """Is gone, and nothing is told any more."""
        self.stint = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.grpc.close()
        if self.faults:
            raise self.faults[0]


class Stint:
    cuts = False  # whether there is a connection to cut

    def __init__(self, member, ttl_ms=2000):
        self.member, self.ttl_ms, self.slow_until = member, ttl_ms, 0

    @property
    def on(self):
        return self.member.stint is self

    def cut(self):
        pass

    async def be_slow(self):
        while self.on and self.slow_until > now():
            await asyncio.sleep(0.02)

    def joined(self, began, reader, welcome, renews, auto=False):
        member, view, session = self.member, welcome.view, welcome.session_id
        fields = (session, reader, welcome.rejoined, view.rank, view.size, view.epoch, welcome.ttl_ms)
        member.tell(Joined(now(), began, member.name, *fields, renews, auto))
        shown = reader or notes.reader_name("lease", member.name)
        member.tell(notes.view(now(), began, shown, view, session, steady=bool(reader)))
        if self.on:
            member.session = session

    async def keep(self, api, session):
        """Renews the lease until the session or the stint is over."""
        while self.on and self.member.session == session:
            await asyncio.sleep(min(self.ttl_ms / 4000, 0.5))
            if self.on and await self.member.renew(api, session, self.ttl_ms):
                self.over(session)

    def over(self, session):
        if self.member.session == session:
            self.member.lost()


class Stream(Stint):
    cuts = True

    def __init__(self, member, ttl_ms=2000, renews=False, auto=False, members=10):
        super().__init__(member, ttl_ms)
        self.renews, self.auto, self.members = renews, auto, members
        self.call = None

    def cut(self):
        if self.call:
            self.call.cancel()

    async def run(self):
        while self.on:
            ended = await self._stream()  # perhaps replaced, by a joining of the stint before that came late
            if ended != "session-over":
                await asyncio.sleep(PAUSE_S * self.member.rng.random())

    async def _stream(self):
        """One stream, from joining to its end; returns why it ended."""
        member = self.member
        await member.joining.acquire()
        if not self.on:
            member.joining.release()
            return LOST
        began, reader, session = now(), notes.reader_name("stream", member.name), 0
        member.tell(Asked(began, member.name, self.ttl_ms, True, self.renews, self.auto))
        try:
            self.call = member.grpc.stream(
                "Join",
                group=member.group,
                name=member.name,
                ttl_ms=self.ttl_ms,
                max_members=self.members,
                auto_acknowledge=self.auto,
                renews=self.renews,
            )
            async for message in self.call:
                if message.HasField("welcome"):
                    member.joining.release()
                    session = message.welcome.session_id
                    self.joined(began, reader, message.welcome, self.renews, self.auto)
                    if not self.on:  # it came in after it had left
                        member.hurt("killed")
                        self.cut()
                    if self.renews:
                        member.go(self.keep(member.api(), session))
                elif message.HasField("view"):
                    member.tell(notes.view(now(), began, reader, message.view, session, False, True))
                else:
                    member.got(session, reader, message.command)
                    self._acknowledge(session, message.command.id)
                await self.be_slow()
            error = ""
        except grpc.aio.AioRpcError as failed:
            error = failure_of(failed, member.grpc.types).reason
        except (asyncio.CancelledError, grpc.aio.UsageError):
            if asyncio.current_task().cancelling():
                raise
            error = LOST
        finally:
            if not session:
                member.joining.release()
        if session:
            member.tell(Ended(now(), session, reader, error))
        if error in OVER:
            self.over(session)
        if error == LOST:
            await member.grpc.close()
        return error

    def _acknowledge(self, session, id_):
        policy = self.member.policy
        if not self.auto and (policy == EACH or (policy == LAZY and self.member.rng.random() < 0.3)):
            self.member.go(self.member.acked(session, id_))


class Lease(Stint):
    """Fetches its commands."""

    api = "grpc"

    def url(self):
        return ""

    def is_for(self, session):
        pass

    async def run(self):
        api = getattr(self.member, self.api)
        while self.on:
            session = await self._join(api)
            if session:
                await asyncio.gather(self.keep(api, session), self.read(api, session))
            else:
                await asyncio.sleep(PAUSE_S)

    async def _join(self, api):
        member, began = self.member, now()
        fields = {"group": member.group, "name": member.name, "ttl_ms": self.ttl_ms, "callback_url": self.url()}
        try:
            async with member.joining:
                if not self.on:
                    return 0
                member.tell(Asked(now(), member.name, self.ttl_ms, False))
                reply = await api.call("JoinByLease", **fields)
        except Failure:
            return 0
        self.is_for(reply.welcome.session_id)
        self.joined(began, "", reply.welcome, True)
        return reply.welcome.session_id

    async def read(self, api, session):
        most = self.member.rng.choice((3, 100))
        while self.on and self.member.session == session:
            await self.be_slow()
            if not await self._fetch(api, session, most):
                await asyncio.sleep(PAUSE_S * (1 + self.member.rng.random()))

    async def _fetch(self, api, session, most):
        """Whether there may be more at once."""
        member, began = self.member, now()
        reader = notes.reader_name("fetch", member.name)
        fields = {"group": member.group, "name": member.name, "session_id": session, "max_commands": most}
        try:
            commands = (await api.call("ReceiveCommands", **fields)).commands
        except Failure as failure:
            if failure.reason in OVER:
                self.over(session)
            return False
        for command in commands:
            member.got(session, reader, command)
        member.tell(Fetched(now(), began, session, reader, len(commands), most))
        if commands and (member.policy == EACH or (member.policy == LAZY and member.rng.random() < 0.3)):
            await member.acked(session, commands[-1].id)
            return True
        return False


class RestLease(Lease):
    api = "rest"


class Callback(Lease):
    """Has its commands posted, to another URL for each time that it joins. What a post was answered with may get
    lost; the next one shows that it did not."""

    api = "rest"

    def __init__(self, member, ttl_ms=2000, answer=204):
        super().__init__(member, ttl_ms)
        self.answer, self._last = answer, None

    def url(self):
        self._session = asyncio.get_event_loop().create_future()
        return self.member.callbacks.url(self, self._session)

    def is_for(self, session):
        self._session.set_result(session)

    async def read(self, api, session):
        while self.on and self.member.session == session:
            await asyncio.sleep(PAUSE_S)

    async def post(self, session, command):
        """A command was posted: the status to answer with, or None: hangs."""
        member = self.member
        last = self._last
        if last and last.session == session and last.id < command.id:
            member.tell(Acked(now(), last.began, session, last.id, ""))
        member.got(session, f"post/{member.name}/{id(self)}/{session}", command)
        await self.be_slow()
        if member.policy == NEVER or (member.policy == LAZY and member.rng.random() < 0.3):
            return member.rng.choice((500, 500, 500, None))
        if self.answer == 204:
            self._last = Acked(now(), now(), session, command.id, LOST)
            member.tell(self._last)
        return self.answer


STINTS = {"stream": Stream, "lease": Lease, "rest": RestLease, "callback": Callback}
