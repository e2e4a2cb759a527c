"""Calls of RankService over gRPC and REST, alike: api.call("Renew", group=…) gives the reply's message or raises Failure.

Runs in an asyncio loop. Where the server is now is read from a file, so that it may come back elsewhere.
"""
import asyncio
import json
from pathlib import Path
from urllib.parse import quote, urlencode

import grpc
from google.protobuf import json_format

from records import LOST

SERVICE = "ordinal.v1.RankService"
TIMEOUT_S = 10
OPTIONS = [
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 10_000),  # how long to wait for a connection
    ("grpc.max_reconnect_backoff_ms", 300),
    ("grpc.enable_retries", 0),
]
# Whether these did what they were asked to, nobody knows.
UNSURE = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNKNOWN,
}
ROUTES = {
    "JoinByLease": ("POST", "/members"),
    "Leave": ("DELETE", "/members/{name}"),
    "Renew": ("POST", "/members/{name}:renew"),
    "ListMembers": ("GET", "/members"),
    "ReceiveCommands": ("GET", "/members/{name}/commands"),
    "SendCommand": ("POST", "/commands"),
    "GetCommand": ("GET", "/commands/{commandId}"),
    "Acknowledge": ("POST", "/commands/{commandId}:acknowledge"),
}
BODIES = ("JoinByLease", "SendCommand")


class Failure(Exception):
    """`reason` is the server's stable word for it, or LOST."""

    def __init__(self, reason, message=""):
        super().__init__(reason, message)
        self.reason, self.message = reason, message


class Place:
    """Where the server is: the file has its addresses, once it is there."""

    def __init__(self, path):
        self.path = Path(path)

    def move(self, grpc_, http):
        aside = self.path.with_suffix(".new")
        aside.write_text(json.dumps({"grpc": grpc_, "http": http}))
        aside.rename(self.path)

    def read(self):
        return json.loads(self.path.read_text())


def failure_of(error, types):
    """What a gRPC error says."""
    if error.code() in UNSURE:
        return Failure(LOST, f"{error.code()}: {error.details()}")
    trailers = {key: value for key, value in error.trailing_metadata() or ()}
    status = types["ordinal.wire.Status"].FromString(trailers.get("grpc-status-details-bin", b""))
    for detail in status.details:
        if detail.type_url.endswith("ErrorInfo"):
            return Failure(types["ordinal.wire.ErrorInfo"].FromString(detail.value).reason, error.details())
    return Failure(error.code().name, error.details())


class Grpc:
    """One channel of its own, opened anew after it broke."""

    def __init__(self, place, types):
        self.place, self.types = place, types
        self.channel = self._address = None

    def open(self):
        address = self.place.read()["grpc"]
        if self.channel is None or address != self._address:
            self.channel, self._address = grpc.aio.insecure_channel(address, options=OPTIONS), address
        return self.channel

    async def close(self):
        channel, self.channel = self.channel, None
        if channel is not None:
            await channel.close(None)

    def _method(self, kind, name):
        method = self.types.service(SERVICE).methods_by_name[name]
        return getattr(self.open(), kind)(
            f"/{SERVICE}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self.types[method.output_type.full_name].FromString,
        ), self.types[method.input_type.full_name]

    async def call(self, name, /, timeout_s=TIMEOUT_S, **fields):
        method, request = self._method("unary_unary", name)
        try:
            return await method(request(**fields), timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            failure = failure_of(error, self.types)
            if failure.reason == LOST:
                await self.close()
            raise failure from error
        except grpc.aio.UsageError as error:  # the channel was closed, by another call that got lost
            raise Failure(LOST, str(error)) from error
        except asyncio.CancelledError as cancelled:  # likewise
            if asyncio.current_task().cancelling():
                raise
            raise Failure(LOST, "closed") from cancelled

    def stream(self, name, /, **fields):
        """The call object of a pushed stream: read() it."""
        method, request = self._method("unary_stream", name)
        return method(request(**fields))


class Rest:
    """A connection a call."""

    def __init__(self, place, types):
        self.place, self.types = place, types

    async def close(self):
        pass

    async def call(self, name, /, timeout_s=TIMEOUT_S, group="default", **fields):
        method = self.types.service(SERVICE).methods_by_name[name]
        given = json_format.MessageToDict(self.types[method.input_type.full_name](**fields))
        verb, route = ROUTES[name]
        for key in ("name", "commandId"):
            if "{" + key + "}" in route:
                route = route.replace("{" + key + "}", quote(str(given.pop(key)), safe=""))
        path, body = f"/v1/groups/{quote(group, safe='')}{route}", b""
        if name in BODIES:
            body = json.dumps(given).encode()
        elif given:
            path += "?" + urlencode(given)
        try:
            status, reply = await asyncio.wait_for(self._exchange(verb, path, body), timeout_s)
        except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
            raise Failure(LOST, repr(error)) from error
        if status >= 300:
            raise Failure(LOST if status == 503 else reply.get("code", str(status)), str(reply))
        return json_format.ParseDict(reply, self.types[method.output_type.full_name]())

    async def _exchange(self, verb, path, body):
        reader, writer = await open_http(self.place)
        try:
            head = f"{verb} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
            if body:
                head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            writer.write(head.encode() + b"\r\n" + body)
            status, headers = await read_head(reader)
            length = int(headers.get("content-length", "-1"))
            text = await (reader.readexactly(length) if length >= 0 else reader.read())
            return status, json.loads(text or b"{}")
        finally:
            writer.close()


async def open_http(place):
    host, port = place.read()["http"].split(":")
    return await asyncio.open_connection(host, int(port))


async def read_head(reader):
    """Status line and headers of a reply, or of a request (whose first line is given whole)."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines[1:] if line)}
    first = lines[0].split()
    return (int(first[1]) if first[0].startswith("HTTP/") else first[1]), headers
