"""Loads the private directory of people and compares it with the roles of a policy."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schemas.policy.directory import Contact, Directory
from schemas.policy.mistakes import Mistake, PolicyMistakes, errors_of
from schemas.policy.models import Canary, Policy
from schemas.policy.shape import fit, hint
from schemas.policy.source import Loc, Source, read_source
from schemas.vocabulary import Origin

_OTHERS_MAY_READ = 0o004
ROLES = "roles.yaml"
UPKEEP = "upkeep.yaml"


@dataclass(frozen=True)
class LoadedDirectory:
    """What came of reading a directory file: the people if it can be used, and every mistake and warning."""

    directory: Directory | None
    mistakes: tuple[Mistake, ...]


def load_directory(path: Path) -> Directory:
    """The people of the file ``path``. Warnings are passed over; ``read_directory`` gives them.

    Raises:
        PolicyMistakes: it cannot be used; all mistakes with file and line.
    """
    loaded = read_directory(path)
    if loaded.directory is None:
        raise PolicyMistakes(errors_of(loaded.mistakes))
    return loaded.directory


def read_directory(path: Path) -> LoadedDirectory:
    """Read and check the file ``path``; never raises for what is in it."""
    source = read_source(path, path.name)
    directory, mistakes = fit(source, Directory)
    if directory is None:
        return LoadedDirectory(None, mistakes)
    used_again = tuple(_used_again(source, directory))
    if used_again:
        return LoadedDirectory(None, (*mistakes, *used_again))
    return LoadedDirectory(directory, (*mistakes, *_warnings(path, source, directory)))


def _used_again(source: Source, directory: Directory) -> Iterator[Mistake]:
    for contact_id in sorted(set(directory.contacts) & set(directory.retired)):
        problem = f"the id '{contact_id}' was retired on {directory.retired[contact_id]}, and records of years cite it"
        yield source.mistake(("contacts", contact_id), problem, "give this person a new id, and name it in roles.yaml")


def _warnings(path: Path, source: Source, directory: Directory) -> Iterator[Mistake]:
    if not directory.fictional and path.stat().st_mode & _OTHERS_MAY_READ:
        problem = "everybody on this machine can read these people's numbers"
        yield source.mistake((), problem, f"chmod o= {path.name}", warning=True)
    first: dict[str, str] = {}
    for contact_id, contact in directory.contacts.items():
        if contact.sms is None:
            continue
        if contact.sms in first and directory.contacts[first[contact.sms]].purpose is not contact.purpose:
            problem = f"'{contact_id}' and '{first[contact.sms]}' have one number, for real events and for exercises"
            yield source.mistake(("contacts", contact_id, "sms"), problem, "is that meant?", warning=True)
        first.setdefault(contact.sms, contact_id)


def check_directory(policy: Policy, directory: Directory, policy_dir: Path | None = None) -> tuple[Mistake, ...]:
    """Every contact the policy names exists, has the channels it is named with, and serves that purpose.

    With ``policy_dir`` the mistakes carry the line of ``roles.yaml``. Contacts that no role names are warned of.
    """
    source = read_source(policy_dir / ROLES, ROLES) if policy_dir else Source(ROLES)
    mistakes = list(_compared(policy, directory, source))
    named = {
        member.contact
        for by_role in policy.staff.values()
        for staff in by_role.values()
        for member in (*staff.live, *staff.exercise)
    }
    if policy.canary is not None:
        named.add(policy.canary.contact)
        mistakes += _canary_fits(policy.canary, directory, policy_dir)
    test_phones = {name for name, contact in directory.contacts.items() if contact.test_phone}
    for contact in sorted(set(directory.contacts) - named - test_phones):
        problem = f"the directory holds '{contact}', whom no role names"
        mistakes.append(Mistake(ROLES, 0, "", problem, "remove the person or give a role", "warning"))
    return tuple(mistakes)


def _compared(policy: Policy, directory: Directory, source: Source) -> Iterator[Mistake]:
    for party, by_role in policy.staff.items():
        for role, staff in by_role.items():
            for purpose, members in ((Origin.LIVE, staff.live), (Origin.EXERCISE, staff.exercise)):
                for index, member in enumerate(members):
                    at: Loc = ("staff", party, role, purpose.value, index)
                    contact = directory.contacts.get(member.contact)
                    if contact is None and member.contact in directory.retired:
                        since = directory.retired[member.contact]
                        problem = f"contact '{member.contact}' left on {since} and cannot be reached any more"
                        mend = "name somebody else; its id is never used again"
                        yield source.mistake((*at, "contact"), problem, mend, warning=True)
                        continue
                    if contact is None:
                        problem = f"contact '{member.contact}' is not in the directory"
                        mend = hint(member.contact, directory.contacts, "contacts")
                        yield source.mistake((*at, "contact"), problem, mend)
                        continue
                    yield from _fits(source, at, member.contact, contact, purpose)
                    for number, channel in enumerate(member.channels):
                        if contact.address(channel) is None:
                            problem = f"contact '{member.contact}' has no {channel.value} in the directory"
                            mend = f"add {channel.value} there or remove the channel here"
                            yield source.mistake((*at, "channels", number), problem, mend)


def _canary_fits(canary: Canary, directory: Directory, policy_dir: Path | None) -> Iterator[Mistake]:
    source = read_source(policy_dir / UPKEEP, UPKEEP) if policy_dir else Source(UPKEEP)
    contact = directory.contacts.get(canary.contact)
    if contact is None:
        problem = f"the canary's contact '{canary.contact}' is not in the directory"
        yield source.mistake(("canary", "contact"), problem, hint(canary.contact, directory.contacts, "contacts"))
        return
    if not contact.test_phone:
        problem = (
            f"the canary's contact '{canary.contact}' is no test phone: a person would get a text every few minutes"
        )
        yield source.mistake(("canary", "contact"), problem, "set test_phone: true there, if it belongs to nobody")
    if contact.purpose is not Origin.LIVE:
        problem = f"the canary's contact '{canary.contact}' is for exercises, and a canary is none"
        yield source.mistake(("canary", "contact"), problem, "give it purpose live in the directory")
    for number, channel in enumerate(canary.channels):
        if contact.address(channel) is None:
            problem = f"contact '{canary.contact}' has no {channel.value} in the directory"
            yield source.mistake(("canary", "channels", number), problem, f"add {channel.value} there")


def _fits(source: Source, at: Loc, name: str, contact: Contact, purpose: Origin) -> Iterator[Mistake]:
    if contact.purpose is not purpose:
        problem = f"contact '{name}' is for purpose {contact.purpose.value}, but is named under {purpose.value}"
        yield source.mistake((*at, "contact"), problem, "name another contact or correct the directory")
