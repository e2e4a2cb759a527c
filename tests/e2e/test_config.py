"""Configuration: flags, variables, files; all problems at once; node IDs."""
import resource
import socket
import subprocess

import pytest
import yaml

from daemon import ORDINALD, environment, run_daemon


def print_config(*args, env=None, cwd=None):
    done = run_daemon(*args, "--print-config", env=env, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def problems(*args, env=None):
    """The lines of a refused configuration, without the program's name."""
    done = run_daemon(*args, "--check-config", env=env)
    assert (done.returncode, done.stdout) == (2, ""), done
    lines = done.stderr.splitlines()
    assert lines and all(line.startswith("ordinald: ") for line in lines), done.stderr
    return [line.removeprefix("ordinald: ") for line in lines]


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "ordinal.yaml"
        path.write_text(text)
        return str(path)

    return write


def test_defaults_are_good():
    done = run_daemon("--check-config")
    assert (done.returncode, done.stderr) == (0, "")


def test_print_config_tells_values_and_origins(file):
    path = file("borrow: 2s\nlog_level: debug\n")
    text = print_config("--config", path, "--node-id", "3", env={"ORDINAL_LOG_LEVEL": "warn"})
    values = yaml.safe_load(text)
    assert (values["borrow"], values["log_level"], values["node_id"]) == ("2s", "warn", "3")
    assert values["grpc_listen"] == "127.0.0.1:50051" and values["http_listen"] == "127.0.0.1:8080"
    lines = {line.split(":")[0]: line for line in text.splitlines()}
    assert "ordinal.yaml:1" in lines["borrow"]
    assert "ORDINAL_LOG_LEVEL" in lines["log_level"]
    assert "--node-id" in lines["node_id"]
    assert "default" in lines["grpc_listen"]


def test_print_config_goes_back_in(file):
    first = print_config("--node-id", "12", "--layout", "js53", "--cors-origin", "*", "--worker", "1/2")
    path = file(first)
    again = print_config("--config", path)
    assert yaml.safe_load(again) == yaml.safe_load(first)


def test_flag_beats_variable_beats_file_beats_default(file):
    path = file("max_wait: 3s\n")
    get = lambda *args, env=None: yaml.safe_load(print_config(*args, env=env))["max_wait"]  # noqa: E731
    default = get()
    assert get("--config", path) == "3s" != default
    assert get("--config", path, env={"ORDINAL_MAX_WAIT": "4s"}) == "4s"
    assert get("--config", path, "--max-wait", "5s", env={"ORDINAL_MAX_WAIT": "4s"}) == "5s"
    assert get(f"--config={path}", "--max-wait=5s") == "5s"


def test_port_is_read_when_nothing_else_says():
    def listen(**env):
        return yaml.safe_load(print_config("--node-id", "1", env=env))["http_listen"]

    assert listen(PORT="9090") == "0.0.0.0:9090"
    assert listen(PORT="9090", ORDINAL_HTTP_LISTEN="127.0.0.1:1") == "127.0.0.1:1"


def test_all_problems_of_a_file_at_once(file):
    path = file(
        "grpc_listen: nowhere\n"  # 1
        "colour: red\n"  # 2
        "borrow: 1s\n"  # 3
        "borrow: 2s\n"  # 4
        "max_wait: [1, 2]\n"  # 5
        "drain_timeout: soon\n"  # 6
        "http_threads: 100000\n"  # 7
        "log_level: loud\n"  # 8
        "config: x\n"  # 9
    )
    found = problems("--config", path)
    assert [line.split(":")[:2] for line in found] == [
        [path, str(number)] for number in (1, 2, 4, 5, 6, 7, 8, 9)
    ]
    told = dict(zip((1, 2, 4, 5, 6, 7, 8, 9), found))
    assert "grpc_listen" in told[1] and "colour" in told[2] and "borrow" in told[4]
    assert "16384" in told[7] and "debug" in told[8]


def test_problems_of_flags_and_variables_at_once():
    found = problems(
        "--borrow", "never", "--no-such", "--http-listen", "1.2.3.4", env={"ORDINAL_LOG_FORMAT": "xml"}
    )
    text = "\n".join(found)
    for word in ("borrow", "--no-such", "http", "ORDINAL_LOG_FORMAT"):
        assert word in text, text
    assert len(found) == 4


@pytest.mark.parametrize(
    "text",
    [
        "- a\n- b\n",
        "just text\n",
        "a: [\n",
        "a: b: c\n",
        "\tx: 1\n",
        "? [1]\n: 2\n",
        "node_id: &a 1\nworker: *a\n",
    ],
)
def test_files_that_are_no_settings(file, text):
    path = file(text)
    assert all(line.startswith(path) for line in problems("--config", path))


def test_an_empty_file_says_nothing(file):
    assert run_daemon("--config", file("# nothing\n"), "--check-config").returncode == 0


def test_a_missing_file(tmp_path):
    (line,) = problems("--config", str(tmp_path / "none.yaml"))
    assert "none.yaml" in line and "No such file" in line


def test_unknown_variables_with_our_prefix_are_problems():
    """ORDINAL_BORROWW is a slip of the pen, not somebody else's."""
    text = "\n".join(problems(env={"ORDINAL_BORROWW": "1s"}))
    assert "ORDINAL_BORROWW" in text


@pytest.mark.parametrize(
    "args, words",
    [
        (["--node-id", "1024"], ["1024", "1023"]),
        (["--node-id", "-1"], ["node"]),
        (["--node-id", "x"], ["x"]),
        (["--node-id", "env:NO_SUCH_VARIABLE"], ["NO_SUCH_VARIABLE"]),
        (["--node-id", "file:/no/such/file"], ["/no/such/file", "No such file"]),
        (["--node-id", "ipv4:nosuch0"], ["nosuch0"]),
        (["--worker", "4/4"], ["worker"]),
        (["--worker", "1"], ["I/N"]),
        (["--worker", "0/0"], ["worker"]),
        (["--layout", "no-such"], ["no-such", "sonyflake"]),
        (["--layout", "tick:41,node:10,sequence:13"], ["63"]),
        (["--epoch", "yesterday"], ["yesterday"]),
        (["--time-unit", "2h"], ["2h"]),
        (["--grpc-listen", "127.0.0.1"], ["127.0.0.1"]),
        (["--grpc-listen", "127.0.0.1:99999"], ["99999"]),
        (["--http-listen", "example.org:80"], ["example.org"]),
        (["--borrow", "1h"], ["borrow"]),
        (["stray"], ["stray"]),
    ],
)
def test_bad_settings(args, words):
    text = "\n".join(problems(*args))
    assert not [word for word in words if word not in text], text


@pytest.mark.parametrize("spec, node", [("env:MY_NODE", 12), ("17", 17)])
def test_node_ids(start, client, spec, node):
    target = start("--node-id", spec, env={"MY_NODE": "12"})
    calls = client(target)
    assert calls.call("DescribeId", id=calls.call("GetId").id).node == node


def test_node_id_from_a_file(start, client, tmp_path):
    (tmp_path / "node").write_text("33\n")
    calls = client(start("--node-id", f"file:{tmp_path / 'node'}"))
    assert calls.call("DescribeId", id=calls.call("GetId").id).node == 33


@pytest.mark.parametrize("flag", ["--grpc-listen", "--http-listen"])
def test_listeners_that_others_reach_need_a_node_id(flag):
    text = "\n".join(problems(flag, "0.0.0.0:0"))
    assert "node_id" in text and "0.0.0.0:0" in text
    assert run_daemon(flag, "0.0.0.0:0", "--node-id", "1", "--check-config").returncode == 0


@pytest.mark.parametrize("flag", ["--grpc-listen", "--http-listen"])
def test_a_port_in_use_is_one_line(flag, tmp_path):
    other = {"--grpc-listen": "--http-listen", "--http-listen": "--grpc-listen"}[flag]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        one_line_failure([flag, f"127.0.0.1:{port}", other, "127.0.0.1:0"], [f"127.0.0.1:{port}", "in use"])


def test_an_address_that_is_not_ours():
    one_line_failure(
        ["--grpc-listen", "192.0.2.1:1", "--http-listen", "127.0.0.1:0", "--node-id", "1"],
        ["192.0.2.1", "assign"],
    )
    one_line_failure(
        ["--http-listen", "192.0.2.1:1", "--grpc-listen", "127.0.0.1:0", "--node-id", "1"], ["192.0.2.1"]
    )


def one_line_failure(args, words, preexec=None):
    done = run_daemon(*args, preexec=preexec)
    lines = [line for line in done.stderr.splitlines() if "level=error" in line]
    assert done.returncode == 1 and len(lines) == 1 == len(done.stderr.splitlines()), done
    assert not [word for word in words if word not in lines[0]], lines


def test_too_few_files():
    one_line_failure(
        ["--grpc-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"],
        ["files", "ulimit"],
        preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30)),
    )


@pytest.mark.parametrize("epoch", ["2090-01-01T00:00:00Z", "1900-01-01T00:00:00Z"])
def test_a_clock_outside_of_the_layout(epoch):
    one_line_failure(
        ["--epoch", epoch, "--grpc-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"], ["cannot start"]
    )


def test_a_second_daemon_on_the_same_ports_is_refused(shared):
    one_line_failure(["--grpc-listen", shared.grpc, "--http-listen", "127.0.0.1:0"], [shared.grpc, "in use"])
    one_line_failure(["--http-listen", shared.http, "--grpc-listen", "127.0.0.1:0"], [shared.http, "in use"])


def test_help_and_version():
    help_ = run_daemon("--help")
    assert (help_.returncode, help_.stderr) == (0, "")
    for name in yaml.safe_load(print_config()) or {}:
        assert f"--{name.replace('_', '-')}" in help_.stdout
    version = run_daemon("--version")
    assert version.stdout.startswith("ordinald ") and version.returncode == 0


def test_full_stdout_is_no_success():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [ORDINALD, "--help"], env=environment(), stdout=full, stderr=subprocess.PIPE, timeout=30
        )
    assert done.returncode != 0
