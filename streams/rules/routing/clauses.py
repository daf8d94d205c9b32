"""Which clause of an agreement an event falls under, and what may be done under it."""

from dataclasses import dataclass
from functools import partial

from schemas.decision import NEVER_WITH_POLICE, SharedField, Verdict
from schemas.policy.models import Agreement, Clause
from schemas.vocabulary import Action, Judgement, Stage
from streams.rules.memo import Memo
from streams.rules.places.describe import DETAIL_MAX, clip
from streams.rules.routing.ground import Applied
from streams.rules.routing.index import PolicyIndex
from streams.rules.routing.ruling import Traits


@dataclass(frozen=True, slots=True)
class Chosen:
    """An agreement that applies with the clause that fits, its action as limited, and the fields let through.

    ``clause`` and ``action`` are None for a follow-up to those already told.
    """

    applied: Applied
    clause: Clause | None
    action: Action | None
    share: frozenset[SharedField]


def choose(traits: Traits, applied: Applied, index: PolicyIndex) -> tuple[Verdict, Chosen | None]:
    """The first clause that fits, or a verdict that says why none does."""
    agreement = applied.agreement
    rank = traits.severity.rank
    of_type = index.clauses.recall(
        (agreement.id, traits.reporting_party, traits.event_type), partial(_of_type, traits, agreement)
    )
    fitting = [clause for clause in of_type if _needs_fit(clause, traits)]
    for clause in fitting:
        if rank >= clause.min_severity.rank:
            return _applies(traits, applied, clause, index.said)
    kind = traits.event_type.value if traits.event_type else "this"
    if fitting:
        least = min(fitting, key=lambda clause: clause.min_severity.rank).min_severity.value
        detail = f"agreement {agreement.id} takes {kind} from {least}; this one is {traits.severity.value}"
        return _verdict(Judgement.WARN, "below_severity", detail), None
    if of_type:
        asks = "asks for help" if traits.needs else "asks for nothing"
        detail = f"agreement {agreement.id} has no clause for {kind} that {asks}"
    else:
        detail = f"agreement {agreement.id} has no clause for {kind} reported by {traits.reporting_party}"
    return _verdict(Judgement.WARN, "no_clause", detail), None


def follow_up(traits: Traits, applied: Applied) -> Chosen:
    """What an update, cancel or all-clear may carry to those already told."""
    agreement = applied.agreement
    return Chosen(applied, None, None, _limited(traits, agreement, agreement.follow_up_share))


def _applies(traits: Traits, applied: Applied, clause: Clause, said: Memo[Verdict]) -> tuple[Verdict, Chosen]:
    action, why = clause.action, ""
    if traits.police and action is not Action.REFER:
        action, why = Action.REFER, "; a police matter is only ever referred"
    elif applied.neighbour and action is Action.HELP:
        action, why = Action.INFORM, "; about the partner's own ground it only informs"
    key = ("clause", applied.agreement.id, clause.id, applied.partner.id, action, why)
    verdict = said.recall(key, lambda: _says(applied, clause, action, why))
    return verdict, Chosen(applied, clause, action, _limited(traits, applied.agreement, clause.share))


def _says(applied: Applied, clause: Clause, action: Action, why: str) -> Verdict:
    partner = applied.partner.short.en
    what = {
        Action.HELP: f"ask {partner} for help",
        Action.INFORM: f"inform {partner}",
        Action.REFER: f"refer to {partner}",
    }
    detail = f"clause {clause.id} of agreement {applied.agreement.id}: {what[action]}{why}"
    return _verdict(Judgement.WARN if action is not clause.action else Judgement.PASS, "clause_applies", detail)


def _of_type(traits: Traits, agreement: Agreement) -> tuple[Clause, ...]:
    me = traits.reporting_party
    return tuple(one for one in agreement.clauses if traits.event_type in one.event_types and me in one.askers)


def _needs_fit(clause: Clause, traits: Traits) -> bool:
    return clause.needs == "any" or (clause.needs == "required") == bool(traits.needs)


def _limited(traits: Traits, agreement: Agreement, profile: str) -> frozenset[SharedField]:
    share = frozenset(agreement.data_exchange.get(profile, ()))
    return share - NEVER_WITH_POLICE if traits.police else share


def _verdict(judgement: Judgement, reason: str, detail: str) -> Verdict:
    return Verdict(stage=Stage.CLAUSE, judgement=judgement, reason=reason, detail=clip(detail, DETAIL_MAX))
