"""Formatters and linters over the tree, each shown to catch what it is for."""
import json
import os
import subprocess
from pathlib import Path

import pytest

from floors import ROOT

NODE = Path(os.environ.get("ORDINAL_NODE", ROOT / "build/node")) / "node_modules"
SHELLS = ("#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env bash")


def run(*command, cwd=ROOT):
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**os.environ, **quiet},
        capture_output=True,
        text=True,
        timeout=120,
    )


def passes(done):
    assert done.returncode == 0, done.stdout + done.stderr


def files():
    """The files of the tree, without what is built or fetched."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if not name.startswith("build") and name not in (".git", "node_modules", "__pycache__")
        ]
        yield from (Path(folder) / name for name in names)


def scripts():
    for path in files():
        with path.open("rb") as file:
            if file.readline().decode(errors="replace").strip().startswith(SHELLS):
                yield path


def sources():
    return [
        path
        for path in files()
        if path.suffix in (".c", ".h") and path.parts[len(ROOT.parts)] in ("src", "tests")
    ]


def test_c_is_formatted():
    passes(run("clang-format-14", "--dry-run", "-Werror", *sources()))


def test_a_planted_misformat_is_caught(tmp_path):
    (tmp_path / "x.c").write_text("int  main( void ){return 0;}\n")
    (tmp_path / ".clang-format").write_bytes((ROOT / ".clang-format").read_bytes())
    assert run("clang-format-14", "--dry-run", "-Werror", tmp_path / "x.c").returncode != 0


def test_scripts_are_sound():
    found = list(scripts())
    assert {ROOT / "deploy/serve", ROOT / "deploy/setup", ROOT / "deploy/test", ROOT / ".ci/run"} <= set(found)
    passes(run("shellcheck", *found))


def test_a_planted_slip_in_a_script_is_caught(tmp_path):
    (tmp_path / "x").write_text("#!/bin/sh\nrm -rf $1/*\n")
    assert run("shellcheck", tmp_path / "x").returncode != 0


def test_protos_are_sound():
    passes(run(NODE / "@bufbuild/buf-linux-x64/bin/buf", "lint", cwd=ROOT / "proto"))


def test_a_planted_slip_in_a_proto_is_caught(tmp_path):
    (tmp_path / "buf.yaml").write_bytes((ROOT / "proto/buf.yaml").read_bytes())
    folder = tmp_path / "ordinal/v1"
    folder.mkdir(parents=True)
    (folder / "ids.proto").write_text('syntax = "proto3";\npackage ordinal.v1;\nmessage bad_name {}\n')
    done = run(NODE / "@bufbuild/buf-linux-x64/bin/buf", "lint", cwd=tmp_path)
    assert done.returncode != 0 and "bad_name" in done.stdout


def redocly(path):
    return run(NODE / ".bin/redocly", "lint", "--extends", "recommended", path)


def test_openapi_is_sound():
    passes(redocly(ROOT / "openapi.yaml"))


def test_a_planted_slip_in_openapi_is_caught(tmp_path):
    text = (ROOT / "openapi.yaml").read_text()
    (tmp_path / "openapi.yaml").write_text(text.replace("operationId: GetIds\n", "operationId: GetId\n"))
    assert redocly(tmp_path / "openapi.yaml").returncode != 0


@pytest.mark.parametrize("lock", [path for path in files() if path.name == "package-lock.json"], ids=str)
def test_locks_name_no_registry(lock):
    packages = json.loads(lock.read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert not [name for name, package in packages.items() if name and "integrity" not in package]


def test_text_is_clean():
    """No tabs for indents, no blanks at the ends of lines, a newline at the end of each file."""
    for path in files():
        if path.suffix in (".c", ".h", ".py", ".js", ".md", ".yaml", ".build") and "gen" not in path.parts:
            text = path.read_text()
            assert text.endswith("\n") or not text, path
            assert not [
                line for line in text.split("\n") if line != line.rstrip() or line.startswith("\t")
            ], path
