"""Two providers of one channel: one fails, the other takes over, and every phone gets each text once."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from deploy.local.sandbox import (
    Fault,
    FaultKind,
    MailFault,
    MailFaultKind,
    NumberTrouble,
    Operation,
    SmppFault,
    SmppFaultKind,
)
from runtime.settings import Settings
from schemas.notification import Notification, Receipt
from schemas.vocabulary import Channel, Delivery, Lane, ReceiptKind, ReceiptReason
from tests.notifiers.stage import RUTA, Stage, deliveries, eventually, kill, kinds

pytestmark = pytest.mark.kafka

SMPP_SENDER = "+37067000112"


def with_smpp(stage: Stage, *order: str, **changes: Any) -> Settings:
    """The stage's settings with both SMS providers in ``order``."""
    sandbox = stage.sandbox
    smpp = stage.settings.smpp.model_copy(
        update={
            "host": "127.0.0.1",
            "port": sandbox.smpp_port,
            "system_id": sandbox.smpp_system_id,
            "password": type(stage.settings.twilio.auth_token)(sandbox.smpp_password),
            "from_urgent": SMPP_SENDER,
            "from_routine": SMPP_SENDER,
            "timeout_s": 1.0,
            "unknown_wait_s": 1.0,
            **changes,
        }
    )
    return stage.settings.model_copy(update={"smpp": smpp, "sms_providers": order or ("twilio", "smpp")})


async def by(stage: Stage) -> Counter[str]:
    """How many texts each provider took."""
    return Counter(str(entry["via"]) for entry in await stage.sandbox.ledger("accepted"))


def claimed_by(receipts: list[Receipt]) -> list[str | None]:
    """The providers that claims name, in order."""
    return [receipt.provider for receipt in receipts if receipt.kind is ReceiptKind.CLAIM]


async def send(stage: Stage, count: int, **changes: Any) -> list[Notification]:
    """Orders, brought to their outcomes."""
    orders = [stage.order(**changes) for _ in range(count)]
    await stage.emit(*orders)
    for order in orders:
        assert (await stage.outcome(order, within_s=30)).delivery is Delivery.SENT
    return orders


async def test_the_first_provider_refuses_the_second_takes_over_and_the_first_returns(stage: Stage) -> None:
    """While A answers 503, every text goes by B at once; A is probed, and takes over again when it is back."""
    async with stage.notifier(lanes=[Lane.URGENT], settings=with_smpp(stage)) as health:
        await send(stage, 2)
        assert await by(stage) == {"twilio": 2}
        await stage.sandbox.add_fault(Fault(kind=FaultKind.HTTP_ERROR, operation=Operation.CREATE))
        during = await send(stage, 40)
        assert await eventually(lambda: "twilio down" in str(health.facts["providers_urgent"]))
        assert "smpp up" in str(health.facts["providers_urgent"])
        await stage.sandbox.clear_faults()
        await asyncio.sleep(1.2)  # the next probe is due
        await send(stage, 1)
        assert await eventually(lambda: health.facts["providers_urgent"] == "twilio up, smpp up")
        await send(stage, 10)
    assert await by(stage) == {"twilio": 13, "smpp": 40}
    first = claimed_by(await stage.receipts(during[0]))
    assert first == ["twilio", "smpp"]
    assert {(await stage.receipts(order))[-1].provider for order in during} == {"smpp"}


async def test_both_down_and_then_up_every_text_goes_out_once(stage: Stage) -> None:
    """Nothing is lost and nothing doubled while nobody takes anything; whoever is back first is used."""
    orders = [stage.order() for _ in range(30)]
    await stage.sandbox.add_fault(Fault(kind=FaultKind.HTTP_ERROR, operation=Operation.CREATE))
    await stage.sandbox.add_smpp_fault(SmppFault(kind=SmppFaultKind.REFUSE_BIND))
    async with stage.notifier(lanes=[Lane.URGENT], settings=with_smpp(stage)) as health:
        await stage.emit(*orders)
        assert await eventually(lambda: str(health.facts.get("providers_urgent")).count("down") == 2, within_s=20)
        await stage.sandbox.clear_smpp_faults()
        ended = [await stage.outcome(order, within_s=40) for order in orders]
    given_back = [receipt for receipt in ended if receipt.delivery is Delivery.FAILED_TEMP]
    sent = [receipt for receipt in ended if receipt.delivery is Delivery.SENT]
    assert len(sent) + len(given_back) == len(orders)
    assert len(sent) >= 10
    assert {receipt.provider for receipt in sent} == {"smpp"}
    assert await stage.accepted() == len(sent)


@pytest.mark.parametrize(("first", "second"), [("twilio", "smpp"), ("smpp", "twilio")])
async def test_a_text_taken_without_an_answer_is_not_sent_by_the_other(stage: Stage, first: str, second: str) -> None:
    """A accepts and the call times out: A's list, or its late answer, makes it sent; B is not tried."""
    await stage.sandbox.add_fault(Fault(kind=FaultKind.HANG_AFTER, operation=Operation.CREATE, times=1))
    await stage.sandbox.add_smpp_fault(SmppFault(kind=SmppFaultKind.LATE, times=1, delay_s=1.5))
    order = stage.order()
    async with stage.notifier(lanes=[Lane.URGENT], settings=with_smpp(stage, first, second)):
        await stage.emit(order)
        receipt = await stage.outcome(order)
        await asyncio.sleep(0.5)
    assert (receipt.delivery, receipt.reason) == (Delivery.SENT, ReceiptReason.RECONCILED_SENT)
    assert (receipt.provider, await by(stage)) == (first, {first: 1})
    assert kinds(await stage.receipts(order)) == [ReceiptKind.CLAIM, ReceiptKind.OUTCOME]


async def test_a_text_that_was_not_taken_goes_by_the_other_once_that_is_known(stage: Stage) -> None:
    """A hangs before it takes the text; its list says so, and only then B sends it."""
    await stage.sandbox.add_fault(Fault(kind=FaultKind.HANG_BEFORE, operation=Operation.CREATE, times=1))
    order = stage.order()
    async with stage.notifier(lanes=[Lane.URGENT], settings=with_smpp(stage)):
        await stage.emit(order)
        receipt = await stage.outcome(order)
    assert (receipt.delivery, receipt.provider, await by(stage)) == (Delivery.SENT, "smpp", {"smpp": 1})
    assert claimed_by(await stage.receipts(order)) == ["twilio", "smpp"]


async def test_what_nobody_knows_waits_its_time_and_is_repeated_by_the_other(stage: Stage) -> None:
    """SMPP cannot be asked: unknown after its time; the dispatcher's repetition goes by the other provider."""
    await stage.sandbox.add_smpp_fault(SmppFault(kind=SmppFaultKind.HANG_BEFORE, times=1))
    order = stage.order()
    async with stage.notifier(lanes=[Lane.URGENT], settings=with_smpp(stage, "smpp", "twilio")):
        await stage.emit(order)
        unknown = await stage.outcome(order)
        again = order.model_copy(update={"attempt": 2, "repetition": True})
        await stage.emit(again)
        second = await stage.outcome(again, count=2)
    assert (unknown.delivery, unknown.provider) == (Delivery.UNKNOWN, "smpp")
    assert (second.delivery, second.provider) == (Delivery.SENT, "twilio")


async def test_a_receipt_that_comes_meanwhile_settles_what_nobody_could_ask(stage: Stage) -> None:
    """While the outcome is unclear somebody writes that the text was delivered: nothing is written over that."""
    await stage.sandbox.add_smpp_fault(SmppFault(kind=SmppFaultKind.HANG_AFTER, times=1))
    order = stage.order()
    async with stage.notifier(lanes=[Lane.URGENT], settings=with_smpp(stage, "smpp", unknown_wait_s=3.0)):
        await stage.emit(order)
        await stage.sandbox.wait_for_sms(RUTA, 10)
        about = {"channel": Channel.SMS, "provider": "smpp", "provider_ref": "id-1"}
        await stage.say(
            order, ReceiptKind.OUTCOME, delivery=Delivery.DELIVERED, reason=ReceiptReason.DELIVERED, **about
        )
        await asyncio.sleep(5.0)
    assert deliveries(await stage.receipts(order)) == [Delivery.DELIVERED]
    assert await stage.accepted() == 1


async def test_a_provider_to_be_avoided_is_avoided_where_another_is_left(stage: Stage) -> None:
    """``not_by`` sends a repeat another way; with nobody else there it goes all the same."""
    async with stage.notifier(lanes=[Lane.URGENT], settings=with_smpp(stage)):
        await send(stage, 1, not_by=("twilio",))
        await send(stage, 1, not_by=("twilio", "smpp"))
    assert await by(stage) == {"smpp": 1, "twilio": 1}


async def test_a_wrong_number_is_wrong_everywhere_and_a_filtered_text_is_not(stage: Stage) -> None:
    """Refused for the number: for good. Refused for its content: the other provider is tried."""
    async with stage.notifier(lanes=[Lane.URGENT], settings=with_smpp(stage)):
        await stage.sandbox.add_smpp_fault(SmppFault(kind=SmppFaultKind.STATUS, status=0x0B, times=1))
        order = stage.order(not_by=("twilio",))
        await stage.emit(order)
        wrong = await stage.outcome(order)
        assert await stage.accepted() == 0
        await stage.sandbox.add_trouble(NumberTrouble(number=RUTA, refuse_code=21617, times=1))
        filtered = await send(stage, 1)
    assert (wrong.delivery, wrong.reason) == (Delivery.FAILED_PERM, ReceiptReason.INVALID_ADDRESS)
    assert claimed_by(await stage.receipts(filtered[0])) == ["twilio", "smpp"]


async def test_a_retry_after_longer_than_we_wait_moves_on(stage: Stage) -> None:
    """429 with a minute's Retry-After is a definite failure for an alert: the next provider has it at once."""
    await stage.sandbox.add_fault(Fault(kind=FaultKind.THROTTLE, operation=Operation.CREATE, retry_after_s=60))
    order = stage.order()
    async with stage.notifier(lanes=[Lane.URGENT], settings=with_smpp(stage)):
        await stage.emit(order)
        receipt = await stage.outcome(order, within_s=8)
    assert (receipt.delivery, receipt.provider) == (Delivery.SENT, "smpp")


async def test_a_claim_left_by_a_crash_is_asked_about_at_its_own_provider(stage: Stage) -> None:
    """Killed after Twilio took the text: the successor, for whom SMPP comes first, asks Twilio and sends nothing."""
    order = stage.order()
    await stage.sandbox.add_fault(Fault(kind=FaultKind.HANG_AFTER, operation=Operation.CREATE, times=1))
    process = stage.process("sms", "--lane", "urgent")
    try:
        await stage.emit(order)
        async with asyncio.timeout(30):
            while await stage.accepted() == 0:  # noqa: ASYNC110 - the sandbox is another process's peer
                await asyncio.sleep(0.05)
    finally:
        kill(process)
    async with stage.notifier(lanes=[Lane.URGENT], settings=with_smpp(stage, "smpp", "twilio")):
        receipt = await stage.outcome(order, within_s=30)
        await asyncio.sleep(0.5)
    assert (receipt.delivery, receipt.reason) == (Delivery.SENT, ReceiptReason.RECONCILED_SENT)
    assert (receipt.provider, await by(stage)) == ("twilio", {"twilio": 1})


async def test_a_second_mail_server_takes_over(stage: Stage) -> None:
    """The first server refuses connections of every mail; the second has them, one each."""
    nowhere = stage.settings.smtp.model_copy(update={"port": 9})
    settings = stage.settings.model_copy(
        update={"smtp": nowhere, "smtp2": stage.settings.smtp, "email_providers": ("smtp", "smtp2")}
    )
    async with stage.notifier(Channel.EMAIL, [Lane.URGENT], settings):
        orders = await send(stage, 12, channel=Channel.EMAIL)
    assert {(await stage.receipts(order))[-1].provider for order in orders} == {"smtp2"}
    assert len(await stage.sandbox.mails()) == 12


async def test_a_deferring_mail_server_is_passed_over(stage: Stage) -> None:
    """4xx to the recipient took nothing: the next server has the mail at once."""
    settings = stage.settings.model_copy(update={"smtp2": stage.settings.smtp, "email_providers": ("smtp", "smtp2")})
    await stage.sandbox.add_mail_fault(MailFault(kind=MailFaultKind.DEFER_RECIPIENT, times=1))
    async with stage.notifier(Channel.EMAIL, [Lane.URGENT], settings):
        [order] = await send(stage, 1, channel=Channel.EMAIL)
    assert (await stage.receipts(order))[-1].provider == "smtp2"
