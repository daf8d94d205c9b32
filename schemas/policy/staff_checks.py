"""Checks of roles, the contacts that hold them, and ladders."""

from collections.abc import Iterator

from schemas.policy.files import LaddersFile, PartiesFile, RolesFile
from schemas.policy.mistakes import Mistake
from schemas.policy.models import Ladder, Member, Staff
from schemas.policy.parts import Parts
from schemas.policy.shape import hint
from schemas.policy.source import Loc, Source


def check_staff(parts: Parts) -> Iterator[Mistake]:
    """Staff names parties and roles that exist, and no contact is used both in earnest and in exercises."""
    file, parties = parts.get("roles.yaml", RolesFile), parts.get("parties.yaml", PartiesFile)
    if file is None:
        return
    source = parts.sources["roles.yaml"]
    roles = {role.id for role in file.roles}
    known = {party.id for party in parties.parties} if parties else set(file.staff)
    for party in known - set(file.staff):
        problem = f"party '{party}' has no staff: nobody there could be told"
        yield source.mistake(("staff",), problem, f"add {party}: with at least duty_desk")
    for party, by_role in file.staff.items():
        if party not in known:
            problem = f"there is no party '{party}' in parties.yaml"
            yield source.mistake(("staff", party), problem, hint(party, known, "parties"))
        for role in set(by_role) - roles:
            mend = hint(role, roles, "roles")
            yield source.mistake(("staff", party, role), f"there is no role '{role}' under roles", mend)
    yield from _both_purposes(source, file)


def _members(file: RolesFile) -> Iterator[tuple[Loc, str, Member]]:
    for party, by_role in file.staff.items():
        for role, staff in by_role.items():
            for purpose, members in (("live", staff.live), ("exercise", staff.exercise)):
                for index, member in enumerate(members):
                    yield ("staff", party, role, purpose, index), purpose, member


def _both_purposes(source: Source, file: RolesFile) -> Iterator[Mistake]:
    live = {member.contact: loc for loc, purpose, member in _members(file) if purpose == "live"}
    for loc, purpose, member in _members(file):
        if purpose == "exercise" and member.contact in live:
            line = source.line_of(live[member.contact])
            problem = f"contact '{member.contact}' is used in exercises and, on line {line}, in earnest"
            yield source.mistake(loc, problem, "give exercises contacts of their own")


def check_ladders(parts: Parts) -> Iterator[Mistake]:
    """Steps name roles that exist, and every step but the last says how long to wait for an answer."""
    file, roles = parts.get("ladders.yaml", LaddersFile), parts.get("roles.yaml", RolesFile)
    if file is None:
        return
    source = parts.sources["ladders.yaml"]
    for index, ladder in enumerate(file.ladders):
        for loc, role in _named_roles(index, ladder):
            if roles and role not in {known.id for known in roles.roles}:
                problem = f"there is no role '{role}' in roles.yaml"
                yield source.mistake(loc, problem, hint(role, (known.id for known in roles.roles), "roles"))
        for position, step in enumerate(ladder.steps[:-1]):
            if step.answer_within is None:
                problem = f"step {position + 1} of ladder '{ladder.id}' never ends, so the next is never reached"
                loc = ("ladders", index, "steps", position)
                yield source.mistake(loc, problem, "add answer_within: '5 min'")


def _named_roles(index: int, ladder: Ladder) -> Iterator[tuple[Loc, str]]:
    for position, step in enumerate(ladder.steps):
        for number, role in enumerate(step.roles):
            yield ("ladders", index, "steps", position, "roles", number), role
    for number, role in enumerate(ladder.tell_if_nobody):
        yield ("ladders", index, "tell_if_nobody", number), role


def check_reachable(parts: Parts) -> Iterator[Mistake]:
    """Wherever an agreement climbs a ladder, every step finds somebody at the partner, on its channels."""
    ladders, roles = parts.get("ladders.yaml", LaddersFile), parts.get("roles.yaml", RolesFile)
    if ladders is None or roles is None:
        return
    positions = {ladder.id: (index, ladder) for index, ladder in enumerate(ladders.ladders)}
    climbed: set[tuple[str, str]] = set()
    for agreement in parts.agreements().values():
        for clause in agreement.clauses:
            for asker in set(clause.askers) & set(agreement.parties):
                climbed.add((agreement.partner_of(asker), clause.ladder))
    source = parts.sources["ladders.yaml"]
    for partner, name in sorted(climbed):
        if name in positions and partner in roles.staff:
            index, ladder = positions[name]
            yield from _steps_reach(source, ("ladders", index, "steps"), ladder, partner, roles.staff[partner])


def _steps_reach(source: Source, at: Loc, ladder: Ladder, partner: str, staff: dict[str, Staff]) -> Iterator[Mistake]:
    for position, step in enumerate(ladder.steps):
        for number, role in enumerate(step.roles):
            loc = (*at, position, "roles", number)
            held = staff.get(role, Staff(live=()))
            if not held.live:
                problem = f"ladder '{ladder.id}' wakes '{role}', but nobody holds that role at '{partner}'"
                yield source.mistake(loc, problem, f"add live contacts to staff.{partner}.{role} in roles.yaml")
            elif not any(set(member.channels) & set(step.channels) for member in held.live):
                channels = ", ".join(step.channels)
                problem = f"nobody of '{role}' at '{partner}' can be reached by {channels}"
                yield source.mistake(loc, problem, "add a channel to the step or to a member")
            if held.live and not held.exercise:
                problem = f"'{role}' at '{partner}' has nobody for exercises"
                yield source.mistake(loc, problem, "add exercise contacts in roles.yaml", warning=True)
