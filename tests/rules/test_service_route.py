"""Service events: checks of contacts, contacts lost and back, canaries. They reach people, but tell of nothing."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.decision import Decision, Route
from schemas.policy.models import Canary, Member, Staff
from schemas.vocabulary import Channel, DecisionOutcome, EventType, Lane, Origin, ServiceKind
from streams.rules.routing.explain import explain
from streams.rules.routing.route import route
from tests.rules.policy_fixture import NOW, event, policy

BOTH = (Channel.SMS, Channel.EMAIL)
CANARY = Canary(contact="canary-phone", party="vecumnieki", every=300)
RULES = policy(canary=CANARY)
DRILL = {"origin": "exercise", "exerciseid": "contacts"}


def told(kind: ServiceKind, contact: str | None = None, **changes: Any) -> Decision:
    """The decision on a service event of Vecumnieki, with changes; ``rules`` are the policy."""
    rules = changes.pop("rules", RULES)
    service = {"kind": kind, "contact_id": contact}
    given: dict[str, Any] = {"status": "System", "event_type": None, "place": None, "service": service}
    return route(event(**(given | changes)), rules)


def only(decision: Decision) -> Route:
    """The one route there is."""
    assert decision.outcome is DecisionOutcome.ROUTED, decision.verdicts
    assert len(decision.routes) == 1
    return decision.routes[0]


def people(decision: Decision) -> list[tuple[str, str, tuple[Channel, ...]]]:
    """Who is told, in which role, by what."""
    return [(who.contact_id, who.role, who.channels) for who in only(decision).recipients]


def test_a_check_goes_to_the_contact_itself_by_sms() -> None:
    """The contact can answer an SMS and nothing else, so that it gets that alone, in its first role."""
    assert people(told(ServiceKind.CHECK, "vecumnieki-desk")) == [("vecumnieki-desk", "duty_desk", (Channel.SMS,))]


def test_a_contact_without_sms_is_checked_by_mail() -> None:
    """Where the contact has e-mail only, the mail asks for a call."""
    staff = {"vecumnieki": {"duty_desk": Staff(live=(Member(contact="clerk", channels=(Channel.EMAIL,)),))}}
    decision = told(ServiceKind.CHECK, "clerk", rules=policy(staff=staff))
    assert people(decision) == [("clerk", "duty_desk", (Channel.EMAIL,))]


def test_exercise_contacts_are_checked_as_such() -> None:
    """A check of an exercise contact has origin exercise; under origin live it reaches nobody."""
    assert people(told(ServiceKind.CHECK, "vecumnieki-desk-x", **DRILL)) == [
        ("vecumnieki-desk-x", "duty_desk", (Channel.SMS,))
    ]
    assert told(ServiceKind.CHECK, "vecumnieki-desk-x").outcome is DecisionOutcome.NO_ROUTE
    assert told(ServiceKind.CHECK, "vecumnieki-desk", **DRILL).outcome is DecisionOutcome.NO_ROUTE


@pytest.mark.parametrize("kind", [ServiceKind.CONTACT_LOST, ServiceKind.CONTACT_BACK])
def test_a_lost_contact_is_told_to_the_duty_desk(kind: ServiceKind) -> None:
    """The municipality's duty desk learns of it by SMS and e-mail, at its own pace."""
    decision = told(kind, "vecumnieki-chief")
    assert people(decision) == [("vecumnieki-desk", "duty_desk", BOTH)]
    assert only(decision).lane is Lane.ROUTINE


def test_who_is_lost_is_not_told_of_it() -> None:
    """All others of the duty desk are told; where there is none, the delegate is; where there is nobody, nobody."""
    desk = tuple(Member(contact=f"desk-{number}", channels=BOTH) for number in range(3))
    delegate = Staff(live=(Member(contact="delegate", channels=BOTH),))
    several = {"vecumnieki": {"duty_desk": Staff(live=desk), "psdk_delegate": delegate}}
    alone = {"vecumnieki": {"duty_desk": Staff(live=desk[:1]), "psdk_delegate": delegate}}
    nobody = {"vecumnieki": {"duty_desk": Staff(live=desk[:1])}}
    lost = ServiceKind.CONTACT_LOST
    assert [who for who, _, _ in people(told(lost, "desk-1", rules=policy(staff=several)))] == ["desk-0", "desk-2"]
    assert people(told(lost, "desk-0", rules=policy(staff=alone))) == [("delegate", "psdk_delegate", BOTH)]
    decision = told(lost, "desk-0", rules=policy(staff=nobody))
    assert (decision.outcome, decision.routes, decision.verdicts[-1].reason) == (
        DecisionOutcome.NO_ROUTE,
        (),
        "nobody",
    )


def test_a_canary_goes_to_the_policys_own_contact_alone() -> None:
    """The canary takes the lane that matters to the test phone of its party, and nowhere without one."""
    decision = told(ServiceKind.CANARY)
    assert people(decision) == [("canary-phone", "canary", (Channel.SMS,))]
    assert only(decision).lane is Lane.URGENT
    assert told(ServiceKind.CANARY, rules=policy()).outcome is DecisionOutcome.NO_ROUTE
    assert told(ServiceKind.CANARY, reporting_party="birzai").outcome is DecisionOutcome.NO_ROUTE


@pytest.mark.parametrize("kind", list(ServiceKind))
def test_a_service_event_stays_inside_its_party_and_shares_nothing(kind: ServiceKind) -> None:
    """Both sides of the route are the party itself; no agreement, no ladder, no fact of any event."""
    decision = told(kind, None if kind is ServiceKind.CANARY else "vecumnieki-chief")
    found = only(decision)
    assert (found.agreement, found.clause, found.asking_party, found.partner) == (
        "service",
        kind.value,
        "vecumnieki",
        "vecumnieki",
    )
    assert (found.language, found.ladder, found.reply_within_s) == ("lv", None, None)
    assert found.shared is not None
    assert found.shared.model_dump(exclude_defaults=True) == {"event_type": EventType.OTHER}
    assert decision.service is not None
    assert decision.service.kind is kind
    assert Decision.model_validate_json(decision.model_dump_json()) == decision


def test_status_system_without_a_service_still_reaches_nobody() -> None:
    """A System event about anything else is kept with its reason and goes nowhere."""
    decision = route(event(status="System"), RULES)
    assert (decision.outcome, decision.verdicts[-1].reason) == (DecisionOutcome.NO_ROUTE, "not_for_sending")


def test_late_replayed_and_foreign_service_events_are_stopped() -> None:
    """What holds for every event holds for these: in time, not replayed, of a party the policy knows."""
    late = told(ServiceKind.CANARY, recorded_at=NOW + timedelta(hours=7))
    replayed = told(ServiceKind.CANARY, replayid="r-1")
    foreign = told(ServiceKind.CHECK, "somebody", reporting_party="riga")
    assert [(one.outcome, one.verdicts[-1].reason) for one in (late, replayed, foreign)] == [
        (DecisionOutcome.REJECTED, "expired"),
        (DecisionOutcome.REJECTED, "replayed"),
        (DecisionOutcome.REJECTED, "unknown_party"),
    ]


def test_no_contact_of_another_party_can_be_asked() -> None:
    """A party checks its own contacts; another's holds no role there."""
    assert told(ServiceKind.CHECK, "birzai-desk").outcome is DecisionOutcome.NO_ROUTE


def test_an_explanation_says_that_nothing_happened() -> None:
    """The lines of a trace call it what it is, and name who is told."""
    lines = "\n".join(explain(told(ServiceKind.CHECK, "vecumnieki-desk"), RULES))
    assert "check (about the system itself)" in lines
    assert "duty desk (vecumnieki-desk) by sms" in lines
    assert "crosses" not in lines


def test_origin_live_is_no_exercise() -> None:
    """The decision keeps the event's origin, which decides whom a notifier may reach."""
    assert told(ServiceKind.CHECK, "vecumnieki-desk-x", **DRILL).origin is Origin.EXERCISE
