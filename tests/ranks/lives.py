"""Whether members lived as long as they had to, and no longer."""
from collections import defaultdict

from ladder import deaths, joins
from records import EVICTED, EXPIRED, LEFT, Acked, Asked, Disturbed, Ended, Left, Renewed, Sent, Served, Settled, View
from violations import Lingering, Ousted, Returned

SECOND = 1_000_000_000
PINGS = 8 * SECOND  # how long a dead peer of a stream may go unnoticed
OVER = ("session-over", "not-found")


def broken_lease(ttl):
    """How long a member stays in once its stream is known to be broken."""
    return max(SECOND, ttl - PINGS)


def by_stream(join):
    """Whether an open stream is all that the member needs."""
    return join.reader and not join.renews


class Lives:
    """`slack_s` is what a busy machine may add to times that the server keeps."""

    def __init__(self, records, ladder, deliveries, queue, slack_s):
        self.records, self.ladder, self.deliveries, self.queue = records, ladder, deliveries, queue
        self.slack = slack_s * SECOND
        self.ends = deaths(ladder)
        self.joins, self.disturbed, self.renewals = defaultdict(list), defaultdict(list), defaultdict(list)
        self.ended, self.asked = defaultdict(list), defaultdict(list)
        for join in joins(records):
            self.joins[join.session].append(join)
        for record in records:
            if isinstance(record, Disturbed):
                self.disturbed[record.name].append(record)
            if isinstance(record, Asked):
                self.asked[record.name].append(record)
            if isinstance(record, Ended):
                self.ended[record.reader].append(record)
            if isinstance(record, Renewed) and not record.error:
                self.renewals[record.session].append(record)
        self.spawns = [record.at for record in records if isinstance(record, Served) and record.what == "spawned"]
        self.stops = [record.at for record in records if isinstance(record, Served) and record.what != "ready"]
        self._check_joins()
        self._check_over()
        for change in self.ends.values():
            self._check_end(change)
        self._check_lingering()
        self._check_told()

    def _check_joins(self):
        """A session is of one name, and new to one joining only: that nobody had an answer to before."""
        seen = {}
        for join in sorted((join for own in self.joins.values() for join in own), key=lambda join: join.at):
            before = seen.setdefault(join.session, join)
            if before.name != join.name:
                raise Returned(f"{join} has the session of {before}")
            if not join.rejoined and before is not join and before.at < join.began:
                raise Returned(f"{join} is told to be new, but was in: {before}")

    def _check_over(self):
        """Who was told that its session is over is in no view that was asked for later, nor in at the end."""
        told = defaultdict(list)
        for record in self.records:
            if isinstance(record, (Renewed, Sent, Acked, Left, Ended)) and record.error in OVER and record.session:
                told[record.session].append(record)
        for view in self.records:
            if isinstance(view, View) and view.first:
                for seat in view.seats:
                    early = [one for one in told[seat.session] if one.at < view.began]
                    if early:
                        raise Returned(f"{seat} is in epoch {view.epoch}, but was told before: {early[0]}")
        for settled in self.records:
            if isinstance(settled, Settled):
                for session in settled.sessions:
                    early = [one for one in told[session] if one.at < settled.at]
                    if early:
                        raise Returned(f"session {session} is in, but was told: {early[0]}")

    def _check_end(self, change):
        if change.kind == LEFT:
            asked = [one for one in self.records if isinstance(one, Left) and one.name == change.name]
            if not any(one.began <= self.ladder.known_since(change.epoch) for one in asked):
                raise Ousted(f"{change}, but it did not leave")
        if change.kind == EXPIRED:
            self._check_expiry(change)
        if change.kind == EVICTED:
            self._check_eviction(change)

    def _check_expiry(self, change):
        """Each sign of life is good for some time; it had to be over when the expiry was known."""
        known = self.ladder.known_since(change.epoch)
        for since, lease, what in self._signs(change):
            if known < since + lease:
                late = (known - since) / 1e9
                raise Ousted(f"{change} was known {late:.3f} s after {what}, which is good for {lease / 1e9} s")

    def _signs(self, change):
        """(since, how long it is good for, what it is)"""
        own = self.joins[change.session]
        if not own:
            return
        asked = [one for one in self.asked[change.name] if one.at < self.ladder.known_since(change.epoch)]
        ttl = min(one.ttl_ms for one in (*own, *asked)) * 1_000_000
        breaks = any(one.stream and not one.renews for one in asked)
        lease = SECOND if breaks else ttl  # a stream that breaks leaves that at least
        for one in self.renewals[change.session]:
            yield one.began, lease, one
        for join in own:
            if not by_stream(join):
                yield join.began, lease, join
            elif (since := self._disturbed_since(change, join)) is not None:
                yield since, SECOND, "its stream was disturbed"
        for at in self.spawns:
            if self.ladder.was_in_after(change.session, at) and all(join.at < at for join in own):
                yield at, ttl, "the start of the server"

    def _disturbed_since(self, change, join):
        """A stream keeps its member in until something happens to it. None: it did, and nobody knows when."""
        if any(one.error != "session-over" for one in self.ended[join.reader]):
            return None
        hurt = [one.at for one in self.disturbed[change.name] if one.at > join.began and one.what != "resumed"]
        hurt += [at for at in self.stops if at > join.began]
        hurt += [one.at for one in self.asked[change.name] if one.at > join.began]
        if not hurt:
            raise Ousted(f"{change}, but its stream was open: {join}")
        return min(hurt)

    def _check_eviction(self, change):
        """It had more commands than it may leave unacknowledged."""
        acked = max((one.id for one in self.deliveries.acked[change.session] if not one.error), default=0)
        waiting = [one for one in self.deliveries.expected[change.session] if one > acked]
        if len(waiting) <= self.queue:
            raise Ousted(f"{change} with {len(waiting)} unacknowledged commands, of {self.queue} that are allowed")

    def _check_lingering(self):
        """Who was dead for good was out in time, as long as the server was up."""
        end = max((record.at for record in self.records), default=0)
        for session, own in [(session, own) for session, own in self.joins.items() if own]:
            dead, most = self._death(session, own)
            if dead is None:
                continue
            known = self.ladder.known_since(self.ladder.died[session]) if session in self.ladder.died else end
            down = [at for at in self.stops if dead - most <= at <= known]
            if not down and known > dead + most + self.slack:
                raise Lingering(f"{own[-1]} was dead at {dead}, and in for {(known - dead) / 1e9:.1f} s, of {most / 1e9}")

    def _death(self, session, own):
        """When a member was disturbed for good, and within which time that is noticed; None: it was not."""
        last = max(own, key=lambda join: join.at)
        hurt = [one for one in self.disturbed[last.name] if one.at >= last.at]
        later = [join for joins_ in self.joins.values() for join in joins_ if join.name == last.name and join.at > last.at]
        if not hurt or later or hurt[-1].what == "resumed":
            return None, 0
        ttl = last.ttl_ms * 1_000_000
        return hurt[-1].at, max(ttl, PINGS + SECOND) if by_stream(last) and hurt[-1].what == "stopped" else ttl

    def _check_told(self):
        """An observer that listens is told of every epoch."""
        end = max((record.at for record in self.records), default=0)
        closed = {record.reader: record.at for record in self.records if isinstance(record, Ended)}
        views = defaultdict(list)
        for view in self.ladder.views:
            if view.steady and not view.session:
                views[view.reader].append(view)
        for reader, own in views.items():
            stops = [at for at in self.stops if at > own[0].began]
            until = min([closed.get(reader, end), *stops]) - self.slack
            due = self.ladder.known_at(until)
            if own[0].at < until and own[-1].epoch < due:
                raise Lingering(f"{reader} was not told of epoch {due}; its last is {own[-1].epoch}")
