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

MAX_BATCH = 500
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
    return batch.append(key=output.key, value=output.value, timestamp=None, headers=output.headers) is not None


class GroupCommit:
    """Queues events of one stream and writes their outputs in batches; see the module's text.

    ``decide`` turns an event's message into outputs and does not raise for bad input. ``pending`` is bounded by
    twice ``MAX_BATCH``: beyond it the stream waits. A batch that is not acknowledged within ``send_within_s``
    seconds ends the process.
    """

    def __init__(
        self, app: Any, decide: Callable[[Any], list[Output]], on_done: Callable[[int], None], send_within_s: float
    ) -> None:
        self._app, self._decide, self._on_done, self._send_within_s = app, decide, on_done, send_within_s
        self.pending: deque[Any] = deque()
        self._wake, self._room = asyncio.Event(), asyncio.Event()

    async def run(self, stream: Any) -> None:
        """Serve ``stream`` until it ends."""
        manual = stream.noack()
        flusher = asyncio.create_task(self._flush(manual), name="router-flush")
        try:
            async for event in manual.events():
                self.pending.append(event)
                self._wake.set()
                while len(self.pending) >= 2 * MAX_BATCH:
                    self._room.clear()
                    await self._room.wait()
        finally:
            flusher.cancel()

    async def _flush(self, stream: Any) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self.pending:
                    if _BUSY < len(self.pending) < MAX_BATCH:
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
        batch = [self.pending.popleft() for _ in range(min(len(self.pending), MAX_BATCH))]
        self._room.set()
        outputs = [output for event in batch for output in self._decide(event.message)]
        await asyncio.wait_for(send_all(self._app.producer._producer, outputs), self._send_within_s)
        for event in batch:
            await stream.ack(event)
        self._on_done(len(batch))
