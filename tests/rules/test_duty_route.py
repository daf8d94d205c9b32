"""A decision calls who is on duty when the event was recorded, and says who stands in for whom and where nobody is."""

from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.control import DutySwap
from schemas.decision import Decision, Verdict
from schemas.policy.load import load_policy
from schemas.policy.models import Policy
from schemas.vocabulary import Judgement, Origin, Stage
from streams.rules.duty.crew import duty_at, on_duty
from streams.rules.routing.route import route
from tests.rules.duty_fixture import BOTH, CHIEF, DESK, desk_policy, local, swap
from tests.rules.policy_fixture import event

DAY_AND_NIGHT: dict[str, Any] = {
    "shifts": [
        {"days": "mon-fri", "hours": "08:00-20:00", "call": ["anna"]},
        {"days": "mon-fri", "hours": "20:00-08:00", "call": ["berta"]},
    ]
}
EVENING, NIGHT, SATURDAY = local("2026-06-03 19:59"), local("2026-06-03 20:00"), local("2026-06-06 12:00")


def decided(rules: Policy, at: datetime, *swaps: DutySwap, **changes: Any) -> Decision:
    """The decision on a peat fire recorded at ``at``."""
    times = {"recorded_at": at, "reported_at": at, "expires_at": at + timedelta(hours=6)}
    return route(event(**(times | changes)), rules, swaps)


def told(decision: Decision) -> list[str]:
    """Who is told, in order."""
    return [one.contact_id for route_ in decision.routes for one in route_.recipients]


def said(decision: Decision) -> Verdict:
    """The verdict on the recipients."""
    (verdict,) = [one for one in decision.verdicts if one.stage is Stage.RECIPIENTS]
    return verdict


def test_duty_changes_at_the_minute() -> None:
    """The event of 19:59 is Anna's, that of 20:00 Berta's, and back again in any order."""
    rules = desk_policy(DAY_AND_NIGHT)
    for at, who in ((EVENING, "anna"), (NIGHT, "berta"), (EVENING, "anna"), (NIGHT, "berta")):
        decision = decided(rules, at)
        assert told(decision) == [who, *CHIEF]
        assert (said(decision).judgement, said(decision).reason) == (Judgement.PASS, "recipients_found")


def test_a_stand_in_is_told_and_the_verdict_says_for_whom() -> None:
    """With the swap that says so; without the swap, and after it, the verdict is the old one."""
    rules = desk_policy(DAY_AND_NIGHT)
    night = swap("berta", "dace", "2026-06-03 20:00", "2026-06-04 08:00")
    decision = decided(rules, NIGHT, night)
    assert told(decision) == ["dace", *CHIEF]
    assert "(dace, standing in for berta by swap berta-dace)" in said(decision).detail
    assert said(decision).judgement is Judgement.PASS
    assert told(decided(rules, NIGHT)) == ["berta", *CHIEF]
    assert "standing in" not in said(decided(rules, local("2026-06-04 20:00"), night)).detail


def test_a_gap_tells_everybody_and_warns() -> None:
    """On Saturday the roster has nobody: all four of the desk are told, and the verdict says why."""
    decision = decided(desk_policy(DAY_AND_NIGHT), SATURDAY)
    assert told(decision) == [*DESK, *CHIEF]
    assert (said(decision).judgement, said(decision).reason) == (Judgement.WARN, "nobody_on_duty")
    assert "nobody who can be reached is on duty as duty desk" in said(decision).detail


def test_an_exercise_rings_its_own_contacts_at_any_time() -> None:
    """Rosters, gaps and swaps are for real events."""
    decision = decided(
        desk_policy(DAY_AND_NIGHT), SATURDAY, swap("drill", "anna", "2026-06-01 00:00", "2026-06-08 00:00"),
        origin="exercise", status="Exercise", exerciseid="drill-1",
    )  # fmt: skip
    assert told(decision) == ["drill"]
    assert said(decision).reason == "recipients_found"


def test_the_shipped_rosters_call_whom_the_roles_name_at_any_hour() -> None:
    """One line around the clock at each party: with the rosters or without, the same people."""
    shipped = load_policy(Path(__file__).parents[2] / "deploy" / "policy")
    assert {(party, role) for party, roles in shipped.rosters.items() for role in roles} == {
        (party.id, role) for party in shipped.parties for role in ("duty_desk", "fire_chief")
    }
    bare = shipped.model_copy(update={"rosters": {}})
    hours = [local(f"2026-{day}") + timedelta(hours=hour) for day in ("03-28", "10-24", "12-24") for hour in range(60)]
    for at, party in product(hours, shipped.parties):
        for role in shipped.staff[party.id]:
            asked: dict[str, Any] = {"party": party.id, "role": role, "origin": Origin.LIVE, "at": at}
            duty = duty_at(shipped, **asked)
            assert [one.member for one in duty.people] == list(on_duty(bare, **asked))
            assert not duty.uncovered


moments = st.builds(lambda minutes: EVENING + timedelta(minutes=minutes), st.integers(-5000, 5000))


def _swapped(who: str, by: str, begin: int, hours: int) -> DutySwap:
    start = EVENING + timedelta(minutes=begin)
    known = swap(who, by, "2026-06-03 20:00", "2026-06-04 08:00", swap_id=f"{who}-{by}-{begin}")
    return known.model_copy(update={"start": start, "end": start + timedelta(hours=hours)})


people = st.sampled_from(DESK)
swaps = st.lists(
    st.builds(_swapped, people, people, st.integers(-3000, 3000), st.integers(1, 24)),
    max_size=3,
    unique_by=lambda one: one.swap_id,
)
SHARED = desk_policy(DAY_AND_NIGHT)


@given(st.lists(st.tuples(moments, swaps), min_size=1, max_size=6))
@settings(max_examples=12, deadline=None)
def test_what_is_remembered_of_one_event_never_answers_for_another(
    asked: list[tuple[datetime, list[DutySwap]]],
) -> None:
    """A router that has decided much decides as one that has just begun."""
    for at, given_swaps in asked:
        fresh = SHARED.model_copy()
        assert decided(SHARED, at, *given_swaps) == decided(fresh, at, *given_swaps)
        assert set(decided(SHARED, at, *given_swaps).routes[0].recipients[0].channels) == set(BOTH)
