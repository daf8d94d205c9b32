"""A partition's ledger, rebuilt from its snapshots and cursor on ``incidents``."""

from aiokafka import TopicPartition

from runtime.kafka import appended_at, make_consumer, read_range
from runtime.log import logger
from runtime.settings import Settings
from schemas.codec import Undecodable, decode
from schemas.incident import CURSOR_KEY, Cursor, IncidentState
from schemas.topics import INCIDENTS
from streams.dispatcher.ledger import Ledger


class CursorUnreadable(Exception):
    """No record that says how far a partition was read can be read; going on could alert people twice."""


async def restore(settings: Settings, partition: int) -> Ledger:
    """Read partition ``partition`` of ``incidents`` from its beginning through its end.

    Call after the partition's transactional producer has started: that fences the predecessor and ends its open
    transaction, so that nothing more can be added by it. A snapshot that cannot be read quarantines its incident.
    A cursor that cannot be read was not written by a dispatcher: the one before it still says how far was read.

    Raises:
        CursorUnreadable: there are cursors, and none is a valid record.
    """
    ledger = Ledger(partition)
    states: dict[str, IncidentState] = {}
    unreadable: Undecodable | None = None
    source = TopicPartition(INCIDENTS.name, partition)
    consumer = make_consumer(settings, fetch_wait_ms=50)
    consumer.assign([source])
    await consumer.start()
    try:
        begin = await consumer.beginning_offsets([source])
        end = await consumer.end_offsets([source])
        for record in await read_range(consumer, begin, end):
            key = (record.key or b"").decode(errors="replace")
            if record.value is None:
                states.pop(key, None)
                continue
            try:
                value = decode(INCIDENTS, record.value)
            except Undecodable as fault:
                if key == CURSOR_KEY:
                    logger().error("cursor_unreadable", offset=record.offset, detail=str(fault)[:200])
                    unreadable = fault
                    continue
                logger().error("snapshot_unreadable", incident=key, offset=record.offset, detail=str(fault)[:200])
                reason = f"its snapshot cannot be read: {fault}"[:400]
                states[key] = IncidentState(incident_id=key, updated_at=appended_at(record), quarantined=reason)
                continue
            if isinstance(value, Cursor):
                ledger.offsets = dict(value.offsets)
            elif isinstance(value, IncidentState):
                states[value.incident_id] = value
    finally:
        await consumer.stop()
    if unreadable is not None and not ledger.offsets:
        raise CursorUnreadable(f"partition {partition}: {unreadable}") from unreadable
    ledger.accept(states.values())
    return ledger
