"""Names as people write them: folded, abbreviations spelt out, with one slip of a letter forgiven."""

import unicodedata
from collections.abc import Hashable, Iterable
from functools import cached_property, lru_cache
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

MIN_LETTERS_FOR_A_SLIP = 5

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
    """Whether one letter added, left out or replaced turns ``left`` into ``right``."""
    if abs(len(left) - len(right)) > 1 or left == right:
        return False
    if len(left) > len(right):
        left, right = right, left
    at = next((i for i, char in enumerate(left) if char != right[i]), len(left))
    return left[at:] == right[at + 1 :] or (len(left) == len(right) and left[at + 1 :] == right[at + 1 :])


class NameBook(Generic[T]):
    """Entries by their spellings. The entries of the most exact spelling that is known win."""

    def __init__(self, entries: Iterable[tuple[T, Iterable[str]]]) -> None:
        book: dict[str, dict[T, None]] = {}
        for entry, names in entries:
            for name in names:
                for key in spellings(name):
                    book.setdefault(key, {})[entry] = None
        self._book = {key: tuple(found) for key, found in book.items()}

    def exact(self, text: str) -> tuple[T, ...]:
        """Entries whose name is ``text``, empty if none."""
        for key in spellings(text):
            if found := self._book.get(key):
                return found
        return ()

    def with_a_slip(self, text: str) -> tuple[T, ...]:
        """The one entry whose name is a letter away from ``text``; empty if there is none or more than one."""
        keys = spellings(text)
        if not keys or len(keys[-1]) < MIN_LETTERS_FOR_A_SLIP:
            return ()
        wanted = keys[-1]
        near = {
            key
            for part in _shortened(wanted)
            for key in self._shorter.get(part, ())
            if len(key) >= MIN_LETTERS_FOR_A_SLIP and one_slip_apart(wanted, key)
        }
        found = {entry for key in near for entry in self._book[key]}
        return tuple(found) if len(found) == 1 else ()

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
