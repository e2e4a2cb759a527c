"""What `meson install` leaves: programs, man pages, completion for three shells, the client library."""
import subprocess

import pytest

from daemon import BUILD, ORDINAL, ORDINALD, environment

PAGES = {"ordinald": "man8/ordinald.8", "ordinal": "man1/ordinal.1"}


def run(*command, **options):
    done = subprocess.run(command, env=environment(**options), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done
    return done.stdout


def page(prefix, name):
    found = [path for path in prefix.rglob(f"man/{PAGES[name]}*")]
    assert found, f"no man page of {name}"
    return found[0]


@pytest.mark.parametrize("name, built", [("ordinald", ORDINALD), ("ordinal", ORDINAL)])
def test_programs_run(installed, name, built):
    assert run(str(installed / "bin" / name), "--version") == run(built, "--version")


def test_nothing_else_is_installed(installed):
    folders = {path.relative_to(installed).parts[0] for path in installed.rglob("*") if path.is_file()}
    assert folders <= {"bin", "share", "etc", "lib", "include"}
    found = {path.name for path in installed.rglob("*") if path.suffix in (".a", ".h", ".pc") or ".so" in path.name}
    version = run(ORDINAL, "--version").split()[-1]
    library = {"libordinal.a", "libordinal.so", "libordinal.so.0", f"libordinal.so.{version}"}
    assert found == library | {"ordinal.h", "ordinal.pc"}


@pytest.mark.parametrize(
    "compiler, language, standard", [("cc", "c", "c99"), ("clang-14", "c", "c99"), ("clang-14", "c++", "c++11")]
)
def test_the_header_stands_alone(installed, compiler, language, standard):
    strict = ["-pedantic", "-Wall", "-Wextra", "-Wundef", "-Werror", "-fsyntax-only"]
    run(compiler, "-x", language, f"-std={standard}", *strict, str(installed / "include/ordinal.h"))


@pytest.mark.parametrize("name", PAGES)
def test_man_pages_render(installed, name):
    path = page(installed, name)
    done = subprocess.run(
        ["man", "--warnings=w", "-l", str(path)],
        env=environment(MANPAGER="cat", MANWIDTH="100", LC_ALL="C.UTF-8", MAN_KEEP_FORMATTING=""),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    text = subprocess.run(["col", "-bx"], input=done.stdout, capture_output=True, text=True).stdout
    for word in ("NAME", "SYNOPSIS", "OPTIONS", "EXIT STATUS", "--help"):
        assert word in text, text[:2000]


def test_man_pages_tell_every_option(installed):
    text = page(installed, "ordinald").read_text().replace("\\-", "-")
    for word in ("--node-id", "ORDINAL_GRPC_LISTEN", "--drain-timeout", "--check-config"):
        assert word in text


def completion(installed, shell, name):
    places = {
        "bash": f"share/bash-completion/completions/{name}",
        "zsh": f"share/zsh/site-functions/_{name}",
        "fish": f"share/fish/vendor_completions.d/{name}.fish",
    }
    path = installed / places[shell]
    assert path.is_file(), f"{places[shell]} is not installed"
    return path


@pytest.mark.parametrize("name", PAGES)
def test_bash_completes(installed, name):
    path = completion(installed, "bash", name)
    script = f"""
        source {path}
        function=$(complete -p {name} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        COMP_WORDS=({name} --he) COMP_CWORD=1 COMP_LINE='{name} --he' COMP_POINT=${{#COMP_LINE}}
        $function {name} --he {name}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    assert "--help" in run("bash", "--norc", "-ec", script).split()


@pytest.mark.parametrize("name", PAGES)
def test_fish_completes(installed, name):
    path = completion(installed, "fish", name)
    shown = run("fish", "--no-config", "-c", f"source {path}; complete -C '{name} --he'")
    assert shown.split()[0] == "--help"


@pytest.mark.parametrize("name", PAGES)
def test_zsh_loads(installed, name, tmp_path):
    path = completion(installed, "zsh", name)
    assert path.read_text().startswith(f"#compdef {name}")
    run("zsh", "-f", "-n", str(path))
    script = f"fpath=({path.parent} $fpath); autoload -Uz compinit; compinit -u -d {tmp_path}/dump; whence -w _{name}; print $_comps[{name}]"
    assert run("zsh", "-f", "-c", script).split() == [f"_{name}:", "function", f"_{name}"]
