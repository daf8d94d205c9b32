"""Follows the partitions of ``receipts`` that a notifier works on, each into its own ledger."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from notifiers.ledger import Ledger
from runtime.log import logger
from schemas.codec import Undecodable, decode
from schemas.notification import Receipt
from schemas.topics import RECEIPTS
from schemas.vocabulary import Channel

START_MARGIN_MS = 10 * 60 * 1000
"""How long before the oldest notification in hand its receipts are read from: clocks of brokers differ."""

KEEP_MS = 60 * 60 * 1000
_POLL_MS = 200


class ReadingStopped(Exception):
    """Receipts are no longer being read; nothing may be sent without them."""


@dataclass
class _Followed:
    """One partition: receipts since ``floor_ms`` are in ``ledger``, up to offset ``position`` (exclusive)."""

    floor_ms: int
    ledger: Ledger = field(default_factory=Ledger)
    position: int = -1
    waiting: dict[int, list[asyncio.Future[None]]] = field(default_factory=dict)
    """Who waits for which offset. Each is woken for its own: in a burst hundreds wait at once."""

    def wake(self) -> None:
        """Wake those whose offset has been folded."""
        for offset in [offset for offset in self.waiting if offset < self.position]:
            _wake(self.waiting.pop(offset))

    def wake_all(self) -> None:
        """Wake everybody: this partition is no longer read here."""
        for waiters in self.waiting.values():
            _wake(waiters)
        self.waiting.clear()


def _wake(waiters: Iterable[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)


class ReceiptsView:
    """Read-committed view of receipts by partition. ``run`` must be running for anything to be seen."""

    def __init__(self, consumer: AIOKafkaConsumer, channel: Channel) -> None:
        """``channel``: receipts of others are passed over; a notification has one channel for life."""
        self._consumer, self._channel = consumer, channel
        self._followed: dict[int, _Followed] = {}
        self._to_place = False
        self._news = asyncio.Event()
        self._failed: BaseException | None = None

    def follow(self, partition: int, oldest_ms: int) -> None:
        """Have the receipts of ``partition`` since ``START_MARGIN_MS`` before ``oldest_ms`` (log time)."""
        floor_ms = max(0, oldest_ms - START_MARGIN_MS)
        known = self._followed.get(partition)
        if known is None or floor_ms < known.floor_ms:
            self._followed[partition] = _Followed(floor_ms)
            self._to_place = True
            if known is not None:
                known.wake_all()

    def keep_only(self, partitions: set[int]) -> None:
        """Stop following all but ``partitions``."""
        for partition in self._followed.keys() - partitions:
            self._followed.pop(partition).wake_all()
            self._to_place = True

    def forget_before(self, partition: int, oldest_ms: int) -> None:
        """Free memory: nothing in hand on ``partition`` is older than ``oldest_ms``."""
        followed, floor_ms = self._followed.get(partition), oldest_ms - KEEP_MS
        if followed is not None and floor_ms > followed.floor_ms + KEEP_MS:
            followed.floor_ms = floor_ms
            followed.ledger.forget_before(floor_ms)

    def ledger(self, partition: int) -> Ledger | None:
        """What has been read so far of ``partition``, or None if it is not followed."""
        followed = self._followed.get(partition)
        return followed.ledger if followed else None

    async def read_through(self, partition: int, offset: int) -> Ledger:
        """The ledger once ``offset`` has been folded; use it before the next await.

        Raises:
            ReadingStopped: the reader failed, or the partition is no longer followed.
        """
        while True:
            followed = self._followed.get(partition)
            if followed is None:
                raise ReadingStopped(f"receipts of partition {partition} are not followed any more")
            if followed.position > offset:
                return followed.ledger
            self._must_read()
            waiter = asyncio.get_running_loop().create_future()
            followed.waiting.setdefault(offset, []).append(waiter)
            await waiter

    async def wait_news(self) -> None:
        """Return when more receipts have been folded (or soon after).

        Raises:
            ReadingStopped: the reader failed.
        """
        self._must_read()
        await self._news.wait()

    async def run(self) -> None:
        """Read until cancelled; any failure of Kafka's raises here and at everyone who waits."""
        try:
            while True:
                if self._to_place:
                    await self._place()
                if not self._consumer.assignment():
                    await asyncio.sleep(_POLL_MS / 10_000)
                    continue
                self._fold(await self._consumer.getmany(timeout_ms=_POLL_MS))
        except Exception as error:
            self._failed = error
            raise
        finally:
            self._failed = self._failed or ReadingStopped("stopped")
            self._announce()
            for followed in self._followed.values():
                followed.wake_all()

    def _fold(self, batches: "dict[TopicPartition, list[ConsumerRecord[Any, Any]]]") -> None:
        for topic_partition, records in batches.items():
            followed = self._followed.get(topic_partition.partition)
            # Records fetched before a partition was placed anew do not join on to its ledger.
            if followed is None or followed.position < 0 or not records:
                continue
            for record in records:
                if record.offset < followed.position:
                    continue
                self._fold_one(followed.ledger, record)
                followed.position = record.offset + 1
            followed.wake()
        if batches:
            self._announce()

    def _fold_one(self, ledger: Ledger, record: "ConsumerRecord[Any, Any]") -> None:
        try:
            receipt = decode(RECEIPTS, record.value)
        except Undecodable as fault:
            logger().warning("receipt_undecodable", offset=record.offset, reason=fault.reason.value)
            return
        if isinstance(receipt, Receipt) and receipt.channel in (None, self._channel):
            ledger.fold(receipt, record.timestamp)

    def _must_read(self) -> None:
        if self._failed is not None:
            raise ReadingStopped(repr(self._failed)) from self._failed

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _place(self) -> None:
        """Assign what is followed and go to where each partition is to be read from."""
        self._to_place = False
        wanted = dict(self._followed)
        places = {number: TopicPartition(RECEIPTS.name, number) for number in wanted}
        unplaced = {places[number]: followed.floor_ms for number, followed in wanted.items() if followed.position < 0}
        if unplaced:
            self._consumer.assign(list(places.values()))  # offsets are answered for assigned partitions only
            # Ends first: what is appended between the two questions then lies behind the end and is read.
            ends = await self._consumer.end_offsets(list(unplaced))
            starts = await self._consumer.offsets_for_times(unplaced)
            for place in unplaced:
                found = starts.get(place)
                wanted[place.partition].position = ends[place] if found is None else min(found.offset, ends[place])
        self._consumer.assign(list(places.values()))
        for number, followed in wanted.items():
            self._consumer.seek(places[number], followed.position)
