"""An incident is found by whatever names it, and nothing else is decoded for it."""

import asyncio
from dataclasses import replace

import pytest

from console.explain.reading import Found, find
from schemas.event import EmergencyEvent
from schemas.policy.models import Policy
from schemas.vocabulary import Answer
from tests.explain.conftest import Explain
from tests.explain.evening import Evening, ListLog


@pytest.fixture
def evening(policy: Policy) -> Evening:
    """A fire that was answered on the second step."""
    told = Evening(policy).report().send().wait(minutes=6).send("birzai-volunteer-1")
    return told.answer("birzai-volunteer-1", Answer.ACCEPT, "TAIP")


def read(evening: Evening, wanted: str) -> Found:
    """What ``wanted`` names on a log with other incidents."""
    found = asyncio.run(find(ListLog([*evening.log, *evening.others(5)]), wanted))
    assert found is not None
    return found


def test_by_incident_by_event_and_by_reply_code(evening: Evening) -> None:
    """All three lead to the same records."""
    code = evening.orders[0].code
    alone = [replace(one) for one in evening.log]
    for wanted in (evening.incident, "ev-peat", code, code.lower()):
        found = asyncio.run(find(ListLog(alone), wanted))
        assert found is not None
        assert found.incident == evening.incident
        assert len(found.records) == sum(one.topic not in ("policy", "control") for one in evening.log)


def test_records_of_others_are_not_given(evening: Evening) -> None:
    """Of five other incidents with as many records nothing is decoded."""
    log = ListLog([*evening.log, *evening.others(5)])
    found = asyncio.run(find(log, evening.incident))
    assert found is not None
    assert {getattr(one.record, "incident_id", None) for one in found.records} == {evening.incident}
    assert log.given == len(evening.log)


def test_nothing_is_known_of_a_name_that_is_none(evening: Evening) -> None:
    """Neither an incident nor an event nor a code."""
    for wanted in ("in-nothing", "ZZZZ", "A"):
        assert asyncio.run(find(ListLog(evening.log), wanted)) is None


def test_a_record_that_cannot_be_decoded_is_part_of_its_incident(evening: Evening) -> None:
    """It stands under the incident's key."""
    broken = replace(evening.log[-1], record=None, offset=evening.log[-1].offset + 1)
    found = asyncio.run(find(ListLog([*evening.log, broken]), evening.incident))
    assert found is not None
    assert found.records[-1].record is None


def test_without_its_events_everything_on_the_partition_is_looked_through(evening: Evening) -> None:
    """Where events are gone the rest is told all the same."""
    rest = [one for one in evening.log if not isinstance(one.record, EmergencyEvent)]
    found = asyncio.run(find(ListLog(rest), evening.incident))
    assert found is not None
    assert len(found.records) == len(rest) - 1  # the policy is read apart


def test_orders_that_are_not_kept_any_more_are_worked_out_again(evening: Evening, explain: Explain) -> None:
    """Orders are kept for a week and receipts for years: a year later the trace still says who was told, and what."""
    before = explain(evening)
    evening.log = [one for one in evening.log if not one.topic.startswith("notify.")]
    after = explain(evening)
    told = {(one.order.contact_id, one.order.channel, one.told) for one in before.messages if one.told}
    assert {(one.order.contact_id, one.order.channel, one.told) for one in after.messages if one.told} == told
    assert all(one.recalled for one in after.messages)
    texts = [one for one in after.document()["messages"] if one["text"]]
    assert texts
    assert all("REIKIA PAGALBOS" in one["text"] and one["text"].startswith("“") for one in texts)
