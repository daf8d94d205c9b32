"""What one batch leads to, and what happens when the rules or the sizes fail."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiokafka import TopicPartition

from schemas.base import Record
from schemas.codec import decode, encode
from schemas.event import FreeText
from schemas.incident import Cursor, IncidentState
from schemas.notification import Receipt, Response
from schemas.topics import DECISIONS, INCIDENTS, RECEIPTS, RESPONSES, TOPICS, Topic
from schemas.vocabulary import Answer, Delivery, EventKind, ReceiptKind, ReceiptReason, ReplyProblem, Template
from streams.dispatcher import batch as batch_module
from streams.dispatcher.batch import MAX_FAILURES_IN_A_ROW, Batch, Incoming, Outcome, RulesBroken, in_order
from streams.dispatcher.ledger import Ledger
from streams.dispatcher.service import NotCoPartitioned, common_partitions
from streams.rules.incidents.effects import Folded
from streams.rules.incidents.fold import fold
from tests.dispatcher.builders import CHIEF, DUTY, INCIDENT, T0, at, decision, facts, outcome, receipt, response, route

CURSOR = Cursor(partition=0, offsets={}, at=T0)


def incoming(topic: Topic, record: Record, offset: int = 0, appended_at: datetime = T0) -> Incoming:
    """``record`` as read from ``topic``."""
    return Incoming(topic.name, offset, b"k", encode(topic, record, source="test", at=T0).value, appended_at)


def run(ledger: Ledger, *records: Incoming, seconds: float = 0) -> Outcome:
    """Apply ``records`` as one committed batch."""
    batch = Batch(ledger, at(seconds))
    batch.apply(records)
    batch.fire()
    result = batch.outcome()
    ledger.accept(result.states)
    ledger.forget(result.forgotten)
    return result


def known(ledger: Ledger) -> IncidentState:
    """What ``ledger`` holds of the incident of these stories."""
    state = ledger.state_of(INCIDENT)
    assert state is not None
    return state


def written(result: Outcome, topic: Topic) -> list[Record]:
    """The records of ``result`` for ``topic``."""
    outputs = (*result.orders, *result.snapshots.values())
    return [decode(TOPICS[topic.name], output.value) for output in outputs if output.topic == topic.name]


def ends(result: Outcome) -> list[tuple[str | None, ReceiptReason | None]]:
    """Event and reason of every receipt that ``result`` writes."""
    return [(one.event_id, one.reason) for one in written(result, RECEIPTS) if isinstance(one, Receipt)]


def nothing_to_write(result: Outcome) -> bool:
    """Whether a batch changed nothing at all."""
    return not result.orders and not result.snapshots


def broken(*_: object, **__: object) -> Folded:
    """Rules with a defect."""
    raise KeyError("a defect")


def test_a_batch_writes_nothing_for_what_changes_nothing() -> None:
    """Our own receipts come back and cost no transaction."""
    ledger = Ledger(0)
    first = run(ledger, incoming(DECISIONS, decision("ev-1", route(CHIEF))))
    end = receipt(first.notifications[0], ReceiptKind.END, Delivery.SUPPRESSED, notification_id="nt-x")
    assert nothing_to_write(run(ledger, incoming(RECEIPTS, end)))
    assert nothing_to_write(run(ledger, incoming(DECISIONS, decision("ev-1", route(CHIEF)))))


def test_timers_follow_the_state() -> None:
    """A temporary failure plans a retry; when its time comes the batch emits it, once."""
    ledger = Ledger(0)
    (note,) = run(ledger, incoming(DECISIONS, decision("ev-1", route(CHIEF)))).notifications
    run(ledger, incoming(RECEIPTS, outcome(note, Delivery.FAILED_TEMP)))
    assert ledger.next_due() == at(10)
    assert nothing_to_write(run(ledger, seconds=9))
    assert [note.attempt for note in run(ledger, seconds=10).notifications] == [2]
    assert nothing_to_write(run(ledger, seconds=10))


def test_no_batch_fires_more_timers_than_a_transaction_may_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    """When many fall due at once, as after an outage, the earliest come first and none is left out."""
    monkeypatch.setattr(batch_module, "DUE_MAX", 2)
    ledger = Ledger(0)
    for number in range(5):
        incident = f"in-{5 - number}"
        (note,) = run(
            ledger, incoming(DECISIONS, decision(f"ev-{number}", route(CHIEF), incident_id=incident)), seconds=number
        ).notifications
        failed = outcome(note, Delivery.FAILED_TEMP)
        run(ledger, incoming(RECEIPTS, failed, appended_at=at(number)), seconds=number)
    fired = [{note.incident_id for note in run(ledger, seconds=60).notifications} for _ in range(4)]
    assert fired == [{"in-5", "in-4"}, {"in-3", "in-2"}, {"in-1"}, set()]


def test_two_incidents_of_one_batch_get_different_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A code given earlier in the same batch is taken."""
    monkeypatch.setattr("schemas.ids.reply_code", lambda _partition, _incident, attempt: f"A2{attempt + 22}")
    result = run(
        Ledger(0),
        incoming(DECISIONS, decision("ev-1", route(CHIEF))),
        incoming(DECISIONS, decision("ev-2", route(CHIEF), incident_id="in-other")),
    )
    assert [note.code for note in result.notifications] == ["A222", "A223"]


def test_a_record_the_rules_cannot_apply_quarantines_its_incident_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The incident is set aside with a receipt, and the next incident goes through."""

    def half_broken(state: IncidentState | None, record: Any, **rest: Any) -> Folded:
        return broken() if record.incident_id == INCIDENT else fold(state, record, **rest)

    ledger = Ledger(0)
    (note,) = run(ledger, incoming(DECISIONS, decision("ev-1", route(CHIEF)))).notifications
    monkeypatch.setattr(batch_module, "fold", half_broken)
    result = run(
        ledger,
        incoming(DECISIONS, decision("ev-2", route(CHIEF))),
        incoming(RECEIPTS, outcome(note, Delivery.SENT)),
        incoming(DECISIONS, decision("ev-3", route(CHIEF), incident_id="in-other")),
    )
    said = [record for record in written(result, RECEIPTS) if isinstance(record, Receipt)]
    assert [(one.event_id, one.reason) for one in said] == [("ev-2", ReceiptReason.QUARANTINED)]
    assert [one.event_id for one in result.notifications] == ["ev-3"]
    assert "a defect" in (known(ledger).quarantined or "")
    assert ledger.next_due() == at(4 * 3600)


def test_rules_that_fail_on_everything_stop_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad release must not quarantine every incident there is."""
    monkeypatch.setattr(batch_module, "fold", broken)
    records = [
        incoming(DECISIONS, decision(f"ev-{number}", route(CHIEF), incident_id=f"in-{number}"))
        for number in range(MAX_FAILURES_IN_A_ROW)
    ]
    with pytest.raises(RulesBroken):
        Batch(Ledger(0), T0).apply(records)


def test_a_state_too_large_to_write_quarantines_its_incident(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be remembered is not sent; the receipt says why, and the state before it stays."""
    ledger = Ledger(0)
    run(ledger, incoming(DECISIONS, decision("ev-1", route(CHIEF))))
    before = known(ledger)
    size = len(before.model_dump_json()) + 1500
    monkeypatch.setattr(batch_module, "INCIDENTS", replace(INCIDENTS, max_bytes=size))
    text = FreeText(text="d" * 1900, language="lv")
    long = facts().model_copy(update={"text": text})
    result = run(ledger, incoming(DECISIONS, decision("ev-2", route(CHIEF, shared=long))))
    assert result.notifications == ()
    assert [record.reason for record in written(result, RECEIPTS) if isinstance(record, Receipt)] == [
        ReceiptReason.QUARANTINED
    ]
    after = known(ledger)
    assert (after.slots, "TooLargeToWrite" in (after.quarantined or "")) == (before.slots, True)


def test_a_state_near_its_bound_is_set_aside_while_a_cancel_still_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Part of the bound is kept: whom an incident told before it grew too large is told that it is over."""
    ledger = Ledger(0)
    (note,) = run(ledger, incoming(DECISIONS, decision("ev-1", route(CHIEF)))).notifications
    run(ledger, incoming(RECEIPTS, outcome(note, Delivery.SENT)))
    room = len(encode(INCIDENTS, known(ledger), source="test", at=T0).value) + 1500
    monkeypatch.setattr(batch_module, "INCIDENTS", replace(INCIDENTS, max_bytes=room * 8 // 7))
    long = facts().model_copy(update={"text": FreeText(text="d" * 900, language="lv")})
    grown = incoming(DECISIONS, decision("ev-2", route(CHIEF, shared=long), kind=EventKind.UPDATE))
    assert ends(run(ledger, grown)) == [("ev-2", ReceiptReason.QUARANTINED)]
    assert f"an incident may take {room}" in (known(ledger).quarantined or "")
    told = run(ledger, incoming(DECISIONS, decision("ev-3", kind=EventKind.CANCEL)))
    assert [note.template for note in told.notifications] == [Template.CANCEL]


def test_every_event_of_a_batch_too_large_to_write_has_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the batch is sent: each new event says so, also in an incident that was quarantined before."""
    ledger = Ledger(0)
    run(ledger, incoming(DECISIONS, decision("ev-1", route(CHIEF))))
    size = len(known(ledger).model_dump_json()) + 1500
    monkeypatch.setattr(batch_module, "INCIDENTS", replace(INCIDENTS, max_bytes=size))
    long = facts().model_copy(update={"text": FreeText(text="d" * 1900, language="lv")})
    updates = [
        incoming(DECISIONS, decision(name, route(CHIEF, shared=long), kind=EventKind.UPDATE))
        for name in ("ev-1", "ev-2", "ev-3", "ev-2")
    ]
    copy = incoming(DECISIONS, decision("ev-9", route(CHIEF), replayid="rp-1"))
    assert ends(run(ledger, *updates, copy)) == [
        ("ev-9", ReceiptReason.REPLAYED),
        ("ev-2", ReceiptReason.QUARANTINED),
        ("ev-3", ReceiptReason.QUARANTINED),
    ]
    full = len(encode(INCIDENTS, known(ledger), source="test", at=T0).value or b"") + 100
    monkeypatch.setattr(batch_module, "INCIDENTS", replace(INCIDENTS, max_bytes=full))
    cancels = [incoming(DECISIONS, decision(name, kind=EventKind.CANCEL)) for name in ("ev-4", "ev-5", "ev-6")]
    note = known(ledger).slots[0].current
    result = run(ledger, incoming(RECEIPTS, outcome(note, Delivery.SENT)), *cancels)
    assert ends(result) == [(name, ReceiptReason.QUARANTINED) for name in ("ev-4", "ev-5", "ev-6")]


@pytest.mark.parametrize(
    "said",
    [
        response("re-1", None, problem=ReplyProblem.UNKNOWN_NUMBER),
        response("re-1", None, code="ZZZZ", answer=Answer.ACCEPT, problem=ReplyProblem.UNKNOWN_CODE),
        response("re-1", answer=Answer.ACCEPT, problem=ReplyProblem.TOO_LATE),
        response("re-1", None, contact_id="birzai-duty", command="stop"),
    ],
)
def test_a_text_that_answers_nothing_is_passed_over(said: Response) -> None:
    """It stays on the log; no incident changes, and nothing is rejected."""
    ledger = Ledger(0)
    run(ledger, incoming(DECISIONS, decision("ev-1", route(DUTY))))
    assert nothing_to_write(run(ledger, incoming(RESPONSES, said)))


def test_receipts_are_applied_before_decisions() -> None:
    """Within a batch the newest word about a sending is known when a cancel is judged."""
    records = [Incoming(topic, 0, None, None, T0) for topic in ("decisions", "responses", "receipts")]
    assert [record.topic for record in in_order(records)] == ["receipts", "responses", "decisions"]


def test_an_assignment_that_differs_between_topics_is_refused() -> None:
    """Owning a partition of one topic only would fold half of what happened."""
    whole = {TopicPartition(topic, 1) for topic in ("decisions", "receipts", "responses")}
    assert common_partitions(whole) == {1}
    with pytest.raises(NotCoPartitioned):
        common_partitions(whole | {TopicPartition("receipts", 2)})


def test_a_snapshot_and_a_cursor_share_their_topic() -> None:
    """Both records of the topic are told apart by their own name."""
    state = IncidentState(incident_id=INCIDENT, updated_at=T0 + timedelta(seconds=1))
    assert decode(INCIDENTS, encode(INCIDENTS, CURSOR, source="test", at=T0).value) == CURSOR
    assert decode(INCIDENTS, encode(INCIDENTS, state, source="test", at=T0).value) == state


def test_an_incident_long_over_leaves_a_tombstone_and_the_ledger() -> None:
    """A month after its end a snapshot gives way to a tombstone, and its reply code is free again."""
    ledger = Ledger(0)
    run(ledger, incoming(DECISIONS, decision("ev-1", route(CHIEF))))
    code = known(ledger).code
    run(ledger, seconds=2 * 86400)
    result = run(ledger, seconds=60 * 86400)
    assert result.forgotten == (INCIDENT,)
    assert [(out.key, out.value) for out in result.snapshots.values()] == [(INCIDENT.encode(), None)]
    assert (len(ledger.incidents), ledger.incident_of_code(code), ledger.next_due()) == (0, None, None)


def test_a_change_that_asks_for_nothing_may_wait_to_be_written() -> None:
    """A claim and an outcome are snapshots only; an alert and an end are orders, written at once."""
    ledger = Ledger(0)
    first = run(ledger, incoming(DECISIONS, decision("ev-1", route(CHIEF))))
    (note,) = first.notifications
    assert (len(first.orders), list(first.snapshots)) == (1, [INCIDENT])
    sent = run(ledger, incoming(RECEIPTS, outcome(note, Delivery.SENT)))
    assert (sent.orders, list(sent.snapshots)) == ((), [INCIDENT])
