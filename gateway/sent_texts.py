"""Which notification a provider's name for a text belongs to: read from the receipts of every partition.

A receipt of delivery comes over whichever session the provider likes, in whichever process, and after restarts; so the
log is asked, not the sender's memory.
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from runtime.kafka import make_consumer
from runtime.settings import Settings
from schemas import ids
from schemas.codec import Undecodable, decode
from schemas.notification import Receipt
from schemas.topics import RECEIPTS
from schemas.vocabulary import Channel, Delivery, ReceiptKind

LOOK_BACK_S = 48 * 3600.0
"""How late a provider may still tell that a text arrived; what is older is not looked for."""

MAX_TEXTS = 200_000
MAX_UNCLEAR = 20_000
POLL_MS = 200


@dataclass(frozen=True)
class SentText:
    """One attempt at one notification, as its receipts have it."""

    partition: int
    incident_id: str
    event_id: str | None
    notification_id: str
    attempt: int
    contact_id: str | None


class SentTexts:
    """The texts handed to ``provider``, newest ``MAX_TEXTS``. ``run`` must be running for anything to be found."""

    def __init__(self, settings: Settings, provider: str) -> None:
        self._settings, self._provider = settings, provider
        self._by_ref: OrderedDict[str, SentText] = OrderedDict()
        self._unclear: OrderedDict[int, set[SentText]] = OrderedDict()
        self._news = asyncio.Event()
        self.caught_up = asyncio.Event()
        """Set once everything that stood on the log at the start has been read."""

    async def find(self, ref: str, reference: int | None, within_s: float) -> SentText | None:
        """The text that the provider calls ``ref``, waiting for its receipt, which may be on its way.

        Where none comes, the one text with our ``reference`` that the provider has not answered for; None where there
        are several.
        """
        until = time.monotonic() + within_s
        while (found := self._by_ref.get(ref)) is None and (left_s := until - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left_s):
                    await self._news.wait()
            except TimeoutError:
                break
        return found if found is not None or reference is None else self.unclear(reference)

    def unclear(self, reference: int) -> SentText | None:
        """The one text with our ``reference`` that the provider has not answered for; None where there are several."""
        texts = self._unclear.get(reference, set())
        return next(iter(texts)) if len(texts) == 1 else None

    async def run(self) -> None:
        """Follow the receipts until cancelled.

        Raises:
            KafkaError: they cannot be read; the process must start anew.
        """
        consumer = make_consumer(self._settings)
        await consumer.start()
        try:
            ends = await self._place(consumer)
            while True:
                for place, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                    for record in records:
                        self._fold_record(place.partition, record)
                self.announce()
                if not self.caught_up.is_set():
                    ends = {place: end for place, end in ends.items() if await consumer.position(place) < end}
                    if not ends:
                        self.caught_up.set()
        finally:
            await consumer.stop()

    def fold(self, partition: int, receipt: Receipt) -> None:
        """Take account of one receipt of ``partition``."""
        if receipt.channel is not Channel.SMS or receipt.replayid is not None:
            return
        if receipt.notification_id is None or receipt.attempt is None:
            return
        text = SentText(
            partition,
            receipt.incident_id,
            receipt.event_id,
            receipt.notification_id,
            receipt.attempt,
            receipt.contact_id,
        )
        reference = ids.smpp_reference(text.notification_id, text.attempt)
        ours = receipt.provider == self._provider
        if ours and (receipt.kind is ReceiptKind.CLAIM or receipt.delivery is Delivery.UNKNOWN):
            self._unclear.setdefault(reference, set()).add(text)
            while len(self._unclear) > MAX_UNCLEAR:
                self._unclear.popitem(last=False)
        elif receipt.kind is ReceiptKind.OUTCOME:
            self._settle(reference, text)
        if ours and receipt.delivery is Delivery.SENT and receipt.provider_ref:
            self._by_ref[receipt.provider_ref] = text
            while len(self._by_ref) > MAX_TEXTS:
                self._by_ref.popitem(last=False)

    def _settle(self, reference: int, text: SentText) -> None:
        unclear = self._unclear.get(reference)
        if unclear is not None:
            unclear.discard(text)
            if not unclear:
                del self._unclear[reference]

    def _fold_record(self, partition: int, record: "ConsumerRecord[Any, Any]") -> None:
        try:
            receipt = decode(RECEIPTS, record.value)
        except Undecodable:
            return  # the notifiers and the dispatcher say so
        if isinstance(receipt, Receipt):
            self.fold(partition, receipt)

    async def _place(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
        """Go to where each partition is to be read from; returns the ends as of now."""
        places = [TopicPartition(RECEIPTS.name, number) for number in range(self._settings.partitions)]
        consumer.assign(places)
        ends: dict[TopicPartition, int] = await consumer.end_offsets(places)
        since_ms = max(0, int((time.time() - LOOK_BACK_S) * 1000))
        starts = await consumer.offsets_for_times(dict.fromkeys(places, since_ms))
        for place in places:
            found = starts.get(place)
            consumer.seek(place, ends[place] if found is None else min(found.offset, ends[place]))
        return ends

    def announce(self) -> None:
        """Have those who wait for a text look again."""
        self._news.set()
        self._news = asyncio.Event()
