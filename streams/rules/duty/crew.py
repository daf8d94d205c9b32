"""Whom a rung of a ladder wakes at a party: the contacts that hold its roles at one instant."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.control import DutySwap
from schemas.decision import Recipient
from schemas.policy.models import Member, Policy, Staff
from schemas.vocabulary import Channel, Origin
from streams.rules.duty.calendar import RoleCalendar, Turn
from streams.rules.duty.swaps import ALWAYS, StandIn, Substitutes
from streams.rules.memo import ByIdentity

EARLIEST, LATEST = datetime(1970, 1, 3, tzinfo=UTC), datetime(2199, 12, 29, tzinfo=UTC)
"""Between these a roster is looked at; earlier and later instants are judged as these."""


@dataclass(frozen=True, slots=True)
class OnCall:
    """Somebody who is called: by which turn (None where no roster says so), and in whose place."""

    member: Member
    turn: Turn | None = None
    stand_in: StandIn | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """Who holds a role at an instant, first called first; nothing changes from ``since`` up to ``until``.

    ``uncovered``: the roster has nobody then, so everybody who holds the role is called. An alert never reaches
    nobody because of a calendar.
    """

    people: tuple[OnCall, ...]
    uncovered: bool
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Rung:
    """The people of one rung. ``unfilled`` are its roles that reach nobody; ``uncovered`` those for which nobody is
    on duty by roster (or nobody who can be reached), so that all who hold them are called."""

    recipients: tuple[Recipient, ...]
    unfilled: tuple[str, ...]
    stand_ins: tuple[StandIn, ...] = ()
    uncovered: tuple[str, ...] = ()


def on_duty(
    policy: Policy, *, party: str, role: str, origin: Origin, at: datetime, swaps: Iterable[DutySwap] = ()
) -> tuple[Member, ...]:
    """Who holds ``role`` at ``party`` at the instant ``at``, in the order they are called.

    For exercises (``origin``) these are exercise contacts only. ``swaps`` are those that were not revoked.
    """
    duty = duty_at(policy, party=party, role=role, origin=origin, at=at, swaps=swaps)
    return tuple(one.member for one in duty.people)


def duty_at(
    policy: Policy, *, party: str, role: str, origin: Origin, at: datetime, swaps: Iterable[DutySwap] = ()
) -> Duty:
    """As ``on_duty``, with the reason for each person, and from when until when it is so.

    Exercise contacts have no rosters and no swaps.
    """
    staff = policy.staff.get(party, {}).get(role)
    if staff is None:
        return Duty((), False, *ALWAYS)
    if origin is Origin.EXERCISE:
        return Duty(tuple(OnCall(member) for member in staff.exercise), False, *ALWAYS)
    duty = _by_roster(policy, party, role, staff, at)
    substitutes = Substitutes(swaps, party=party, role=role, at=at)
    people = duty.people
    if substitutes:
        people = tuple(_each_once(_swapped(policy, party, role, one, substitutes) for one in people))
    return Duty(people, duty.uncovered, max(duty.since, substitutes.since), min(duty.until, substitutes.until))


def rung(
    policy: Policy,
    *,
    party: str,
    roles: Sequence[str],
    channels: Sequence[Channel],
    origin: Origin,
    at: datetime,
    swaps: Iterable[DutySwap] = (),
) -> Rung:
    """The people who hold ``roles`` at ``party`` at ``at``, each once, by those of ``channels`` they may be reached by.

    Somebody who holds two of the roles is named under the first.
    """
    known_swaps = tuple(swaps)
    found: dict[str, Recipient] = {}
    stand_ins: dict[str, StandIn] = {}
    unfilled: list[str] = []
    uncovered: list[str] = []
    for role in roles:
        duty = duty_at(policy, party=party, role=role, origin=origin, at=at, swaps=known_swaps)
        reached = list(_reached(duty.people, channels))
        fell_back = duty.uncovered
        if not reached:
            reached = list(_reached(_all_who_hold(policy, party, role, origin), channels))
            fell_back = bool(reached)
        if not reached:
            unfilled.append(role)
        elif fell_back:
            uncovered.append(role)
        for one, usable in reached:
            contact = one.member.contact
            if contact not in found:
                found[contact] = Recipient(role=role, contact_id=contact, channels=usable)
                if one.stand_in is not None:
                    stand_ins[contact] = one.stand_in
    return Rung(tuple(found.values()), tuple(unfilled), tuple(stand_ins.values()), tuple(uncovered))


def calendars_of(policy: Policy) -> dict[tuple[str, str], RoleCalendar]:
    """The rosters of ``policy`` by party and role, compiled once per policy object."""
    return _CALENDARS.of(policy)


def _compiled(policy: Policy) -> dict[tuple[str, str], RoleCalendar]:
    parties = {party.id: party for party in policy.parties}
    return {
        (party, role): RoleCalendar(roster, parties[party])
        for party, by_role in policy.rosters.items()
        for role, roster in by_role.items()
        if party in parties
    }


_CALENDARS = ByIdentity(_compiled)


def _by_roster(policy: Policy, party: str, role: str, staff: Staff, at: datetime) -> Duty:
    """Who is on duty before anybody stands in for them."""
    everybody = tuple(OnCall(member) for member in staff.live)
    calendar = calendars_of(policy).get((party, role))
    if calendar is None:
        return Duty(everybody, False, *ALWAYS)
    running = calendar.running(min(max(at, EARLIEST), LATEST))
    held = {member.contact: member for member in staff.live}
    called = [OnCall(held[contact], turn) for turn in running.turns for contact in turn.call if contact in held]
    return Duty(tuple(_each_once(called)) or everybody, not called, running.since, running.until)


def _all_who_hold(policy: Policy, party: str, role: str, origin: Origin) -> tuple[OnCall, ...]:
    """Everybody who holds ``role``, whatever roster and swaps say."""
    staff = policy.staff.get(party, {}).get(role)
    if staff is None or origin is Origin.EXERCISE:
        return ()
    return tuple(OnCall(member) for member in staff.live)


def _reached(people: Iterable[OnCall], channels: Sequence[Channel]) -> Iterator[tuple[OnCall, tuple[Channel, ...]]]:
    for one in people:
        usable = tuple(dict.fromkeys(channel for channel in channels if channel in one.member.channels))
        if usable:
            yield one, usable


def _swapped(policy: Policy, party: str, role: str, one: OnCall, substitutes: Substitutes) -> OnCall:
    """``one`` or who stands in for them: by their own channels in this role, else in all their roles at the party,
    else, where they hold none there, by the channels of the one whose place they take."""
    stand_in = substitutes.of(one.member.contact)
    if stand_in is None:
        return one
    by_role = policy.staff[party]
    own = [member for held in (role, *by_role) for member in by_role[held].live if member.contact == stand_in.contact]
    if own and own[0] in by_role[role].live:
        return OnCall(own[0], one.turn, stand_in)
    channels = dict.fromkeys(channel for member in own or [one.member] for channel in member.channels)
    return OnCall(Member(contact=stand_in.contact, channels=tuple(channels)), one.turn, stand_in)


def _each_once(people: Iterable[OnCall]) -> Iterator[OnCall]:
    seen: set[str] = set()
    for one in people:
        if one.member.contact not in seen:
            seen.add(one.member.contact)
            yield one
