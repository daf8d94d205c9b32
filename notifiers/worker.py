"""The worker loop of one channel and lane: read, deliver concurrently, commit the contiguous done prefix."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition

from notifiers.backlog import Backlog, Bounds
from notifiers.claims import WRITE_WITHIN_S, InHand
from notifiers.delivery import Courier
from notifiers.gate import Gate, HeldBack
from notifiers.pace import Stopping
from notifiers.progress import Progress
from notifiers.rates import LaneRate
from notifiers.receipts_view import ReceiptsView
from notifiers.routine import Routine
from notifiers.together import Together
from notifiers.waiting import Waiter, waiter
from runtime import metrics
from runtime.control import Control
from runtime.kafka import silent_for_s
from runtime.log import logger
from schemas.codec import Undecodable, decode, encode
from schemas.event import SourceOfRejection
from schemas.notification import Notification
from schemas.rejections import rejection
from schemas.topics import REJECTED, Topic
from schemas.vocabulary import Channel, Lane, RejectionReason

Work = Callable[[], Coroutine[Any, Any, bool]]
"""Brings one record to an end; False where it has to wait instead."""

POLL_MS = 200
COMMIT_EVERY_S = 0.2
PACE_EVERY_S = 0.5
REVOKE_WITHIN_S = 3.0


class LaneWorker:
    """Works one topic of ``notify.*`` as a member of its consumer group."""

    def __init__(
        self,
        topic: Topic,
        lane: tuple[Channel, Lane],
        consumer: AIOKafkaConsumer,
        producer: AIOKafkaProducer,
        view: ReceiptsView,
        courier: Courier,
        gate: Gate,
        stop: asyncio.Event,
        bounds: Bounds,
        rate: LaneRate | None = None,
        routine: Routine | None = None,
    ) -> None:
        """``rate`` hears how many partitions are worked here; ``routine`` says how routine texts are paced and put
        together, where they are. ``consumer`` must have a group and no subscription yet; all clients are started and
        stopped elsewhere, but for the consumer's subscription."""
        self._topic, self._lane, self._bounds, self._stop = topic, lane, bounds, stop
        self._consumer, self._producer, self._view, self._courier = consumer, producer, view, courier
        self._gate, self._rate, self._routine = gate, rate, routine
        self._backlog = Backlog(consumer, view, bounds)
        self._looked_s = 0.0
        self._judged: Control | None = None
        self._running: dict[asyncio.Task[None], frozenset[int]] = {}
        self._tails: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._room = asyncio.Event()
        self._handled = 0
        self._started_ms = time.time() * 1000
        consumer.subscribe([topic.name], listener=_Rebalance(self))

    async def run(self, drain_s: float) -> None:
        """Deliver until ``stop`` is set, then let what is under way end, for at most ``drain_s`` seconds.

        Raises:
            ExceptionGroup: the log failed, or a defect; what is under way is found by its claim afterwards.
        """
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(self._view.run(), name="receipts-view")
            books = group.create_task(self._keep_books(), name="commit")
            while not self._stop.is_set():
                await self._fetch(group)
            self._courier.stop()
            await self.settle(drain_s)
            books.cancel()
            await self._backlog.commit()
            reading.cancel()
            for task in self._running:
                task.cancel()

    @property
    def lag(self) -> int:
        """Notifications written and not yet done, as last measured, without those that wait beside."""
        return self._backlog.lag

    @property
    def held(self) -> int:
        """Notifications that a stop switch holds, as last measured."""
        return self._backlog.held_back

    def take_handled(self) -> int:
        """How many were brought to an end since the last call."""
        handled, self._handled = self._handled, 0
        return handled

    def heard_s_ago(self) -> float:
        """Seconds since the broker last answered; 0 while nothing is asked for, since there is enough in hand."""
        reading = self._consumer.assignment() - self._consumer.paused()
        if not reading or len(self._running) >= self._bounds.in_all:
            return 0.0
        return silent_for_s(self._consumer, reading, self._started_ms)

    async def settle(self, within_s: float) -> None:
        """Wait for what is under way, at most ``within_s`` seconds."""
        if self._running:
            await asyncio.wait(list(self._running), timeout=within_s)

    async def give_up(self, partitions: Iterable[int]) -> None:
        """Partitions go to another member: commit what is done. What is under way goes on; its claim protects it."""
        await self.settle(REVOKE_WITHIN_S)
        await self._backlog.commit()
        self._backlog.drop(partitions)

    def take_over(self) -> None:
        """Partitions have come or gone: the lane's rate is shared among those who work on it."""
        if self._rate is not None:
            self._rate.works_on(len(self._consumer.assignment()))

    async def _fetch(self, group: asyncio.TaskGroup) -> None:
        self._let_go(group)
        self._go_on_pacing(group)
        room = self._bounds.in_all - len(self._running)
        if room <= 0:
            self._room.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_MS / 1000):
                    await self._room.wait()
            return
        for records in (await self._consumer.getmany(timeout_ms=POLL_MS, max_records=room)).values():
            for record in records:
                self._start(group, self._backlog.read(record), record)
        self._backlog.pause_full()

    def _let_go(self, group: asyncio.TaskGroup) -> None:
        """Go on with what no switch holds any more."""
        control, room = self._gate.control, self._bounds.in_all - len(self._running)
        if control is self._judged or not self._backlog.held or room <= 0:
            return
        free = self._backlog.held.take(lambda one: control.stopped(*one.parties) is None, room)
        self._judged = control if len(free) < room else None
        for one in free:
            self._start(group, one.progress, one.record)

    def _go_on_pacing(self, group: asyncio.TaskGroup) -> None:
        """Send the next text, or one for all that wait, to each contact whose pause is over."""
        now_s = time.monotonic()
        if self._routine is None or not self._backlog.paced or now_s - self._looked_s < PACE_EVERY_S:
            return
        self._looked_s = now_s
        for together in self._routine.due(self._backlog.paced, self._bounds.in_all - len(self._running)):
            self._backlog.paced.leave(together)
            if len(together) == 1:
                self._start(group, together[0].progress, together[0].record, paced=True)
            else:
                self._start_together(group, self._routine, together)

    def _start_together(self, group: asyncio.TaskGroup, routine: Routine, waiters: list[Waiter]) -> None:
        before = {tail for one in waiters if (tail := self._tails.get(one.key)) is not None}
        task = group.create_task(self._in_turn_together(before, routine.together, waiters))
        self._running[task] = frozenset(one.record.partition for one in waiters)
        for key in {one.key for one in waiters}:
            self._tails[key] = task
            task.add_done_callback(partial(self._ended, key))

    async def _in_turn_together(
        self, before: "set[asyncio.Task[None]]", together: Together, waiters: list[Waiter]
    ) -> None:
        try:
            if before:
                await asyncio.wait(before)
            if self._stop.is_set():
                return
            hands = [self._in_hand(one.record) for one in waiters]
            left = {hand.order for hand in await together.deliver(hands)}
            paced = True  # of those left over one goes now; the others wait again
            for one, hand in zip(waiters, hands, strict=True):
                if hand.order in left:
                    if not await self._deliver(hand, one, paced=paced):
                        continue
                    paced = False
                one.progress.done(one.record.offset)
                self._handled += 1
        except Stopping:
            return

    def _in_hand(self, record: "ConsumerRecord[Any, Any]") -> InHand:
        notification = cast(Notification, decode(self._topic, record.value))
        return InHand(notification, record.partition, record.offset, record.timestamp)

    def _start(
        self,
        group: asyncio.TaskGroup,
        progress: Progress,
        record: "ConsumerRecord[Any, Any]",
        *,
        paced: bool = False,
    ) -> None:
        """``paced``: the contact's pause is over, this one goes now."""
        work: Work
        try:
            hand = self._in_hand(record)
            notification = hand.notification
            if (notification.channel, notification.lane) != self._lane:
                detail = f"a notification for {notification.channel.value}.{notification.lane.value}"
                raise Undecodable(RejectionReason.INVALID, detail, f"{self._topic.name} is for its own lane only")
        except Undecodable as fault:
            work, key = partial(self._reject, record, fault), ("", f"{record.partition}.{record.offset}")
        else:
            waiting = waiter(record, progress, notification)
            key, work = waiting.key, partial(self._deliver, hand, waiting, paced=paced)
        task = group.create_task(self._in_turn(self._tails.get(key), work, progress, record.offset))
        self._tails[key], self._running[task] = task, frozenset((record.partition,))
        task.add_done_callback(partial(self._ended, key))

    async def _in_turn(self, before: "asyncio.Task[None] | None", work: Work, progress: Progress, offset: int) -> None:
        """Do ``work`` after the task ``before`` it of the same incident and contact."""
        try:
            if before is not None:
                await asyncio.wait([before])
            if self._stop.is_set():
                return
            if await work():
                progress.done(offset)
                self._handled += 1
        except Stopping:
            return

    async def _deliver(self, hand: InHand, waiting: Waiter, *, paced: bool) -> bool:
        """Bring ``hand`` to an end, or let it wait where a switch or its contact's pace holds it, or one before it."""
        room = self._backlog.held
        if self._backlog.held.holds(waiting.key):
            await self._courier.say_if_held(hand)
        while not self._backlog.held.holds(waiting.key):
            if not paced and not self._may_go_now(hand, waiting):
                room = self._backlog.paced
                break
            try:
                await self._courier.deliver(hand)
            except HeldBack:
                if self._gate.switch_over(hand.notification) is not None:
                    break  # else it went off meanwhile
            else:
                return True
        self._backlog.let_wait(waiting, room)
        return False

    def _may_go_now(self, hand: InHand, waiting: Waiter) -> bool:
        """Whether the contact's pace lets it go: then it counts as gone. What a switch covers does not count."""
        if self._routine is None or self._gate.switch_over(hand.notification) is not None:
            return True
        return not self._backlog.paced.holds(waiting.key) and self._routine.paces.may_go(hand.notification.contact_id)

    def _ended(self, key: tuple[str, str], task: "asyncio.Task[None]") -> None:
        self._running.pop(task, None)
        self._room.set()
        if self._tails.get(key) is task:
            del self._tails[key]

    async def _reject(self, record: "ConsumerRecord[Any, Any]", fault: Undecodable) -> bool:
        at = datetime.now(UTC)
        refused = rejection(
            fault,
            record.value,
            refused_by=SourceOfRejection.NOTIFIER,
            at=at,
            topic=self._topic.name,
            partition=record.partition,
            offset=record.offset,
            key=record.key,
        )
        encoded = encode(REJECTED, refused, source="notifier", at=at, cause=refused.event_id)
        async with asyncio.timeout(WRITE_WITHIN_S):
            await self._producer.send_and_wait(
                REJECTED.name, value=encoded.value, key=record.key, partition=record.partition, headers=encoded.headers
            )
        metrics.RECORDS_REJECTED.labels(fault.reason.value).inc()
        logger().error("notification_rejected", topic=self._topic.name, offset=record.offset, reason=fault.reason.value)
        return True

    async def _keep_books(self) -> None:
        while True:
            await asyncio.sleep(COMMIT_EVERY_S)
            await self._backlog.commit()
            owned = {partition.partition for partition in self._consumer.assignment()}
            self._view.keep_only(owned.union(*self._running.values()))
            await self._backlog.measure()


class _Rebalance(ConsumerRebalanceListener):  # type: ignore[misc]
    """Hands partitions over between members."""

    def __init__(self, worker: LaneWorker) -> None:
        self._worker = worker

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Finish and commit what can be, before somebody else has them."""
        await self._worker.give_up([partition.partition for partition in revoked])

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Each partition's receipts are followed from its first notification on; only the rate is shared anew."""
        self._worker.take_over()
