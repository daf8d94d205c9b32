"""Names as people write them: folded, abbreviations spelt out, with one slip of a letter forgiven.

A slip is one letter added, left out, replaced, or swapped with the next. A slip can turn the name of one place into
the name of another, so whoever looks a name up also learns which other names are a slip away (``near``).
"""

import difflib
import unicodedata
from collections.abc import Hashable, Iterable, Iterator
from functools import cached_property, lru_cache
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

MIN_LETTERS_OF_A_NAME = 4
"""Shorter names must be written exactly: one letter is too much of them."""

MIN_LETTERS_WRITTEN = 3
MAX_REMEMBERED = 4096
ALIKE = 0.7
"""How alike a name must be to be suggested: the share of letters in common, as ``difflib`` counts them."""

# One spelling for each word that says what kind of unit a name is of; case forms and abbreviations alike.
_WORDS = {
    **dict.fromkeys(("pag", "pagasta", "pagasts"), "pagasts"),
    **dict.fromkeys(("vls", "valsciaus", "valsciuje", "valscius", "parish"), "pagasts"),
    **dict.fromkeys(("sen", "seniunijos", "seniunijoje", "seniunija", "senunija", "senunijas"), "seniunija"),
    **dict.fromkeys(("eldership", "eldersh"), "seniunija"),
    **dict.fromkeys(("nov", "novada", "novads"), "novads"),
    **dict.fromkeys(("r", "raj", "rajonas", "rajone", "rajona", "rajono", "district"), "rajono"),
    **dict.fromkeys(("m", "mst", "miesto", "city"), "miesto"),
    **dict.fromkeys(("sav", "savivaldybes", "savivaldybeje", "savivaldybe"), "savivaldybe"),
    **dict.fromkeys(("pasvaldiba", "pasvaldibas", "municipality"), "savivaldybe"),
}
_VILLAGE = frozenset(("k", "kaimas", "kaime", "kaimo", "ciems", "ciema", "mstl", "miestelis", "village"))
_PARISH = frozenset(("pagasts", "seniunija"))
_UNIT = frozenset(("novads", "rajono", "miesto", "savivaldybe"))
_KINDS = tuple(sorted(word for word in {*_WORDS, *_VILLAGE, *_PARISH, *_UNIT} if len(word) > 2))


def fold(text: str) -> str:
    """``text`` without diacritics, case and punctuation: "Žagarės sen." becomes "zagares sen"."""
    if not text.isascii():
        text = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return " ".join("".join(char if char.isalnum() else " " for char in text.casefold()).split())


@lru_cache(maxsize=4096)
def spellings(text: str) -> tuple[str, ...]:
    """The keys under which a name is looked for, most exact first: spelt out, without the word for the
    administration, and the bare name."""
    words = [_WORDS.get(word, word) for word in fold(text.partition("(")[0]).split()]
    words = [word for word in words if word not in _VILLAGE] or words
    full = " ".join(words)
    without_office = " ".join(word for word in words if word != "savivaldybe")
    bare = " ".join(word for word in words if word not in _PARISH and word not in _UNIT)
    return tuple(dict.fromkeys(key for key in (full, without_office, bare) if key))


def says_parish(text: str) -> bool:
    """Whether ``text`` calls itself a pagasts or seniūnija."""
    return not _PARISH.isdisjoint(spellings(text)[0].split()) if spellings(text) else False


def says_unit(text: str) -> bool:
    """Whether ``text`` calls itself a municipality."""
    return not _UNIT.isdisjoint(spellings(text)[0].split()) if spellings(text) else False


def one_slip_apart(left: str, right: str) -> bool:
    """Whether one letter added, left out, replaced or swapped with the next turns ``left`` into ``right``."""
    if abs(len(left) - len(right)) > 1 or left == right:
        return False
    if len(left) > len(right):
        left, right = right, left
    at = next((i for i, char in enumerate(left) if char != right[i]), len(left))
    if len(left) < len(right):
        return left[at:] == right[at + 1 :]
    swapped = left[at : at + 2] == right[at : at + 2][::-1] and left[at + 2 :] == right[at + 2 :]
    return swapped or left[at + 1 :] == right[at + 1 :]


@lru_cache(maxsize=4096)
def _without_kind(text: str) -> tuple[str, ...]:
    """The bare name of ``text``, and the names left when its end is read as a misspelt word for a kind of unit:
    "zagares sne" and "zagaressen" leave "zagares"."""
    keys = spellings(text)
    if not keys:
        return ()
    bare = keys[-1]
    name, _, last = bare.rpartition(" ")
    names = [name] if name and any(one_slip_apart(last, word) for word in _KINDS) else []
    names += [bare.removesuffix(word) for word in _KINDS if bare.endswith(word)]
    return (bare, *(name for name in names if len(name) >= MIN_LETTERS_WRITTEN))


class NameBook(Generic[T]):
    """Entries by their spellings. The entries of the most exact spelling that is known win."""

    def __init__(self, entries: Iterable[tuple[T, Iterable[str]]]) -> None:
        book: dict[str, dict[T, None]] = {}
        for entry, names in entries:
            for name in names:
                for key in spellings(name):
                    book.setdefault(key, {})[entry] = None
        self._book = {key: tuple(found) for key, found in book.items()}
        self._near: dict[str, tuple[T, ...]] = {}

    def exact(self, text: str) -> tuple[T, ...]:
        """Entries whose name is ``text``, empty if none."""
        for key in spellings(text):
            if found := self._book.get(key):
                return found
        return ()

    def near(self, text: str) -> tuple[T, ...]:
        """Entries whose name is one slip away from ``text``; of a name too short for a slip, none."""
        known = self._near.get(text)
        if known is None:
            known = tuple(dict.fromkeys(entry for key in self._near_keys(text) for entry in self._book[key]))
            if len(self._near) < MAX_REMEMBERED:
                self._near[text] = known
        return known

    def _near_keys(self, text: str) -> Iterator[str]:
        names = _without_kind(text)
        for name in names:
            if len(name) >= MIN_LETTERS_WRITTEN:
                candidates = sorted({key for part in _shortened(name) for key in self._shorter.get(part, ())})
                yield from (k for k in candidates if len(k) >= MIN_LETTERS_OF_A_NAME and one_slip_apart(name, k))
        yield from (name for name in names[1:] if name in self._book)

    def alike(self, text: str, limit: int) -> tuple[T, ...]:
        """Entries whose names look most like ``text``, likeliest first, at most ``limit``."""
        found: dict[T, None] = {}
        for wanted in _without_kind(text):
            for key in difflib.get_close_matches(wanted, self._book, n=limit, cutoff=ALIKE):
                found |= dict.fromkeys(self._book[key])
        return tuple(found)[:limit]

    @cached_property
    def _shorter(self) -> dict[str, tuple[str, ...]]:
        """Every key under itself and under each of its forms with one letter left out."""
        shorter: dict[str, list[str]] = {}
        for key in self._book:
            for part in _shortened(key):
                shorter.setdefault(part, []).append(key)
        return {part: tuple(keys) for part, keys in shorter.items()}


def _shortened(key: str) -> set[str]:
    return {key, *(key[:i] + key[i + 1 :] for i in range(len(key)))}
