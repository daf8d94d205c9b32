"""Faust's consumer and producer as the router uses them: batches in, and nothing written twice.

Faust hands records on one by one, with several tasks, queues and locks for each: five sixths of what a pass-through
costs. Here a Faust message is what one fetch brought of one partition. All that Faust does for a message (flow
control, rebalancing, generations, waiting until the stream is empty, committing in order) it does for a batch.
"""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, cast

from faust.transport.drivers.aiokafka import Consumer, Producer, Transport
from faust.types import TP
from faust.types.tuples import ConsumerMessage


class Incoming(NamedTuple):
    """One record of ``events``. ``timestamp`` is LogAppendTime in seconds since the epoch."""

    key: bytes | None
    value: bytes | None
    partition: int
    offset: int
    timestamp: float


class Batch(ConsumerMessage):
    """The records that one fetch brought of one partition; its ``offset`` is that of the last.

    ``first`` is the first offset that is done with once the batch is: that of its first record, or of the hole
    before it that no record will ever fill.
    """

    __slots__ = ("first", "records")

    def __init__(self, tp: TP, records: list[Any], read: int | None, generation: int) -> None:
        begin, end = records[0], records[-1]
        super().__init__(
            tp.topic, tp.partition, end.offset, end.timestamp / 1000, end.timestamp_type, None, None, None, None,
            tp=tp, generation_id=generation,
        )  # fmt: skip
        self.first = begin.offset if read is None else min(begin.offset, read + 1)
        self.records = [
            Incoming(one.key, one.value, one.partition, one.offset, one.timestamp / 1000) for one in records
        ]


class BatchConsumer(Consumer):
    """Faust's consumer with a message for every batch. It fetches when its transport says there is room."""

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> dict[TP, list[Any]]:
        await cast(BatchTransport, self.transport).room()
        fetched = await super()._getmany(active_partitions, timeout)
        return {tp: [records] for tp, records in fetched.items() if records}

    def _to_message(self, tp: TP, record: list[Any]) -> Batch:
        return Batch(tp, record, self._read_offset[tp], self.app.consumer_generation_id)

    def ack(self, message: Any) -> bool:
        """Note that every record of the batch is done with; the next commit goes as far as there is no hole."""
        if not super().ack(message):  # which notes the last one
            return False
        noted = self._acked_index[message.tp]
        others = [offset for offset in range(message.first, message.offset) if offset not in noted]
        noted.update(others)
        self._acked[message.tp].extend(others)
        return True

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Offsets that no record has are part of the batch behind them."""


class IdempotentProducer(Producer):
    """Faust's producer with acks=all and idempotence: a retried send is written once."""

    def _settings_extra(self) -> dict[str, Any]:
        return {**super()._settings_extra(), "acks": "all", "enable_idempotence": True}


class BatchTransport(Transport):
    """Makes the two. ``room`` returns when more may be read."""

    Consumer = BatchConsumer
    Producer = IdempotentProducer

    def __init__(self, *args: Any, room: Callable[[], Awaitable[None]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.room = room
