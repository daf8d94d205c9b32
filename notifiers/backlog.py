"""What one worker has read and not done, by partition: in hand or waiting beside; and the offsets to commit."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from notifiers.progress import Progress
from notifiers.receipts_view import ReceiptsView
from notifiers.waiting import Waiter, WaitingRoom
from runtime.log import logger

_MOVED_AWAY = (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)


@dataclass(frozen=True)
class Bounds:
    """How many notifications may be in hand: in all, and per partition before its reading pauses.

    What a switch holds, or a contact's pace, is not in hand: it waits beside, while what comes behind it is read and
    sent. Only where ``waiting_per_partition`` of a partition, or ``waiting_in_all``, wait does reading pause there.
    """

    in_all: int = 1000
    per_partition: int = 200
    waiting_in_all: int = 10_000
    waiting_per_partition: int = 2_000


class Backlog:
    """The records of the partitions owned. What a switch holds waits in ``held``, what a contact's pace puts off in
    ``paced``; the others are in hand."""

    def __init__(self, consumer: AIOKafkaConsumer, view: ReceiptsView, bounds: Bounds) -> None:
        self._consumer, self._view, self._bounds = consumer, view, bounds
        self._progress: dict[int, Progress] = {}
        self.held, self.paced = WaitingRoom(), WaitingRoom()
        self.lag = 0
        """Notifications written and not yet done, as last measured, without those that wait beside."""
        self.held_back = 0
        """Notifications that a stop switch holds, and those unread behind too many of them, as last measured."""

    def read(self, record: "ConsumerRecord[Any, Any]") -> Progress:
        """A record was read; the progress of its partition."""
        progress = self._progress.setdefault(record.partition, Progress())
        progress.add(record.offset, record.timestamp)
        return progress

    def let_wait(self, waiter: Waiter, room: WaitingRoom) -> None:
        """Let ``waiter`` wait in ``room``, unless somebody else has its partition by now."""
        if self._progress.get(waiter.record.partition) is waiter.progress:
            room.enter(waiter)

    def drop(self, partitions: Iterable[int]) -> None:
        """Forget ``partitions``: somebody else has them now."""
        for partition in partitions:
            self._progress.pop(partition, None)
            self.held.drop([partition])
            self.paced.drop([partition])

    def pause_full(self) -> None:
        """One partition whose messages wait must not take all the room."""
        paused = self._consumer.paused()
        for partition in self._consumer.assignment():
            progress = self._progress.get(partition.partition)
            in_hand = progress.in_hand - self._waiting(partition.partition) if progress else 0
            no_room = self._too_many_wait(partition.partition)
            if partition not in paused and (no_room or in_hand >= self._bounds.per_partition):
                self._consumer.pause(partition)
            elif partition in paused and not no_room and in_hand < self._bounds.per_partition // 2:
                self._consumer.resume(partition)

    def _waiting(self, partition: int) -> int:
        return self.held.of(partition) + self.paced.of(partition)

    def _too_many_wait(self, partition: int) -> bool:
        waiting, in_all = self._waiting(partition), len(self.held) + len(self.paced)
        return waiting >= self._bounds.waiting_per_partition or (waiting > 0 and in_all >= self._bounds.waiting_in_all)

    async def commit(self) -> None:
        """Commit the contiguous done prefix of each partition."""
        offsets: dict[TopicPartition, int] = {}
        for partition in self._consumer.assignment():
            progress = self._progress.get(partition.partition)
            offset = progress.to_commit() if progress else None
            if offset is not None:
                offsets[partition] = offset
        if not offsets:
            return
        try:
            await self._consumer.commit(offsets)
        except _MOVED_AWAY as error:
            # The partitions have gone to another member, which reads again and finds the outcomes.
            logger().warning("commit_refused", problem=type(error).__name__)
            return
        for partition, offset in offsets.items():
            progress = self._progress.get(partition.partition)
            if progress is not None:
                progress.committed(offset)
                self._view.forget_before(partition.partition, progress.oldest_ms)

    async def measure(self) -> None:
        """Notifications written and not yet done, on the partitions owned; transaction markers do not count."""
        held = len(self.held)
        behind = sum(progress.in_hand for progress in self._progress.values()) - held - len(self.paced)
        for partition in self._consumer.assignment():
            full = self._too_many_wait(partition.partition)
            try:
                async with asyncio.timeout(1.0):  # wait_for of Python 3.11 can swallow a cancellation
                    position = await self._consumer.position(partition)
                    end = (await self._end_of(partition)) if full else self._consumer.highwater(partition)
            except (IllegalStateError, TimeoutError):
                continue  # it is just being handed over
            unread = max(0, (end or 0) - position)
            if full:
                held += unread
            else:
                behind += unread
        self.lag, self.held_back = behind, held

    async def _end_of(self, partition: TopicPartition) -> int:
        """Where a partition ends that is not read now: nothing else tells of what is written there."""
        return int((await self._consumer.end_offsets([partition]))[partition])
