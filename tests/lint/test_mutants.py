"""Mutants fit the source as it is; one that went stale is told, never skipped."""
import sys
from dataclasses import replace

import pytest

from floors import ROOT

sys.path.insert(0, str(ROOT / "tests/mutation"))
from mutants import Mutant, Stale, load, load_file, stale  # noqa: E402

MUTANT = Mutant("room", "name", "x.c", "a promise", old="a < b", new="a <= b", tests=("core-x",))


def test_all_apply_exactly_once():
    mutants = load()
    assert len(mutants) >= 30
    assert list(stale(mutants)) == []


def test_a_mutant_changes_what_it_names():
    assert MUTANT.applied_to("if (a < b) c = a;") == "if (a <= b) c = a;"


@pytest.mark.parametrize(
    "mutant, text, says",
    [
        (MUTANT, "if (a > b)", "occurs 0 times"),
        (MUTANT, "if (a < b) if (a < b)", "occurs 2 times"),
        (replace(MUTANT, new="a < b"), "if (a < b)", "changes nothing"),
        (replace(MUTANT, file="y.c"), "if (a < b)", "there is no y.c"),
    ],
)
def test_a_stale_mutant_is_told(tmp_path, mutant, text, says):
    (tmp_path / "x.c").write_text(text)
    (fault,) = stale([mutant], tmp_path)
    assert fault.startswith("room/name: ") and says in fault


def test_a_mutant_without_its_promise_is_refused(tmp_path):
    path = tmp_path / "room.toml"
    path.write_text('tests = []\n[name]\nfile = "x.c"\nold = "a"\nnew = "b"\n')
    with pytest.raises(Stale, match="room/name: its keys are not"):
        list(load_file(path))
