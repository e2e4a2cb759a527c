"""The promise: no ID twice, rising for each caller, in the order of time, whatever front end they came through."""
import multiprocessing
import time

import pytest

import rest
from history import Call, check, spans, spans_of_runs
from ids import Client

ROUNDS = 60


def record(client, calls):
    """Makes the calls one after another; each is a function that returns spans of IDs."""
    history = []
    for call in calls:
        start = time.monotonic_ns()
        given = tuple(call())
        history.append(Call(client, start, time.monotonic_ns(), given))
    return history


def unary(target, types, rounds):
    client = Client(target.grpc, types)
    for _ in range(rounds):
        yield lambda: spans([client.call("GetId").id])
    client.close()


def batches(target, types, rounds):
    client = Client(target.grpc, types)
    for i in range(rounds):
        yield lambda count=1 + i * 97 % 5000: spans_of_runs(client.call("GetIds", count=count).runs)
    client.close()


def streams(target, types, rounds):
    client = Client(target.grpc, types)
    counts = [1 + i * 31 % 3000 for i in range(rounds)]
    # The server may claim for the next reply before this one is read, so the whole stream is one call; its requests
    # leave as soon as it is opened, which is therefore part of the call.
    yield lambda: [span for reply in client.stream(counts) for span in spans_of_runs(reply.runs)]
    client.close()


def rest_ids(target, _types, rounds):
    connection = rest.connect(target)
    for i in range(rounds):
        path = f"/v1/ids?count={1 + i * 53 % 2000}"
        yield lambda path=path: spans(int(text) for text in rest.ask(connection, path).json()["ids"])
    connection.close()


def rest_id(target, _types, rounds):
    connection = rest.connect(target)
    for _ in range(rounds):
        yield lambda: spans([int(rest.ask(connection, "/v1/id").json()["id"])])
    connection.close()


KINDS = (unary, batches, streams, rest_ids, rest_id)


class Target:
    def __init__(self, running):
        self.grpc, self.http = running.grpc, running.http


def work(kind, name, target, rounds, folder, barrier, results):
    import protos

    types = protos.Types(folder)
    barrier.wait()
    results.put(record(name, KINDS[kind](target, types, rounds)))


def history_of(target, folder, each, rounds):
    """`each` processes for each kind of call, all at once; their joint history."""
    context = multiprocessing.get_context("spawn")  # grpc does not survive a fork
    workers = []
    barrier, results = context.Barrier(each * len(KINDS)), context.Queue()
    for kind in range(len(KINDS)):
        for i in range(each):
            name = f"{KINDS[kind].__name__}-{i}"
            own = folder / name
            own.mkdir()
            args = (kind, name, Target(target), rounds, own, barrier, results)
            workers.append(context.Process(target=work, args=args, daemon=True))
    for worker in workers:
        worker.start()
    calls = [call for _ in workers for call in results.get(timeout=120)]
    for worker in workers:
        worker.join()
    return calls


def test_all_ways_at_once(start, tmp_path):
    target = start("--borrow", "10s", "--node-id", "5")
    calls = history_of(target, tmp_path, 2, ROUNDS)
    assert len({call.client for call in calls}) == 2 * len(KINDS)
    assert sum(call.count for call in calls) > 100_000
    assert all(call.low >> 12 & 1023 == 5 for call in calls)
    check(calls)


@pytest.mark.long
def test_all_ways_at_once_for_long(start, tmp_path):
    calls = history_of(start("--borrow", "10s"), tmp_path, 4, ROUNDS * 20)
    check(calls)


def test_workers_share_a_node(start, client):
    """Four workers on one node ID never give one ID twice, and each says which it is."""
    workers = [start("--node-id", "9", "--worker", f"{i}/4", "--borrow", "10s") for i in range(4)]
    calls = [client(worker) for worker in workers]
    given = {}
    for _ in range(5):
        for i, one in enumerate(calls):
            for value in one.ids(5000):
                assert value not in given, f"{value} from worker {i} and {given[value]}"
                given[value] = i
    for value, worker in list(given.items())[::5000]:
        told = calls[0].call("DescribeId", id=value)
        assert (told.worker, told.workers, told.node) == (worker, 4, 9)


def test_nodes_do_not_meet(start, client):
    a, b = (client(start("--node-id", str(node))) for node in (1, 2))
    assert not set(a.ids(50_000)) & set(b.ids(50_000))


def test_a_restart_goes_on_above(start, client):
    """Stopped and started again, IDs rise on, even though the first run was ahead of the clock."""
    last = 0
    for _ in range(3):
        target = start("--node-id", "4")
        ids = client(target).ids(100)
        assert ids[0] > last
        last = ids[-1]
        target.stop()
