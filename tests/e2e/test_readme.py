"""The calls in the README give what the README shows, up to the numbers."""
import json
import re
import shlex
import subprocess

import pytest

from daemon import ORDINAL, ROOT, environment, finish
from test_clients import buf_curl


def shown():
    """(command, output) of each call in the README's consoles."""
    for block in re.findall(r"^```console\n(.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield command, output.strip()


def numbers_aside(text):
    return re.sub(r"\d+", "0", text.strip())


def grpcurl(target, arguments):
    """What grpcurl would print, by buf, which prints JSON without grpcurl's line breaks."""
    data = arguments[arguments.index("-d") + 1] if "-d" in arguments else "{}"
    (reply,) = buf_curl(target, arguments[-1].split("/")[1], data, "--reflect-protocol", "grpc-v1")
    return json.dumps(reply)


def run(target, command):
    program, *arguments = shlex.split(command.split("#")[0])
    if program == "grpcurl":
        return grpcurl(target, arguments)
    if program == "ordinal":
        return finish([ORDINAL, "--grpc", target.grpc, *arguments]).stdout
    assert program == "curl", f"the test does not know {program}"
    arguments = [one.replace("localhost:8080", target.http) for one in arguments]
    done = subprocess.run(
        ["curl", "-sS", *arguments], env=environment(), capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command, output", [pytest.param(*call, id=call[0]) for call in shown()])
def test_calls_give_what_is_shown(shared, command, output):
    got = run(shared, command)
    assert got.strip()
    if command.startswith("grpcurl"):
        got, output = json.dumps(json.loads(got)), json.dumps(json.loads(output))
    assert not output or numbers_aside(got) == numbers_aside(output)


def test_links_lead_somewhere():
    text = (ROOT / "README.md").read_text()
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert "://" in link or (ROOT / link).exists(), link


def test_the_first_calls_are_there():
    commands = [command.split()[0] for command, _ in shown()]
    assert {"curl", "grpcurl", "ordinal"} <= set(commands)
