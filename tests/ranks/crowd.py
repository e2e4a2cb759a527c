"""Thousands of members with a stream each, in one thread: just enough HTTP/2 to join a group and count what comes.

Each connection carries as many streams as ordinald allows, 100. What is received is handed on as bytes of a
JoinResponse; windows are opened again at once, unless a connection is told to read nothing.
"""
import selectors
import socket
import struct
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
WINDOW_SIZE = 1 << 20
STREAMS = 100


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def field(name, value):
    """A header, literally and not to be indexed."""
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def request(stream, path, message):
    """A call with one message."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "crowd",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    block = b"".join(field(name, value) for name, value in fields.items())
    body = struct.pack(">BI", 0, len(message)) + message
    return frame(HEADERS, END_HEADERS, stream, block) + frame(DATA, END_STREAM, stream, body)


class Connection:
    """`on_message(tag, bytes)` and `on_end(tag)` are told of its streams; a tag is what a call was opened with."""

    def __init__(self, address, on_message, on_end, window=WINDOW_SIZE):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self._on_message, self._on_end = on_message, on_end
        self._next, self._in, self._tags, self._partial = 1, b"", {}, {}
        self._unopened, self._window, self.deaf = 0, window, False
        settings = struct.pack(">HI", 4, window)  # of each stream
        self._out = bytearray(PREFACE + frame(SETTINGS, 0, 0, settings))
        if window > 65535:
            self._out += frame(WINDOW, 0, 0, struct.pack(">I", window - 65535))

    @property
    def open_streams(self):
        return len(self._tags)

    def call(self, path, message, tag):
        stream, self._next = self._next, self._next + 2
        self._tags[stream] = tag
        self._out += request(stream, path, message)

    def wants(self):
        read = 0 if self.deaf else selectors.EVENT_READ
        return read | (selectors.EVENT_WRITE if self._out else 0)

    def write(self):
        try:
            sent = self.socket.send(self._out)
            del self._out[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._out.clear()  # reading will show that it is closed

    def read(self):
        """False: it is closed."""
        try:
            more = self.socket.recv(1 << 18)
        except BlockingIOError:
            return True
        except OSError:
            more = b""
        if not more:
            for tag in self._tags.values():
                self._on_end(tag)
            self._tags.clear()
            return False
        self._in += more
        self._take_frames()
        return True

    def _take_frames(self):
        at = 0
        while len(self._in) - at >= 9:
            length = int.from_bytes(self._in[at : at + 3], "big")
            if len(self._in) - at < 9 + length:
                break
            kind, flags = self._in[at + 3], self._in[at + 4]
            stream = int.from_bytes(self._in[at + 5 : at + 9], "big") & 0x7FFFFFFF
            self._take(kind, flags, stream, self._in[at + 9 : at + 9 + length])
            at += 9 + length
        self._in = self._in[at:]

    def _take(self, kind, flags, stream, payload):
        if kind == DATA:
            self._take_data(stream, payload)
        elif kind == SETTINGS and not flags & ACK:
            self._out += frame(SETTINGS, ACK, 0)
        elif kind == PING and not flags & ACK:
            self._out += frame(PING, ACK, 0, payload)
        if kind == RESET or (kind in (DATA, HEADERS) and flags & END_STREAM):
            self._partial.pop(stream, None)
            if stream in self._tags:
                self._on_end(self._tags.pop(stream))

    def _take_data(self, stream, payload):
        if payload:
            self._out += frame(WINDOW, 0, stream, struct.pack(">I", len(payload)))
            self._unopened += len(payload)
        if self._unopened > self._window // 4:
            self._out += frame(WINDOW, 0, 0, struct.pack(">I", self._unopened))
            self._unopened = 0
        held = self._partial.get(stream, b"") + payload
        while len(held) >= 5 and len(held) >= 5 + int.from_bytes(held[1:5], "big"):
            size = int.from_bytes(held[1:5], "big")
            self._on_message(self._tags[stream], held[5 : 5 + size])
            held = held[5 + size :]
        self._partial[stream] = held

    def close(self):
        self.socket.close()


class Crowd:
    """Connections that are driven together: open calls, then `run` until something is so."""

    def __init__(self, address, on_message, on_end=lambda tag: None, window=WINDOW_SIZE):
        self._address, self._window = address, window
        self._on_message, self._on_end = on_message, on_end
        self._selector = selectors.DefaultSelector()
        self.connections = []

    def connect(self):
        made = Connection(self._address, self._on_message, self._on_end, self._window)
        self._selector.register(made.socket, made.wants(), made)
        self.connections.append(made)
        return made

    def call(self, path, message, tag):
        """On a connection that has room for a stream."""
        last = self.connections[-1] if self.connections else None
        if last is None or last.open_streams >= STREAMS:
            last = self.connect()
        last.call(path, message, tag)

    def run(self, until, timeout_s):
        """Returns whether it came to be so."""
        deadline = time.monotonic() + timeout_s
        while not until():
            if time.monotonic() > deadline:
                return False
            self._turn()
        return True

    def _turn(self):
        for key in list(self._selector.get_map().values()):
            wants = key.data.wants()
            if wants != key.events and wants:
                self._selector.modify(key.fileobj, wants, key.data)
        for key, ready in self._selector.select(0.05):
            if ready & selectors.EVENT_WRITE:
                key.data.write()
            if ready & selectors.EVENT_READ and not key.data.deaf and not key.data.read():
                self._selector.unregister(key.fileobj)

    def close(self):
        for connection in self.connections:
            connection.close()
        self._selector.close()
