"""Claims over the log: Kafka cannot fence a telephone call, so the order of receipts decides who makes it."""

import asyncio
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer

from notifiers.ledger import Held, Ledger, Order, Standing
from notifiers.receipts_view import ReceiptsView
from runtime.log import logger
from runtime.log_clock import LogClock
from schemas.codec import encode
from schemas.notification import Notification, Receipt
from schemas.topics import RECEIPTS
from schemas.vocabulary import Delivery, ReceiptKind

WRITE_WITHIN_S = 30.0
READ_WITHIN_S = 60.0
"""An orphaned transaction can hold readers back for its time-out; longer than this something is broken."""


@dataclass(frozen=True)
class InHand:
    """A notification as it was read: its partition and when Kafka appended it, in milliseconds."""

    notification: Notification
    partition: int
    offset: int
    at_ms: int

    @property
    def order(self) -> Order:
        """What claims are made on."""
        return Order(self.notification.notification_id, self.notification.attempt)


@dataclass(frozen=True)
class Claim:
    """A claim this process wrote, and when it began to write it, on the monotonic and on the wall clock."""

    claim_id: str
    began_s: float
    began_wall_s: float

    def age_s(self) -> float:
        """Upper bound of the claim's age. The wall clock counts where the monotonic one sleeps with its machine."""
        return max(time.monotonic() - self.began_s, time.time() - self.began_wall_s)


@dataclass(frozen=True)
class Taken:
    """What came of a claim: how the order stands now, and whether that is our claim holding it."""

    claim: Claim
    standing: Standing

    @property
    def ours(self) -> bool:
        """Whether the provider may be called under this claim, as long as it is young."""
        return isinstance(self.standing, Held) and self.standing.claim_id == self.claim.claim_id


class ClaimDesk:
    """Writes claims, releases and outcomes of one process, and reads its claims back through the view.

    Many claims at once share a batch of the producer and a fetch of the view by themselves.
    """

    def __init__(self, producer: AIOKafkaProducer, view: ReceiptsView, *, source: str) -> None:
        self._producer, self._view, self._source = producer, view, source
        self.incarnation = f"{source}-{uuid.uuid4().hex[:12]}"
        self._clock = LogClock()

    def now(self) -> datetime:
        """The present in the broker's time, by its stamp on our last receipt."""
        return self._clock.now()

    def follow(self, hand: InHand) -> None:
        """Have the receipts that can matter to ``hand``: since it, or the decision it repeats, came to be."""
        decided_ms = int(hand.notification.decided_at.timestamp() * 1000)
        self._view.follow(hand.partition, min(hand.at_ms, decided_ms))

    def ledger(self, hand: InHand) -> Ledger:
        """What is known of the receipts of ``hand``'s partition, as of now."""
        return self._view.ledger(hand.partition) or Ledger()

    async def news(self, timeout_s: float) -> None:
        """Wait for more receipts, at most ``timeout_s``."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._view.wait_news()
        except TimeoutError:
            return

    async def take(self, hand: InHand, *, provider: str, release: str | None = None) -> Taken:
        """Claim ``hand``, first releasing the claim ``release`` (one's own, or a lapsed and reconciled one).

        The claim names the one ``provider`` that may be handed the text under it: after a crash it is the one to ask.

        Returns how the order stands at our claim's place in the log.

        Raises:
            ReadingStopped, KafkaError, TimeoutError: the log could not be written or read; nothing may be sent.
        """
        claim = Claim(uuid.uuid4().hex, time.monotonic(), time.time())
        bare = self.receipt(hand, ReceiptKind.CLAIM, claim_id=claim.claim_id, delivery=Delivery.CLAIMED)
        receipts = [bare.model_copy(update={"provider": provider})]
        if release is not None:
            receipts.insert(0, self.receipt(hand, ReceiptKind.RELEASE, claim_id=release))
        offset = await self.write(hand, receipts)
        async with asyncio.timeout(READ_WITHIN_S):
            ledger = await self._view.read_through(hand.partition, offset)
        return Taken(claim, ledger.standing(hand.order))

    async def write(self, hand: InHand, receipts: Sequence[Receipt]) -> int:
        """Write ``receipts`` to the partition of ``hand``, in order; returns the offset of the last.

        Raises:
            KafkaError, TimeoutError: not all of them are known to be written.
        """
        async with asyncio.timeout(WRITE_WITHIN_S):
            acks = [await self._send(hand, receipt) for receipt in receipts]
            last = [await ack for ack in acks][-1]
        self._clock.stamp(last.timestamp)
        return int(last.offset)

    async def _send(self, hand: InHand, receipt: Receipt) -> asyncio.Future[Any]:
        """Hand one receipt to the producer; the future is the broker's answer."""
        cause = hand.notification.notification_id
        encoded = encode(RECEIPTS, receipt, source=self._source, at=receipt.at, cause=cause)
        sent: asyncio.Future[Any] = await self._producer.send(
            RECEIPTS.name,
            value=encoded.value,
            key=hand.notification.incident_id.encode(),
            partition=hand.partition,
            headers=encoded.headers,
        )
        return sent

    def receipt(
        self,
        hand: InHand,
        kind: ReceiptKind,
        *,
        claim_id: str | None = None,
        delivery: Delivery | None = None,
    ) -> Receipt:
        """The bare receipt of ``hand``; what a provider said is added by whoever knows it."""
        notification = hand.notification
        return Receipt(
            kind=kind,
            incident_id=notification.incident_id,
            event_id=notification.event_id,
            notification_id=notification.notification_id,
            attempt=notification.attempt,
            contact_id=notification.contact_id,
            channel=notification.channel,
            claim_id=claim_id,
            incarnation=self.incarnation,
            delivery=delivery,
            replayid=notification.replayid,
            at=datetime.now(UTC),
        )


def log_claim_lost(hand: InHand, standing: Standing) -> None:
    """Say that somebody else has the order."""
    logger().info(
        "claim_not_ours",
        notification=hand.notification.notification_id,
        attempt=hand.notification.attempt,
        standing=type(standing).__name__.lower(),
    )
