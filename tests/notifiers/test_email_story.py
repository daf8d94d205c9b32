"""An order goes in, a mail stands in the inbox: the ordinary way and every way a mail server goes wrong."""

from email import message_from_bytes, policy

import pytest

from deploy.local.sandbox import MailFault, MailFaultKind
from schemas.vocabulary import Channel, Delivery, ReceiptKind, ReceiptReason
from tests.notifiers.stage import LETTERS, Stage

pytestmark = pytest.mark.kafka

RUTA_MAIL = "ruta@birzai.example.org"


async def test_an_order_becomes_one_mail_that_says_what_it_is(stage: Stage) -> None:
    """Text and HTML in UTF-8, headers that thread the incident, and a receipt that names the Message-ID."""
    order = stage.order(channel=Channel.EMAIL)
    async with stage.notifier(Channel.EMAIL):
        await stage.emit(order)
        receipt = await stage.outcome(order)
    [mail] = await stage.sandbox.mails()
    parsed = message_from_bytes(await stage.sandbox.mail(mail.number), policy=policy.default)
    text, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert text is not None
    assert html is not None
    assert set(text.get_content().lower()) & LETTERS
    assert set(html.get_content().lower()) & LETTERS
    assert parsed.get_content_type() == "multipart/alternative"
    assert parsed["Message-ID"] == f"<{order.notification_id}@example.org>"
    assert parsed["In-Reply-To"] == parsed["References"] == f"<{order.incident_id}@example.org>"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["Importance"] == "high"
    assert parsed["To"] == RUTA_MAIL
    assert parsed["Date"] is not None
    assert mail.recipients == (RUTA_MAIL,)
    assert (receipt.delivery, receipt.provider, receipt.provider_ref) == (
        Delivery.SENT,
        "smtp",
        parsed["Message-ID"],
    )
    assert "birzai.example" not in receipt.model_dump_json()


async def test_a_refused_recipient_fails_for_good_without_being_named(stage: Stage) -> None:
    """550 to the recipient ends the notification; the receipt holds no mailbox."""
    order = stage.order(channel=Channel.EMAIL)
    await stage.sandbox.add_mail_fault(MailFault(kind=MailFaultKind.REFUSE_RECIPIENT, address=RUTA_MAIL))
    async with stage.notifier(Channel.EMAIL):
        await stage.emit(order)
        receipt = await stage.outcome(order)
    assert (receipt.delivery, receipt.reason) == (Delivery.FAILED_PERM, ReceiptReason.INVALID_ADDRESS)
    assert "@" not in (receipt.detail or "")


@pytest.mark.parametrize(
    "kind", [MailFaultKind.DEFER_RECIPIENT, MailFaultKind.DEFER_DATA, MailFaultKind.REFUSE_CONNECTION]
)
async def test_a_mail_that_was_certainly_not_taken_is_tried_again(stage: Stage, kind: MailFaultKind) -> None:
    """4xx, and no connection at all, are definite: one more try, one mail."""
    order = stage.order(channel=Channel.EMAIL)
    await stage.sandbox.add_mail_fault(MailFault(kind=kind, times=1))
    async with stage.notifier(Channel.EMAIL):
        await stage.emit(order)
        receipt = await stage.outcome(order)
    assert receipt.delivery is Delivery.SENT
    assert len(await stage.sandbox.mails()) == 1


async def test_a_server_that_drops_the_line_after_the_content_leaves_it_unknown(stage: Stage) -> None:
    """Nobody can be asked: unknown, and the repetition carries the same Message-ID."""
    order = stage.order(channel=Channel.EMAIL)
    await stage.sandbox.add_mail_fault(MailFault(kind=MailFaultKind.DROP_AFTER_DATA, times=1))
    async with stage.notifier(Channel.EMAIL):
        await stage.emit(order)
        receipt = await stage.outcome(order)
        again = order.model_copy(update={"attempt": 2, "repetition": True})
        await stage.emit(again)
        second = await stage.outcome(again, count=2)
    assert (receipt.delivery, second.delivery) == (Delivery.UNKNOWN, Delivery.SENT)
    first_mail, second_mail = await stage.sandbox.mails()
    assert first_mail.message_id == second_mail.message_id


async def test_a_lapsed_claim_on_a_mail_is_unknown(stage: Stage) -> None:
    """Whoever claimed it died; a mail server cannot be asked, so the log says that nobody knows."""
    order = stage.order(channel=Channel.EMAIL)
    await stage.emit(order)
    await stage.say(order, ReceiptKind.CLAIM, claim_id="theirs", incarnation="them", delivery=Delivery.CLAIMED)
    async with stage.notifier(Channel.EMAIL):
        receipt = await stage.outcome(order)
    assert (receipt.delivery, receipt.reason) == (Delivery.UNKNOWN, ReceiptReason.CLAIM_LAPSED)
    assert await stage.sandbox.mails() == []


async def test_a_contact_without_a_mailbox_is_a_definite_failure(stage: Stage) -> None:
    """No address for the channel moves the ladder on at once."""
    order = stage.order(channel=Channel.EMAIL, contact_id="jonas")
    async with stage.notifier(Channel.EMAIL):
        await stage.emit(order)
        receipt = await stage.outcome(order)
    assert (receipt.delivery, receipt.reason) == (Delivery.FAILED_PERM, ReceiptReason.NO_ADDRESS)
