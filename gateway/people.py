"""Who stands behind a number, and which post they hold."""

from dataclasses import dataclass

from schemas.policy.directory import Contact, Directory
from schemas.policy.models import Policy
from schemas.vocabulary import Origin


@dataclass(frozen=True)
class Post:
    """A role at a party."""

    party: str
    role: str


def holders_of(number: str | None, directory: Directory) -> dict[str, Contact]:
    """The contacts whom ``number`` (E.164) reaches: usually one, a second where they take part in exercises as well.

    The one for real events comes first.
    """
    if number is None:
        return {}
    found = [(name, contact) for name, contact in directory.contacts.items() if contact.sms == number]
    return dict(sorted(found, key=lambda holder: holder[1].purpose is not Origin.LIVE))


def post_of(policy: Policy | None, contact: str, purpose: Origin) -> Post | None:
    """The post that ``contact`` holds in earnest, or in exercises; the first of the policy where it is several."""
    for party, by_role in policy.staff.items() if policy else ():
        for role, staff in by_role.items():
            members = staff.exercise if purpose is Origin.EXERCISE else staff.live
            if any(member.contact == contact for member in members):
                return Post(party, role)
    return None
