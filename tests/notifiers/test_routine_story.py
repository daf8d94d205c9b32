"""Routine texts: paced by contact, several told in one; urgent ones never wait and never merge."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from schemas.notification import Notification
from schemas.policy.models import Policy
from schemas.policy.rates import ContactPace, Rate, Rates
from schemas.vocabulary import Action, Channel, Delivery, Lane, ReceiptKind, ReceiptReason, Template
from tests.notifiers.stage import JONAS, RUTA, Stage, eventually, kinds

pytestmark = pytest.mark.kafka

PACE_S = 4


def with_rates(policy: Policy, rates: Rates) -> Policy:
    """``policy`` under other rates."""
    return Policy(**{**{name: getattr(policy, name) for name in Policy.model_fields}, "rates": rates})


@pytest.fixture(autouse=True)
async def _paced(stage: Stage, policy: Policy) -> AsyncIterator[None]:
    """Two routine texts at once, then one in four seconds; three that wait are told in one."""
    pace = ContactPace(at_once=2, one_per=PACE_S, digest_from=3)
    await stage.activate(with_rates(policy, Rates(routine_texts=pace)))
    yield
    await stage.activate(with_rates(policy, Rates()))


def routine(stage: Stage, code: str, **changes: Any) -> Notification:
    """News that asks for nothing."""
    news = {"lane": Lane.ROUTINE, "template": Template.INFORM, "action": Action.INFORM, "reply_within_s": None}
    return stage.order(**{**news, "code": code, **changes})


async def _texts(stage: Stage, number: str) -> list[str]:
    return [text.body for text in await stage.sandbox.texts(number)]


async def test_of_many_routine_texts_two_go_at_once_and_one_tells_of_the_others(stage: Stage) -> None:
    """Each has its own end; the receipts of those told together name the one that carried them."""
    orders = [routine(stage, code) for code in ("A2AA", "A3AA", "A4AA", "A5AA", "A6AA", "A7AA")]
    other = routine(stage, "B2BB", contact_id="jonas")
    async with stage.notifier(lanes=[Lane.ROUTINE]) as health:
        await stage.emit(*orders, other)
        assert (await stage.outcome(other)).delivery is Delivery.SENT
        receipts = [await stage.outcome(order, within_s=30) for order in orders]
        assert await eventually(lambda: sum(health.lag.values()) == 0)
    texts = await _texts(stage, RUTA)
    assert len(texts) == 3
    assert texts[2].startswith("Pranešimai (4): ")
    told = [order for order in orders if order.code in texts[2]]
    assert len(told) == 4
    assert {receipt.delivery for receipt in receipts} == {Delivery.SENT}
    by_reason = [receipt.reason for receipt in receipts]
    assert (by_reason.count(ReceiptReason.ACCEPTED), by_reason.count(ReceiptReason.DIGESTED)) == (3, 3)
    carrier = next(one for one in receipts if one.detail and one.detail.startswith("one text for 4"))
    for receipt in receipts:
        if receipt.reason is ReceiptReason.DIGESTED:
            assert receipt.detail == f"told in the text of {carrier.notification_id}"
            assert receipt.provider_ref is None
    assert len(await _texts(stage, JONAS)) == 1


async def test_what_asks_for_an_answer_and_every_urgent_text_stays_a_text_of_its_own(stage: Stage) -> None:
    """Requests wait for the pace but are never merged; urgent ones do not even wait."""
    helps = [stage.order(lane=Lane.ROUTINE, code=code) for code in ("C2CC", "C3CC", "C4CC", "C5CC")]
    urgent = [stage.order(code=code) for code in ("D2DD", "D3DD", "D4DD", "D5DD", "D6DD")]
    async with stage.notifier() as health:
        await stage.emit(*helps)
        assert await eventually(lambda: health.handled >= 2)
        await stage.emit(*urgent)
        for order in urgent:
            await stage.outcome(order, within_s=PACE_S)
        for order in helps:
            assert (await stage.outcome(order, within_s=30)).reason is ReceiptReason.ACCEPTED
    texts = await _texts(stage, RUTA)
    assert len(texts) == len(helps) + len(urgent)
    assert not any("Pranešimai" in text for text in texts)


async def test_a_text_that_waits_for_its_pace_is_held_by_a_switch_like_any_other(stage: Stage) -> None:
    """And one that was ended meanwhile is not told of."""
    orders = [routine(stage, code) for code in ("E2EE", "E3EE", "E4EE", "E5EE", "E6EE", "E7EE")]
    async with stage.notifier(lanes=[Lane.ROUTINE]) as health:
        await stage.emit(*orders)
        assert await eventually(lambda: health.handled >= 2)
        await stage.switch(stopped=True)
        try:
            await stage.say(orders[-1], ReceiptKind.END, reason=ReceiptReason.SUPERSEDED, delivery=Delivery.SUPPRESSED)
            await asyncio.sleep(PACE_S + 1.5)
            assert await stage.accepted() == 2
        finally:
            await stage.switch(stopped=False)
        for order in orders:
            await stage.outcome(order, within_s=40)
        assert await eventually(lambda: health.handled == len(orders), 20)
    texts = await _texts(stage, RUTA)
    assert not any("E7EE" in text for text in texts)
    for code in ("E2EE", "E3EE", "E4EE", "E5EE", "E6EE"):
        assert sum(code in text for text in texts) == 1, texts


async def test_a_lane_keeps_the_rate_of_the_policy(stage: Stage, policy: Policy) -> None:
    """Two at once and two a second: eight texts take three seconds, and all arrive."""
    line = Rate(channel=Channel.SMS, lane=Lane.URGENT, per_second=2, burst=2)
    await stage.activate(with_rates(policy, Rates(rates=(line,))))
    orders = [stage.order() for _ in range(8)]
    loop = asyncio.get_running_loop()
    async with stage.notifier(lanes=[Lane.URGENT]):
        await asyncio.sleep(3)  # its partitions are assigned
        began_s = loop.time()
        await stage.emit(*orders)
        for order in orders:
            receipts = await stage.outcome(order, within_s=30)
            assert receipts.delivery is Delivery.SENT
    assert loop.time() - began_s >= 2.5
    assert kinds(await stage.receipts(orders[0]))[0] is ReceiptKind.CLAIM
