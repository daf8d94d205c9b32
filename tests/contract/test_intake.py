"""What every door does to a report: complete it, mask it, say so, or refuse it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Undecodable
from schemas.ids import event_id, incident_id
from schemas.intake import Report, accept
from schemas.topics import EVENTS
from schemas.vocabulary import RejectionReason
from tests.contract.records import T0, event

_MADE_BY_THE_DOOR = {"event_id", "incident_id", "reported_at", "expires_at"}
GIVEN: dict[str, Any] = json.loads(event().model_dump_json(exclude_none=True, exclude=_MADE_BY_THE_DOOR))


def take(body: dict[str, Any] | bytes, **keys: str) -> Report:
    """What the door makes of ``body`` at T0; fresh ids are ``fresh1``, ``fresh2``."""
    numbers = iter(range(1, 9))
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return accept(raw, now=T0, fresh=lambda: f"fresh{next(numbers)}", **keys)


def refused(body: dict[str, Any] | bytes) -> Undecodable:
    """Why the door refuses ``body``."""
    with pytest.raises(Undecodable) as caught:
        take(body)
    return caught.value


def test_what_is_left_out_is_completed_and_said() -> None:
    """Ids are fresh, the report is of now and ends after six hours, and the reporter is told."""
    report = take(GIVEN)
    assert (report.event.event_id, report.event.incident_id) == ("ev-fresh1", "in-fresh2")
    assert (report.event.reported_at, report.event.expires_at) == (T0, T0 + timedelta(hours=6))
    assert report.notes == ("new incident in-fresh2", "expires after 6 hours, as no expires_at was given")


def test_a_repeat_is_recognised_by_its_key() -> None:
    """The sender's own names give the same ids every time, for any door."""
    first, again = take(GIVEN, key="k-1", incident_key="fire-7"), take(GIVEN, key="k-1", incident_key="fire-7")
    assert first.event == again.event
    assert first.event.event_id == event_id("vecumnieki", "k-1")
    assert first.event.incident_id == incident_id("vecumnieki", "fire-7")
    assert take(GIVEN | {"reporting_party": "birzai"}, key="k-1").event.event_id != first.event.event_id
    assert take(GIVEN, key="k-1").event == take(GIVEN, key="k-1").event


def test_what_is_given_stays() -> None:
    """Nothing that a sender says is replaced, but for the time of recording, which is the system's to say."""
    whole = json.loads(event().model_dump_json(exclude_none=True))
    report = take(whole, key="k-1", incident_key="fire-7")
    assert report.event == event().model_copy(update={"recorded_at": T0})
    assert report.notes == ()
    early = take(whole | {"recorded_at": "2020-01-01T00:00:00Z"})
    assert early.event.recorded_at == T0
    assert early.notes == ("recorded_at is set by the system; the one given is not used",)


def test_expiry_counts_from_the_report() -> None:
    """A report of an hour ago ends five hours from now."""
    report = take(GIVEN | {"reported_at": "2026-06-05T20:40:00+03:00"})
    assert report.event.expires_at == T0 + timedelta(hours=5)


def test_personal_data_are_masked_and_said() -> None:
    """Free text, names of places and the reference of a call lose personal data; the reporter learns what."""
    report = take(
        GIVEN
        | {
            "text": {"text": "Zvanīt 26123456 vai +37061234567, auto AB-1234", "language": "lv"},
            "place": {"name": "Skolas iela 12", "parish": "Skaistkalnes pagasts"},
            "psap_notified": {"notified": True, "reference": "010190-12345"},
        }
    )
    assert report.event.text is not None
    assert report.event.place is not None
    assert report.event.text.text == "Zvanīt […] vai […], auto […]"
    assert report.event.place.name == "Skolas iela […]"
    assert report.event.psap_notified.reference == "[…]"
    masked = [note for note in report.notes if note.startswith("masked")]
    assert masked == [
        "masked in text.text: plate (1), telephone (2); personal data do not cross the border this way",
        "masked in place.name: street address (1); personal data do not cross the border this way",
        "masked in psap_notified.reference: personal code (1); personal data do not cross the border this way",
    ]


@pytest.mark.parametrize(
    ("body", "reason", "what"),
    [
        (b"", RejectionReason.NOT_JSON, "line 1 column 1"),
        (b"fire!", RejectionReason.NOT_JSON, "line 1 column 1"),
        (b"[]", RejectionReason.NOT_JSON, "not a JSON object"),
        (b"[" * 60_000, RejectionReason.NOT_JSON, "not JSON"),
        (b" " * 5_000_000, RejectionReason.TOO_LARGE, "5000000 bytes"),
        (b'{"text": "\\ud800"}', RejectionReason.NOT_JSON, "surrogates not allowed"),
        (b'{"reporting_party": "\\udfff"}', RejectionReason.NOT_JSON, "surrogates not allowed"),
        (GIVEN | {"origin": None}, RejectionReason.NO_ORIGIN, "origin"),
        ({name: value for name, value in GIVEN.items() if name != "origin"}, RejectionReason.NO_ORIGIN, "origin"),
        (GIVEN | {"event_type": "volcano"}, RejectionReason.UNKNOWN_TYPE, "event_type"),
        (GIVEN | {"version": 2}, RejectionReason.WRONG_VERSION, "version is '2'"),
        (GIVEN | {"record": "decision"}, RejectionReason.WRONG_RECORD, "record is 'decision'"),
        (GIVEN | {"incident_id": "i" * 10_000}, RejectionReason.INVALID, "incident_id: String should have at most 64"),
        (GIVEN | {"expires_at": "2026-06-05T18:00:00Z"}, RejectionReason.INVALID, "later than reported_at"),
        (GIVEN | {"reported_at": "yesterday"}, RejectionReason.INVALID, "reported_at"),
        (GIVEN | {"text": "Deg kūdra"}, RejectionReason.INVALID, "text: Input should be an object"),
        (GIVEN | {"text": {"text": "a\u202eb", "language": "lv"}}, RejectionReason.INVALID, "U+202E (RIGHT-TO-LEFT"),
        (GIVEN | {"place": ["Skaistkalne"]}, RejectionReason.INVALID, "place: Input should be an object"),
        (GIVEN | {"colour": 1}, RejectionReason.INVALID, "colour: Extra inputs"),
        (GIVEN | {"place": {"point": {"lat": float("nan"), "lon": 24}}}, RejectionReason.INVALID, ""),
    ],
)
def test_a_bad_report_is_refused_in_words(body: dict[str, Any] | bytes, reason: RejectionReason, what: str) -> None:
    """The sender learns what is wrong and what to do."""
    fault = refused(body)
    assert fault.reason is reason
    assert what in fault.detail
    assert fault.mend


def test_a_field_given_twice_is_refused() -> None:
    """Whether live or exercise was meant is not for the last of two to decide."""
    raw = json.dumps(GIVEN).encode().replace(b'"origin": "live"', b'"origin": "exercise", "origin": "live"')
    fault = refused(raw)
    assert (fault.reason, fault.detail) == (RejectionReason.INVALID, "given twice in one object: origin")
    assert "once" in fault.mend


def test_the_next_good_report_goes_through() -> None:
    """A refusal leaves nothing behind."""
    refused(b"{}")
    assert take(GIVEN).event.kind == "report"


@given(st.text(max_size=300))
def test_any_text_is_taken_or_refused(text: str) -> None:
    """Whatever is typed, the door answers; what it takes fits its topic."""
    raw = json.dumps(GIVEN | {"text": {"text": text, "language": "lv"}}).encode()
    try:
        report = accept(raw, now=T0, fresh=lambda: "fresh")
    except Undecodable as fault:
        reason = fault.reason
    else:
        assert len(report.event.model_dump_json()) < EVENTS.max_bytes
        return
    assert reason in (RejectionReason.INVALID, RejectionReason.NOT_JSON)
