"""SMS through a provider that speaks SMPP 3.4: one session of this process, kept up, and one text at a time over it."""

import asyncio
import contextlib
import time
from collections import OrderedDict
from datetime import datetime

from aiosmpplib.protocol import SubmitSm

from notifiers.message import Message
from notifiers.outcome import NotSent, Outcome, Reconciled, Retry, Sent, Unknown
from notifiers.smpp_errors import outcome_of, reason_of
from runtime import metrics
from runtime.process import ConfigurationMistake
from runtime.settings import SmppSettings
from runtime.smpp_session import Answer, Broken, NotBound, SmppSession
from runtime.smpp_submit import Text, messages_of, sender_of
from schemas.ids import smpp_reference
from schemas.vocabulary import Channel, Lane, ReceiptReason

MAX_LATE = 1000
"""Texts without an answer whose late answer is still listened for."""


class SmppSms:
    """Texts by SMPP. A provider cannot be asked about a text that it did not answer for; it may answer late."""

    channel = Channel.SMS
    name = "smpp"
    can_be_asked = False

    def __init__(self, settings: SmppSettings) -> None:
        """Begins to connect at once. Must be made inside a running event loop.

        Raises:
            ConfigurationMistake: server, account or a sender is missing.
        """
        _check(settings)
        self._settings = settings
        self.call_timeout_s = settings.timeout_s
        self.calls_at_once: int | None = settings.window
        self._senders = {
            Lane.URGENT: sender_of(settings, settings.from_urgent),
            Lane.ROUTINE: sender_of(settings, settings.from_routine),
        }
        self._late: OrderedDict[tuple[str, int], asyncio.Future[Answer]] = OrderedDict()
        self._session = SmppSession(settings, settings.bind)
        self._running = asyncio.get_running_loop().create_task(self._session.run(), name="smpp-session")

    async def send(self, message: Message, now: datetime) -> Outcome:
        """Hand one text over, in one message or in parts, and wait for the provider's word on each."""
        if self._running.done():
            self._running.result()  # a defect: the process must end and start anew
        started = time.monotonic()
        until = asyncio.get_running_loop().time() + self.call_timeout_s
        try:
            *before, last = self._pdus(message, now)
            for number, pdu in enumerate(before, 1):
                said = await self._ask(pdu, until)
                if isinstance(said, asyncio.Future):
                    said.cancel()
                    return Retry(ReceiptReason.TIMEOUT, f"part {number} was not answered: the text is not whole")
                if isinstance(said, (Retry, Unknown)):
                    return Retry(said.reason, f"part {number}: {said.detail}")
                if said.status:
                    return outcome_of(said.status)
            said = await self._ask(last, until)
            if isinstance(said, asyncio.Future):
                self._keep_late(message, said)
                return Unknown(ReceiptReason.TIMEOUT, "no answer within the time-out")
            if isinstance(said, (Retry, Unknown)):
                return said
            return _outcome(said)
        finally:
            metrics.PROVIDER_SECONDS.labels(self.channel.value).observe(time.monotonic() - started)

    async def reconcile(self, message: Message, since: datetime, known_refs: frozenset[str]) -> Reconciled:
        """Wait for a late answer; where none comes nobody knows, unless a delivery receipt tells meanwhile."""
        answer = self._late.pop(_key(message), None)
        if answer is None:
            await asyncio.sleep(self._settings.unknown_wait_s)
            return Unknown(ReceiptReason.CLAIM_LAPSED, "an SMPP provider cannot be asked about a text")
        await asyncio.wait({answer}, timeout=self._settings.unknown_wait_s)
        if not answer.done():
            answer.cancel()
            return Unknown(ReceiptReason.TIMEOUT, "no late answer either")
        try:
            said = answer.result()
        except Broken:
            return Unknown(ReceiptReason.CONNECTION, "the session ended before a late answer")
        return NotSent() if said.status else Sent(said.message_id, ReceiptReason.RECONCILED_SENT)

    async def close(self) -> None:
        """Unbind and close the connection."""
        await self._session.close()
        self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running

    async def _ask(self, pdu: SubmitSm, until: float) -> "Answer | Retry | Unknown | asyncio.Future[Answer]":
        """The answer to ``pdu``, why there is none, or the future of one that did not come in time."""
        try:
            async with asyncio.timeout_at(until):
                answer = await self._session.submit(pdu)
        except NotBound as fault:
            return Retry(reason_of(fault.status), str(fault))
        except TimeoutError:
            return Retry(ReceiptReason.TIMEOUT, "no room in the window within the time-out")
        left_s = max(0.0, until - asyncio.get_running_loop().time())
        await asyncio.wait({answer}, timeout=left_s)
        if not answer.done():
            return answer
        try:
            return answer.result()
        except Broken:
            return Unknown(ReceiptReason.CONNECTION, "the session ended before the answer")

    def _pdus(self, message: Message, now: datetime) -> list[SubmitSm]:
        about = message.notification
        reference = smpp_reference(about.notification_id, about.attempt)
        sender = self._senders[about.lane]
        return messages_of(self._settings, Text(message.to, sender, message.body, reference, about.expires_at - now))

    def _keep_late(self, message: Message, answer: "asyncio.Future[Answer]") -> None:
        self._late[_key(message)] = answer
        while len(self._late) > MAX_LATE:
            self._late.popitem(last=False)[1].cancel()


def _key(message: Message) -> tuple[str, int]:
    return message.notification.notification_id, message.notification.attempt


def _outcome(answer: Answer) -> Outcome:
    if answer.status:
        return outcome_of(answer.status)
    if not answer.message_id:
        return Unknown(ReceiptReason.CONNECTION, "the answer names no message")
    return Sent(answer.message_id)


def _check(settings: SmppSettings) -> None:
    needed = {
        "HOST": settings.host,
        "SYSTEM_ID": settings.system_id,
        "PASSWORD": settings.password.get_secret_value(),
        "FROM_URGENT": settings.from_urgent,
        "FROM_ROUTINE": settings.from_routine,
    }
    missing = [f"BORDERLANDS_SMPP__{name}" for name, value in needed.items() if not value]
    if missing:
        raise ConfigurationMistake(f"SMS by SMPP needs {', '.join(missing)}")
