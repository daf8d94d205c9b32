"""The parts of Faust and aiokafka that the loop touches, small enough to be held in the hand."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from schemas.codec import Headers


@dataclass
class Batch:
    """A batch that holds ``room`` records. As in aiokafka, it refuses a record by giving None."""

    room: int
    values: list[bytes] = field(default_factory=list)

    def append(self, *, key: bytes | None, value: bytes, timestamp: int | None, headers: Headers) -> object | None:
        """Metadata, or None where there is no room."""
        assert timestamp is None
        if len(self.values) >= self.room:
            return None
        self.values.append(value)
        return key or headers or value

    def record_count(self) -> int:
        """Records so far."""
        return len(self.values)

    def size(self) -> int:
        """Bytes so far."""
        return sum(map(len, self.values))


class Producer:
    """Takes batches; acknowledges each when told to, or at once."""

    def __init__(self, room: int = 2, *, at_once: bool = True) -> None:
        self._room, self._at_once = room, at_once
        self.sent: list[tuple[str, int, list[bytes]]] = []
        self.waiting: list[asyncio.Future[None]] = []
        self.fail: Exception | None = None
        self.arrived = asyncio.Event()

    def create_batch(self) -> Batch:
        """An empty batch."""
        return Batch(self._room)

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> "asyncio.Future[None]":
        """Take ``batch``; the future is the broker's acknowledgement."""
        self.sent.append((topic, partition, batch.values))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.fail is not None:
            done.set_exception(self.fail)
        elif self._at_once:
            done.set_result(None)
        self.waiting.append(done)
        self.arrived.set()
        return done


@dataclass(frozen=True)
class Message:
    """What one fetch brought of one partition."""

    records: tuple[str, ...]


@dataclass(frozen=True)
class Event:
    """What a Faust stream yields."""

    message: Message


class Stream:
    """A Faust stream without automatic acknowledgement; ends when told to."""

    def __init__(self, *batches: tuple[str, ...]) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self.acked: list[str] = []
        self.add(*batches)

    def add(self, *batches: tuple[str, ...]) -> None:
        """Have more to read."""
        for records in batches:
            self._queue.put_nowait(Event(Message(records)))

    def end(self) -> None:
        """Have nothing more to read, ever."""
        self._queue.put_nowait(None)

    def noack(self) -> "Stream":
        """This stream: it never acknowledges by itself."""
        return self

    async def events(self) -> AsyncIterator[Event]:
        """The events, as they come."""
        while (event := await self._queue.get()) is not None:
            yield event

    async def ack(self, event: Event) -> None:
        """Note an acknowledgement of every record."""
        self.acked += event.message.records


class App:
    """A Faust app that only knows its producer and whether it crashed."""

    def __init__(self, producer: Producer) -> None:
        self.producer: Any = SimpleNamespace(_producer=producer)
        self.crashed_by: BaseException | None = None
        self.crashed = asyncio.Event()

    async def crash(self, error: BaseException) -> None:
        """Note what crashed it."""
        self.crashed_by = error
        self.crashed.set()
