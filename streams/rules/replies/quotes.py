"""Takes off what a phone or a mail program put around a reply: our own alert repeated, signatures, a quoted letter.

Our alert holds both words, "7F2K JĀ vai 7F2K NĒ"; left in, every reply that repeats it would say yes and no.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from streams.rules.replies.lexicon import Lexicon
from streams.rules.replies.tokens import MAX_CHARS

_CODE = r"[2-9a-hj-np-z]{4}"
_HOW_TO_ANSWER = re.compile(
    rf"(?:(?:atbildiet|atsakykite|reply|answer)\s*:?\s*)?\b{_CODE}\s+(?:ja|taip|yes)\s+(?:vai|arba|or)\s+{_CODE}\s+(?:ne|no)\b[.”\"]*"
)
_QUOTED_LINE = re.compile(r"^[ \t]*[>|].*$", re.MULTILINE)
_REST = re.compile(
    r"^(?:-{2,}[ \t]*|_{5,}[ \t]*|-{2,}[^\n]{0,40}(?:message|zinojum|pranesim|laisk|сообщени)[^\n]*|"
    r"[^\n]{0,120}\b(?:wrote|rakstija|rase|writes|написал\w*)\b[^\n]{0,40}:|(?:from|no|nuo|от):[^\n]*@[^\n]*)$.*",
    re.MULTILINE | re.DOTALL,
)
_SIGNATURE = re.compile(
    r"^[^\n]{0,20}\b(?:sent|sutits|nosutits|siusta|issiusta|get|отправлено)\b[^\n]{0,30}"
    r"(?:iphone|ipad|android|samsung|galaxy|mobil|telefon|outlook|gmail|huawei|xiaomi)[^\n]*$",
    re.MULTILINE,
)
_LONGEST_REST_OF_AN_ALERT = 30
"""With so many characters behind header and code, it is an alert that is repeated, and no answer about one."""


@dataclass(frozen=True, slots=True)
class Unquoted:
    """``text`` is what the person typed, ``quoted`` what was taken off."""

    text: str
    quoted: str


def unquote(text: str, lexicon: Lexicon) -> Unquoted:
    """``text`` without what it repeats."""
    text = unicodedata.normalize("NFC", text[:MAX_CHARS]).replace("\r\n", "\n").replace("\r", "\n")
    flat = "".join(_flat(char) for char in text)
    cut: list[tuple[int, int]] = []
    for pattern in (_REST, _SIGNATURE, _QUOTED_LINE):
        cut += [match.span() for match in pattern.finditer(flat)]
    cut += _alerts(flat, lexicon)
    cut += [match.span() for match in _HOW_TO_ANSWER.finditer(flat)]
    kept = [True] * len(text)
    for start, end in cut:
        kept[start:end] = [False] * (end - start)
    rest = "".join(char if keep else "\n" for char, keep in zip(text, kept, strict=True))
    return Unquoted(
        re.sub(r"\n{2,}", "\n", rest).strip(), "".join(char for char, keep in zip(text, kept, strict=True) if not keep)
    )


def _alerts(flat: str, lexicon: Lexicon) -> list[tuple[int, int]]:
    """Where alerts of ours are repeated: from their header (or what stands before it) to how to answer."""
    spans = []
    for header in _headers(frozenset(lexicon.quoted)).finditer(flat):
        answer = _HOW_TO_ANSWER.search(flat, header.end())
        if answer is not None:
            spans.append((_line_start(flat, header.start()), answer.end()))
        elif len(flat) - header.end() >= _LONGEST_REST_OF_AN_ALERT:
            spans.append((_line_start(flat, header.start()), len(flat)))
    return spans


def _line_start(flat: str, at: int) -> int:
    """Before the header stand our prefixes (an exercise, a repetition), in capitals of our own: back to them, but not
    past a line or a quotation mark, behind which the person's own words are."""
    before = flat[:at]
    for prefix in _PREFIXES:
        start = before.rfind(prefix, max(0, at - 80))
        if start >= 0:
            return start
    return at


_PREFIXES = (
    "macibas!",
    "pratybos!",
    "exercise!",
    "sistemas parbaude!",
    "sistemos patikrinimas!",
    "atkartoti",
    "pakartotinai",
)


@lru_cache(maxsize=8)
def _headers(quoted: frozenset[str]) -> re.Pattern[str]:
    names = "|".join(r"\W+".join(map(re.escape, name.split())) for name in sorted(quoted, key=len, reverse=True))
    return re.compile(rf"\b(?:{names or '(?!)'})\W{{1,3}}{_CODE}\b")


@lru_cache(maxsize=4096)
def _flat(char: str) -> str:
    """One character for one, so that places in the flat text are places in the text."""
    plain = unicodedata.normalize("NFKD", char)[0].lower()
    return plain if len(plain) == 1 else char
