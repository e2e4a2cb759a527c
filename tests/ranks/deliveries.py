"""Commands against the memberships: who had to get which, and who got what."""
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from itertools import groupby

from ladder import joins
from records import (
    ACKNOWLEDGED,
    GIVEN_UP,
    LOST,
    STATES,
    Acked,
    Asked,
    Fetched,
    Got,
    Looked,
    Observed,
    Seat,
    Sent,
    Served,
    Settled,
    Tried,
)
from violations import Doubled, Misdelivered, Misstated, Repeated, Skipped, Stale, Stranger

# An acknowledgement need not be on disk when it is answered: a crash so soon after may undo it.
FORGOTTEN_NS = 3_000_000_000


class Deliveries:
    """`expected[session]` are the IDs of the commands that it ranked below, as of each one's epoch."""

    def __init__(self, records, ladder):
        self.records, self.ladder = records, ladder
        self.kills = [record.at for record in records if isinstance(record, Served) and record.what == "killed"]
        self.commands = commands(records)
        self.expected, self.receivers, self.unknown = defaultdict(list), {}, set()
        self.acked = acknowledgements(records)
        self._waived = defaultdict(list)  # when, by name
        for record in records:
            if isinstance(record, Asked) and record.auto:
                self._waived[record.name].append(record.at)
        self._check_requests()
        for command in sorted(self.commands.values()):
            self._place(command)
        self._check_readers()
        self._check_settled()
        self._check_observers()
        self._check_looks()

    def _place(self, command):
        """A command's sender is the member of its rank; its receivers are all below."""
        seats = self.ladder.seats.get(command.epoch)
        if seats is None:
            self._place_between(command)
            return
        if not 0 < command.sender_rank <= len(seats) or seats[command.sender_rank - 1].name != command.sender:
            raise Stranger(f"{command}: its sender has no such rank in {seats}")
        if not {0, seats[command.sender_rank - 1].session} & self.senders[command.text]:
            raise Stranger(f"{command}: it was sent by the sessions {self.senders[command.text]}, not by {seats}")
        self._give(command, seats[command.sender_rank :])

    def _give(self, command, below):
        if command.receivers != len(below):
            raise Misdelivered(f"{command}: its receivers are {below}")
        self.receivers[command.id] = below
        for seat in below:
            self.expected[seat.session].append(command.id)

    def _place_between(self, command):
        """Nobody saw its epoch: the server tells its receivers, who have to fit the epochs before and after."""
        looks = [one for one in self.records if isinstance(one, Looked) and one.command.id == command.id]
        before, after = self.ladder.around(command.epoch)
        stayed = {seat.session for seat in before} & {seat.session for seat in after}
        senders = [seat.session for seat in before if seat.name == command.sender and seat.session in stayed]
        if not looks or not senders:
            self.unknown.add(command.id)
            return
        told = {one.session: Seat(one.name, one.session, 0) for one in looks[0].deliveries}
        missing = {session for session in stayed if session > senders[0]} - set(told)
        old = {session for session in told if session <= before[-1].session} - {seat.session for seat in before}
        if missing or old or any(session <= senders[0] for session in told):
            raise Misdelivered(f"{looks[0]}: between {before} and {after}")
        self._give(command, tuple(told.values()))

    def _check_requests(self):
        """One text is one command, whoever tried how often; who is told that another call sent it was not alone."""
        tried, sent = defaultdict(list), defaultdict(list)
        for record in self.records:
            if isinstance(record, Tried):
                tried[record.text].append(record)
            elif isinstance(record, Sent) and record.command:
                sent[record.text].append(record)
        self.senders = {text: {one.session for one in own} for text, own in tried.items()}
        ids = defaultdict(set)
        for command in self.commands.values():
            ids[command.text].add(command.id)
            if command.text not in tried:
                raise Stranger(f"nobody sent {command}")
        for text, own in sent.items():
            if len(ids[text]) > 1:
                raise Doubled(f"{text!r} became the commands {sorted(ids[text])}")
            if sum(not one.repeat for one in own) > 1:
                raise Doubled(f"{text!r} was accepted anew more than once")
            if len(tried[text]) == 1 and own[0].repeat:
                raise Doubled(f"{own[0]}: no other call sent it")

    def _check_readers(self):
        """What a member gets on one stream, or by one fetch or post, goes on from what it acknowledged, without gap."""
        opened = {join.reader: join for join in joins(self.records)}
        opened |= {fetch.reader: fetch for fetch in self.records if isinstance(fetch, Fetched)}
        got = defaultdict(list)
        for record in self.records:
            if isinstance(record, Got):
                self._check_receiver(record)
                got[record.reader].append(record)
        for reader, own in got.items():
            self._check_reader(reader, own, opened.get(reader))
        for fetch in opened.values():
            if isinstance(fetch, Fetched) and fetch.count < fetch.most:
                self._check_fetched(fetch, [record.command.id for record in got[fetch.reader]])

    def _check_receiver(self, got):
        if got.command.id in self.unknown:
            return
        if got.session not in {seat.session for seat in self.receivers[got.command.id]}:
            raise Misdelivered(f"{got}: its receivers are {self.receivers[got.command.id]}")

    def _check_reader(self, reader, own, opened):
        ids = [record.command.id for record in own]
        if reader.startswith("post/"):  # each is posted until it is taken, and a crash may forget that it was
            ids = sorted(set(ids)) if self.kills else [one for one, _ in groupby(ids)]
        if any(a >= b for a, b in zip(ids, ids[1:])):
            raise Repeated(f"{reader} got {ids}")
        session = own[0].session
        expected = self.expected[session]
        first, last = bisect_left(expected, ids[0]), bisect_right(expected, ids[-1])
        known = [one for one in ids if one not in self.unknown]
        if expected[first:last] != known:
            raise Skipped(f"{reader} got {ids} of {expected[first:last]}")
        low, high = self._floors(session, opened)
        if ids[0] <= low:
            raise Repeated(f"{reader} got {ids[0]} again, and {low} was acknowledged before")
        if high is not None and expected[bisect_right(expected, high) : first]:
            raise Skipped(f"{reader} began with {ids[0]}, after {high}, of {expected}")

    def _floors(self, session, opened):
        """What is acknowledged for certain when a reader begins, and what may be (None: anything)."""
        began = opened.began if opened else None
        if began is None:  # posts: they may have begun long before
            return 0, max((one.id for one in self.acked[session]), default=0)
        low = max((one.id for one in self.acked[session] if self._lasts(one, began)), default=0)
        high = max((one.id for one in self.acked[session] if one.began < opened.at), default=0)
        return low, None if self._was_auto(session, opened) else high

    def _lasts(self, acked, began):
        soon = any(acked.began <= kill <= acked.at + FORGOTTEN_NS and kill <= began for kill in self.kills)
        return not acked.error and acked.at < began and not soon

    def _was_auto(self, session, opened):
        """Whether an earlier stream acknowledged by itself: what that had been sent is not known."""
        return any(at < opened.began for at in self._waived[self.ladder.names.get(session)])

    def _check_fetched(self, fetch, ids):
        """A fetch that was not full gave all that had been accepted before."""
        _, high = self._floors(fetch.session, fetch)
        due = [
            sent.command.id
            for sent in self.records
            if isinstance(sent, Sent) and sent.command and sent.at < fetch.began
        ]
        due = {one for one in due if high is not None and one > high} & set(self.expected[fetch.session])
        if due - set(ids):
            raise Skipped(f"{fetch.reader} gave {ids}, and not {sorted(due - set(ids))}")

    def _check_settled(self):
        """Who is in at the end has got everything."""
        got = defaultdict(set)
        for record in self.records:
            if isinstance(record, Got):
                got[record.session].add(record.command.id)
        for settled in self.records:
            if isinstance(settled, Settled):
                for session in settled.sessions:
                    self._check_complete(session, got[session])

    def _check_complete(self, session, got):
        name = self.ladder.names.get(session)
        waived = [join for join in joins(self.records) if join.auto and join.name == name]
        streams = [join for join in joins(self.records) if join.session == session]
        if len(self._waived[name]) > len(waived) or (len(streams) > 1 and any(join.auto for join in streams)):
            return  # what was on its way when a stream broke is lost, as it was agreed
        missing = [one for one in self.expected[session] if one not in got]
        if missing:
            raise Skipped(f"{name} ({session}) never got {missing} of {self.expected[session]}")

    def _check_observers(self):
        """An observer sees commands in order, and all between its first and its last."""
        seen = defaultdict(list)
        for record in self.records:
            if isinstance(record, Observed):
                seen[record.reader].append(record)
        everything = sorted(self.commands)
        for reader, own in seen.items():
            events = [record.event for record in own]
            if any(a >= b for a, b in zip(events, events[1:])):
                raise Stale(f"{reader}: events {events}")
            ids = [record.command.id for record in own]
            if ids != everything[bisect_left(everything, ids[0]) : bisect_right(everything, ids[-1])]:
                raise Skipped(f"{reader} saw {ids} of {everything}")

    def _check_looks(self):
        for look in self.records:
            if isinstance(look, Looked) and look.command.id not in self.unknown:
                self._check_look(look)

    def _check_look(self, look):
        below = [(seat.name, seat.session) for seat in self.receivers[look.command.id]]
        told = [(delivery.name, delivery.session) for delivery in look.deliveries]
        if told != below:
            raise Misstated(f"{look.command} has deliveries to {told}, not to {below}")
        counts = Counter(delivery.state for delivery in look.deliveries)
        if look.counts != tuple(counts[state] for state in STATES):
            raise Misstated(f"{look.command}: {look.counts} of {look.deliveries}")
        for delivery in look.deliveries:
            self._check_state(look, delivery)

    def _check_state(self, look, delivery):
        id_, state = look.command.id, delivery.state
        acks = [one for one in self.acked[delivery.session] if one.id >= id_ and one.began < look.at]
        sure = any(self._lasts(one, look.began) for one in acks)
        if sure and state != ACKNOWLEDGED:
            raise Misstated(f"{delivery} of {id_}, which was acknowledged")
        if state == ACKNOWLEDGED and not acks and not self._waived[delivery.name]:
            raise Misstated(f"{delivery} of {id_}, which was not acknowledged")
        died = self.ladder.died.get(delivery.session)
        if state == GIVEN_UP and self.ladder.was_in_after(delivery.session, look.at):
            raise Misstated(f"{delivery} of {id_}, but its receiver is in")
        if died and died <= self.ladder.known_at(look.began) and state not in (ACKNOWLEDGED, GIVEN_UP):
            raise Misstated(f"{delivery} of {id_}, but its receiver was gone in epoch {died}")


def commands(records):
    """All commands by ID, each of one content for everyone."""
    found = {}
    for record in records:
        command = getattr(record, "command", None)
        if command is not None and found.setdefault(command.id, command) != command:
            raise Doubled(f"{command}, for others {found[command.id]}")
    return found


def acknowledgements(records):
    """By session, those that may have reached the server."""
    found = defaultdict(list)
    for record in records:
        if isinstance(record, Acked) and record.error in ("", LOST):
            found[record.session].append(record)
    return found


