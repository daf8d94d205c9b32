"""From tokens to pieces: phrases, words, amounts, durations and codes, in the order they were typed."""

from dataclasses import dataclass, replace
from enum import StrEnum

from schemas.policy.reply_lexicon import WordKind
from schemas.vocabulary import NeedKind
from streams.rules.replies.lexicon import Lexicon
from streams.rules.replies.tokens import Token, Tokens

_MAX_PHRASE = 6
_RAW_YES_WITH_MACRON = "jā"


class Part(StrEnum):
    """What a piece is that is no word of an answer."""

    CODE = "code"
    NUMBER = "number"
    RANGE = "range"
    POINT = "point"
    """A number with a point, comma or colon: a time of day or a decimal."""
    NOUN = "noun"
    HEADS = "heads"
    DURATION = "duration"
    AMOUNT = "amount"
    TIME = "time"
    PLACE = "place"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Piece:
    """One word or phrase with what it says. ``value`` is a number or minutes, ``need`` what is counted."""

    what: WordKind | Part
    raw: str
    word: str
    sentence: int
    clause: int
    value: float | None = None
    need: NeedKind | None = None
    tight: bool = False

    @property
    def kind(self) -> WordKind | None:
        """The kind of word, None where it is another part."""
        return self.what if isinstance(self.what, WordKind) else None


def pieces_of(tokens: Tokens, lexicon: Lexicon, codes: frozenset[int]) -> tuple[Piece, ...]:
    """The pieces of ``tokens``; ``codes`` are the indices of tokens that are (part of) a code."""
    pieces: list[Piece] = []
    index = 0
    while index < len(tokens.all):
        token = tokens.all[index]
        if index in codes:
            if not (index - 1 in codes and pieces and pieces[-1].what is Part.CODE):
                pieces.append(_piece(token, Part.CODE))
            index += 1
            continue
        phrase = lexicon.phrase_at(_words_from(tokens, index, codes))
        if phrase is not None:
            what: WordKind | Part = phrase.kind or (Part.DURATION if phrase.minutes else Part.NOUN)
            pieces.append(replace(_piece(token, what), value=phrase.minutes, need=phrase.need))
            index += len(phrase.patterns)
            continue
        piece = _single(token, lexicon)
        if piece.what is not Part.UNKNOWN or token.word[:1].isalnum():  # an unknown sign says nothing
            pieces.append(piece)
        index += 1
    return tuple(pieces)


def _words_from(tokens: Tokens, index: int, codes: frozenset[int]) -> tuple[str, ...]:
    """The words from ``index`` on, to the end of the clause and no further than a phrase reaches."""
    first = tokens.all[index]
    words = []
    for at in range(index, min(index + _MAX_PHRASE, len(tokens.all))):
        token = tokens.all[at]
        if token.clause != first.clause or at in codes:
            break
        words.append(token.word)
    return tuple(words)


def _piece(token: Token, what: WordKind | Part) -> Piece:
    return Piece(what, token.raw, token.word, token.sentence, token.clause, tight=token.tight)


def _single(token: Token, lexicon: Lexicon) -> Piece:
    word = token.word
    if token.raw.casefold().rstrip("!") == _RAW_YES_WITH_MACRON:
        return _piece(token, WordKind.YES)  # with its macron it cannot mean "if"
    if word[:1].isdigit() and not word.isalnum():
        return _figure(token)
    number = lexicon.number(word)
    if number is not None:
        return replace(_piece(token, Part.NUMBER), value=number)
    if (heads := lexicon.heads.get(word)) is not None:
        return replace(_piece(token, Part.HEADS), value=heads, need=NeedKind.FIREFIGHTERS)
    if (minutes := lexicon.times.get(word)) is not None:
        return replace(_piece(token, Part.DURATION), value=minutes)
    kind, noun = lexicon.kind(word), lexicon.noun(word)
    if kind is None and noun is None:
        kind = _by_form(word)
    if kind in (WordKind.STOP, WordKind.START):
        kind = WordKind.DOUBT  # within a sentence they command nothing
    if kind in (None, WordKind.NEGATION) and noun is None and lexicon.is_place(word):
        return _piece(token, Part.PLACE)
    if noun is not None and kind in (None, WordKind.FILLER, WordKind.LACKING):
        return replace(_piece(token, Part.NOUN), need=noun)
    return _piece(token, kind if kind is not None else Part.UNKNOWN)


_FIRST_PERSON = ("u", "am", "ame", "im", "ime", "om", "ome", "amies", "imies", "os", "em")
_CONDITIONAL = ("etu", "iktu", "auktu", "otu", "ciau", "tume", "tumem")


def _by_form(word: str) -> WordKind | None:
    """What the form of an unknown word tells: ne- (Russian не-) denies, with the ending of "I" or "we" it refuses; a
    conditional leaves a doubt."""
    if len(word) > 3 and word.startswith(("ne", "не")):
        return WordKind.NO if len(word) > 5 and word.endswith(_FIRST_PERSON) else WordKind.NEGATION
    return WordKind.DOUBT if len(word) > 5 and word.endswith(_CONDITIONAL) else None


def _figure(token: Token) -> Piece:
    """A range such as "10-15" with the larger number as its value, or "21.40", hours and minutes as they stand."""
    for sign in "-–—":
        if sign in token.raw:
            low, _, high = token.raw.partition(sign)
            return replace(_piece(token, Part.RANGE), value=max(int(low), int(high)))
    return _piece(token, Part.POINT)
