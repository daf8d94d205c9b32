"""Writing to Kafka on behalf of a provider: on the topic with acks=all, or the provider is told to come again."""

import asyncio

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from runtime.log_clock import LogClock
from schemas.base import Record
from schemas.codec import encode
from schemas.topics import Topic

SOURCE = "gateway"
WRITE_WITHIN_S = 30.0


class LogAway(Exception):
    """Kafka could not be written to, or read, in time; whoever called must call again."""


class Log:
    """Writes records of the gateway. ``clock`` is the broker's, set right by each of them."""

    def __init__(self, producer: AIOKafkaProducer, clock: LogClock) -> None:
        """``producer`` is a started, idempotent one (acks=all)."""
        self._producer, self.clock = producer, clock

    async def write(
        self, topic: Topic, record: Record, *, partition: int, key: str | None, cause: str | None = None
    ) -> None:
        """Write ``record``; returns when all replicas in sync have it.

        Raises:
            LogAway: that is not known within ``WRITE_WITHIN_S``; it may be written yet.
        """
        encoded = encode(topic, record, source=SOURCE, at=self.clock.now(), cause=cause)
        try:
            async with asyncio.timeout(WRITE_WITHIN_S):
                written = await self._producer.send_and_wait(
                    topic.name,
                    encoded.value,
                    key=key.encode() if key is not None else None,
                    partition=partition,
                    headers=encoded.headers,
                )
        except (KafkaError, TimeoutError) as error:
            raise LogAway(f"writing to {topic.name}: {type(error).__name__}") from error
        self.clock.stamp(written.timestamp)
