"""Whether everything has come to rest after a round: asked of the topics, with the product's audit beside it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from console.audit import GRACE, Books, balance
from console.logs.live import read_log
from runtime.settings import Settings
from schemas.incident import IncidentState
from schemas.notification import Receipt
from schemas.topics import CONTROL, DECISIONS, EVENTS, INCIDENTS, NOTIFY, RECEIPTS, REJECTED
from schemas.vocabulary import Delivery, ReceiptKind

_LOOK_BACK = timedelta(minutes=45)
"""What goes on in a round may have begun so long before: a ladder that nobody answered climbs on, and a notifier whose
offsets were not committed says again what became of an order."""

_UNDER_WAY = {Delivery.PENDING, Delivery.CLAIMED, Delivery.FAILED_TEMP}


@dataclass(frozen=True)
class Foreign:
    """What was written on purpose past every door: ids that no door gave out, and records nobody can read.

    ``places`` are topic, partition and offset of records on topics that no process of the system reads.
    """

    ids: frozenset[str] = frozenset()
    places: frozenset[tuple[str, int, int]] = frozenset()

    def __or__(self, other: "Foreign") -> "Foreign":
        return Foreign(self.ids | other.ids, self.places | other.places)


async def unsettled(settings: Settings, since: datetime, foreign: Foreign) -> list[str]:
    """A line for everything begun at ``since`` or later that has no end yet.

    No time of grace is given: whoever asks, asks again until nothing is left or the patience is over.
    """
    if not await _without_end(settings, since, since, foreign):
        return []
    return await _without_end(settings, since, since - _LOOK_BACK, foreign)


async def _without_end(settings: Settings, since: datetime, read_from: datetime, foreign: Foreign) -> list[str]:
    topics = (EVENTS, REJECTED, DECISIONS, *NOTIFY.values(), RECEIPTS, INCIDENTS, CONTROL)
    books, states, receipts = Books(), dict[str, IncidentState](), list[Receipt]()
    for one in await read_log(settings, topics, since=read_from):
        if one.topic == INCIDENTS.name:
            if isinstance(one.record, IncidentState):
                states[one.record.incident_id] = one.record
            continue
        if (one.topic, one.partition, one.offset) in foreign.places:
            continue
        books.add(one)
        if isinstance(one.record, Receipt):
            receipts.append(one.record)
    now = datetime.now(UTC)
    lines = [f"audit: {hole.what} ({hole.where})" for hole in balance(books, since, now, now + GRACE)]
    lines += [f"open claim: {line}" for line in _open_claims(receipts)]
    lines += [line for state in states.values() for line in _unfinished(state)]
    return [line for line in lines if not any(known in line for known in foreign.ids)]


def _open_claims(receipts: Collection[Receipt]) -> list[str]:
    """Claims on attempts of which nothing has been heard since."""
    ended = {
        (receipt.notification_id, receipt.attempt)
        for receipt in receipts
        if receipt.kind in (ReceiptKind.OUTCOME, ReceiptKind.END)
    }
    released = {receipt.claim_id for receipt in receipts if receipt.kind is ReceiptKind.RELEASE}
    whole = {notification for notification, attempt in ended if attempt is None}
    return [
        f"{receipt.notification_id} attempt {receipt.attempt}, claimed by {receipt.incarnation}"
        for receipt in receipts
        if receipt.kind is ReceiptKind.CLAIM
        and (receipt.notification_id, receipt.attempt) not in ended
        and receipt.notification_id not in whole
        and receipt.claim_id not in released
    ]


def _unfinished(state: IncidentState) -> list[str]:
    """What the dispatcher's own newest snapshot of an incident says is still under way."""
    lines = [f"incident {state.incident_id} is set aside: {state.quarantined}"] if state.quarantined else []
    return lines + [
        f"incident {state.incident_id}: {slot.channel} to {slot.contact_id} is {slot.delivery.value} "
        f"since {slot.since:%H:%M:%S}"
        for slot in state.slots
        if slot.delivery in _UNDER_WAY or slot.next_attempt_at is not None or slot.waiting is not None
    ]
