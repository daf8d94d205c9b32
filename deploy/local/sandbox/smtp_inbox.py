"""The SMTP inbox: every mail as a file, and the ways in which a mail server fails."""

import asyncio
import time
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.sandbox.faults import FaultBoard
from deploy.local.sandbox.ledger import Entry, Ledger, stamp
from deploy.local.sandbox.models import Mail, MailFault, MailFaultKind

MAX_MAIL_BYTES = 5 * 1024**2
_CONNECTION = {MailFaultKind.REFUSE_CONNECTION, MailFaultKind.HANG_CONNECTION}
_DATA = {MailFaultKind.DEFER_DATA, MailFaultKind.HANG_DATA, MailFaultKind.DROP_AFTER_DATA}
_RECIPIENT = {
    MailFaultKind.REFUSE_RECIPIENT: "550 5.1.1 No such user here",
    MailFaultKind.DEFER_RECIPIENT: "451 4.3.0 Try again later",
}


class MailStore:
    """The mails kept, at most `limit` since the last reset; numbers go on over resets and restarts."""

    def __init__(self, folder: Path, ledger: Ledger, limit: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._ledger = ledger
        self._limit = limit
        self._mails: list[Mail] = []
        self._last = max((int(path.stem) for path in folder.glob("*.eml") if path.stem.isdigit()), default=0)

    def mails(self) -> list[Mail]:
        """Every mail since the last reset, newest last."""
        return list(self._mails)

    @property
    def full(self) -> bool:
        """Whether no further mail is taken."""
        return len(self._mails) >= self._limit or self._ledger.full

    def raw(self, number: int) -> bytes | None:
        """The mail as it came, or None."""
        path = self._path(number)
        return path.read_bytes() if path.is_file() else None

    def keep(self, mail_from: str, recipients: list[str], content: bytes) -> Mail:
        """Write a mail to its file and note it."""
        now = time.time()
        headers = message_from_bytes(content, policy=policy.default)
        self._last += 1
        mail = Mail(
            number=self._last,
            at=stamp(now),
            mail_from=mail_from,
            recipients=tuple(recipients),
            message_id=str(headers.get("Message-ID", "")).strip(),
            subject=str(headers.get("Subject", "")),
            size=len(content),
        )
        self._path(mail.number).write_bytes(content)
        self._mails.append(mail)
        self._ledger.append(now, "mail", **mail.model_dump(exclude={"at"}))
        return mail

    def note(self, what: str, address: str) -> None:
        """Note a refusal or a fault."""
        self._ledger.append(time.time(), "mail_refused", reason=what, address=address)

    def restore(self, entry: Entry) -> None:
        """Have a mail back from its ledger entry."""
        self._mails.append(Mail.model_validate({k: v for k, v in entry.items() if k not in {"n", "kind"}}))

    def clear(self) -> None:
        """Empty the inbox; the files stay."""
        self._mails.clear()

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.eml"


class SmtpInbox:
    """The SMTP server on 127.0.0.1. Its `handle_` methods are the hooks of aiosmtpd."""

    def __init__(self, store: MailStore, faults: FaultBoard[MailFault]) -> None:
        self._store = store
        self._faults = faults
        self._transports: set[asyncio.BaseTransport] = set()
        self._holds: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> int:
        """Listen; the answer is the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the door and every connection."""
        if self._server is not None:
            self._server.close()
        for transport in list(self._transports):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        for task in self._holds:
            task.cancel()
        await asyncio.sleep(0)

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to MAIL FROM. A server that takes no connections takes no further mail on an open one either."""
        del session, options
        if any(fault.kind in _CONNECTION for fault, _ in self._faults.current()):
            if server.transport is not None:
                server.transport.abort()
            await asyncio.sleep(MAX_WAIT_FOR_CLOSE_S)
            return "421 4.3.0 Closing"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to RCPT TO."""
        del server, session, options
        fault = self._faults.take(lambda f: f.kind in _RECIPIENT and f.address in {None, address})
        if fault is not None:
            self._store.note(fault.kind.value, address)
            return _RECIPIENT[fault.kind]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer to the content of a mail."""
        del session
        addresses = {None, *envelope.rcpt_tos}
        fault = self._faults.take(lambda f: f.kind in _DATA and f.address in addresses)
        mail_from, content = envelope.mail_from or "", envelope.content
        body = content if isinstance(content, bytes) else (content or "").encode("utf-8", "surrogateescape")
        if fault is None and not self._store.full:
            mail = self._store.keep(mail_from, envelope.rcpt_tos, body)
            return f"250 2.0.0 OK: queued as {mail.number}"
        if fault is None or fault.kind is MailFaultKind.DEFER_DATA:
            self._store.note("full" if fault is None else fault.kind.value, mail_from)
            return "451 4.3.0 Try again later" if fault is not None else "452 4.3.1 The sandbox is full"
        if fault.kind is MailFaultKind.DROP_AFTER_DATA:
            self._store.keep(mail_from, envelope.rcpt_tos, body)
        else:
            self._store.note(fault.kind.value, mail_from)
            await self._faults.hold(fault.delay_s)
        if server.transport is not None:
            server.transport.abort()
        await asyncio.sleep(MAX_WAIT_FOR_CLOSE_S)
        return "421 4.3.0 Closing"

    def _connection(self) -> asyncio.BaseProtocol:
        fault = self._faults.take(lambda f: f.kind in _CONNECTION)
        if fault is None:
            return _TrackedSMTP(self, self._transports)
        self._store.note(fault.kind.value, "")
        hold = None if fault.kind is MailFaultKind.REFUSE_CONNECTION else fault.delay_s
        return _Silent(self, hold)

    def hold_then_abort(self, transport: asyncio.Transport, delay_s: float) -> None:
        """Keep a connection silent until the faults are cleared, at most `delay_s`."""
        self._transports.add(transport)

        async def hold() -> None:
            await self._faults.hold(delay_s)
            transport.abort()

        task = asyncio.get_running_loop().create_task(hold())
        self._holds.add(task)
        task.add_done_callback(self._holds.discard)
        task.add_done_callback(lambda _: self._transports.discard(transport))


# Cancelled by the end of the connection; only the upper bound of a wait that has no other end.
MAX_WAIT_FOR_CLOSE_S = 5.0


class _TrackedSMTP(SMTP):
    """An SMTP session that the inbox can end."""

    def __init__(self, inbox: SmtpInbox, transports: set[asyncio.BaseTransport]) -> None:
        super().__init__(
            inbox,
            hostname="sandbox.invalid",
            ident="SMTP sandbox",
            data_size_limit=MAX_MAIL_BYTES,
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )
        self._transports = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a session."""
        self._transports.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """End a session."""
        if self.transport is not None:
            self._transports.discard(self.transport)
        super().connection_lost(error)


class _Silent(asyncio.Protocol):
    """A connection that is closed at once, or held without a word for `hold_s`."""

    def __init__(self, inbox: SmtpInbox, hold_s: float | None) -> None:
        self._inbox = inbox
        self._hold_s = hold_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say nothing."""
        if not isinstance(transport, asyncio.Transport):
            return
        if self._hold_s is None:
            transport.abort()
        else:
            self._inbox.hold_then_abort(transport, self._hold_s)
