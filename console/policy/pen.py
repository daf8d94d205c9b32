"""``Pen``: who holds it writes the topic ``policy``, and nobody else at the same time.

Two changes at once are decided by Kafka: taking the pen fences whoever holds it. The holder reads the topic to its
end, judges what it is about to do by that, and writes everything in one transaction; who was fenced meanwhile has
written nothing.
"""

from contextlib import AsyncExitStack
from datetime import datetime
from typing import Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerFenced

from console.logs.live import LiveLog
from console.policy.history import History, read_history
from runtime.kafka import make_producer
from runtime.settings import Settings
from schemas.base import Record
from schemas.codec import encode
from schemas.control import ActivePolicy, PolicyChange, PublishedPolicy
from schemas.topics import POLICY

TRANSACTIONAL_ID = "policy-changes"


class TakenAway(Exception):
    """Somebody else began to change the policy at the same moment, and nothing of this change was written."""


class Pen:
    """The right to write the topic ``policy``, from entering until leaving or until somebody else takes it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Take the pen: who holds it now can write no more, and what it has written can be read."""
        self._producer = make_producer(self._settings, transactional_id=TRANSACTIONAL_ID)
        await self._producer.start()
        self._stack.push_async_callback(self._producer.stop)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def history(self) -> History:
        """The topic as it is now."""
        return await read_history(LiveLog(self._settings))

    async def write(self, records: dict[str, Record]) -> None:
        """Write ``records`` by key: all of them or none.

        Raises:
            TakenAway: somebody else took the pen; none was written.
        """
        assert self._producer is not None  # noqa: S101 - it was entered
        try:
            async with self._producer.transaction():
                for key, record in records.items():
                    at = _written_at(record)
                    encoded = encode(POLICY, record, source="console", at=at)
                    await self._producer.send_and_wait(
                        POLICY.name, key=key.encode(), value=encoded.value, headers=encoded.headers, partition=0
                    )
        except ProducerFenced as fenced:
            raise TakenAway("somebody else is changing the policy at this moment; nothing was written") from fenced


def _written_at(record: Record) -> datetime:
    match record:
        case PublishedPolicy():
            return record.published_at
        case ActivePolicy():
            return record.activated_at
        case PolicyChange():
            return record.at
        case _:
            raise TypeError(f"{type(record).__name__} does not belong on {POLICY.name}")
