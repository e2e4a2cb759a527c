"""The memberships of a group, epoch by epoch, put together from all that anyone saw of them."""
from bisect import bisect_left
from itertools import groupby

from records import EVICTED, EXPIRED, JOINED, LEFT, Change, Joined, Left, Seat, Sent, View
from violations import Disordered, Forked, Returned, Stale

CHANGES_TOLD = 100  # a view tells at most so many


def check_view(view):
    """A view by itself: sessions rise with rank, ranks are dense, nobody is in twice, the reader is where it is."""
    ranks = [seat.rank for seat in view.seats]
    sessions = [seat.session for seat in view.seats]
    names = [seat.name for seat in view.seats]
    if ranks != list(range(1, len(ranks) + 1)):
        raise Disordered(f"{view.reader}: the ranks of epoch {view.epoch} are {ranks}")
    if any(a >= b for a, b in zip(sessions, sessions[1:])):
        raise Disordered(f"{view.reader}: sessions do not rise with rank in epoch {view.epoch}: {view.seats}")
    if len(set(names)) != len(names):
        raise Disordered(f"{view.reader}: a name has two ranks in epoch {view.epoch}: {names}")
    if len(view.seats) > view.size or not 0 <= view.rank <= view.size:
        raise Disordered(f"{view.reader}: {len(view.seats)} seats and rank {view.rank} of {view.size}")


def apply(seats, change):
    """The membership after a change."""
    if change.kind == JOINED:
        if change.rank != len(seats) + 1 or (seats and seats[-1].session >= change.session):
            raise Forked(f"{change} does not append to {seats}")
        return (*seats, Seat(change.name, change.session, change.rank))
    if not 0 < change.rank <= len(seats) or seats[change.rank - 1][:2] != (change.name, change.session):
        raise Forked(f"{change} takes out one who was not there: {seats}")
    return rank(seats[: change.rank - 1] + seats[change.rank :])


def undo(seats, change):
    """The membership before a change."""
    if change.kind == JOINED:
        if not seats or seats[-1] != (change.name, change.session, change.rank):
            raise Forked(f"{change} is not the last of {seats}")
        return seats[:-1]
    if not 0 < change.rank <= len(seats) + 1:
        raise Forked(f"{change} had no place in {seats}")
    at = change.rank - 1
    return rank((*seats[:at], Seat(change.name, change.session, 0), *seats[at:]))


def rank(seats):
    return tuple(Seat(seat.name, seat.session, i + 1) for i, seat in enumerate(seats))


class Ladder:
    """`seats[epoch]` is the membership of an epoch as far as it can be known, `changes[epoch]` what began it."""

    def __init__(self, records):
        self.seats, self.changes, self.sizes = {0: ()}, {}, {0: 0}
        self._prefixes = {}
        self.views = [record for record in records if isinstance(record, View)]
        for view in self.views:
            check_view(view)
            self._add(view)
        for left in records:
            if isinstance(left, Left) and not left.error:
                self._check_leave(left)
        self._fill()
        self._check_prefixes()
        self._check_sessions()
        self._check_readers()
        self._know(records)
        self._check_fresh(records)

    def _add(self, view):
        size = self.sizes.setdefault(view.epoch, view.size)
        if size != view.size:
            raise Forked(f"{view.reader}: epoch {view.epoch} has {view.size} members, for others {size}")
        known = self._prefixes.get(view.epoch, ())
        if any(a != b for a, b in zip(known, view.seats)):
            raise Forked(f"{view.reader}: epoch {view.epoch} is {view.seats}, for others {known}")
        self._prefixes[view.epoch] = max(known, view.seats, key=len)
        if len(view.seats) == view.size:
            self.seats[view.epoch] = view.seats
        for change in view.changes:
            if self.changes.setdefault(change.epoch, change) != change:
                raise Forked(f"{view.reader}: {change}, for others {self.changes[change.epoch]}")

    def _check_leave(self, left):
        change = self.changes.get(left.epoch)
        if change and (change.kind, change.name) != (LEFT, left.name):
            raise Forked(f"{left.name} left with epoch {left.epoch}, which is {change}")
        if change and left.session and change.session != left.session:
            raise Forked(f"{left.name} left as {left.session}, and {change}")

    def _fill(self):
        """Goes from what is known to what follows from it by the changes, both ways."""
        for epoch in sorted(self.changes):
            self._step(epoch - 1, epoch, apply)
        for epoch in sorted(self.changes, reverse=True):
            self._step(epoch, epoch - 1, undo)
        for epoch in sorted(self.seats):
            if epoch - 1 in self.seats and epoch not in self.changes:
                self.changes[epoch] = difference(self.seats[epoch - 1], self.seats[epoch], epoch)

    def _step(self, source, target, how):
        if source not in self.seats:
            return
        seats = how(self.seats[source], self.changes[max(source, target)])
        if self.seats.setdefault(target, seats) != seats:
            raise Forked(f"epoch {target} is {self.seats[target]}, but by the changes {seats}")

    def _check_prefixes(self):
        for epoch, prefix in self._prefixes.items():
            seats = self.seats.get(epoch)
            if seats is not None and (seats[: len(prefix)] != prefix or len(seats) != self.sizes[epoch]):
                raise Forked(f"epoch {epoch} was seen as {prefix} of {self.sizes[epoch]}, but by the changes {seats}")
        for view in self.views:
            seats = self.seats.get(view.epoch)
            if view.rank and view.session and seats and seats[view.rank - 1].session != view.session:
                raise Disordered(f"{view.reader}: rank {view.rank} in epoch {view.epoch} is {seats[view.rank - 1]}")

    def _check_sessions(self):
        """Each session is in for one span of epochs."""
        self.born, self.died, self.names = {}, {}, {}
        present = set()
        for epoch in sorted(self.seats):
            now = {seat.session for seat in self.seats[epoch]}
            for session in now - present:
                if session in self.born:
                    raise Returned(f"session {session} is in again in epoch {epoch}")
                self.born[session] = epoch
            for session in present - now:
                self.died[session] = epoch
            self.names.update((seat.session, seat.name) for seat in self.seats[epoch])
            present = now

    def _check_readers(self):
        """The epochs of a stream rise, and its views tell of each change in between."""
        views = sorted((view for view in self.views if view.steady), key=lambda view: view.reader)
        for reader, own in groupby(views, key=lambda view: view.reader):
            last = None
            for view in own:
                if last is not None and view.epoch <= last:
                    raise Stale(f"{reader}: epoch {view.epoch} after {last}")
                told = [change.epoch for change in view.changes]
                if last is not None and told != list(range(max(last, view.epoch - CHANGES_TOLD) + 1, view.epoch + 1)):
                    raise Forked(f"{reader}: from epoch {last} to {view.epoch} it was told of {told}")
                last = view.epoch

    def _know(self, records):
        """When each epoch was first known to anyone: steps of (time, highest epoch)."""
        told = sorted((record.at, epoch_of(record)) for record in records if epoch_of(record))
        self._times, self._highest = [], []
        for at, epoch in told:
            if not self._highest or epoch > self._highest[-1]:
                self._times.append(at)
                self._highest.append(epoch)

    def known_at(self, at):
        """The highest epoch that anyone knew before a time."""
        i = bisect_left(self._times, at)
        return self._highest[i - 1] if i else 0

    def known_since(self, epoch):
        """When someone knew of an epoch, or a later one, for the first time; None: nobody ever."""
        i = bisect_left(self._highest, epoch)
        return self._times[i] if i < len(self._times) else None

    def _check_fresh(self, records):
        """Whoever asks sees what anyone knew before, over restarts as well."""
        for record in records:
            epoch = epoch_of(record)
            first = not isinstance(record, View) or record.first
            if epoch and first and not getattr(record, "repeat", False) and epoch < self.known_at(record.began):
                raise Stale(f"epoch {self.known_at(record.began)} was known before this began: {record}")

    @property
    def last(self):
        """The last epoch of which more is known than its number."""
        return max(self.seats)

    def was_in_after(self, session, at):
        """Whether someone who asked after that time was told that a session was in."""
        return any(
            view.first and view.began > at and any(seat.session == session for seat in view.seats) for view in self.views
        )

    def around(self, epoch):
        """The nearest memberships before and after an epoch; empty ones where there is none."""
        known = sorted(self.seats)
        i = bisect_left(known, epoch)
        return self.seats[known[i - 1]], self.seats[known[i]] if i < len(known) else ()

    @property
    def unknown(self):
        """How many epochs between those that are known are not."""
        known = sorted(self.seats)[1:] or [0]
        return known[-1] + 1 - known[0] - len(known)

    def is_in(self, session, epoch):
        """None: not known."""
        seats = self.seats.get(epoch)
        return None if seats is None else any(seat.session == session for seat in seats)


def epoch_of(record):
    """The epoch that a record tells of, where its call saw the group as it is; else 0."""
    if isinstance(record, View):
        return record.epoch
    if isinstance(record, Left) and not record.error:
        return record.epoch
    if isinstance(record, Sent) and record.command:
        return record.command.epoch
    return 0


def difference(before, after, epoch):
    """The one change between two memberships."""
    gone = [seat for seat in before if seat.session not in {one.session for one in after}]
    come = [seat for seat in after if seat.session not in {one.session for one in before}]
    if len(gone) + len(come) != 1:
        raise Forked(f"epoch {epoch} is more than one change: {gone} went, {come} came")
    kind, seat = ("gone", gone[0]) if gone else (JOINED, come[0])
    return Change(epoch, kind, *seat)


def deaths(ladder):
    """Changes that ended a session, by session."""
    return {change.session: change for change in ladder.changes.values() if change.kind in (LEFT, EXPIRED, EVICTED)}


def joins(records):
    return [record for record in records if isinstance(record, Joined)]
