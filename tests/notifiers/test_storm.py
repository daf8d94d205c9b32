"""Many orders at once, and a provider that is down or takes only so many: nothing lost, nothing doubled, few words."""

import asyncio

import pytest

from deploy.local.sandbox import Fault, FaultKind, Operation
from runtime.settings import Settings
from schemas.notification import Notification, Receipt
from schemas.vocabulary import Delivery, ReceiptKind
from tests.notifiers.stage import Stage

pytestmark = pytest.mark.kafka

MANY, AT_ONCE = 60, 5


def _few_at_once(stage: Stage) -> Settings:
    return stage.settings.model_copy(
        update={"notifier": stage.settings.notifier.model_copy(update={"concurrency": AT_ONCE})}
    )


async def _receipts(stage: Stage, orders: list[Notification]) -> list[Receipt]:
    ids = {order.notification_id for order in orders}
    return [one for one in await stage.all_receipts() if one.notification_id in ids]


async def _all_sent(stage: Stage, orders: list[Notification]) -> list[Receipt]:
    """Every receipt of ``orders``, once each has been sent."""
    async with asyncio.timeout(60):
        while True:
            receipts = await _receipts(stage, orders)
            sent = [one for one in receipts if one.delivery is Delivery.SENT]
            if len(sent) == len(orders):
                return receipts
            await asyncio.sleep(0.2)


async def test_while_the_provider_is_down_nothing_is_claimed_and_then_all_is_sent(stage: Stage) -> None:
    """A few find out that it is down; the others wait without a word on the log, and go out once it is back."""
    orders = [stage.order() for _ in range(MANY)]
    await stage.sandbox.add_fault(Fault(kind=FaultKind.HTTP_ERROR, operation=Operation.CREATE))
    async with stage.notifier(settings=_few_at_once(stage)):
        await stage.emit(*orders)
        await asyncio.sleep(4)
        waiting = await _receipts(stage, orders)
        tried = [one for one in await stage.sandbox.ledger("request") if one["method"] == "POST"]
        await stage.sandbox.clear_faults()
        receipts = await _all_sent(stage, orders)
    claimed = {one.notification_id for one in waiting if one.kind is ReceiptKind.CLAIM}
    assert len(claimed) < MANY / 2
    assert len(tried) < MANY / 2
    assert len(receipts) < 3 * MANY
    assert await stage.accepted() == MANY


async def test_a_notifier_stopped_while_the_provider_is_down_leaves_no_claim(stage: Stage) -> None:
    """Whoever comes after need not wait for claims to lapse, nor ask the provider about them."""
    orders = [stage.order() for _ in range(MANY)]
    await stage.sandbox.add_fault(Fault(kind=FaultKind.HTTP_ERROR, operation=Operation.CREATE))
    async with stage.notifier(settings=_few_at_once(stage)):
        await stage.emit(*orders)
        await asyncio.sleep(3)
    receipts = await _receipts(stage, orders)
    claims = {one.claim_id for one in receipts if one.kind is ReceiptKind.CLAIM}
    assert claims
    assert claims == {one.claim_id for one in receipts if one.kind is ReceiptKind.RELEASE}
    await stage.sandbox.clear_faults()
    async with stage.notifier(settings=_few_at_once(stage)):
        await _all_sent(stage, orders)
    assert await stage.accepted() == MANY
    assert not any(one["method"] == "GET" for one in await stage.sandbox.ledger("request"))


async def test_what_a_provider_turns_away_for_its_number_is_sent_all_the_same(stage: Stage) -> None:
    """429 to the first twenty: each of them is tried again, and nothing is sent twice."""
    orders = [stage.order() for _ in range(MANY)]
    await stage.sandbox.add_fault(Fault(kind=FaultKind.THROTTLE, operation=Operation.CREATE, times=20))
    async with stage.notifier():
        await stage.emit(*orders)
        await _all_sent(stage, orders)
    assert await stage.accepted() == MANY
