"""Words that say one thing here and another there: "ja" (yes, if), "no" (no, from), "ar" (with, whether)."""

from dataclasses import replace

from streams.rules.replies.context import BESIDE_YES, COMING, DETAILS, POSITIVE, K, P, clause_of, is_name, unknown_words
from streams.rules.replies.pieces import Piece

_SMALL_WORDS = frozenset((K.YES, K.YES_OR_IF, K.OK, K.THANKS, K.AFTER, K.CLOCK, K.NEAR, K.ONLY, K.BUT, K.PARTLY))
_BESIDE_A_LONE_JA = frozenset(
    (
        "nu",
        "ludzu",
        "labdien",
        "labvakar",
        "sveiki",
        "jau",
        "tulit",
        "uzreiz",
        "tagad",
        "mes",
        "es",
        "un",
        "ari",
        "atbilde",
        "atbildu",
        "kods",
        "atsakymas",
        "kodas",
    )
)


def says_yes_somewhere(pieces: tuple[Piece, ...]) -> bool:
    """Whether a yes stands anywhere, also in doubt; a "ja" that ends its clause is one, for no if does."""
    return any(
        piece.what is K.YES or (piece.what is K.YES_OR_IF and clause_of(pieces, piece.clause)[-1] is piece)
        for piece in pieces
    )


def is_if_not(pieces: tuple[Piece, ...]) -> bool:
    """Whether a no follows "ja" in its clause: "ja nevaram" is a condition, "ja ne" a yes and a no."""
    ifs = [piece.clause for piece in pieces if piece.what is K.YES_OR_IF]
    for index, piece in enumerate(pieces):
        if piece.what is K.NO and piece.clause in ifs:
            return any(one.what is K.YES_OR_IF and one.clause == piece.clause for one in pieces[:index])
    return False


def yes_or_if(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Latvian "ja" typed without its macron: yes, or if.

    It is a yes where its clause says nothing else but details and politeness, and where it is followed by what is
    being done already ("ja braucam"): nobody makes a condition of what they do. With what may or shall be done ("ja
    varam") it is a yes only if no other clause follows for which it could be the condition.
    """
    result = list(pieces)
    then = any(piece.what is K.THEN for piece in pieces)
    for index, piece in enumerate(pieces):
        if piece.what is K.YES_OR_IF:
            yes = not then and _is_yes(pieces, piece)
            result[index] = replace(piece, what=K.YES if yes else K.DOUBT)
    return tuple(result)


def _is_yes(pieces: tuple[Piece, ...], piece: Piece) -> bool:
    own = clause_of(pieces, piece.clause)
    rest = [one for one in own if one.what is not K.YES_OR_IF]
    if any(one.what not in BESIDE_YES for one in rest) or any(True for _ in unknown_words(tuple(rest))):
        return False
    verbs = [one for one in rest if one.what in COMING or one.what is K.THEY_COME]
    alone = all(_is_beside_a_lone_ja(one) for one in rest)
    if alone:
        return True
    before_verb = own[own.index(piece) + 1 : own.index(verbs[0])] if verbs else []
    if not all(_is_beside_a_lone_ja(one) for one in before_verb):
        return False  # "ja vajag braucam"
    if verbs and all(one.what is K.GOING for one in verbs):
        return True
    others = [one for one in pieces if one.clause != piece.clause]
    condition_of = any(
        one.what in POSITIVE or one.what in (K.THEY_COME, K.YES_OR_IF, P.UNKNOWN, K.NO) for one in others
    )
    they = any(one.what is K.THEY_COME for one in verbs) and not any(one.what in (P.AMOUNT, P.TIME) for one in rest)
    return len(verbs) == 1 and not condition_of and not they


def _is_beside_a_lone_ja(piece: Piece) -> bool:
    return piece.what in DETAILS or piece.what in _SMALL_WORDS or piece.word in _BESIDE_A_LONE_JA


def no_where_it_stands_alone(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """English "no" is a no where its clause holds nothing else; Latvian "no" means "from"."""
    result = list(pieces)
    for index, piece in enumerate(pieces):
        if piece.what is K.NO_ALONE:
            others = [one for one in clause_of(pieces, piece.clause) if one is not piece]
            alone = all(one.what in (P.CODE, K.NO_ALONE, K.SORRY, K.THANKS) for one in others)
            result[index] = replace(piece, what=K.NO if alone else K.NEAR)
    return tuple(result)


def with_or_whether(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Within a clause a question word leaves a doubt ("žiūrėsim, ką galim"). Of "ar" it depends on what follows:
    Latvian "with" a thing, Lithuanian "whether" we can."""
    result = list(pieces)
    for index, piece in enumerate(pieces):
        if piece.what is K.QUESTION_FIRST and not _begins(pieces, index):
            after = pieces[index + 1].what if index + 1 < len(pieces) else None
            with_something = piece.word == "ar" and after not in (*POSITIVE, K.THEY_COME, K.YES_OR_IF)
            result[index] = replace(piece, what=K.NEAR if with_something else K.DOUBT)
    return tuple(result)


def _begins(pieces: tuple[Piece, ...], index: int) -> bool:
    """Whether the piece begins its clause; a code before it does not count."""
    before = pieces[index - 1] if index else None
    return before is None or before.clause != pieces[index].clause or before.what is P.CODE


def yes_in_its_place(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """A yes counts where it begins its clause (after a greeting, a code, a detail) and no unknown word follows it at
    once. Elsewhere it is another word: Lithuanian "taip" is also "so"."""
    result = list(pieces)
    for index, piece in enumerate(pieces):
        if piece.what is not K.YES:
            continue
        own = clause_of(pieces, piece.clause)
        at = own.index(piece)
        before_fits = all(one.what in BESIDE_YES for one in own[:at])
        after_fits = at + 1 == len(own) or own[at + 1].what is not P.UNKNOWN or is_name(own[at + 1])
        if not (before_fits and after_fits):
            result[index] = replace(piece, what=P.UNKNOWN)
    return tuple(result)
