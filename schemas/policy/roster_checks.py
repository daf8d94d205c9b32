"""Checks of rosters: whoever stands in one holds the role, and whoever holds the role stands in it."""

from collections.abc import Iterator
from datetime import date

from schemas.policy.files import PartiesFile, RolesFile, RostersFile
from schemas.policy.mistakes import Mistake
from schemas.policy.models import Staff
from schemas.policy.parts import ROSTERS, Parts
from schemas.policy.rosters import Roster, Shift
from schemas.policy.shape import hint
from schemas.policy.source import Loc, Source


def check_rosters(parts: Parts) -> Iterator[Mistake]:
    """Rosters name parties, roles and contacts that exist; a date stands in one exception of a roster only."""
    file, parties, roles = (
        parts.get(ROSTERS, RostersFile), parts.get("parties.yaml", PartiesFile), parts.get("roles.yaml", RolesFile)
    )  # fmt: skip
    if file is None:
        return
    source = parts.sources[ROSTERS]
    known = {party.id for party in parties.parties} if parties else set(file.rosters)
    for party, by_role in file.rosters.items():
        if party not in known:
            problem = f"there is no party '{party}' in parties.yaml"
            yield source.mistake(("rosters", party), problem, hint(party, known, "parties"))
        for role, roster in by_role.items():
            at: Loc = ("rosters", party, role)
            yield from _dates_once(source, at, roster)
            if roles is not None:
                yield from _of_role(source, at, roster, roles)


def _of_role(source: Source, at: Loc, roster: Roster, roles: RolesFile) -> Iterator[Mistake]:
    """The roster's role exists, is no group, and is held by exactly those who stand in the roster."""
    party, role = str(at[1]), str(at[2])
    info = next((one for one in roles.roles if one.id == role), None)
    if info is None:
        problem = f"there is no role '{role}' in roles.yaml"
        yield source.mistake(at, problem, hint(role, (one.id for one in roles.roles), "roles"))
        return
    if info.group:
        problem = f"'{role}' is a group: all of it is alerted at once, so a roster has no effect"
        yield source.mistake(at, problem, "remove this roster, or the group mark in roles.yaml")
        return
    staff = roles.staff.get(party, {}).get(role, Staff(live=()))
    held = [member.contact for member in staff.live]
    for loc, shift in _shifts(at, roster):
        for number, contact in enumerate(shift.call):
            where = (*loc, "call", number)
            if contact in shift.call[:number]:
                problem = f"contact '{contact}' stands twice in one shift"
                yield source.mistake(where, problem, "name each contact once, in the order of calling")
            elif contact in {member.contact for member in staff.exercise}:
                problem = f"contact '{contact}' is one for exercises, which need no roster"
                yield source.mistake(where, problem, hint("", held, f"live contacts of {role} at {party}"))
            elif contact not in held:
                problem = f"contact '{contact}' does not hold '{role}' at '{party}' in roles.yaml"
                mend = hint(contact, held, f"live contacts of {role} at {party}")
                yield source.mistake(where, problem, f"{mend}; or add the contact there")
    for contact in held:
        if contact not in roster.contacts():
            problem = f"contact '{contact}' holds '{role}' at '{party}' and is on duty at no time"
            yield source.mistake(at, problem, "add a shift, or take the contact out of roles.yaml", warning=True)


def _shifts(at: Loc, roster: Roster) -> Iterator[tuple[Loc, Shift]]:
    for index, weekly in enumerate(roster.shifts):
        yield (*at, "shifts", index), weekly
    for number, exception in enumerate(roster.exceptions):
        for index, shift in enumerate(exception.shifts):
            yield (*at, "exceptions", number, "shifts", index), shift


def _dates_once(source: Source, at: Loc, roster: Roster) -> Iterator[Mistake]:
    first: dict[date, int] = {}
    for number, exception in enumerate(roster.exceptions):
        loc = (*at, "exceptions", number, "dates")
        for day in exception.dates:
            if day in first:
                line = source.line_of((*at, "exceptions", first[day]))
                problem = f"{day.isoformat()} stands in two exceptions: here and on line {line}"
                yield source.mistake(loc, problem, "put all shifts of a date into one exception")
                break
            first[day] = number
