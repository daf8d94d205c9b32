"""Which inbound texts are on ``responses`` already: read back at the start, so that nothing is taken twice."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition

from runtime.kafka import appended_at, assign_paused, make_consumer, read_range
from runtime.log import logger
from runtime.settings import Settings
from schemas.codec import Undecodable, decode
from schemas.notification import Response
from schemas.topics import RESPONSES

MAX_KNOWN = 100_000
CLOCK_SLACK = timedelta(hours=1)
READ_WITHIN_S = 60.0


@dataclass(frozen=True)
class Known:
    """Provider and its name of each text that stands on the log, oldest first, and when the newest came onto it."""

    texts: tuple[tuple[str, str], ...] = ()
    newest_at: datetime | None = None


async def known_since(settings: Settings, since: datetime) -> Known:
    """The texts of all providers on ``responses`` since ``since`` (and an hour before), the newest ``MAX_KNOWN``.

    Raises:
        KafkaError, TimeoutError: the log could not be read.
    """
    places = [TopicPartition(RESPONSES.name, number) for number in range(settings.partitions)]
    consumer = make_consumer(settings)
    await consumer.start()
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            assign_paused(consumer, places)
            ends = await consumer.end_offsets(places)
            from_ms = int((since - CLOCK_SLACK).timestamp() * 1000)
            found = await consumer.offsets_for_times(dict.fromkeys(places, from_ms))
            starts = {place: ends[place] if (at := found.get(place)) is None else at.offset for place in places}
            records = await read_range(consumer, starts, ends)
    finally:
        await consumer.stop()
    texts = [(record, name) for record in records if (name := _name(record)) is not None]
    texts.sort(key=lambda text: text[0].timestamp)
    newest_at = appended_at(texts[-1][0]) if texts else None
    return Known(tuple(name for _, name in texts[-MAX_KNOWN:]), newest_at)


def _name(record: "ConsumerRecord[Any, Any]") -> tuple[str, str] | None:
    try:
        response = decode(RESPONSES, record.value)
    except Undecodable as fault:
        logger().warning("response_undecodable", offset=record.offset, reason=fault.reason.value)
        return None
    if not isinstance(response, Response) or response.provider is None or response.provider_ref is None:
        return None
    return response.provider, response.provider_ref
