"""Connections to a mail server that are kept for the next mail, for as long as mails follow one another."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

import aiosmtplib

GREETING_S = 5.0
"""A server that does not take a connection and greet within this time is not there; others may be."""

IDLE_S = 5.0
"""Kept so long without a mail. Servers under load close a silent connection after some ten seconds."""

IDLE_MAX = 10
MAILS_MAX = 100
"""Mails by one connection; servers commonly close one after some hundred."""

QUIT_S = 1.0


@dataclass(eq=False)
class Connection:
    """A connection on which no mail is under way. ``mails`` were taken by it so far."""

    client: aiosmtplib.SMTP
    mails: int = 0
    closing: asyncio.TimerHandle | None = field(default=None, repr=False)

    @property
    def used(self) -> bool:
        """Whether it was kept from an earlier mail, so that the server may have closed it meanwhile."""
        return self.mails > 0


class Connections:
    """Opens connections and keeps those that came back well; the last one kept is the first one used again."""

    def __init__(self, make: Callable[[], aiosmtplib.SMTP]) -> None:
        """``make`` gives a client that is not connected yet."""
        self._make = make
        self._idle: list[Connection] = []
        self._leaving: set[asyncio.Task[None]] = set()

    async def take(self, *, fresh: bool = False) -> Connection:
        """A connection, kept or (always so with ``fresh``) new.

        Raises:
            TimeoutError, OSError, aiosmtplib.SMTPException: the server cannot be had; no connection is left behind.
        """
        while self._idle and not fresh:
            kept = self._idle.pop()
            self._stop_closing(kept)
            if kept.client.is_connected:
                return kept
            kept.client.close()
        connection = Connection(self._make())
        try:
            async with asyncio.timeout(GREETING_S):
                await connection.client.connect()
        except BaseException:
            connection.client.close()
            raise
        return connection

    def keep(self, connection: Connection) -> None:
        """Take back a connection whose mail was answered for."""
        connection.mails += 1
        if connection.mails >= MAILS_MAX or len(self._idle) >= IDLE_MAX or not connection.client.is_connected:
            self._leave_soon(connection)
            return
        self._idle.append(connection)
        connection.closing = asyncio.get_running_loop().call_later(IDLE_S, self._tired, connection)

    async def leave(self, connection: Connection) -> None:
        """Say goodbye where that still works, and close; no mail's fate hangs on it."""
        if connection.client.is_connected:
            with contextlib.suppress(aiosmtplib.SMTPException, TimeoutError, OSError):
                async with asyncio.timeout(QUIT_S):
                    await connection.client.quit()
        connection.client.close()

    async def close(self) -> None:
        """Leave all that are kept."""
        idle, self._idle = self._idle, []
        for connection in idle:
            self._stop_closing(connection)
        await asyncio.gather(*(self.leave(connection) for connection in idle), *self._leaving)

    def _tired(self, connection: Connection) -> None:
        self._idle.remove(connection)
        self._leave_soon(connection)

    def _leave_soon(self, connection: Connection) -> None:
        task = asyncio.create_task(self.leave(connection))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    @staticmethod
    def _stop_closing(connection: Connection) -> None:
        if connection.closing is not None:
            connection.closing.cancel()
            connection.closing = None
