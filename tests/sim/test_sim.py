"""Histories of simulated fleets keep every promise; the same seed gives the same history; planted bugs are found."""
import os
import re
import subprocess
from pathlib import Path

import pytest

from mutants import MUTANTS, SOURCES
from sequence_mutants import SEQUENCE_MUTANTS

BUILD = Path(os.environ.get("ORDINAL_BUILD", SOURCES / "build"))
SIM = BUILD / "tests/sim/sim"
SEQUENCES = BUILD / "tests/sim/sim-sequences"
LONG = os.environ.get("ORDINAL_LONG_TESTS") == "1"

COMPILE = [
    "cc",
    "-std=gnu17",
    "-D_GNU_SOURCE",
    "-O1",
    f"-I{SOURCES}/src",
    f"-I{SOURCES}/tests",
    f"-I{SOURCES}/gen",
]
WRAPPED = ("wall_ns", "boot_ns", "clocks_read"), ("committer_start", "committer_add", "committer_stop")
WRAP = [[f"-Wl,--wrap=ord_{name}" for name in names] for names in WRAPPED]
LIBRARIES = ["-ljansson", "-lprotobuf-c", "-lprotobuf-nanopb", "-llmdb", "-lz", "-pthread"]

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


def build(changed, target, program=SIM):
    """The simulation with some of its sources (paths in the tree) replaced; what replaces a room's comes first, so
    that the linker takes nothing else for it out of the room's archive."""
    of_sequences = program == SEQUENCES
    own = {f"tests/sim/{unit.name[:-2]}": unit for unit in Path(f"{program}.p").glob("*.c.o")}
    for path, source in changed.items():
        own[path] = target.with_name(Path(path).name + ".o")
        subprocess.run([*COMPILE, "-w", "-c", source, "-o", own[path]], check=True)
    rooms = [*BUILD.glob("src/*/lib*.a"), BUILD / "gen/libgen.a"]
    archives = ["-Wl,--as-needed", "-Wl,--start-group", *rooms, *LIBRARIES, "-Wl,--end-group"]
    subprocess.run(["cc", *WRAP[of_sequences], *own.values(), *archives, "-o", target], check=True)
    return target


def test_another_build_makes_the_same_histories(tmp_path):
    units = {f"tests/sim/{unit.name}": unit for unit in (SOURCES / "tests/sim").glob("*.c")}
    arguments = ["--histories", 1000]
    assert passes(run(build(units, tmp_path / "sim"), *arguments)) == passes(run(SIM, *arguments))


def is_found(tmp_path, mutant, simulation, histories):
    source = tmp_path / "mutant.c"
    source.write_text(mutant.text())
    program = build({mutant.file: source}, tmp_path / "sim", simulation)

    done = run(program, "--histories", histories)
    assert done.returncode == 1, f"lives through {histories} histories"
    failure = re.search(r"^FAILED: (.*)$", done.stdout, re.M)[1]
    print(failure)
    assert re.search(mutant.failure, failure), failure
    again = re.search(r"again with: \S+ (.*) --trace$", done.stdout, re.M)[1].split()
    assert f"FAILED: {failure}" in run(program, *again).stdout


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_found(tmp_path, mutant):
    is_found(tmp_path, mutant, SIM, MUTANT_HISTORIES)


# Sequences


def test_sequences():
    report = passes(run(SEQUENCES, "--histories", 200000 if LONG else 3000))
    print(report)
    for line in report.splitlines()[1:]:
        assert int(line.split()[-1]) > 0, f"never happened: {line}"
    assert report == passes(run(SEQUENCES, "--histories", 200000 if LONG else 3000))


def test_usage_of_sequences():
    assert run(SEQUENCES, "--seeds").returncode == 2


@pytest.mark.parametrize("mutant", SEQUENCE_MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_of_sequences_is_found(tmp_path, mutant):
    is_found(tmp_path, mutant, SEQUENCES, 10000)
