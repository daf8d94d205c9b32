"""Diacritic-free writing: every Latvian and Lithuanian letter and typographic sign as plain ASCII.

One such letter makes a whole SMS UCS-2 (70 characters a part and not 160), so a contact may ask for ASCII.
"""

import unicodedata
from functools import lru_cache

# The 32 letters with marks of the two alphabets: Latvian āčēģīķļņšūž, Lithuanian ąčęėįšųūž, both cases.
_MARKED = "āąčēęėģīįķļņšūųž"
_PLAIN = "aaceeegiiklnsuuz"
_LETTERS = dict(zip(_MARKED + _MARKED.upper(), _PLAIN + _PLAIN.upper(), strict=True))

_SIGNS = {
    **dict.fromkeys("„“”«»″", '"'),
    **dict.fromkeys("‚‘’‛`´′", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "…": "...",
    "°": " deg",
    "€": "EUR",
    "№": "No.",
    "×": "x",
    "•": "-",
    "→": "->",
}

UNKNOWN = "?"
"""Stands for a character that has no plain form, so that a reader sees that something is missing."""


@lru_cache(maxsize=64)
def to_ascii(text: str) -> str:
    """``text`` in printable ASCII, which is within GSM 03.38; spaces of any kind become plain ones.

    A letter of another alphabet loses its marks (``ö`` → ``o``); what has no plain form becomes ``?``.
    """
    return " ".join(unicodedata.normalize("NFC", text).translate(_TABLE).split())


def _plain(char: str) -> str:
    if char in _LETTERS:
        return _LETTERS[char]
    if char in _SIGNS:
        return _SIGNS[char]
    if char.isspace():
        return " "
    if char.isascii():
        return char if char.isprintable() else ""
    bare = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    plain = "".join(part for part in bare if part.isascii() and part.isprintable() and part not in _SIGNS)
    if plain:
        return plain
    return "" if unicodedata.combining(char) else UNKNOWN


class _PlainForms(dict[int, str]):
    """Plain forms by code point: the usual ones at hand, the others worked out when they come."""

    def __missing__(self, code: int) -> str:
        return _plain(chr(code))


_USUAL = (range(0x250), range(0x2000, 0x20D0))
"""Latin letters with and without marks; typographic signs and currencies."""

_TABLE = _PlainForms({code: _plain(chr(code)) for codes in _USUAL for code in codes})
