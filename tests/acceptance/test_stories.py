"""Stories: an event goes in, this phone gets this text, that one gets none."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from console.logs.live import read_log
from runtime.kafka import partition_for
from schemas.event import Rejection
from schemas.notification import Receipt
from schemas.topics import RECEIPTS, REJECTED
from schemas.vocabulary import ReceiptReason, RejectionReason
from tests.acceptance.night import Night

pytestmark = pytest.mark.kafka

SKAISTKALNE = {
    "name": "Skaistkalne",
    "parish": "Skaistkalnes pagasts",
    "point": {"lat": 56.3801, "lon": 24.6402},
}


async def test_a_peat_fire_wakes_duty_desk_and_fire_chief_across_the_border(night: Night) -> None:
    """Both get the text in Lithuanian with every letter intact, and the mail says why."""
    await night.report("vecumnieki", "peat_fire", SKAISTKALNE, needs=[{"kind": "fire_tanker", "count": 1}])
    text = await night.expect_sms("birzai-duty", "REIKIA PAGALBOS", "Durpyno gaisras", "Skaistkalnės vls. (LV)")
    assert "56.3801,24.6402" in text
    assert "Ištekliai: autocisterna 1" in text
    assert "Skambinti +37163900000" in text
    await night.expect_sms("birzai-chief", "REIKIA PAGALBOS")
    await night.expect_mail("birzai-duty", "Durpyno gaisras")
    await night.expect_mail("birzai-chief", "Durpyno gaisras")
    await night.expect_nothing_more()


async def test_the_same_report_posted_twice_is_one_alert(night: Night) -> None:
    """A sender that repeats itself does not wake anybody twice."""
    ids = {"event_id": "ev-posted-twice", "incident_id": "in-posted-twice"}
    for _ in range(3):
        await night.report("joniskis", "flood", "Žagarė", needs=[{"kind": "boat", "count": 2}], **ids)
    for contact in ("tervete-duty", "tervete-chief"):
        await night.expect_sms(contact)
        await night.expect_mail(contact)
    await night.expect_nothing_more()


async def test_an_update_and_a_cancel_reach_those_who_were_told_and_only_them(night: Night) -> None:
    """An update that would have woken more people than the first report still tells only those of the first."""
    first = await night.report("birzai", "grass_fire", "Papilys", severity="Minor")
    await night.expect_mail("vecumnieki-duty")
    same = {"incident_id": first.incident_id}
    await night.report("birzai", "grass_fire", "Papilys", kind="update", severity="Extreme", **same)
    await night.expect_mail("vecumnieki-duty", "JAUNA INFORMĀCIJA")
    await night.report("birzai", None, None, kind="cancel", **same)
    await night.expect_mail("vecumnieki-duty", "ATSAUKUMS")
    await night.expect_nothing_more()


async def test_a_cancel_of_an_unknown_incident_tells_nobody_and_leaves_a_trace(night: Night) -> None:
    """Nobody was told of it, so nobody is told that it is over; the log says so."""
    event = await night.report("birzai", None, None, kind="cancel")
    await night.expect_nothing_more()
    partition = partition_for(event.incident_id, night.settings.partitions)
    ends = [
        one.record
        for one in await read_log(night.settings, [RECEIPTS], partition=partition)
        if isinstance(one.record, Receipt) and one.record.event_id == event.event_id
    ]
    assert [end.reason for end in ends] == [ReceiptReason.UNKNOWN_INCIDENT]


async def test_a_police_matter_crosses_as_a_referral_without_personal_data(night: Night) -> None:
    """Whatever the reporter wrote about the person stays at home."""
    secret = "Dingo Petras, a. k. 39001011234, tel. +370 612 34567"
    await night.report("rokiskis", "missing_person", "Juodupė", text={"text": secret, "language": "lt"})
    text = await night.expect_sms("akniste-duty", "Pazudusi persona")
    mail = await night.expect_mail("akniste-duty")
    for word in ("Petras", "39001011234", "612"):
        assert word not in text
        assert word not in mail
    await night.expect_nothing_more()


async def test_an_exercise_reaches_exercise_phones_only_and_says_so_first(night: Night) -> None:
    """Both texts begin with the words that it is not real."""
    drill = {"status": "Exercise", "origin": "exercise", "exerciseid": "ex-1"}
    await night.report("akniste", "ice_rescue", "Gārsene", needs=[{"kind": "boat", "count": 1}], **drill)
    native = await night.expect_sms("rokiskis-exercise-duty")
    plain = await night.expect_sms("rokiskis-exercise-chief")
    assert native.startswith("PRATYBOS! Tai nėra tikras įvykis.")
    assert plain.startswith("PRATYBOS! Tai nera tikras ivykis.")
    for contact in ("rokiskis-exercise-duty", "rokiskis-exercise-chief"):
        assert (await night.expect_mail(contact)).startswith("PRATYBOS!")
    await night.expect_nothing_more()


def _event(**changes: Any) -> bytes:
    """A good report as it stands on the topic, but for ``changes``; a change to None leaves the field out."""
    now = datetime.now(UTC)
    body = {
        "event_id": "ev-rubbish", "incident_id": "in-rubbish", "kind": "report", "status": "Actual", "origin": "live",
        "reporting_party": "birzai", "event_type": "flood", "severity": "Severe", "place": {"name": "Biržai"},
        "psap_notified": {"notified": True}, "reported_at": now.isoformat(),
        "expires_at": (now + timedelta(hours=1)).isoformat(), **changes,
    }  # fmt: skip
    return json.dumps({name: value for name, value in body.items() if value is not None}).encode()


RUBBISH: dict[RejectionReason, bytes] = {
    RejectionReason.NOT_JSON: b"not JSON",
    RejectionReason.WRONG_VERSION: _event(version=7),
    RejectionReason.UNKNOWN_TYPE: _event(event_type="dragon"),
    RejectionReason.NO_ORIGIN: _event(origin=None),
    RejectionReason.INVALID: _event(text={"language": "lt", "text": "abc\u202edef"}),
    RejectionReason.FROM_THE_FUTURE: _event(reported_at="2035-01-01T00:00:00Z", expires_at="2035-01-01T01:00:00Z"),
    RejectionReason.EXPIRED: _event(reported_at="2026-01-01T00:00:00Z", expires_at="2026-01-01T01:00:00Z"),
    RejectionReason.PLACE_UNKNOWN: _event(place={"name": "Atlantis"}),
    RejectionReason.PLACE_OUTSIDE: _event(place={"point": {"lat": 57.5, "lon": 20.0}}),
    RejectionReason.UNKNOWN_PARTY: _event(reporting_party="gondor"),
    RejectionReason.TOO_LARGE: b'{"text": "' + b"x" * 70_000 + b'"}',
}


async def test_rubbish_is_refused_with_a_reason_and_the_next_event_goes_through(night: Night) -> None:
    """Each kind of rubbish leaves a rejection that says what, where and what to do."""
    for reason, value in RUBBISH.items():
        await night.write_raw(value, key=f"in-{reason}")
    await night.write_raw(_event(incident_id="x" * 10_000), key="in-10-kB-id")
    await night.report("tervete", "flood", "Augstkalne", needs=[{"kind": "pump", "count": 1}])
    for contact in ("joniskis-duty", "joniskis-chief"):
        await night.expect_sms(contact)
        await night.expect_mail(contact)
    await night.expect_nothing_more()
    found = {
        one.record.origin_key: one.record
        for one in await read_log(night.settings, [REJECTED])
        if isinstance(one.record, Rejection)
    }
    for reason in RUBBISH:
        refused = found[f"in-{reason}"]
        assert (refused.reason, refused.topic) == (reason, "events")
        assert refused.offset is not None
        assert refused.mend
    assert "incident_id" in found["in-10-kB-id"].detail


async def test_a_report_repeated_under_its_key_is_one_alert(night: Night) -> None:
    """A sender that gives only its own name for the report may send it as often as it likes."""
    for _ in range(2):
        await night.report("rokiskis", "flood", "Obeliai", key="call-4711", needs=[{"kind": "boat", "count": 1}])
    for contact in ("akniste-duty", "akniste-chief"):
        await night.expect_sms(contact)
        await night.expect_mail(contact)
    await night.expect_nothing_more()
