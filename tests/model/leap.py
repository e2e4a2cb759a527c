#!/usr/bin/python3
"""The threshold leap of docs/threshold-leap.md, and the history that breaks it.

An older system keeps a sequence of r values a millisecond, persists it every l steps, and on restart leaps to the
next threshold. Its rule: restarts that are t apart are safe while t * (r / l) >= 1 ms.
"""
from dataclasses import dataclass


@dataclass
class Node:
    r: int
    l: int
    persisted: int | None = None  # all that outlives a crash
    sequence: int = 0

    def start(self):
        """The value that the run begins at: the next threshold, modulo the range."""
        if self.persisted is not None:
            self.sequence = (self.persisted + self.l) % self.r
        return self.sequence

    def issue(self):
        if self.sequence % self.l == 0:
            self.persisted = self.sequence  # durable before the value is used
        issued = self.sequence
        self.sequence = (self.sequence + 1) % self.r
        return issued


def rule_says_safe(r, l, t_ms):
    return t_ms * r / l >= 1


def history(r, l, issued_before, issued_after):
    """One millisecond: values issued, crash, restart, values issued. Returns what happened, in words and sets."""
    node = Node(r, l)
    node.start()
    before = [node.issue() for _ in range(issued_before)]
    persisted = node.persisted
    landed = node.start()
    after = [node.issue() for _ in range(issued_after)]
    return {
        "last": before[-1],
        "persisted": persisted,
        "threshold": persisted + l,
        "landed": landed,
        "twice": sorted(set(before) & set(after)),
    }


def flushes_a_second(rate, l):
    return rate / l


if __name__ == "__main__":
    R, L, T = 4096, 1024, 0.3
    print(f"r = {R}, l = {L}, t = {T} ms: t * r / l = {T * R / L} ms, safe by the rule: {rule_says_safe(R, L, T)}")
    for n in (3072, 3073):
        told = history(R, L, n, 1)
        print(
            f"{n} issued: the last has sequence {told['last']}, persisted is {told['persisted']}, "
            f"the leap goes to {told['threshold']}, which is {told['landed']}; issued twice: {told['twice'] or 'none'}"
        )
    print(f"flushes a second at 4,096,000 IDs a second: {flushes_a_second(R * 1000, L):.0f}")
