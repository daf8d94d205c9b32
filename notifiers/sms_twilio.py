"""SMS through Twilio's own SDK: sending once, and asking afterwards whether a text was taken."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import aiohttp
from twilio.base.exceptions import (  # type: ignore[import-untyped]
    TwilioException,
    TwilioRestException,
    TwilioServiceException,
)
from twilio.rest import Client  # type: ignore[import-untyped]

from notifiers.message import Message
from notifiers.outcome import NotSent, Outcome, Reconciled, Retry, Sent, Unknown
from notifiers.twilio_errors import failure_of, outcome_of
from notifiers.twilio_listing import Entry, Listings
from runtime import metrics
from runtime.process import ConfigurationMistake
from runtime.quoting import bounded
from runtime.settings import TwilioSettings
from runtime.status_callback import about, callback_url
from runtime.twilio_http import RETRY_AFTER, BoundedTwilioHttp
from schemas.vocabulary import Channel, Lane, ReceiptReason

CONNECT_S = 3.0
MIN_VALIDITY_S, MAX_VALIDITY_S = 1, 36_000
_FIRST_CODE = 10_000
_FAILED = frozenset({"failed", "undelivered", "canceled"})
# The last two are what the SDK makes of a 2xx whose JSON is not of the provider's shape.
_FAILURES = (TwilioException, aiohttp.ClientError, TimeoutError, OSError, ValueError, AttributeError, TypeError)


class TwilioSms:
    """Texts by Twilio. The provider knows no idempotency key, so an unclear call is settled by listing."""

    channel = Channel.SMS
    name = "twilio"
    can_be_asked = True
    calls_at_once: int | None = None

    def __init__(self, settings: TwilioSettings, *, reconcile_pause_s: float) -> None:
        """Must be made inside a running event loop.

        Raises:
            ConfigurationMistake: account, token or a sender number is missing.
        """
        _check(settings)
        self.call_timeout_s = settings.timeout_s
        self._pause_s = reconcile_pause_s
        self._callback = settings.status_callback
        self._senders = {Lane.URGENT: settings.from_urgent, Lane.ROUTINE: settings.from_routine}
        connect_s = min(CONNECT_S, settings.timeout_s)
        self._http = BoundedTwilioHttp(settings.base_url, connect_s=connect_s, total_s=settings.timeout_s)
        self._client = Client(
            settings.account_sid, settings.auth_token.get_secret_value(), http_client=self._http, environment={}
        )
        self._listings = Listings(self._client, page_within_s=settings.timeout_s)

    async def send(self, message: Message, now: datetime) -> Outcome:
        """Hand one text to Twilio's queue of the lane's sender number."""
        left_s = int((message.notification.expires_at - now).total_seconds())
        optional: dict[str, Any] = {}
        if self._callback and message.partition is not None:
            told = about(message.notification, message.partition)
            optional["status_callback"] = callback_url(self._callback, told)
        started = time.monotonic()
        try:
            async with asyncio.timeout(self.call_timeout_s):
                made = await self._client.messages.create_async(
                    to=message.to,
                    from_=self._senders[message.notification.lane],
                    body=message.body,
                    smart_encoded=False,  # the text goes out letter by letter as rendered and counted
                    validity_period=max(MIN_VALIDITY_S, min(MAX_VALIDITY_S, left_s)),
                    **optional,
                )
        except _FAILURES as error:
            return _outcome(error)
        finally:
            metrics.PROVIDER_SECONDS.labels(self.channel.value).observe(time.monotonic() - started)
        if not made.sid:  # a 2xx that names no message: something other than the provider may have answered
            return Unknown(ReceiptReason.CONNECTION, "the answer names no message")
        return Sent(str(made.sid))

    async def reconcile(self, message: Message, since: datetime, known_refs: frozenset[str]) -> Reconciled:
        """Ask whether the text was taken: found, or two empty answers ``reconcile_pause_s`` apart.

        A fresh message may be missing from a list for a moment, hence the second look.
        """
        first = await self._look(message, since, known_refs)
        if not isinstance(first, NotSent):
            return first
        await asyncio.sleep(self._pause_s)
        return await self._look(message, since, known_refs)

    async def close(self) -> None:
        """Close the connection pool."""
        await self._http.close()

    async def _look(self, message: Message, since: datetime, known_refs: frozenset[str]) -> Reconciled:
        whole_second = since.replace(microsecond=0)  # the provider's dates have whole seconds
        try:
            listed = await self._listings.since(message.to, whole_second)
        except _FAILURES as error:
            outcome = _outcome(error)
            return Unknown(outcome.reason, "asking failed: " + getattr(outcome, "detail", ""))
        recent = [entry for entry in listed.entries if entry.date_created is None or entry.date_created >= whole_second]
        same = [
            entry
            for entry in recent
            if entry.body == message.body and entry.sid not in known_refs and entry.direction != "inbound"
        ]
        if same:
            return _found(min(same, key=lambda entry: entry.status in _FAILED))
        if not listed.complete:
            return Unknown(ReceiptReason.PROVIDER_ERROR, f"more than {len(recent)} newer messages to this number")
        return NotSent()


def _found(entry: Entry) -> Reconciled:
    if entry.status in _FAILED:
        return failure_of(entry.status, entry.error_code)
    return Sent(str(entry.sid), ReceiptReason.RECONCILED_SENT)


def _outcome(error: Exception) -> Outcome:
    """What an exception of the SDK or the network says; only what failed before a request could leave is Retry."""
    match error:
        case TwilioRestException():
            return outcome_of(error.status, _code(error.code), error.msg, _retry_after())
        case TwilioServiceException(status=int(status)):  # the body's word: the SDK drops the status of the answer
            return outcome_of(status, _code(error.code), f"{error.title} {error.detail or ''}", _retry_after())
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return Retry(ReceiptReason.CONNECTION, bounded(type(error).__name__))
        case TimeoutError():
            return Unknown(ReceiptReason.TIMEOUT, "no answer within the time-out")
        case _:
            return Unknown(ReceiptReason.CONNECTION, bounded(f"the answer broke off: {type(error).__name__}"))


def _code(claimed: object) -> int | None:
    """The provider's own code. For a body that has none the SDK gives the HTTP status in its place."""
    return claimed if isinstance(claimed, int) and claimed >= _FIRST_CODE else None


def _retry_after() -> float | None:
    """Seconds of ``Retry-After``, in whichever of its two forms it came."""
    text = RETRY_AFTER.get()
    if text is None:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        moment = datetime.strptime(text.strip(), "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _check(settings: TwilioSettings) -> None:
    needed = {
        "ACCOUNT_SID": settings.account_sid,
        "AUTH_TOKEN": settings.auth_token.get_secret_value(),
        "FROM_URGENT": settings.from_urgent,
        "FROM_ROUTINE": settings.from_routine,
    }
    missing = [f"BORDERLANDS_TWILIO__{name}" for name, value in needed.items() if not value]
    if missing:
        raise ConfigurationMistake(f"SMS needs {', '.join(missing)}")
