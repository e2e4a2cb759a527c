"""Each program of docs/examples, built and run as its first lines say."""
import os
import shutil
import subprocess

import pytest

from daemon import NODE, ROOT, environment

EXAMPLES = ROOT / "docs/examples"
PROTOS = ROOT / "proto"
COUNT = 1000


def run(*command, cwd=None, timeout=300, **variables):
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, (command, done.stdout[-2000:], done.stderr)
    return done.stdout


# A symbol of an instrumented library, and the flag that a program needs to go with it.
INSTRUMENTS = {"__asan_init": "-fsanitize=address,undefined", "__gcov_init": "--coverage"}


def check(printed):
    ids = [int(line) for line in printed.split()]
    assert len(ids) == COUNT and ids == sorted(set(ids)) and ids[0] > 0


@pytest.fixture(scope="session")
def library(installed):
    """Where the library was installed, variables by which pkg-config and the loader find it there, and what it was
    instrumented with."""
    (pc,) = installed.rglob("pkgconfig/ordinal.pc")
    folder = pc.parent.parent
    prefix = next(line for line in pc.read_text().splitlines() if line.startswith("prefix=")).partition("=")[2]
    root = str(installed).removesuffix(prefix)
    found = {"PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": root, "LD_LIBRARY_PATH": str(folder)}
    symbols = run("nm", folder / "libordinal.a")
    return folder, found, [flag for symbol, flag in INSTRUMENTS.items() if symbol in symbols]


def build_c(library, tmp_path, *libraries):
    folder, found, flags = library
    cflags = run("pkg-config", "--cflags", "ordinal", **found).split()
    strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", *flags]
    program = tmp_path / "ids"
    run("cc", *strict, "-o", program, EXAMPLES / "ids.c", *cflags, *libraries)
    return program


def test_c(shared, library, tmp_path):
    libs = run("pkg-config", "--libs", "ordinal", **library[1]).split()
    assert [word for word in libs if word.startswith("-l")] == ["-lordinal"], "it needs nothing else"
    check(run(build_c(library, tmp_path, *libs), shared.grpc, COUNT, **library[1]))


def test_c_with_the_static_library(shared, library, tmp_path):
    needed = run("pkg-config", "--print-requires-private", "ordinal", **library[1]).split()
    others = [f"-l{name.removeprefix('lib')}" for name in needed]
    program = build_c(library, tmp_path, library[0] / "libordinal.a", *others, "-pthread")
    assert "libordinal" not in run("ldd", program)
    check(run(program, shared.grpc, COUNT))


def test_python_with_ctypes(shared, library):
    _, found, flags = library
    if INSTRUMENTS["__asan_init"] in flags:
        runtime = run("cc", "-print-file-name=libasan.so").strip()
        found = {**found, "LD_PRELOAD": runtime, "ASAN_OPTIONS": "detect_leaks=0"}
    check(run("/usr/bin/python3", EXAMPLES / "ids_ctypes.py", shared.grpc, COUNT, **found))


def test_python_with_grpcio(shared, tmp_path):
    plugin = "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin"
    out = [f"--python_out={tmp_path}", f"--grpc_python_out={tmp_path}"]
    run("protoc", "-I", PROTOS, *out, plugin, "ordinal/v1/ids.proto")
    check(run("/usr/bin/python3", EXAMPLES / "ids_grpc.py", shared.grpc, COUNT, PYTHONPATH=str(tmp_path)))


def test_go(shared, tmp_path):
    (tmp_path / "go/src").mkdir(parents=True)
    run("protoc", "-I", PROTOS, f"--go_out=plugins=grpc:{tmp_path}/go/src", "ordinal/v1/ids.proto")
    cache = os.environ.get("GOCACHE", str(ROOT / "build/go-cache"))
    paths = {"GO111MODULE": "off", "GOFLAGS": "", "GOPATH": f"{tmp_path}/go:/usr/share/gocode", "GOCACHE": cache}
    check(run("go", "run", EXAMPLES / "ids.go", shared.grpc, COUNT, **paths))


def test_node(shared):
    assert shutil.which("node"), "node is missing"
    check(run("node", EXAMPLES / "ids.js", PROTOS, shared.grpc, COUNT, NODE_PATH=str(NODE / "node_modules")))
