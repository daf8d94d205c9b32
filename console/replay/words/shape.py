"""What the what-if page needs words for; each language gives all of them."""

from collections.abc import Mapping

from schemas.base import Model

Forms = Mapping[str, str]
"""A counted noun by CLDR plural category; ``{n}`` is the number."""


class Words(Model):
    """Every word of the page in one language. ``values`` are words of the records, by what they are called there."""

    title: str
    subtitle: str
    period: str
    log: str
    policy_then: str
    policy_now: str
    compared: str
    made: str
    only: str
    nothing: str
    otherwise: str
    summary: str
    what: str
    party: str
    role: str
    incidents: Forms
    events: Forms
    contacts: Forms
    ladders: Forms
    exercises: Forms
    in_all: str
    text_differs: str
    ladder_differs: str
    reported_by: str
    then: str
    now: str
    field: str
    step: str
    no_ladder: str
    still_open: str
    first_yes: str
    asks_at: str
    no_agreement: str
    exercises_title: str
    problems_title: str
    assumptions_title: str
    left_out: str
    more: str
    no_type: str
    not_given: str
    in_other_words: str
    kinds: Mapping[str, str]
    asked: Mapping[str, str]
    fields: Mapping[str, str]
    values: Mapping[str, str]
    problems: Mapping[str, str]
    assumptions: Mapping[str, str]
