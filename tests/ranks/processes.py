"""Members that are processes of their own, to be killed and stopped for real.

They are forked from a server that has loaded everything and opened nothing, so that each costs little. What such a
member sees it writes to a file at once, line by line.
"""
import asyncio
import functools
import multiprocessing
import os
import signal
import tempfile

import protos
from members import EACH, Member
from records import Disturbed, Joined, dump, load, now

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["nursery"])


@functools.cache
def types():
    with tempfile.TemporaryDirectory() as folder:
        return protos.Types(folder)


async def live(pipe, place, group, name, path, seed):
    """Does what comes through the pipe, until that is closed."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    member = Member(place, types(), group, name, lambda record: os.write(file, dump(record).encode()), seed=seed)
    loop, over = asyncio.get_event_loop(), asyncio.Event()

    def obey():
        try:
            what, args, options = pipe.recv()
            getattr(member, what)(*args, **options)
        except EOFError:
            loop.remove_reader(pipe.fileno())
            over.set()

    loop.add_reader(pipe.fileno(), obey)
    await over.wait()


def main(pipe, *args):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(live(pipe, *args))
    os._exit(0)  # without waiting for threads of the library


class Process:
    """A Member in a process: takes the same calls, and stop and resume besides."""

    def __init__(self, place, group, name, tell, path, seed):
        self.name, self._tell, self._path = name, tell, path
        self._pipe, theirs = FORKS.Pipe()
        self._process = FORKS.Process(target=main, args=(theirs, place, group, name, path, seed), daemon=True)
        self._process.start()
        theirs.close()
        self.alive, self.running, self._stopped = False, True, False
        self._read, self._text, self.session, self.heard, self.records = 0, b"", 0, set(), []

    def _ask(self, what, *args, **options):
        try:
            self._pipe.send((what, args, options))
        except OSError:
            pass  # it was killed

    def start(self, how, policy=EACH, **options):
        self.alive = True
        self._ask("start", how, policy, **options)

    def leave(self):
        self.alive = False
        self._ask("leave")

    def cut(self):
        self._ask("cut")

    def slow(self, seconds):
        self._ask("slow", seconds)

    def acknowledge(self, policy):
        self._ask("acknowledge", policy)

    def send(self, text, request="", tries=1):
        self._ask("send", text, request, tries)

    def kill(self):
        self.alive = self.running = False
        self._tell(Disturbed(now(), self.name, "killed"))
        self._process.kill()

    def stop(self):
        self._tell(Disturbed(now(), self.name, "stopped"))
        os.kill(self._process.pid, signal.SIGSTOP)
        self._stopped = True

    def resume(self):
        if self._stopped:
            os.kill(self._process.pid, signal.SIGCONT)
            self._stopped = False
            self._tell(Disturbed(now(), self.name, "resumed"))

    def be_well(self):
        if self.running:
            self.resume()

    def read(self):
        """Takes in what it has written."""
        try:
            with open(self._path, "rb") as file:
                file.seek(self._read)
                self._text += file.read()
                self._read = file.tell()
        except FileNotFoundError:
            return
        *whole, self._text = self._text.split(b"\n")
        for line in whole:
            record = load(line)
            self.records.append(record)
            if isinstance(record, Joined):
                self.session = record.session
            elif type(record).__name__ == "Got":
                self.heard.add(record.command.text)

    async def close(self):
        if self._process.is_alive():
            self._process.kill()
        await asyncio.to_thread(self._process.join, 10)
        self._pipe.close()
        self.read()
