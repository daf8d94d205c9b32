"""What became of an order, brought onto the log: its outcome, its end, or that it is given back."""

from notifiers.checks import Refusal
from notifiers.claims import ClaimDesk, InHand, log_claim_lost
from notifiers.gate import HeldBack
from notifiers.ledger import Done
from notifiers.message import Message
from notifiers.outcome import Outcome, Refused, Retry, Sent, Unknown
from runtime import metrics
from runtime.log import logger
from schemas.notification import Receipt
from schemas.vocabulary import Channel, Delivery, ReceiptKind, ReceiptReason

NO_CLAIM = "none"
"""Stands for a claim in the receipt of what was held before it was claimed: it takes nobody's claim away."""


class Reporter:
    """Writes the receipts of one channel that are no claims."""

    def __init__(self, desk: ClaimDesk, channel: Channel, only_to: str | None = None) -> None:
        """With ``only_to`` (*text only me*) every receipt of a text says that it went elsewhere."""
        self._desk, self._channel, self._only_to = desk, channel, only_to

    async def refuse(self, hand: InHand, refusal: Refusal, claim_id: str | None) -> None:
        """End ``hand`` without a call, for the reason that ``refusal`` gives."""
        bare = self._desk.receipt(hand, ReceiptKind.END, claim_id=claim_id, delivery=refusal.delivery)
        await self._finish(hand, bare.model_copy(update={"reason": refusal.reason, "detail": refusal.detail[:400]}))

    async def conclude(
        self,
        hand: InHand,
        message: Message | None,
        outcome: Outcome,
        claim_id: str,
        provider: str | None,
        **more: object,
    ) -> None:
        """Bring ``outcome`` of ``hand`` onto the log; ``more`` are fields of the receipt that say something else."""
        bare = self._desk.receipt(hand, ReceiptKind.OUTCOME, claim_id=claim_id, delivery=_DELIVERIES[type(outcome)])
        said = {
            "reason": outcome.reason,
            "detail": self._only_me(hand) if isinstance(outcome, Sent) else outcome.detail[:400],
            "provider": provider,
            "provider_ref": outcome.provider_ref if isinstance(outcome, Sent) else None,
            **_text_of(message),
            **more,
        }
        if isinstance(outcome, Sent) and message is not None and message.segments is not None:
            metrics.SEGMENTS.labels(message.encoding or "").inc(message.segments)
        await self._finish(hand, bare.model_copy(update=said))

    def _only_me(self, hand: InHand) -> str | None:
        return None if self._only_to is None else f"text only me: not sent to {hand.notification.contact_id} itself"

    async def _finish(self, hand: InHand, receipt: Receipt) -> None:
        await self._desk.write(hand, [receipt])
        delivery, reason = receipt.delivery or Delivery.SUPPRESSED, receipt.reason
        reason_text = reason.value if reason else ""
        template = hand.notification.template.value
        metrics.DELIVERIES.labels(self._channel.value, delivery.value, reason_text, template).inc()
        logger().info(
            "notification_" + delivery.value,
            notification=receipt.notification_id,
            incident=receipt.incident_id,
            attempt=receipt.attempt,
            contact=receipt.contact_id,
            reason=reason_text,
            detail=receipt.detail,
        )

    async def say_held(self, hand: InHand, held: HeldBack) -> None:
        """Leave on the log that a switch holds ``hand``, and give back the claim where one was made."""
        bare = self._desk.receipt(hand, ReceiptKind.RELEASE, claim_id=held.claim_id or NO_CLAIM)
        said = {"reason": ReceiptReason.STOPPED_BY_SWITCH, "detail": f"{held.switch.by}: {held.switch.reason}"[:400]}
        await self._desk.write(hand, [bare.model_copy(update=said)])

    async def give_back(self, hand: InHand, claim_id: str) -> None:
        """Let go of a claim under which nothing was handed over."""
        await self._desk.write(hand, [self._desk.receipt(hand, ReceiptKind.RELEASE, claim_id=claim_id)])

    async def repeat_if_needed(self, hand: InHand, done: Done) -> None:
        """Write the last receipt again where the order came after it: whoever ordered had not seen it."""
        log_claim_lost(hand, done)
        if hand.at_ms > done.at_ms:
            await self._desk.write(hand, [done.receipt])


def _text_of(message: Message | None) -> dict[str, int | str | None]:
    if message is None:
        return {}
    return {"segments": message.segments, "encoding": message.encoding, "body_sha256": message.body_sha256}


_DELIVERIES: dict[type[Outcome], Delivery] = {
    Sent: Delivery.SENT,
    Retry: Delivery.FAILED_TEMP,
    Refused: Delivery.FAILED_PERM,
    Unknown: Delivery.UNKNOWN,
}
