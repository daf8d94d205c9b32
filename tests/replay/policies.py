"""Changes of a policy, each the smallest of its kind, around the rules of ``tests.rules.ladders``."""

from typing import Any

from schemas.decision import SharedField
from schemas.policy.models import Agreement, Ladder, Policy
from tests.rules.ladders import FIRE, LADDERS, RULES, rules

AGREEMENT = "vecumnieki-birzai"


def with_agreement(**changes: Any) -> Policy:
    """The agreement of Vecumnieki and Biržai with some parts replaced."""
    return rules(agreements=tuple(_changed(one, changes) for one in RULES.agreements))


def _changed(one: Agreement, changes: dict[str, Any]) -> Agreement:
    return one.model_copy(update=changes) if one.id == AGREEMENT else one


def with_clauses(*kept: str, **changes: Any) -> Policy:
    """Only these clauses of the agreement, the clause help with ``changes``."""
    (one,) = (one for one in RULES.agreements if one.id == AGREEMENT)
    clauses = tuple(
        clause.model_copy(update=changes if clause.id == "help" else {}) for clause in one.clauses if clause.id in kept
    )
    return with_agreement(clauses=clauses)


def with_shared(*withheld: SharedField) -> Policy:
    """The data-exchange clause without these fields."""
    (one,) = (one for one in RULES.agreements if one.id == AGREEMENT)
    exchange = one.data_exchange | {"all": tuple(each for each in one.data_exchange["all"] if each not in withheld)}
    return with_agreement(data_exchange=exchange)


def with_first_step(**changes: Any) -> Policy:
    """The first step of the ladder with changes."""
    return with_ladder(FIRE.steps[0].model_copy(update=changes), *FIRE.steps[1:])


def with_ladder(*steps: Any) -> Policy:
    """The ladder ``fire`` of these steps."""
    fire = Ladder(id="fire", steps=steps, tell_if_nobody=FIRE.tell_if_nobody)
    return rules(ladders=(fire, *(one for name, one in LADDERS.items() if name != "fire")))
