"""The stop switch: nothing is claimed or sent while it is on, what was held is judged when it goes off."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.sandbox import Fault, FaultKind, Operation
from notifiers import service
from notifiers.backlog import Bounds
from runtime.kafka import partition_for
from schemas.control import ContactStop
from schemas.notification import Notification, Receipt
from schemas.vocabulary import Channel, Delivery, Lane, Origin, ReceiptKind, ReceiptReason, Status
from tests.notifiers.stage import JONAS, PARTITIONS, RUTA, Stage, deliveries, eventually, kill, kinds

pytestmark = pytest.mark.kafka

HELD_FOR_S = 2.5


@pytest.fixture(autouse=True)
async def _nothing_stays_stopped(stage: Stage) -> AsyncIterator[None]:
    """Other tests send on the same broker."""
    yield
    for party in (None, "birzai", "rokiskis"):
        await stage.switch(stopped=False, party=party)
    await stage.control(ContactStop(contact_id="ruta", stopped=False, at=datetime.now(UTC)), "contact:ruta")


async def _held(stage: Stage, about: Notification) -> Receipt:
    """The receipt that says that ``about`` is held."""
    async with asyncio.timeout(15):
        while True:
            for receipt in await stage.receipts(about):
                if receipt.reason is ReceiptReason.STOPPED_BY_SWITCH:
                    return receipt
            await asyncio.sleep(0.1)


async def test_while_a_switch_is_on_nothing_is_claimed_and_then_it_goes_out_once(stage: Stage) -> None:
    """The log says who held it and why; the notifier stays healthy, and tells how much it holds."""
    order, expiring = stage.order(), stage.order(expires_at=datetime.now(UTC) + timedelta(seconds=3))
    await stage.switch(stopped=True)
    async with stage.notifier() as health:
        await stage.emit(order, expiring)
        held = await _held(stage, order)
        assert held.detail == "operator: a test"
        await _held(stage, expiring)
        await asyncio.sleep(HELD_FOR_S)
        assert ReceiptKind.CLAIM not in kinds(await stage.receipts(order))
        assert await eventually(lambda: health.facts.get("held") == 2)
        assert "everybody" in str(health.facts["stopped"])
        assert await eventually(lambda: sum(health.lag.values()) == 0)
        assert health.healthy
        await stage.switch(stopped=False)
        sent = await stage.outcome(order)
        late = await stage.outcome(expiring)
        assert await eventually(lambda: health.facts.get("held") == 0)
    assert (sent.delivery, sent.reason) == (Delivery.SENT, ReceiptReason.ACCEPTED)
    assert (late.delivery, late.reason) == (Delivery.EXPIRED, ReceiptReason.EXPIRED)
    assert await stage.accepted() == 1


async def test_a_partys_switch_holds_its_texts_and_no_others(stage: Stage) -> None:
    """Also those on its behalf are held; others pass, although hundreds that are held lie before them."""
    incident = stage.order().incident_id
    many = [stage.order(incident_id=incident, party="rokiskis") for _ in range(300)]
    asked = stage.order(incident_id=incident, asking_party="rokiskis")
    other = stage.order(incident_id=incident, contact_id="jonas")
    await stage.switch(stopped=True, party="rokiskis")
    async with stage.notifier() as health:
        await stage.emit(*many, asked, other)
        assert (await stage.outcome(other)).delivery is Delivery.SENT
        assert await eventually(lambda: health.facts.get("held") == 301, 20)
        assert [text.body for text in await stage.sandbox.texts(RUTA)] == []
        assert len(await stage.sandbox.texts(JONAS)) == 1
        await stage.switch(stopped=False, party="rokiskis")
        for order in (*many[:3], many[-1], asked):
            assert (await stage.outcome(order, within_s=40)).delivery is Delivery.SENT
        assert await eventually(lambda: health.facts.get("held") == 0)
    assert await stage.accepted() == 302


async def test_what_comes_after_for_the_same_contact_and_incident_waits_as_well(stage: Stage) -> None:
    """An update must not overtake the alert that a switch holds, though the switch does not cover it itself."""
    first = stage.order(asking_party="rokiskis")
    second = stage.order(incident_id=first.incident_id)
    await stage.switch(stopped=True, party="rokiskis")
    async with stage.notifier() as health:
        await stage.emit(first, second)
        assert await eventually(lambda: health.facts.get("held") == 2)
        await stage.switch(stopped=False, party="rokiskis")
        await stage.outcome(second)
        receipts = [one for one in await stage.all_receipts() if one.incident_id == first.incident_id]
    sent = [one.notification_id for one in receipts if one.kind is ReceiptKind.OUTCOME]
    assert sent == [first.notification_id, second.notification_id]


async def test_a_switch_that_comes_between_two_tries_gives_the_claim_back(stage: Stage) -> None:
    """Nobody must find out afterwards what became of a claim that nothing was done under."""
    order = stage.order()
    await stage.sandbox.add_fault(Fault(kind=FaultKind.HTTP_ERROR, operation=Operation.CREATE, times=2))
    async with stage.notifier():
        await stage.emit(order)
        async with asyncio.timeout(10):
            while not await stage.sandbox.ledger("request"):  # noqa: ASYNC110 - the sandbox does not announce it
                await asyncio.sleep(0.02)
        await stage.switch(stopped=True)
        held = await _held(stage, order)
        claims = [one.claim_id for one in await stage.receipts(order) if one.kind is ReceiptKind.CLAIM]
        assert held.claim_id == claims[-1]
        await stage.switch(stopped=False)
        assert (await stage.outcome(order)).delivery is Delivery.SENT
    assert await stage.accepted() == 1


@pytest.mark.chaos
async def test_a_notifier_started_while_stopped_holds_and_then_sends_each_text_once(stage: Stage) -> None:
    """kill -9 with texts held, and sent ones behind them: the next one holds them too, and repeats nothing."""
    incident = stage.order().incident_id
    held = [stage.order(incident_id=incident, party="rokiskis") for _ in range(5)]
    passed = [stage.order(incident_id=incident, contact_id="jonas") for _ in range(5)]
    await stage.switch(stopped=True, party="rokiskis")
    first = stage.process("sms")
    try:
        await stage.emit(*held, *passed)
        for order in passed:
            await stage.outcome(order, within_s=30)
        await _held(stage, held[-1])
    finally:
        kill(first)
    async with stage.notifier() as health:
        assert await eventually(lambda: health.facts.get("held") == len(held), 20)
        await stage.switch(stopped=False, party="rokiskis")
        for order in held:
            assert deliveries(await stage.outcomes(order, within_s=30)) == [Delivery.SENT]
    for order in passed:
        assert deliveries(await stage.receipts(order)) == [Delivery.SENT]
    assert await stage.accepted() == len(held) + len(passed)


async def test_a_contact_that_asked_for_silence_gets_no_text_but_its_mail(stage: Stage) -> None:
    """STOP is honoured for SMS, and the receipt says so; START undoes it."""
    text = stage.order()
    mail = stage.order(channel=Channel.EMAIL, incident_id=text.incident_id)
    await stage.control(ContactStop(contact_id="ruta", stopped=True, at=datetime.now(UTC)), "contact:ruta")
    async with stage.notifier(), stage.notifier(Channel.EMAIL):
        await stage.emit(text, mail)
        refused = await stage.outcome(text)
        assert (await stage.outcome(mail)).delivery is Delivery.SENT
        await stage.control(ContactStop(contact_id="ruta", stopped=False, at=datetime.now(UTC)), "contact:ruta")
        again = stage.order()
        await asyncio.sleep(1.0)
        await stage.emit(again)
        assert (await stage.outcome(again)).delivery is Delivery.SENT
    assert (refused.delivery, refused.reason) == (Delivery.FAILED_PERM, ReceiptReason.RECIPIENT_STOPPED)
    assert await stage.accepted() == 1


async def test_an_exercise_under_a_switch_is_held_like_everything_else(stage: Stage) -> None:
    """Both lanes and both origins obey the same switch."""
    drill = stage.order(
        contact_id="drill", status=Status.EXERCISE, origin=Origin.EXERCISE, exerciseid="ex-1", lane=Lane.ROUTINE
    )
    await stage.switch(stopped=True, party="birzai")
    async with stage.notifier():
        await stage.emit(drill)
        await _held(stage, drill)
        await stage.switch(stopped=False, party="birzai")
        assert (await stage.outcome(drill)).delivery is Delivery.SENT


async def test_where_too_many_are_held_reading_pauses_for_that_partition_only(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies unread behind them counts as held, not as lag; on resume everything goes out."""
    few = Bounds(waiting_in_all=100, waiting_per_partition=5)
    monkeypatch.setattr(service, "Bounds", lambda: few)
    incident = stage.order().incident_id
    many = [stage.order(incident_id=incident, party="rokiskis") for _ in range(8)]
    behind = stage.order(incident_id=incident, contact_id="jonas")
    elsewhere = stage.order(incident_id=_on_another_partition(incident), contact_id="jonas")
    await stage.switch(stopped=True, party="rokiskis")
    async with stage.notifier() as health:
        await stage.emit(*many)
        assert await eventually(lambda: health.facts.get("held") == len(many), 20)
        await stage.emit(behind, elsewhere)
        assert (await stage.outcome(elsewhere)).delivery is Delivery.SENT
        assert await eventually(lambda: health.facts.get("held") == len(many) + 1)
        assert await eventually(lambda: sum(health.lag.values()) == 0)
        assert deliveries(await stage.receipts(behind)) == []
        await stage.switch(stopped=False, party="rokiskis")
        for order in (*many, behind):
            assert (await stage.outcome(order, within_s=30)).delivery is Delivery.SENT
        assert await eventually(lambda: health.facts.get("held") == 0)
    assert await stage.accepted() == len(many) + 2


def _on_another_partition(incident: str) -> str:
    there = partition_for(incident, PARTITIONS)
    return next(name for n in range(100) if partition_for(name := f"in-other-{incident[3:]}-{n}", PARTITIONS) != there)
