"""Checks of how the system checks itself: the canary and the contact checks."""

from collections.abc import Iterator
from typing import Final

from schemas.policy.files import PartiesFile, RolesFile, UpkeepFile
from schemas.policy.mistakes import Mistake
from schemas.policy.parts import UPKEEP, Parts
from schemas.policy.shape import hint

SHORTEST_CANARY_S: Final = 60
"""More often, the canaries of all partitions would stand in the way of one another and of texts that matter."""

SHORTEST_CHECK_S: Final = 7 * 86400
"""Who is asked more often than this stops answering."""


def check_upkeep(parts: Parts) -> Iterator[Mistake]:
    """The canary's party exists, its contact holds no role, and neither it nor the checks come too often."""
    file = parts.get(UPKEEP, UpkeepFile)
    if file is None:
        return
    source, checks = parts.sources[UPKEEP], file.contact_checks
    if checks is not None and checks.every < SHORTEST_CHECK_S:
        problem = "contacts would be asked more often than once a week"
        yield source.mistake(("contact_checks", "every"), problem, "write 7 d or more; 30 d is usual")
    canary, parties, roles = file.canary, parts.get("parties.yaml", PartiesFile), parts.get("roles.yaml", RolesFile)
    if canary is None:
        return
    if canary.every < SHORTEST_CANARY_S:
        problem = "a canary would go out more often than once a minute for each partition"
        yield source.mistake(("canary", "every"), problem, "write 1 min or more; 5 min is usual")
    known = {party.id for party in parties.parties} if parties else {canary.party}
    if canary.party not in known:
        problem = f"there is no party '{canary.party}' in parties.yaml"
        yield source.mistake(("canary", "party"), problem, hint(canary.party, known, "parties"))
    if roles and canary.contact in _holders(roles):
        problem = f"'{canary.contact}' holds a role in roles.yaml: a person would get a text every few minutes"
        yield source.mistake(("canary", "contact"), problem, "name a test phone that holds no role")


def _holders(roles: RolesFile) -> set[str]:
    return {
        member.contact
        for by_role in roles.staff.values()
        for staff in by_role.values()
        for member in (*staff.live, *staff.exercise)
    }
