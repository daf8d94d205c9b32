"""The providers of a simulated ladder: each text fares as the texts to that contact by that channel really fared."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from schemas.decision import Decision
from schemas.notification import Notification, Receipt
from schemas.vocabulary import Channel, Delivery, EventKind, ReceiptKind, ReceiptReason
from streams.rules.incidents.opening import alerting_routes

USUAL_DELAYS: Mapping[Channel, timedelta] = {channel: timedelta(seconds=2) for channel in Channel}
"""How long after its order a provider takes a text where the log tells of none that was taken."""

SIMULATED = "simulated"
"""Name of the provider of a text that was never really sent."""

_TAKEN = frozenset({Delivery.SENT, Delivery.DELIVERED, Delivery.READ})
_OF_NOBODY = frozenset({Delivery.SUPPRESSED})

Address = tuple[str, Channel]
"""A contact and a channel."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a provider said of one order, and how long after the order."""

    delay: timedelta
    delivery: Delivery
    reason: ReceiptReason | None
    provider: str | None


Fate = tuple[Word, ...]
"""Everything that was said of one order; nothing: no provider ever took it."""


@dataclass
class _Order:
    """One order as far as its receipts tell. ``at`` is the earliest moment known of it."""

    address: Address
    at: datetime
    receipts: list[tuple[datetime, Receipt]] = field(default_factory=list)
    ended_by_us: bool = False


@dataclass(frozen=True)
class Provider:
    """How texts fare: the n-th text to a contact by a channel as the n-th one really did, further ones as is usual."""

    fates: Mapping[Address, tuple[Fate, ...]]
    usual: Mapping[Channel, timedelta]

    def fate(self, note: Notification, number: int) -> Fate:
        """What is said of ``note``, the ``number``-th order (0 is the first) to its contact by its channel."""
        known = self.fates.get((note.contact_id, note.channel), ())
        if number < len(known):
            return known[number]
        return (Word(self.usual[note.channel], Delivery.SENT, ReceiptReason.ACCEPTED, SIMULATED),)


def provider_of(
    decisions: Iterable[tuple[datetime, Decision]],
    receipts: Iterable[tuple[datetime, Receipt]],
    usual: Mapping[Channel, timedelta],
) -> Provider:
    """The provider that the ``receipts`` of one incident tell of, each with the time at which it was appended.

    The first text to somebody whom a decision names was ordered as the decision was made; of later ones the claim is
    the first that the log is certain to keep. A text that was not sent since it was not needed any more tells nothing.
    """
    named = _named(decisions)
    orders: dict[tuple[str, int], _Order] = {}
    for at, receipt in receipts:
        if receipt.notification_id is None or receipt.contact_id is None or receipt.channel is None:
            continue
        address = receipt.contact_id, receipt.channel
        order = orders.setdefault((receipt.notification_id, receipt.attempt or 1), _Order(address, at))
        order.receipts.append((at, receipt))
    fates: dict[Address, list[Fate]] = {}
    for order in sorted(orders.values(), key=lambda one: one.at):
        known = fates.setdefault(order.address, [])
        begun = named.get(order.address, order.at) if not known else order.at
        fate = _fate(order, min(begun, order.at))
        if fate is not None:
            known.append(fate)
    return Provider({address: tuple(known) for address, known in fates.items()}, usual)


def _named(decisions: Iterable[tuple[datetime, Decision]]) -> dict[Address, datetime]:
    found: dict[Address, datetime] = {}
    for at, decision in decisions:
        if decision.kind in (EventKind.REPORT, EventKind.UPDATE):
            for route in alerting_routes(decision):
                for one in route.recipients:
                    for channel in one.channels:
                        found.setdefault((one.contact_id, channel), at)
    return found


def _fate(order: _Order, begun: datetime) -> Fate | None:
    """What was said of ``order``; None where it was not sent because nobody needed it any more."""
    words: list[Word] = []
    for at, receipt in order.receipts:
        by_notifier = receipt.kind is ReceiptKind.OUTCOME or (
            receipt.kind is ReceiptKind.END and receipt.claim_id is not None
        )
        if receipt.kind is ReceiptKind.END and receipt.claim_id is None and receipt.delivery in _OF_NOBODY:
            return tuple(words) or None
        if by_notifier and receipt.delivery is not None:
            words.append(Word(at - begun, receipt.delivery, receipt.reason, receipt.provider))
    return tuple(words)


def usual_delays(providers: Iterable[Provider]) -> dict[Channel, timedelta]:
    """The median delay of acceptance by channel; where nothing was ever accepted, ``USUAL_DELAYS``."""
    seen: dict[Channel, list[float]] = {channel: [] for channel in Channel}
    for provider in providers:
        for (_, channel), fates in provider.fates.items():
            for fate in fates:
                taken = next((word.delay for word in fate if word.delivery in _TAKEN), None)
                if taken is not None:
                    seen[channel].append(taken.total_seconds())
    return {
        channel: timedelta(seconds=median(found)) if found else USUAL_DELAYS[channel] for channel, found in seen.items()
    }
