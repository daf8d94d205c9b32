"""Swaps: who stands in takes the place of whom they stand in for, for as long as it was agreed, and nobody is lost."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.policy.models import Member
from schemas.vocabulary import Channel, Origin
from streams.rules.duty.crew import on_duty, rung
from streams.rules.duty.swaps import StandIn
from tests.rules.duty_fixture import BOTH, CHIEF, DESK, called, desk_policy, local, swap

NIGHT = "2026-06-03 20:00", "2026-06-04 08:00"
TWO = {"shifts": [{"days": "daily", "call": ["anna", "berta"]}]}
DURING = local("2026-06-03 23:00")


@pytest.mark.parametrize(
    ("written", "who"),
    [
        ("2026-06-03 19:59", ["anna", "berta"]),
        ("2026-06-03 20:00", ["dace", "berta"]),
        ("2026-06-04 07:59", ["dace", "berta"]),
        ("2026-06-04 08:00", ["anna", "berta"]),
    ],
)
def test_a_substitute_takes_the_place_for_that_time(written: str, who: list[str]) -> None:
    """From the minute it begins to the minute it ends, in the other's place in the order of calling."""
    assert called(desk_policy(TWO), local(written), swap("anna", "dace", *NIGHT)) == who


def test_a_swap_of_one_role_leaves_the_others() -> None:
    """Without a role it is for all duties of that contact; for another party it is for nobody here."""
    rules = desk_policy(TWO)
    for role, party, who in (
        ("duty_desk", "birzai", "dace"),
        ("fire_chief", "birzai", "anna"),
        (None, "akniste", "anna"),
    ):
        assert called(rules, DURING, swap("anna", "dace", *NIGHT, role=role, party=party))[0] == who
    assert called(rules, DURING, swap("emils", "anna", *NIGHT), role="fire_chief") == ["anna", "fricis"]


def test_a_swap_for_somebody_who_is_off_duty_changes_nothing() -> None:
    """There is no place to take."""
    assert called(desk_policy(TWO), DURING, swap("cilda", "dace", *NIGHT)) == ["anna", "berta"]


def test_a_revoked_swap_changes_nothing() -> None:
    """Also where it is still among those handed in."""
    assert called(desk_policy(TWO), DURING, swap("anna", "dace", *NIGHT, revoked=True)) == ["anna", "berta"]


def test_of_two_swaps_for_one_contact_the_newer_holds() -> None:
    """Whatever the order in which they are read."""
    rules = desk_policy(TWO)
    old = swap("anna", "cilda", *NIGHT)
    new = swap("anna", "dace", *NIGHT, at=old.at + timedelta(hours=1))
    assert called(rules, DURING, old, new) == called(rules, DURING, new, old) == ["dace", "berta"]


def test_a_substitute_who_gives_the_duty_away_is_stood_in_for() -> None:
    """Dace took Anna's night and falls ill: Cilda takes what was Dace's."""
    chain = swap("anna", "dace", *NIGHT), swap("dace", "cilda", *NIGHT)
    assert called(desk_policy(TWO), DURING, *chain) == ["cilda", "berta"]


def test_two_who_exchange_their_places_exchange_them() -> None:
    """Nobody is sent in a circle, and nobody is lost."""
    both = swap("anna", "berta", *NIGHT), swap("berta", "anna", *NIGHT)
    assert called(desk_policy(TWO), DURING, *both) == ["berta", "anna"]


def test_a_substitute_who_is_on_duty_too_is_called_once() -> None:
    """In the earlier of the two places."""
    assert called(desk_policy(TWO), DURING, swap("anna", "berta", *NIGHT)) == ["berta"]


@pytest.mark.parametrize(("substitute", "channels"), [("dace", BOTH), ("emils", (Channel.SMS,)), ("stranger", BOTH)])
def test_a_substitute_is_reached_by_their_own_channels(substitute: str, channels: tuple[Channel, ...]) -> None:
    """Those of this role, else of any other at the party, else those of the one whose place they take."""
    rules = desk_policy(TWO)
    found = on_duty(
        rules, party="birzai", role="duty_desk", origin=Origin.LIVE, at=DURING, swaps=[swap("anna", substitute, *NIGHT)]
    )
    assert found[0] == Member(contact=substitute, channels=channels)


def test_a_rung_says_who_stands_in_for_whom() -> None:
    """With the swap that says so; an exercise knows no swaps."""
    rules = desk_policy(TWO)
    common: dict[str, Any] = {"party": "birzai", "roles": ("duty_desk", "fire_chief"), "channels": BOTH, "at": DURING}
    found = rung(rules, origin=Origin.LIVE, swaps=[swap("anna", "dace", *NIGHT)], **common)
    assert [one.contact_id for one in found.recipients] == ["dace", "berta", *CHIEF]
    assert found.stand_ins == (StandIn("dace", "anna", "anna-dace"),)
    drill = rung(rules, origin=Origin.EXERCISE, swaps=[swap("drill", "dace", *NIGHT)], **common)
    assert [one.contact_id for one in drill.recipients] == ["drill"]


PEOPLE = st.sampled_from([*DESK, *CHIEF, "stranger"])


@given(st.lists(st.tuples(PEOPLE, PEOPLE, st.integers(0, 3)), max_size=12), st.booleans())
def test_no_swaps_leave_a_duty_without_anybody(given_swaps: list[tuple[str, str, int]], rostered: bool) -> None:
    """However they are chained, crossed or repeated, somebody is called, nobody twice, whatever order they come in."""
    swaps = [
        swap(contact, by, *NIGHT, swap_id=f"s{number}", at=DURING - timedelta(hours=hours))
        for number, (contact, by, hours) in enumerate(given_swaps)
    ]
    rules = desk_policy(TWO if rostered else None)
    who = called(rules, DURING, *swaps)
    assert who
    assert len(set(who)) == len(who)
    assert who == called(rules, DURING, *reversed(swaps))
