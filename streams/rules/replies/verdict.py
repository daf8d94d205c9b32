"""From pieces to an answer. The rules are few and lean one way: what is not surely a yes is none.

Whoever reads this for the first time: a false yes sends nobody and ends the search for help, a missed yes costs one
more text. So a no, an if, a maybe, a question or an unknown word in the wrong place each forbid a yes, and the person
is asked again.
"""

from schemas.vocabulary import Answer
from streams.rules.replies.ambiguous import (
    is_if_not,
    no_where_it_stands_alone,
    says_yes_somewhere,
    with_or_whether,
    yes_in_its_place,
    yes_or_if,
)
from streams.rules.replies.consent import consent, part_in_spite
from streams.rules.replies.context import GOVERN, POSITIVE, K, P, unknown_words
from streams.rules.replies.pieces import Piece
from streams.rules.replies.reading import Reading, sorted_out

_BARE_NO = 4
"""Letters of the longest word for no; longer ones say more: cannot."""
_THERE_IS_NONE = ("nav", "nera")
_FEW = 2
MAX_UNKNOWN_BESIDE_RECEIPT = 8


def judge(pieces: tuple[Piece, ...], asked_sentences: frozenset[int]) -> Answer | None:
    """The answer that ``pieces`` give, None where they give none that can be taken.

    ``ok``, ``labi``, ``gerai`` and a thumb are *received*, never a yes: people write them to say that they have read.
    """
    if is_if_not(pieces):
        return None
    yes_somewhere = says_yes_somewhere(pieces)
    pieces = with_or_whether(no_where_it_stands_alone(yes_or_if(pieces)))
    reading = sorted_out(yes_in_its_place(pieces), asked_sentences)
    if part_in_spite(reading):
        return Answer.PARTIAL
    if reading.says(K.NO, K.SORRY) or _denied(reading):
        return None if yes_somewhere and reading.says(K.NO) else _refusal(reading)
    if reading.anywhere(K.NO, K.NEGATION):
        return None
    if reading.says(K.BUSY):
        return None if reading.anywhere(*POSITIVE, K.THEY_COME, K.DOUBT) else Answer.DECLINE
    if reading.anywhere(K.DOUBT, K.AGO) or any(piece.what is K.BUT for piece in reading.asked):
        return Answer.DEFER if reading.postpones() else None
    if any(piece.what in (K.LATER, K.CALL_BACK) for piece in reading.indirect):
        return Answer.DEFER
    if reading.says(K.LATER) or (reading.says(K.CALL_BACK) and not reading.says(K.GOING)):
        return Answer.DEFER
    return consent(reading) or _receipt(reading)


def _refusal(reading: Reading) -> Answer | None:
    """A no. Together with a yes it is neither, unless the yes is to somebody else's call."""
    if reading.says(*POSITIVE):
        comes_elsewhere = reading.says(K.BUSY) and not reading.says(K.YES)
        sorry_only = not reading.says(K.NO) and not _denied(reading)
        if sorry_only and not reading.anywhere(K.DOUBT, K.NEGATION, K.BUSY, K.LATER):
            return consent(reading)
        return Answer.DECLINE if comes_elsewhere else None
    if not reading.says(K.NO) and not _denied(reading):  # regret alone
        if reading.anywhere(K.NEGATION, K.DOUBT):
            return Answer.DECLINE if reading.says(K.NEGATION) else None
        if reading.says(K.LATER, K.CALL_BACK):
            return Answer.DEFER
        return consent(reading) or Answer.DECLINE
    if reading.says(P.AMOUNT, P.NOUN) and reading.says(K.ONLY):
        return None  # "nevaram, tikai 1 mašīnu"
    later = reading.says(K.LATER, K.CALL_BACK)
    return Answer.DEFER if later and not _says_no_first(reading) else Answer.DECLINE


def _says_no_first(reading: Reading) -> bool:
    """Whether a bare no stands before everything else: "nē, varbūt vēlāk", and not "tagad nevaram, vēlāk"."""
    words = [piece for piece in reading.plain if piece.what not in (P.CODE, K.FILLER, K.SORRY, K.THANKS)]
    first = [piece for piece in words if piece.clause == words[0].clause] if words else []
    return bool(first) and all(piece.what is K.NO and len(piece.word) <= _BARE_NO for piece in first)


def _denied(reading: Reading) -> bool:
    """Whether a negation stands with what is lacking: "nav brīva", "nėra galimybės"."""
    negations = [piece for piece in reading.plain if piece.what is K.NEGATION]
    if len(negations) == 1 and not reading.says(K.LACKING, P.NOUN):
        words = [piece for piece in reading.plain if piece.what not in (K.FILLER, P.CODE, K.THANKS)]
        short = len(words) <= _FEW and all(piece.what in (K.NEGATION, P.UNKNOWN) for piece in words)
        return short and words[-1].word in _THERE_IS_NONE and not reading.asked  # "nav", "šofera nav"
    return bool(negations)


def _receipt(reading: Reading) -> Answer | None:
    """Received: said so, or nothing but thanks."""
    if sum(1 for _ in unknown_words(reading.plain)) > MAX_UNKNOWN_BESIDE_RECEIPT:
        return None
    if reading.says(K.OK, K.RECEIVED):
        return Answer.RECEIVED
    thanks = reading.says(K.THANKS) and all(
        piece.what in (K.THANKS, K.FILLER, P.CODE, *GOVERN) for piece in reading.plain
    )
    return Answer.RECEIVED if thanks and not reading.asked else None
