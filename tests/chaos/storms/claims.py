"""Which sendings were under way at the kill: the only ones whose text may be repeated, marked as a repetition."""

from collections.abc import Iterable

from console.logs.live import read_log
from console.logs.logged import Logged
from runtime.settings import Settings
from schemas.notification import Receipt
from schemas.topics import RECEIPTS
from schemas.vocabulary import Channel, ReceiptKind

_STILL_S = 0.5
"""What a process had handed to the broker as it died is appended within this time."""

Sending = tuple[str, str, Channel]
"""The event's id, the contact, and the channel."""


async def open_claims(settings: Settings, at_s: float) -> frozenset[Sending]:
    """The sendings that were claimed and had no outcome at ``at_s``, seconds since the epoch."""
    return still_open(await read_log(settings, [RECEIPTS]), at_s)


def still_open(receipts: Iterable[Logged], at_s: float) -> frozenset[Sending]:
    """Those of ``receipts``, oldest first, that claim what was neither settled nor given back by ``at_s``."""
    held: dict[tuple[str | None, int | None], tuple[str | None, Sending]] = {}
    for one in receipts:
        receipt = one.record
        if not isinstance(receipt, Receipt) or one.appended_at.timestamp() > at_s + _STILL_S:
            continue
        attempt = receipt.notification_id, receipt.attempt
        if receipt.kind is ReceiptKind.CLAIM:
            assert receipt.event_id is not None
            assert receipt.contact_id is not None
            assert receipt.channel is not None
            held.setdefault(attempt, (receipt.claim_id, (receipt.event_id, receipt.contact_id, receipt.channel)))
        elif receipt.kind is not ReceiptKind.RELEASE or held.get(attempt, (None,))[0] == receipt.claim_id:
            held.pop(attempt, None)
    return frozenset(sending for _, sending in held.values())
