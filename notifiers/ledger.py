"""What the receipts of one partition say about each order to send: free, held by a claim, done or ended.

A fold in log order, so every notifier that reads the same receipts comes to the same answer. A claim on an
order that is not free at that place of the log is void for ever; so of two claims the first one holds.

An hour or two of receipts is kept in memory, so what is kept of each is small: the receipt of an outcome is packed.
"""

import zlib
from dataclasses import dataclass
from typing import NamedTuple

from schemas.notification import Receipt
from schemas.vocabulary import Delivery, ReceiptKind

_REACHED = frozenset({Delivery.SENT, Delivery.DELIVERED, Delivery.READ})


class Order(NamedTuple):
    """One attempt at one notification, as the dispatcher ordered it."""

    notification_id: str
    attempt: int


@dataclass(frozen=True)
class Free:
    """Nobody holds it, nothing came of it yet."""


@dataclass(frozen=True, slots=True)
class Held:
    """A claim holds it. ``at_ms`` is when Kafka appended the claim; ``provider`` is whom the text may have gone to
    under it, None where the claim does not say."""

    claim_id: str
    at_ms: int
    provider: str | None = None


@dataclass(frozen=True)
class Done:
    """The attempt has an outcome: its last receipt, appended at ``at_ms``."""

    receipt: Receipt
    at_ms: int


@dataclass(frozen=True)
class Ended:
    """The notification was ended without sending, or a later attempt has taken its place."""


Standing = Free | Held | Done | Ended


class _Outcome(NamedTuple):
    """The last receipt of an attempt, packed, when it was appended, and what the provider calls the message."""

    packed: bytes
    at_ms: int
    provider_ref: str | None


@dataclass(slots=True)
class _Thread:
    """All that is known of one notification. ``ended`` is the highest attempt that was ended.

    ``holders`` and ``outcomes`` are pairs of an attempt and what is known of it: nearly always none, or one.
    """

    holders: tuple[tuple[int, Held], ...] = ()
    outcomes: tuple[tuple[int, _Outcome], ...] = ()
    ended: int = 0
    newest: int = 0
    first_claim_ms: int | None = None
    touched_ms: int = 0

    def holder(self, attempt: int | None) -> Held | None:
        """The claim that holds ``attempt``, if one does."""
        return next((held for number, held in self.holders if number == attempt), None)

    def release(self, attempt: int) -> None:
        """Nobody holds ``attempt`` any more."""
        self.holders = tuple(pair for pair in self.holders if pair[0] != attempt)

    def outcome(self, attempt: int) -> _Outcome | None:
        """What came of ``attempt``, if anything did."""
        return next((outcome for number, outcome in self.outcomes if number == attempt), None)


_EVERY_ATTEMPT = 1_000_000


class Ledger:
    """The standing of every order whose receipts were folded."""

    def __init__(self) -> None:
        self._threads: dict[str, _Thread] = {}
        self._packer = _Packer()

    def standing(self, order: Order) -> Standing:
        """How ``order`` stands after the receipts folded so far."""
        thread = self._threads.get(order.notification_id)
        if thread is None:
            return Free()
        outcome = thread.outcome(order.attempt)
        if outcome is not None:
            return Done(self._packer.unpacked(outcome.packed), outcome.at_ms)
        holder = thread.holder(order.attempt)
        if holder is not None:
            return holder
        if order.attempt <= thread.ended or order.attempt < thread.newest:
            return Ended()
        return Free()

    def first_claim_ms(self, notification_id: str) -> int | None:
        """When the notification was first claimed, on any attempt: nothing was sent before that."""
        thread = self._threads.get(notification_id)
        return thread.first_claim_ms if thread else None

    def refs(self) -> frozenset[str]:
        """What providers call the messages that have their outcome: none of them is the one looked for."""
        return frozenset(
            outcome.provider_ref
            for thread in self._threads.values()
            for _, outcome in thread.outcomes
            if outcome.provider_ref is not None
        )

    def left_unknown_by(self, notification_id: str) -> frozenset[str]:
        """The providers that left an attempt at the notification unknown: a repeat goes by another if it can."""
        thread = self._threads.get(notification_id)
        receipts = [self._packer.unpacked(outcome.packed) for _, outcome in thread.outcomes] if thread else []
        return frozenset(r.provider for r in receipts if r.provider and r.delivery is Delivery.UNKNOWN)

    def fold(self, receipt: Receipt, at_ms: int) -> None:
        """Apply the next receipt of the log. Receipts of replayed records say nothing about real ones."""
        if receipt.notification_id is None or receipt.replayid is not None:
            return
        thread = self._threads.setdefault(receipt.notification_id, _Thread())
        thread.touched_ms = at_ms
        match receipt.kind:
            case ReceiptKind.CLAIM:
                self._claim(thread, receipt, at_ms)
            case ReceiptKind.RELEASE:
                if receipt.attempt is not None and self._holds(thread, receipt):
                    thread.release(receipt.attempt)
            case ReceiptKind.OUTCOME:
                self._outcome(thread, receipt, at_ms)
            case ReceiptKind.END:
                thread.ended = max(thread.ended, receipt.attempt or _EVERY_ATTEMPT)
                if receipt.attempt is not None and self._holds(thread, receipt):
                    thread.release(receipt.attempt)

    def forget_before(self, at_ms: int) -> None:
        """Drop notifications whose last receipt is older than ``at_ms``."""
        self._threads = {key: thread for key, thread in self._threads.items() if thread.touched_ms >= at_ms}

    def _claim(self, thread: _Thread, receipt: Receipt, at_ms: int) -> None:
        if receipt.attempt is None or receipt.claim_id is None or receipt.notification_id is None:
            return
        if isinstance(self.standing(Order(receipt.notification_id, receipt.attempt)), Free):
            thread.holders = (*thread.holders, (receipt.attempt, Held(receipt.claim_id, at_ms, receipt.provider)))
            thread.newest = max(thread.newest, receipt.attempt)
            if thread.first_claim_ms is None:
                thread.first_claim_ms = at_ms

    def _outcome(self, thread: _Thread, receipt: Receipt, at_ms: int) -> None:
        attempt = receipt.attempt
        if attempt is None:
            return
        # A notifier that lost its claim meanwhile may still report that it sent, but not that it failed.
        late = receipt.claim_id is not None and thread.holder(attempt) is not None and not self._holds(thread, receipt)
        if late and receipt.delivery not in _REACHED:
            return
        outcome = _Outcome(self._packer.packed(receipt), at_ms, receipt.provider_ref)
        thread.outcomes = (*(pair for pair in thread.outcomes if pair[0] != attempt), (attempt, outcome))
        thread.release(attempt)

    @staticmethod
    def _holds(thread: _Thread, receipt: Receipt) -> bool:
        holder = thread.holder(receipt.attempt)
        return holder is not None and holder.claim_id == receipt.claim_id


class _Packer:
    """Packs receipts with the first one as the dictionary, which all of them resemble: to a third of their size."""

    def __init__(self) -> None:
        self._dictionary = b""

    def packed(self, receipt: Receipt) -> bytes:
        """``receipt`` as few bytes."""
        body = receipt.model_dump_json(exclude_none=True).encode()
        self._dictionary = self._dictionary or body
        packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=self._dictionary)
        return packer.compress(body) + packer.flush()

    def unpacked(self, packed: bytes) -> Receipt:
        """The receipt again."""
        body = zlib.decompressobj(-zlib.MAX_WBITS, zdict=self._dictionary).decompress(packed)
        return Receipt.model_validate_json(body)
