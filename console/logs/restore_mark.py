"""What a cluster's ``control`` topic says of its own beginning: whether it was restored from a file, and how far."""

from collections.abc import Callable
from sys import maxsize

from aiokafka import AIOKafkaConsumer, TopicPartition

from console.logs.restored import HEADER
from runtime.kafka import assign_paused, make_consumer, read_range
from runtime.settings import Settings
from schemas.codec import Undecodable, decode
from schemas.control import RESTORED_KEY, RestoredLog
from schemas.topics import CONTROL

RestoredTo = Callable[[str, int], int]
"""Of a topic and partition: the first offset behind what was restored; 0 where nothing was."""


async def restored_log(settings: Settings) -> RestoredLog | None:
    """The newest word on ``control`` about a restore of this cluster, or None."""
    consumer = make_consumer(settings)
    await consumer.start()
    try:
        return await newest_mark(consumer)
    finally:
        await consumer.stop()


async def newest_mark(consumer: AIOKafkaConsumer) -> RestoredLog | None:
    """As ``restored_log``, by a consumer that is started. It is left assigned to ``control``."""
    place = TopicPartition(CONTROL.name, 0)
    assign_paused(consumer, [place])
    newest: RestoredLog | None = None
    begins, ends = await consumer.beginning_offsets([place]), await consumer.end_offsets([place])
    for record in await read_range(consumer, begins, ends):
        if record.key != RESTORED_KEY.encode():
            continue
        try:
            found = decode(CONTROL, record.value)
        except Undecodable:
            continue
        if isinstance(found, RestoredLog) and not any(name == HEADER for name, _ in record.headers):
            newest = found
    return newest


async def restored_to(settings: Settings) -> RestoredTo:
    """How far each topic and partition was restored. Where a restore was cut off, everything counts as restored."""
    mark = await restored_log(settings)

    def end(topic: str, partition: int) -> int:
        if mark is None:
            return 0
        if not mark.finished:
            return maxsize
        ends = mark.ends.get(topic, ())
        return ends[partition] if partition < len(ends) else 0

    return end
