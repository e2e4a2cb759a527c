"""Histories of simulated fleets keep every promise; the same seed gives the same history; planted bugs are found."""
import os
import re
import subprocess
from pathlib import Path

import pytest

from mutants import MUTANTS, SOURCES

SIM = Path(os.environ.get("ORDINAL_BUILD", SOURCES / "build")) / "tests/sim/sim"
LONG = os.environ.get("ORDINAL_LONG_TESTS") == "1"

UNITS = [
    *(SOURCES / "src/core").glob("*.c"),
    *(SOURCES / "src/base").glob("[et]*.c"),  # error, time, trace
    SOURCES / "src/store/record.c",
    SOURCES / "src/api/service.c",
    *(SOURCES / "tests/sim").glob("*.c"),
]
COMPILE = ["cc", "-std=gnu17", "-D_GNU_SOURCE", "-O1", f"-I{SOURCES}/src", f"-I{SOURCES}/tests"]
LINK = ["cc", *(f"-Wl,--wrap=ord_{name}" for name in ("wall_ns", "boot_ns", "clocks_read"))]

# A mutant that lives through so many histories lives.
MUTANT_HISTORIES = 50000


def run(program, *arguments):
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=3000)


def passes(done):
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    return done.stdout


def count(report, name):
    return int(re.search(rf"^ +{re.escape(name)} +(\d+)$", report, re.M)[1])


def test_histories():
    report = passes(run(SIM, "--histories", 1000000 if LONG else 100000, "--seed", 1))
    print(report)
    totals = re.search(r"^histories (\d+), IDs (\d+), duplicates 0, repeated on copies (\d+)$", report, re.M)
    assert int(totals[2]) > 10**9 and int(totals[3]) > 0
    for line in report.splitlines()[1:-1]:
        assert int(line.split()[-1]) > 0, f"never happened: {line}"


def test_histories_of_1024_nodes():
    report = passes(run(SIM, "--histories", 20, "--nodes", 1024, "--seed", 7))
    assert count(report, "start") > 20 * 16


def test_a_seed_is_a_history():
    arguments = ["--histories", 3, "--nodes", 4, "--seed", 42, "--trace"]
    first = passes(run(SIM, *arguments))
    assert first == passes(run(SIM, *arguments))
    assert len(first.splitlines()) > 300
    hashes = {
        passes(run(SIM, "--histories", 500, "--seed", seed)).splitlines()[-1].split()[-1]
        for seed in (42, 42, 543)
    }
    assert len(hashes) == 2


def test_usage():
    assert run(SIM, "--seeds").returncode == 2


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    """Object files of all units, by their path in the tree."""
    folder = tmp_path_factory.mktemp("objects")
    named = {str(unit.relative_to(SOURCES)): folder / f"{i}.o" for i, unit in enumerate(UNITS)}
    for unit, target in named.items():
        subprocess.run([*COMPILE, "-c", SOURCES / unit, "-o", target], check=True)
    return named


def link(objects, target):
    subprocess.run([*LINK, *objects.values(), "-lz", "-pthread", "-o", target], check=True)
    return target


def test_no_mutant_is_sound(objects, tmp_path):
    """Nor does another build make other histories."""
    arguments = ["--histories", 1000]
    assert passes(run(link(objects, tmp_path / "sim"), *arguments)) == passes(run(SIM, *arguments))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_found(objects, tmp_path, mutant):
    source, target = tmp_path / "mutant.c", tmp_path / "mutant.o"
    source.write_text(mutant.text())
    subprocess.run([*COMPILE, "-w", "-c", source, "-o", target], check=True)
    program = link({**objects, mutant.file: target}, tmp_path / "sim")

    done = run(program, "--histories", MUTANT_HISTORIES)
    assert done.returncode == 1, f"lives through {MUTANT_HISTORIES} histories"
    failure = re.search(r"^FAILED: (.*)$", done.stdout, re.M)[1]
    print(failure)
    assert re.search(mutant.failure, failure), failure
    again = re.search(r"again with: sim (.*) --trace$", done.stdout, re.M)[1].split()
    assert f"FAILED: {failure}" in run(program, *again).stdout
