"""The monthly check: whom to ask now, and when not."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.contact_rounds import AT_ONCE, due_checks
from schemas.policy.load import load_policy
from schemas.policy.models import ContactChecks, Policy
from schemas.upkeep import holders_of
from schemas.vocabulary import Origin
from tests.policy.conftest import SHIPPED

MONDAY_NOON = datetime(2026, 11, 9, 10, 0, tzinfo=UTC)
"""12.00 on the clocks of both countries."""

DAY = timedelta(days=1)
NOBODY: frozenset[str] = frozenset()


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The shipped policy: once in 30 days."""
    return load_policy(SHIPPED)


def _asked(policy: Policy, now: datetime, asked: dict[str, datetime] | None = None) -> list[str]:
    return [holder.contact for holder in due_checks(policy, asked or {}, NOBODY, now)]


def test_who_was_never_asked_is_asked_a_few_at_a_time(policy: Policy) -> None:
    """Round after round, every live contact is asked once, and no contact for exercises."""
    asked: dict[str, datetime] = {}
    rounds = 0
    while due := _asked(policy, MONDAY_NOON, asked):
        assert len(due) <= AT_ONCE
        assert not set(due) & set(asked)
        asked |= dict.fromkeys(due, MONDAY_NOON)
        rounds += 1
    live = {holder.contact for holder in holders_of(policy) if holder.origin is Origin.LIVE}
    assert set(asked) == live
    assert rounds == -(-len(live) // AT_ONCE)


@pytest.mark.parametrize(
    ("local", "may"),
    [
        ("2026-11-09T09:59", False),
        ("2026-11-09T10:00", True),
        ("2026-11-09T15:59", True),
        ("2026-11-09T16:00", False),
        ("2026-11-06T12:00", True),
        ("2026-11-07T12:00", False),
        ("2026-11-08T12:00", False),
        ("2026-11-09T03:00", False),
    ],
)
def test_nobody_is_asked_at_night_or_at_the_weekend(policy: Policy, local: str, may: bool) -> None:
    """Ten to four on working days, by the municipality's clock; in November that is two hours ahead of UTC."""
    now = datetime.fromisoformat(f"{local}+02:00")
    assert bool(_asked(policy, now)) is may


@pytest.mark.parametrize(
    ("day", "asked"),
    [("2026-11-18", {"LT"}), ("2026-11-02", {"LV"}), ("2026-12-24", set()), ("2026-11-17", {"LV", "LT"})],
)
def test_nobody_is_asked_on_a_public_holiday_of_their_country(policy: Policy, day: str, asked: set[str]) -> None:
    """Independence Day of Latvia, All Souls' Day of Lithuania, Christmas Eve of both, and a working day of both."""
    country = {party.id: party.country for party in policy.parties}
    where = {holder.contact: country[holder.party] for holder in holders_of(policy)}
    now, before = datetime.fromisoformat(f"{day}T12:00+02:00"), dict[str, datetime]()
    while due := due_checks(policy, before, frozenset(), now):
        before |= {holder.contact: now for holder in due}
    assert {where[contact] for contact in before} == asked


def test_summer_time_is_the_municipalitys(policy: Policy) -> None:
    """On 26 October 2026, after the change of clocks, 08:00 UTC is ten o'clock; in July it is seven."""
    assert _asked(policy, datetime(2026, 10, 26, 8, 0, tzinfo=UTC))
    assert _asked(policy, datetime(2026, 10, 23, 7, 0, tzinfo=UTC))
    assert not _asked(policy, datetime(2026, 10, 26, 7, 59, tzinfo=UTC))


def test_each_is_asked_again_when_its_time_has_come(policy: Policy) -> None:
    """Thirty days after the last check, by hand or not, and not a day before; the longest unasked first."""
    everybody = dict.fromkeys((holder.contact for holder in holders_of(policy)), MONDAY_NOON - 10 * DAY)
    asked = everybody | {"birzai-duty": MONDAY_NOON - 30 * DAY, "birzai-chief": MONDAY_NOON - 31 * DAY}
    assert _asked(policy, MONDAY_NOON, asked) == ["birzai-chief", "birzai-duty"]
    asked["birzai-duty"] += timedelta(seconds=1)
    assert _asked(policy, MONDAY_NOON, asked) == ["birzai-chief"]


def test_who_asked_for_silence_is_left_in_peace(policy: Policy) -> None:
    """A contact that sent STOP gets no check."""
    silent = frozenset(holder.contact for holder in holders_of(policy)) - {"birzai-chief"}
    assert [holder.contact for holder in due_checks(policy, {}, silent, MONDAY_NOON)] == ["birzai-chief"]


def test_without_a_rule_nobody_is_asked(policy: Policy) -> None:
    """A policy without contact checks leaves them to be started by hand."""
    assert due_checks(policy.model_copy(update={"contact_checks": None}), {}, NOBODY, MONDAY_NOON) == ()
    weekly = policy.model_copy(update={"contact_checks": ContactChecks(every=7 * 86400)})
    everybody = dict.fromkeys((holder.contact for holder in holders_of(policy)), MONDAY_NOON - 7 * DAY)
    assert len(due_checks(weekly, everybody, NOBODY, MONDAY_NOON)) == AT_ONCE
