"""Whether a step in the life of a policy may be taken: judged by the policy that is active, never by the new one."""

from dataclasses import dataclass
from datetime import datetime

from console.policy.history import History
from console.policy.people import Person
from schemas.control import ChangeKind, PolicyChange


class NotAllowed(Exception):
    """The step may not be taken; ``mend`` says what to do instead."""

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(problem)
        self.mend = mend


@dataclass(frozen=True)
class Allowed:
    """The step may be taken. ``proposal`` is the one it answers; ``alone``: by one person where two were wanted."""

    proposal: PolicyChange | None = None
    alone: bool = False


def may_activate(
    history: History, version: str, person: Person, now: datetime, *, shown: str | None, alone: bool
) -> Allowed:
    """Whether ``person`` may make ``version`` the active one, having been ``shown`` how it differs from that version.

    The first activation is free. ``alone`` takes the second person's place where the policy wants two.

    Raises:
        NotAllowed: something else is active than was shown, or a second person is missing.
    """
    if history.active != shown:
        raise NotAllowed(
            f"meanwhile another policy became active: {_active_words(history)}",
            f"look at `borderlands policy diff active {version[:12]}`, and activate again if it is still right",
        )
    if history.active is None:
        return Allowed()
    proposal = history.proposal_of(version, now)
    if history.rule.people == 1:
        return Allowed(proposal)
    if alone:
        return Allowed(proposal, alone=True)
    if proposal is None:
        raise NotAllowed(
            f"the active policy wants two people, and nobody has proposed {version[:12]}{_late(history, version)}",
            "`borderlands policy propose` it with a note; somebody else activates it. "
            "In an emergency: --alone, which everybody sees",
        )
    if proposal.base != history.active:
        before = (proposal.base or "none")[:12]
        raise NotAllowed(
            f"{version[:12]} was proposed when {before} was active, and {(history.active or '')[:12]} is now",
            f"look at `borderlands policy diff active {version[:12]}`, and propose it again",
        )
    if person.is_same_as(proposal.by):
        raise NotAllowed(
            f"the active policy wants two people, and {proposal.by} proposed {version[:12]}",
            "somebody else activates it. In an emergency: --alone, which everybody sees",
        )
    return Allowed(proposal)


def may_confirm(history: History, person: Person) -> PolicyChange:
    """The activation by one person alone that ``person`` may confirm.

    Raises:
        NotAllowed: there is none, or it was this person's own.
    """
    step = history.unconfirmed
    if step is None:
        raise NotAllowed("the active policy waits for nobody's confirmation", "see `borderlands policy log`")
    if person.is_same_as(step.by):
        raise NotAllowed(f"{step.by} activated {step.policy_version[:12]} alone", "somebody else confirms it")
    return step


def may_answer(history: History, version: str, person: Person, now: datetime, kind: ChangeKind) -> PolicyChange:
    """The proposal that ``person`` may withdraw (its own) or reject (anybody's).

    Raises:
        NotAllowed: no such proposal waits, or it is somebody else's and would be withdrawn.
    """
    proposal = history.proposal_of(version, now)
    if proposal is None:
        raise NotAllowed(f"no proposal of {version[:12]} waits", "see `borderlands policy proposals`")
    if kind is ChangeKind.WITHDRAWN and not person.is_same_as(proposal.by):
        raise NotAllowed(f"{version[:12]} was proposed by {proposal.by}", "`borderlands policy reject` is for others")
    return proposal


def same_account(allowed: Allowed, person: Person) -> bool:
    """Whether both steps came from one account, so that nothing but the stated names says that two people did it."""
    return allowed.proposal is not None and allowed.proposal.account == person.account


def _late(history: History, version: str) -> str:
    """Words for a proposal that there was."""
    for change in reversed(history.changes):
        if change.policy_version == version and change.kind is not ChangeKind.CONFIRMED:
            if change.kind is ChangeKind.PROPOSED and change.expires_at is not None:
                return f" (the proposal of {change.by} expired at {change.expires_at:%Y-%m-%d %H:%M} UTC)"
            return ""
    return ""


def _active_words(history: History) -> str:
    step = history.in_force
    if history.active is None or step is None:
        return "none"
    return f"{history.active[:12]}, activated by {step.by} at {step.at:%Y-%m-%d %H:%M:%S} UTC ({step.note})"
