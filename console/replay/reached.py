"""Whom a whole exercise reaches, worked out before it begins and once more before each of its events."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from console.exercise import Reach, reach_of
from console.replay.drill import Act, Plan, event_of
from runtime.control import ControlFollower
from runtime.policies import PolicyFollower
from schemas.codec import Undecodable
from schemas.control import DutySwap
from schemas.decision import Decision
from schemas.event import EmergencyEvent
from schemas.policy.directory import Directory
from schemas.policy.models import Policy
from schemas.vocabulary import EventKind
from streams.rules.routing.rejection import rejection_of
from streams.rules.routing.route import route
from streams.rules.trusted import amended


@dataclass(frozen=True)
class Reached:
    """Whom ``plan`` reaches. What would not be taken at all is left out of it, with all that follows.

    ``at_once`` counts texts and mails as the events come, ``in_all`` those of all steps and of one answer to each
    request. ``parties`` are those who take part.
    """

    plan: Plan
    lines: tuple[str, ...]
    warnings: tuple[str, ...]
    faults: tuple[str, ...]
    at_once: int
    in_all: int
    parties: frozenset[str]


def judged(plan: Plan, policy: Policy, swaps: tuple[DutySwap, ...], directory: Directory, now: datetime) -> Reached:
    """Whom every event of ``plan`` reaches under ``policy`` with the ``swaps`` of duty that hold at ``now``."""
    acts: list[Act] = []
    left_out = list(plan.left_out)
    told: dict[str, Reach] = {}
    reaches: list[Reach] = []
    parties: set[str] = set()
    at_once = in_all = 0
    for act in plan.acts:
        refused, decision = _decided(act, plan.exerciseid, policy, swaps, now)
        if decision is None or (act.original.kind is not EventKind.REPORT and act.incident_id not in told):
            why = refused or "its first report was left out"
            left_out.append(f"{act.original.event_id} ({act.original.kind.value}): {why}")
            continue
        acts.append(act)
        reach = reach_of(decision, policy, directory)
        reaches.append(reach)
        parties |= parties_of(decision)
        if act.original.kind is EventKind.REPORT:
            told[act.incident_id] = reach
        # A follow-up goes to those who were told by then: at most everybody whom the report reached.
        before = told[act.incident_id]
        at_once, in_all = at_once + max(reach.at_once, before.at_once), in_all + max(reach.in_all, before.in_all)
    return Reached(
        plan=replace(plan, acts=tuple(acts), left_out=tuple(left_out)),
        lines=_each_once(line for reach in reaches for line in reach.lines),
        warnings=_each_once(line for reach in reaches for line in reach.warnings),
        faults=_each_once(line for reach in reaches for line in reach.faults),
        at_once=at_once,
        in_all=in_all,
        parties=frozenset(parties),
    )


def _decided(
    act: Act, exerciseid: str, policy: Policy, swaps: tuple[DutySwap, ...], now: datetime
) -> tuple[str | None, Decision | None]:
    try:
        event, _ = event_of(act, exerciseid, now)
    except Undecodable as fault:
        return f"it would not be taken today ({fault.reason.value}): {fault.detail}", None
    decision = route(amended(event, recorded_at=now), policy, swaps)
    refused = rejection_of(decision)
    if refused is not None:
        return f"it would be refused today ({refused[0].value}): {refused[1]}", None
    return None, decision


def parties_of(decision: Decision) -> set[str]:
    """Who reports, who asks and who is told."""
    sides = {party for route_ in decision.routes for party in (route_.asking_party, route_.partner)}
    return {decision.reporting_party, *sides}


def _each_once(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(lines))


class Judge:
    """Says why an exercise must end: a stop switch, or an event that would reach somebody real by now."""

    def __init__(
        self,
        policies: PolicyFollower,
        control: ControlFollower,
        people: Callable[[], Directory | None],
        ask_within_s: float,
    ) -> None:
        """``people`` reads the directory; the newest word on ``control`` is waited for ``ask_within_s`` seconds."""
        self._policies, self._control, self._people, self._ask_within_s = policies, control, people, ask_within_s

    async def __call__(self, event: EmergencyEvent | None) -> str | None:
        """Why not to send ``event``, or without one, why not to go on at all.

        Raises:
            KafkaError, TimeoutError: nobody can say whether a switch is on.
        """
        if event is None:
            switch = self._control.current.stopped()
            return None if switch is None else switch.line
        async with asyncio.timeout(self._ask_within_s):
            await self._control.confirm()
        control = self._control.current
        policy = await self._policies.wait_active(self._ask_within_s)
        decision = route(amended(event, recorded_at=datetime.now(UTC)), policy, control.swaps)
        switch = control.stopped(*parties_of(decision))
        if switch is not None:
            return switch.line
        directory = self._people()
        if directory is None:
            return "the directory of contacts cannot be read any more"
        faults = reach_of(decision, policy, directory).faults
        return f"the next event would reach {'; '.join(faults)}" if faults else None
