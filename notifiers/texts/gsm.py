"""How long an SMS is: GSM 03.38 where every character is in its table, UCS-2 otherwise, counted in parts."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

# 3GPP TS 23.038, default alphabet without the escape character, and its extension table (two septets each).
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_ALPHABET = _BASIC | _EXTENSION

MAX_SEGMENTS = 3
"""What one alert may cost: more parts arrive late, out of order or not at all."""


class Encoding(StrEnum):
    """The two alphabets of an SMS."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@dataclass(frozen=True)
class Measure:
    """``characters`` are septets (GSM-7, extension characters count 2) or UTF-16 code units (UCS-2);
    ``segments`` is how many parts are sent and paid for."""

    encoding: Encoding
    characters: int
    segments: int


def is_gsm(text: str) -> bool:
    """Whether ``text`` can be sent in the GSM 03.38 alphabet."""
    return _ALPHABET.issuperset(text)


@lru_cache(maxsize=64)  # a text is measured again each time something is added to it or taken away
def measure(text: str) -> Measure:
    """Encoding, length and parts of ``text`` as a phone network counts them.

    A part of a longer message holds 153 septets or 67 code units; an escape sequence or a surrogate pair
    is never split between two parts.
    """
    if is_gsm(text):
        return _measured(Encoding.GSM_7, text, _EXTENSION.intersection(text), alone=160, part=153)
    wide = frozenset(char for char in set(text) if char > "\uffff")
    return _measured(Encoding.UCS_2, text, wide, alone=70, part=67)


def _measured(encoding: Encoding, text: str, wide: frozenset[str], *, alone: int, part: int) -> Measure:
    """``wide`` holds the characters that take two places; where ``text`` has none, counting is a division."""
    if not wide:
        return Measure(encoding, len(text), 1 if len(text) <= alone else -(-len(text) // part))
    total, segments, filled = 0, 1, 0
    for char in text:
        width = 2 if char in wide else 1
        total += width
        if filled + width > part:
            segments, filled = segments + 1, 0
        filled += width
    return Measure(encoding, total, 1 if total <= alone else segments)
