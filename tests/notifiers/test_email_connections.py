"""Connections to the mail server are kept while mails follow one another, and replaced when the server closed them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from notifiers import email_connections
from notifiers.email_smtp import SmtpEmail
from notifiers.message import Message
from notifiers.outcome import Outcome, Retry, Sent, Unknown
from runtime.settings import SmtpSettings
from schemas.vocabulary import Channel
from tests.notifiers.stage import order

MAIL = Message(order("a" * 64, channel=Channel.EMAIL), "chief@example.org", "Teksts", subject="Žagarė", html="<p>x</p>")


@dataclass
class Server:
    """A mail server that counts connections and mails. It hangs up after ``mails_each``, in the way of ``manner``."""

    mails_each: int = 1000
    manner: str = "silently"
    greets: bool = True
    port: int = 0
    connections: int = 0
    goodbyes: int = 0
    mails: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One session."""
        self.connections += 1
        try:
            if not self.greets:
                await reader.read()
                return
            await self._session(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        taken = 0
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"MAIL" and taken >= self.mails_each:
                writer.write(b"421 4.7.0 enough for one connection\r\n")
                return
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
                taken += 1
                writer.write(b"250 taken\r\n")
                if taken >= self.mails_each and self.manner == "silently":
                    return
            elif verb == b"QUIT":
                self.goodbyes += 1
                writer.write(b"221 bye\r\n")
                return
            else:
                writer.write(b"250 ok\r\n")


@asynccontextmanager
async def mailing(server: Server) -> AsyncIterator[SmtpEmail]:
    """The channel, connected to ``server``."""
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    settings = SmtpSettings(
        host="127.0.0.1", port=server.port, security="none", sender="alerts@example.org", timeout_s=10.0
    )
    channel = SmtpEmail(settings)
    try:
        yield channel
    finally:
        await channel.close()
        listening.close()
        await listening.wait_closed()


async def send(channel: SmtpEmail, count: int = 1) -> list[Outcome]:
    """``count`` mails, one after the other."""
    return [await channel.send(MAIL, datetime.now(UTC)) for _ in range(count)]


async def test_mails_that_follow_one_another_share_a_connection() -> None:
    """One after the other needs one connection, ten at once ten, and each is left with a goodbye."""
    server = Server()
    async with mailing(server) as channel:
        assert all(isinstance(one, Sent) for one in await send(channel, 5))
        assert server.connections == 1
        outcomes = await asyncio.gather(*(send(channel) for _ in range(10)))
        assert all(isinstance(one, Sent) for (one,) in outcomes)
    assert (len(server.mails), server.connections, server.goodbyes) == (15, 10, 10)


@pytest.mark.parametrize("manner", ["silently", "with 421"])
async def test_a_connection_that_the_server_closed_is_replaced(manner: str) -> None:
    """What ends a kept connection before the next content leaves costs no failure and no second mail."""
    server = Server(mails_each=2, manner=manner)
    async with mailing(server) as channel:
        assert all(isinstance(one, Sent) for one in await send(channel, 6))
    assert (len(server.mails), server.connections) == (6, 3)


async def test_a_server_that_hangs_up_on_a_new_connection_is_a_failure() -> None:
    """Only a kept connection is tried a second time: a server that will not have us is not asked for ever."""
    server = Server(mails_each=0, manner="with 421")
    async with mailing(server) as channel:
        (outcome,) = await send(channel)
    assert isinstance(outcome, Retry)
    assert (server.connections, server.mails) == (1, [])


async def test_a_server_that_does_not_greet_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long before the time that a whole mail may take, and definitely: nothing was handed over."""
    monkeypatch.setattr(email_connections, "GREETING_S", 0.1)
    async with mailing(Server(greets=False)) as channel:
        async with asyncio.timeout(5):
            (outcome,) = await send(channel)
    assert isinstance(outcome, Retry)


async def test_a_silent_connection_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody keeps a server's place taken when no mail follows."""
    monkeypatch.setattr(email_connections, "IDLE_S", 0.05)
    server = Server()
    async with mailing(server) as channel:
        await send(channel)
        async with asyncio.timeout(5):
            while not server.goodbyes:  # noqa: ASYNC110 - the server is a plain object
                await asyncio.sleep(0.01)
        assert isinstance((await send(channel))[0], Sent)
    assert server.connections == 2


async def test_a_cancelled_mail_takes_its_connection_along() -> None:
    """A connection in the middle of a mail is never used for another one."""
    server = Server()
    async with mailing(server) as channel:
        await send(channel)
        task = asyncio.create_task(channel.send(MAIL, datetime.now(UTC)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        outcomes = await send(channel, 2)
    assert not any(isinstance(one, Unknown | Retry) for one in outcomes)
