"""Whom a clause wakes at a party: the first rung of its ladder, and the whole ladder as a plan."""

from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.decision import PlanStep, Recipient
from schemas.policy.models import Ladder, LadderStep, Policy
from schemas.vocabulary import Origin
from streams.rules.duty.crew import rung


@dataclass(frozen=True, slots=True)
class Crew:
    """The people of one ladder at one party. ``unfilled`` are roles of the first rung that reach nobody;
    ``rung`` is the first rung that reaches somebody (0 unless those before it are empty)."""

    recipients: tuple[Recipient, ...]
    plan: tuple[PlanStep, ...]
    unfilled: tuple[str, ...]
    rung: int


_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
"""Who holds a role does not depend on the time yet."""

_NO_LADDER = Crew((), (), (), 0)


class Roster:
    """Crews by ladder, party and origin, each worked out once. Exercise crews hold exercise contacts only."""

    def __init__(self, policy: Policy) -> None:
        self._ladders = {ladder.id: ladder for ladder in policy.ladders}
        self._policy = policy
        self._roles = {role.id: role.names.en for role in policy.roles}
        self._crews: dict[tuple[str, str, Origin], Crew] = {}

    def crew(self, ladder: str, party: str, origin: Origin) -> Crew:
        """Who is told at ``party`` by ``ladder``; an unknown ladder reaches nobody."""
        key = (ladder, party, origin)
        found = self._crews.get(key)
        if found is None:
            known = self._ladders.get(ladder)
            found = self._crews[key] = _NO_LADDER if known is None else self._work_out(known, party, origin)
        return found

    def role(self, role: str) -> str:
        """What a role is called."""
        return self._roles.get(role, role)

    def _work_out(self, ladder: Ladder, party: str, origin: Origin) -> Crew:
        plan = tuple(_planned(number, step) for number, step in enumerate(ladder.steps))
        rungs = [
            rung(self._policy, party=party, roles=step.roles, channels=step.channels, origin=origin, at=_ANY_TIME)
            for step in ladder.steps
        ]
        unfilled = rungs[0].unfilled if rungs else ()
        for number, one in enumerate(rungs):
            if one.recipients:
                return Crew(one.recipients, plan, unfilled, number)
        return Crew((), plan, unfilled, 0)


def _planned(number: int, step: LadderStep) -> PlanStep:
    return PlanStep(
        step=number,
        roles=step.roles,
        channels=step.channels,
        send_within_s=step.send_within,
        deliver_within_s=step.deliver_within,
        answer_within_s=step.answer_within,
    )
