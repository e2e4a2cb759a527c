"""Processes of a run: started with their own log, waited for, and ended whatever happens."""
import contextlib
import os
import signal
import socket
import subprocess
import time

PATIENCE_S = 20
DIE_WITH_US = ("setpriv", "--pdeathsig", "KILL")  # then runs what follows in its own place


class Failed(Exception):
    """A measurement that cannot be made; the message goes into the report."""


class Skipped(Exception):
    """Something is not there, which is no failure; the message goes into the report."""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def clean_environment():
    """Without settings of ordinal's, which is measured with its defaults."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ORDINAL") and name != "PORT"}


class Process:
    """A program in the background, in a process group of its own; `before` is what starts it."""

    def __init__(self, command, log, env=None, before=DIE_WITH_US, stop=signal.SIGTERM):
        self.log = log
        self.stop_signal = stop
        with open(log, "ab") as output:
            self.popen = subprocess.Popen(
                list(map(str, [*before, *command])),
                env={**clean_environment(), **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self):
        return self.popen.pid

    def last_words(self):
        with open(self.log, errors="replace") as file:
            lines = [line.strip() for line in file if line.strip()]
        return lines[-1][:200] if lines else "it said nothing"

    def wait_for_port(self, port):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if self.popen.poll() is not None:
                raise Failed(f"it ended with status {self.popen.returncode}: {self.last_words()}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.01)
        raise Failed(f"nothing listens after {PATIENCE_S} s")

    def signal_group(self, number):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def stop(self, patience_s=5):
        """Ends it, asking first; what is left of its group is killed."""
        if self.popen.poll() is None:
            self.popen.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(patience_s)
        self.signal_group(signal.SIGKILL)
        self.popen.wait(patience_s)


class Tool:
    """A load generator at work."""

    def __init__(self, command):
        self.command = list(map(str, command))
        self.popen = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def output(self, timeout_s, statuses=(0,)):
        """What it wrote to stdout, once it has ended, with a status that is expected."""
        name = os.path.basename(self.command[0])
        try:
            out, err = self.popen.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise Failed(f"{name} does not end") from None
        finally:
            self.kill()
        if self.popen.returncode not in statuses:
            words = (err.strip() or out.strip() or "it said nothing").splitlines()[-1]
            raise Failed(f"{name} ended with status {self.popen.returncode}: {words[:200]}")
        return out

    def kill(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.communicate()


def run(command, timeout_s):
    return Tool(command).output(timeout_s)
