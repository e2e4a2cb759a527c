"""Runs the real programs: ordinald on ports that it picks, and ordinal against it."""
import os
import re
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ORDINAL_BUILD", ROOT / "build"))
NODE = Path(os.environ.get("ORDINAL_NODE", ROOT / "build" / "node"))
STATES = BUILD / "states"  # each daemon has its state in a folder of its own here
RESULTS = Path(os.environ.get("ORDINAL_RESULTS", ROOT / "build" / "results"))
ORDINALD = os.environ.get("ORDINALD", str(BUILD / "src/daemon/ordinald"))
ORDINAL = os.environ.get("ORDINAL", str(BUILD / "src/cli/ordinal"))

# 160 IDs a second, and as many ahead: of two batches of SMALL_BATCH the second has to wait for most of a second.
SMALL = ("--layout", "tick:41,node:2,sequence:4", "--time-unit", "100ms", "--borrow", "1s", "--max-wait", "5s")
SMALL_BATCH = 150

PATIENCE = 30  # seconds that anything may take under a sanitizer on a busy machine
SANITIZER = re.compile(r"(Address|Leak|Thread|UndefinedBehavior)Sanitizer|runtime error:")
PAIR = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|\S*)')


def environment(**more):
    """The test's environment without settings of ordinal's, except that tests may run on any file system."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ORDINAL") and key != "PORT"}
    kept.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
    return {**kept, "ORDINAL_UNSAFE_STATE_DIR": "true", **more}


def state_folder():
    """A new folder for state, where reservations go that no option puts elsewhere; it goes when it is cleaned up."""
    STATES.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=STATES, ignore_cleanup_errors=True)


def logfmt(line):
    """A logfmt line as a dict."""
    pairs = {}
    for key, value in PAIR.findall(line):
        pairs[key] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
    return pairs


def run_daemon(*args, env=None, preexec=None, cwd=None):
    """Runs ordinald to its end and returns the finished process."""
    with state_folder() as state:
        return finish(
            [ORDINALD, *args], env={"XDG_STATE_HOME": state, **(env or {})}, preexec=preexec, cwd=cwd
        )


def run_client(*args, env=None):
    """Runs ordinal to its end and returns the finished process."""
    return finish([ORDINAL, *args], env=env)


def finish(command, env=None, preexec=None, cwd=None):
    done = subprocess.run(
        command,
        env=environment(**(env or {})),
        cwd=cwd,
        preexec_fn=preexec,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert not SANITIZER.search(done.stderr), done.stderr
    return done


class Daemon:
    """A running ordinald. Its stderr is kept in `lines`, without line ends."""

    def __init__(self, *args, env=None, listen=True, wait=True):
        where = ["--grpc-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"] if listen else []
        self.lines = []
        self._state = state_folder()
        self._news = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen(
            self.command([ORDINALD, *where, *args]),
            env=environment(XDG_STATE_HOME=self._state.name, **(env or {})),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self):
        try:
            self.grpc = self._listener("grpc")
            self.http = self._listener("http")
            self.wait_for_line(lambda line: "ready" in (logfmt(line).get("msg"), json_message(line)))
        except BaseException:
            self.kill()
            raise

    def command(self, command):
        """What is run; for daemons that need something around them."""
        return command

    def _read(self):
        for line in self.process.stderr:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def log(self):
        return "\n".join(self.lines)

    def wait_for_line(self, predicate, timeout=PATIENCE):
        """The first line that the predicate takes, waiting for it."""

        def find():
            return next((line for line in self.lines if predicate(line)), None)

        with self._news:
            self._news.wait_for(lambda: find() is not None or self._ended, timeout)
            line = find()
        assert line is not None, f"ordinald did not log what was waited for:\n{self.log()}"
        return line

    def _listener(self, protocol):
        line = self.wait_for_line(lambda text: "listening" in text and protocol in text)
        return re.search(r"\d+\.\d+\.\d+\.\d+:\d+", line).group()

    @property
    def url(self):
        return f"http://{self.http}"

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout=PATIENCE):
        """Waits for the end; returns the exit status."""
        status = self.process.wait(timeout)
        self._reader.join(timeout)
        self._state.cleanup()
        return status

    def stop(self):
        """Ends it as an operator would, and holds it to a clean end."""
        if self.process.poll() is None:
            self.terminate()
        status = self.wait()
        self.check_log()
        assert status == 0, f"ordinald ended with {status}:\n{self.log()}"

    def check_log(self):
        assert not SANITIZER.search(self.log()), self.log()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.wait()


def json_message(line):
    found = re.search(r'"msg":\s*"([^"]*)"', line)
    return found.group(1) if found else None
