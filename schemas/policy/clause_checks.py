"""Checks of agreements and their clauses."""

from collections.abc import Iterator
from itertools import product

from schemas.decision import NEVER_WITH_POLICE, SharedField
from schemas.policy.duplicates import duplicates
from schemas.policy.files import LaddersFile, PartiesFile
from schemas.policy.mistakes import Mistake
from schemas.policy.models import Agreement, Clause, Ladder
from schemas.policy.parts import Parts
from schemas.policy.shape import hint
from schemas.policy.source import Source
from schemas.vocabulary import EVENT_TYPES, Action, Severity

_SEVERITIES = (Severity.MINOR, Severity.MODERATE, Severity.SEVERE, Severity.EXTREME)


def check_agreements(parts: Parts) -> Iterator[Mistake]:
    """Agreement ids stand once, and their two parties exist and lie on different sides of the border."""
    parties = parts.get("parties.yaml", PartiesFile)
    first: dict[str, str] = {}
    for name, agreement in parts.agreements().items():
        source = parts.sources[name]
        if agreement.id in first:
            problem = f"the agreement id '{agreement.id}' stands in {first[agreement.id]} too"
            yield source.mistake(("id",), problem, "give each agreement its own id")
        first.setdefault(agreement.id, name)
        if parties is None:
            continue
        countries = {party.id: party.country for party in parties.parties}
        for index, party in enumerate(agreement.parties):
            if party not in countries:
                problem = f"there is no party '{party}' in parties.yaml"
                yield source.mistake(("parties", index), problem, hint(party, countries, "parties"))
        sides = {countries.get(party) for party in agreement.parties}
        if None not in sides and len(sides) != len(agreement.parties):
            problem = "both parties lie in the same country"
            yield source.mistake(("parties",), problem, "name one party of LV and one of LT")


def check_clauses(parts: Parts) -> Iterator[Mistake]:
    """Clauses name what exists, help can be answered, and no clause is covered by those before it."""
    file = parts.get("ladders.yaml", LaddersFile)
    ladders = {ladder.id: ladder for ladder in file.ladders} if file else None
    for name, agreement in parts.agreements().items():
        source = parts.sources[name]
        yield from duplicates(source, "clauses", (clause.id for clause in agreement.clauses))
        if agreement.follow_up_share not in agreement.data_exchange:
            problem = f"there is no data_exchange profile '{agreement.follow_up_share}'"
            mend = hint(agreement.follow_up_share, agreement.data_exchange, "profiles")
            yield source.mistake(("follow_up_share",), problem, mend)
        for index, clause in enumerate(agreement.clauses):
            yield from _references(source, agreement, index, clause, ladders)
            yield from _times(source, index, clause, ladders)
        yield from _covered_clauses(source, agreement)


def _references(
    source: Source, agreement: Agreement, index: int, clause: Clause, ladders: dict[str, Ladder] | None
) -> Iterator[Mistake]:
    at = ("clauses", index)
    for position, asker in enumerate(clause.askers):
        if asker not in agreement.parties:
            problem = f"asker '{asker}' is no party of this agreement"
            yield source.mistake((*at, "askers", position), problem, hint(asker, agreement.parties, "its parties"))
    if clause.share not in agreement.data_exchange:
        problem = f"there is no data_exchange profile '{clause.share}'"
        yield source.mistake((*at, "share"), problem, hint(clause.share, agreement.data_exchange, "profiles"))
    if ladders is not None and clause.ladder not in ladders:
        problem = f"there is no ladder '{clause.ladder}' in ladders.yaml"
        yield source.mistake((*at, "ladder"), problem, hint(clause.ladder, ladders, "ladders"))
    if clause.min_severity is Severity.UNKNOWN:
        problem = "min_severity Unknown is no threshold"
        yield source.mistake((*at, "min_severity"), problem, "write Minor, Moderate, Severe or Extreme")


def _times(source: Source, index: int, clause: Clause, ladders: dict[str, Ladder] | None) -> Iterator[Mistake]:
    at = ("clauses", index)
    if clause.action is Action.HELP and clause.reply_within is None:
        problem = f"clause '{clause.id}' asks for help but sets no time to answer"
        yield source.mistake(at, problem, "add reply_within: '15 min'")
    ladder = (ladders or {}).get(clause.ladder)
    if ladder is None or clause.reply_within is None:
        return
    climb = sum(step.send_within + (step.answer_within or 0) for step in ladder.steps[:-1])
    if climb >= clause.reply_within:
        problem = f"ladder '{ladder.id}' reaches its last step after {climb} s, the answer is due after "
        problem += f"{clause.reply_within} s"
        mend = "shorten the ladder's times or lengthen reply_within"
        yield source.mistake((*at, "reply_within"), problem, mend, warning=True)


def _covered_clauses(source: Source, agreement: Agreement) -> Iterator[Mistake]:
    taken: set[tuple[str, str, int, bool]] = set()
    for index, clause in enumerate(agreement.clauses):
        matches = _matches(clause)
        if matches <= taken:
            problem = f"clause '{clause.id}' can never apply: the clauses before it take every case of it"
            mend = "move it up, narrow the earlier ones, or remove it"
            yield source.mistake(("clauses", index), problem, mend, warning=True)
        taken |= matches


def _matches(clause: Clause) -> set[tuple[str, str, int, bool]]:
    """Every case a clause takes: asker, type, severity rank, whether something is asked for."""
    ranks = [severity.rank for severity in _SEVERITIES if severity.rank >= clause.min_severity.rank]
    asks = {"required": (True,), "none": (False,), "any": (True, False)}[clause.needs]
    types = [kind.value for kind in clause.event_types]
    return set(product(clause.askers, types, ranks, asks))


def check_police_types(parts: Parts) -> Iterator[Mistake]:
    """Police types cross only as a referral, with a profile that can hold nothing personal."""
    for name, agreement in parts.agreements().items():
        source = parts.sources[name]
        follow_up = agreement.data_exchange.get(agreement.follow_up_share, ())
        if SharedField.TEXT in follow_up:
            problem = "follow_up_share lets free text through, also for police types"
            yield source.mistake(("follow_up_share",), problem, "name a profile without text")
        for index, clause in enumerate(agreement.clauses):
            police = sorted(kind.value for kind in clause.event_types if EVENT_TYPES[kind].police)
            if not police:
                continue
            if clause.action is not Action.REFER:
                problem = f"{', '.join(police)} may only be referred, not '{clause.action.value}'"
                yield source.mistake(("clauses", index, "action"), problem, "give them a clause with action: refer")
            leaks = sorted(NEVER_WITH_POLICE & set(agreement.data_exchange.get(clause.share, ())))
            if leaks:
                problem = f"profile '{clause.share}' lets {', '.join(leaks)} cross for {', '.join(police)}"
                yield source.mistake(("clauses", index, "share"), problem, "name a profile without personal data")
