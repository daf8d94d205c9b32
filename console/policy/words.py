"""What the keys and values of a policy are called when people are told of them."""

from collections.abc import Mapping, Sequence
from typing import Any

BRIEF_MAX = 160

_LABELS = {
    "min_severity": "from severity",
    "event_types": "event types",
    "needs": "if something is asked for",
    "share": "what is shared",
    "reply_within": "answer wanted within",
    "send_within": "sent within",
    "deliver_within": "delivered within",
    "answer_within": "answered within",
    "tell_if_nobody": "told if nobody answers",
    "successor_area": "successor's area outside the signatory's",
    "data_exchange": "data exchange",
    "follow_up_share": "what updates share",
    "current_party": "today's party",
    "covered_area": "covered area",
    "repeat_window": "reports are refused when older than",
    "clock_skew": "reports may be ahead by",
    "border_band_m": "uncertain band along the border (m)",
    "contact_checks": "checks of contacts",
    "lead": "leads",
    "assists": "assists",
    "call": "who is called",
    "live": "in earnest",
    "exercise": "in exercises",
    "polygons": "outline",
    "border": "state border",
    "people": "persons a change takes",
    "proposal_expires": "a proposal holds for",
    "change": "change of the policy",
    "enough": "how many are enough",
    "group": "alerted as a group",
    "per_second": "per second",
    "routine_texts": "routine texts to one contact",
    "digest_from": "one text for all from",
}

_NOUNS = {
    "parties": "party",
    "agreements": "agreement",
    "clauses": "clause",
    "services": "service",
    "roles": "role",
    "ladders": "ladder",
    "steps": "step",
    "units": "unit",
    "parishes": "parish",
    "places": "place",
    "outlines": "outline",
    "live": "contact",
    "exercise": "exercise contact",
    "shifts": "shift",
    "exceptions": "exception on",
    "rates": "rate of",
}

_DURATIONS = frozenset(
    (
        *("reply_within", "send_within", "deliver_within", "answer_within", "repeat_window", "clock_skew"),
        *("every", "one_per", "proposal_expires"),
    )
)


def label(key: str) -> str:
    """A key for people."""
    return _LABELS.get(key, key.replace("_", " "))


def noun(key: str) -> str:
    """One item of the list ``key``."""
    return _NOUNS[key]


def value_words(key: str, value: Any) -> str:
    """A value for people: durations as they are written, texts in quotation marks, nothing as ``none``."""
    if value is None or value in ((), [], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key in _DURATIONS and isinstance(value, int):
        return duration(value)
    if isinstance(value, str):
        return f"“{value}”" if " " in value or "{" in value else value
    if isinstance(value, Mapping):
        return "; ".join(f"{label(name)} {value_words(name, item)}" for name, item in value.items() if item is not None)
    if isinstance(value, Sequence):
        return ", ".join(value_words(key, item) for item in value)
    return str(value)


def brief(key: str, value: Any) -> str:
    """A value that came or went, cut to one line of at most ``BRIEF_MAX`` characters."""
    if isinstance(value, Mapping):
        told = {name: item for name, item in value.items() if name != "id" and item not in (None, [], {}, False)}
        words = value_words(key, told)
    else:
        words = value_words(key, value)
    return words if len(words) <= BRIEF_MAX else f"{words[: BRIEF_MAX - 1]}…"


def duration(seconds: int) -> str:
    """Seconds in the largest unit that is whole: ``90 s``, ``10 min``, ``2 h``, ``7 d``."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
