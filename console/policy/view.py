"""A policy as lines for people."""

from collections.abc import Iterator

from schemas.policy.models import Agreement, Clause, Party, Policy
from schemas.vocabulary import EVENT_TYPES


def summary_lines(policy: Policy) -> Iterator[str]:
    """What the policy holds, counted."""
    geography = policy.geography
    yield f"version     {policy.version}"
    yield f"parties     {', '.join(party.id for party in policy.parties)}"
    for agreement in policy.agreements:
        count = len(agreement.clauses)
        yield f"agreement   {agreement.id}: {count} clauses, successor area: {agreement.successor_area}"
    yield f"roles       {', '.join(role.id for role in policy.roles)}"
    units, parishes, places = len(geography.units), len(geography.parishes), len(geography.places)
    yield f"geography   {units} units, {parishes} parishes, {places} places"
    official = sum(not outline.approximate for outline in geography.outlines)
    drawn = f"{len(geography.outlines) - official} approximate, {official} official"
    yield f"outlines    {drawn}; border band {geography.border_band_m} m"
    yield f"languages   {', '.join(sorted(policy.texts))}"


def parties_lines(policy: Policy) -> Iterator[str]:
    """Who signed, who acts today, and which area is covered."""
    for party in policy.parties:
        yield from _party(party)


def _party(party: Party) -> Iterator[str]:
    ended = f", dissolved {party.signatory.dissolved}" if party.signatory.dissolved else ""
    yield f"{party.id} ({party.country}, writes {party.language})"
    yield f"    signed by  {party.signatory.name.en}{ended}"
    yield f"    today      {party.current_party.name.en}"
    yield f"    covers     {party.covered_area}"
    yield f"    offices    {', '.join(f'{role} {number}' for role, number in party.offices.items())}"


def agreements_lines(policy: Policy) -> Iterator[str]:
    """Every clause of every agreement, in the order in which they are tried."""
    for agreement in policy.agreements:
        yield f"{agreement.id}: {agreement.title.en}, signed {agreement.signed}"
        yield f"    successor's area outside the signatory's: {agreement.successor_area}"
        for clause in agreement.clauses:
            yield from _clause(clause, agreement)


def _clause(clause: Clause, agreement: Agreement) -> Iterator[str]:
    types = ", ".join(clause.event_types)
    needs = {"required": ", if something is asked for", "none": ", if nothing is asked for", "any": ""}[clause.needs]
    yield f"    {clause.id}: {clause.action} ({clause.lane}) for {', '.join(clause.askers)}"
    yield f"        {types}; from {clause.min_severity}{needs}"
    yield f"        ladder {clause.ladder}; shares {', '.join(agreement.data_exchange[clause.share])}"


def types_lines(policy: Policy) -> Iterator[str]:
    """Event types with their CAP category, OASIS term, and who leads on each side."""
    for kind, info in EVENT_TYPES.items():
        competence = policy.competence[kind]
        police = ", police matter" if info.police else ""
        yield (
            f"{kind:20} CAP {info.cap_category:9} OASIS {info.oasis_code}   "
            f"LV {competence.LV.lead}, LT {competence.LT.lead}{police}"
        )
