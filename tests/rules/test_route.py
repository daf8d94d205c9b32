"""``route()`` as a whole: outcomes, what crosses, who is told, and what must hold for any event."""

import time
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from schemas.decision import Decision, Route, SharedField
from schemas.event import EmergencyEvent
from schemas.policy.models import Policy
from schemas.vocabulary import (
    EVENT_TYPES,
    Action,
    Channel,
    DecisionOutcome,
    EventType,
    Hazard,
    NeedKind,
    Origin,
    RejectionReason,
    Severity,
)
from streams.rules.routing.explain import explain
from streams.rules.routing.index import MAX_COMPILED, index_of
from streams.rules.routing.redaction import DUTY_DESK
from streams.rules.routing.rejection import MENDS, rejection_of
from streams.rules.routing.route import route
from tests.rules.policy_fixture import NOW, PARTIES, agreement, event, policy

POLICY = policy()
HELP = {"needs": [{"kind": "fire_tanker", "count": 2}]}


def only(decision: Decision) -> Route:
    assert len(decision.routes) == 1, decision
    return decision.routes[0]


def test_help_request_wakes_the_partner() -> None:
    """A request for help tells the partner's first rung, in its language, with everything the clause lets through."""
    decision = route(event(**HELP, text={"text": "Deg kūdra", "language": "lv"}), POLICY)
    told = only(decision)
    assert decision.outcome is DecisionOutcome.ROUTED
    assert (told.partner, told.language, told.action, told.reply_within_s) == ("birzai", "lt", Action.HELP, 900)
    assert [who.contact_id for who in told.recipients] == ["birzai-desk", "birzai-chief"]
    assert told.withheld == ()
    assert told.shared is not None
    assert told.shared.text is not None
    assert told.shared.lead_service == "vugd"


def test_a_contact_with_two_roles_is_told_once() -> None:
    """Somebody who holds two roles is told once, in the first of them."""
    told = only(route(event(**HELP), POLICY))
    desk = [who for who in told.recipients if who.contact_id == "birzai-desk"]
    assert [(who.role, who.channels) for who in desk] == [("duty_desk", (Channel.SMS, Channel.EMAIL))]


def test_notice_withholds_what_the_profile_leaves_out() -> None:
    """Information without a request carries the notice profile, and what was given beyond it is named as withheld."""
    told = only(route(event(casualties={"injured": 1}, place={"name": "Skaistkalne"}), POLICY))
    assert told.action is Action.INFORM
    assert set(told.withheld) == {SharedField.CASUALTIES, SharedField.PLACE_NAME, SharedField.PSAP}
    assert told.shared is not None
    assert told.shared.place is not None
    assert (told.shared.place.name, told.shared.place.place, told.shared.place.parish) == (
        None,
        None,
        "skaistkalne_pag",
    )
    assert "Skaistkalne is" not in told.shared.place.explanation


def test_personal_data_is_masked_once_more() -> None:
    """A telephone number in the text does not cross, and the verdict counts it without quoting it."""
    decision = route(event(**HELP, text={"text": "Zvanīt +371 26123456", "language": "lv"}), POLICY)
    assert "26123456" not in decision.model_dump_json()
    assert "1 telephone" in next(v.detail for v in decision.verdicts if v.reason == "masked")


def test_callback_falls_back_to_the_duty_desk() -> None:
    """The office that the reporter names is called back, and its duty desk where it has no such office."""
    named = only(route(event(**HELP, callback_role="fire_chief"), POLICY)).shared
    unknown = only(route(event(**HELP, callback_role="mayor"), POLICY)).shared
    assert named is not None
    assert unknown is not None
    assert (named.callback_role, unknown.callback_role) == ("fire_chief", DUTY_DESK)


def test_exercise_uses_exercise_contacts_only() -> None:
    """An exercise reaches the exercise list, never the live one."""
    drill = event(**HELP, status="Exercise", origin="exercise", exerciseid="ex-1")
    assert {who.contact_id for who in only(route(drill, POLICY)).recipients} == {"birzai-desk-x", "birzai-chief-x"}


def test_exercise_without_exercise_contacts_reaches_nobody() -> None:
    """Without an exercise list nobody is told, and the decision says who must mend it."""
    staff = {
        each: {role: held.model_copy(update={"exercise": ()}) for role, held in roles.items()}
        for each, roles in POLICY.staff.items()
    }
    drill = event(**HELP, status="Exercise", origin="exercise", exerciseid="ex-1")
    decision = route(drill, policy(staff=staff))
    assert decision.outcome is DecisionOutcome.NO_ROUTE
    assert decision.routes == ()
    assert "administrator must mend the roles file" in decision.verdicts[-1].detail


def test_empty_first_rung_climbs_to_the_next() -> None:
    """When nobody holds the first rung's roles, the next rung that reaches somebody is told at once."""
    volunteers = {"volunteers": POLICY.staff["birzai"]["fire_chief"]}
    decision = route(event(**HELP), policy(staff={**POLICY.staff, "birzai": volunteers}))
    assert decision.outcome is DecisionOutcome.ROUTED
    assert [who.contact_id for who in only(decision).recipients] == ["birzai-chief", "birzai-desk"]
    assert "step 2" in decision.verdicts[-1].detail


def test_neighbour_may_only_inform() -> None:
    """Who speaks about the partner's ground informs the partner; no help is asked there."""
    decision = route(event(**HELP, reporting_party="birzai"), POLICY)
    told = only(decision)
    assert (told.partner, told.action, told.reply_within_s) == ("vecumnieki", Action.INFORM, None)
    assert told.shared is not None
    assert told.shared.lead_service == "vugd"


def test_a_police_matter_leaves_the_reference_of_the_call_at_home() -> None:
    """The reporter's own words about the call to 112 may name somebody; that 112 knows still crosses."""
    psap = {"notified": True, "reference": "Petras Petraitis 112"}
    missing = event(event_type="missing_person", severity="Severe", psap_notified=psap)
    facts = only(route(missing, POLICY)).shared
    assert facts is not None
    assert facts.psap_notified is not None
    assert (facts.psap_notified.notified, facts.psap_notified.reference) == (True, None)
    fire = only(route(event(psap_notified={"notified": True, "reference": "112-4711"}, **HELP), POLICY)).shared
    assert fire is not None
    assert fire.psap_notified is not None
    assert fire.psap_notified.reference == "112-4711"


def test_a_clause_cannot_do_more_than_refer_a_police_matter() -> None:
    """Even a clause that says help and shares all refers a police matter, without text, counts or position."""
    loose = policy(agreements=(agreement("vecumnieki", "birzai", police_action=Action.HELP),))
    report = event(
        **HELP,
        event_type="theft",
        casualties={"injured": 1},
        text={"text": "melns džips", "language": "lv"},
        place={"name": "Skaistkalne", "point": {"lat": 56.38, "lon": 24.64}},
    )
    told = only(route(report, loose))
    assert told.action is Action.REFER
    assert told.shared is not None
    assert told.shared.place is not None
    assert (told.shared.text, told.shared.casualties, told.shared.place.point) == (None, None, None)


def test_update_without_a_clause_follows_up() -> None:
    """An update that no clause fits any more still carries its facts to those already told."""
    decision = route(event(kind="update", severity="Minor"), POLICY)
    told = only(decision)
    assert decision.outcome is DecisionOutcome.FOLLOW_UP
    assert (told.clause, told.action, told.recipients) == (None, None, ())
    assert told.shared is not None
    assert told.shared.severity is Severity.MINOR


def test_update_with_a_clause_can_tell_new_people() -> None:
    """An update that grew worse names recipients of its own."""
    decision = route(event(**HELP, kind="update"), POLICY)
    assert decision.outcome is DecisionOutcome.FOLLOW_UP
    assert only(decision).recipients


@pytest.mark.parametrize("kind", ["cancel", "all_clear"])
def test_closing_needs_no_place_or_type(kind: str) -> None:
    """A cancel or all-clear without place and type goes to those already told under each agreement."""
    decision = route(event(kind=kind, event_type=None, place=None), POLICY)
    told = only(decision)
    assert decision.outcome is DecisionOutcome.FOLLOW_UP
    assert (told.clause, told.shared, told.recipients) == (None, None, ())


def test_a_wrong_place_cannot_stop_a_cancel() -> None:
    """A cancel whose place is in the sea still reaches those already told."""
    decision = route(event(kind="cancel", place={"point": {"lat": 57.5, "lon": 19.5}}), POLICY)
    assert decision.outcome is DecisionOutcome.FOLLOW_UP


def test_every_refusal_has_a_mend() -> None:
    """A refused event gives a reason, a sentence and how to mend it; an accepted one gives none."""
    refused = rejection_of(route(event(reporting_party="atlantis"), POLICY))
    assert refused is not None
    assert refused[0] is RejectionReason.UNKNOWN_PARTY
    assert refused[2] == MENDS[RejectionReason.UNKNOWN_PARTY]
    assert rejection_of(route(event(), POLICY)) is None


def test_now_is_the_recorded_time() -> None:
    """Now is when the event was recorded, and when it was reported where that is not known."""
    assert route(event(), POLICY).recorded_at == NOW + timedelta(seconds=2)
    assert route(event(recorded_at=None), POLICY).recorded_at == NOW


def test_explain_says_it_in_lines() -> None:
    """The explanation names each stage's verdict, the people by role, what crosses and what is withheld."""
    text = "\n".join(explain(route(event(casualties={"injured": 1}), POLICY), POLICY))
    assert "✓ agreement   covered" in text
    assert "duty desk (birzai-desk) by sms, email" in text
    assert "withheld  place_name, casualties, psap" in text
    assert "✗" in "\n".join(explain(route(event(reporting_party="atlantis"), POLICY), POLICY))


def test_compiled_policies_are_bounded_and_never_mixed_up() -> None:
    """Any number of policies can be used in turn; each decides by itself."""
    for _ in range(2 * MAX_COMPILED):
        deny = policy(agreements=(agreement("vecumnieki", "birzai", successor_area="deny"),))
        assert index_of(deny).policy is deny
        assert route(event(place={"name": "Brunava"}), deny).outcome is DecisionOutcome.NO_ROUTE
    assert route(event(place={"name": "Brunava"}), POLICY).outcome is DecisionOutcome.ROUTED


def test_a_policy_with_dangling_names_does_not_raise() -> None:
    """A clause whose ladder, profile and staff do not exist reaches nobody and says so."""
    broken = policy(ladders=(), staff={}, roles=(), services=())
    decision = route(event(**HELP), broken)
    assert decision.outcome is DecisionOutcome.NO_ROUTE
    assert decision.verdicts[-1].reason == "nobody_on_list"


def test_speed_does_not_depend_on_the_number_of_agreements() -> None:
    """Three thousand agreements among others cost a route no more than a few."""
    one = agreement("akniste", "rokiskis")
    more = tuple(one.model_copy(update={"id": f"extra-{number}"}) for number in range(2_000))
    large = policy(agreements=(agreement("vecumnieki", "birzai"), *more))

    def cost(which: Policy) -> float:
        report = event(place={"code": {"scheme": "ISO3166-2", "code": "LV-105"}})
        route(report, which)
        best = 1.0
        for _ in range(30):
            start = time.process_time()
            for _ in range(40):
                route(report, which)
            best = min(best, time.process_time() - start)
        return best

    assert cost(large) < 2 * cost(POLICY)


names = st.sampled_from(
    ["Skaistkalne", "Priedes", "Ilzu ezers", "Papilys", "Bauskas novads", "Rites pag.", "Biržų r.", "??", "x"]
)
points = st.fixed_dictionaries(
    {
        "lat": st.floats(55.8, 56.9) | st.floats(-90, 90) | st.just(56.3),
        "lon": st.floats(23.9, 26.3) | st.floats(-180, 180),
    }
)
codes = st.sampled_from(
    [("ISO3166-2", "LV-105"), ("ISO3166-2", "LT-40"), ("LAU", "LV0025000"), ("LAU", "36"), ("LAU", "LV"), ("ATVK", "9")]
).map(lambda pair: {"scheme": pair[0], "code": pair[1]})
rings = st.lists(points, min_size=3, max_size=6).map(lambda corners: [*corners, corners[0]])
places = st.fixed_dictionaries(
    {},
    optional={
        "country": st.sampled_from(["LV", "LT"]),
        "code": codes,
        "municipality": names,
        "parish": names,
        "name": names | st.text("abcšž ,-0123456789+", min_size=1, max_size=20),
        "point": points,
        "polygon": rings,
    },
).filter(lambda place: set(place) - {"country"})


@st.composite
def events(draw: st.DrawFn) -> EmergencyEvent:
    drill = draw(st.booleans())
    status = draw(st.sampled_from(["Exercise", "Test"] if drill else ["Actual", "Test", "Draft", "System"]))
    if drill and status == "Test":
        status = "Exercise"
    fields: dict[str, Any] = {
        "kind": draw(st.sampled_from(["report", "update", "cancel", "all_clear"])),
        "status": status,
        "origin": "exercise" if drill else "live",
        "exerciseid": "ex-1" if drill else None,
        "reporting_party": draw(st.sampled_from([each.id for each in PARTIES] + ["atlantis"])),
        "event_type": draw(st.sampled_from(EventType)),
        "severity": draw(st.sampled_from(Severity)),
        "place": draw(places),
        "needs": draw(st.sampled_from([(), ({"kind": NeedKind.BOAT, "count": 1},)])),
        "casualties": draw(st.sampled_from([None, {"missing": 1}])),
        "hazards": draw(st.sampled_from([(), (Hazard.SMOKE,)])),
        "text": draw(st.sampled_from([None, {"text": "Jonas, 39001011234, +370 612 34567", "language": "lt"}])),
        "callback_role": draw(st.sampled_from([None, "fire_chief", "mayor"])),
        "occurred_at": draw(st.sampled_from([None, NOW, NOW + timedelta(days=1)])),
        "recorded_at": draw(st.sampled_from([None, NOW, NOW + timedelta(days=2), NOW - timedelta(days=2)])),
        "replayid": draw(st.sampled_from([None, None, None, "replay-1"])),
    }
    return event(**fields)


policies = st.sampled_from(
    [
        POLICY,
        policy(agreements=(agreement("vecumnieki", "birzai", "deny", Action.HELP), agreement("akniste", "rokiskis"))),
        policy(staff={}, ladders=()),
    ]
)


def kinds(value: Any) -> Any:
    """The types of ``value`` and of all that it holds: a word in place of an enum's member is equal to it."""
    if isinstance(value, BaseModel):
        return type(value), {name: kinds(held) for name, held in value.__dict__.items()}
    return (tuple, [kinds(one) for one in value]) if isinstance(value, tuple) else type(value)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events(), policies)
def test_what_is_remembered_of_a_policy_changes_no_decision(report: EmergencyEvent, rules: Policy) -> None:
    """A policy that has ruled on many events decides as one that is asked for the first time."""
    assert route(report, rules) == route(report, rules.model_copy())


@pytest.mark.parametrize(
    "changes",
    [
        {"text": {"text": ("Ab g. 5 " * 250)[:1999], "language": "lt"}},
        {"psap_notified": {"notified": True, "reference": ("Ab g. 5 " * 15)[:119]}},
        {"place": {"name": ("Ab g. 5 " * 15)[:119], "code": {"scheme": "ISO3166-2", "code": "LV-105"}}},
    ],
)
def test_a_text_that_masking_makes_longer_stays_within_its_bound(changes: dict[str, Any]) -> None:
    """The longest text allowed, full of house numbers, leads to a decision that can be read."""
    decision = route(event(**HELP, **changes), POLICY)
    assert decision.outcome is DecisionOutcome.ROUTED
    assert "g. 5" not in decision.model_dump_json()
    assert Decision.model_validate_json(decision.model_dump_json()) == decision


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events(), policies)
def test_what_holds_for_any_event(report: EmergencyEvent, rules: Policy) -> None:
    """No event raises; the same event gives the same valid decision; drills never reach live contacts; police
    matters are only referred and carry no text, counts or position; nothing personal in the text crosses."""
    decision = route(report, rules)
    assert decision == route(report, rules)
    for read in (
        Decision.model_validate(decision.model_dump()),
        Decision.model_validate_json(decision.model_dump_json(exclude_none=True)),
    ):
        assert read == decision
        assert kinds(read) == kinds(decision)
    assert decision.verdicts
    told = [who.contact_id for way in decision.routes for who in way.recipients]
    assert all(contact.endswith("-x") is (report.origin is Origin.EXERCISE) for contact in told)
    if decision.outcome in (DecisionOutcome.NO_ROUTE, DecisionOutcome.REJECTED):
        assert not decision.routes
    if decision.outcome is DecisionOutcome.ROUTED:
        assert told
    assert (rejection_of(decision) is not None) is (decision.outcome is DecisionOutcome.REJECTED)
    if report.event_type and EVENT_TYPES[report.event_type].police:
        for way in decision.routes:
            assert way.action in (Action.REFER, None)
            assert way.shared is not None
            assert (way.shared.text, way.shared.casualties, way.shared.needs) == (None, None, ())
            assert way.shared.place is None or way.shared.place.point is None
    crossing = "".join(way.model_dump_json() for way in decision.routes)
    assert "39001011234" not in crossing
    assert "612 34567" not in crossing
    assert explain(decision, rules)
