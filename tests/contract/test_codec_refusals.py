"""Every value that is no record is refused with a reason, the place of the mistake, and how to mend it."""

import json
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Undecodable, decode
from schemas.event import EmergencyEvent, Rejection
from schemas.topics import EVENTS, INCIDENTS, TOPICS, Topic
from schemas.vocabulary import RejectionReason as Reason
from tests.contract.records import event

GOOD: dict[str, Any] = json.loads(event().model_dump_json(exclude_none=True))


def fault(value: bytes | None, topic: Topic = EVENTS) -> Undecodable:
    """Why ``value`` is refused."""
    with pytest.raises(Undecodable) as caught:
        decode(topic, value)
    return caught.value


def changed(**changes: Any) -> bytes:
    """A good event with other or, where None, without these fields."""
    return json.dumps({name: value for name, value in (GOOD | changes).items() if value is not None}).encode()


@pytest.mark.parametrize(
    ("value", "reason", "what", "mend"),
    [
        (None, Reason.NOT_JSON, "the value is empty", "JSON object"),
        (b"", Reason.NOT_JSON, "line 1 column 1", "JSON object"),
        (b"fire at Skaistkalne", Reason.NOT_JSON, "line 1 column 1", "JSON object"),
        (b'{"a": 1', Reason.NOT_JSON, "column", "JSON object"),
        (b"\xff\xfe\x00", Reason.NOT_JSON, "not JSON in UTF-8", "UTF-8"),
        (b"[1, 2]", Reason.NOT_JSON, "a JSON list, not an object", "one JSON object"),
        (b"null", Reason.NOT_JSON, "a JSON NoneType", "one JSON object"),
        (b"[" * 50_000, Reason.NOT_JSON, "not JSON", "one JSON object"),
        (b'{"n": ' + b"9" * 5000 + b"}", Reason.NOT_JSON, "not JSON", "one JSON object"),
        (b" " * 5_000_000, Reason.TOO_LARGE, "5000000 bytes; events takes at most 65536", "shorten"),
        (changed(version=2), Reason.WRONG_VERSION, "version is '2'", "version 1"),
        (changed(version="1"), Reason.WRONG_VERSION, "reads version 1", "version 1"),
        (changed(record="notification"), Reason.WRONG_RECORD, "record is 'notification'", "emergency_event"),
        (changed(record=["emergency_event"]), Reason.WRONG_RECORD, "events holds", "emergency_event"),
        (changed(event_type="volcano"), Reason.UNKNOWN_TYPE, "event_type: Input should be", "policy show types"),
        (changed(origin=None), Reason.NO_ORIGIN, "origin: Field required", "live or exercise"),
        (changed(origin="real"), Reason.NO_ORIGIN, "origin: Input should be 'live' or 'exercise'", "live or exercise"),
        (changed(incident_id="i" * 10_000), Reason.INVALID, "incident_id: String should have at most 64", "correct"),
        (changed(incident_id="in 1"), Reason.INVALID, "incident_id: Value error, may hold only", "correct"),
        (changed(incident_id=""), Reason.INVALID, "incident_id: String should have at least 1", "correct"),
        (changed(colour="red"), Reason.INVALID, "colour: Extra inputs are not permitted", "correct"),
        (changed(place={"nmae": "Skaistkalne"}), Reason.INVALID, "place.nmae: Extra inputs", "correct"),
        (changed(place={}), Reason.INVALID, "place: Value error, give at least one of code", "correct"),
        (changed(place={"point": {"lat": 156, "lon": 24}}), Reason.INVALID, "place.point.lat: Input should", "correct"),
        (changed(status=None), Reason.INVALID, "status: Field required", "correct"),
        (changed(status="actual"), Reason.INVALID, "status: Input should be 'Actual'", "correct"),
        (
            changed(expires_at="2026-06-06T00:40:00"),
            Reason.INVALID,
            "expires_at: Input should have",
            "correct",
        ),
        (changed(casualties={"injured": -1}), Reason.INVALID, "casualties.injured: Input should be greater", "correct"),
        (changed(needs=[{"kind": "pump", "count": 0}]), Reason.INVALID, "needs.0.count: Input should", "correct"),
        (changed(psap_notified=None), Reason.INVALID, "psap_notified: Field required", "correct"),
    ],
)
def test_a_bad_value_is_refused_in_words(value: bytes | None, reason: Reason, what: str, mend: str) -> None:
    """The reason is bounded, the detail says what and where, the mend says what to do."""
    found = fault(value)
    assert found.reason is reason
    assert what in found.detail
    assert mend in found.mend


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_refused(number: str) -> None:
    """No position is NaN or infinite, whatever Python's own parser lets through."""
    value = changed(place={"point": {"lat": 1.5, "lon": 24}}).replace(b"1.5", number.encode())
    assert fault(value).reason in (Reason.INVALID, Reason.NOT_JSON)


@pytest.mark.parametrize(
    "mark",
    [
        "\x00",
        "\x07",
        "\x1b[2J",
        "\x7f",
        "\x85",
        "\u200b",
        "\u200f",
        "\u202e",
        "\u2066",
        "\ufeff",
        "\u2028",
        "\u2029",
        "\ue000",
    ],
    ids=lambda mark: f"U+{ord(mark[0]):04X}",
)
def test_invisible_characters_are_named_with_their_place(mark: str) -> None:
    """Control characters, marks of direction and other invisible ones are refused by code point and position."""
    for found, where in (
        (fault(changed(text={"text": f"Deg{mark} kūdra", "language": "lv"})), "text.text"),
        (fault(changed(place={"name": f"Ska{mark}istkalne"})), "place.name"),
    ):
        assert found.reason is Reason.INVALID
        assert f"{where}: Value error, invisible character U+{ord(mark[0]):04X}" in found.detail
        assert "position 3; remove it and send again" in found.detail


def test_line_breaks_of_any_system_are_text() -> None:
    """A text written on Windows has lines, not control characters; a name of a place has one line."""
    came = decode(EVENTS, changed(text={"text": "viens\r\ndivi\n\ttrīs", "language": "lv"}))
    assert came.text.text == "viens\ndivi\n\ttrīs"  # type: ignore[attr-defined]
    assert fault(changed(place={"name": "Skaist\nkalne"})).reason is Reason.INVALID


def test_letters_are_composed() -> None:
    """A letter and its mark written apart become one letter, so that texts can be counted and compared."""
    came = decode(EVENTS, changed(place={"name": "Birz\u030cai"}))
    assert came.place.name == "Biržai"  # type: ignore[attr-defined]


def test_half_a_surrogate_pair_is_no_text() -> None:
    """An escape that names no character is refused, not raised through."""
    assert fault(changed().replace(b"Deg", b"\\ud800")).reason is Reason.INVALID


def test_all_mistakes_are_named_at_once_but_not_without_end() -> None:
    """Up to ten mistakes are listed, so that a sender mends them in one go."""
    found = fault(changed(status="x", severity="x", urgency="x", origin="x"))
    assert [part.split(":")[0] for part in found.detail.split("; ")] == ["status", "origin", "severity", "urgency"]
    assert found.reason is Reason.NO_ORIGIN
    many = fault(changed(**{f"field{number}" + "x" * 500: 1 for number in range(50)}))
    assert len(many.detail) <= 2000


def test_the_parsed_object_is_kept_for_naming_its_ids() -> None:
    """Whoever writes the rejection can say which event it was."""
    assert fault(changed(status="x")).fragment["event_id"] == "ev-1"
    assert fault(b"[]").fragment == {}


def test_a_topic_of_several_records_needs_the_record_name() -> None:
    """Where one kind is possible its name may be left out; where several are, it may not."""
    assert decode(EVENTS, changed(record=None)) == event()
    found = fault(b'{"partition": 1, "offsets": {}, "at": "2026-06-05T18:40:00Z"}', INCIDENTS)
    assert found.reason is Reason.WRONG_RECORD
    assert "cursor" in found.mend


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()), st.sampled_from(sorted(TOPICS)))
def test_no_bytes_raise_anything_else(value: bytes, topic: str) -> None:
    """Whatever stands on a topic, decoding ends in a record or a named fault."""
    with pytest.raises(Undecodable):
        decode(TOPICS[topic], value)


@given(st.sampled_from(sorted(GOOD)), JSON)
def test_no_field_raises_anything_else(field: str, value: Any) -> None:
    """A good event with one field of any other shape is a record or a named fault."""
    try:
        decode(EVENTS, json.dumps(GOOD | {field: value}).encode())
    except Undecodable as refused:
        said = (refused.detail, refused.mend)
    else:
        return
    assert all(said)


def test_deep_nesting_is_no_way_to_stop_a_process() -> None:
    """Nesting beyond what the parser takes is refused like any other bad value."""
    deep = b'{"place": ' + b'{"a":' * (sys.getrecursionlimit() - 50) + b"1" + b"}" * (sys.getrecursionlimit() - 49)
    assert fault(deep).reason in (Reason.NOT_JSON, Reason.INVALID, Reason.WRONG_RECORD)


ONE_OF_TWO = replace(EVENTS, records=(EmergencyEvent, Rejection))
"""``events`` as a topic of several records, whose values are looked into before they are read."""


def read(topic: Topic, value: bytes) -> Any:
    """The record, or why it is none."""
    try:
        return decode(topic, value)
    except Undecodable as refused:
        return refused.reason


@given(st.sampled_from(sorted(GOOD)), JSON, st.sampled_from([{}, {"record": "rejection"}, {"version": 2}]))
def test_a_record_that_is_read_at_once_is_the_one_that_looking_into_it_finds(
    field: str, value: Any, first: dict[str, Any]
) -> None:
    """Also where a field is given twice: the last word counts."""
    twice = json.dumps(first)[:-1] + ", " * bool(first) + json.dumps(GOOD | {field: value})[1:]
    at_once, found = read(EVENTS, twice.encode()), read(ONE_OF_TWO, twice.encode())
    assert at_once == found or field == "record"
