"""One partition's worker: read a batch, fold it, write everything it leads to in one transaction, go on."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

from aiokafka import AIOKafkaProducer

from runtime import metrics
from runtime.kafka import make_producer
from runtime.log import logger
from runtime.log_clock import LogClock
from runtime.settings import Settings
from schemas.incident import Cursor
from streams.dispatcher.batch import Batch, Outcome, Output, cursor_output, in_order
from streams.dispatcher.ledger import Ledger
from streams.dispatcher.restore import restore
from streams.dispatcher.sources import Sources
from streams.rules.incidents.crews import Crews

TRANSACTION_TIMEOUT_S = 10.0
IDLE_S = 0.5
CATCHING_UP_S = 0.05
"""Until everything older than the start has been read, the sources are looked at so often."""

GATHER_S = 0.02
"""Receipts wait this long after a transaction, so that batches fill; decisions never wait."""

SNAPSHOTS_EVERY_S = 1.0
"""State that made nobody act (a claim, an outcome) is written with the next order, or after this time."""

SNAPSHOTS_MAX = 200
"""So many snapshots that wait are written at once, so that no transaction grows beyond its time."""

CURSOR_EVERY_S = 5.0
"""How often a cursor is written alone, when records were read that led to nothing."""

STOP_WITHIN_S = 5.0


class Worker:
    """Owns one partition from assignment to revocation. ``run`` raises on any failure; the process then exits."""

    def __init__(
        self,
        settings: Settings,
        partition: int,
        clock: Callable[[], datetime],
        crews: Callable[[], Crews],
        restoring: asyncio.Semaphore,
    ) -> None:
        """``crews`` says who is on duty; ``restoring`` bounds how many partitions are restored at once."""
        self.partition = partition
        self.caught_up = False
        self.handled = 0
        self.lag: dict[str, int] = {}
        self._settings, self._clock, self._restoring = settings, LogClock(clock), restoring
        self._crews = crews
        self._sources = Sources(settings, partition)
        self._ledger = Ledger(partition)
        self._committed_at = 0.0
        self._snapshots: dict[str, Output] = {}
        self._written_offsets: dict[str, int] = {}

    def heard_s_ago(self) -> float:
        """Seconds since the broker last told how far the sources reach."""
        return self._sources.heard_s_ago()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``; a batch that was begun is finished first."""
        producer = make_producer(
            self._settings, transactional_id=f"dispatcher-{self.partition}", timeout_s=TRANSACTION_TIMEOUT_S
        )
        try:
            await producer.start()  # fences the predecessor and ends its open transaction
            async with self._restoring:
                self._ledger = await restore(self._settings, self.partition)
            self._ledger.offsets = self._written_offsets = await self._sources.start(self._ledger.offsets)
            logger().info("partition_taken", partition=self.partition, incidents=len(self._ledger.incidents))
            while not stop.is_set():
                await self._step(producer)
            if self._behind:
                await self._write(producer, ())
        finally:
            await self._close(producer)

    async def _step(self, producer: AIOKafkaProducer) -> None:
        records = await self._sources.read(self._wait_s(), self._committed_at + GATHER_S - time.monotonic())
        self.lag = await self._sources.lag()
        # No timer fires before every source was read to the end it had at assignment.
        self.caught_up = self.caught_up or await self._sources.caught_up()
        if self.caught_up and not self._clock.known:
            await self._write(producer, ())  # the broker's answer tells its time, by which timers are judged
        now = self._clock.now()
        batch = Batch(self._ledger, now, self._crews())
        batch.apply(in_order(records))
        if self.caught_up:
            batch.fire()
        offsets = dict(self._ledger.offsets)
        for record in records:
            offsets[record.topic] = max(offsets[record.topic], record.offset + 1)
        outcome = batch.outcome()
        self._accept(outcome, offsets, len(records))
        waited_s = time.monotonic() - self._committed_at
        state_is_due = len(self._snapshots) > SNAPSHOTS_MAX or (bool(self._snapshots) and waited_s > SNAPSHOTS_EVERY_S)
        if outcome.orders or state_is_due or (self._behind and waited_s > CURSOR_EVERY_S):
            await self._write(producer, outcome.orders)

    @property
    def _behind(self) -> bool:
        """Whether the log does not hold everything yet that was read; read again, it gives the same."""
        return bool(self._snapshots) or self._ledger.offsets != self._written_offsets

    def _accept(self, outcome: Outcome, offsets: dict[str, int], handled: int) -> None:
        self._ledger.accept(outcome.states)
        self._ledger.forget(outcome.forgotten)
        self._ledger.offsets = offsets
        self._snapshots |= outcome.snapshots
        self.handled += handled
        for note in outcome.notifications:
            metrics.NOTIFICATIONS_EMITTED.labels(note.channel.value, note.lane.value, note.template.value).inc()

    def _wait_s(self) -> float:
        if not self.caught_up:
            return CATCHING_UP_S
        moment = self._ledger.next_due()
        if moment is None:
            return IDLE_S
        return min(IDLE_S, max(0.0, (moment - self._clock.now()).total_seconds()))

    def _cursor(self, offsets: dict[str, int]) -> Cursor:
        return Cursor(partition=self.partition, offsets=offsets, at=self._clock.now())

    async def _write(self, producer: AIOKafkaProducer, orders: tuple[Output, ...]) -> None:
        """Write orders, every snapshot that waits, and the cursor, in one transaction."""
        started, offsets = time.monotonic(), self._ledger.offsets
        outputs = (*orders, *self._snapshots.values(), cursor_output(self._cursor(offsets)))
        async with asyncio.timeout(TRANSACTION_TIMEOUT_S), producer.transaction():
            sent = [
                await producer.send(
                    output.topic,
                    output.value,
                    key=output.key,
                    partition=self.partition,
                    headers=output.headers,
                )
                for output in outputs
            ]
            acknowledged = await asyncio.gather(*sent)
        self._clock.stamp(acknowledged[-1].timestamp)
        self._committed_at = time.monotonic()
        self._snapshots, self._written_offsets = {}, offsets
        metrics.TRANSACTIONS.observe(self._committed_at - started)

    async def _close(self, producer: AIOKafkaProducer) -> None:
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await self._sources.stop()
                await producer.stop()
        except TimeoutError:
            logger().warning("close_timed_out", partition=self.partition)
