"""Each stage's reasons: one event for every word that a verdict can say."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.vocabulary import DecisionOutcome, Judgement, Stage
from streams.rules.routing.route import route
from tests.rules.policy_fixture import NOW, agreement, event, policy

POLICY = policy()
DENY = policy(agreements=(agreement("vecumnieki", "birzai", "deny"),))
ALLOW = policy(agreements=(agreement("vecumnieki", "birzai", "allow"),))
NOBODY = policy(staff={})

ROUTED, NO_ROUTE = DecisionOutcome.ROUTED, DecisionOutcome.NO_ROUTE
REJECTED, FOLLOW_UP = DecisionOutcome.REJECTED, DecisionOutcome.FOLLOW_UP
HELP = {"needs": [{"kind": "boat", "count": 1}]}
LV_105 = {"scheme": "ISO3166-2", "code": "LV-105"}

CASES: list[tuple[str, dict[str, Any], str, str, DecisionOutcome]] = [
    ("accepted", {}, "intake", "pass", ROUTED),
    ("expired", {"recorded_at": NOW + timedelta(hours=6)}, "intake", "stop", REJECTED),
    ("from_the_future", {"recorded_at": NOW - timedelta(minutes=6)}, "intake", "stop", REJECTED),
    ("from_the_future", {"occurred_at": NOW + timedelta(hours=1)}, "intake", "stop", REJECTED),
    (
        "too_old",
        {"expires_at": NOW + timedelta(days=20), "recorded_at": NOW + timedelta(days=2)},
        "intake",
        "stop",
        REJECTED,
    ),
    ("replayed", {"replayid": "r-1"}, "intake", "stop", REJECTED),
    ("not_for_sending", {"status": "Draft"}, "intake", "stop", NO_ROUTE),
    ("not_for_sending", {"status": "System"}, "intake", "stop", NO_ROUTE),
    ("own_area", {}, "authority", "pass", ROUTED),
    ("neighbour_area", {"reporting_party": "birzai"}, "authority", "warn", ROUTED),
    ("unknown_party", {"reporting_party": "atlantis"}, "authority", "stop", REJECTED),
    ("not_authorised", {"reporting_party": "rokiskis"}, "authority", "stop", REJECTED),
    ("known_party", {"place": {"municipality": "Pasvalio r."}}, "authority", "pass", NO_ROUTE),
    ("by_code", {"place": {"code": LV_105}}, "place", "pass", ROUTED),
    ("by_name", {}, "place", "pass", ROUTED),
    ("by_name", {"place": {"municipality": "Vecumnieku nov.", "name": "Xyz"}}, "place", "warn", ROUTED),
    ("by_geometry", {"place": {"point": {"lat": 56.5, "lon": 24.7}}}, "place", "pass", ROUTED),
    ("side_uncertain", {"place": {"point": {"lat": 56.303, "lon": 24.7}}}, "place", "warn", ROUTED),
    ("place_unknown", {"place": {"name": "Priedes"}}, "place", "stop", REJECTED),
    ("place_outside", {"place": {"point": {"lat": 57.5, "lon": 19.5}}}, "place", "stop", REJECTED),
    ("place_contradicts", {"place": {"country": "LT", "code": LV_105}}, "place", "stop", REJECTED),
    (
        "place_contradicts",
        {"place": {"code": LV_105, "point": {"lat": 56.1, "lon": 25.7}}},
        "place",
        "warn",
        ROUTED,
    ),
    ("covered", {}, "agreement", "pass", ROUTED),
    ("successor_area", {"place": {"name": "Brunava"}}, "agreement", "warn", ROUTED),
    ("successor_area", {"place": {"municipality": "Bauskas novads"}}, "agreement", "warn", ROUTED),
    (
        "successor_area",
        {"reporting_party": "akniste", "place": {"name": "Ilzu ezers"}},
        "agreement",
        "warn",
        ROUTED,
    ),
    (
        "successor_area",
        {"reporting_party": "rokiskis", "place": {"name": "Ilzu ezers"}},
        "agreement",
        "warn",
        ROUTED,
    ),
    ("no_agreement", {"place": {"municipality": "Aizkraukles novads"}}, "agreement", "stop", NO_ROUTE),
    ("no_agreement", {"place": {"municipality": "Pasvalio r."}, "kind": "update"}, "agreement", "warn", FOLLOW_UP),
    ("lead_known", {}, "competence", "pass", ROUTED),
    ("police_matter", {"event_type": "theft"}, "competence", "pass", ROUTED),
    ("clause_applies", {}, "clause", "pass", ROUTED),
    ("clause_applies", {"reporting_party": "birzai", **HELP}, "clause", "warn", ROUTED),
    ("no_clause", {"event_type": "other"}, "clause", "stop", NO_ROUTE),
    ("below_severity", {"severity": "Minor"}, "clause", "stop", NO_ROUTE),
    ("below_severity", {"severity": "Minor", "kind": "update"}, "clause", "warn", FOLLOW_UP),
    ("all_shared", {**HELP}, "redaction", "pass", ROUTED),
    ("withheld", {"casualties": {"injured": 1}}, "redaction", "pass", ROUTED),
    ("masked", {**HELP, "text": {"text": "auto AB-1234", "language": "lv"}}, "redaction", "warn", ROUTED),
    ("recipients_found", {}, "recipients", "pass", ROUTED),
    ("follow_up", {"kind": "cancel"}, "recipients", "pass", FOLLOW_UP),
]


@pytest.mark.parametrize(("reason", "changes", "stage", "judgement", "outcome"), CASES)
def test_reason(reason: str, changes: dict[str, Any], stage: str, judgement: str, outcome: DecisionOutcome) -> None:
    """Each reason stands at its stage with its judgement, and nothing follows a stop."""
    decision = route(event(**changes), POLICY)
    said = [(v.stage.value, v.reason, v.judgement.value) for v in decision.verdicts]
    assert (stage, reason, judgement) in said
    assert decision.outcome is outcome
    stops = [index for index, verdict in enumerate(decision.verdicts) if verdict.judgement is Judgement.STOP]
    assert stops in ([], [len(said) - 1])


def test_stages_come_in_order() -> None:
    """The verdicts of a routed event stand in the order of the stages, none left out."""
    assert [verdict.stage for verdict in route(event(), POLICY).verdicts] == list(Stage)


@pytest.mark.parametrize(
    ("rules", "reason", "judgement", "outcome"),
    [
        (DENY, "successor_denied", Judgement.STOP, NO_ROUTE),
        (POLICY, "successor_area", Judgement.WARN, ROUTED),
        (ALLOW, "successor_area", Judgement.PASS, ROUTED),
    ],
)
def test_successor_area_settings(rules: Any, reason: str, judgement: Judgement, outcome: DecisionOutcome) -> None:
    """The successor's area outside the signatory's is denied, warned of or allowed, as the agreement says."""
    decision = route(event(place={"name": "Brunava"}), rules)
    assert (reason, judgement) in [(verdict.reason, verdict.judgement) for verdict in decision.verdicts]
    assert decision.outcome is outcome


def test_nobody_on_list_is_loud() -> None:
    """Where nobody is on the list, nobody is told and the verdict names the roles to fill."""
    decision = route(event(), NOBODY)
    last = decision.verdicts[-1]
    assert (last.reason, last.judgement, decision.outcome) == ("nobody_on_list", Judgement.STOP, NO_ROUTE)
    assert "duty desk" in last.detail


def test_details_name_names() -> None:
    """The agreement's verdict says where the place is, whose it was and which agreement covers it."""
    detail = next(v.detail for v in route(event(), POLICY).verdicts if v.stage is Stage.AGREEMENT)
    assert detail == (
        "Skaistkalne is in Skaistkalnes pagasts, former Vecumnieku novads, today Bauskas novads; "
        "agreement vecumnieki-birzai covers it"
    )


def test_both_sides_hear_of_an_uncertain_side() -> None:
    """Of a point in the border band the partner is told whichever side reports it, with the warning kept."""
    for reporter, partner in (("vecumnieki", "birzai"), ("birzai", "vecumnieki")):
        decision = route(event(reporting_party=reporter, place={"point": {"lat": 56.3, "lon": 24.7}}), POLICY)
        assert [way.partner for way in decision.routes] == [partner]
        assert "side_uncertain" in {v.reason for v in decision.verdicts if v.judgement is Judgement.WARN}
