import os
import socket
import sys
import tempfile
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "e2e")]

import daemon as programs  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "long: a long run (ORDINAL_LONG_TESTS=1)")


def pytest_collection_modifyitems(items):
    if os.environ.get("ORDINAL_LONG_TESTS"):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="a long run: set ORDINAL_LONG_TESTS=1"))


@pytest.fixture
def disk():
    """A new folder on the disk of the build, which is a real one more often than that of temporary files."""
    with tempfile.TemporaryDirectory(dir=programs.BUILD) as folder:
        yield Path(folder)


@pytest.fixture
def free_port():
    """A port at which nobody listens: free_port()."""

    def find():
        with socket.create_server(("127.0.0.1", 0)) as probe:
            return probe.getsockname()[1]

    return find
