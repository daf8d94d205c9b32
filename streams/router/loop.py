"""The loop that loses no event: queue, decide, write the batch, await every acknowledgement, then acknowledge.

Faust acknowledges an event when its agent body lets go of it, whatever became of it, and loses sends that fail
later. So the agent here only queues; one flusher takes what is queued, writes all outputs as batches on the
underlying producer, waits for the broker, and acknowledges the inputs in order. An idle router sends at once, a
busy one fills batches by itself. Any failure ends the process: what was not acknowledged is read again.
"""

import asyncio
import os
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from schemas.codec import Headers
from schemas.topics import DECISIONS, TOPICS
from streams.router.batches import Incoming

MAX_BATCH = 500
MAX_BATCH_BYTES = DECISIONS.max_bytes
_BUSY = 4
_NAP_S = 0.005
_EXIT_AFTER_CRASH_S = 5.0


@dataclass(frozen=True)
class Output:
    """One record to write: topic, partition, key, value, headers."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes
    headers: Headers


class RecordTooLarge(Exception):
    """An output fits into no batch: its topic's bound was not kept before."""


async def send_all(producer: Any, outputs: Iterable[Output]) -> None:
    """Write ``outputs`` by the aiokafka ``producer`` and return when the broker has acknowledged every one."""
    open_: dict[tuple[str, int], Any] = {}
    sent: list[Awaitable[Any]] = []
    for output in outputs:
        place = output.topic, output.partition
        batch = open_.get(place)
        if batch is None or not _append(batch, output):
            if batch is not None:
                sent.append(await producer.send_batch(batch, output.topic, partition=output.partition))
            batch = open_[place] = producer.create_batch()
            if not _append(batch, output):
                raise RecordTooLarge(f"{len(output.value)} bytes for {output.topic}")
    for (topic, partition), batch in open_.items():
        sent.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*sent)


def _append(batch: Any, output: Output) -> bool:
    """Add ``output`` where there is room: in a batch, and in what a broker takes as one for its topic."""
    if batch.record_count() and batch.size() + len(output.value) > _most_bytes(output.topic):
        return False
    return batch.append(key=output.key, value=output.value, timestamp=None, headers=output.headers) is not None


def _most_bytes(topic: str) -> int:
    """The longest batch that is written to ``topic``: no longer than its longest record may be."""
    known = TOPICS.get(topic)
    return MAX_BATCH_BYTES if known is None else known.max_bytes


class GroupCommit:
    """Queues the batches of one stream and writes what they lead to together; see the module's text.

    ``decide`` turns a record into outputs and does not raise for bad input. Reading waits for ``room`` while
    ``held`` records, twice ``MAX_BATCH``, wait here. What is not acknowledged within ``send_within_s`` seconds ends
    the process.
    """

    def __init__(
        self, app: Any, decide: Callable[[Incoming], list[Output]], on_done: Callable[[int], None], send_within_s: float
    ) -> None:
        self._app, self._decide, self._on_done, self._send_within_s = app, decide, on_done, send_within_s
        self._pending: deque[Any] = deque()
        self.held = 0
        self._wake, self._room = asyncio.Event(), asyncio.Event()

    async def room(self) -> None:
        """Return when more may be read."""
        while self.held >= 2 * MAX_BATCH:
            self._room.clear()
            await self._room.wait()

    async def run(self, stream: Any) -> None:
        """Serve ``stream`` until it ends."""
        manual = stream.noack()
        flusher = asyncio.create_task(self._flush(manual), name="router-flush")
        try:
            async for event in manual.events():
                self._pending.append(event)
                self.held += len(event.message.records)
                self._wake.set()
        finally:
            flusher.cancel()

    async def _flush(self, stream: Any) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._pending:
                    if _BUSY < self.held < MAX_BATCH:
                        await asyncio.sleep(_NAP_S)  # only under load: let the batch fill
                    await self._write(stream)
        except Exception as error:
            # Crashing a Faust app has been seen to leave a silent process behind; this one ends for certain.
            timer = threading.Timer(_EXIT_AFTER_CRASH_S, os._exit, (70,))
            timer.daemon = True  # a process that does end by itself need not wait for it
            timer.start()
            await self._app.crash(error)
            raise

    async def _write(self, stream: Any) -> None:
        events = [self._pending.popleft()]
        count = len(events[0].message.records)
        while self._pending and count + len(self._pending[0].message.records) <= MAX_BATCH:
            events.append(self._pending.popleft())
            count += len(events[-1].message.records)
        outputs = [output for event in events for record in event.message.records for output in self._decide(record)]
        async with asyncio.timeout(self._send_within_s):
            await send_all(self._app.producer._producer, outputs)
        for event in events:
            await stream.ack(event)
        self.held -= count
        self._room.set()
        self._on_done(count)
