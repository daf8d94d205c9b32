"""Kafka clients with this project's settings, and what is read of a record or a range of them."""

import time
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.partitioner import murmur2
from aiokafka.producer import sender

from runtime.settings import Settings

MAX_REQUEST_BYTES = 4 * 1024 * 1024
MAX_BATCH_BYTES = 30 * 1024
"""Records for one partition that travel together: less than the smallest ``max.message.bytes``, which bounds them as a
whole. Where they are full, writers in a burst wait for one another."""

BETWEEN_TRANSACTIONS_S = 0.005
"""How long a transaction that begins while the markers of the one before are still being written waits between tries.

A broker on one machine writes them in some milliseconds; the library's constant of 20 ms would be most of the wait.
"""


def make_producer(
    settings: Settings, *, transactional_id: str | None = None, timeout_s: float = 10.0
) -> AIOKafkaProducer:
    """An idempotent producer (acks=all), or a transactional one. Not started.

    ``timeout_s`` bounds a transaction: one that its owner left open blocks readers no longer than that.
    """
    extra: dict[str, Any] = {}
    if transactional_id is not None:
        sender.BACKOFF_OVERRIDE = BETWEEN_TRANSACTIONS_S  # the library has no setting for it
        extra = {"transactional_id": transactional_id, "transaction_timeout_ms": int(timeout_s * 1000)}
    return AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=MAX_BATCH_BYTES,
        max_request_size=MAX_REQUEST_BYTES,
        request_timeout_ms=int(settings.request_timeout_s * 1000),
        **extra,
    )


def make_consumer(
    settings: Settings, *topics: str, group: str | None = None, instance: str | None = None, fetch_wait_ms: int = 250
) -> AIOKafkaConsumer:
    """A read-committed consumer that never commits by itself. Not started.

    With ``group`` it joins by the range assignor, so that co-partitioned topics stay together; ``instance``
    makes the membership static. Without, use ``assign``.
    """
    return AIOKafkaConsumer(
        *topics,
        bootstrap_servers=settings.bootstrap,
        group_id=group,
        group_instance_id=instance,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        partition_assignment_strategy=(RangePartitionAssignor,),
        session_timeout_ms=int(settings.session_timeout_s * 1000),
        heartbeat_interval_ms=int(settings.session_timeout_s * 300),
        rebalance_timeout_ms=30_000,
        max_poll_interval_ms=2_000_000,
        request_timeout_ms=int(settings.request_timeout_s * 1000),
        max_partition_fetch_bytes=MAX_REQUEST_BYTES,
        fetch_max_wait_ms=fetch_wait_ms,
        metadata_max_age_ms=60_000,
    )


def partition_for(key: str, partitions: int) -> int:
    """The partition of an incident id: Kafka's own murmur2, computed once where a record enters."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % partitions)


def appended_at(record: "ConsumerRecord[Any, Any]") -> datetime:
    """When Kafka appended ``record`` (topics use LogAppendTime), in UTC."""
    return datetime.fromtimestamp(record.timestamp / 1000, tz=UTC)


def silent_for_s(consumer: AIOKafkaConsumer, partitions: Iterable[TopicPartition], started_ms: float) -> float:
    """Seconds since the broker last answered a fetch of one of ``partitions``: quiet ones are asked again and again.

    ``started_ms`` (Unix time) stands for those that have not been answered for yet.
    """
    polled_ms = [consumer.last_poll_timestamp(partition) or started_ms for partition in partitions]
    return max(0.0, time.time() - max(polled_ms, default=started_ms) / 1000)


def assign_paused(consumer: AIOKafkaConsumer, places: Iterable[TopicPartition]) -> None:
    """Assign ``places`` and fetch nothing yet.

    The broker answers one request of a connection after the other, and lets a fetch that finds nothing wait: whoever
    asks for offsets meanwhile waits as well. ``stream_range`` and ``read_range`` fetch from what has records.
    """
    wanted = list(places)
    consumer.assign(wanted)
    consumer.pause(*wanted)


async def stream_range(
    consumer: AIOKafkaConsumer, starts: dict[TopicPartition, int], ends: dict[TopicPartition, int]
) -> "AsyncIterator[tuple[TopicPartition, list[ConsumerRecord[Any, Any]]]]":
    """Batches of the assigned ``starts`` through ``ends`` (exclusive offsets), whatever control records lie between.

    Each place is fetched from as long as it has records to give, and paused from then on.
    """
    for place, start in starts.items():
        consumer.seek(place, start)
    open_ = {place for place, end in ends.items() if starts.get(place, 0) < end}
    consumer.pause(*(set(starts) - open_))
    consumer.resume(*open_)
    while open_:
        for place, batch in (await consumer.getmany(*open_, timeout_ms=500)).items():
            within = [record for record in batch if record.offset < ends[place]]
            if within:
                yield place, within
        read = {place for place in open_ if await consumer.position(place) >= ends[place]}
        consumer.pause(*read)
        open_ -= read


async def read_range(
    consumer: AIOKafkaConsumer, starts: dict[TopicPartition, int], ends: dict[TopicPartition, int]
) -> "list[ConsumerRecord[Any, Any]]":
    """Everything that ``stream_range`` gives.

    Leaves the consumer fetching, at ``ends``: what was written meanwhile, and came along in the last fetch, is next.
    """
    records: list[ConsumerRecord[Any, Any]] = []
    async for _, batch in stream_range(consumer, starts, ends):
        records += batch
    for place, start in starts.items():
        consumer.seek(place, max(start, ends[place]))
    consumer.resume(*starts)
    return records
