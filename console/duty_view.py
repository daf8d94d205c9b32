"""Who is called, in what order and why, as lines and as JSON."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from console.duty_known import Known
from console.local_time import clock, length, moment, span
from schemas.control import DutySwap
from schemas.policy.mistakes import Mistake
from schemas.policy.models import Ladder, Party, Policy
from schemas.policy.parts import ROSTERS
from schemas.vocabulary import Origin
from streams.rules.duty.calendar import Turn, TurnKind
from streams.rules.duty.crew import Duty, OnCall, calendars_of, duty_at, rung
from streams.rules.duty.gaps import Gap, gaps_of
from streams.rules.duty.public_holidays import holiday_name

_MOST_OF_A_DAY = timedelta(hours=23)  # how long the day is on which the clock goes forward
GAPS_AHEAD = timedelta(days=60)
"""How far ahead gaps are looked for where nobody says until when."""

NOBODY = "nobody is on duty by roster: everybody who holds the role is called"


def duty_of(known: Known, party: Party, role: str, at: datetime) -> Duty:
    """Who holds ``role`` at ``party`` in earnest."""
    return duty_at(known.policy, party=party.id, role=role, origin=Origin.LIVE, at=at, swaps=known.swaps or ())


def party_lines(known: Known, party: Party, at: datetime) -> Iterator[str]:
    """One party: its roles with everybody on duty, then its ladders step by step."""
    zone = ZoneInfo(party.time_zone)
    holiday = holiday_name(party.country, at.astimezone(zone).date())
    yield f"{named(party)}: {moment(at, zone)} {zone.key}{f', {holiday}' if holiday else ''}"
    names = {role.id: role for role in known.policy.roles}
    for role in known.policy.staff.get(party.id, {}):
        duty = duty_of(known, party, role, at)
        info = names.get(role)
        group = ", a group: all at once" if info and info.group else ""
        yield f"  {info.names.en if info else role} ({role}{group})"
        if duty.uncovered:
            yield f"    ! {NOBODY}"
        for number, one in enumerate(duty.people, start=1):
            channels = ", ".join(channel.value for channel in one.member.channels)
            yield f"    {number:>2}  {one.member.contact:<28} {channels:<12} {why_on_duty(one, duty.uncovered, zone)}"
    for ladder in ladders_at(known.policy, party):
        yield f"  ladder {ladder.id}"
        for number, contacts in enumerate(_steps(known, party, ladder, at), start=1):
            yield f"    step {number}  {', '.join(contacts) or 'nobody: an administrator must mend the roles file'}"


def party_json(known: Known, party: Party, at: datetime) -> dict[str, Any]:
    """The same as data; times are in the party's zone."""
    zone = ZoneInfo(party.time_zone)
    return {
        "party": party.id,
        "at": at.astimezone(zone).isoformat(),
        "time_zone": zone.key,
        "holiday": holiday_name(party.country, at.astimezone(zone).date()),
        "swaps_known": known.swaps is not None,
        "roles": {role: _role_json(duty_of(known, party, role, at), zone) for role in known.policy.staff[party.id]},
        "ladders": {
            ladder.id: list(_steps(known, party, ladder, at)) for ladder in ladders_at(known.policy, party)
        },
    }  # fmt: skip


def named(party: Party) -> str:
    """A party by its id, who signed, and who acts today where that is another."""
    signed, today = party.signatory.name.en, party.current_party.name.en
    return f"{party.id}, {signed}" + (f", today {today}" if today != signed else "")


def gap_line(policy: Policy, party: Party, gap: Gap) -> str:
    """``nobody on duty in Aknīste Municipality (akniste) as duty desk on Thu 24 December 2026 22:00–06:00, 8 h``."""
    role = next((one.names.en for one in policy.roles if one.id == gap.role), gap.role)
    when = span(gap.begin, gap.end, ZoneInfo(party.time_zone))
    where = f"{party.signatory.name.en} ({party.id})"
    return f"nobody on duty in {where} as {role} on {when}, {length(gap.begin, gap.end)}"


def gap_warnings(policy: Policy, begin: datetime, end: datetime) -> Iterator[Mistake]:
    """A warning for each roster that leaves nobody on duty between the two: its first gap, and how many more."""
    for party in policy.parties:
        by_role: dict[str, list[Gap]] = {}
        for gap in gaps_of(policy, party.id, begin, end):
            by_role.setdefault(gap.role, []).append(gap)
        for role, found in by_role.items():
            more = f", and {len(found) - 1} more" if len(found) > 1 else ""
            problem, where = f"{gap_line(policy, party, found[0])}{more}", f"rosters.{party.id}.{role}"
            mend = "borderlands duty gaps names all; everybody who holds the role is called then"
            yield Mistake(ROSTERS, 0, where, problem, mend, "warning")


def swap_line(swap: DutySwap, zone: ZoneInfo) -> str:
    """One swap, with who agreed it and why."""
    role = f" as {swap.role}" if swap.role else ""
    note = f": {swap.note}" if swap.note else ""
    when = f"{moment(swap.start, zone)} to {moment(swap.end, zone)}"
    revoked = "revoked, " if swap.revoked else ""
    who = f"{swap.substitute} for {swap.contact_id}{role}"
    return f"{swap.swap_id}  {revoked}{swap.party}: {who}, {when} ({swap.by}{note})"


def ladders_at(policy: Policy, party: Party) -> Iterator[Ladder]:
    """The ladders that a partner's event may climb at ``party``, in the order of the file."""
    climbed = {
        clause.ladder
        for agreement in policy.agreements
        if party.id in agreement.parties
        for clause in agreement.clauses
        if agreement.partner_of(party.id) in clause.askers
    }
    return (ladder for ladder in policy.ladders if ladder.id in climbed)


def unrostered(policy: Policy, parties: Iterable[Party]) -> list[str]:
    """``party: role, role`` for roles that have people but no roster, groups left out."""
    groups = {role.id for role in policy.roles if role.group}
    rostered = calendars_of(policy)
    found = []
    for party in parties:
        roles = policy.staff.get(party.id, {})
        without = [role for role in roles if role not in groups and (party.id, role) not in rostered]
        if without:
            found.append(f"{party.id}: {', '.join(without)}")
    return found


def _steps(known: Known, party: Party, ladder: Ladder, at: datetime) -> Iterator[list[str]]:
    for step in ladder.steps:
        found = rung(
            known.policy, party=party.id, roles=step.roles, channels=step.channels, origin=Origin.LIVE, at=at,
            swaps=known.swaps or (),
        )  # fmt: skip
        yield [one.contact_id for one in found.recipients]


def why_on_duty(one: OnCall, uncovered: bool, zone: ZoneInfo) -> str:
    """By which shift or swap somebody is called, or that the role has no roster."""
    if one.turn is not None and one.turn.days == "daily" and one.turn.end - one.turn.begin >= _MOST_OF_A_DAY:
        why = "on duty around the clock"
    elif one.turn is not None:
        why = f"{_shift_in_words(one.turn)}, until {clock(one.turn.end, zone)}"
    else:
        why = "holds the role" if uncovered else "holds the role, which has no roster"
    if one.stand_in is not None:
        return f"stands in for {one.stand_in.instead_of} by swap {one.stand_in.swap_id} ({why})"
    return why


def _shift_in_words(turn: Turn) -> str:
    match turn.kind:
        case TurnKind.EXCEPTION:
            return f"exception {turn.note or turn.days} {turn.hours}"
        case TurnKind.HOLIDAY:
            return f"holiday {turn.note} {turn.hours}"
        case _:
            return f"shift {turn.days} {turn.hours}"


def _role_json(duty: Duty, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "nobody_on_duty": duty.uncovered,
        "people": [
            {
                "contact": one.member.contact,
                "channels": [channel.value for channel in one.member.channels],
                "why": why_on_duty(one, duty.uncovered, zone),
                "until": one.turn.end.astimezone(zone).isoformat() if one.turn else None,
                "stands_in_for": one.stand_in.instead_of if one.stand_in else None,
                "swap": one.stand_in.swap_id if one.stand_in else None,
            }
            for one in duty.people
        ],
    }
