"""``History``: what the topic ``policy`` says of every version, of every step taken, and of what is active."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from console.logs.logged import Logged
from console.logs.source import LogSource, read_all
from schemas.control import ActivePolicy, ChangeKind, PolicyChange, PublishedPolicy
from schemas.policy.models import ChangeRule, Policy
from schemas.policy.versions import is_version_of
from schemas.topics import POLICY

IN_FORCE = (ChangeKind.ACTIVATED, ChangeKind.ROLLED_BACK)
"""Steps that make a version the active one."""

_ENDS = {*IN_FORCE, ChangeKind.REJECTED, ChangeKind.WITHDRAWN}
UNKNOWN_ACCOUNT = "not recorded"


@dataclass(frozen=True)
class History:
    """The topic, folded in the order of its records.

    ``policies`` holds every version whose hash is proved, under the hash it was published with; ``changes`` every step
    in order, also activations of releases that wrote no steps (their ``account`` is ``UNKNOWN_ACCOUNT``).
    ``active`` is the version that is active, None before the first.
    """

    policies: dict[str, Policy] = field(default_factory=dict)
    changes: tuple[PolicyChange, ...] = ()
    active: str | None = None

    @property
    def rule(self) -> ChangeRule:
        """How the active policy may be replaced. Where it cannot be read, the newest readable one before it decides."""
        for change in reversed(self.changes):
            if change.kind in IN_FORCE and change.policy_version in self.policies:
                return self.policies[change.policy_version].change or ChangeRule()
        return ChangeRule()

    @property
    def in_force(self) -> PolicyChange | None:
        """The step that made the active version active."""
        return next((one for one in reversed(self.changes) if one.kind in IN_FORCE), None)

    @property
    def unconfirmed(self) -> PolicyChange | None:
        """The step by which one person alone made the active version active, unless another has confirmed it since."""
        newest = self.in_force
        if newest is None or not newest.alone:
            return None
        later = self.changes[self.changes.index(newest) + 1 :]
        confirmed = any(one.kind is ChangeKind.CONFIRMED and one.policy_version == self.active for one in later)
        return None if confirmed else newest

    def before(self) -> str | None:
        """The version to go back to: the one active before the present one was first activated.

        Going back twice goes back further, never to what was left. None: there is no such version.
        """
        stack: list[str] = []
        for change in self.changes:
            if change.kind not in IN_FORCE:
                continue
            if not stack and change.base is not None:
                stack.append(change.base)
            if change.policy_version in stack and change.kind is ChangeKind.ROLLED_BACK:
                del stack[stack.index(change.policy_version) + 1 :]
            elif not stack or stack[-1] != change.policy_version:
                stack.append(change.policy_version)
        return stack[-2] if len(stack) > 1 else None

    def proposals(self, now: datetime) -> tuple[PolicyChange, ...]:
        """The proposals that wait: not expired, not answered, none for the same version after them; oldest first."""
        open_: dict[str, PolicyChange] = {}
        for change in self.changes:
            if change.kind is ChangeKind.PROPOSED:
                open_.pop(change.policy_version, None)
                open_[change.policy_version] = change
            elif change.kind in _ENDS:
                open_.pop(change.policy_version, None)
        return tuple(one for one in open_.values() if one.expires_at is None or one.expires_at > now)

    def proposal_of(self, version: str, now: datetime) -> PolicyChange | None:
        """The proposal of ``version`` that waits, or None."""
        return next((one for one in self.proposals(now) if one.policy_version == version), None)

    def matching(self, prefix: str) -> list[str]:
        """The versions that begin with ``prefix``."""
        return sorted(version for version in self.policies if version.startswith(prefix))


async def read_history(source: LogSource) -> History:
    """The history as ``source`` has it now."""
    return history_of(await read_all(source, [POLICY]))


def history_of(records: Iterable[Logged]) -> History:
    """Fold the records of the topic ``policy``."""
    policies: dict[str, Policy] = {}
    changes: list[PolicyChange] = []
    active: str | None = None
    for one in sorted(records, key=lambda one: one.offset):
        match one.record:
            case PublishedPolicy(policy_version=stated, policy=policy) if is_version_of(stated, policy):
                policies[stated] = policy
            case PolicyChange():
                changes.append(one.record)
            case ActivePolicy():
                if not any(_same_step(change, one.record) for change in changes):
                    changes.append(_unrecorded(one.record, one.offset, active))
                active = one.record.policy_version
    return History(policies, tuple(changes), active)


def _same_step(change: PolicyChange, active: ActivePolicy) -> bool:
    stated = (change.policy_version, change.at, change.by)
    return change.kind in IN_FORCE and stated == (active.policy_version, active.activated_at, active.activated_by)


def _unrecorded(active: ActivePolicy, offset: int, base: str | None) -> PolicyChange:
    """An activation of which there is only the record under the key ``active``, as releases before wrote it."""
    return PolicyChange(
        change_id=f"offset-{offset}",
        kind=ChangeKind.ACTIVATED,
        policy_version=active.policy_version,
        base=base,
        note=active.note or "no note",
        by=active.activated_by,
        account=UNKNOWN_ACCOUNT,
        at=active.activated_at,
    )
