"""Whom a clause wakes at a party: the first rung of its ladder, and the whole ladder as a plan."""

from dataclasses import dataclass

from schemas.decision import PlanStep, Recipient
from schemas.policy.models import Ladder, LadderStep, Member, Policy
from schemas.vocabulary import Channel, Origin


@dataclass(frozen=True, slots=True)
class Crew:
    """The people of one ladder at one party. ``unfilled`` are roles of the first rung that reach nobody;
    ``rung`` is the first rung that reaches somebody (0 unless those before it are empty)."""

    recipients: tuple[Recipient, ...]
    plan: tuple[PlanStep, ...]
    unfilled: tuple[str, ...]
    rung: int


_NO_LADDER = Crew((), (), (), 0)


class Roster:
    """Crews by ladder, party and origin, each worked out once. Exercise crews hold exercise contacts only."""

    def __init__(self, policy: Policy) -> None:
        self._ladders = {ladder.id: ladder for ladder in policy.ladders}
        self._staff = policy.staff
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
        rungs = [self._on_rung(step, party, origin) for step in ladder.steps]
        unfilled = rungs[0][1] if rungs else ()
        for number, (recipients, _) in enumerate(rungs):
            if recipients:
                return Crew(recipients, plan, unfilled, number)
        return Crew((), plan, unfilled, 0)

    def _on_rung(self, step: LadderStep, party: str, origin: Origin) -> tuple[tuple[Recipient, ...], tuple[str, ...]]:
        found: dict[str, Recipient] = {}
        unfilled = []
        for role in step.roles:
            reached = False
            for member in self._members(party, role, origin):
                channels = _channels(step, member)
                reached |= bool(channels)
                if channels and member.contact not in found:
                    found[member.contact] = Recipient(role=role, contact_id=member.contact, channels=channels)
            if not reached:
                unfilled.append(role)
        return tuple(found.values()), tuple(unfilled)

    def _members(self, party: str, role: str, origin: Origin) -> tuple[Member, ...]:
        staff = self._staff.get(party, {}).get(role)
        if staff is None:
            return ()
        return staff.exercise if origin is Origin.EXERCISE else staff.live


def _channels(step: LadderStep, member: Member) -> tuple[Channel, ...]:
    return tuple(dict.fromkeys(channel for channel in step.channels if channel in member.channels))


def _planned(number: int, step: LadderStep) -> PlanStep:
    return PlanStep(
        step=number,
        roles=step.roles,
        channels=step.channels,
        send_within_s=step.send_within,
        answer_within_s=step.answer_within,
    )
