"""`ordinal torture`."""
import json

import pytest

from daemon import ORDINALD, run_client
from test_client import DONE, FAILED, USAGE, run_on_terminal

ANYWHERE = ("--unsafe-state-dir",)  # the tests' disk may be of any kind
FORGETFUL = ("--state", "memory")


def torture(directory, *args, cycles=4, status=DONE, before=()):
    done = run_client(
        *before, "torture", "--directory", str(directory), "-n", str(cycles), "--daemon", ORDINALD, "--", *args
    )
    assert done.returncode == status, done
    return done


def test_an_ordinald_that_remembers_passes(tmp_path):
    """The state is removed; what the torture made can be used again."""
    text = torture(tmp_path / "new", *ANYWHERE)
    assert "verdict      passed" in text.stdout and "duplicates   0\n" in text.stdout and text.stderr == ""
    report = json.loads(torture(tmp_path / "new", *ANYWHERE, before=["--output", "json"]).stdout)
    assert report["passed"] and report["cycles"] == 4 and report["ids"] > 1000
    assert 0 < report["gapMeanMs"] <= report["gapLongestMs"] < 30_000
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["made-by-ordinal-torture"]


def test_progress_on_a_terminal(tmp_path):
    out, shown = run_on_terminal(
        "torture", "--directory", str(tmp_path / "new"), "-n", "8", "--daemon", ORDINALD, "--", *ANYWHERE
    )
    assert "passed" in out and " of 8" in shown


def test_an_ordinald_that_forgets_is_caught(tmp_path):
    """Large batches run ahead of the clock, so that its IDs come twice after a kill; the state is kept."""
    done = torture(tmp_path / "new", *FORGETFUL, cycles=10, status=FAILED, before=["--output", "json"])
    report = json.loads(done.stdout)
    assert not report["passed"] and report["failure"] is None
    assert report["cycles"] == 10 and report["duplicates"] > 0 and report["outOfOrder"] > 0
    kept = [path.name for path in (tmp_path / "new").iterdir() if path.name.startswith("state-")]
    assert len(kept) == 1 and kept[0] in done.stderr


@pytest.mark.parametrize("leftover", [None, "state", "node-0.mdb"])
def test_a_directory_of_others_is_not_touched(tmp_path, leftover):
    other = tmp_path / "other"
    other.mkdir()
    if leftover:
        (other / leftover).write_text("precious")
    before = sorted(other.iterdir())
    done = torture(other, status=FAILED)
    assert "was not made by ordinal torture" in done.stderr and done.stdout == ""
    assert sorted(other.iterdir()) == before


def test_an_ordinald_that_does_not_start_is_told(tmp_path):
    done = torture(tmp_path / "new", "--grpc-listen", "127.0.0.1:1", "--no-such", status=FAILED)
    assert "no-such" in done.stdout and "FAILED" in done.stdout and "cycles       0 of 4" in done.stdout


def test_a_daemon_that_is_not_there_is_told(tmp_path):
    done = run_client("torture", "--directory", str(tmp_path / "new"), "--daemon", str(tmp_path / "none"))
    assert done.returncode == FAILED and "No such file or directory" in done.stdout


@pytest.mark.parametrize("args", [[], ["--directory", "x", "-n", "0"], ["--directory", "x", "--cycles", "many"]])
def test_wrong_usage(args):
    done = run_client("torture", *args)
    assert done.returncode == USAGE and done.stdout == "" and done.stderr
