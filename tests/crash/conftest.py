import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "e2e")]

import protos  # noqa: E402


@pytest.fixture(scope="session")
def types(tmp_path_factory):
    """The messages and services of proto/, made by protoc."""
    return protos.Types(tmp_path_factory.mktemp("protos"))
