"""What makes an event whole, and what makes it contradict itself."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.event import Need, PsapNotified
from schemas.vocabulary import EventKind, NeedKind, Origin, Status
from tests.contract.records import T0, event


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"event_type": None}, "a report needs event_type"),
        ({"event_type": None, "place": None, "kind": EventKind.UPDATE}, "an? update needs event_type and place"),
        ({"expires_at": T0}, "expires_at must be later than reported_at"),
        ({"expires_at": T0 + timedelta(days=31)}, "at most 30 days"),
        ({"needs": (Need(kind=NeedKind.PUMP, count=1), Need(kind=NeedKind.PUMP, count=2))}, "may stand once"),
        ({"status": Status.EXERCISE}, "does not go with origin live"),
        ({"origin": Origin.EXERCISE, "exerciseid": "drill"}, "does not go with origin exercise"),
        ({"status": Status.EXERCISE, "origin": Origin.EXERCISE}, "exerciseid is given with origin exercise"),
        ({"exerciseid": "drill"}, "only with it"),
        ({"reported_at": T0.replace(tzinfo=None)}, "timezone"),
        ({"status": Status.TEST, "origin": Origin.EXERCISE}, "exerciseid"),
        ({"incident_id": "@cursor"}, "starts with a letter or digit"),
    ],
)
def test_an_event_that_contradicts_itself_is_no_event(changes: dict[str, Any], said: str) -> None:
    """An event is complete, ends after it begins, and is either real or a drill."""
    with pytest.raises(ValidationError, match=said):
        event(**changes)


@pytest.mark.parametrize("kind", [EventKind.CANCEL, EventKind.ALL_CLEAR])
def test_a_cancel_needs_no_details(kind: EventKind) -> None:
    """Who takes an alert back need not say again what and where it was."""
    taken_back = event(kind=kind, event_type=None, place=None)
    assert (taken_back.event_type, taken_back.place) == (None, None)


def test_a_system_test_may_reach_live_or_exercise_contacts() -> None:
    """Status Test goes with either origin, and so does a word about the system: it may be about exercise contacts."""
    service = {"kind": "contact_lost", "contact_id": "birzai-exercise-duty"}
    said = event(status=Status.SYSTEM, origin=Origin.EXERCISE, exerciseid="contacts", service=service)
    assert said.origin is Origin.EXERCISE
    assert event(status=Status.TEST).origin is Origin.LIVE
    assert event(status=Status.TEST, origin=Origin.EXERCISE, exerciseid="drill").exerciseid == "drill"


def test_a_call_that_was_not_made_has_no_reference() -> None:
    """112 was told, with time and reference, or it was not."""
    with pytest.raises(ValidationError, match="'notified' is false"):
        PsapNotified(notified=False, reference="112-0001")


def test_times_are_kept_in_utc() -> None:
    """A local time with its offset is the same instant in UTC."""
    body = event().model_dump(mode="json") | {"occurred_at": "2026-06-05T21:30:00+03:00"}
    assert event().model_validate(body).occurred_at == T0 - timedelta(minutes=10)
