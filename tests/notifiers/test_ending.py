"""A worker whose log fails ends at whatever moment that happens, so that a supervisor can start it anew."""

import asyncio
from typing import cast

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from notifiers import worker as worker_module
from notifiers.backlog import Bounds
from notifiers.delivery import Courier
from notifiers.gate import Gate
from notifiers.receipts_view import ReceiptsView
from notifiers.worker import LaneWorker
from schemas.topics import NOTIFY
from schemas.vocabulary import Channel, Lane
from tests.notifiers.stage import NothingStopped

LANE = (Channel.SMS, Lane.ROUTINE)
PARTITIONS = frozenset(TopicPartition(NOTIFY[LANE].name, number) for number in range(3))


class _Idle:
    """A consumer to whom nothing comes, and who answers at once; after ``fails_after`` readings the log fails."""

    def __init__(self, fails_after: int | None = None) -> None:
        self._left = fails_after

    def subscribe(self, topics: list[str], listener: object) -> None:
        """Be content with any topics."""

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions owned."""
        return PARTITIONS

    def paused(self) -> frozenset[TopicPartition]:
        """None is."""
        return frozenset()

    def highwater(self, partition: TopicPartition) -> int:
        """Nothing was ever written."""
        del partition
        return 0

    async def position(self, partition: TopicPartition) -> int:
        """Known at once, as it nearly always is."""
        del partition
        return 0

    async def getmany(self, *, timeout_ms: int, max_records: int | None = None) -> dict[TopicPartition, list[object]]:
        """Nothing."""
        del timeout_ms, max_records
        await asyncio.sleep(0)
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise KafkaError("the log failed")
        return {}


@pytest.mark.parametrize("fails_after", range(24))
async def test_a_worker_ends_when_its_log_fails(fails_after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while it measures its lag: a cancellation that is swallowed there would leave a process that only looks
    alive."""
    monkeypatch.setattr(worker_module, "COMMIT_EVERY_S", 0.0)
    view = ReceiptsView(cast(AIOKafkaConsumer, _Idle(fails_after)), Channel.SMS)
    consumer, producer, courier = cast(AIOKafkaConsumer, _Idle()), cast(AIOKafkaProducer, None), cast(Courier, None)
    stop = asyncio.Event()
    worker = LaneWorker(
        NOTIFY[LANE], LANE, consumer, producer, view, courier, Gate(NothingStopped(), stop), stop, Bounds()
    )
    running = asyncio.create_task(worker.run(1.0))
    done, _ = await asyncio.wait([running], timeout=2.0)
    if not done:
        await _end_all()
        pytest.fail("it goes on without its log")
    assert isinstance(running.exception(), ExceptionGroup)


async def _end_all() -> None:
    """Cancel whatever is left until it heeds: otherwise the loop would wait for it after the test."""
    while left := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in left:
            task.cancel()
        await asyncio.sleep(0)
