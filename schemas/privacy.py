"""Finds and masks what must not cross the border in free text: personal codes, telephone numbers, plates,
e-mail addresses and house numbers, in Latvian and Lithuanian forms.

Every writer of free text applies ``mask`` before the text goes on a topic. What responders need stays: positions,
times, amounts with their unit, road numbers, UN numbers, postcodes, and the street (a house number tells a person's
address, a street tells where to drive). Names of people cannot be told from names of places and are not found.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

MASK = "[…]"

_GAP = r"[ \t\u00a0\u202f]"
_UNIT = (
    r"m2|m²|m3|m³|km2|km²|m/s|km/h|km|ha|m|cm|mm|kg|t|l|l/s|kv|kw|mw|min|st|val|h|eur|gab|vnt|ppm|asm|žm|"
    r"cilv\w*|pers\w*|metr\w*|hekt\w*|litr\w*|ton\w*"
)
_NO_UNIT = rf"(?!{_GAP}?(?:%|€|(?i:{_UNIT})(?!\w)))"

# A number that continues another one (a decimal, a date, a longer number) is no telephone number of its own.
_START = r"(?<![\w+])(?<!\d[.,:/-])"
_END = rf"(?![\d])(?![.,:]\d){_NO_UNIT}"

# Groups as people write eight digits; a date (20260605, 2026-06-05, 26.05.2026, 26 05 2026) is none of them.
_EIGHT = (
    r"(?!20[23]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d))[26]\d{7}",
    rf"(?!\d\d{_GAP}\d00{_GAP}000)[26]\d(?:{_GAP}|-)\d{{3}}(?:{_GAP}|-)\d{{3}}",
    rf"[26]\d(?:{_GAP}|-)\d{{6}}",
    rf"[26]\d{{3}}{_GAP}\d{{4}}",
    rf"[26]\d\d(?:{_GAP}|-)\d{{5}}",
    rf"[26]\d\d(?:{_GAP}|-)\d\d(?:{_GAP}|-)\d{{3}}",
    rf"[26]\d\d(?:{_GAP}|-)\d{{3}}(?:{_GAP}|-)\d\d",
    rf"(?<!\d{_GAP})[26]\d(?P<gap>{_GAP}|-)\d\d(?P=gap)\d\d(?P=gap)\d\d(?!{_GAP}\d)",
)

# Two or three letters before digits that are no plate: UN numbers, area codes and postcodes, pipe sizes, norms;
# and, before a space, short words of texts written in capitals.
_NEVER_PLATE = r"UN|LV|LT|EE|EU|EN|NR|DN|PN|ISO|ADR|CAS|LAU"
_WORDS = r"AP|AR|BET|BPC|CO|DEG|IKI|IR|KM|NO|NUO|PA|PAR|PER|PIE|PO|SOS|SU|TEL|UZ|VAI"
_PLATE = rf"(?<![\w-])(?!(?i:{_NEVER_PLATE}){_GAP}?[-:]?{_GAP}?\d)(?!(?:{_WORDS}){_GAP})"

_STREETS = (
    *("iela", "ielas", "ielā", "ielu", "gatve", "gatves", "gatvē", "prospekts", "prospekta", "prospektā"),
    *("bulvāris", "bulvārī", "bulvāra", "gatvė", "gatvės", "gatvėje", "alėja", "alėjoje"),
    *("prospektas", "prospekto", "prospekte"),
)
_STREET = rf"(?i:{'|'.join(_STREETS)})"


@dataclass(frozen=True, slots=True)
class _Rule:
    """What is looked for, and what a text must hold to be worth a search: so many digits, and a clue (or none)."""

    kind: str
    pattern: re.Pattern[str]
    digits: int
    clue: str = ""


_AT, _AFTER_LETTERS, _AFTER_STREET = "@", "letters", "street"

_RULES: tuple[_Rule, ...] = (
    # Latvian personal code: ddmmyy-ddddd; since 2017 also one that starts with 32 and tells no date.
    _Rule("personal_code", re.compile(r"(?<![\d-])\d{6}\s?[-–]\s?\d{5}(?![\d-])"), 11),
    _Rule(
        "personal_code",
        re.compile(
            rf"(?<!\d)(?<!\d[.,-])(?:(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d\d|32\d{{4}}){_GAP}\d{{5}}(?!\d|[.,-]\d)"
        ),
        11,
    ),
    # Lithuanian personal code: 11 digits, the first 1-6; Latvian ones without the hyphen look the same.
    _Rule("personal_code", re.compile(r"(?<![\d+])(?<!\d[.,])\d{11}(?!\d)"), 11),
    _Rule("email_address", re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"), 0, _AT),
    _Rule("telephone", re.compile(r"(?<!\w)\(?(?:\+|00)\s?37[01]\)?(?:[\s().–/-]{0,2}\d){7,8}(?!\d)"), 10),
    _Rule("telephone", re.compile(rf"(?<!\w)\+[1-9](?:(?:{_GAP}|[()–/-]){{0,2}}\d){{7,13}}(?!\d|\.\d)"), 8),
    _Rule("telephone", re.compile(rf"{_START}37[01](?:(?:{_GAP}|-){{1,2}}\d{{1,8}}){{1,4}}{_END}"), 4),
    # Lithuania: trunk 8 (since 2024 also 0), then an area or mobile code.
    _Rule(
        "telephone",
        re.compile(rf"{_START}\(?[08](?:{_GAP}|-){{0,2}}\(?[3-6](?:(?:{_GAP}|[()-]){{0,2}}\d){{7}}{_END}"),
        9,
    ),
    _Rule("telephone", re.compile(rf"{_START}(?:{'|'.join(_EIGHT)}){_END}"), 8),
    _Rule(
        "plate",
        re.compile(rf"{_PLATE}[A-Z]{{2}}{_GAP}?[- ]{_GAP}?\d{{2,4}}(?![\w-])(?![.,]\d){_NO_UNIT}"),
        2,
        _AFTER_LETTERS,
    ),
    _Rule(
        "plate",
        re.compile(rf"{_PLATE}[A-Z]{{3}}{_GAP}?[-: ]?{_GAP}?\d{{3}}(?![\w-])(?![.,]\d){_NO_UNIT}"),
        3,
        _AFTER_LETTERS,
    ),
    _Rule("plate", re.compile(rf"{_PLATE}[A-Z]{{2}}\d{{4}}(?![\w-]){_NO_UNIT}"), 4, _AFTER_LETTERS),
    _Rule(
        "plate",
        re.compile(rf"{_PLATE}(?:[a-z]{{2}}-?\d{{4}}|[a-z]{{3}}-?\d{{3}})(?![\w-]){_NO_UNIT}"),
        3,
        _AFTER_LETTERS,
    ),
    _Rule(
        "street_address",
        re.compile(
            rf"(?P<keep>(?<!\w){_STREET}\s|[^\W\d_a-z]\w+\s(?:g|al|pr)\.\s?)(?:(?i:nr)\.?\s?)?\d{{1,4}}(?!\d)[A-Za-z]?(?!\w)"
            rf"(?:\s?[-–/]\s?\d{{1,4}}[A-Za-z]?(?!\w))?(?:,?\s?(?i:dz|dzīvoklis|but|butas)\.?\s?\d{{1,4}}(?!\w))?"
            rf"(?![.,:]\d){_NO_UNIT}"
        ),
        1,
        _AFTER_STREET,
    ),
)


@dataclass(frozen=True)
class Masked:
    """A text with personal data masked. ``found`` counts what was masked, by kind."""

    text: str
    found: dict[str, int]


def mask(text: str) -> Masked:
    """``text`` with personal data replaced by ``[…]``, and what kinds were found."""
    found: dict[str, int] = {}
    for rule in _worth_trying(text):
        text, count = rule.pattern.subn(_masked, text)
        if count:
            found[rule.kind] = found.get(rule.kind, 0) + count
    return Masked(text, found)


_NUMBER = re.compile(r"\d+")
_MANY = 24
_SEPARATORS = " \t\u00a0\u202f:-"
_STREET_ENDS = frozenset(word[-2:] for word in (*_STREETS, "nr"))
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzāčēģīķļņšūžąęėįų")


def _worth_trying(text: str) -> tuple[_Rule, ...]:
    """The rules that can find something in ``text``, since it holds what each of their matches holds.

    Most texts hold no number that could be one of a person, and each search takes as long as reading the text. What
    an earlier rule masks adds no digits and no letters, so a rule ruled out by ``text`` stays ruled out.
    """
    clues = {_AT} if "@" in text else set()
    digits = 0
    for seen, number in enumerate(_NUMBER.finditer(text)):
        if seen == _MANY:
            return _RULES
        start, end = number.span()
        digits += end - start
        if _after_letters(text, start):
            clues.add(_AFTER_LETTERS)
        if _after_street(text, start):
            clues.add(_AFTER_STREET)
    return _rules(min(digits, _MOST_DIGITS), frozenset(clues)) if digits or clues else ()


def _after_letters(text: str, start: int) -> bool:
    """Whether the number at ``start`` can be a plate's: two letters alike before it, and at most signs between."""
    before = text[max(0, start - 5) : start]
    letters = before.rstrip(_SEPARATORS)
    pair = letters[-2:]
    if len(pair) < 2 or not (pair.isascii() and pair.isalpha()):
        return False
    between = before[len(letters) :]
    return pair.isupper() or (pair.islower() and between in ("", "-"))


def _after_street(text: str, start: int) -> bool:
    """Whether the number at ``start`` can be a house's: after the end of a word for a street or of ``nr``, or a dot."""
    before = text[max(0, start - 3) : start]
    if before[-1:].isspace():
        before = before[:-1]
    if before.endswith("."):
        return True
    end = before[-2:].casefold()
    return end in _STREET_ENDS or (len(end) > 0 and not _LETTERS.issuperset(end))


_MOST_DIGITS = max(rule.digits for rule in _RULES)


@lru_cache(maxsize=128)  # twelve numbers of digits and eight sets of clues
def _rules(digits: int, clues: frozenset[str]) -> tuple[_Rule, ...]:
    return tuple(rule for rule in _RULES if digits >= rule.digits and (not rule.clue or rule.clue in clues))


def _masked(match: re.Match[str]) -> str:
    return str(match.groupdict().get("keep") or "") + MASK
