"""A partition's ledger, rebuilt from its snapshots and cursor on ``incidents``."""

import asyncio
from datetime import datetime
from typing import cast

from aiokafka import AIOKafkaConsumer, TopicPartition

from runtime.kafka import appended_at, make_consumer
from runtime.log import logger
from runtime.settings import Settings
from schemas.codec import Undecodable, decode
from schemas.incident import CURSOR_KEY, Cursor
from schemas.topics import INCIDENTS
from streams.dispatcher.ledger import Ledger, quarantined_unread
from streams.dispatcher.states import outline_of

FETCH_WAIT_MS = 50
_POLL_MS = 500
_TURN = 100
"""So many snapshots are taken over at a stretch, a few milliseconds; then others have their turn."""

Newest = dict[str, tuple[bytes, datetime]]
"""The newest value of each key, and when Kafka appended it."""


class CursorUnreadable(Exception):
    """No record that says how far a partition was read can be read; going on could alert people twice."""


async def restore(settings: Settings, partition: int) -> Ledger:
    """Read partition ``partition`` of ``incidents`` from its beginning through its end.

    Call after the partition's transactional producer has started: that fences the predecessor and ends its open
    transaction, so that nothing more can be added by it. A snapshot that cannot be read quarantines its incident,
    at once or, where only a part that no timer depends on is wrong, when it is first asked for. A cursor that cannot
    be read was not written by a dispatcher: the one before it still says how far was read.

    Raises:
        CursorUnreadable: there are cursors, and none is a valid record.
    """
    consumer = make_consumer(settings, fetch_wait_ms=FETCH_WAIT_MS)
    source = TopicPartition(INCIDENTS.name, partition)
    consumer.assign([source])
    await consumer.start()
    try:
        newest, cursors = await _read(consumer, source)
    finally:
        await consumer.stop()
    ledger = Ledger(partition, offsets=_offsets(partition, cursors))
    await _take_over(ledger, newest)
    return ledger


async def _read(consumer: AIOKafkaConsumer, source: TopicPartition) -> tuple[Newest, list[bytes | None]]:
    """What stands on ``source`` up to its present end: the newest snapshots, and every cursor, oldest first.

    Keys with a tombstone are left out.
    """
    newest: Newest = {}
    cursors: list[bytes | None] = []
    begin = (await consumer.beginning_offsets([source]))[source]
    end = (await consumer.end_offsets([source]))[source]
    consumer.seek(source, begin)
    while await consumer.position(source) < end:
        for record in (await consumer.getmany(source, timeout_ms=_POLL_MS)).get(source, ()):
            key = (record.key or b"").decode(errors="replace")
            if key == CURSOR_KEY:
                cursors.append(record.value)
            elif record.value is None:
                newest.pop(key, None)
            else:
                newest[key] = record.value, appended_at(record)
    return newest, cursors


def _offsets(partition: int, cursors: list[bytes | None]) -> dict[str, int]:
    """What the newest readable one of ``cursors`` says; nothing where there are none."""
    fault: Undecodable | None = None
    for value in reversed(cursors):
        try:
            return dict(cast(Cursor, decode(INCIDENTS, value)).offsets)
        except Undecodable as unreadable:
            logger().error("cursor_unreadable", partition=partition, detail=str(unreadable)[:200])
            fault = fault or unreadable
    if fault is not None:
        raise CursorUnreadable(f"partition {partition}: {fault}") from fault
    return {}


async def _take_over(ledger: Ledger, newest: Newest) -> None:
    """Hand the snapshots over one by one; what is handed over is let go here, so that it is held once only."""
    for number, key in enumerate(list(newest)):
        value, at = newest.pop(key)
        outline = outline_of(value)
        if outline is None:
            ledger.accept((quarantined_unread(key, _why(value), at),))
        else:
            ledger.accept_snapshot(value, outline)
        if number % _TURN == _TURN - 1:
            await asyncio.sleep(0)


def _why(value: bytes) -> str:
    try:
        decode(INCIDENTS, value)
    except Undecodable as fault:
        return str(fault)
    return "it is no state of an incident"
