"""Words as they are compared: without diacritics, case and the endings of three languages. Pure.

Latvian and Lithuanian change the ends of words (gaisras, gaisro, gaisrą): two words are taken for forms of one when
nothing but a known ending tells them apart. That is coarse, and enough to find things: it never hides a word.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

SHORTEST_STEM = 3
"""Letters that stay when an ending is taken off."""

MAX_TERMS = 16
"""Words of one search that are looked at; what follows is not."""

MAX_LETTERS = 64

_ENDINGS = (
    # Latvian and Lithuanian, folded: ā, ą and a are one
    "a as ai am ams u us os i is im iem iems e es ei em ems s ie o um ui um ums uose is io iui iu yje ys iai iam iams "
    "iais iuose eje emis ese oje omis omas ose oms ies imi imis yse ims ies iu jo ju ja je jai jas jos jam jams jais "
    "juje aus au umi umis uje iaus iumi iuje ejo ejai eju ejas ejus ejuose ejiem "
    # English
    "es ed ing"
)
_SORTED = tuple(sorted(set(_ENDINGS.split()), key=lambda ending: (-len(ending), ending)))

SMALL_WORDS = frozenset(
    "a an and at by for from in near of on or the to with "  # English
    "ar bet gan kas ka no par pec pie pret starp un uz vai "  # Latvian
    "ant apie ar bei be del i ir is iki kad kur nuo o per po prie prieš su uz ".replace("š", "s").split()
)
"""Words that say nothing alone: left out of a search where no incident has them."""


@dataclass(frozen=True)
class Term:
    """One thing to find: words that stand side by side, folded; one word mostly, several where they were joined."""

    words: tuple[str, ...]
    typed: str


def fold(text: str) -> str:
    """``text`` without diacritics and case, as the index holds it."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text)
    return "".join(char for char in apart if not unicodedata.combining(char)).casefold()


def tokens(text: str) -> tuple[str, ...]:
    """The folded words of ``text``; whatever is no letter and no digit separates."""
    return tuple("".join(char if char.isalnum() else " " for char in fold(text)).split())


def terms(typed: str) -> tuple[Term, ...]:
    """What a search for ``typed`` looks for. Any text is one: signs have no meaning, at most ``MAX_TERMS`` count."""
    return tuple(_terms(typed))[:MAX_TERMS]


def _terms(typed: str) -> Iterator[Term]:
    for piece in typed.replace("\0", " ").split():
        words = tuple(word[:MAX_LETTERS] for word in tokens(piece))
        if words:
            yield Term(words, piece.strip("\"'*():;,."))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """``word`` (folded) without its ending; words with digits are names and stay as they are."""
    if not word.isalpha():
        return word
    for ending in _SORTED:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return word[: -len(ending)]
    return word
