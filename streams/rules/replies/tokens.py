"""A reply as tokens: words without case and diacritics, each with the clause and sentence it stands in."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

MAX_CHARS = 2000
"""More than the longest text a phone can send (1,600); the rest is not read."""

_DROPPED = {"Mn", "Cf", "Sk", "Cc"}
"""Marks, joiners, skin tones, controls: what remains of an emoji is its picture."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or sign. ``raw`` is as typed, ``word`` folded; clauses and sentences count from 0 through the
    whole text; ``tight`` says that nothing but a hyphen separates it from the token before."""

    raw: str
    word: str
    sentence: int
    clause: int
    tight: bool = False


@dataclass(frozen=True, slots=True)
class Tokens:
    """All tokens of a text, and which of its sentences end with a question mark."""

    all: tuple[Token, ...]
    asked: frozenset[int]


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """``text`` in lower case without diacritics: "JĀ" and "jā" become "ja"."""
    if text.isascii():
        return text.lower().replace("’", "'")
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in parts if unicodedata.category(char) not in _DROPPED).replace("’", "'")


_TOKEN = re.compile(
    r"(?P<range>\d{1,3}\s?[-–—]\s?\d{1,3}(?![\d.,:]|\w))"
    r"|(?P<number>\d{1,4}[.,:]\d{1,4}(?![\w]))"
    r"|(?P<word>[^\W_](?:[^\W_]|['’](?=[^\W_]))*)"
    r"|(?P<end>\.{1,}|[!…\n])|(?P<question>\?+)|(?P<comma>[,;:()\[\]/|\"„“”«»]|(?<=\s)[-–—+](?=\s))"
    r"|(?P<hyphen>[-–—])|(?P<sign>[^\s\w])"
)
_GLUED = re.compile(r"(\d{1,3})([^\W\d_]+)")
_TIMES = re.compile(r"(\d{1,2})[xх×](\d{0,2})", re.IGNORECASE)


def tokenize(text: str, is_unit: Callable[[str], bool]) -> Tokens:
    """The tokens of ``text``. A number glued to a word is split where ``is_unit`` knows the word: "20min"."""
    text = unicodedata.normalize("NFC", text[:MAX_CHARS])
    found: list[Token] = []
    asked: set[int] = set()
    sentence = clause = 0
    tight = False
    for match in _TOKEN.finditer(text):
        kind, raw = match.lastgroup, match.group()
        if kind in ("end", "question"):
            if kind == "question":
                asked.add(sentence)
            sentence, clause = sentence + 1, clause + 1
        elif kind == "comma":
            clause += 1
        elif kind == "hyphen":
            tight = True
            continue
        else:
            if kind == "sign" and not fold(raw).strip():
                continue
            parts = _parts(raw, is_unit) if kind == "word" else (raw,)
            found += [Token(part, fold(part), sentence, clause, tight and not nth) for nth, part in enumerate(parts)]
        tight = False
    return Tokens(tuple(found), frozenset(asked))


def _parts(raw: str, is_unit: Callable[[str], bool]) -> tuple[str, ...]:
    times = _TIMES.fullmatch(raw)
    if times:
        return tuple(part for part in times.groups() if part)
    glued = _GLUED.fullmatch(raw)
    if glued and is_unit(fold(glued[2])):
        return glued[1], glued[2]
    return (raw,)
