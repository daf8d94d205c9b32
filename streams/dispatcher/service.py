"""The dispatcher's process: group membership decides which partitions it owns; one worker owns each."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

from aiokafka import ConsumerRebalanceListener, TopicPartition

from runtime.control import ControlFollower
from runtime.health import SILENT_S, Health
from runtime.kafka import make_consumer
from runtime.log import logger
from runtime.policies import PolicyFollower
from runtime.process import nap
from runtime.settings import Settings
from runtime.topics import await_topics
from streams.dispatcher.sources import SOURCES
from streams.dispatcher.worker import Worker
from streams.rules.incidents.crews import Crews

GROUP = "dispatcher"
HAND_OVER_WITHIN_S = 8.0
"""Shorter than the group's session, so that a slow hand-over does not cost the membership."""

RESTORED_AT_ONCE = 2
"""Partitions restored at once: while its snapshots are read, a partition takes many times its later memory."""

_WATCH_S = 0.1


class NotCoPartitioned(Exception):
    """The group gave this member different partitions of different source topics."""


class WorkerEnded(Exception):
    """A worker ended by itself; what it owned would be left alone."""


class Owners(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """The workers of the partitions this process owns now. Failures are kept in ``fault`` for the main loop."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime], crews: Callable[[], Crews]) -> None:
        self.fault: BaseException | None = None
        self.assigned = False
        self.consumer = make_consumer(settings, group=GROUP, instance=settings.instance)
        self._settings, self._clock, self._crews = settings, clock, crews
        self._workers: dict[Worker, asyncio.Task[None]] = {}
        self._stop = asyncio.Event()
        self._restoring = asyncio.Semaphore(RESTORED_AT_ONCE)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The workers at work."""
        return tuple(self._workers)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Finish what is begun and let go, before others may take over."""
        self.assigned = False
        await self.release()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Start a worker for each partition. This consumer only holds the membership; workers read for themselves."""
        mine = set(assigned)
        self.consumer.pause(*mine)
        try:
            partitions = common_partitions(mine)
        except NotCoPartitioned as fault:
            self.fault = fault  # an exception raised here would only be logged
            return
        logger().info("assigned", partitions=sorted(partitions))
        self._stop = asyncio.Event()
        for partition in sorted(partitions):
            worker = Worker(self._settings, partition, self._clock, self._crews, self._restoring)
            task = asyncio.create_task(worker.run(self._stop), name=f"dispatcher-{partition}")
            self._workers[worker] = task
        self.assigned = True

    async def release(self) -> None:
        """Stop every worker after its current batch; one that does not end in time is cancelled."""
        self._stop.set()
        tasks = list(self._workers.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=HAND_OVER_WITHIN_S)
            for task in late:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            self.fault = self.fault or next((result for result in results if isinstance(result, Exception)), None)
        self._workers.clear()

    def check(self) -> None:
        """Raise what went wrong, if anything did."""
        if self.fault is not None:
            raise self.fault
        for worker, task in self._workers.items():
            if task.done() and not self._stop.is_set():
                error = None if task.cancelled() else task.exception()
                raise error or WorkerEnded(f"the worker of partition {worker.partition} ended")


def common_partitions(assigned: Iterable[TopicPartition]) -> set[int]:
    """The partitions owned of every source topic.

    Raises:
        NotCoPartitioned: some are owned of one topic only.
    """
    mine = set(assigned)
    by_topic = {topic.name: {part.partition for part in mine if part.topic == topic.name} for topic in SOURCES}
    first = by_topic[SOURCES[0].name]
    if any(owned != first for owned in by_topic.values()):
        raise NotCoPartitioned(f"the assignment differs between topics: {by_topic}; every member must use range")
    return first


async def serve_dispatcher(
    settings: Settings, health: Health, stop: asyncio.Event, clock: Callable[[], datetime]
) -> None:
    """Dispatch until ``stop``; any failure raises, and the process exits."""
    await await_topics(settings)
    async with PolicyFollower(settings) as policies, ControlFollower(settings) as control:
        owners = Owners(settings, clock, lambda: Crews(policies.get, control.current.swaps))
        owners.consumer.subscribe([topic.name for topic in SOURCES], listener=owners)
        await owners.consumer.start()
        try:
            while not stop.is_set():
                owners.check()
                _check(policies, control)
                await owners.consumer.getmany(timeout_ms=0)  # paused: shows the group that we are alive
                _report(owners, health)
                await nap(stop, _WATCH_S)
        finally:
            await owners.release()
            await owners.consumer.stop()
        owners.check()


def _check(*followers: PolicyFollower | ControlFollower) -> None:
    """Raise what ended one of ``followers``: who is on duty would not be known any more."""
    for follower in followers:
        if follower.failed is not None:
            raise follower.failed


def _report(owners: Owners, health: Health) -> None:
    workers = owners.workers
    health.ready = owners.assigned and all(worker.caught_up for worker in workers)
    health.facts["partitions"] = len(workers)
    if any(worker.heard_s_ago() > SILENT_S for worker in workers):
        return  # a lag nobody measured is not reported: health then turns by itself
    lag = {topic.name: sum(worker.lag.get(topic.name, 0) for worker in workers) for topic in SOURCES}
    handled = 0
    for worker in workers:
        handled += worker.handled
        worker.handled = 0
    health.report(lag, handled)
