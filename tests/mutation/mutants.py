"""Mutants: one small change of the source each, which breaks a promise that the tests have to guard.

They stand in mutants/*.toml, a file for each room. Such a file names the tests that may kill its mutants, as
meson names them, in the order in which they are tried; a mutant that only others guard names them itself:

    tests = ["core-generator", "race-generator"]

    [the-limit-leaves]
    file = "src/core/generator.c"
    breaks = "no slot at the limit leaves"
    old = "if (first + count > limit)"
    new = "if (first + count > limit + 1)"

`old` occurs exactly once in the file, to the letter: a mutant that went stale is an error, never skipped.
"""
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent / "mutants"
KEYS = {"file", "breaks", "old", "new"}


class Stale(Exception):
    """A mutant that cannot be applied to the source as it is."""


@dataclass(frozen=True)
class Mutant:
    room: str
    name: str
    file: str
    breaks: str
    old: str
    new: str
    tests: tuple

    def applied_to(self, text):
        """The text with the change in it."""
        count = text.count(self.old)
        if count != 1:
            raise Stale(f"{self.room}/{self.name}: its old text occurs {count} times in {self.file}, not once:\n{self.old}")
        if self.new == self.old:
            raise Stale(f"{self.room}/{self.name}: it changes nothing")
        return text.replace(self.old, self.new)

    def broken(self, root=ROOT):
        path = Path(root) / self.file
        if not path.is_file():
            raise Stale(f"{self.room}/{self.name}: there is no {self.file}")
        return self.applied_to(path.read_text())


def load_file(path):
    rows = tomllib.loads(path.read_text())
    tests = rows.pop("tests")
    for name, row in rows.items():
        row = {"tests": tests, **row}
        if set(row) != KEYS | {"tests"}:
            raise Stale(f"{path.stem}/{name}: its keys are not {', '.join(sorted(KEYS))} and, if need be, tests")
        yield Mutant(room=path.stem, name=name, **{**row, "tests": tuple(row["tests"])})


def load(folder=FOLDER):
    return [mutant for path in sorted(folder.glob("*.toml")) for mutant in load_file(path)]


def stale(mutants, root=ROOT):
    """What is wrong with those mutants that cannot be applied."""
    for mutant in mutants:
        try:
            mutant.broken(root)
        except Stale as fault:
            yield str(fault)
