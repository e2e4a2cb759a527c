"""Tells histories of a group that keeps every promise, step by step, for the tests of the checker."""
from records import (
    ACKNOWLEDGED,
    EXPIRED,
    GIVEN_UP,
    JOINED,
    LEFT,
    SENT,
    Acked,
    Asked,
    Change,
    Command,
    Delivery,
    Disturbed,
    Ended,
    Fetched,
    Got,
    Joined,
    Left,
    Looked,
    Observed,
    Renewed,
    Seat,
    Sent,
    Served,
    Settled,
    Tried,
    View,
)

MS = 1_000_000


class Story:
    """Members by stream (`stream=True`, the default) or by lease; an observer who sees everything."""

    def __init__(self):
        self.records, self.at, self.ids = [], 1000 * MS, 100
        self.seats, self.epoch, self.changes = (), 0, []
        self.readers = {}  # of members with a stream: the epoch seen last
        self.sessions, self.acked, self.gone, self.sent = {}, {}, set(), {}
        self.numbers = 0
        self.observer()

    def tick(self, ms=1):
        self.at += ms * MS
        return self.at

    def tell(self, record):
        self.records.append(record)
        return record

    def id(self):
        self.ids += 1
        return self.ids

    def reader(self, kind):
        self.numbers += 1
        return f"{kind}/{self.numbers}"

    def view(self, reader, began, since=None, session=0, steady=False):
        rank = next((seat.rank for seat in self.seats if seat.session == session), 0)
        changes = () if since is None else tuple(self.changes[since : self.epoch])
        first = since is None
        return self.tell(
            View(
                self.tick(),
                began,
                reader,
                self.epoch,
                len(self.seats),
                rank,
                session if rank else 0,
                self.seats,
                changes,
                (0,) * len(self.seats),
                first,
                steady,
            )
        )

    def observer(self):
        self.watch = self.reader("watch")
        self.view(self.watch, self.tick(), steady=True)
        self.watched = self.epoch

    def change(self, kind, seat):
        self.epoch += 1
        self.changes.append(Change(self.epoch, kind, *seat))
        if kind == JOINED:
            self.seats = (*self.seats, seat)
        else:
            rest = [one for one in self.seats if one.session != seat.session]
            self.seats = tuple(Seat(one.name, one.session, i + 1) for i, one in enumerate(rest))
            self.gone.add(seat.session)
            self.readers.pop(seat.name, None)

    def publish(self):
        self.view(self.watch, self.at, self.watched, steady=True)
        self.watched = self.epoch
        for name, (reader, since) in self.readers.items():
            if since < self.epoch:
                self.view(reader, self.at, since, self.sessions[name], steady=True)
                self.readers[name] = (reader, self.epoch)

    def seat(self, name):
        return next(seat for seat in self.seats if seat.name == name)

    def join(self, name, ttl_ms=2000, stream=True, renews=False, auto=False):
        began = self.tick()
        rejoined = any(seat.name == name for seat in self.seats)
        if not rejoined:
            self.sessions[name] = self.id()
            self.acked[self.sessions[name]] = 0
            self.change(JOINED, Seat(name, self.sessions[name], len(self.seats) + 1))
        session, seat = self.sessions[name], self.seat(name)
        reader = self.reader("stream") if stream else ""
        size = len(self.seats)
        self.tell(Asked(began, name, ttl_ms, stream, renews, auto))
        fields = (session, reader, rejoined, seat.rank, size, self.epoch, ttl_ms, renews, auto)
        self.tell(Joined(self.tick(), began, name, *fields))
        self.view(reader or self.reader("lease"), began, None, session, stream)
        if not rejoined:
            self.publish()
        if stream:
            self.readers[name] = (reader, self.epoch)
        return session

    def leave(self, name):
        began, seat = self.tick(), self.seat(name)
        self.change(LEFT, seat)
        self.tell(Left(self.tick(), began, name, seat.session, "", self.epoch))
        self.publish()

    def expire(self, name, kind=EXPIRED):
        self.change(kind, self.seat(name))
        self.publish()

    def renew(self, name):
        began = self.tick()
        session = self.sessions[name]
        over = session in self.gone
        self.tell(Renewed(self.tick(), began, session, "session-over" if over else "", 2000))
        if not over:
            self.view(self.reader("renew"), began, None, session)

    def hurt(self, name, what="killed"):
        self.tell(Disturbed(self.tick(), name, what))

    def end(self, name, error="lost"):
        reader, _ = self.readers.pop(name)
        self.tell(Ended(self.tick(), self.sessions[name], reader, error))

    def send(self, name, text, request="", tries=1, get=True):
        seat, below = self.seat(name), self.seats[self.seat(name).rank :]
        began = self.tick()
        command = Command(self.id(), name, seat.rank, self.epoch, len(below), "2026-01-01T00:00:00Z", text)
        self.sent[command.id] = (command, below)
        for i in range(tries):
            self.tell(Tried(began, name, seat.session, text, request))
            self.tell(Sent(self.tick(), began, name, seat.session, text, request, "", command, i > 0))
        self.tell(Observed(self.tick(), self.watch, command.id, command))
        for one in below:
            if get and one.name in self.readers:
                self.tell(Got(self.tick(), one.session, self.readers[one.name][0], command))
        return command

    def refused(self, name, text, error="session-over"):
        began = self.tick()
        self.tell(Tried(began, name, self.sessions[name], text, ""))
        self.tell(Sent(self.tick(), began, name, self.sessions[name], text, "", error))

    def again(self, name):
        """What is not acknowledged comes again, on a new stream."""
        for command, below in self.due(name):
            self.tell(Got(self.tick(), self.sessions[name], self.readers[name][0], command))

    def due(self, name):
        session = self.sessions[name]
        return [
            (command, below)
            for command, below in self.sent.values()
            if command.id > self.acked[session] and any(seat.session == session for seat in below)
        ]

    def fetch(self, name, most=100):
        began, reader, session = self.tick(), self.reader("fetch"), self.sessions[name]
        due = self.due(name)[:most]
        for command, _ in due:
            self.tell(Got(self.tick(), session, reader, command))
        self.tell(Fetched(self.tick(), began, session, reader, len(due), most))

    def post(self, name):
        """Posts what is due, one by one."""
        for command, _ in self.due(name):
            self.tell(Got(self.tick(), self.sessions[name], f"post/{name}", command))
            self.acked[self.sessions[name]] = command.id
            self.tell(Acked(self.tick(), self.at, self.sessions[name], command.id, "lost"))

    def ack(self, name, id_):
        began = self.tick()
        self.acked[self.sessions[name]] = id_
        self.tell(Acked(self.tick(), began, self.sessions[name], id_, ""))

    def look(self, id_):
        command, below = self.sent[id_]
        began, deliveries = self.tick(), []
        for seat in below:
            state = GIVEN_UP if seat.session in self.gone else SENT
            deliveries.append(
                Delivery(seat.name, seat.session, ACKNOWLEDGED if self.acked[seat.session] >= id_ else state)
            )
        states = [delivery.state for delivery in deliveries]
        counts = (0, states.count(SENT), states.count(ACKNOWLEDGED), states.count(GIVEN_UP))
        self.tell(Looked(self.tick(), began, command, counts, tuple(deliveries)))

    def list(self):
        self.view(self.reader("list"), self.tick())

    def crash(self):
        for what in ("killed", "gone", "spawned", "ready"):
            self.tell(Served(self.tick(50), what))

    def settle(self):
        self.tell(Settled(self.tick(), tuple(seat.session for seat in self.seats)))
