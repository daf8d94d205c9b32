"""A record with ``replayid`` leads to nothing that is sent, whatever it is and wherever it comes in. Without Kafka."""

import json
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.checks import Refusal, forbidden, prepare
from notifiers.ledger import Free, Ledger, Order
from schemas.base import Record
from schemas.codec import Undecodable, decode
from schemas.decision import Decision
from schemas.event import EmergencyEvent
from schemas.incident import IncidentState
from schemas.notification import Notification, Receipt, ResendOrder, Response
from schemas.policy.directory_file import load_directory
from schemas.topics import EVENTS, TOPICS, Topic
from schemas.vocabulary import Answer, DecisionOutcome, Delivery, EventKind, ReceiptReason
from streams.rules.incidents.due import due
from streams.rules.incidents.effects import Emit
from streams.rules.incidents.fold import fold
from streams.rules.routing.route import route as decide
from tests.console.conftest import SHIPPED
from tests.contract.records import examples, shipped_policy
from tests.dispatcher.builders import CHIEF, DUTY, at, claim, decision, outcome, response, route
from tests.replay.test_resend_rules import LATE, climbing, lost, order_of
from tests.rules.ladders import says
from tests.rules.test_fold import PARTITION, Story

MARKS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
REPLAYABLE = {EmergencyEvent, Decision, Notification, Receipt, Response, ResendOrder}
EXAMPLES = [(topic, record) for topic, record in examples() if "replayid" in type(record).model_fields]


def marked(record: Record, mark: str) -> Record:
    """``record`` as it would stand on a topic after a restore."""
    return record.model_copy(update={"replayid": mark})


def test_every_record_that_somebody_acts_on_can_be_marked() -> None:
    """A new kind of record must be added to what these tests try, or be one that tells nobody anything."""
    kinds = {kind for topic in TOPICS.values() for kind in topic.records}
    assert {kind for kind in kinds if "replayid" in kind.model_fields} == REPLAYABLE
    assert {kind.__name__ for kind in kinds - REPLAYABLE} == {
        "Rejection", "IncidentState", "Cursor", "PublishedPolicy", "ActivePolicy",
        "StopSwitch", "ContactStop", "DutySwap", "OperationsNote", "PolicyChange", "RestoredLog", "RetentionLook",
    }  # fmt: skip
    assert {type(record) for _, record in EXAMPLES} == REPLAYABLE


UNMARKABLE = [(topic, record) for topic, record in examples() if "replayid" not in type(record).model_fields]


@pytest.mark.parametrize(("topic", "record"), UNMARKABLE, ids=lambda one: getattr(one, "name", type(one).__name__))
def test_a_mark_on_any_other_record_makes_it_unreadable(topic: Topic, record: Record) -> None:
    """So a restored snapshot, switch or policy is never taken for the present one."""
    body = json.loads(record.model_dump_json(exclude_none=True)) | {"replayid": "rp-1"}
    with pytest.raises(Undecodable, match="replayid: Extra inputs"):
        decode(topic, json.dumps(body).encode())


def _states() -> dict[str, IncidentState | None]:
    """Incidents at every stage at which a record could bring about a text."""
    reported = Story().then(decision("ev-1", route(CHIEF, DUTY)))
    told = Story().then(decision("ev-1", route(CHIEF)))
    note = told.emitted[0]
    told.then(claim(note)).then(outcome(note, Delivery.SENT))
    parked = Story().then(response("rs-0", contact_id="birzai-chief", answer=Answer.ACCEPT))
    over = lost(Delivery.SENT).then(decision("ev-2", kind=EventKind.CANCEL))
    climbed, _ = climbing()
    return {
        "unknown": None,
        "parked": parked.state,
        "reported": reported.state,
        "told": told.state,
        "lost": lost().state,
        "tried again": lost(Delivery.FAILED_TEMP).state,
        "over": over.state,
        "answered": climbed,
    }


STATES = _states()


def _records(state: IncidentState | None) -> list[Decision | Receipt | Response | ResendOrder]:
    """Records that would change something, or send a text, if they were not marked."""
    slots = state.slots if state is not None else ()
    incident = state.incident_id if state is not None else "in-peat-fire"
    texts = [slot.current for slot in slots] or [Story().then(decision("ev-1", route(CHIEF))).emitted[0]]
    changes: dict[str, Any] = {"incident_id": incident}
    found: list[Decision | Receipt | Response | ResendOrder] = [
        decision("ev-new", route(CHIEF, DUTY), **changes),
        decision("ev-update", route(CHIEF), kind=EventKind.UPDATE, **changes),
        decision("ev-cancel", kind=EventKind.CANCEL, **changes),
        decision("ev-clear", kind=EventKind.ALL_CLEAR, **changes),
    ]
    for note in texts:
        found += [outcome(note, delivery) for delivery in Delivery]
        found += [claim(note, "claim-9"), order_of(note), order_of(note, although_answered=True)]
    for answer in Answer:
        found.append(response(f"rs-{answer.value}", incident, contact_id="birzai-chief", answer=answer))
        found.append(says("birzai-desk", answer, name=f"rs-desk-{answer.value}"))
    return [one.model_copy(update={"incident_id": incident}) for one in found]


def test_what_is_tried_would_do_something_without_its_mark() -> None:
    """Or the next test would show nothing: of each kind at least one record changes a state, or sends."""
    acts: set[type[Record]] = set()
    for state in STATES.values():
        for record in _records(state):
            folded = fold(state, record, partition=PARTITION, codes_in_use=frozenset(), now=at(LATE))
            if folded.state != state or any(isinstance(effect, Emit) for effect in folded.effects):
                acts.add(type(record))
    assert acts == {Decision, Receipt, Response, ResendOrder}


@pytest.mark.parametrize("stage", STATES)
@settings(deadline=None)  # the first example reads the shipped policy
@given(mark=MARKS, data=st.data())
def test_no_marked_record_changes_an_incident_or_sends_a_text(stage: str, mark: str, data: st.DataObject) -> None:
    """At any stage of an incident, at once and at every timer after it."""
    state = STATES[stage]
    record = cast(Any, marked(data.draw(st.sampled_from(_records(state))), mark))
    folded = fold(state, record, partition=PARTITION, codes_in_use=frozenset(), now=at(LATE))
    assert folded.state == state
    assert not [effect for effect in folded.effects if isinstance(effect, Emit)]
    if state is not None:
        later = at(LATE) + timedelta(hours=data.draw(st.integers(0, 40)))
        assert due(folded.state or state, later) == due(state, later)


@settings(deadline=None)  # the first example reads the shipped policy
@given(mark=MARKS)
def test_a_marked_event_is_rejected_and_its_decision_is_marked_too(mark: str) -> None:
    """Whoever is reached by it without the mark."""
    policy = shipped_policy()
    event = next(record for topic, record in examples() if topic is EVENTS and isinstance(record, EmergencyEvent))
    event = event.model_copy(update={"recorded_at": event.reported_at})
    assert decide(event, policy).routes
    decided = decide(event.model_copy(update={"replayid": mark}), policy)
    assert (decided.outcome, decided.replayid, decided.routes) == (DecisionOutcome.REJECTED, mark, ())


@settings(deadline=None)  # the first example reads the shipped policy
@given(mark=MARKS)
def test_a_marked_notification_is_refused_before_anything_is_rendered(mark: str) -> None:
    """Whatever else it says, and whatever policy and directory there are."""
    directory = load_directory(SHIPPED / "directory.example.yaml")
    for _, record in EXAMPLES:
        if not isinstance(record, Notification):
            continue
        assert forbidden(record) is None, "without its mark it may be sent"
        refused = prepare(record.model_copy(update={"replayid": mark}), shipped_policy(), directory)
        assert isinstance(refused, Refusal)
        assert refused.reason is ReceiptReason.REPLAYED


@settings(deadline=None)  # the first example reads the shipped policy
@given(mark=MARKS)
def test_a_marked_receipt_says_nothing_about_who_holds_an_order(mark: str) -> None:
    """It neither takes an order from the notifier that has it nor ends it."""
    note = Story().then(decision("ev-1", route(CHIEF))).emitted[0]
    ledger = Ledger()
    for one in (claim(note), outcome(note, Delivery.SENT), outcome(note, Delivery.FAILED_PERM)):
        ledger.fold(one.model_copy(update={"replayid": mark}), 0)
    assert ledger.standing(Order(note.notification_id, note.attempt)) == Free()


def _ways(body: dict[str, Any]) -> dict[str, bytes]:
    """``body`` with a mark that could be read, or lost, in different ways."""
    plain = json.dumps(body)[1:]
    return {
        "empty": json.dumps(body | {"replayid": ""}).encode(),
        "blank": json.dumps(body | {"replayid": " "}).encode(),
        "tab": json.dumps(body | {"replayid": "\t"}).encode(),
        "null": json.dumps(body | {"replayid": None}).encode(),
        "null, escaped": f'{{"replay\\u0069d": null, {plain}'.encode(),
        "false": json.dumps(body | {"replayid": False}).encode(),
        "zero": json.dumps(body | {"replayid": 0}).encode(),
        "list": json.dumps(body | {"replayid": ["rp-1"]}).encode(),
        "invisible": json.dumps(body | {"replayid": "rp\u200b1"}, ensure_ascii=False).encode(),
        "other case": json.dumps(body | {"ReplayID": "rp-1"}).encode(),
        "with a space": json.dumps(body | {"replayid ": "rp-1"}).encode(),
        "first, then null": f'{{"replayid": "rp-1", "replayid": null, {plain}'.encode(),
        "first, then null at the end": f'{{"replayid": "rp-1", {plain[:-1]}, "replayid": null}}'.encode(),
        "null, then the mark": f'{{"replayid": null, "replayid": "rp-1", {plain}'.encode(),
        "twice": f'{{"replayid": "rp-1", "replayid": "rp-1", {plain}'.encode(),
        "escaped, then null": f'{{"replay\\u0069d": "rp-1", {plain[:-1]}, "replayid": null}}'.encode(),
        "mark, then escaped null": f'{{"replayid": "rp-1", {plain[:-1]}, "replay\\u0069d": null}}'.encode(),
    }


WAYS = tuple(_ways({"a": 1}))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("topic", "record"), EXAMPLES, ids=[f"{topic.name}-{type(record).__name__}" for topic, record in EXAMPLES]
)
def test_a_mark_that_could_be_overlooked_makes_the_record_unreadable(topic: Topic, record: Record, way: str) -> None:
    """Given twice, given empty, given as nothing: such a record is refused and not taken for a live one."""
    body = json.loads(record.model_dump_json(exclude_none=True))
    assert decode(topic, json.dumps(body).encode()) == record
    with pytest.raises(Undecodable) as caught:
        decode(topic, _ways(body)[way])
    assert caught.value.mend


@pytest.mark.parametrize("key", ["replayid", "replay\\u0069d", "\\u0072eplayid"])
@pytest.mark.parametrize(
    ("topic", "record"), EXAMPLES, ids=[f"{topic.name}-{type(record).__name__}" for topic, record in EXAMPLES]
)
def test_a_mark_is_read_however_its_name_is_written(topic: Topic, record: Record, key: str) -> None:
    """JSON lets letters be written as numbers; the mark is found all the same."""
    plain = json.dumps(json.loads(record.model_dump_json(exclude_none=True)))[1:]
    found = decode(topic, f'{{"{key}": "rp-1", {plain}'.encode())
    assert found == marked(record, "rp-1")


@pytest.mark.parametrize("first", ["exercise", "live"])
def test_whether_it_is_real_is_said_once(first: str) -> None:
    """An exercise at its beginning and real at its end is neither; nor is what says the same twice."""
    event = next(record for topic, record in examples() if topic is EVENTS)
    plain = json.dumps(json.loads(event.model_dump_json(exclude_none=True)))[1:]
    with pytest.raises(Undecodable, match="given twice in one object: origin"):
        decode(EVENTS, f'{{"origin": "{first}", {plain}'.encode())
