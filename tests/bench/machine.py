"""What a run was made on."""
import datetime
import os
import platform
import re
import subprocess
from pathlib import Path

PACKAGES = (
    "gcc libgrpc-dev libcivetweb-dev liblmdb-dev nghttp2-client wrk redis-server nginx-light postgresql-15 golang-1.19-go "
    "golang-google-grpc-dev libgrpc++-dev python3-grpcio nodejs"
).split()


def first_line(path, pattern):
    found = re.search(pattern, Path(path).read_text(errors="replace"), re.M)
    return found.group(1).strip() if found else "unknown"


def said(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def package_versions():
    listed = said("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status} ${Version}\n", *PACKAGES)
    rows = (line.split() for line in listed.splitlines())
    return {row[0]: row[2] for row in rows if len(row) == 3 and row[1] == "installed"}


def about(folder, command):
    """The machine, the day, what was run, and from which sources. `folder` is where state is kept."""
    return {
        "command": command,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "revision": said("git", "describe", "--always", "--dirty") or "unknown",
        "cpu": first_line("/proc/cpuinfo", r"^model name\s*:\s*(.*)"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(first_line("/proc/meminfo", r"^MemTotal:\s+(\d+)")) / 1e6, 1),
        "kernel": platform.release(),
        "system": first_line("/etc/os-release", r'^PRETTY_NAME="(.*)"'),
        "virtual": said("systemd-detect-virt") or "unknown",
        "file_system": said("stat", "-f", "-c", "%T", str(folder)),
        "load_before": os.getloadavg()[0],
        "packages": package_versions(),
    }
