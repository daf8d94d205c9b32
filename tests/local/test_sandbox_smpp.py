"""The sandbox's SMPP server, driven by the product's own client; that client is held to a foreign server elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.local.sandbox import NumberStatus, NumberTrouble, RunningSandbox, SmppFault, SmppFaultKind, running_sandbox
from deploy.local.sandbox import Settings as SandboxSettings
from notifiers.message import Message
from notifiers.outcome import Refused, Retry, Sent, Unknown
from notifiers.sms_smpp import SmppSms
from runtime.settings import SmppSettings
from runtime.smpp_pdu import Delivered, Status
from runtime.smpp_session import SmppSession
from runtime.smpp_text import decoded, is_report, report_of
from schemas.ids import smpp_reference
from schemas.vocabulary import ReceiptReason
from tests.notifiers.stage import RUTA, URGENT, order

LONG = "Ąčęėįšųūž – āčēģīķļņšūž. " * 7
FAST = SandboxSettings(rate_segments_per_s=0, sending_s=0, delivery_s=0)


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    """A sandbox whose urgent number belongs to the SMPP provider."""
    async with running_sandbox(settings=FAST, smpp_senders=[URGENT]) as running:
        yield running


def settings(sandbox: RunningSandbox, **changes: Any) -> SmppSettings:
    """How to reach it."""
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": sandbox.smpp_port,
        "system_id": sandbox.smpp_system_id,
        "password": sandbox.smpp_password,
        "from_urgent": URGENT,
        "from_routine": URGENT,
        "timeout_s": 0.5,
        "unknown_wait_s": 1.5,
    }
    return SmppSettings(**{**values, **changes})


@asynccontextmanager
async def provider(made_with: SmppSettings) -> AsyncIterator[SmppSms]:
    """The product's provider."""
    made = SmppSms(made_with)
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def receiver(sandbox: RunningSandbox, statuses: list[int]) -> AsyncIterator[list[Delivered]]:
    """A receiver that answers with ``statuses`` one after the other, then with 0."""
    heard: list[Delivered] = []

    async def take(delivered: Delivered) -> int:
        heard.append(delivered)
        return statuses.pop(0) if statuses else 0

    session = SmppSession(settings(sandbox), "receiver", take)
    running = asyncio.create_task(session.run())
    try:
        yield heard
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(heard: list[Delivered], count: int) -> None:
    """Wait for so many deliveries."""
    async with asyncio.timeout(10):
        while len(heard) < count:  # noqa: ASYNC110 - the list is filled by a callback
            await asyncio.sleep(0.02)


def text(body: str = LONG, **changes: Any) -> Message:
    """A text to Rūta."""
    now = datetime.now(UTC)
    return Message(order("a" * 64, expires_at=now + timedelta(hours=1), **changes), RUTA, body)


@pytest.mark.parametrize("long_texts", ["payload", "parts"])
async def test_a_long_text_arrives_whole_on_the_phone(sandbox: RunningSandbox, long_texts: str) -> None:
    """In one message or in parts: one text on the phone, every letter, with the id that the provider gave."""
    async with provider(settings(sandbox, long_texts=long_texts)) as smpp:
        outcome = await smpp.send(text(), datetime.now(UTC))
    arrived = await sandbox.wait_for_sms(RUTA, 5)
    assert outcome == Sent(arrived.sid)
    assert (arrived.body, arrived.segments, arrived.peer) == (LONG, 3, URGENT)
    assert len(await sandbox.ledger("accepted")) == 1


async def test_receipts_come_until_they_are_answered_for(sandbox: RunningSandbox) -> None:
    """A refused receipt comes again; it names the text, how it ended, and our reference."""
    sent = text()
    about = sent.notification
    async with receiver(sandbox, [Status.TRY_LATER]) as heard, provider(settings(sandbox)) as smpp:
        outcome = await smpp.send(sent, datetime.now(UTC))
        await until(heard, 2)
    reports = [report_of(each) for each in heard]
    assert isinstance(outcome, Sent)
    assert all(is_report(each) for each in heard)
    assert {(one.message_id, one.delivered) for one in reports} == {(outcome.provider_ref, True)}
    assert {one.reference for one in reports} == {smpp_reference(about.notification_id, about.attempt)}


async def test_a_text_that_does_not_arrive_has_a_receipt_too(sandbox: RunningSandbox) -> None:
    """Undelivered is told as such."""
    await sandbox.add_trouble(NumberTrouble(number=RUTA, status=NumberStatus.UNDELIVERED))
    async with receiver(sandbox, []) as heard, provider(settings(sandbox)) as smpp:
        await smpp.send(text(), datetime.now(UTC))
        await until(heard, 1)
    assert report_of(heard[0]).delivered is False


async def test_replies_wait_for_a_receiver_and_come_with_their_letters(sandbox: RunningSandbox) -> None:
    """A reply written while nobody was bound is delivered later, until it is kept."""
    await sandbox.reply(RUTA, URGENT, "A7KX jā, ąčęėįšųūž")
    async with receiver(sandbox, [Status.TRY_LATER]) as heard:
        await until(heard, 2)
    assert [decoded(each.raw, each.coding) for each in heard] == ["A7KX jā, ąčęėįšųūž"] * 2


@pytest.mark.parametrize(
    ("kind", "outcome", "accepted"),
    [
        (SmppFaultKind.THROTTLE, Retry(ReceiptReason.RATE_LIMITED, "SMPP status 0x58"), 0),
        (SmppFaultKind.STATUS, Retry(ReceiptReason.PROVIDER_ERROR, "SMPP status 0x08"), 0),
        (SmppFaultKind.HANG_BEFORE, Unknown(ReceiptReason.TIMEOUT, "no answer within the time-out"), 0),
        (SmppFaultKind.HANG_AFTER, Unknown(ReceiptReason.TIMEOUT, "no answer within the time-out"), 1),
        (SmppFaultKind.DROP_BEFORE, Unknown(ReceiptReason.CONNECTION, "the session ended before the answer"), 0),
        (SmppFaultKind.DROP_AFTER, Unknown(ReceiptReason.CONNECTION, "the session ended before the answer"), 1),
    ],
)
async def test_it_goes_wrong_on_demand(
    sandbox: RunningSandbox, kind: SmppFaultKind, outcome: Retry | Unknown, accepted: int
) -> None:
    """Each fault happens once and says on which side of acceptance it was; the next text goes through."""
    await sandbox.add_smpp_fault(SmppFault(kind=kind, to=RUTA, times=1))
    async with provider(settings(sandbox)) as smpp:
        assert await smpp.send(text(), datetime.now(UTC)) == outcome
        assert len(await sandbox.ledger("accepted")) == accepted
        assert isinstance(await smpp.send(text(), datetime.now(UTC)), Sent)


async def test_a_late_answer_is_still_an_answer(sandbox: RunningSandbox) -> None:
    """Accepted at once, answered behind the time-out."""
    await sandbox.add_smpp_fault(SmppFault(kind=SmppFaultKind.LATE, times=1, delay_s=1.0))
    sent = text()
    async with provider(settings(sandbox)) as smpp:
        assert isinstance(await smpp.send(sent, datetime.now(UTC)), Unknown)
        settled = await smpp.reconcile(sent, datetime.now(UTC), frozenset())
    [accepted] = await sandbox.ledger("accepted")
    assert settled == Sent(accepted["sid"], ReceiptReason.RECONCILED_SENT)


async def test_a_bind_is_refused_and_a_number_too(sandbox: RunningSandbox) -> None:
    """By fault, by wrong password; a wrong number is the recipient's."""
    await sandbox.add_smpp_fault(SmppFault(kind=SmppFaultKind.REFUSE_BIND))
    await sandbox.add_trouble(NumberTrouble(number=RUTA, refuse_code=21211))
    async with provider(settings(sandbox)) as smpp:
        said = await smpp.send(text(), datetime.now(UTC))
        assert isinstance(said, Retry)
        assert said.reason is ReceiptReason.AUTHENTICATION
        await sandbox.clear_smpp_faults()
        async with asyncio.timeout(10):
            while isinstance(said, Retry):
                await asyncio.sleep(0.05)
                said = await smpp.send(text(), datetime.now(UTC))
        assert said == Refused(ReceiptReason.INVALID_ADDRESS, "SMPP status 0x0b")
    async with provider(settings(sandbox, password="other")) as smpp:
        said = await smpp.send(text(), datetime.now(UTC))
    assert isinstance(said, Retry)
    assert said.reason is ReceiptReason.AUTHENTICATION
