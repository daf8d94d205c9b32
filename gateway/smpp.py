"""What an SMPP provider delivers: replies of people, and receipts for our texts. Answered for once it is on the log.

``deliver_sm`` is answered with 0 only when the record is written with acks=all; otherwise with a status that has the
provider deliver it again.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from gateway.sent_texts import SentText, SentTexts
from gateway.smpp_parts import Assembly, Key
from runtime import metrics
from runtime.log import logger
from runtime.settings import SmppSettings
from runtime.smpp_pdu import Delivered, Status
from runtime.smpp_session import SmppSession
from runtime.smpp_text import DeliveryReport, decoded, is_report, number_of, part_of, report_of
from schemas.notification import Receipt
from schemas.vocabulary import Channel, Delivery, ReceiptKind, ReceiptReason

PROVIDER = "smpp"
FIND_WITHIN_S = 3.0
"""How long a receipt waits for the notifier's own word on its text, which is written at about the same time."""

REPEATS_S = 120.0
"""The same words from the same number so soon are the same text delivered again: the protocol has no id for it."""

MAX_REMEMBERED = 10_000
SWEEP_S = 5.0
GAP = " […] "


class NotKept(Exception):
    """What was delivered is not known to be on the log; the provider must deliver it again."""


class OnText(Protocol):
    """Takes a reply."""

    async def __call__(self, sender: str, to: str, text: str, ref: str, at: datetime) -> None:
        """Return once its record is on the log. ``ref`` is the same when it is delivered again.

        Raises:
            NotKept: it is not.
        """


class WriteReceipt(Protocol):
    """Writes a receipt."""

    async def __call__(self, receipt: Receipt, partition: int) -> None:
        """Return once ``receipt`` is on ``partition``.

        Raises:
            NotKept: that is not known.
        """


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class _Seen:
    """A text delivered before: what it is called, and since when it counts as another one."""

    ref: str
    until_s: float


class SmppDoor:
    """The receiving session."""

    def __init__(
        self,
        settings: SmppSettings,
        sent: SentTexts,
        on_text: OnText,
        write: WriteReceipt,
        *,
        now: Callable[[], datetime] = _now,
        find_within_s: float = FIND_WITHIN_S,
        assembly: Assembly | None = None,
        sweep_s: float = SWEEP_S,
    ) -> None:
        self._sent, self._on_text, self._write, self._find_within_s = sent, on_text, write, find_within_s
        self._now = now
        self._assembly, self._sweep_s = assembly or Assembly(), sweep_s
        self._incomplete: deque[tuple[str, str, str]] = deque(maxlen=MAX_REMEMBERED)
        self.session = SmppSession(settings, settings.receiver_bind, self._delivered)
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()
        self._reported: OrderedDict[tuple[str, str], None] = OrderedDict()

    @property
    def bound(self) -> bool:
        """Whether the provider can deliver to us now."""
        return self.session.bound

    async def run(self) -> None:
        """Receive until cancelled: begin when the receipts on the log have been read."""
        await self._sent.caught_up.wait()
        sweeping = asyncio.create_task(self._sweep(), name="smpp-parts")
        serving = asyncio.create_task(self.session.run(), name="smpp-door")
        try:
            done, _ = await asyncio.wait((sweeping, serving), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self.session.close()
            for task in (sweeping, serving):
                task.cancel()
            await asyncio.gather(sweeping, serving, return_exceptions=True)

    async def _delivered(self, delivered: Delivered) -> int:
        """The status to answer with."""
        kind = "report" if is_report(delivered) else "text"
        try:
            outcome = await (self._report(report_of(delivered)) if kind == "report" else self._text(delivered))
        except NotKept as fault:
            logger().warning("smpp_delivery_not_kept", kind=kind, why=str(fault)[:200])
            metrics.SMPP_DELIVERIES.labels(kind, "not_kept").inc()
            return Status.TRY_LATER
        metrics.SMPP_DELIVERIES.labels(kind, outcome).inc()
        return Status.REFUSED_FOR_GOOD if outcome == "binary" else Status.OK

    async def _text(self, delivered: Delivered) -> str:
        part, raw = part_of(delivered)
        if part is None:
            return await self._keep(delivered, raw)
        key = Key(delivered.sender, delivered.to, part.reference, part.total, delivered.coding)

        async def keep(whole: bytes) -> None:
            await self._keep(delivered, whole)

        return "kept" if await self._assembly.add(key, part, raw, keep) else "part"

    async def _keep(self, delivered: Delivered, raw: bytes) -> str:
        text = decoded(raw, delivered.coding)
        if text is None:
            logger().error("smpp_text_is_binary", coding=delivered.coding, size=len(raw))
            return "binary"
        sender = number_of(delivered.sender, delivered.sender_ton)
        await self._hand_on(sender, number_of(delivered.to, delivered.to_ton), text)
        return "kept"

    async def _hand_on(self, sender: str, to: str, text: str) -> None:
        digest = hashlib.sha256("\0".join((sender, to, text)).encode()).digest()
        now_s, now = time.monotonic(), self._now()
        seen = self._seen.get(digest)
        if seen is None or now_s > seen.until_s:
            name = hashlib.sha256(digest + now.isoformat().encode()).hexdigest()[:32]
            seen = self._seen[digest] = _Seen(name, float("inf"))
            while len(self._seen) > MAX_REMEMBERED:
                self._seen.popitem(last=False)
        await self._on_text(sender, to, text, seen.ref, now)
        seen.until_s = now_s + REPEATS_S

    async def _report(self, report: DeliveryReport) -> str:
        if report.delivered is None:
            return "under_way"
        if (report.message_id, report.state) in self._reported:
            return "repeated"
        found = await self._sent.find(report.message_id, report.reference, self._find_within_s)
        if found is None:
            logger().warning("smpp_report_on_nothing", ref=report.message_id[:64], state=report.state)
            return "unknown"
        await self._write(receipt_of(found, report, self._now()), found.partition)
        self._reported[report.message_id, report.state] = None
        while len(self._reported) > MAX_REMEMBERED:
            self._reported.popitem(last=False)
        return "kept"

    async def _sweep(self) -> None:
        """Hand on what came of texts whose last parts never did, until it is on the log."""
        while True:
            await asyncio.sleep(self._sweep_s)
            for key, parts in self._assembly.overdue():
                texts = [decoded(raw, key.coding) if raw is not None else None for raw in parts]
                whole = "".join(GAP if one is None else one for one in texts).strip()
                logger().warning("smpp_text_incomplete", parts=len(parts), missing=parts.count(None))
                metrics.SMPP_DELIVERIES.labels("text", "incomplete").inc()
                self._incomplete.append((number_of(key.sender, 0), number_of(key.to, 0), whole))
            try:
                while self._incomplete:
                    await self._hand_on(*self._incomplete[0])
                    self._incomplete.popleft()
            except NotKept as fault:
                logger().warning("smpp_delivery_not_kept", kind="text", why=str(fault)[:200])


def receipt_of(text: SentText, report: DeliveryReport, at: datetime) -> Receipt:
    """What a final report says of the attempt it is about."""
    arrived = bool(report.delivered)
    return Receipt(
        kind=ReceiptKind.OUTCOME,
        incident_id=text.incident_id,
        event_id=text.event_id,
        notification_id=text.notification_id,
        attempt=text.attempt,
        contact_id=text.contact_id,
        channel=Channel.SMS,
        delivery=Delivery.DELIVERED if arrived else Delivery.FAILED_PERM,
        reason=ReceiptReason.DELIVERED if arrived else ReceiptReason.UNDELIVERED,
        detail=None if arrived else f"the provider reports {report.state}",
        provider=PROVIDER,
        provider_ref=report.message_id[:200] or None,
        at=at,
    )
