#!/usr/bin/python3
"""Ten thousand members of one group, each with a stream of its own, and commands to all of them: how long it takes
until all have joined, until the last one has a command, and the memory of the daemon.

    tests/ranks/many.py --members 10000

Streams go over connections of 100 each. Prints one line of JSON. The client shares the machine with the daemon.
"""
import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "e2e")]

import daemon as programs  # noqa: E402
import grpc  # noqa: E402
import processes  # noqa: E402
from crowd import Crowd  # noqa: E402

JOIN = "/ordinal.v1.RankService/Join"
AT_ONCE = 2000  # joins that are on their way at a time
PATIENCE_S = 300
COMMANDS = 20
TTL_MS = 60_000


class Short(AssertionError):
    """Not everyone got everything."""


class Many:
    """A group of members that say nothing, below one that sends."""

    def __init__(self, address, types, count, listed=0):
        self.types, self.count, self.listed = types, count, listed
        self.welcome, self.got, self.views, self.bytes, self.ended = {}, {}, 0, 0, []
        self.response = types["ordinal.v1.JoinResponse"]
        self.crowd = Crowd(address, self._message, self.ended.append)
        self.channel = grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])

    def _message(self, name, payload):
        message = self.response.FromString(payload)
        self.bytes += len(payload)
        if message.HasField("welcome"):
            self.welcome[name] = message.welcome
        elif message.HasField("view"):
            self.views += 1
        else:
            self.got.setdefault(message.command.id, {})[name] = time.monotonic()

    def ask(self, name, /, **fields):
        method = self.types.service("ordinal.v1.RankService").methods_by_name[name]
        call = self.channel.unary_unary(
            f"/ordinal.v1.RankService/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self.types[method.output_type.full_name].FromString,
        )
        return call(self.types[method.input_type.full_name](**fields), timeout=60)

    def _join(self, name):
        make = self.types["ordinal.v1.JoinRequest"]
        message = make(name=name, ttl_ms=TTL_MS, max_members=self.listed, auto_acknowledge=True)
        self.crowd.call(JOIN, message.SerializeToString(), name)

    def join(self):
        """Seconds until all are in and know it."""
        began = time.monotonic()
        self._join("top")
        self._run(lambda: len(self.welcome) == 1)
        for first in range(0, self.count, AT_ONCE):
            for i in range(first, min(first + AT_ONCE, self.count)):
                self._join(f"m{i:05}")
            wanted = 1 + min(first + AT_ONCE, self.count)
            self._run(lambda wanted=wanted: len(self.welcome) == wanted)
        return time.monotonic() - began

    def _run(self, until):
        if not self.crowd.run(until, PATIENCE_S) or self.ended:
            raise Short(f"{len(self.welcome)} are in, {len(self.ended)} streams ended")

    def settle(self):
        """Until no more views come."""
        seen = -1
        while seen != self.views:
            seen = self.views
            self.crowd.run(lambda: False, 0.5)

    def send(self, text):
        """(seconds until it was accepted, until the first and until the last had it)"""
        session = self.welcome["top"].session_id
        began = time.monotonic()
        command = self.ask("SendCommand", name="top", session_id=session, text=text).command
        accepted = time.monotonic()
        if command.receivers != self.count:
            raise Short(f"{command}: not to {self.count}")
        self._run(lambda: len(self.got.get(command.id, ())) == self.count)
        times = self.got.pop(command.id).values()
        return accepted - began, min(times) - began, max(times) - began

    def close(self):
        self.crowd.close()
        self.channel.close()


def resident_mib(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: int(value.split()[0]) / 1024 for key, _, value in (line.partition(":") for line in lines) if key in ("VmRSS", "VmHWM")}


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def median(values):
    return sorted(values)[len(values) // 2]


def measure(count, commands=COMMANDS, listed=0):
    with tempfile.TemporaryDirectory(dir=programs.BUILD) as folder:
        daemon = programs.Daemon("--node-id", "7", "--state-dir", folder + "/state")
        try:
            return of(daemon, count, commands, listed)
        finally:
            daemon.kill()


def of(daemon, count, commands, listed):
    pid = daemon.process.pid
    before = resident_mib(pid)["VmRSS"]
    many = Many(daemon.grpc, processes.types(), count, listed)
    try:
        joined, cpu = many.join(), cpu_s(pid)
        many.settle()
        views, size = many.views, many.bytes
        memory = resident_mib(pid)
        times = [many.send(f"command {i}") for i in range(commands)]
        after = resident_mib(pid)
        return {
            "members": count,
            "connections": len(many.crowd.connections),
            "join_s": round(joined, 2),
            "join_daemon_cpu_s": round(cpu, 2),
            "views": views,
            "views_mib": round(size / 2**20, 1),
            "resident_before_mib": round(before, 1),
            "resident_joined_mib": round(memory["VmRSS"], 1),
            "resident_most_mib": round(after["VmHWM"], 1),
            "kib_a_member": round((memory["VmRSS"] - before) * 1024 / count, 1),
            "command_accepted_ms": round(median([one[0] for one in times]) * 1000, 1),
            "command_first_ms": round(median([one[1] for one in times]) * 1000, 1),
            "command_last_ms": round(median([one[2] for one in times]) * 1000, 1),
            "command_last_most_ms": round(max(one[2] for one in times) * 1000, 1),
            "command_daemon_cpu_ms": round((cpu_s(pid) - cpu) * 1000 / max(commands, 1), 1),
        }
    finally:
        many.close()


def main():
    parser = argparse.ArgumentParser(description="Measures a group of many members.")
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--commands", type=int, default=COMMANDS)
    parser.add_argument("--listed", type=int, default=0, help="members that each view lists")
    options = parser.parse_args()
    print(json.dumps(measure(options.members, options.commands, options.listed)))


if __name__ == "__main__":
    main()
