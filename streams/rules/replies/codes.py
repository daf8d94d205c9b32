"""Which token of a reply is the code of a request, also where a phone or a hand has split or blurred it."""

import re
from dataclasses import dataclass

from schemas.policy.reply_lexicon import WordKind
from streams.rules.replies.lexicon import Lexicon
from streams.rules.replies.tokens import Token, Tokens

_CODE = re.compile(r"[2-9A-HJ-NP-Z]{4}")
_BLURRED = re.compile(r"[0-9A-Z]{4}")
_NEVER_IN_A_CODE = frozenset("0O1I")
_VOWELS = frozenset("AEUY")
_MAX_NEAR = 8
_LOOK_ALIKE = str.maketrans("АВЕЕКМНРСТХУавекмнрстху", "ABEEKMHPCTXYabekmhpctxy")
"""Cyrillic letters that look like Latin ones: a Russian keyboard offers them."""


@dataclass(frozen=True, slots=True)
class Codes:
    """``code`` is the code as understood; where it is not ``sure`` it may be a word in capitals. ``near`` are tokens
    that are a code only if one like it is open: in small letters, or with 0, O, 1 or I, which no code has. ``at``
    are the indices of tokens that stand for the code."""

    code: str | None = None
    sure: bool = False
    near: tuple[str, ...] = ()
    at: frozenset[int] = frozenset()


def find_codes(tokens: Tokens, lexicon: Lexicon) -> Codes:
    """The code in ``tokens``. Two different codes leave none, and both are near."""
    shouted = all(token.raw.isupper() or not token.raw.isalpha() for token in tokens.all)
    sure: dict[str, list[int]] = {}
    maybe: dict[str, list[int]] = {}
    near: dict[str, None] = {}
    blurred: list[int] = []
    for index, token in enumerate(tokens.all):
        upper = _latin(token.raw).upper()
        if not upper.isascii() or _is_known(token, lexicon):
            continue
        if _CODE.fullmatch(upper) and not upper.isdigit():
            if not upper.isalpha() or _VOWELS.isdisjoint(upper) or (token.raw.isupper() and not shouted):
                sure.setdefault(upper, []).append(index)
            elif token.raw.isupper():
                maybe.setdefault(upper, []).append(index)
            else:
                near[upper] = None
        elif _BLURRED.fullmatch(upper) and not upper.isdigit() and not _NEVER_IN_A_CODE.isdisjoint(upper):
            near[upper] = None
            blurred += [] if upper.isalpha() else [index]
    if not sure:
        sure = _split(tokens, lexicon)
    if not sure and not maybe:
        maybe = _beside_an_answer(tokens, lexicon)
    return _settled(sure, maybe, near, blurred)


def _settled(
    sure: dict[str, list[int]], maybe: dict[str, list[int]], near: dict[str, None], blurred: list[int]
) -> Codes:
    found = sure or (maybe if len(maybe) == 1 else {})
    at = frozenset(index for indices in found.values() for index in indices) | frozenset(blurred)
    others = tuple(code for code in (*(sure if len(sure) > 1 else ()), *maybe, *near))
    if len(found) != 1:
        return Codes(None, False, others[:_MAX_NEAR], at)
    code = next(iter(found))
    return Codes(code, bool(sure), tuple(other for other in others if other != code)[:_MAX_NEAR], at)


def _latin(raw: str) -> str:
    mixed = len(raw) == 4 and any(char.isascii() for char in raw)
    return raw.translate(_LOOK_ALIKE) if mixed else raw


def _is_known(token: Token, lexicon: Lexicon) -> bool:
    """Whether the token is a word we know: then it is no code, though its letters would do."""
    return lexicon.kind(token.word) is not None or lexicon.is_counted(token.word)


def _beside_an_answer(tokens: Tokens, lexicon: Lexicon) -> dict[str, list[int]]:
    """A code in small letters that reads like a word: before what we know ("dfas taip"), or behind a yes or no alone.

    A fifth of all codes are letters only with a vowel among them; and names are such words too, so it is never sure.
    """
    if len(tokens.all) < 2 or lexicon.phrase_at(tuple(token.word for token in tokens.all[:2])) is not None:
        return {}
    first, last = tokens.all[0], tokens.all[-1]
    second = tokens.all[1]
    if _may_be_code(first, lexicon) and _is_known(second, lexicon):
        return {first.raw.upper(): [0]}
    plainly = second is last and lexicon.kind(first.word) in (WordKind.YES, WordKind.NO)
    if (
        _may_be_code(last, lexicon)
        and (plainly or first.raw.casefold() == "jā")
        and len(tokens.all) == 2
        and first.sentence == last.sentence
    ):
        return {last.raw.upper(): [1]}
    return {}


def _may_be_code(token: Token, lexicon: Lexicon) -> bool:
    upper = token.raw.upper()
    return _CODE.fullmatch(upper) is not None and not upper.isdigit() and not _is_known(token, lexicon)


def _split(tokens: Tokens, lexicon: Lexicon) -> dict[str, list[int]]:
    """A code in pieces: "7F 2K", "7F-2K", "D 7 Q K"."""
    for start in range(len(tokens.all)):
        joined = ""
        for end in range(start, min(start + 4, len(tokens.all))):
            token = tokens.all[end]
            if token.sentence != tokens.all[start].sentence or len(token.raw) > 3 or _is_unit(tokens, end, lexicon):
                break
            joined += _latin(token.raw).upper()
            if len(joined) >= 4:
                if end > start and _CODE.fullmatch(joined) and _plausible(tokens.all[start : end + 1], joined):
                    return {joined: list(range(start, end + 1))}
                break
    return {}


def _is_unit(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """Whether the token says something by itself, as a word or as a number before one does."""
    token = tokens.all[index]
    if len(token.raw) == 1 and not token.raw.isdigit():
        return lexicon.kind(token.word) is WordKind.HOUR and index > 0 and tokens.all[index - 1].raw.isdigit()
    if token.raw.isalpha():
        return _is_known(token, lexicon)
    return False


def _plausible(parts: tuple[Token, ...], joined: str) -> bool:
    """Letters and digits mixed, and one part mixed by itself, or every part one character, or joined by hyphens."""
    if joined.isalpha() or joined.isdigit():
        return joined.isalpha() and all(part.raw.isupper() for part in parts) and _VOWELS.isdisjoint(joined)
    mixed = any(not part.raw.isalpha() and not part.raw.isdigit() for part in parts)
    return mixed or all(len(part.raw) == 1 for part in parts) or all(part.tight for part in parts[1:])
