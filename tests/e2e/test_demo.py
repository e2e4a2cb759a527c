"""deploy/demo: the story, told by real processes."""
import os
import signal
import subprocess
from contextlib import contextmanager

import pytest

import daemon as programs

DEMO = programs.ROOT / "deploy/demo"
PATIENCE = 4 * programs.PATIENCE

RANKINGS = [
    ["anna", "bert", "carl", "dora", "emil"],
    ["anna", "carl", "dora", "emil"],
    ["anna", "carl", "emil"],
    ["anna", "carl", "emil", "fred"],
]


@contextmanager
def demo(folder, *args, build=programs.BUILD):
    """A running demo. However it ends, nothing of it is left: no process, no file."""
    running = subprocess.Popen(
        [str(DEMO), *args],
        env=programs.environment(ORDINAL_BUILD=str(build), TMPDIR=str(folder)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield running
        running.communicate(timeout=PATIENCE)
        with pytest.raises(ProcessLookupError):
            os.killpg(running.pid, 0)
        assert not list(folder.iterdir())
    finally:
        try:
            os.killpg(running.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def rankings(story):
    """The lists of names that the story shows, each by rank."""
    shown = []
    for line in story.splitlines():
        words = line.split()
        if len(words) == 2 and words[0].isdigit():
            if words[0] == "1":
                shown.append([])
            shown[-1].append(words[1])
            assert len(shown[-1]) == int(words[0])
    return shown


@pytest.mark.slow_client
def test_the_story_is_told_and_ends(tmp_path):
    with demo(tmp_path, "--once") as running:
        story, faults = running.communicate(timeout=PATIENCE)
        assert running.returncode == 0, story + faults
    assert rankings(story) == RANKINGS
    assert 'carl: "welcome fred" -> emil fred' in story
    assert "http://127.0.0.1:" in story
    assert not faults


@pytest.mark.slow_client
def test_an_interrupt_ends_all_of_it(tmp_path):
    with demo(tmp_path) as running:
        while (line := running.stdout.readline()) and line.split() != ["5", "emil"]:
            pass
        os.killpg(running.pid, signal.SIGINT)
        rest, faults = running.communicate(timeout=PATIENCE)
        assert running.returncode == 130, rest + faults
        assert "bert is killed" not in rest


@pytest.mark.slow_client
def test_what_should_not_happen_fails_it(tmp_path):
    """Here carl's commands are sent as anna's, so that bert gets them, too."""
    built, folder = tmp_path / "build", tmp_path / "tmp"
    folder.mkdir()
    for program in ("src/daemon/ordinald", "src/cli/ordinal"):
        (built / program).parent.mkdir(parents=True)
    (built / "src/daemon/ordinald").symlink_to(programs.ORDINALD)
    wrapper = built / "src/cli/ordinal"
    wrapper.write_text(
        "#!/bin/sh\n"
        'case $* in "send "*carl*) shift 5; set -- send --group default --name anna "$@" ;; esac\n'
        f'exec {programs.ORDINAL} "$@"\n'
    )
    wrapper.chmod(0o755)
    with demo(folder, "--once", build=built) as running:
        story, faults = running.communicate(timeout=PATIENCE)
        assert running.returncode == 1, story + faults
    assert '"pass it on" comes to bert, who ranks above carl' in faults


def test_wrong_usage_is_told():
    done = subprocess.run([str(DEMO), "--twice"], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 2 and "deploy/demo [--once]" in done.stderr
