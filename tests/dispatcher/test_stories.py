"""The dispatcher on a real Kafka: what goes in, what comes out, and what survives a death."""

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerFenced

from runtime.kafka import make_producer
from runtime.settings import Settings
from schemas.decision import Decision, Recipient
from schemas.event import Rejection, SourceOfRejection
from schemas.incident import Cursor, IncidentState
from schemas.notification import Notification
from schemas.topics import DECISIONS, INCIDENTS, NOTIFY, RECEIPTS, REJECTED, RESPONSES
from schemas.vocabulary import Channel, Delivery, EventKind, Lane, ReceiptKind, ReceiptReason, RejectionReason, Template
from streams.dispatcher.sources import BATCH_MAX
from streams.dispatcher.worker import SNAPSHOTS_MAX
from tests.dispatcher.builders import CHIEF, DUTY, claim, decision, outcome, response, route
from tests.dispatcher.conftest import PARTITIONS, Bus, dispatching, process

pytestmark = pytest.mark.kafka


def fresh(event: str, *recipients: Recipient, **changes: Any) -> Decision:
    """A decision that has not expired."""
    values = {"expires_at": datetime.now(tz=UTC) + timedelta(hours=2), **changes}
    routes = (route(*recipients),) if recipients else ()
    return decision(event, *routes, **values)


def ids_of(notes: list[Notification]) -> list[tuple[str, int]]:
    """What names each order to send."""
    return [(note.notification_id, note.attempt) for note in notes]


async def test_a_decision_becomes_notifications_on_its_own_partition(bus: Bus, settings: Settings) -> None:
    """Each contact's notification stands on the topic of its channel and lane, on the decision's partition."""
    async with dispatching(settings) as health:
        await bus.write(DECISIONS, fresh("ev-1", CHIEF, DUTY), partition=2)
        await bus.wait_notifications(3)
        assert health.lag == {"decisions": 0, "receipts": 0, "responses": 0}
    placed = [(topic, partition) for topic, partition, _ in await bus.read(*NOTIFY.values())]
    assert sorted(placed) == [("notify.email.urgent", 2), ("notify.sms.urgent", 2), ("notify.sms.urgent", 2)]
    snapshots = [record for _, partition, record in await bus.read(INCIDENTS) if partition == 2]
    state = next(record for record in snapshots if isinstance(record, IncidentState))
    cursor = next(record for record in reversed(snapshots) if isinstance(record, Cursor))
    assert (len(state.slots), state.code and state.code[0]) == (3, "C")
    assert cursor.offsets["decisions"] == 1


async def test_a_flood_is_taken_in_transactions_of_a_bounded_size(bus: Bus, settings: Settings) -> None:
    """Thousands of decisions at once must not become one transaction that outlasts its time-out."""
    incidents = [f"in-{number}" for number in range(1000)]
    await asyncio.gather(
        *(bus.write(DECISIONS, fresh(f"ev-{name}", CHIEF, incident_id=name), partition=1) for name in incidents)
    )
    async with dispatching(settings):
        notes = await bus.wait_notifications(len(incidents), timeout_s=60)
        await asyncio.gather(*(bus.write(RECEIPTS, outcome(note, Delivery.SENT), partition=1) for note in notes))
        await bus.wait_cursor("receipts", len(incidents), partition=1)
    assert sorted(note.incident_id for note in notes) == sorted(incidents)
    sizes, size = [], 0
    for _, _, record in await bus.read(INCIDENTS):
        size += 1
        if isinstance(record, Cursor):  # ends every transaction
            sizes.append(size)
            size = 0
    assert max(sizes) <= BATCH_MAX * 2 + SNAPSHOTS_MAX + 1


async def test_an_update_after_a_restart_reaches_exactly_those_told(bus: Bus, settings: Settings) -> None:
    """State survives a restart: the chief was told, the duty officer's messages failed, nobody new is told."""
    async with dispatching(settings):
        await bus.write(DECISIONS, fresh("ev-1", CHIEF, DUTY))
        for note in await bus.wait_notifications(3):
            delivery = Delivery.SENT if note.contact_id == CHIEF.contact_id else Delivery.FAILED_PERM
            await bus.write(RECEIPTS, claim(note))
            await bus.write(RECEIPTS, outcome(note, delivery))
    mayor = Recipient(role="duty", contact_id="birzai-mayor", channels=(Channel.SMS,))
    async with dispatching(settings):
        await bus.write(DECISIONS, fresh("ev-2", CHIEF, DUTY, mayor, kind=EventKind.UPDATE))
        notes = await bus.wait_notifications(4)
        await bus.write(DECISIONS, fresh("ev-2", CHIEF, kind=EventKind.UPDATE))
        await bus.write(DECISIONS, fresh("ev-3", kind=EventKind.CANCEL, incident_id="in-nobody-knows"))
        await asyncio.sleep(0.5)
        assert len(await bus.notifications()) == 4
    update = [note for note in notes if note.template is Template.UPDATE]
    assert [(note.contact_id, note.revision) for note in update] == [(CHIEF.contact_id, 2)]
    reasons = [receipt.reason for receipt in await bus.receipts() if receipt.reason is not None]
    assert reasons.count(ReceiptReason.NOTHING_OWED) == 2
    assert reasons.count(ReceiptReason.UNKNOWN_INCIDENT) == 1


async def test_what_cannot_be_read_is_rejected_and_the_next_goes_through(bus: Bus, settings: Settings) -> None:
    """Junk, and an answer with a code that names no incident, end on events.rejected; nothing waits for them."""
    async with dispatching(settings):
        await bus.raw(DECISIONS, b"\xff\xfe not json", partition=1)
        await bus.raw(RECEIPTS, b'{"record":"receipt"}', partition=1)
        await bus.write(RESPONSES, response("rs-1", None, code="BZZZ"), partition=1)
        await bus.write(DECISIONS, fresh("ev-1", CHIEF), partition=1)
        await bus.wait_notifications(1)
    refused = [record for _, _, record in await bus.read(REJECTED) if isinstance(record, Rejection)]
    assert sorted((one.topic, one.reason.value) for one in refused) == [
        ("decisions", RejectionReason.NOT_JSON.value),
        ("receipts", RejectionReason.INVALID.value),
        ("responses", RejectionReason.INVALID.value),
    ]
    assert {(one.refused_by, one.partition) for one in refused} == {(SourceOfRejection.DISPATCHER, 1)}


async def test_an_answer_finds_its_incident_by_code(bus: Bus, settings: Settings) -> None:
    """An answer that names only the reply code is kept with the incident of that code."""
    async with dispatching(settings):
        await bus.write(DECISIONS, fresh("ev-1", CHIEF))
        (note,) = await bus.wait_notifications(1)
        await bus.write(RESPONSES, response("rs-1", None, code=note.code))
        await asyncio.sleep(0.5)
    states = [record for _, _, record in await bus.read(INCIDENTS) if isinstance(record, IncidentState)]
    assert [answer.response_id for answer in states[-1].answers] == ["rs-1"]


async def test_no_timer_fires_before_the_unread_news(bus: Bus, settings: Settings) -> None:
    """A retry that fell due while the dispatcher was down is not sent when the log says that the text arrived."""
    async with dispatching(settings):
        await bus.write(DECISIONS, fresh("ev-1", CHIEF))
        await bus.write(DECISIONS, fresh("ev-2", CHIEF, incident_id="in-other"))
        first, second = await bus.wait_notifications(2)
        await bus.write(RECEIPTS, outcome(first, Delivery.FAILED_TEMP))
        await bus.write(RECEIPTS, outcome(second, Delivery.FAILED_TEMP))
        await asyncio.sleep(0.5)
    await bus.write(RECEIPTS, outcome(first, Delivery.DELIVERED))
    await asyncio.sleep(10)  # as long as a first retry waits
    async with dispatching(settings):
        notes = await bus.wait_notifications(3)
        await asyncio.sleep(0.5)
        assert ids_of(await bus.notifications()) == ids_of(notes)
    assert (notes[-1].notification_id, notes[-1].attempt) in ((second.notification_id, 2), (first.notification_id, 1))
    assert (first.notification_id, 2) not in ids_of(notes)


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)], ids=["ahead", "behind"])
async def test_a_wrong_clock_neither_delays_nor_ends_anything(bus: Bus, settings: Settings, ahead: timedelta) -> None:
    """With its machine's clock an hour off, a retry comes after its ten seconds, and nothing expires too soon."""
    async with dispatching(settings, ahead=ahead):
        expires_at = datetime.now(tz=UTC) + timedelta(minutes=30)
        await bus.write(DECISIONS, fresh("ev-1", CHIEF, expires_at=expires_at))
        (first,) = await bus.wait_notifications(1)
        await bus.write(RECEIPTS, outcome(first, Delivery.FAILED_TEMP))
        await asyncio.sleep(2)
        assert ids_of(await bus.notifications()) == [(first.notification_id, 1)]
        notes = await bus.wait_notifications(2, 60)
    assert ids_of(notes) == [(first.notification_id, 1), (first.notification_id, 2)]
    assert {receipt.kind for receipt in await bus.receipts()} == {ReceiptKind.OUTCOME}


async def test_a_killed_dispatcher_leaves_no_hole_and_no_double(bus: Bus, settings: Settings) -> None:
    """Killed with -9 in the middle of its work and started again, it commits every notification exactly once."""
    with process(settings, "dispatcher-1") as first:
        for number in range(150):
            await bus.write(DECISIONS, fresh(f"ev-{number}", CHIEF, incident_id=f"in-{number}"), number % PARTITIONS)
            if number == 100:
                await bus.wait_notifications(1, 30)
        first.kill()
        first.wait(10)
    with process(settings, "dispatcher-1"):
        await bus.wait_notifications(150, 40)
        await asyncio.sleep(0.3)
        notes = await bus.notifications()
    assert len(notes) == 150
    assert len(set(ids_of(notes))) == 150
    assert {note.incident_id for note in notes} == {f"in-{number}" for number in range(150)}


async def test_partitions_move_to_a_second_dispatcher_and_back(bus: Bus, settings: Settings) -> None:
    """While a second dispatcher joins and leaves, every decision still leads to one notification."""
    sent = 0

    async def some(count: int) -> None:
        nonlocal sent
        for _ in range(count):
            await bus.write(DECISIONS, fresh(f"ev-{sent}", CHIEF, incident_id=f"in-{sent}"), sent % PARTITIONS)
            sent += 1

    async with dispatching(settings) as alone:
        await some(9)
        async with dispatching(settings) as second:
            await some(9)
            await bus.wait_notifications(sent, 30)
            assert int(alone.facts["partitions"]) + int(second.facts["partitions"]) == PARTITIONS
            assert int(second.facts["partitions"]) > 0
            await some(9)
        await some(9)
        await bus.wait_notifications(sent, 30)
        await asyncio.sleep(0.3)
    notes = await bus.notifications()
    assert len(set(ids_of(notes))) == len(notes) == sent


async def test_a_paused_predecessor_is_fenced(bus: Bus, settings: Settings) -> None:
    """A dispatcher that was stopped and woken after another took over adds nothing to what that one wrote."""
    with process(settings) as paused:
        await bus.write(DECISIONS, fresh("ev-0", CHIEF, incident_id="in-0"))
        await bus.wait_notifications(1, 30)
        os.kill(paused.pid, signal.SIGSTOP)
        for number in range(1, 10):
            await bus.write(DECISIONS, fresh(f"ev-{number}", CHIEF, incident_id=f"in-{number}"), number % PARTITIONS)
        with process(settings) as successor:
            await bus.wait_notifications(10, 40)
            os.kill(paused.pid, signal.SIGCONT)
            for number in range(10, 20):
                record = fresh(f"ev-{number}", CHIEF, incident_id=f"in-{number}")
                await bus.write(DECISIONS, record, number % PARTITIONS)
            await bus.wait_notifications(20, 30)
            await asyncio.sleep(0.5)
            notes = await bus.notifications()
            assert successor.poll() is None
    assert len(set(ids_of(notes))) == len(notes) == 20


async def test_an_open_transaction_of_a_dead_owner_is_ended_by_its_successor(bus: Bus, settings: Settings) -> None:
    """What a dead owner had not committed is invisible, and taking over does not wait for its time-out."""
    orphan: AIOKafkaProducer = make_producer(settings, transactional_id="dispatcher-0", timeout_s=60)
    await orphan.start()
    await orphan.begin_transaction()
    topic = NOTIFY[(Channel.SMS, Lane.URGENT)].name
    await orphan.send_and_wait(topic, b"half a batch", partition=0)
    async with dispatching(settings):
        await bus.write(DECISIONS, fresh("ev-1", CHIEF))
        notes = await bus.wait_notifications(1, 10)
        with pytest.raises(ProducerFenced):
            await orphan.commit_transaction()
    await orphan.stop()
    assert [note.event_id for note in notes] == ["ev-1"]
