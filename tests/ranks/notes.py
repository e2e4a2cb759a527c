"""Makes records of the server's messages."""
import itertools
import os

from records import CHANGE_KINDS, STATES, Change, Command, Delivery, Seat, Sent, View

_numbers = itertools.count()


def reader_name(kind, name):
    """A name that no other reader has."""
    return f"{kind}/{name}/{os.getpid()}.{next(_numbers)}"


def seats(view):
    return tuple(Seat(one.name, one.session_id, one.rank) for one in view.members)


def changes(view):
    return tuple(
        Change(one.epoch, CHANGE_KINDS[one.kind - 1], one.name, one.session_id, one.rank) for one in view.changes
    )


def view(at, began, reader, view_, session=0, first=True, steady=False):
    return View(
        at,
        began,
        reader,
        view_.epoch,
        view_.size,
        view_.rank,
        session if view_.rank else 0,
        seats(view_),
        changes(view_),
        tuple(one.pending for one in view_.members),
        first,
        steady,
    )


def command(it):
    return Command(it.id, it.sender, it.sender_rank, it.epoch, it.receivers, it.time, it.text)


def deliveries(reply):
    return tuple(Delivery(one.name, one.session_id, STATES[one.state - 1]) for one in reply.deliveries)


def sent(at, began, member, text, command_, request=""):
    return Sent(at, began, member.name, member.session, text, request, "", command_)
