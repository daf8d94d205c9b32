"""How far the router is behind: asked of the broker, since what a client remembers is not what is written."""

import asyncio
from collections.abc import Iterable
from typing import Self

from aiokafka import TopicPartition

from runtime.kafka import make_consumer
from runtime.settings import Settings
from schemas.topics import EVENTS


class LagMeter:
    """Compares the ends of ``events`` with what ``group`` has committed. Reads no records and joins no group."""

    def __init__(self, settings: Settings, group: str) -> None:
        self._consumer = make_consumer(settings, group=group)

    async def __aenter__(self) -> Self:
        """Connect."""
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def behind(self, partitions: Iterable[int]) -> int:
        """Records of ``partitions`` that are written and not yet committed as decided.

        Raises:
            KafkaError: the broker did not answer as it should.
        """
        places = [TopicPartition(EVENTS.name, number) for number in sorted(partitions)]
        if not places:
            return 0
        committed = await asyncio.gather(*(self._consumer.committed(place) for place in places))
        begins = await self._consumer.beginning_offsets(places)
        ends = await self._consumer.end_offsets(places)
        # Records that retention has removed since the last commit are not waiting for anybody.
        return sum(
            max(0, ends[place] - max(done or 0, begins[place])) for place, done in zip(places, committed, strict=True)
        )
