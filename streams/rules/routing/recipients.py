"""Whom a clause wakes at a party: the first rung of its ladder, and the whole ladder as a plan."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.control import DutySwap
from schemas.decision import PlanStep, Recipient
from schemas.policy.models import Ladder, LadderStep, Policy
from schemas.vocabulary import Origin
from streams.rules.duty.crew import rung
from streams.rules.duty.swaps import StandIn
from streams.rules.duty.watch import Watch, Watches
from streams.rules.memo import Memo


@dataclass(frozen=True, slots=True)
class Crew:
    """The people of one ladder at one party. ``unfilled`` are roles of the first rung that reach nobody;
    ``rung`` is the first rung that reaches somebody (0 unless those before it are empty). Of that rung, ``stand_ins``
    are who stands in for whom by contact, ``uncovered`` the roles with nobody on duty, so that all who hold them are
    told."""

    recipients: tuple[Recipient, ...]
    plan: tuple[PlanStep, ...]
    unfilled: tuple[str, ...]
    rung: int
    stand_ins: tuple[StandIn, ...] = ()
    uncovered: tuple[str, ...] = ()


_NO_LADDER = Crew((), (), (), 0)


class Roster:
    """Crews by ladder, party, origin and watch, each worked out once. Exercise crews hold exercise contacts only."""

    def __init__(self, policy: Policy) -> None:
        self._ladders = {ladder.id: ladder for ladder in policy.ladders}
        self._policy = policy
        self._roles = {role.id: role.names.en for role in policy.roles}
        self._crews: Memo[Crew] = Memo()
        self._watches = Watches(policy)

    def watch(self, at: datetime, swaps: tuple[DutySwap, ...] = ()) -> Watch:
        """Who is on duty everywhere at ``at``, as one value to ask for crews by."""
        return self._watches.at(at, swaps)

    def crew(self, ladder: str, party: str, origin: Origin, watch: Watch) -> Crew:
        """Who is told at ``party`` by ``ladder``; an unknown ladder reaches nobody."""
        known = self._ladders.get(ladder)
        if known is None:
            return _NO_LADDER
        return self._crews.recall((ladder, party, origin, watch), lambda: self._work_out(known, party, origin, watch))

    def role(self, role: str) -> str:
        """What a role is called."""
        return self._roles.get(role, role)

    def _work_out(self, ladder: Ladder, party: str, origin: Origin, watch: Watch) -> Crew:
        plan = tuple(_planned(number, step) for number, step in enumerate(ladder.steps))
        common: dict[str, Any] = {"party": party, "origin": origin, "at": watch.at, "swaps": watch.swaps}
        rungs = [rung(self._policy, roles=step.roles, channels=step.channels, **common) for step in ladder.steps]
        unfilled = rungs[0].unfilled if rungs else ()
        for number, one in enumerate(rungs):
            if one.recipients:
                return Crew(one.recipients, plan, unfilled, number, one.stand_ins, one.uncovered)
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
