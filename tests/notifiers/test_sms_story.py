"""An order goes in, a phone gets a text: the ordinary way and every way a text provider goes wrong."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from deploy.local.sandbox import Fault, FaultKind, NumberTrouble, Operation
from runtime.kafka import partition_for
from schemas.topics import NOTIFY
from schemas.vocabulary import Channel, Delivery, Lane, Origin, ReceiptKind, ReceiptReason, Status, Template
from tests.notifiers.stage import DRILL, JONAS, LETTERS, PARTITIONS, ROUTINE, RUTA, URGENT, Stage, deliveries, kinds

pytestmark = pytest.mark.kafka


async def test_an_order_becomes_one_text_with_every_letter(stage: Stage) -> None:
    """The text arrives in the contact's language with its letters, and claim and outcome stand on the log."""
    order = stage.order()
    async with stage.notifier() as health:
        await stage.emit(order)
        text = await stage.sandbox.wait_for_sms(RUTA, 15)
        receipt = await stage.outcome(order)
        await asyncio.sleep(1.0)
        assert health.healthy
        assert sum(health.lag.values()) == 0
    assert text.peer == URGENT
    assert set(text.body.lower()) & LETTERS
    assert "A7KX" in text.body
    assert (receipt.delivery, receipt.reason, receipt.provider) == (Delivery.SENT, ReceiptReason.ACCEPTED, "twilio")
    assert (receipt.provider_ref, receipt.segments) == (text.sid, text.segments)
    assert receipt.encoding is not None
    assert receipt.body_sha256 is not None
    assert kinds(await stage.receipts(order)) == [ReceiptKind.CLAIM, ReceiptKind.OUTCOME]
    assert RUTA not in receipt.model_dump_json()


def _counted(template: Template) -> float:
    """Texts of ``template`` that a provider took, as a dashboard counts them."""
    labels = {"channel": "sms", "delivery": "sent", "reason": "accepted", "template": template.value}
    return REGISTRY.get_sample_value("borderlands_deliveries_total", labels) or 0.0


async def test_a_contact_without_diacritics_gets_plain_letters(stage: Stage) -> None:
    """A contact with script ascii gets the same text in ASCII."""
    order = stage.order(contact_id="jonas", lane=Lane.ROUTINE)
    before = _counted(order.template)
    async with stage.notifier():
        await stage.emit(order)
        text = await stage.sandbox.wait_for_sms(JONAS, 15)
        await stage.outcome(order)
    assert _counted(order.template) == before + 1, "told apart from canaries"
    assert text.body.isascii()
    assert text.peer == ROUTINE


async def test_two_notifiers_with_the_same_order_send_one_text(stage: Stage) -> None:
    """Whoever claims first sends; the same order twice on the log leads to one text."""
    orders = [stage.order() for _ in range(10)]
    async with stage.notifier(), stage.notifier():
        await asyncio.gather(*(stage.emit(order, order) for order in orders))
        for order in orders:
            await stage.outcome(order)
        await asyncio.sleep(1.0)
    assert await stage.accepted() == len(orders)
    for order in orders:
        assert set(deliveries(await stage.receipts(order))) == {Delivery.SENT}


async def test_members_that_come_and_go_send_each_text_once(stage: Stage) -> None:
    """A notifier joins under load and another leaves: every order goes out, none twice."""
    orders = [stage.order() for _ in range(90)]
    async with stage.notifier():
        async with stage.notifier():
            await stage.emit(*orders[:30])
            async with stage.notifier():
                await stage.emit(*orders[30:60])
        await stage.emit(*orders[60:])
        for order in orders:
            await stage.outcome(order, within_s=20)
    assert await stage.accepted() == len(orders)


async def test_a_provider_that_hangs_after_taking_the_text_is_asked(stage: Stage) -> None:
    """No answer, but the text is in the provider's list: sent, and not sent again."""
    order = stage.order()
    await stage.sandbox.add_fault(Fault(kind=FaultKind.HANG_AFTER, operation=Operation.CREATE, times=1))
    async with stage.notifier():
        await stage.emit(order)
        receipt = await stage.outcome(order)
    assert (receipt.delivery, receipt.reason) == (Delivery.SENT, ReceiptReason.RECONCILED_SENT)
    assert await stage.accepted() == 1


async def test_a_provider_that_breaks_off_its_answer_is_asked(stage: Stage) -> None:
    """An answer that ends in the middle leaves it open; the provider's list says that the text was taken."""
    order = stage.order()
    await stage.sandbox.add_fault(Fault(kind=FaultKind.RESET, operation=Operation.CREATE, times=1))
    async with stage.notifier():
        await stage.emit(order)
        receipt = await stage.outcome(order)
    assert (receipt.delivery, receipt.reason) == (Delivery.SENT, ReceiptReason.RECONCILED_SENT)
    assert await stage.accepted() == 1


async def test_a_text_taken_but_listed_late_is_found_by_the_second_look(stage: Stage) -> None:
    """A list that is a moment behind does not lead to a second text."""
    await stage.sandbox.change_settings(list_delay_s=1.1)
    order = stage.order()
    await stage.sandbox.add_fault(Fault(kind=FaultKind.HANG_AFTER, operation=Operation.CREATE, times=1))
    async with stage.notifier():
        await stage.emit(order)
        receipt = await stage.outcome(order)
    assert receipt.reason is ReceiptReason.RECONCILED_SENT
    assert await stage.accepted() == 1


async def test_a_provider_that_hangs_before_taking_the_text_is_tried_again(stage: Stage) -> None:
    """No answer and nothing in the list: sent again under a new claim, one text in all."""
    order = stage.order()
    await stage.sandbox.add_fault(Fault(kind=FaultKind.HANG_BEFORE, operation=Operation.CREATE, times=1))
    async with stage.notifier():
        await stage.emit(order)
        receipt = await stage.outcome(order)
    assert receipt.reason is ReceiptReason.ACCEPTED
    assert await stage.accepted() == 1
    assert kinds(await stage.receipts(order)) == [
        ReceiptKind.CLAIM,
        ReceiptKind.RELEASE,
        ReceiptKind.CLAIM,
        ReceiptKind.OUTCOME,
    ]


async def test_a_throttled_text_waits_as_long_as_asked(stage: Stage) -> None:
    """429 with Retry-After is heeded within the notifier's own seconds."""
    order = stage.order()
    await stage.sandbox.add_fault(Fault(kind=FaultKind.THROTTLE, operation=Operation.CREATE, times=1, retry_after_s=2))
    async with stage.notifier():
        await stage.emit(order)
        receipt = await stage.outcome(order)
    assert receipt.delivery is Delivery.SENT
    first, second = [entry for entry in await stage.sandbox.ledger("request") if entry["method"] == "POST"]
    assert (first["status"], second["status"]) == (429, 201)


async def test_a_throttle_longer_than_the_notifier_tries_is_the_dispatchers(stage: Stage) -> None:
    """A Retry-After beyond the notifier's seconds ends the attempt as a temporary failure at once."""
    order = stage.order()
    await stage.sandbox.add_fault(Fault(kind=FaultKind.THROTTLE, operation=Operation.CREATE, retry_after_s=60))
    async with stage.notifier():
        await stage.emit(order)
        receipt = await stage.outcome(order, within_s=8)
        await stage.sandbox.clear_faults()
        again = order.model_copy(update={"attempt": 2})
        await stage.emit(again)
        second = await stage.outcome(again, count=2)
    assert (receipt.delivery, receipt.reason) == (Delivery.FAILED_TEMP, ReceiptReason.RATE_LIMITED)
    assert (second.attempt, second.delivery) == (2, Delivery.SENT)
    assert await stage.accepted() == 1


@pytest.mark.parametrize("status", [500, 503])
async def test_a_failing_provider_is_tried_again(stage: Stage, status: int) -> None:
    """After a 5xx the text goes out at a later try, once."""
    order = stage.order()
    await stage.sandbox.add_fault(Fault(kind=FaultKind.HTTP_ERROR, operation=Operation.CREATE, status=status, times=2))
    async with stage.notifier():
        await stage.emit(order)
        receipt = await stage.outcome(order)
    assert receipt.delivery is Delivery.SENT
    assert await stage.accepted() == 1


async def test_a_provider_that_stays_down_is_a_temporary_failure(stage: Stage) -> None:
    """Tried for seconds, then handed back to the dispatcher."""
    order = stage.order()
    await stage.sandbox.add_fault(Fault(kind=FaultKind.HTTP_ERROR, status=503))
    async with stage.notifier():
        await stage.emit(order)
        receipt = await stage.outcome(order)
    assert (receipt.delivery, receipt.reason) == (Delivery.FAILED_TEMP, ReceiptReason.PROVIDER_ERROR)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (21211, ReceiptReason.INVALID_ADDRESS),
        (21614, ReceiptReason.INVALID_ADDRESS),
        (21610, ReceiptReason.RECIPIENT_STOPPED),
    ],
)
async def test_a_refused_number_fails_for_good_without_naming_it(
    stage: Stage, code: int, reason: ReceiptReason
) -> None:
    """The provider's text quotes the number; the receipt does not."""
    order = stage.order()
    await stage.sandbox.add_trouble(NumberTrouble(number=RUTA, refuse_code=code))
    async with stage.notifier():
        await stage.emit(order)
        receipt = await stage.outcome(order)
    assert (receipt.delivery, receipt.reason) == (Delivery.FAILED_PERM, reason)
    assert str(code) in (receipt.detail or "")
    assert RUTA[1:] not in (receipt.detail or "")


async def test_a_superseded_order_is_not_sent(stage: Stage) -> None:
    """An end that stands on the log before the claim keeps the phone silent."""
    order, after = stage.order(), stage.order(contact_id="jonas")
    await stage.say(order, ReceiptKind.END, delivery=Delivery.SUPPRESSED, reason=ReceiptReason.SUPERSEDED)
    async with stage.notifier():
        await stage.emit(order, after)
        await stage.outcome(after)
        await asyncio.sleep(0.5)
    assert await stage.sandbox.texts(RUTA) == []
    assert deliveries(await stage.receipts(order)) == [Delivery.SUPPRESSED]


async def test_a_drill_reaches_only_drill_contacts(stage: Stage) -> None:
    """An exercise goes to an exercise contact, marked as one, and to no real one; a real alert the other way."""
    drill = {"status": Status.EXERCISE, "origin": Origin.EXERCISE, "exerciseid": "ex-1"}
    good, to_live = stage.order(contact_id="drill", **drill), stage.order(**drill)
    to_drill = stage.order(contact_id="drill")
    async with stage.notifier():
        await stage.emit(good, to_live, to_drill)
        text = await stage.sandbox.wait_for_sms(DRILL, 15)
        refused = [await stage.outcome(order) for order in (to_live, to_drill)]
    assert text.body.startswith("PRATYBOS")
    assert await stage.accepted() == 1
    assert {(r.kind, r.delivery, r.reason) for r in refused} == {
        (ReceiptKind.END, Delivery.FAILED_PERM, ReceiptReason.ORIGIN_MISMATCH)
    }


async def test_what_must_not_be_sent_is_refused_with_its_reason(stage: Stage) -> None:
    """Replayed, drafts, contradictory, expired, unknown and unreachable: each ends with a reason, none on a phone."""
    cases = {
        ReceiptReason.REPLAYED: stage.order(replayid="replay-1"),
        ReceiptReason.NOT_FOR_SENDING: stage.order(status=Status.DRAFT),
        ReceiptReason.UNKNOWN_CONTACT: stage.order(contact_id="nobody"),
        ReceiptReason.EXPIRED: stage.order(expires_at=stage.order().decided_at),
    }
    contradictory = stage.order(status=Status.EXERCISE)
    async with stage.notifier():
        await stage.emit(*cases.values(), contradictory)
        for reason, order in cases.items():
            assert (await stage.outcome(order)).reason is reason
        assert (await stage.outcome(contradictory)).reason is ReceiptReason.NOT_FOR_SENDING
    assert await stage.accepted() == 0


async def test_a_replayed_record_does_not_close_the_real_one(stage: Stage) -> None:
    """A restored copy of an order is refused, and the order itself still goes out."""
    order = stage.order()
    copy = order.model_copy(update={"replayid": "replay-1"})
    async with stage.notifier():
        await stage.emit(copy, order)
        await stage.sandbox.wait_for_sms(RUTA, 15)
        ends = await stage.outcomes(order, count=2)
    assert await stage.accepted() == 1
    assert [(r.replayid, r.reason) for r in ends if r.replayid] == [("replay-1", ReceiptReason.REPLAYED)]


async def test_what_is_no_notification_is_rejected_and_the_next_goes_through(stage: Stage) -> None:
    """Poison ends on events.rejected with its place; the order behind it is delivered at once."""
    topic, order = NOTIFY[Channel.SMS, Lane.URGENT], stage.order()
    before = len(await stage.rejections())
    partition = partition_for(order.incident_id, PARTITIONS)
    for poison in (b"not json", b"{}", b'{"record":"notification","version":2}'):
        await stage.write_bytes(topic, poison, partition)
    wrong_lane = stage.order(lane=Lane.ROUTINE, incident_id=order.incident_id)
    await stage.write((topic, wrong_lane, order.incident_id))
    async with stage.notifier():
        await stage.emit(order)
        assert (await stage.outcome(order)).delivery is Delivery.SENT
    rejected = (await stage.rejections())[before:]
    assert len(rejected) == 4
    assert {(r.topic, r.refused_by.value) for r in rejected} == {(topic.name, "notifier")}
