"""The three source topics of one partition, read from the cursor on, decisions never behind receipts."""

import asyncio
import time
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from runtime.kafka import appended_at, make_consumer, silent_for_s
from runtime.log import logger
from runtime.settings import Settings
from schemas.topics import DECISIONS, RECEIPTS, RESPONSES
from streams.dispatcher.batch import Incoming

SOURCES = (DECISIONS, RECEIPTS, RESPONSES)
BATCH_MAX = 100
"""Records taken at once of decisions, and of receipts and responses together.

What they lead to is one transaction, and under a storm every partition of the process writes its own at the same time:
with 500 some took longer than a transaction may.
"""

_POLL_MS = 60_000

Fetched = dict[TopicPartition, "list[ConsumerRecord[Any, Any]]"]


class Sources:
    """Reads one partition of decisions, receipts and responses.

    Decisions have a consumer of their own: one fetch request waits for all its partitions together, so that a
    decision could wait out a long poll on behalf of quiet receipts (up to 250 ms where one consumer read all three).
    """

    def __init__(self, settings: Settings, partition: int) -> None:
        self._partition = partition
        self._decisions, self._others = make_consumer(settings), make_consumer(settings)
        self._owner = {
            TopicPartition(DECISIONS.name, partition): self._decisions,
            TopicPartition(RECEIPTS.name, partition): self._others,
            TopicPartition(RESPONSES.name, partition): self._others,
        }
        self._polls: dict[AIOKafkaConsumer, asyncio.Task[Fetched]] = {}
        self._targets: dict[TopicPartition, int] = {}
        self._started_ms = 0.0

    async def start(self, cursor: dict[str, int]) -> dict[str, int]:
        """Start at ``cursor``, never at group offsets; at the earliest record where it names none.

        Returns the offset of each topic that is read next.
        """
        self._started_ms = time.time() * 1000
        begin: dict[TopicPartition, int] = {}
        for consumer in (self._decisions, self._others):
            own = [source for source, owner in self._owner.items() if owner is consumer]
            consumer.assign(own)
            await consumer.start()
            # Each is asked for its own topics: asked for others, it looks for them for a second first.
            begin |= await consumer.beginning_offsets(own)
            self._targets |= await consumer.end_offsets(own)
        offsets: dict[str, int] = {}
        for source, consumer in self._owner.items():
            offset = cursor.get(source.topic, begin[source])
            if not begin[source] <= offset <= self._targets[source]:
                logger().error(
                    "cursor_outside_topic",
                    topic=source.topic,
                    partition=self._partition,
                    cursor=offset,
                    first=begin[source],
                    end=self._targets[source],
                )
                offset = begin[source]  # records that were applied before change nothing
            consumer.seek(source, offset)
            offsets[source.topic] = offset
        return offsets

    async def read(self, wait_s: float, gather_s: float) -> list[Incoming]:
        """What has arrived within ``wait_s``. Receipts and answers without a decision wait ``gather_s`` for more."""
        fetched = await self._collect(wait_s)
        if fetched and gather_s > 0 and not any(source.topic == DECISIONS.name for source, _ in fetched):
            self._poll(self._decisions)
            await asyncio.wait([self._polls[self._decisions]], timeout=gather_s)
            fetched += await self._collect(0)
        return [
            Incoming(source.topic, record.offset, record.key, record.value, appended_at(record))
            for source, batch in fetched
            for record in batch
        ]

    async def caught_up(self) -> bool:
        """Whether everything that stood on the sources at the start has been handed out by ``read``."""
        if any(poll.done() for poll in self._polls.values()):
            return False
        return all([await self._owner[source].position(source) >= end for source, end in self._targets.items()])

    async def lag(self) -> dict[str, int]:
        """Records by topic that are written and not yet read."""
        behind: dict[str, int] = {}
        for source, consumer in self._owner.items():
            position = await consumer.position(source)
            behind[source.topic] = max(0, (consumer.highwater(source) or position) - position)
        return behind

    def heard_s_ago(self) -> float:
        """Seconds since the broker last answered both consumers; idle ones ask several times a second."""
        if not self._targets:
            return 0.0
        owned = {
            consumer: [source for source, owner in self._owner.items() if owner is consumer]
            for consumer in (self._decisions, self._others)
        }
        return max(silent_for_s(consumer, own, self._started_ms) for consumer, own in owned.items())

    async def stop(self) -> None:
        """Leave; what was polled and not handed out is read again by the next owner."""
        for poll in self._polls.values():
            poll.cancel()
        await asyncio.gather(*self._polls.values(), return_exceptions=True)
        # A consumer that lost its broker may let a cancellation of its own escape, which would hide what went wrong.
        await asyncio.gather(self._decisions.stop(), self._others.stop(), return_exceptions=True)

    def _poll(self, consumer: AIOKafkaConsumer) -> None:
        if consumer not in self._polls:
            self._polls[consumer] = asyncio.create_task(consumer.getmany(timeout_ms=_POLL_MS, max_records=BATCH_MAX))

    async def _collect(self, wait_s: float) -> "list[tuple[TopicPartition, list[ConsumerRecord[Any, Any]]]]":
        for consumer in (self._decisions, self._others):
            self._poll(consumer)
        await asyncio.wait(self._polls.values(), timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        done = [consumer for consumer, poll in self._polls.items() if poll.done()]
        return [item for consumer in done for item in self._polls.pop(consumer).result().items()]
