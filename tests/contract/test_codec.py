"""Records go out as bytes with CloudEvents headers and come back as what they were."""

from types import NoneType
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from schemas.base import Record
from schemas.codec import CONTENT_TYPE, TooLargeToWrite, decode, encode, header, record_id
from schemas.event import Casualties, FreeText, Need, PsapNotified
from schemas.notification import Response
from schemas.place import Place, Point
from schemas.topics import DECISIONS, EVENTS, INCIDENTS, POLICY, RECEIPTS, RESPONSES, TOPICS, Topic
from schemas.vocabulary import (
    Answer,
    Certainty,
    EventType,
    Hazard,
    NeedKind,
    ReceiptKind,
    Severity,
    Urgency,
)
from tests.contract.records import T0, URGENT_SMS, event, examples, notification, published, receipt

EXAMPLES = examples()
NAMES = [f"{topic.name}-{number}" for number, (topic, _) in enumerate(EXAMPLES)]


@pytest.mark.parametrize(("topic", "record"), EXAMPLES, ids=NAMES)
def test_a_record_survives_the_bus(topic: Topic, record: Record) -> None:
    """What is decoded equals what was encoded."""
    assert decode(topic, encode(topic, record, source="test", at=T0).value) == record


def test_every_record_of_every_topic_has_an_example() -> None:
    """No record of the contract goes unexamined."""
    shown = {(topic.name, type(record)) for topic, record in EXAMPLES} | {(POLICY.name, type(published()))}
    assert shown == {(topic.name, model) for topic in TOPICS.values() for model in topic.records}


def test_a_published_policy_keeps_its_hash() -> None:
    """A policy read from its topic has the version it was published under."""
    sent = published()
    came = decode(POLICY, encode(POLICY, sent, source="test", at=T0).value)
    assert came == sent
    assert came.policy.version == came.policy_version == sent.policy.version


def _required_but_nullable(kind: object, seen: set[object]) -> list[str]:
    """Fields that must be given and may be None, in ``kind`` and all models within it."""
    found: list[str] = []
    if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in seen:
        seen.add(kind)
        for name, field in kind.model_fields.items():
            if field.is_required() and NoneType in get_args(field.annotation):
                found.append(f"{kind.__name__}.{name}")
            found += _required_but_nullable(field.annotation, seen)
    for part in get_args(kind):
        found += _required_but_nullable(part, seen)
    return found


def test_what_may_be_none_may_be_left_out() -> None:
    """The codec leaves None out, so a field that may be None has that as its default."""
    seen: set[object] = set()
    found = [
        name for topic in TOPICS.values() for model in topic.records for name in _required_but_nullable(model, seen)
    ]
    assert found == []


LINES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=120)
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
POINTS = st.builds(Point, lat=st.floats(-90, 90), lon=st.floats(-180, 180))
NEEDS = st.lists(
    st.builds(Need, kind=st.sampled_from(NeedKind), count=st.integers(1, 10_000)), unique_by=lambda need: need.kind
).map(lambda needs: tuple(needs[:12]))
COUNTS = st.none() | st.integers(0, 100_000)
EVENTS_GIVEN: dict[str, st.SearchStrategy[Any]] = {
    "event_id": IDS,
    "incident_id": IDS,
    "event_type": st.sampled_from(EventType),
    "severity": st.sampled_from(Severity),
    "urgency": st.sampled_from(Urgency),
    "certainty": st.sampled_from(Certainty),
    "place": st.builds(Place, name=LINES, parish=st.none() | LINES, point=st.none() | POINTS),
    "needs": NEEDS,
    "casualties": st.none() | st.builds(Casualties, dead=COUNTS, injured=COUNTS, missing=COUNTS),
    "hazards": st.lists(st.sampled_from(Hazard), max_size=13).map(tuple),
    "text": st.none() | st.builds(FreeText, text=LINES, language=st.sampled_from(("lv", "lt", "en"))),
    "psap_notified": st.builds(PsapNotified, notified=st.just(True), reference=st.none() | LINES),
    "occurred_at": st.none() | st.datetimes().map(lambda moment: moment.replace(tzinfo=T0.tzinfo)),
}


@given(st.fixed_dictionaries(EVENTS_GIVEN))
def test_any_event_survives_the_bus(values: dict[str, Any]) -> None:
    """Every letter, number and time of any event arrives as it was sent."""
    sent = event(**values)
    assert decode(EVENTS, encode(EVENTS, sent, source="test", at=T0).value) == sent


@given(
    st.builds(
        Response,
        response_id=IDS,
        incident_id=st.none() | IDS,
        code=st.none() | st.from_regex(r"[2-9A-HJ-NP-Z]{4}", fullmatch=True),
        channel=IDS,
        answer=st.none() | st.sampled_from(Answer),
        amounts=NEEDS,
        eta_min=st.none() | st.integers(0, 1440),
        text=st.none() | LINES,
        at=st.just(T0),
    )
)
def test_any_answer_survives_the_bus(sent: Response) -> None:
    """Every answer arrives as it was typed and as it was understood."""
    assert decode(RESPONSES, encode(RESPONSES, sent, source="test", at=T0).value) == sent


def test_headers_are_cloudevents_in_binary_mode() -> None:
    """Other tools find id, source, type, time and the incident in the headers CloudEvents names."""
    sent = notification()
    headers = encode(URGENT_SMS, sent, source="dispatcher", at=T0, cause="ev-1").headers
    assert {name: text.decode() for name, text in headers} == {
        "ce_specversion": "1.0",
        "ce_id": "nt-1.2",
        "ce_source": "/safe-borderlands/dispatcher",
        "ce_type": "eu.safeborderlands.notification.v1",
        "ce_time": "2026-06-05T18:40:00+00:00",
        "content-type": "application/json; charset=utf-8",
        "ce_partitionkey": "in-1",
        "ce_correlationid": "in-1",
        "ce_causationid": "ev-1",
        "ce_expirytime": "2026-06-06T00:40:00+00:00",
    }


@pytest.mark.parametrize(("topic", "record"), EXAMPLES, ids=NAMES)
def test_every_record_carries_the_required_headers(topic: Topic, record: Record) -> None:
    """Id, source, type, version of the specification and media type stand on every record, each once."""
    headers = encode(topic, record, source="test", at=T0).headers
    names = [name for name, _ in headers]
    assert len(names) == len(set(names))
    for name in ("ce_id", "ce_source", "ce_type", "ce_specversion", "content-type"):
        assert header(headers, name), name
    assert header(headers, "content-type") == CONTENT_TYPE
    assert header(headers, "ce_type") == f"eu.safeborderlands.{record.record}.v1"  # type: ignore[attr-defined]


def test_headers_are_not_needed() -> None:
    """The body alone says everything, since headers get lost; a missing one reads as None."""
    encoded = encode(EVENTS, event(), source="test", at=T0)
    assert decode(EVENTS, encoded.value) == event()
    assert header([], "ce_id") is None
    assert header([("ce_id", b"\xff")], "ce_id") == "�"


def test_receipts_of_one_attempt_have_ids_of_their_own() -> None:
    """Claims of two notifiers and an outcome of the same attempt are told apart, and a repeat is not."""
    claims = {record_id(receipt(claim_id=name)) for name in ("cl-1", "cl-2", "cl-1")}
    assert len(claims | {record_id(receipt(kind=ReceiptKind.OUTCOME))}) == 3


@pytest.mark.parametrize(
    ("topic", "record"), [(DECISIONS, event()), (EVENTS, notification()), (INCIDENTS, receipt()), (RECEIPTS, event())]
)
def test_a_record_is_not_written_to_a_foreign_topic(topic: Topic, record: Record) -> None:
    """The table says what stands where; a writer's mistake shows at once."""
    with pytest.raises(TypeError, match=f"{type(record).__name__} does not belong on {topic.name}"):
        encode(topic, record, source="test", at=T0)


def test_a_record_too_large_for_its_topic_is_not_written() -> None:
    """A record beyond its topic's bound is a defect that says both sizes, never a send that fails later."""
    parked = tuple(receipt(detail="x" * 400, claim_id=f"cl-{number}") for number in range(5000))
    state = next(record for topic, record in EXAMPLES if topic is INCIDENTS)
    with pytest.raises(TooLargeToWrite, match=r"^\d{7} bytes for incidents, which takes 2097152$"):
        encode(INCIDENTS, state.model_copy(update={"parked": parked}), source="test", at=T0)
