"""The rooms of src/ and what each may include: only what lies below it.

Run as a program it prints every upward include; the tests call `upward` on the tree and on planted trees.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Room → rooms and single headers that its files may include. `gen` is generated code.
FLOORS = {
    "base": set(),
    "gather": set(),
    "workers": set(),
    "core": {"base"},
    "wire": {"core", "base", "gen"},
    "conf": {"base"},
    "store": {"core", "base"},
    "sequence": {"core", "base"},
    "rank": {"core", "base"},
    "callback": {"base", "rank/callback.h"},
    "api": {"rank", "sequence", "store", "conf", "wire", "core", "base", "gen"},
    "grpc": {"gather", "api", "wire", "base", "gen"},
    "http": {"gather", "workers", "api", "wire", "base", "gen"},
    "bench": {"wire", "core", "base", "gen"},
    "client": {"wire", "base", "gen"},
    "cli": {"bench", "conf", "wire", "base", "gen", "api/methods.h"},
    "daemon": {"grpc", "http", "api", "callback", "rank", "sequence", "store", "conf", "wire", "core", "base"},
}

# Libraries' headers → the rooms that may include them.
LIBRARIES = {
    r"grpc/": {"grpc", "client", "cli"},
    r"civetweb\.h": {"http", "cli"},
    r"curl/": {"cli", "callback"},
    r"nghttp2/|http_parser\.h": {"bench"},
    r"yaml\.h": {"conf"},
    r"jansson\.h": {"wire", "bench", "cli"},
    r"lmdb\.h": {"store"},
    r"pb(_\w+)?\.h": {"wire", "grpc"},
    # core is pure: no threads, files, sockets or clocks of its own
    r"(pthread|threads|unistd|fcntl|poll|time|signal|dirent)\.h|sys/|netinet/|arpa/": set(FLOORS) - {"core"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def room_of(header, gen):
    return "gen" if (gen / header).exists() else header.split("/")[0]


def fault(room, quote, header, gen):
    """What is wrong with one include, or None."""
    if quote == "<":
        for pattern, rooms in LIBRARIES.items():
            if re.match(pattern, header) and room not in rooms:
                return f"{room}/ may not include <{header}>"
        return None
    target = room_of(header, gen)
    if "/" not in header:
        return f'"{header}" has to be named with its room'
    if target != "gen" and target not in FLOORS:
        return f'"{header}" is in no room'
    if target != room and target not in FLOORS[room] and header not in FLOORS[room]:
        return f'{room}/ may not include "{header}"'
    return None


def upward(root):
    """The faults of a tree, as "file:line: what"."""
    for path in sorted((root / "src").rglob("*.[ch]")):
        room = path.relative_to(root / "src").parts[0]
        text = path.read_text()
        if room not in FLOORS:
            yield f"{path.relative_to(root)}:1: {room}/ is no room of the house"
            continue
        for found in INCLUDE.finditer(text):
            told = fault(room, found.group(1), found.group(2), root / "gen")
            if told:
                yield f"{path.relative_to(root)}:{text.count(chr(10), 0, found.start(2)) + 1}: {told}"


if __name__ == "__main__":
    faults = list(upward(ROOT))
    print("\n".join(faults))
    sys.exit(1 if faults else 0)
