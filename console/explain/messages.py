"""What became of every text of an incident, and how long each hop took. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from console.logs.logged import Logged
from schemas.decision import Decision
from schemas.notification import Notification, Receipt, Response
from schemas.vocabulary import Delivery, ReceiptKind, ReceiptReason, Template

REACHED = frozenset({Delivery.SENT, Delivery.DELIVERED, Delivery.READ})
"""A provider took the text."""

PERHAPS = frozenset({*REACHED, Delivery.UNKNOWN})
"""The text arrived, or may have."""

FIRST_ALERTS = frozenset({Template.HELP, Template.INFORM, Template.REFER, Template.CHECK})
"""Texts that can be answered."""

HOPS = ("decided", "ordered", "claimed", "accepted", "delivered", "answered")
_RANK = {Delivery.SENT: 1, Delivery.UNKNOWN: 1, Delivery.DELIVERED: 2, Delivery.READ: 3}


@dataclass
class Message:
    """One text owed to one contact by one channel, over all attempts at it.

    ``order`` is the newest attempt, ``moments`` when each hop was first on the log (see ``HOPS``), ``delivery`` and
    ``reason`` the last word on it, ``sha256`` of the body as it was sent. ``held``: a stop switch held it back.
    ``recalled``: its order is not kept any more, and was worked out again by the rules.
    """

    order: Notification
    moments: dict[str, datetime] = field(default_factory=dict)
    delivery: Delivery = Delivery.PENDING
    reason: ReceiptReason | None = None
    detail: str | None = None
    sha256: str | None = None
    provider: str | None = None
    held: bool = False
    answer: Response | None = None
    recalled: bool = False

    @property
    def told(self) -> bool:
        """Whether it went out, as far as is known."""
        return "accepted" in self.moments or self.delivery in PERHAPS

    @property
    def hops(self) -> tuple[tuple[str, str, float], ...]:
        """Each hop that happened: from, to, and milliseconds between them."""
        known = [(name, self.moments[name]) for name in HOPS if name in self.moments]
        return tuple((a, b, (after - before).total_seconds() * 1000) for (a, before), (b, after) in pairwise(known))

    def at(self, hop: str, moment: datetime) -> None:
        """Enter a hop; of several attempts the first counts."""
        self.moments.setdefault(hop, moment)


def messages_of(records: Iterable[Logged], recalled: Iterable[Notification] = ()) -> tuple[Message, ...]:
    """Every text that was ordered, in the order in which they were. ``recalled`` are orders as the rules give them
    again: they stand in for those that the log does not have any more."""
    records = tuple(records)
    found = _recalled(records, recalled)
    decided: dict[str, datetime] = {}
    for one in records:
        match one.record:
            case Decision() as decision:
                decided.setdefault(decision.event_id, one.appended_at)
            case Notification() as order:
                _ordered(found.setdefault(order.notification_id, Message(order)), order, one.appended_at)
            case Receipt() as receipt if receipt.notification_id in found:
                _received(found[receipt.notification_id], receipt, one.appended_at)
            case Response() as response if response.problem is None and response.command is None:
                for message in _asked(found.values(), response):
                    message.at("answered", one.appended_at)
                    message.answer = response
            case _:
                pass
    for message in found.values():
        if message.order.event_id in decided:
            message.at("decided", decided[message.order.event_id])
    return tuple(found.values())


def _recalled(records: Iterable[Logged], recalled: Iterable[Notification]) -> dict[str, Message]:
    """Messages whose receipts are there and whose orders are not."""
    records = tuple(records)
    kept = {one.record.notification_id for one in records if isinstance(one.record, Notification)}
    named = {one.record.notification_id for one in records if isinstance(one.record, Receipt)}
    found: dict[str, Message] = {}
    for order in recalled:
        if order.notification_id in named - kept:
            found.setdefault(order.notification_id, Message(order, recalled=True)).order = order
    return found


def _ordered(message: Message, order: Notification, at: datetime) -> None:
    message.order = order
    message.at("ordered", at)
    if message.delivery in (Delivery.FAILED_TEMP, Delivery.UNKNOWN):
        message.delivery, message.reason = Delivery.PENDING, None


def _received(message: Message, receipt: Receipt, at: datetime) -> None:
    if receipt.kind is ReceiptKind.CLAIM:
        message.at("claimed", at)
        message.delivery = message.delivery if message.delivery in _RANK else Delivery.CLAIMED
        return
    if receipt.kind is ReceiptKind.RELEASE:
        message.held = message.held or receipt.reason is ReceiptReason.STOPPED_BY_SWITCH
        message.delivery = message.delivery if message.delivery in _RANK else Delivery.PENDING
        return
    delivery = receipt.delivery or Delivery.SUPPRESSED
    if _RANK.get(delivery, 0) < _RANK.get(message.delivery, 0) and delivery not in (
        Delivery.FAILED_PERM,
        Delivery.FAILED_TEMP,
    ):
        return  # nothing that comes late takes back that it arrived
    message.delivery, message.reason, message.detail = delivery, receipt.reason, receipt.detail
    message.provider = receipt.provider or message.provider
    if delivery in REACHED:
        message.at("accepted", at)
        message.sha256 = receipt.body_sha256 or message.sha256
    if delivery in (Delivery.DELIVERED, Delivery.READ):
        message.at("delivered", at)


def _asked(messages: Iterable[Message], response: Response) -> Iterator[Message]:
    """The alerts that an answer answers: those to the contact, or to the role that somebody entered it for."""
    for message in messages:
        order = message.order
        if order.template not in FIRST_ALERTS or "answered" in message.moments:
            continue
        same_role = order.party == response.party and response.role in (None, order.role)
        if response.contact_id == order.contact_id or (response.contact_id is None and same_role):
            yield message
