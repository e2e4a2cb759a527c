"""`ordinal member` and `ordinal ranks --watch`, running: their lines of JSON, as they come."""
import json
import signal
import subprocess
import threading

from daemon import ORDINAL, PATIENCE, SANITIZER, environment


class Lines:
    """A program that writes a line of JSON an event."""

    def __init__(self, *args, around=()):
        self.events = []
        self._news = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen(
            [*around, ORDINAL, "--output", "json", *map(str, args)],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [
            threading.Thread(target=read, daemon=True) for read in (self._read_events, self._read_errors)
        ]
        self.errors = ""
        for reader in self._readers:
            reader.start()

    def _read_events(self):
        for line in self.process.stdout:
            with self._news:
                self.events.append(json.loads(line))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _read_errors(self):
        self.errors = self.process.stderr.read()

    def wait_for(self, wanted, after=0, timeout=PATIENCE):
        """The first event from `after` on that `wanted` takes, waiting for it."""

        def find():
            return next((event for event in self.events[after:] if wanted(event)), None)

        with self._news:
            self._news.wait_for(lambda: find() is not None or self._ended, timeout)
            event = find()
        assert event is not None, f"it did not come: {self.events} {self.errors}"
        return event

    def of(self, *names):
        return [event for event in list(self.events) if event["event"] in names]

    def send(self, number):
        self.process.send_signal(number)

    def wait(self):
        """Its exit status, once it has ended."""
        status = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        assert not SANITIZER.search(self.errors), self.errors
        return status

    def stop(self):
        """Ends it as a user would, and holds it to a clean end."""
        self.send(signal.SIGTERM)
        assert self.wait() == 0 and self.errors == "", self.errors

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)


class Member(Lines):
    def __init__(self, name, over, *args, around=()):
        self.name = name
        super().__init__(*over, "member", "--name", name, *args, around=around)

    def joined(self, after=0):
        return self.wait_for(lambda event: event["event"] == "joined", after)

    def wait_for_rank(self, rank, size, after=0):
        return self.wait_for(lambda event: (event.get("rank"), event.get("size")) == (rank, size), after)
