"""Reads Server-Sent Events off a plain connection."""
import json
from dataclasses import dataclass

import rest


@dataclass
class Event:
    name: str
    id: str
    data: dict


class Stream:
    """An open event stream of an ordinald."""

    def __init__(self, target, path, headers=None):
        self._connection = rest.connect(target)
        self._connection.request("GET", path, headers={"Accept": "text/event-stream", **(headers or {})})
        self.reply = self._connection.getresponse()
        self.status = self.reply.status

    def _lines(self):
        """The lines up to an empty one, or None at the end of the stream."""
        lines = []
        while True:
            line = self.reply.readline()
            if not line:
                return None
            if line == b"\n":
                return lines
            lines.append(line.decode().rstrip("\n"))

    def next(self):
        """The next event, passing over what is none, or None at the end."""
        while (lines := self._lines()) is not None:
            fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
            if "data" in fields:
                return Event(fields.get("event"), fields.get("id"), json.loads(fields["data"]))
        return None

    def until(self, wanted):
        """The events up to the first that `wanted` takes, with it."""
        events = []
        while event := self.next():
            events.append(event)
            if wanted(event):
                return events
        raise AssertionError(f"the stream ended after {events}")

    def close(self):
        self.reply.close()
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
