"""Taking a step in the life of a policy: read, judge by what is active, write in one transaction."""

from datetime import UTC, datetime, timedelta

from console.policy.history import IN_FORCE, History
from console.policy.judge import Allowed, may_activate, may_answer, may_confirm
from console.policy.pen import Pen
from console.policy.people import Person
from console.publish import in_force, new_change_id, published
from runtime.settings import Settings
from schemas.base import Record
from schemas.control import ChangeKind, PolicyChange
from schemas.policy.models import Policy


async def put_in_force(
    settings: Settings,
    policy: Policy,
    version: str,
    *,
    kind: ChangeKind,
    shown: str | None,
    note: str,
    person: Person,
    alone: bool = False,
) -> tuple[PolicyChange, Allowed]:
    """Make ``version`` the active one for ``person``, who was ``shown`` how it differs from that version.

    Raises:
        NotAllowed: the active policy forbids it, or another one is active than was shown.
        TakenAway: somebody else changes the policy at this moment.
    """
    assert kind in IN_FORCE, kind  # noqa: S101 - the commands name one of these
    async with Pen(settings) as pen:
        history, now = await pen.history(), datetime.now(UTC)
        allowed = may_activate(history, version, person, now, shown=shown, alone=alone)
        step = PolicyChange(
            change_id=new_change_id(),
            kind=kind,
            policy_version=version,
            base=history.active,
            proposal=allowed.proposal.change_id if allowed.proposal else None,
            note=note,
            by=person.name,
            account=person.account,
            alone=allowed.alone,
            at=now,
        )
        whole: dict[str, Record] = {} if version in history.policies else published(policy, now)
        await pen.write({**whole, **in_force(step)})
    return step, allowed


async def propose(
    settings: Settings, policy: Policy, version: str, *, note: str, person: Person
) -> tuple[PolicyChange, History]:
    """Publish ``policy`` and propose to make it the active one; a proposal of the same version is replaced.

    Raises:
        TakenAway: somebody else changes the policy at this moment.
    """
    async with Pen(settings) as pen:
        history, now = await pen.history(), datetime.now(UTC)
        step = PolicyChange(
            change_id=new_change_id(),
            kind=ChangeKind.PROPOSED,
            policy_version=version,
            base=history.active,
            note=note,
            by=person.name,
            account=person.account,
            at=now,
            expires_at=now + timedelta(seconds=history.rule.proposal_expires),
        )
        whole: dict[str, Record] = {} if version in history.policies else published(policy, now)
        await pen.write({**whole, step.key: step})
    return step, history


async def answer(settings: Settings, version: str, *, kind: ChangeKind, note: str, person: Person) -> PolicyChange:
    """Withdraw or reject the proposal of ``version``.

    Raises:
        NotAllowed: no such proposal waits, or it is somebody else's and would be withdrawn.
        TakenAway: somebody else changes the policy at this moment.
    """
    async with Pen(settings) as pen:
        history, now = await pen.history(), datetime.now(UTC)
        proposal = may_answer(history, version, person, now, kind)
        return await _answered(pen, proposal, history, kind=kind, note=note, person=person, now=now)


async def confirm(settings: Settings, *, note: str, person: Person) -> PolicyChange:
    """Confirm, as a second person, what one person alone made active.

    Raises:
        NotAllowed: nothing waits for it, or it was this person's own.
        TakenAway: somebody else changes the policy at this moment.
    """
    async with Pen(settings) as pen:
        history, now = await pen.history(), datetime.now(UTC)
        step = may_confirm(history, person)
        return await _answered(pen, step, history, kind=ChangeKind.CONFIRMED, note=note, person=person, now=now)


async def _answered(
    pen: Pen, asked: PolicyChange, history: History, *, kind: ChangeKind, note: str, person: Person, now: datetime
) -> PolicyChange:
    step = PolicyChange(
        change_id=new_change_id(),
        kind=kind,
        policy_version=asked.policy_version,
        base=history.active,
        proposal=asked.change_id,
        note=note,
        by=person.name,
        account=person.account,
        at=now,
    )
    await pen.write({step.key: step})
    return step
