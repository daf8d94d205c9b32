"""A reply sorted into what is said and what is asked."""

from dataclasses import dataclass

from schemas.policy.reply_lexicon import WordKind
from streams.rules.replies.context import K, P
from streams.rules.replies.pieces import Part, Piece


@dataclass(frozen=True)
class Reading:
    """A reply sorted: what is said (``plain``) and what is asked (``asked``), of which ``indirect`` without a question
    mark."""

    plain: tuple[Piece, ...]
    asked: tuple[Piece, ...]
    indirect: tuple[Piece, ...]

    def says(self, *kinds: WordKind | Part) -> bool:
        """Whether one of ``kinds`` is said."""
        return any(piece.what in kinds for piece in self.plain)

    def postpones(self) -> bool:
        """Whether an answer is promised, also beside what is asked: "gaidiet, skatos, kas brīvs"."""
        return any(piece.what in (K.LATER, K.CALL_BACK) for piece in (*self.plain, *self.indirect))

    def anywhere(self, *kinds: WordKind | Part) -> bool:
        """Whether one of ``kinds`` is said or asked."""
        return self.says(*kinds) or any(piece.what in kinds for piece in self.asked)


def sorted_out(pieces: tuple[Piece, ...], asked_sentences: frozenset[int]) -> Reading:
    """Sentences with a question mark or a question word are asked; all others are said.

    Where somebody asks for the way, what stands in the clauses before is said: "Jā, kur jābrauc?"
    """
    plain: list[Piece] = []
    asked: list[Piece] = []
    indirect: list[Piece] = []
    for sentence in sorted({piece.sentence for piece in pieces}):
        words = [piece for piece in pieces if piece.sentence == sentence]
        if sentence not in asked_sentences and not _is_question(words):
            plain += words
            continue
        where = next((piece.clause for piece in words if piece.what is K.WHERE), None)
        before = [piece for piece in words if where is not None and piece.clause < where]
        if any(piece.what in (K.QUESTION, K.BUT, K.DOUBT) for piece in words):
            before = []
        plain += before
        asked += words[len(before) :]
        indirect += [] if sentence in asked_sentences else words
    return Reading(tuple(plain), tuple(asked), tuple(indirect))


def _is_question(words: list[Piece]) -> bool:
    if any(piece.what in (K.QUESTION, K.WHERE) for piece in words):
        return True
    return any(
        piece.what is K.QUESTION_FIRST
        and not (index + 1 < len(words) and words[index + 1].what in (P.AMOUNT, P.NUMBER, P.NOUN))
        for index, piece in enumerate(words)
    )
