"""Whom somebody means: a party, a role or a contact, by id or by a name in any of three languages.

Case, diacritics and punctuation do not count: "Aknīste's fire chief", "aknistes ugunsdzeseju vaditajs" and
``akniste fire_chief`` are the same.
"""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.base import Lang
from schemas.policy.models import CasedNames, Forms, Party, Policy
from streams.rules.places.names import fold

ALIKE = 0.6
SUGGESTIONS = 3


@dataclass(frozen=True)
class Whom:
    """Who is meant, as far as it was said; what was not said is None."""

    party: str | None = None
    role: str | None = None
    contact: str | None = None


class NotKnown(Exception):
    """The words name nobody of the policy; ``mend`` says what is near."""

    def __init__(self, words: str, near: Iterable[str]) -> None:
        super().__init__(f"'{words}' is no party, role or contact of the policy")
        found = ", ".join(f"'{one}'" for one in near)
        self.mend = f"did you mean {found}?" if found else "`borderlands policy show parties` lists the parties"


def understand(words: str, policy: Policy) -> Whom:
    """Who is meant by ``words``: one name, or a party's and a role's in either order.

    Raises:
        NotKnown: nobody.
    """
    book = _book(policy)
    said = _plain(words).split()
    for cut in range(len(said), 0, -1):
        first, rest = book.get(" ".join(said[:cut])), book.get(" ".join(said[cut:]))
        if first is not None and (cut == len(said) or (rest is not None and _join(first, rest) is not None)):
            return first if cut == len(said) else _joined(first, rest)
    raise NotKnown(words, _near(" ".join(said), book, policy))


def _joined(first: Whom, rest: Whom | None) -> Whom:
    return (_join(first, rest) if rest else None) or first


def _join(first: Whom, rest: Whom) -> Whom | None:
    """Both together; None where both name the same thing."""
    if (first.party and rest.party) or (first.role and rest.role) or first.contact or rest.contact:
        return None
    return Whom(first.party or rest.party, first.role or rest.role)


def _plain(words: str) -> str:
    return " ".join(word for word in fold(words.replace("_", " ")).split() if word != "s")  # the s of a possessive


def _book(policy: Policy) -> dict[str, Whom]:
    """Every name with whom it means; where two are the same, contacts give way to roles and roles to parties."""
    book: dict[str, Whom] = {}
    for by_role in policy.staff.values():
        for staff in by_role.values():
            for member in (*staff.live, *staff.exercise):
                book[_plain(member.contact.replace("-", " "))] = Whom(contact=member.contact)
    for role in policy.roles:
        for name in (role.id, role.names.lv, role.names.lt, role.names.en):
            book[_plain(name)] = Whom(role=role.id)
    for party in policy.parties:
        for name in _party_names(party):
            book[_plain(name)] = Whom(party=party.id)
    return book


def _party_names(party: Party) -> Iterator[str]:
    """The successor's names first: where a successor is a party's namesake, the party's own id and names count."""
    yield from _forms(party.current_party.name)
    yield from _forms(party.short)
    yield from _forms(party.signatory.name)
    yield party.id


def _forms(names: CasedNames) -> Iterator[str]:
    yield names.en
    for forms in (names.lv, names.lt):
        yield from (forms.nom, forms.gen, forms.loc)


def _near(said: str, book: dict[str, Whom], policy: Policy) -> list[str]:
    close = difflib.get_close_matches(said, book, n=SUGGESTIONS * 3, cutoff=ALIKE)
    for word in said.split() if not close else ():
        close += difflib.get_close_matches(word, book, n=SUGGESTIONS, cutoff=ALIKE)
    return list(dict.fromkeys(_id(book[name]) for name in close))[:SUGGESTIONS]


def _id(whom: Whom) -> str:
    return whom.party or whom.role or whom.contact or ""


def named(whom: Whom, policy: Policy | None, language: Lang) -> str:
    """Who is meant, in ``language``: the party, the role and the contact, as far as each is known."""
    parties = {one.id: one for one in policy.parties} if policy else {}
    roles = {one.id: one for one in policy.roles} if policy else {}
    said = []
    if whom.party:
        said.append(party_name(parties[whom.party], language) if whom.party in parties else whom.party)
    if whom.role:
        said.append(roles[whom.role].names.of(language) if whom.role in roles else whom.role)
    name = ", ".join(said)
    if whom.contact:
        name = f"{name} ({whom.contact})" if name else whom.contact
    return name


def party_name(party: Party, language: Lang) -> str:
    """What ``party`` is called today: the signatory too, where the two differ."""
    today, signed = _nominative(party.short, language), _nominative(party.signatory.name, language)
    return today if fold(today).split()[0] in fold(signed).split() else f"{today} ({signed})"


def _nominative(names: CasedNames, language: Lang) -> str:
    if language == "en":
        return names.en
    forms: Forms = names.lv if language == "lv" else names.lt
    return forms.nom
