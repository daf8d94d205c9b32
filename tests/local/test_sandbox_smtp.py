"""The SMTP inbox, driven by a real SMTP client."""

import asyncio
import time
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from deploy.local.sandbox import MailFault, MailFaultKind, RunningSandbox, running_sandbox

ANNA = "anna@aknīste.example"
JONAS = "jonas@rokiskis.example"
RITA = "rita@jekabpils.example"
SUBJECT = "Plūdi: Aknīste – prašome pagalbos ąčęėįšųūž"
BODY = "Ūdens līmenis ceļas. Ģimenes ņem bērnus līdzi.\n.\n..punkts\nVanduo kyla, skubėkite į gaisrinę.\n"


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    """A sandbox with an empty inbox."""
    async with running_sandbox() as running:
        yield running


def mail(message_id: str = "<1@sandbox.example>") -> EmailMessage:
    """A mail with letters of both languages."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = "alerts@borderlands.example"
    message["To"] = JONAS
    message["Subject"] = SUBJECT
    message["Message-ID"] = message_id
    message.set_content(BODY)
    return message


async def deliver(
    sandbox: RunningSandbox, recipients: list[str], message: EmailMessage | None = None, timeout: float = 5
) -> dict[str, Any]:
    """Send one mail; the answer is what the client says of refused recipients."""
    refused, _ = await aiosmtplib.send(
        message or mail(),
        sender="alerts@borderlands.example",
        recipients=recipients,
        hostname="127.0.0.1",
        port=sandbox.smtp_port,
        timeout=timeout,
    )
    return refused


async def test_a_mail_arrives_with_its_letters(sandbox: RunningSandbox) -> None:
    """Envelope, headers and body are kept; the raw mail can be read again."""
    assert await deliver(sandbox, [JONAS, RITA]) == {}
    [kept] = await sandbox.mails()
    assert (kept.number, kept.mail_from) == (1, "alerts@borderlands.example")
    assert kept.recipients == (JONAS, RITA)
    assert (kept.message_id, kept.subject) == ("<1@sandbox.example>", SUBJECT)
    message = message_from_bytes(await sandbox.mail(1), policy=policy.default)
    assert message.get_content().replace("\r\n", "\n") == BODY
    [entry] = await sandbox.ledger("mail")
    assert (entry["message_id"], entry["recipients"]) == ("<1@sandbox.example>", [JONAS, RITA])


async def test_an_address_with_a_letter_of_its_own_is_taken(sandbox: RunningSandbox) -> None:
    """The inbox speaks SMTPUTF8."""
    await deliver(sandbox, [ANNA])
    assert (await sandbox.mails())[0].recipients == (ANNA,)


@pytest.mark.parametrize(
    ("kind", "code"), [(MailFaultKind.REFUSE_RECIPIENT, 550), (MailFaultKind.DEFER_RECIPIENT, 451)]
)
async def test_one_refused_recipient_of_two_raises_nothing(
    sandbox: RunningSandbox, kind: MailFaultKind, code: int
) -> None:
    """The mail goes to the other; only the returned dictionary tells."""
    await sandbox.add_mail_fault(MailFault(kind=kind, address=RITA))
    refused = await deliver(sandbox, [JONAS, RITA])
    assert {address: answer.code for address, answer in refused.items()} == {RITA: code}
    assert (await sandbox.mails())[0].recipients == (JONAS,)
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await deliver(sandbox, [RITA])
    assert [entry["address"] for entry in await sandbox.ledger("mail_refused")] == [RITA, RITA]
    await sandbox.clear_mail_faults()
    assert await deliver(sandbox, [RITA]) == {}


async def test_the_content_can_be_deferred(sandbox: RunningSandbox) -> None:
    """451 after the content: nothing is kept, the next try succeeds."""
    await sandbox.add_mail_fault(MailFault(kind=MailFaultKind.DEFER_DATA, times=1))
    with pytest.raises(aiosmtplib.SMTPDataError) as caught:
        await deliver(sandbox, [JONAS])
    assert caught.value.code == 451
    assert await sandbox.mails() == []
    await deliver(sandbox, [JONAS])


async def test_a_mail_can_be_kept_and_never_answered_for(sandbox: RunningSandbox) -> None:
    """The sender cannot know; a repetition carries the same Message-ID."""
    await sandbox.add_mail_fault(MailFault(kind=MailFaultKind.DROP_AFTER_DATA, times=1))
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await deliver(sandbox, [JONAS])
    await deliver(sandbox, [JONAS])
    first, second = await sandbox.mails()
    assert first.message_id == second.message_id


async def test_a_server_that_hangs_after_the_content_keeps_nothing(sandbox: RunningSandbox) -> None:
    """The client's time-out ends it."""
    await sandbox.add_mail_fault(MailFault(kind=MailFaultKind.HANG_DATA, times=1))
    before = time.monotonic()
    with pytest.raises(aiosmtplib.SMTPTimeoutError):
        await deliver(sandbox, [JONAS], timeout=0.3)
    assert time.monotonic() - before < 3
    assert await sandbox.mails() == []


async def test_a_connection_can_be_refused_or_left_silent(sandbox: RunningSandbox) -> None:
    """Before the greeting there is nothing but the close, or nothing at all."""
    await sandbox.add_mail_fault(MailFault(kind=MailFaultKind.REFUSE_CONNECTION, times=1))
    with pytest.raises(aiosmtplib.SMTPException):
        await deliver(sandbox, [JONAS])
    await sandbox.add_mail_fault(MailFault(kind=MailFaultKind.HANG_CONNECTION, times=1))
    with pytest.raises((aiosmtplib.SMTPTimeoutError, aiosmtplib.SMTPServerDisconnected)):
        await deliver(sandbox, [JONAS], timeout=0.3)
    await deliver(sandbox, [JONAS])
    assert len(await sandbox.mails()) == 1


async def test_what_hangs_is_let_go_when_the_faults_are_cleared(sandbox: RunningSandbox) -> None:
    """Nobody waits for a hang that is over."""
    await sandbox.add_mail_fault(MailFault(kind=MailFaultKind.HANG_CONNECTION))
    hanging = asyncio.create_task(deliver(sandbox, [JONAS], timeout=20))
    for _ in range(200):
        if await sandbox.ledger("mail_refused"):
            break
        await asyncio.sleep(0.02)
    await sandbox.clear_mail_faults()
    with pytest.raises(aiosmtplib.SMTPException):
        async with asyncio.timeout(2):
            await hanging


async def test_many_mails_come_at_once(sandbox: RunningSandbox) -> None:
    """Each is kept once."""
    await asyncio.gather(*(deliver(sandbox, [JONAS], mail(f"<{n}@sandbox.example>")) for n in range(30)))
    assert {kept.message_id for kept in await sandbox.mails()} == {f"<{n}@sandbox.example>" for n in range(30)}


async def test_mails_survive_a_restart(tmp_path: Path) -> None:
    """The inbox of the same home is the same inbox, and its numbers go on."""
    async with running_sandbox(home=tmp_path) as sandbox:
        await deliver(sandbox, [JONAS])
    async with running_sandbox(home=tmp_path) as sandbox:
        await deliver(sandbox, [RITA])
        assert [(kept.number, kept.recipients) for kept in await sandbox.mails()] == [(1, (JONAS,)), (2, (RITA,))]
        assert (tmp_path / "mails" / "000001.eml").is_file()
        await sandbox.reset()
        assert await sandbox.mails() == []
