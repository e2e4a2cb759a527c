"""Observers of a group, over gRPC and over REST, and the endpoint to which members have commands posted."""
import asyncio
import itertools
import json

import grpc
from google.protobuf import json_format

import notes
from api import Failure, Grpc, failure_of, open_http, read_head
from records import LOST, Ended, Observed, now

PAUSE_S = 0.02
WAIT_S = 2  # a post may come before the joining is answered


class Observer:
    """Watches until it is closed, over restarts of the server too."""

    kind = "watch"

    def __init__(self, place, types, group, tell, members=1000):
        self.place, self.types, self.group, self.tell, self.members = place, types, group, tell, members
        self.grpc = Grpc(place, types)
        self.last_event, self._reader = 0, ""
        self._task = asyncio.ensure_future(self._run())

    async def _run(self):
        while True:
            self._reader, began = notes.reader_name(self.kind, self.group), now()
            self._first = True
            try:
                await self._watch(self._reader, began)
                error = ""
            except grpc.aio.AioRpcError as failed:
                error = failure_of(failed, self.types).reason
            except Failure as failure:
                error = failure.reason
            except (OSError, EOFError, ValueError):
                error = LOST
            except asyncio.CancelledError:
                if asyncio.current_task().cancelling():
                    raise
                error = LOST
            self.tell(Ended(now(), 0, self._reader, error))
            await self.grpc.close()
            await asyncio.sleep(PAUSE_S)

    def saw(self, reader, began, event, kind, message):
        self.last_event = event
        if kind == "view":
            self.tell(notes.view(now(), began, reader, message, 0, self._first, True))
            self._first = False
        else:
            self.tell(Observed(now(), reader, event, notes.command(message)))

    async def _watch(self, reader, began):
        call = self.grpc.stream(
            "Watch", group=self.group, max_members=self.members, after_event_id=self.last_event
        )
        async for reply in call:
            kind = reply.WhichOneof("event")
            self.saw(reader, began, reply.event_id, kind, getattr(reply, kind))

    async def close(self):
        self.tell(Ended(now(), 0, self._reader, LOST))
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.grpc.close()


class RestObserver(Observer):
    """By Server-Sent Events."""

    kind = "events"

    async def _watch(self, reader, began):
        connection, writer = await open_http(self.place)
        try:
            path = f"/v1/groups/{self.group}/events?maxMembers={self.members}"
            last = f"Last-Event-ID: {self.last_event}\r\n" if self.last_event else ""
            writer.write(f"GET {path} HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n{last}\r\n".encode())
            status, headers = await read_head(connection)
            if status != 200:
                raise Failure(LOST if status == 503 else str(status))
            async for fields in events(connection, headers.get("transfer-encoding") == "chunked"):
                name = {"view": "ordinal.v1.View", "command": "ordinal.v1.Command"}[fields["event"]]
                message = json_format.Parse(fields["data"], self.types[name]())
                self.saw(reader, began, int(fields["id"]), fields["event"], message)
        finally:
            writer.close()


async def events(connection, chunked):
    """The events of a stream, as dicts."""
    fields = {}
    async for line in lines(connection, chunked):
        if line and not line.startswith(":"):
            key, _, value = line.partition(":")
            fields[key] = value.removeprefix(" ")
        elif not line and "data" in fields:
            yield fields
            fields = {}
        elif not line:
            fields = {}


async def lines(connection, chunked):
    rest = b""
    while True:
        if chunked:
            size = int(await connection.readline() or b"0", 16)
            rest += (await connection.readexactly(size + 2))[:-2]
            if size == 0:
                return
        else:
            more = await connection.read(65536)
            if not more:
                return
            rest += more
        *whole, rest = rest.split(b"\n")
        for line in whole:
            yield line.decode().rstrip("\r")


class Callbacks:
    """An HTTP server that gives each stint of a member by callback a URL of its own."""

    def __init__(self, types):
        self.types, self._stints, self._numbers = types, {}, itertools.count()

    async def open(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    def url(self, stint, session):
        """`session` is a future: whom it is for is known when the joining is answered."""
        path = f"/{next(self._numbers)}"
        self._stints[path] = stint, session
        return f"http://127.0.0.1:{self._port}{path}"

    async def _serve(self, reader, writer):
        try:
            while True:
                path, headers = await read_head(reader)
                body = await reader.readexactly(int(headers["content-length"]))
                command = json_format.ParseDict(json.loads(body), self.types["ordinal.v1.Command"]())
                stint, session = self._stints[path]
                known = await asyncio.wait([session], timeout=WAIT_S)
                status = await stint.post(session.result(), command) if stint.on and session in known[0] else 410
                if status is None:
                    await reader.read()
                    return
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    async def close(self):
        self._server.close()
        await self._server.wait_closed()
