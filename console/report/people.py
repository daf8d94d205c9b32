"""``People``: which party and role a contact id stands for, as far as the log's own policies and decisions say it."""

from dataclasses import dataclass, field

from schemas.decision import Decision
from schemas.policy.models import Policy
from schemas.vocabulary import Origin


@dataclass
class People:
    """Contacts by id. The private directory is not read: a report needs parties and roles, never people.

    ``policies`` are those that the log holds, by hash. A contact whom no policy and no decision names is nobody's.
    """

    policies: dict[str, Policy] = field(default_factory=dict)
    _parties: dict[str, set[str]] = field(default_factory=dict)

    def know(self, version: str, policy: Policy) -> None:
        """Take over a published policy: who holds which role, and which roles are groups."""
        self.policies[version] = policy
        for party, by_role in policy.staff.items():
            for staff in by_role.values():
                for member in (*staff.live, *staff.exercise):
                    self._parties.setdefault(member.contact, set()).add(party)

    def meet(self, decision: Decision) -> None:
        """Take over whom a decision names."""
        for route in decision.routes:
            for recipient in route.recipients:
                self._parties.setdefault(recipient.contact_id, set()).add(route.partner)

    def belongs(self, contact: str, party: str) -> bool:
        """Whether ``contact`` is, or was, somebody of ``party``."""
        return party in self._parties.get(contact, ())

    def known(self, contact: str) -> bool:
        """Whether anything names ``contact``."""
        return contact in self._parties

    def group_role(self, contact: str, party: str, version: str, origin: Origin) -> str | None:
        """The group (volunteers) that ``contact`` is one of at ``party`` under that policy; None: of none."""
        policy = self.policies.get(version)
        if policy is None:
            return None
        groups = self.groups(version)
        for role, staff in policy.staff.get(party, {}).items():
            members = staff.live if origin is Origin.LIVE else staff.exercise
            if role in groups and any(member.contact == contact for member in members):
                return role
        return None

    def groups(self, version: str) -> dict[str, int]:
        """The group roles of that policy, and how many of each are enough; none where it is not known."""
        policy = self.policies.get(version)
        return {role.id: role.enough or 0 for role in policy.roles if role.group} if policy else {}
