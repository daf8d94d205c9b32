"""Notifiers that die: whoever comes after finds out what became of the text before sending anything."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from deploy.local.sandbox import Fault, FaultKind, Operation
from notifiers.message import Message
from notifiers.outcome import Outcome
from notifiers.sms_twilio import TwilioSms
from schemas.vocabulary import Delivery, ReceiptKind, ReceiptReason
from tests.notifiers.stage import RUTA, Stage, deliveries, eventually, kill, kinds

pytestmark = pytest.mark.kafka


async def _asked(stage: Stage) -> None:
    """Wait until the provider has been asked to send."""
    for _ in range(400):
        if any(entry["method"] == "POST" for entry in await stage.sandbox.ledger("request")):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"the provider was never asked; {stage.logs()[-2000:]}")


async def _run_until_it_fails(stage: Stage) -> None:
    async with stage.notifier():
        await asyncio.sleep(8)


@pytest.mark.chaos
async def test_killed_before_the_provider_took_it_the_text_is_sent_once_by_the_next(stage: Stage) -> None:
    """kill -9 while the provider has not taken the text: after the claim has lapsed it is asked, then sent."""
    order = stage.order()
    await stage.sandbox.add_fault(Fault(kind=FaultKind.HANG_BEFORE, operation=Operation.CREATE, times=1))
    first = stage.process("sms", "--lane", "urgent")
    await stage.emit(order)
    await _asked(stage)
    kill(first)
    async with stage.notifier():
        receipt = await stage.outcome(order, within_s=30)
    assert (receipt.delivery, receipt.reason) == (Delivery.SENT, ReceiptReason.ACCEPTED)
    assert await stage.accepted() == 1
    assert ReceiptKind.RELEASE in kinds(await stage.receipts(order))
    assert RUTA[1:] not in stage.logs()


@pytest.mark.chaos
async def test_killed_after_the_provider_took_it_the_text_is_not_doubled(stage: Stage) -> None:
    """kill -9 between the provider's acceptance and our outcome: the next finds the text in the provider's list."""
    order = stage.order()
    await stage.sandbox.add_fault(Fault(kind=FaultKind.HANG_AFTER, operation=Operation.CREATE, times=1))
    first = stage.process("sms", "--lane", "urgent")
    await stage.emit(order)
    await _asked(stage)
    kill(first)
    async with stage.notifier():
        receipt = await stage.outcome(order, within_s=30)
        await asyncio.sleep(0.5)
    assert (receipt.delivery, receipt.reason) == (Delivery.SENT, ReceiptReason.RECONCILED_SENT)
    assert await stage.accepted() == 1
    assert deliveries(await stage.receipts(order)) == [Delivery.SENT]


async def test_a_foreign_claim_is_left_alone_until_it_lapses(stage: Stage) -> None:
    """A claim of somebody else holds for its time; only then is the text sent."""
    order = stage.order()
    await stage.emit(order)
    await stage.say(order, ReceiptKind.CLAIM, claim_id="theirs", incarnation="them", delivery=Delivery.CLAIMED)
    began = asyncio.get_running_loop().time()
    async with stage.notifier():
        await stage.outcome(order, within_s=20)
    lapse_s = stage.settings.notifier.claim_fresh_s + stage.settings.twilio.timeout_s
    assert asyncio.get_running_loop().time() - began > lapse_s
    assert await stage.accepted() == 1


async def test_a_foreign_claim_that_ends_well_is_believed(stage: Stage) -> None:
    """When the other one reports its outcome in time, nothing is sent here."""
    order = stage.order()
    await stage.emit(order)
    await stage.say(order, ReceiptKind.CLAIM, claim_id="theirs", incarnation="them", delivery=Delivery.CLAIMED)
    async with stage.notifier():
        await asyncio.sleep(1.0)
        await stage.say(order, ReceiptKind.OUTCOME, claim_id="theirs", delivery=Delivery.SENT)
        await asyncio.sleep(4.0)
    assert await stage.accepted() == 0
    assert deliveries(await stage.receipts(order)) == [Delivery.SENT]


async def test_an_order_that_came_after_its_outcome_hears_it_again(stage: Stage) -> None:
    """Whoever orders what is already done had not seen the receipt: it is written again, and nothing is sent."""
    order = stage.order()
    async with stage.notifier():
        await stage.emit(order)
        first = await stage.outcome(order)
        await stage.emit(order)
        second = await stage.outcome(order, count=2)
    assert second == first
    assert await stage.accepted() == 1


async def test_a_failure_of_the_process_ends_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect while delivering ends the notifier with an error instead of leaving it half alive."""

    async def broken(self: TwilioSms, message: Message, now: datetime) -> Outcome:
        raise RuntimeError("defect")

    order = stage.order()
    with monkeypatch.context() as patched:
        patched.setattr(TwilioSms, "send", broken)
        await stage.emit(order)
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.timeout(20):
                await _run_until_it_fails(stage)
    assert caught.group_contains(RuntimeError, match="defect")
    async with stage.notifier():
        assert (await stage.outcome(order, within_s=20)).delivery is Delivery.SENT


@pytest.mark.chaos
async def test_a_stopped_notifier_leaves_nothing_undone(stage: Stage) -> None:
    """SIGTERM while texts go out: exit code 0, every order with one outcome, no text twice."""
    orders: list[Any] = [stage.order() for _ in range(40)]
    first = stage.process("sms", "--lane", "urgent")
    try:
        await stage.emit(*orders)
        await _asked(stage)
        first.terminate()
        assert await eventually(lambda: first.poll() is not None, 20)
        assert first.returncode == 0, stage.logs()[-2000:]
    finally:
        first.kill()
    async with stage.notifier():
        for order in orders:
            await stage.outcome(order, within_s=25)
    assert await stage.accepted() == len(orders)


@pytest.mark.chaos
async def test_a_provider_of_real_people_refuses_made_up_ones(stage: Stage) -> None:
    """With the provider's own address, a directory marked fictional is a reason not to start: exit code 78."""
    from deploy.local.sandbox.running import DEMO_ACCOUNT_SID

    twilio = f'{{"account_sid":"{DEMO_ACCOUNT_SID}","auth_token":"x","from_urgent":"+37167000001"}}'
    process = stage.process("sms", TWILIO=twilio)
    assert await eventually(lambda: process.poll() is not None, 20)
    assert process.returncode == 78
    assert "marked fictional" in stage.logs()
