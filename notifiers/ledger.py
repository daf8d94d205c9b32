"""What the receipts of one partition say about each order to send: free, held by a claim, done or ended.

A fold in log order, so every notifier that reads the same receipts comes to the same answer. A claim on an
order that is not free at that place of the log is void for ever; so of two claims the first one holds.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, Self

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
    """A claim holds it. ``at_ms`` is when Kafka appended the claim."""

    claim_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Done:
    """The attempt has an outcome: its last receipt, appended at ``at_ms``, as JSON, which takes far less room."""

    body: str
    provider_ref: str | None
    at_ms: int

    @classmethod
    def by(cls, receipt: Receipt, at_ms: int) -> Self:
        """What ``receipt`` says."""
        return cls(receipt.model_dump_json(exclude_none=True), receipt.provider_ref, at_ms)

    @property
    def receipt(self) -> Receipt:
        """The receipt as it was read."""
        return Receipt.model_validate_json(self.body)


@dataclass(frozen=True)
class Ended:
    """The notification was ended without sending, or a later attempt has taken its place."""


Standing = Free | Held | Done | Ended


@dataclass(slots=True)
class _Thread:
    """All that is known of one notification. ``ended`` is the highest attempt that was ended."""

    holders: dict[int, Held] = field(default_factory=dict)
    outcomes: dict[int, Done] = field(default_factory=dict)
    ended: int = 0
    newest: int = 0
    first_claim_ms: int | None = None
    touched_ms: int = 0


_EVERY_ATTEMPT = 1_000_000


class Ledger:
    """The standing of every order whose receipts were folded."""

    def __init__(self) -> None:
        self._threads: dict[str, _Thread] = {}

    def standing(self, order: Order) -> Standing:
        """How ``order`` stands after the receipts folded so far."""
        thread = self._threads.get(order.notification_id)
        if thread is None:
            return Free()
        done = thread.outcomes.get(order.attempt)
        if done is not None:
            return done
        holder = thread.holders.get(order.attempt)
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
            done.provider_ref
            for thread in self._threads.values()
            for done in thread.outcomes.values()
            if done.provider_ref is not None
        )

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
                    del thread.holders[receipt.attempt]
            case ReceiptKind.OUTCOME:
                self._outcome(thread, receipt, at_ms)
            case ReceiptKind.END:
                thread.ended = max(thread.ended, receipt.attempt or _EVERY_ATTEMPT)
                if receipt.attempt is not None and self._holds(thread, receipt):
                    del thread.holders[receipt.attempt]

    def forget_before(self, at_ms: int) -> None:
        """Drop notifications whose last receipt is older than ``at_ms``."""
        self._threads = {key: thread for key, thread in self._threads.items() if thread.touched_ms >= at_ms}

    def _claim(self, thread: _Thread, receipt: Receipt, at_ms: int) -> None:
        if receipt.attempt is None or receipt.claim_id is None or receipt.notification_id is None:
            return
        if isinstance(self.standing(Order(receipt.notification_id, receipt.attempt)), Free):
            thread.holders[receipt.attempt] = Held(receipt.claim_id, at_ms)
            thread.newest = max(thread.newest, receipt.attempt)
            if thread.first_claim_ms is None:
                thread.first_claim_ms = at_ms

    def _outcome(self, thread: _Thread, receipt: Receipt, at_ms: int) -> None:
        attempt = receipt.attempt
        if attempt is None:
            return
        # A notifier that lost its claim meanwhile may still report that it sent, but not that it failed.
        late = receipt.claim_id is not None and attempt in thread.holders and not self._holds(thread, receipt)
        if late and receipt.delivery not in _REACHED:
            return
        thread.outcomes[attempt] = Done.by(receipt, at_ms)
        # Built anew: a dict keeps the room of what was in it, and one of these stands for every text of the last while.
        thread.holders = {other: held for other, held in thread.holders.items() if other != attempt}

    @staticmethod
    def _holds(thread: _Thread, receipt: Receipt) -> bool:
        holder = thread.holders.get(receipt.attempt or 0)
        return holder is not None and holder.claim_id == receipt.claim_id
