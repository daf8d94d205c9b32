"""Every way in is tried on the running system with records that say they are replayed: nothing reaches a provider.

Made from the system's own records, so that each would be acted on but for what it says of itself. What is expected of
live events meanwhile must arrive; anything else that a phone or a mailbox gets fails the story.
"""

import asyncio
import json
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from console.logs.live import LiveLog, read_log
from console.logs.logged import Logged
from console.replay.resend import Lost, lost, order_of
from deploy.local.sandbox.models import NumberTrouble
from runtime.kafka import make_producer, partition_for
from runtime.settings import Settings
from schemas.codec import encode
from schemas.control import ContactStop, OperationsNote, StopSwitch
from schemas.event import EmergencyEvent, Rejection
from schemas.incident import IncidentState
from schemas.notification import Notification, Receipt, ResendOrder, Response
from schemas.topics import (
    CO_PARTITIONED,
    CONTROL,
    DECISIONS,
    EVENTS,
    INCIDENTS,
    NOTIFY,
    POLICY,
    RECEIPTS,
    REJECTED,
    RESPONSES,
    TOPICS,
)
from schemas.vocabulary import Answer, Delivery, EventKind, Lane, ReceiptReason, Severity
from tests.acceptance.night import Night
from tests.acceptance.system import System
from tests.replay.hostile import MARK, Forged, forged, renewed

pytestmark = pytest.mark.kafka

BOATS: dict[str, Any] = {"needs": [{"kind": "boat", "count": 1}]}
WORSE: dict[str, Any] = {"kind": EventKind.UPDATE, "severity": Severity.EXTREME}
SETTLES_WITHIN_S = 180.0


async def records_of(settings: Settings, incident: str) -> list[Logged]:
    """Every record of ``incident`` on every topic."""
    everything = await read_log(settings, [topic for topic in CO_PARTITIONED if topic is not REJECTED])
    return [one for one in everything if getattr(one.record, "incident_id", None) == incident]


async def until(settings: Settings, incident: str, wanted: Any) -> list[Logged]:
    """The records of ``incident`` as soon as ``wanted`` says of them that they are all there."""
    deadline = time.monotonic() + SETTLES_WITHIN_S
    while not wanted(records := await records_of(settings, incident)):
        assert time.monotonic() < deadline, [(one.topic, one.record) for one in records]
        await asyncio.sleep(0.3)
    return records


async def write_all(settings: Settings, records: list[Forged]) -> set[tuple[str, int, int]]:
    """Write them; the places of those that cannot be read."""
    producer = make_producer(settings)
    await producer.start()
    try:
        sent = [
            await producer.send(one.topic, one.value, key=one.key, partition=one.partition, headers=one.headers)
            for one in records
        ]
        places = await asyncio.gather(*sent)
    finally:
        await producer.stop()
    return {
        (one.topic, place.partition, place.offset)
        for one, place in zip(records, places, strict=True)
        if not one.readable
    }


async def all_refused(settings: Settings, places: set[tuple[str, int, int]]) -> None:
    """Each of ``places`` has a rejection that names it."""
    deadline = time.monotonic() + SETTLES_WITHIN_S
    while True:
        refused = {
            (one.record.topic, one.record.partition, one.record.offset)
            for one in await read_log(settings, [REJECTED])
            if isinstance(one.record, Rejection)
        }
        if places <= refused:
            return
        assert time.monotonic() < deadline, sorted(places - refused)[:10]
        await asyncio.sleep(0.3)


async def settled(system: System) -> None:
    """Nothing is left to read anywhere."""
    deadline = time.monotonic() + SETTLES_WITHIN_S
    while True:
        health = await asyncio.to_thread(system.health)
        lags = {name: answer.get("lag") for name, answer in health.items()}
        if health and all(answer.get("healthy") for answer in health.values()) and not any(map(_behind, lags.values())):
            return
        assert time.monotonic() < deadline, lags
        await asyncio.sleep(0.3)


def _behind(lag: Any) -> bool:
    return any(lag.values()) if isinstance(lag, dict) else bool(lag)


async def expect_rokiskis(night: Night) -> None:
    """The four texts that a call for boats near Gārsene brings."""
    for contact in ("rokiskis-duty", "rokiskis-chief"):
        await night.expect_sms(contact)
        await night.expect_mail(contact)


async def expect_news(night: Night, *words: str) -> None:
    """What the asking side hears of an answer."""
    await night.expect_sms("akniste-duty", *words)
    await night.expect_mail("akniste-duty", *words)


def ordered(records: list[Logged], delivery: Delivery, count: int = 1) -> bool:
    """Whether so many outcomes of that kind stand there."""
    return sum(isinstance(one.record, Receipt) and one.record.delivery is delivery for one in records) >= count


async def test_nothing_that_is_marked_reaches_anybody_on_any_topic(night: Night, system: System) -> None:
    """A whole evening of real records, each written again in each way; then a live event, which goes its way."""
    settings = night.settings
    chief = night.directory.contacts["rokiskis-chief"].sms
    assert chief is not None
    await night.sandbox.add_trouble(NumberTrouble(number=chief, refuse_code=21211))
    event = await night.report("akniste", "ice_rescue", "Gārsene", **BOATS)
    await night.expect_sms("rokiskis-duty")
    await night.expect_mail("rokiskis-duty")
    await night.expect_mail("rokiskis-chief")
    await until(settings, event.incident_id, lambda records: ordered(records, Delivery.FAILED_PERM))
    await night.sandbox.clear_troubles()
    quiet = await night.report("birzai", "grass_fire", "Papilys", severity="Minor")
    await night.expect_mail("vecumnieki-duty")
    records = await until(settings, event.incident_id, lambda records: ordered(records, Delivery.SENT, 3))
    routine = await until(settings, quiet.incident_id, lambda records: ordered(records, Delivery.SENT))
    text = await until_lost(settings, event.incident_id)
    real = [*_each_kind([*records, *routine]), *_made_from(records, event, text)]
    topics = {one.topic for one in real}
    assert topics >= {EVENTS.name, DECISIONS.name, RECEIPTS.name, RESPONSES.name}
    assert topics >= {NOTIFY[key].name for key in NOTIFY if key[1] is Lane.URGENT}

    now = datetime.now(UTC)
    tried = [one for record in real for one in forged(record, now)]
    tried += [one for record in real if isinstance(record.record, Notification) for one in _other_lanes(record, now)]
    assert {one.topic for one in tried} >= {topic.name for topic in NOTIFY.values()}
    unreadable = await write_all(settings, tried)
    await all_refused(settings, unreadable)
    await settled(system)

    await night.report("tervete", "flood", "Augstkalne", needs=[{"kind": "pump", "count": 1}])
    for contact in ("joniskis-duty", "joniskis-chief"):
        await night.expect_sms(contact)
        await night.expect_mail(contact)
    await night.expect_nothing_more()
    ends = [one.record for one in await read_log(settings, [RECEIPTS]) if isinstance(one.record, Receipt)]
    assert any(end.replayid == MARK and end.reason is ReceiptReason.REPLAYED and end.notification_id for end in ends)

    # What was tried is not what keeps anybody silent: the same order without its mark is obeyed.
    live = next(one.record for one in real if isinstance(one.record, ResendOrder))
    await _write(settings, live)
    await night.expect_sms("rokiskis-chief")
    await night.expect_nothing_more()


def _each_kind(records: list[Logged]) -> list[Logged]:
    """One record of each topic and kind, and of receipts one of each outcome."""
    kinds: dict[tuple[object, ...], Logged] = {}
    for one in records:
        if one.record is not None and not isinstance(one.record, IncidentState):
            what = (one.record.kind, one.record.delivery) if isinstance(one.record, Receipt) else ()
            kinds.setdefault((one.topic, type(one.record), *what), one)
    return list(kinds.values())


async def until_lost(settings: Settings, incident: str) -> Lost:
    """The one text of ``incident`` that was lost, as soon as the dispatcher's snapshot has it."""
    deadline = time.monotonic() + SETTLES_WITHIN_S
    while True:
        found = await lost(settings, LiveLog(settings), None, None, incident, although_answered=False)
        if found:
            (one,) = found
            assert one.refusal is None
            return one
        assert time.monotonic() < deadline
        await asyncio.sleep(0.3)


def _made_from(records: list[Logged], event: EmergencyEvent, text: Lost) -> list[Logged]:
    """Records that would follow: an update, a cancel, yes and STOP of those asked, an order to send again."""
    first = next(one for one in records if isinstance(one.record, EmergencyEvent))
    note = next(one.record for one in records if isinstance(one.record, Notification))
    now = datetime.now(UTC)
    order = order_of(text, "operator", now, although_answered=True)
    yes = Response(
        response_id="re-yes", incident_id=event.incident_id, code=note.code, party=note.party, role=note.role,
        contact_id=note.contact_id, channel="sms", answer=Answer.ACCEPT, text=f"{note.code} TAIP", at=now,
    )  # fmt: skip
    stop = Response(
        response_id="re-stop", incident_id=event.incident_id, contact_id="joniskis-duty", channel="sms",
        command="stop", text="STOP", at=now,
    )  # fmt: skip
    said = [
        (
            EVENTS.name,
            event.model_copy(update={"event_id": "ev-update", "kind": EventKind.UPDATE, "severity": Severity.EXTREME}),
        ),
        (EVENTS.name, event.model_copy(update={"event_id": "ev-cancel", "kind": EventKind.CANCEL})),
        (RESPONSES.name, yes),
        (RESPONSES.name, yes.model_copy(update={"incident_id": None, "response_id": "re-by-code"})),
        (RESPONSES.name, stop),
        (RESPONSES.name, order),
    ]
    return [
        Logged(topic, first.partition, 9_000 + n, now, None, record.model_dump_json(exclude_none=True).encode(), record)
        for n, (topic, record) in enumerate(said)
    ]


def _other_lanes(real: Logged, now: datetime) -> list[Forged]:
    """The same text for each channel and lane, on the topic of that lane."""
    body = renewed(json.loads(real.value or b"{}"), now)
    found = []
    for (channel, lane), topic in NOTIFY.items():
        note = body | {"channel": channel.value, "lane": lane.value, "notification_id": f"nt-{channel}-{lane}"}
        copy = Logged(topic.name, real.partition, real.offset, now, None, json.dumps(note).encode(), None)
        found += list(forged(copy, now))
    return found


async def _write(settings: Settings, order: ResendOrder) -> None:
    encoded = encode(RESPONSES, order, source="test", at=order.at)
    partition = partition_for(order.incident_id, settings.partitions)
    producer = make_producer(settings)
    await producer.start()
    try:
        await producer.send_and_wait(
            RESPONSES.name, encoded.value, key=order.incident_id.encode(), partition=partition, headers=encoded.headers
        )
    finally:
        await producer.stop()


async def test_a_marked_record_beside_a_live_one_in_the_same_batch_changes_nothing_about_it(
    night: Night, system: System
) -> None:
    """Before, between and behind live records of the same incident, sent as one."""
    settings = night.settings
    event = await night.report("akniste", "ice_rescue", "Gārsene", **BOATS)
    await expect_rokiskis(night)
    body = json.loads(event.model_copy(update={"kind": EventKind.UPDATE}).model_dump_json(exclude_none=True))
    update = {**body, "event_id": "ev-batch-live", "severity": "Extreme", "needs": [{"kind": "boat", "count": 3}]}
    replayed = [
        {**update, "event_id": "ev-batch-live", "replayid": MARK, "needs": [{"kind": "boat", "count": 9}]},
        {**update, "event_id": "ev-batch-cancel", "kind": "cancel", "replayid": MARK},
        {**body, "event_id": "ev-batch-new", "incident_id": "in-batch-new", "kind": "report", "replayid": MARK},
    ]
    producer = make_producer(settings)
    await producer.start()
    try:
        partition = partition_for(event.incident_id, settings.partitions)
        await _as_one(producer, EVENTS.name, partition, event.incident_id, [*replayed, update, *replayed])
    finally:
        await producer.stop()
    for contact in ("rokiskis-duty", "rokiskis-chief"):
        assert "valtys 3" in await night.expect_sms(contact)
        await night.expect_mail(contact)
    await settled(system)
    await night.expect_nothing_more()


async def _as_one(
    producer: AIOKafkaProducer, topic: str, partition: int, key: str, bodies: list[dict[str, Any]]
) -> None:
    batch = producer.create_batch()
    for body in bodies:
        assert batch.append(key=key.encode(), value=json.dumps(body).encode(), timestamp=None) is not None
    batch.close()
    await (await producer.send_batch(batch, topic, partition=partition))


async def test_a_marked_snapshot_switch_or_policy_is_not_taken_for_the_present_one(
    night: Night, system: System
) -> None:
    """A dispatcher that starts on restored snapshots sends nothing of theirs; nobody is silenced by restored words."""
    settings = night.settings
    event = await night.report("akniste", "ice_rescue", "Gārsene", **BOATS)
    await expect_rokiskis(night)
    records = await until(settings, event.incident_id, lambda found: any(map(_is_sent_snapshot, found)))
    snapshot = next(one for one in reversed(records) if _is_sent_snapshot(one))
    state = json.loads(snapshot.value or b"{}")
    now = datetime.now(UTC)
    await write_all(
        settings,
        [
            *_snapshots(state, snapshot.partition, now),
            *(_control(record) for record in _restored_words(now)),
            Forged(POLICY.name, 0, b"active", _active(now), [], False, "policy"),
        ],
    )
    system.signal("dispatcher", signal.SIGKILL)
    await asyncio.sleep(1)
    await asyncio.to_thread(system.until_healthy)
    await settled(system)
    await asyncio.sleep(3)  # the timers of what was restored would have fired
    await night.report("tervete", "flood", "Augstkalne", needs=[{"kind": "pump", "count": 1}])
    for contact in ("joniskis-duty", "joniskis-chief"):
        await night.expect_sms(contact)
        await night.expect_mail(contact)
    await night.expect_nothing_more()


def _is_sent_snapshot(one: Logged) -> bool:
    state = one.record
    return isinstance(state, IncidentState) and bool(state.slots) and all(slot.reached for slot in state.slots)


def _snapshots(state: dict[str, Any], partition: int, now: datetime) -> list[Forged]:
    """The incident as it would be if its texts were to be tried again now: marked itself, or each of its texts."""
    found = []
    for number, way in enumerate(("state", "texts", "state twice")):
        incident = f"in-restored-{number}"
        slots = [
            {
                **slot,
                "delivery": "failed_temp",
                "next_attempt_at": now.isoformat(),
                "current": {
                    **slot["current"],
                    "incident_id": incident,
                    "notification_id": f"nt-restored-{number}-{place}",
                    "expires_at": (now + timedelta(hours=2)).isoformat(),
                    **({"replayid": MARK} if way == "texts" else {}),
                },
            }
            for place, slot in enumerate(state["slots"])
        ]
        body = json.dumps({**state, "incident_id": incident, "slots": slots})
        if way == "state":
            body = json.dumps({**json.loads(body), "replayid": MARK})
        if way == "state twice":
            body = f'{{"replayid": "{MARK}", "replayid": null, {body[1:]}'
        found.append(Forged(INCIDENTS.name, partition, incident.encode(), body.encode(), [], way == "texts", way))
    return found


def _restored_words(now: datetime) -> list[tuple[str, dict[str, Any]]]:
    switch = StopSwitch(stopped=True, reason="an old one", by="somebody", at=now)
    silence = ContactStop(contact_id="joniskis-duty", stopped=True, at=now)
    note = OperationsNote(note="an old one", by="somebody", at=now)
    return [
        (key, {**json.loads(record.model_dump_json(exclude_none=True)), "replayid": MARK})
        for key, record in ((switch.key, switch), (silence.key, silence), ("note", note))
    ]


def _control(record: tuple[str, dict[str, Any]]) -> Forged:
    key, body = record
    return Forged(CONTROL.name, 0, key.encode(), json.dumps(body).encode(), [], False, "control")


def _active(now: datetime) -> bytes:
    body = {"record": "active_policy", "policy_version": "f" * 64, "note": "", "activated_by": "x", "replayid": MARK}
    return json.dumps(body | {"activated_at": now.isoformat()}).encode()


def test_every_topic_is_tried() -> None:
    """A topic that is added to the table must be added to what is tried here."""
    assert set(TOPICS) == {
        EVENTS.name, REJECTED.name, DECISIONS.name, INCIDENTS.name, RECEIPTS.name, RESPONSES.name, POLICY.name,
        CONTROL.name, *(topic.name for topic in NOTIFY.values()),
    }  # fmt: skip
