"""One SMPP 3.4 session that is kept up: bound, asked whether it is alive, and bound anew when it breaks."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Literal

from aiosmpplib.protocol import BindReceiver, BindTransceiver, BindTransmitter, SubmitSm

from runtime.log import logger
from runtime.settings import SmppSettings
from runtime.smpp_pdu import (
    HEADER_BYTES,
    RESPONSE,
    Command,
    Delivered,
    Header,
    NoSmpp,
    Status,
    Unreadable,
    bare,
    read_delivered,
    read_header,
    read_message_id,
)

BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
CONNECTING_S = 2.0
"""How long a text waits for a bind that is under way."""

UNBIND_S = 1.0
DELIVERIES_AT_ONCE = 100
MAX_SEQUENCE = 0x7FFFFFFF

Bind = Literal["transmitter", "receiver", "transceiver"]
_BINDS: dict[Bind, type[BindTransceiver]] = {
    "transmitter": BindTransmitter,
    "receiver": BindReceiver,
    "transceiver": BindTransceiver,
}

OnDelivered = Callable[[Delivered], Awaitable[int]]
"""Takes what the provider delivers, and says the status to answer with: 0 when it is kept for good."""


class NotBound(Exception):
    """There is no session; nothing was written. ``status`` is the provider's word, where it refused the bind."""

    def __init__(self, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.status = status


class Broken(Exception):
    """The connection ended after the request was written and before its answer came."""


@dataclass(frozen=True)
class Answer:
    """The provider's answer to a text: a status, 0 for taken, and its name for the text."""

    status: int
    message_id: str


class SmppSession:
    """A bind that ``run`` keeps up. At most ``window`` requests wait for their answers at once."""

    def __init__(self, settings: SmppSettings, bind: Bind, on_delivered: OnDelivered | None = None) -> None:
        """``on_delivered`` None refuses for now what is delivered here, so that the provider tries another session."""
        self._settings, self._bind, self._on_delivered = settings, bind, on_delivered
        self._window = asyncio.Semaphore(settings.window)
        self._deliveries = asyncio.Semaphore(DELIVERIES_AT_ONCE)
        self._answers: dict[int, asyncio.Future[Answer]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._defect: asyncio.Future[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._draining = asyncio.Lock()
        self._bound, self._settled = asyncio.Event(), asyncio.Event()
        # Settled: bound, or known not to be. Until then texts wait a moment.
        self._why = NotBound("not connected yet")
        self._heard_s, self._sequence = 0.0, 0
        self._closing, self._lost = False, asyncio.Event()

    @property
    def bound(self) -> bool:
        """Whether the provider has let us in."""
        return self._bound.is_set()

    async def submit(self, message: SubmitSm) -> "asyncio.Future[Answer]":
        """Write ``message``; its answer comes through the future, which also fails with ``Broken``.

        The place in the window is kept until the future is done: cancel it to give it up.

        Raises:
            NotBound: nothing was written.
        """
        await self._await_bound()
        await self._window.acquire()
        if not self.bound or self._writer is None:
            self._window.release()
            raise self._why
        message.sequence_num = self._next()
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda done: self._answered(message.sequence_num, done))
        self._answers[message.sequence_num] = answer
        self._writer.write(message.pdu())
        return answer

    async def run(self) -> None:
        """Connect, bind and serve, again and again, until cancelled."""
        failed = 0
        while True:
            try:
                await self._once()
            except NotBound as refused:
                self._why = refused
            except (OSError, TimeoutError, asyncio.IncompleteReadError, NoSmpp) as fault:
                self._why = NotBound(type(fault).__name__)
            finally:
                was_bound = self.bound
                self._lose()
            if self._closing:
                return
            if was_bound:
                failed = 0
                self._settled.clear()  # bound anew in a moment: texts may wait for it
            else:
                self._settled.set()
            pause_s = BACKOFF_S[min(failed, len(BACKOFF_S) - 1)]
            failed += 1
            logger().warning("smpp_not_bound", bind=self._bind, why=str(self._why), next_in_s=pause_s)
            await asyncio.sleep(pause_s)

    async def close(self) -> None:
        """Say goodbye, where there is somebody to say it to. ``run`` is to be cancelled afterwards."""
        self._closing = True
        if self._writer is None or not self.bound:
            return
        self._bound.clear()
        self._why = NotBound("closing")
        self._lost.clear()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(UNBIND_S):
                await self._write(bare(Command.UNBIND, 0, self._next()))
                await self._lost.wait()

    async def _await_bound(self) -> None:
        if not self.bound:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CONNECTING_S):
                    await self._settled.wait()
        if not self.bound:
            raise self._why

    async def _once(self) -> None:
        reader, self._writer = await self._connect()
        async with asyncio.timeout(self._settings.timeout_s):
            await self._enter(reader, self._writer)
        self._bound.set()
        self._settled.set()
        self._heard_s = time.monotonic()
        logger().info("smpp_bound", bind=self._bind)
        self._defect = asyncio.get_running_loop().create_future()
        keeping = asyncio.create_task(self._keep_alive(), name="smpp-keep-alive")
        reading = asyncio.create_task(self._read(reader), name="smpp-read")
        try:
            done, _ = await asyncio.wait((keeping, reading, self._defect), return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            self._defect.cancel()
            for task in (keeping, reading):
                task.cancel()
            await asyncio.gather(keeping, reading, return_exceptions=True)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        settings = self._settings
        context = ssl.create_default_context() if settings.tls else None
        async with asyncio.timeout(settings.timeout_s):
            return await asyncio.open_connection(settings.host, settings.port, ssl=context)

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        settings = self._settings
        request = _BINDS[self._bind](
            sequence_num=self._next(),
            system_id=settings.system_id,
            password=settings.password.get_secret_value(),
            system_type=settings.system_type,
        )
        writer.write(request.pdu())
        await writer.drain()
        while True:
            header, _ = await _next_pdu(reader)
            if header.command == Command.GENERIC_NACK or header.command == request.smpp_command | RESPONSE:
                break
        if header.status or header.command == Command.GENERIC_NACK:
            raise NotBound(f"the bind was refused with status {header.status:#x}", header.status)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            header, body = await _next_pdu(reader)
            self._heard_s = time.monotonic()
            match header.command:
                case Command.SUBMIT_SM_RESP | Command.GENERIC_NACK:
                    self._settle(header, body)
                case Command.DELIVER_SM:
                    await self._deliveries.acquire()
                    self._start(self._deliver(header, body))
                case Command.ENQUIRE_LINK:
                    await self._write(bare(Command.ENQUIRE_LINK_RESP, 0, header.sequence))
                case Command.UNBIND:
                    await self._write(bare(Command.UNBIND_RESP, 0, header.sequence))
                    raise NotBound("the provider unbound us")
                case Command.UNBIND_RESP:
                    raise NotBound("unbound")
                case command if not command & RESPONSE:
                    await self._write(bare(Command.GENERIC_NACK, Status.INVALID_COMMAND, header.sequence))

    def _settle(self, header: Header, body: bytes) -> None:
        answer = self._answers.get(header.sequence)
        if answer is None or answer.done():
            logger().warning("smpp_answer_to_nothing", status=header.status)
            return
        nack = header.command == Command.GENERIC_NACK
        status = (header.status or Status.INVALID_COMMAND) if nack else header.status
        answer.set_result(Answer(status, "" if nack else read_message_id(body)))

    async def _deliver(self, header: Header, body: bytes) -> None:
        writer = self._writer
        try:
            status = int(Status.TRY_LATER)
            try:
                if self._on_delivered is not None:
                    status = await self._on_delivered(read_delivered(body))
            except Unreadable as fault:
                logger().error("smpp_delivery_unreadable", why=str(fault))
                status = Status.REFUSED_FOR_GOOD
            # An answer counts in the session of its question only.
            if writer is not None and writer is self._writer:
                await self._write(bare(Command.DELIVER_SM_RESP, status, header.sequence, b"\0"))
        except (OSError, TimeoutError):
            return  # the provider delivers again what was not answered
        finally:
            self._deliveries.release()

    async def _keep_alive(self) -> None:
        """Ask after every silence, and end the session when nothing at all is heard then."""
        settings = self._settings
        while True:
            quiet_s = time.monotonic() - self._heard_s
            if quiet_s < settings.enquire_link_s:
                await asyncio.sleep(settings.enquire_link_s - quiet_s)
                continue
            asked_s = time.monotonic()
            await self._write(bare(Command.ENQUIRE_LINK, 0, self._next()))
            await asyncio.sleep(settings.timeout_s)
            if self._heard_s < asked_s:
                raise TimeoutError("no answer to enquire_link")

    async def _write(self, pdu: bytes) -> None:
        if self._writer is None:
            raise BrokenPipeError
        self._writer.write(pdu)
        async with self._draining, asyncio.timeout(self._settings.timeout_s):
            await self._writer.drain()

    def _lose(self) -> None:
        """The connection is gone: whoever waits for an answer will not get it here."""
        self._bound.clear()
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.transport.abort()
        self._lost.set()
        for answer in list(self._answers.values()):
            if not answer.done():
                answer.set_exception(Broken())
        for task in self._running:
            task.cancel()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """A delivery was dealt with; a defect in doing so ends ``run``."""
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and self._defect is not None and not self._defect.done():
            self._defect.set_exception(error)

    def _answered(self, sequence: int, answer: "asyncio.Future[Answer]") -> None:
        self._answers.pop(sequence, None)
        self._window.release()
        if not answer.cancelled():
            answer.exception()  # whoever waited may have gone

    def _next(self) -> int:
        self._sequence = self._sequence % MAX_SEQUENCE + 1
        return self._sequence


async def _next_pdu(reader: asyncio.StreamReader) -> tuple[Header, bytes]:
    header = read_header(await reader.readexactly(HEADER_BYTES))
    return header, await reader.readexactly(header.length - HEADER_BYTES)
