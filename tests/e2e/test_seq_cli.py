"""`ordinal seq`, over both protocols."""
import itertools
import json

import grpc
import pytest

from daemon import PATIENCE, run_client

DONE, FAILED, USAGE, UNAVAILABLE = range(4)

serial = itertools.count()


@pytest.fixture(params=["grpc", "http"])
def seq(request, shared):
    """Runs `ordinal seq …` against the shared ordinald, and returns what it writes."""
    over = ["--grpc", shared.grpc] if request.param == "grpc" else ["--http", shared.url]

    def run(*args, status=DONE, json=False):
        form = ["--output", "json"] if json else []
        done = run_client(*over, *form, "seq", *map(str, args))
        assert done.returncode == status, done
        assert bool(done.stderr) == (status != DONE), done
        return done.stdout if status == DONE else done.stderr

    return run


@pytest.fixture
def name():
    """A name that no other test has."""
    return f"cli-{next(serial)}"


def read(lines):
    return [json.loads(line) for line in lines.splitlines()]


def test_values_are_bare_and_rise(seq, name):
    assert seq("create", name).startswith(f"{name} created\nmode       block, 10000 at a time\nnext       1\n")
    assert seq("next", name) == "1\n"
    assert seq("next", "-n", 3, name) == "2\n3\n4\n"
    assert [int(line) for line in seq("next", "-n", 100_000, name).splitlines()] == list(range(5, 100_005))


def test_properties(seq, name):
    args = ("--mode", "gapless", "--start", -10, "--increment", 7, "--minimum", -20, "--maximum", 10)
    (made,) = read(seq("create", name, *args, json=True))
    wanted = {"start": "-10", "increment": "7", "minimum": "-20", "maximum": "10", "mode": "SEQUENCE_MODE_GAPLESS"}
    assert wanted.items() <= made.items()
    assert "was there already" in seq("create", name, *args)
    assert "there" in seq("create", name, status=FAILED)
    assert seq("next", "-n", 2, name) == "-10\n-3\n"
    assert seq("next", "-n", 1, "--request-id", "k", name) == seq("next", "--request-id", "k", name)
    assert "next       exhausted" in seq("peek", name)
    assert seq("next", name, status=FAILED)


def test_set_goes_forward_and_by_force_backward(seq, name):
    seq("create", name)
    assert "next       500" in seq("set", name, 500)
    assert "force" in seq("set", name, 5, status=FAILED)
    assert "next       5\n" in seq("set", "--force", name, name, 5)
    assert seq("next", name) == "5\n"
    assert "x is no value" in seq("set", name, "x", status=FAILED)


def test_a_deleted_name_stays_taken(seq, name):
    seq("create", name)
    seq("next", name)
    assert f"{name} deleted" in seq("delete", name)
    assert "deleted" in seq("next", name, status=FAILED)
    assert "deleted" in seq("create", name, status=FAILED)
    seq("create", "--revive", name)
    assert seq("next", name) == "1\n"


def test_each_of_several_has_its_turn(seq, name):
    names = [f"{name}.{letter}" for letter in "abc"]
    seq("create", names[0], names[2])
    assert names[1] in seq("next", *names, status=FAILED)
    assert [seq("next", one) for one in (names[0], names[2])] == ["2\n", "2\n"]


@pytest.fixture(scope="module")
def many(shared, types):
    """More names than a page holds, all made at once."""
    names = sorted(f"many.{i}" for i in range(1100))
    request = types["ordinal.v1.CreateSequenceRequest"]
    with grpc.insecure_channel(shared.grpc) as channel:
        create = channel.unary_unary(
            "/ordinal.v1.SequenceService/CreateSequence",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=types["ordinal.v1.CreateSequenceResponse"].FromString,
        )
        made = [create.future(request(name=name, mode=1), timeout=PATIENCE) for name in names]
        assert all(one.result().created for one in made)
    return names


def test_list_goes_over_pages(seq, many):
    assert [one["name"] for one in read(seq("list", "many.", json=True))] == many
    assert len(seq("list", "many.").splitlines()) == len(many) + 1
    assert seq("list", "none", json=True) == ""


@pytest.mark.parametrize(
    "args", [(), ("make",), ("create",), ("next",), ("list", "a", "b"), ("set", "a"), ("set", "a", "1", "2")]
)
def test_wrong_usage(seq, args):
    assert "say what to do" in seq(*args, status=USAGE)
