"""A party with a roster for its duty desk, and questions to it in the party's own local time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from schemas.control import DutySwap
from schemas.policy.models import Member, Policy, Staff
from schemas.policy.rosters import Roster
from schemas.vocabulary import Channel, Origin
from streams.rules.duty.crew import duty_at, on_duty
from tests.rules.policy_fixture import policy

RIGA, VILNIUS = ZoneInfo("Europe/Riga"), ZoneInfo("Europe/Vilnius")
BOTH = (Channel.SMS, Channel.EMAIL)
DESK = ("anna", "berta", "cilda", "dace")
CHIEF = ("emils", "fricis")


def desk_policy(roster: dict[str, Any] | None, party: str = "birzai", **chief: Any) -> Policy:
    """``roster`` as written in YAML for the duty desk of ``party``, which four hold; two hold fire_chief there,
    with the roster ``chief`` if any."""
    staff: dict[str, dict[str, Staff]] = {each.id: {} for each in policy().parties} | {
        party: {
            "duty_desk": Staff(
                live=tuple(Member(contact=one, channels=BOTH) for one in DESK),
                exercise=(Member(contact="drill", channels=BOTH),),
            ),
            "fire_chief": Staff(live=tuple(Member(contact=one, channels=(Channel.SMS,)) for one in CHIEF)),
        }
    }
    rosters = {"duty_desk": roster} if roster else {}
    rosters |= {"fire_chief": chief} if chief else {}
    return policy(staff=staff, rosters={party: {role: Roster.model_validate(one) for role, one in rosters.items()}})


def local(written: str, zone: ZoneInfo = VILNIUS, fold: int = 0) -> datetime:
    """``2026-12-24 23:00`` on the clock of ``zone``; ``fold`` 1 is the second time the clock shows it."""
    return datetime.fromisoformat(written).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def called(rules: Policy, at: datetime, *swaps: DutySwap, role: str = "duty_desk", party: str = "birzai") -> list[str]:
    """Who is called, in order."""
    found = on_duty(rules, party=party, role=role, origin=Origin.LIVE, at=at, swaps=swaps)
    return [member.contact for member in found]


def uncovered(rules: Policy, at: datetime, party: str = "birzai") -> bool:
    """Whether the roster has nobody at ``at``."""
    return duty_at(rules, party=party, role="duty_desk", origin=Origin.LIVE, at=at).uncovered


def swap(contact: str, by: str, begin: str, end: str, **changes: Any) -> DutySwap:
    """``by`` stands in for ``contact`` between two times of Vilnius."""
    fields: dict[str, Any] = {
        "swap_id": f"{contact}-{by}",
        "party": "birzai",
        "contact_id": contact,
        "substitute": by,
        "start": local(begin),
        "end": local(end),
        "by": "tests",
        "at": local(begin) - timedelta(days=1),
    }
    return DutySwap(**(fields | changes))
