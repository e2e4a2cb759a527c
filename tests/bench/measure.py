"""What a server uses: CPU time and memory of all its processes, out of /proc."""
import contextlib
import os

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")

# Fields of /proc/PID/stat, counted behind the program's name, which may hold anything.
PARENT = 1
USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM = 11, 12, 13, 14


def parse_stat(text):
    return text.rpartition(")")[2].split()


def stats():
    """PID → fields, of all processes."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", errors="replace") as file:
                found[int(name)] = parse_stat(file.read())
    return found


def tree(root, all_stats):
    """The process and all below it."""
    members = [root] if root in all_stats else []
    for member in members:
        members += [pid for pid, fields in all_stats.items() if int(fields[PARENT]) == member]
    return members


def sum_ticks(root, all_stats):
    """Ticks of a tree; those of children that ended are with the parent that waited for them."""
    return sum(
        int(all_stats[pid][field])
        for pid in tree(root, all_stats)
        for field in (USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM)
    )


def cpu_seconds(pid):
    return sum_ticks(pid, stats()) / TICKS_A_SECOND


def resident_bytes(pid):
    total = 0
    for member in tree(pid, stats()):
        with open(f"/proc/{member}/status") as file:
            total += sum(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:"))
    return total


class Cpu:
    """`with Cpu(pid) as cpu:` leaves the CPU seconds of the block in cpu.seconds."""

    def __init__(self, pid):
        self.pid = pid
        self.seconds = 0.0

    def __enter__(self):
        self.before = cpu_seconds(self.pid)
        return self

    def __exit__(self, *_):
        self.seconds = cpu_seconds(self.pid) - self.before
