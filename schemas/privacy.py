"""Finds and masks what must not cross the border in free text: personal codes, telephone numbers, plates,
e-mail addresses and street addresses, in Latvian and Lithuanian forms.

Every writer of free text applies ``mask`` before the text goes on a topic.
"""

import re
from dataclasses import dataclass

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    # Latvian personal code: dddddd-ddddd; since 2017 also one that starts with 32.
    ("personal_code", re.compile(r"(?<![\d-])\d{6}\s?[-–]\s?\d{5}(?![\d-])")),
    # Lithuanian personal code: 11 digits, the first 1-6; Latvian ones without the hyphen look the same.
    ("personal_code", re.compile(r"(?<![\d+])\d{11}(?!\d)")),
    ("email_address", re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")),
    ("telephone", re.compile(r"(?<![\w.,])(?:\+|00)37[01][\s-]?\d(?:[\s-]?\d){6,7}(?!\d)")),
    ("telephone", re.compile(r"(?<![\w.,+-])(?:8[\s-]?)?6\d{2}[\s-]?\d{5}(?!\d)")),
    ("telephone", re.compile(r"(?<![\w.,+-])[26]\d[\s-]?\d{3}[\s-]?\d{3}(?![\d.,]\d)(?!\d)")),
    ("plate", re.compile(r"(?<!\w)[A-Z]{2}[\s-]\d{2,4}(?!\w)")),
    ("plate", re.compile(r"(?<!\w)[A-Z]{3}[\s-]?\d{3}(?!\w)")),
    ("plate", re.compile(r"(?<!\w)[A-Z]{2}\d{4}(?!\w)")),
    (
        "street_address",
        re.compile(
            r"(?<!\w)[A-ZĀ-Ž][\wĀ-ž.]*(?:\s[\wĀ-ž.]+){0,2}\s(?:iela|ielā|ielas|gatve|prospekts|g\.|gatvė|gatvėje|al\.|pr\.)"
            r"\s?\d+\w?(?:\s?[-/]\s?\d+\w?)?(?!\w)"
        ),
    ),
)

MASK = "[…]"


@dataclass(frozen=True)
class Masked:
    """A text with personal data masked. ``found`` counts what was masked, by kind."""

    text: str
    found: dict[str, int]


def mask(text: str) -> Masked:
    """``text`` with personal data replaced by ``[…]``, and what kinds were found."""
    found: dict[str, int] = {}
    for kind, pattern in _RULES:
        text, count = pattern.subn(MASK, text)
        if count:
            found[kind] = found.get(kind, 0) + count
    return Masked(text, found)
