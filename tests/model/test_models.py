"""Runs Spin over each model, within its bounds, and over each mutant, which has to break the property named here.

A model passes when its states were searched completely without an error. ORDINAL_LONG_TESTS=1 adds larger bounds.
What was measured goes to models.txt in ORDINAL_RESULTS.
"""
import os
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
LONG = os.environ.get("ORDINAL_LONG_TESTS") == "1"
MEMORY_MB = 6000 if LONG else 900
SECONDS = 3000 if LONG else 240

MODELS = [
    ("generator", {}),
    ("lifetime", {}),
    ("lifetime", {"CALLERS": 2, "TICKS": 2, "SLOTS": 1, "COUNT": 1, "RUNS": 2}),
    ("workers", {}),
    ("etcd", {}),
]
LARGE = [
    ("generator", {"CALLERS": 3, "TICKS": 2}),
    ("lifetime", {"CALLERS": 2, "TICKS": 2, "SLOTS": 1, "COUNT": 1}),
    ("workers", {"STARTS": 7, "TICKS": 5}),
    ("etcd", {"CLAIMS": 3}),
    ("etcd", {"END": 3}),
]
MUTANTS = [
    ("generator", "NO_LIMIT", "uncovered"),
    ("generator", "CLOCK_ALONE", "twice"),
    ("generator", "CHECK_THEN_ACT", "twice"),
    ("generator", "STALE_FIRST", "twice"),
    ("generator", "BLOCKS", "unordered"),
    ("generator", "RELEASE_LIVE", "late"),
    ("generator", "STOP_BY_LIMIT", "late"),
    ("lifetime", "RAISE_BEFORE_DURABLE", "uncovered"),
    ("lifetime", "FAILED_SYNC_IS_SUCCESS", "uncovered"),
    ("lifetime", "SERVE_BEFORE_RESERVED", "uncovered"),
    ("lifetime", "OLD_WRITE_LANDS", "uncovered"),
    ("lifetime", "START_AT_USED", "twice"),
    ("lifetime", "START_AT_CLOCK", "twice"),
    ("lifetime", "ANCHOR_AT_WALL", "lowered"),
    ("lifetime", "RELEASE_LIVE", "lowered"),
    ("lifetime", "STOP_BY_LIMIT", "lowered"),
    ("workers", "SHARED_RECORD", "uncovered"),
    ("workers", "NO_LOCK", "twice"),
    ("workers", "LOCK_BY_WORKER", "twice"),
    ("workers", "OWN_RECORD_ALONE", "twice"),
    ("workers", "SLOTS_OF_OTHER_SPLIT", "twice"),
    ("etcd", "NO_REVISION", "uncovered"),
    ("etcd", "RELEASE_BY_NAME", "uncovered"),
    ("etcd", "NO_COMPARE_OF_LIMIT", "uncovered"),
    ("etcd", "CLAIM_READS_APART", "lowered"),
    ("etcd", "LATE_ACKNOWLEDGEMENT_LOWERS", "lowered"),
]


def run(*command, cwd):
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return done.stdout + done.stderr


def search(folder, model, defines, *flags):
    """pan's report of one search, which ends at the first error."""
    bounds = [f"-D{name}={value}" for name, value in defines.items()]
    told = run("spin", *bounds, "-a", HERE / f"{model}.pml", cwd=folder)
    assert (folder / "pan.c").exists(), told
    # NOREDUCE: no partial order reduction, which nothing here needs and `unless` has to be squared with
    options = ["-w", "-DSAFETY", "-DNOREDUCE", f"-DMEMLIM={MEMORY_MB}"]
    told = run("gcc", *(flags or ["-O2"]), *options, "-o", "pan", "pan.c", cwd=folder)
    assert (folder / "pan").exists(), told
    return run("./pan", "-m1000000", cwd=folder)


def broken(report):
    return set(re.findall(r"assertion violated +!\((\w+)\)", report))


def is_complete(report):
    return re.search(r"errors: 0$", report, re.M) is not None and not re.search(
        r"Search not completed|max search depth too small|out of memory|invalid end state \(|aborted", report
    )


def note(model, defines, report):
    results = os.environ.get("ORDINAL_RESULTS")
    if not results:
        return
    states = re.search(r"(\d+) states, stored", report).group(1)
    seconds = re.search(r"elapsed time ([\d.]+)", report).group(1)
    megabytes = re.search(r"([\d.]+)\s+total actual memory", report).group(1)
    bounds = " ".join(f"{name}={value}" for name, value in defines.items())
    with open(Path(results) / "models.txt", "a", encoding="ascii") as file:
        file.write(f"{model} {bounds}: {states} states, {seconds} s, {megabytes} MB\n")


def named(model, defines):
    return "-".join([model, *(f"{name}={value}" for name, value in defines.items())])


@pytest.mark.parametrize(
    "model, defines", MODELS + LARGE * LONG, ids=[named(*row) for row in MODELS + LARGE * LONG]
)
def test_model_holds(tmp_path, model, defines):
    report = search(tmp_path, model, defines)
    assert is_complete(report), report
    note(model, defines, report)


@pytest.mark.parametrize("model, mutant, breaks", MUTANTS, ids=[f"{row[0]}-{row[1]}" for row in MUTANTS])
def test_mutant_is_found(tmp_path, model, mutant, breaks):
    defines = {f"MUTANT_{mutant}": 1}
    report = search(tmp_path, model, defines, "-O0")
    if breaks not in broken(report):  # another is broken first; the other order may meet this one
        report = search(tmp_path, model, defines, "-O0", "-DT_REVERSE")
    assert broken(report) == {breaks}, report


def test_every_mutant_is_listed():
    texts = {path.name: path.read_text() for path in HERE.glob("*.*")}
    known = {mutant for _, mutant, _ in MUTANTS}
    defined = {
        name
        for file, text in texts.items()
        if file.endswith((".pml", ".inc"))
        for name in re.findall(r"\bMUTANT_(\w+)", text)
    }
    assert defined == known


def test_a_search_that_was_cut_short_does_not_pass(tmp_path):
    search(tmp_path, "generator", {})
    assert not is_complete(run("./pan", "-m50", cwd=tmp_path))
