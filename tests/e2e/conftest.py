import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import daemon as programs  # noqa: E402
import ids  # noqa: E402
import protos  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "slow_client: drives a client that takes long (run on the release build only)"
    )
    config.addinivalue_line("markers", "long: a long run (ORDINAL_LONG_TESTS=1)")


def pytest_collection_modifyitems(items):
    if programs.os.environ.get("ORDINAL_LONG_TESTS"):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="a long run: set ORDINAL_LONG_TESTS=1"))


@pytest.fixture(scope="session")
def types(tmp_path_factory):
    """The messages and services of proto/, made by protoc."""
    return protos.Types(tmp_path_factory.mktemp("protos"))


@pytest.fixture(scope="session")
def shared():
    """One ordinald for all tests that do not need one of their own; roomy, so that tests do not starve others."""
    running = programs.Daemon("--node-id", "7", "--borrow", "10s")
    yield running
    running.stop()


@pytest.fixture
def start():
    """Starts further ones: start("--node-id", "3"). They end with the test, which fails if they do not end well."""
    started = []

    def make(*args, **options):
        started.append(programs.Daemon(*args, **options))
        return started[-1]

    yield make
    running = [one for one in started if one.process.poll() is None]
    try:
        for one in running:
            one.stop()
        for one in started:
            one.check_log()
    finally:
        for one in running:
            one.kill()


@pytest.fixture
def client(types):
    """A gRPC client of an ordinald: client(daemon)."""
    opened = []

    def connect(target):
        opened.append(ids.Client(target.grpc, types))
        return opened[-1]

    yield connect
    for one in opened:
        one.close()


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The prefix of an installation of the build under test, below a root of its own."""
    root = tmp_path_factory.mktemp("root")
    command = ["meson", "install", "-C", str(programs.BUILD), "--no-rebuild", "--destdir", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    (prefix,) = [path.parent.parent for path in root.rglob("bin/ordinald")]
    return prefix


@pytest.fixture(scope="session")
def free_port():
    """A port for a program that cannot pick one itself: free_port()."""

    def find():
        with socket.create_server(("127.0.0.1", 0)) as probe:
            return probe.getsockname()[1]

    return find


@pytest.fixture(scope="session")
def node():
    """Runs a script of clients/ under Node.js and returns what it prints."""
    assert shutil.which("node"), "node is missing"

    def run(script, *args, timeout=120):
        done = subprocess.run(
            ["node", str(Path(__file__).parent / "clients" / script), *map(str, args)],
            env=programs.environment(NODE_PATH=str(programs.NODE / "node_modules")),
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
