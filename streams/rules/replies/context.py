"""What every rule about a reply needs: groups of pieces, clauses, and words that nobody knows."""

import itertools
from collections.abc import Iterable, Iterator

from schemas.policy.reply_lexicon import WordKind
from streams.rules.replies.pieces import Part, Piece

K, P = WordKind, Part
"""Short names: the rules speak of little else."""

COMING = frozenset((K.GOING, K.WILL, K.GIVE))
"""We come, we shall come, we give."""
POSITIVE = COMING | {K.YES}
"""What makes a yes by itself."""
DETAILS = frozenset((P.CODE, P.NUMBER, P.RANGE, P.POINT, P.NOUN, P.AMOUNT, P.TIME, P.DURATION, P.HEADS, P.PLACE))
"""How many, when, where, which request."""
GOVERN = frozenset((K.NEAR, K.AFTER, K.CLOCK, K.NO_ALONE, K.OF))
"""Prepositions: what follows them is a place, a person or a time."""
PLAIN = DETAILS | GOVERN | {K.FILLER, K.THANKS, K.OK, K.HARMLESS, K.ONLY, K.TO_GIVE, K.MINUTE, K.HOUR, K.LACKING}
"""What says neither yes nor no."""
BESIDE_YES = PLAIN | POSITIVE | {K.RECEIVED, K.SORRY, K.YES_OR_IF, K.THEY_COME, K.BUT, K.THEN, K.PARTLY}
"""What may stand before a yes in its clause."""
_GOVERNED = 2
_WHERE_TO = frozenset(("uz", "i", "pie", "pas", "prie", "lidz", "iki", "link", "ant", "to", "at", "в", "на", "к", "у"))


def clause_of(pieces: Iterable[Piece], clause: int) -> list[Piece]:
    """The pieces of one clause."""
    return [piece for piece in pieces if piece.clause == clause]


def clauses_with(plain: tuple[Piece, ...], *kinds: WordKind | Part) -> set[int]:
    """The clauses that hold one of ``kinds``."""
    return {piece.clause for piece in plain if piece.what in kinds}


def unknown_words(plain: tuple[Piece, ...]) -> Iterator[Piece]:
    """Unknown words that are no place and no name: not behind a preposition, not capitalised."""
    governed = 0
    for index, piece in enumerate(plain):
        if piece.what in GOVERN:
            governed = _GOVERNED
            continue
        strange = piece.what is P.UNKNOWN and piece.word.isalpha()
        if strange and not governed and not (index > 0 and is_name(piece)):
            yield piece
        governed = max(0, governed - 1)


def goes_elsewhere(plain: tuple[Piece, ...]) -> bool:
    """Whether it is said where to, and that is no place of the policy: "braucam uz Rīgu". Where from, with whom and
    when tell nothing of the kind."""
    return any(
        piece.word in _WHERE_TO and piece.what in GOVERN and after.what is P.UNKNOWN and after.word.isalpha()
        for piece, after in itertools.pairwise(plain)
    )


def is_name(piece: Piece) -> bool:
    """Whether it is written like a name: a capital, then small letters."""
    return piece.raw[:1].isupper() and piece.raw[1:].islower()
