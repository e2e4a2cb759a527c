"""Makes scenarios from seeds: what some members of a group do, and what is done to them, in a few seconds."""
import random
from dataclasses import dataclass

from members import AUTO, EACH, LAZY, NEVER

STEPS = (6, 26)
MEMBERS = (2, 6)
TTL_MS = (2000, 2000, 2000, 3000, 10000)

# What may be done to a member that is in, and how often.
DEEDS = {
    "send": 10,
    "retry": 4,
    "leave": 2,
    "kill": 2,
    "cut": 2,
    "slow": 2,
    "acknowledge": 1,
    "start": 2,  # once more, perhaps in another way
    "stop": 3,  # processes only
}
LOCAL = ("stream", "stream", "stream", "lease", "rest", "callback")
FORKED = ("stream", "stream", "lease", "rest")


@dataclass(frozen=True)
class Step:
    at_s: float
    name: str
    what: str
    args: tuple = ()
    options: tuple = ()


@dataclass(frozen=True)
class Scenario:
    seed: int
    processes: tuple  # names of members that are processes of their own
    observers: tuple
    steps: tuple


def joining(rng, forked):
    """How a member joins: (kind, policy, options)"""
    kind = rng.choice(FORKED if forked else LOCAL)
    policy = rng.choice((EACH, EACH, LAZY, NEVER))
    options = {"ttl_ms": rng.choice(TTL_MS)}
    if kind == "stream":
        options["renews"] = rng.random() < 0.6
        options["members"] = rng.choice((0, 2, 100, 100, 100))
        if rng.random() < 0.15:
            policy, options["auto"] = AUTO, True
    return ((kind, policy), tuple(options.items()))


class Maker:
    def __init__(self, seed, length_s, forks):
        self.rng = random.Random(seed)
        self.seed, self.length_s = seed, length_s
        self.names = [f"m{i}" for i in range(self.rng.randint(*MEMBERS))]
        self.forked = {name for name in self.names if forks and self.rng.random() < 0.2}
        self.steps, self.present, self.stopped_until, self.texts = [], set(), {}, 0

    def add(self, at, name, what, args=(), options=()):
        self.steps.append(Step(round(at, 3), name, what, args, options))

    def join(self, at, name):
        self.present.add(name)
        self.add(at, name, "start", *joining(self.rng, name in self.forked))

    def make(self):
        for name in self.names:
            if self.rng.random() < 0.8:
                self.join(self.rng.random() * 0.5, name)
        count = self.rng.randint(*STEPS)
        for at in sorted(0.4 + self.rng.random() * (self.length_s - 0.4) for _ in range(count)):
            self.step(at)
        observers = ("watch", "events") if self.rng.random() < 0.25 else ("watch",)
        steps = tuple(sorted(self.steps, key=lambda step: step.at_s))
        return Scenario(self.seed, tuple(sorted(self.forked)), observers, steps)

    def step(self, at):
        name = self.rng.choice(self.names)
        if name not in self.present:
            self.join(at, name)
            return
        what = self.rng.choices(list(DEEDS), DEEDS.values())[0]
        getattr(self, what, self.plainly)(at, name, what)

    def plainly(self, at, name, what):
        if what in ("leave", "kill"):
            self.present.discard(name)
        self.add(at, name, what)

    def text(self):
        self.texts += 1
        return f"{self.seed}-{self.texts}"

    def send(self, at, name, _what):
        for _ in range(self.rng.choice((1, 1, 1, 5))):
            self.add(at, name, "send", (self.text(),))

    def retry(self, at, name, _what):
        text, tries = self.text(), self.rng.randint(1, 3)
        self.add(at, name, "send", (text, f"r-{text}", tries))
        if self.rng.random() < 0.3:
            self.add(at + self.rng.random(), name, "send", (text, f"r-{text}"))

    def slow(self, at, name, what):
        self.add(at, name, what, (self.rng.random() * 2,))

    def acknowledge(self, at, name, what):
        self.add(at, name, what, (self.rng.choice((EACH, LAZY, NEVER)),))

    def start(self, at, name, _what):
        self.join(at, name)

    def stop(self, at, name, what):
        if name not in self.forked or self.stopped_until.get(name, 0) > at:
            return
        until = at + self.rng.choice((self.rng.uniform(0.2, 1.2), self.rng.uniform(2.5, 4)))
        self.stopped_until[name] = until
        self.add(at, name, what)
        self.add(until, name, "resume")


def make(seed, length_s=4.0, forks=True):
    return Maker(seed, length_s, forks).make()
