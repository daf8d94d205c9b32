"""A policy is changed, and the evening is told anew: who is told, what, and how the ladder goes; worked out by hand."""

from collections.abc import Iterable
from typing import Any

import pytest

from console.replay import compare
from console.replay.findings import IncidentDifference, ProblemKind, WhatIf
from schemas.control import DutySwap
from schemas.decision import Decision, SharedField
from schemas.incident import Ending
from schemas.policy.models import Policy
from schemas.topics import DECISIONS, EVENTS
from schemas.vocabulary import Answer, Channel, Delivery, Severity
from streams.rules.routing.route import route
from streams.rules.simulation.changes import Field, FieldChange
from streams.rules.simulation.ladders import LadderChange
from streams.rules.simulation.told import Kind
from tests.replay.evening import Evening, Undecoded, events_of, later
from tests.replay.policies import (
    AGREEMENT,
    with_agreement,
    with_clauses,
    with_first_step,
    with_ladder,
    with_shared,
)
from tests.rules.ladders import BOTH, CHIEF, DELEGATE, DESK, FIRE, RULES, VOLUNTEERS, rules, staff
from tests.rules.policy_fixture import NOW, policy

TANKER = ({"kind": "fire_tanker", "count": 1},)


def asked(**changes: Any) -> tuple[Evening, Decision]:
    """A request for a tanker, whose first texts a provider takes after three and four seconds."""
    log = Evening(RULES)
    decided = log.report(**({"needs": TANKER} | changes))
    log.taken(decided, DESK.contact_id, Channel.SMS, 3)
    log.taken(decided, CHIEF.contact_id, Channel.SMS, 4)
    return log, decided


def climbed() -> Evening:
    """Nobody on the first step answers; on the second three volunteers say yes, in the sixth minute."""
    log, decided = asked()
    for contact in VOLUNTEERS:
        log.taken(decided, contact, Channel.SMS, 310, step=1)
    for number, contact in enumerate(VOLUNTEERS[:3]):
        log.says(contact, "volunteers", Answer.ACCEPT, 320 + 10 * number)
    log.taken(decided, "vecumnieki-desk", Channel.SMS, 325)
    log.taken(decided, "vecumnieki-desk", Channel.EMAIL, 325)
    return log


def only(found: WhatIf) -> IncidentDifference:
    """The one incident that differs."""
    assert found.differs
    (one,) = found.incidents
    return one


def ladder(one: IncidentDifference) -> LadderChange:
    """The one ladder that goes otherwise."""
    (change,) = one.ladders
    assert (change.agreement, change.party) == (AGREEMENT, "birzai")
    return change


def people(one: IncidentDifference) -> dict[str, tuple[Kind, str]]:
    """What becomes of whom, and in which role."""
    return {person.contact_id: (person.kind, person.role) for person in one.people}


def fields(changes: Iterable[FieldChange]) -> dict[str, tuple[Any, Any]]:
    """Fields that differ, before and after; those of a step under its number."""
    return {f"{one.step or ''}{one.field}": (one.before, one.after) for one in changes}


async def test_the_same_policy_changes_nothing() -> None:
    """Run anew by the rules that decided it, an evening is as it was."""
    found = await climbed().under(RULES)
    assert (found.differs, found.incidents, found.problems) == (False, (), ())
    assert (found.counts.events, found.counts.incidents, found.counts.ladders) == (1, 1, 0)


async def test_clauses_switched_off_tell_nobody() -> None:
    """Whoever was told is not told any more, nobody climbs, and the chief's yes has nobody to come from."""
    log, _ = asked()
    log.says(CHIEF.contact_id, "fire_chief", Answer.ACCEPT, 60)
    one = only(await log.under(with_clauses("police")))
    assert people(one) == {
        DESK.contact_id: (Kind.NO_LONGER, "duty_desk"),
        CHIEF.contact_id: (Kind.NO_LONGER, "fire_chief"),
    }
    assert [(change.before, change.after) for change in one.outcomes] == [("routed", "no_route")]
    change = ladder(one)
    assert change.now is None
    assert change.then is not None
    assert (change.then.ended, change.then.ended_at) == (Ending.ACCEPTED, later(60))
    assert [(left.contact_id, left.answer) for left in one.answers_left_out] == [(CHIEF.contact_id, Answer.ACCEPT)]


async def test_a_request_that_becomes_a_notice_is_told_field_by_field() -> None:
    """Without the clause for help the next one fits, which informs, and shares less."""
    log, _ = asked()
    (change,) = only(await log.under(with_clauses("police", "inform"))).routes
    found = fields(change.fields)
    assert found["clause"] == ("help", "inform")
    assert found["action"] == ("help", "inform")
    assert found["reply_within_s"] == (900, None)
    before, after = found["shared"]
    assert set(before) - set(after) == {"needs", "place.name", "psap_notified"}


async def test_a_new_role_on_the_first_step_is_newly_told() -> None:
    """The delegate is told at once with the others."""
    log, _ = asked()
    log.says(CHIEF.contact_id, "fire_chief", Answer.ACCEPT, 60)
    one = only(await log.under(with_first_step(roles=("duty_desk", "fire_chief", "delegate"))))
    assert people(one) == {DELEGATE.contact_id: (Kind.NEWLY, "delegate")}
    (new,) = ladder(one).asked
    assert (new.kind, new.contact_id, new.step) == (Kind.NEWLY, DELEGATE.contact_id, 1)
    assert not ladder(one).fields  # the chief says yes all the same


async def test_a_channel_more_is_told_differently() -> None:
    """The desk is told by e-mail as well; the chief, who has none, as before."""
    log, decided = asked()
    there = RULES.staff["birzai"]
    desk = there["duty_desk"].live[0].model_copy(update={"channels": BOTH})
    with_mail = RULES.staff | {"birzai": there | {"duty_desk": there["duty_desk"].model_copy(update={"live": (desk,)})}}
    fire = with_first_step(channels=BOTH).ladders
    one = only(await log.under(rules(staff=with_mail, ladders=fire)))
    (person,) = one.people
    assert (person.kind, person.contact_id) == (Kind.DIFFERENTLY, DESK.contact_id)
    assert fields(person.fields) == {"channels": (("sms",), ("sms", "email"))}
    assert fields(one.routes[0].fields)["1step_channels"] == (("sms",), ("sms", "email"))
    assert decided.routes[0].recipients[0].channels == (Channel.SMS,)


async def test_another_time_to_reply_is_told() -> None:
    """The text says another time; the ladder, whose steps have times of their own, goes on as it went."""
    one = only(await climbed().under(with_clauses("police", "help", "inform", reply_within=600)))
    (change,) = one.routes
    assert fields(change.fields) == {"reply_within_s": (900, 600)}
    assert (one.people, one.ladders) == ((), ())


async def test_a_shorter_wait_wakes_the_next_step_earlier() -> None:
    """A minute after the first text was taken, not five; each text is taken as long after its order as it was."""
    one = only(await climbed().under(with_first_step(answer_within=60)))
    change = ladder(one)
    assert change.then is not None
    assert change.now is not None
    first_taken = later(3)
    assert {asked.ordered_at for asked in change.then.asked if asked.step == 2} == {later(303)}
    assert {asked.ordered_at for asked in change.now.asked if asked.step == 2} == {later(63)}
    assert {asked.accepted_at for asked in change.now.asked if asked.step == 1} == {first_taken, later(4)}
    assert (change.now.ended, change.now.ended_at) == (Ending.ENOUGH, later(340))
    assert {asked.kind for asked in change.asked} == {Kind.DIFFERENTLY}


async def test_a_step_more_is_climbed_before_the_asker_hears_that_nobody_comes() -> None:
    """Silence all the way: with a third step the delegate is asked in minute ten, and word comes in fifteen."""
    log = Evening(with_ladder(*FIRE.steps[:2]))
    decided = log.report(needs=TANKER)
    log.taken(decided, DESK.contact_id, Channel.SMS, 3)
    log.taken(decided, CHIEF.contact_id, Channel.SMS, 4)
    for contact in VOLUNTEERS:
        log.taken(decided, contact, Channel.SMS, 303.1, step=1)
    log.taken(decided, "vecumnieki-desk", Channel.SMS, 603.2)
    log.taken(decided, "vecumnieki-desk", Channel.EMAIL, 603.2)
    found = await log.under(RULES)
    change = ladder(only(found))
    assert change.then is not None
    assert change.now is not None
    assert (change.then.ended, change.then.ended_at) == (Ending.UNANSWERED, later(603.1))
    third = change.now.asked[-1]
    assert (third.contact_id, third.step, third.ordered_at) == (DELEGATE.contact_id, 3, later(603.1))
    # Nobody ever texted the delegate: a provider takes it after the median of the eight delays there were, 0.1 s.
    assert third.accepted_at == later(603.2)
    assert (change.now.ended, change.now.ended_at) == (Ending.UNANSWERED, later(903.2))
    assert [told.at for told in change.now.asker_told] == [later(903.2)] * 2
    assert found.problems == ()


async def test_a_cut_in_the_data_exchange_withholds_fields() -> None:
    """What is told no longer and what is withheld from now on are named."""
    log, _ = asked(text={"text": "Deg mežs.", "language": "lv"})
    one = only(await log.under(with_shared(SharedField.TEXT, SharedField.SEVERITY)))
    (change,) = one.routes
    found = fields(change.fields)
    assert set(found) == {"shared", "withheld"}
    before, after = found["shared"]
    assert set(before) - set(after) == {"text", "severity"}
    before, after = found["withheld"]
    assert set(after or ()) - set(before or ()) == {"text", "severity"}
    assert one.ladders == ()


async def test_fewer_volunteers_that_are_enough_end_the_climb_earlier() -> None:
    """Nothing in the decision says how many are enough; the ladder is climbed again all the same."""
    two = tuple(role.model_copy(update={"enough": 2}) if role.group else role for role in RULES.roles)
    one = only(await climbed().under(rules(roles=two)))
    assert (one.people, one.routes, one.outcomes) == ((), (), ())
    assert fields(ladder(one).fields)["ended_at"] == ("2026-06-05T18:45:40Z", "2026-06-05T18:45:30Z")


async def test_an_answer_of_somebody_who_would_not_be_asked_is_said_apart() -> None:
    """With two volunteers the third yes does not count: the delegate is asked, and only part of the help comes."""
    one = only(await climbed().under(rules(staff=staff(volunteers=VOLUNTEERS[:2]))))
    change = ladder(one)
    assert {(asked.kind, asked.contact_id) for asked in change.asked} == {
        (Kind.NO_LONGER, VOLUNTEERS[2]),
        (Kind.NO_LONGER, VOLUNTEERS[3]),
        (Kind.NEWLY, DELEGATE.contact_id),
    }
    assert change.now is not None
    assert change.now.ended is Ending.PARTLY
    assert [left.contact_id for left in one.answers_left_out] == [VOLUNTEERS[2]]


async def test_a_text_that_failed_fails_in_both_courses() -> None:
    """The desk's number is wrong: by either policy it is not waited for, and only the chief's text starts the clock."""
    log = Evening(RULES)
    decided = log.report(needs=TANKER)
    log.outcome(decided, DESK.contact_id, Channel.SMS, 2, Delivery.FAILED_PERM)
    log.taken(decided, CHIEF.contact_id, Channel.SMS, 10)
    change = ladder(only(await log.under(with_first_step(answer_within=60))))
    assert change.then is not None
    assert change.now is not None
    assert min(one.ordered_at for one in change.then.asked if one.step == 2) == later(310)
    assert min(one.ordered_at for one in change.now.asked if one.step == 2) == later(70)
    assert {one.contact_id: one.accepted_at for one in change.now.asked}[DESK.contact_id] is None


async def test_an_update_tells_those_who_were_told_and_no_new_role() -> None:
    """A role added to the first step is told by the report; the update of the same incident adds nobody else."""
    log, _ = asked()
    log.report(40, event_id="ev-2", kind="update", severity="Extreme", needs=TANKER)
    one = only(await log.under(with_first_step(roles=("duty_desk", "fire_chief", "delegate"))))
    assert [(person.contact_id, person.event_id) for person in one.people] == [(DELEGATE.contact_id, "ev-1")]


async def test_an_update_whose_report_told_nobody_is_the_first_report() -> None:
    """By the other policy nobody is told of a moderate fire; when it grows, the update tells them, and that is said."""
    log = Evening(RULES)
    log.report(severity="Moderate")
    log.report(60, event_id="ev-2", kind="update", severity="Severe")
    (one,) = (each for each in RULES.agreements if each.id == AGREEMENT)
    clauses = tuple(
        clause.model_copy(update={"min_severity": Severity.SEVERE} if clause.id == "inform" else {})
        for clause in one.clauses
    )
    found = only(await log.under(with_agreement(clauses=clauses)))
    assert {(person.contact_id, person.kind) for person in found.people} == {
        (DESK.contact_id, Kind.DIFFERENTLY),
        (CHIEF.contact_id, Kind.DIFFERENTLY),
    }
    assert fields(found.people[0].fields) == {"first_event": ("ev-1", "ev-2")}


async def test_exercises_stand_apart_and_what_is_no_emergency_is_left_out() -> None:
    """Replayed records and records about the system are counted and not compared; an exercise has its own list."""
    log = Evening(RULES)
    drill: dict[str, Any] = {"status": "Exercise", "origin": "exercise", "exerciseid": "ex-1"}
    log.report(incident_id="in-drill", event_id="ev-drill", needs=TANKER, **drill)
    log.report(incident_id="in-copy", event_id="ev-copy", replayid="rp-1")
    log.report(
        incident_id="cn-1", event_id="ev-canary", status="System", event_type=None, place=None,
        service={"kind": "canary"},
    )  # fmt: skip
    found = await log.under(with_clauses("police"))
    assert found.incidents == ()
    assert [one.incident_id for one in found.exercises] == ["in-drill"]
    assert found.differs
    assert found.agreements == ()  # no figure of real events holds an exercise
    counts = found.counts
    assert (counts.events, counts.exercise_events, counts.replayed, counts.service) == (0, 1, 1, 1)


async def test_the_first_decision_and_the_first_record_of_an_event_count() -> None:
    """A second record of the same event, and a second decision on it, change nothing."""
    log, decided = asked()
    log.add(EVENTS, events_of(log)[0], later(20))
    other = route(events_of(log)[0].model_copy(update={"recorded_at": NOW}), with_clauses("police"))
    assert other.event_id == decided.event_id
    log.add(DECISIONS, other, later(21))
    found = await log.under(RULES)
    assert not found.differs
    assert (found.counts.events, found.counts.repeated) == (1, 1)


async def test_what_cannot_be_compared_is_named() -> None:
    """Rubbish, an event without decision, a decision without event: none is dropped, and none is a difference."""
    log, _ = asked()
    log.raw(EVENTS, b"{", later(5))
    lonely = log.report(10, event_id="ev-lonely", incident_id="in-2")
    log.report(11, event_id="ev-gone", incident_id="in-3")
    log.records = [
        one for one in log.records
        if not (one.topic == "decisions" and one.record == lonely)
        and not (one.topic == "events" and getattr(one.record, "event_id", "") == "ev-gone")
    ]  # fmt: skip
    found = await log.under(RULES)
    assert not found.differs
    assert sorted((one.kind, "ev-lonely" in one.where, "ev-gone" in one.where) for one in found.problems) == [
        (ProblemKind.EVENT_GONE, False, True),
        (ProblemKind.UNDECIDED, True, False),
        (ProblemKind.UNREADABLE, False, False),
    ]


async def test_rules_that_raise_are_named_event_by_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """One event that the other policy cannot judge is named, the next compared; a check may not call that equal."""
    log, _ = asked()
    log.report(30, event_id="ev-2", incident_id="in-2")

    def raising(event: Any, rules_: Policy, swaps: Any = ()) -> Decision:
        if event.event_id == "ev-1":
            raise ZeroDivisionError("broken")
        return route(event, rules_, swaps)

    monkeypatch.setattr(compare, "route", raising)
    found = await log.under(RULES)
    assert [(one.kind, one.detail) for one in found.problems] == [
        (ProblemKind.RULES_FAILED, "ZeroDivisionError: broken")
    ]
    assert found.differs
    assert found.counts.events == 2


async def test_swaps_count_as_they_stood_then() -> None:
    """A swap that was written before the event is honoured, one that was written after it is not."""
    log = Evening(RULES)
    swap = DutySwap(
        swap_id="sw-1", party="birzai", role="duty_desk", contact_id=DESK.contact_id, substitute=DELEGATE.contact_id,
        start=later(-60), end=later(3600), by="t", at=later(100),
    )  # fmt: skip
    log.report(needs=TANKER)
    log.control(swap, later(100))
    assert not (await log.under(RULES)).differs
    log.report(200, event_id="ev-2", incident_id="in-2", needs=TANKER)  # decided without it, as the swap says not
    one = only(await log.under(RULES))
    assert one.incident_id == "in-2"
    assert people(one) == {
        DESK.contact_id: (Kind.NO_LONGER, "duty_desk"),
        DELEGATE.contact_id: (Kind.NEWLY, "duty_desk"),
    }


async def test_only_named_agreements_are_told_of() -> None:
    """Another agreement's differences are left out, and then nothing differs."""
    log, _ = asked()
    assert (await log.under(with_clauses("police"), AGREEMENT)).differs
    assert not (await log.under(with_clauses("police"), "akniste-rokiskis")).differs


async def test_ladders_of_a_policy_that_the_log_lost_are_not_guessed() -> None:
    """The decisions are compared; that the ladder could not be climbed is said."""
    log, _ = asked()
    log.records = [one for one in log.records if one.topic != "policy"]
    found = await log.under(with_first_step(answer_within=60))
    assert [one.kind for one in found.problems] == [ProblemKind.POLICY_UNKNOWN]
    assert only(found).ladders == ()
    assert [one.field for one in only(found).routes[0].fields] == [Field.ANSWER_WITHIN]


async def test_counts_by_agreement_party_and_role() -> None:
    """Two incidents, one desk: two incidents and one contact."""
    log, _ = asked()
    log.report(30, event_id="ev-2", incident_id="in-2", needs=TANKER)
    (count,) = (await log.under(with_clauses("police"))).agreements
    assert (count.agreement, count.incidents) == (AGREEMENT, 2)
    by_role = {(role.kind, role.party, role.role): (role.incidents, role.contacts) for role in count.roles}
    assert by_role[Kind.NO_LONGER, "birzai", "duty_desk"] == (2, 1)
    assert policy().version != RULES.version


@pytest.mark.parametrize(
    "other",
    [RULES, with_clauses("police"), with_first_step(answer_within=60), with_shared(SharedField.SEVERITY)],
    ids=["same", "switched_off", "sooner", "cut"],
)
async def test_a_log_read_undecoded_gives_the_same_answer(other: Policy) -> None:
    """Whether a decision is known by its bytes or by reading it, rubbish, copies and lone halves included."""
    log = climbed()
    log.raw(EVENTS, b"{", later(5))
    log.raw(DECISIONS, b"{", later(6))
    log.add(EVENTS, events_of(log)[0], later(20))
    log.report(21, event_id="ev-copy", incident_id="in-copy", replayid="rp-1", needs=TANKER)
    log.report(22, event_id="ev-canary", incident_id="cn-1", status="System", event_type=None, place=None,
               service={"kind": "canary"})  # fmt: skip
    log.report(23, event_id="ev-2", kind="update", severity="Extreme")
    undecoded = Undecoded(RULES, log.records)
    undecoded.records = log.records
    decoded = await log.under(other)
    assert await undecoded.under(other) == decoded
    assert decoded.counts.events == 2
    assert decoded.differs is (other is not RULES)
