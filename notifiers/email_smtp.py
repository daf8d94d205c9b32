"""E-mail by SMTP, one mail to one recipient, command by command: so it is known how far a failure got."""

import asyncio
import re
import time
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import aiosmtplib

from notifiers.email_connections import Connections
from notifiers.mail_format import compose, message_id
from notifiers.message import Message
from notifiers.outcome import Outcome, Reconciled, Refused, Retry, Sent, Unknown
from runtime import metrics
from runtime.process import ConfigurationMistake
from runtime.quoting import bounded
from runtime.settings import SmtpSettings
from runtime.this_machine import is_loopback
from schemas.vocabulary import Channel, ReceiptReason

_CLOSING = 421
"""What a server says that ends a connection, such as one that was silent or carried enough mails."""

_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\S)")
_NO_MAILBOX = frozenset({550, 551, 553})
_BAD_SENDER = frozenset({"5.1.7", "5.1.8"})
_NOT_LET_IN = frozenset({530, 534, 535, 538})
# Where the code is vague, the words decide: many servers say 550 and no more to a client they will not serve.
_ABOUT_US = re.compile(
    r"relay|client|sender|authenticat|log ?in|your (ip|host|server)|block|blacklist"
    r"|\b(helo|ehlo|dnsbl|rbl|spf|dmarc)\b",
    re.IGNORECASE,
)


class _Phase(StrEnum):
    CONNECT = "connect"
    ENVELOPE = "envelope"
    DATA = "data"


class SmtpEmail:
    """Mail through one server. SMTP cannot be asked what became of a mail: what is unclear stays unknown."""

    channel = Channel.EMAIL
    can_be_asked = False
    calls_at_once: int | None = None

    def __init__(self, settings: SmtpSettings, *, name: str = "smtp") -> None:
        """``name`` is also that of its settings.

        Raises:
            ConfigurationMistake: the server or the sender is missing or would be used unsafely.
        """
        _check(settings, name.upper())
        self._settings, self.name = settings, name
        self.call_timeout_s = settings.timeout_s
        self._connections = Connections(self._client)

    async def send(self, message: Message, now: datetime) -> Outcome:
        """Hand one mail over; ``provider_ref`` of ``Sent`` is its Message-ID."""
        settings = self._settings
        mail = compose(message, sender=settings.sender, sender_name=settings.sender_name, now=now)
        started = time.monotonic()
        progress = _Progress()
        try:
            async with asyncio.timeout(self.call_timeout_s):
                await self._hand_over(message.to, mail.as_bytes(), progress)
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
            return _outcome(error, progress.phase)
        finally:
            metrics.PROVIDER_SECONDS.labels(self.channel.value).observe(time.monotonic() - started)
        return Sent(message_id(message.notification, settings.sender.rpartition("@")[2]))

    async def _hand_over(self, to: str, content: bytes, progress: "_Progress") -> None:
        """One mail on one connection; a kept connection that the server has closed meanwhile is replaced, once."""
        connection = await self._connections.take()
        try:
            progress.phase = _Phase.ENVELOPE
            try:
                await connection.client.mail(self._settings.sender)
            except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPSenderRefused, OSError) as error:
                if not connection.used or getattr(error, "code", _CLOSING) != _CLOSING:
                    raise
                progress.phase = _Phase.CONNECT
                await self._connections.leave(connection)
                connection = await self._connections.take(fresh=True)
                progress.phase = _Phase.ENVELOPE
                await connection.client.mail(self._settings.sender)
            await connection.client.rcpt(to)
            progress.phase = _Phase.DATA
            await connection.client.data(content)
        except BaseException:
            await self._connections.leave(connection)
            raise
        self._connections.keep(connection)

    async def reconcile(self, message: Message, since: datetime, known_refs: frozenset[str]) -> Reconciled:
        """Always unknown: there is nobody to ask."""
        return Unknown(ReceiptReason.CLAIM_LAPSED, "a mail server cannot be asked about a mail")

    async def close(self) -> None:
        """Close the connections that are kept for the next mail."""
        await self._connections.close()

    def _client(self) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.username,
            password=settings.password.get_secret_value() if settings.password else None,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            local_hostname=settings.sender.rpartition("@")[2],
            timeout=settings.timeout_s,
        )


@dataclass
class _Progress:
    phase: _Phase = _Phase.CONNECT


def _outcome(error: Exception, phase: _Phase) -> Outcome:
    """Only the server's own word, or a failure before the content left, is definite; few words of it are for good."""
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            return Retry(ReceiptReason.AUTHENTICATION, f"{phase.value}: {error.code}")
        case aiosmtplib.SMTPResponseException():
            return _answered(error, phase)
        case TimeoutError() if phase is _Phase.DATA:
            return Unknown(ReceiptReason.TIMEOUT, "no answer after the content")
        case TimeoutError():
            return Retry(ReceiptReason.TIMEOUT, f"{phase.value}: no answer within the time-out")
        case _ if phase is _Phase.DATA:
            return Unknown(ReceiptReason.CONNECTION, "the connection ended after the content")
        case _:
            return Retry(ReceiptReason.CONNECTION, bounded(f"{phase.value}: {type(error).__name__}"))


def _answered(error: aiosmtplib.SMTPResponseException, phase: _Phase) -> Outcome:
    detail = f"{phase.value}: {error.code} {bounded(str(error.message))}"
    if error.code < 0:  # aiosmtplib's own mark for an answer it could not read
        unclear = Unknown(ReceiptReason.CONNECTION, detail)
        return unclear if phase is _Phase.DATA else Retry(ReceiptReason.CONNECTION, detail)
    refused = _refusal(error, phase)
    if refused is not None:
        return Refused(refused, detail)
    if error.code >= 500 and (error.code in _NOT_LET_IN or _enhanced(error).startswith("5.7.")):
        return Retry(ReceiptReason.AUTHENTICATION, detail)
    return Retry(ReceiptReason.PROVIDER_ERROR, detail)


def _refusal(error: aiosmtplib.SMTPResponseException, phase: _Phase) -> ReceiptReason | None:
    """Why this mailbox or this text is refused for good; None where the fault may be ours or may pass.

    Enhanced status codes: RFC 3463 and RFC 5248.
    """
    enhanced, about_us = _enhanced(error), _ABOUT_US.search(str(error.message)) is not None
    at_rcpt = isinstance(error, aiosmtplib.SMTPRecipientRefused)
    if error.code in _NO_MAILBOX and (at_rcpt or phase is _Phase.DATA):
        vague = enhanced == "5.1.0" or (at_rcpt and not enhanced)
        clear = enhanced.startswith("5.1.") and enhanced not in _BAD_SENDER | {"5.1.0"}
        if clear or (vague and not about_us):
            return ReceiptReason.INVALID_ADDRESS
    if phase is _Phase.DATA and error.code >= 500:
        unwanted = error.code == 554 and enhanced == "5.7.1" and not about_us
        if enhanced.startswith("5.6.") or unwanted:
            return ReceiptReason.CONTENT_REFUSED
    return None


def _enhanced(error: aiosmtplib.SMTPResponseException) -> str:
    """The enhanced status code an answer begins with, or nothing."""
    found = _ENHANCED.match(str(error.message))
    return found[1] if found else ""


def _check(settings: SmtpSettings, prefix: str) -> None:
    missing = [f"BORDERLANDS_{prefix}__{name.upper()}" for name in ("host", "sender") if not getattr(settings, name)]
    if missing:
        raise ConfigurationMistake(f"e-mail needs {', '.join(missing)}")
    if settings.security == "none" and not is_loopback(settings.host):
        raise ConfigurationMistake(
            f"BORDERLANDS_{prefix}__SECURITY is none, which is for a server on this machine only: use starttls or tls"
        )
