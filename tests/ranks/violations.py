"""The ways in which a history can show that a promise was broken."""


class Violation(AssertionError):
    pass


class Disordered(Violation):
    """A view whose members are not in the one order, or whose ranks are not 1, 2, …, n."""


class Forked(Violation):
    """One epoch has two memberships, or an epoch does not follow from the one before."""


class Stale(Violation):
    """A reader was told of an epoch before, or below, one that was known already."""


class Returned(Violation):
    """A session that was over is in again, or one that was in was called over."""


class Stranger(Violation):
    """A command that no member sent."""


class Doubled(Violation):
    """One request made two commands, or a command has two contents."""


class Misdelivered(Violation):
    """A command came to one who did not rank below its sender then."""


class Skipped(Violation):
    """A command did not come, though it had to."""


class Repeated(Violation):
    """A command came again though it was acknowledged, or out of order."""


class Misstated(Violation):
    """What GetCommand tells of deliveries is not so."""


class Ousted(Violation):
    """A member expired in its lease, or was evicted within its bounds."""


class Lingering(Violation):
    """A member that was dead stayed in for too long, or an observer was not told."""
