"""What a reply says: its code, an answer, how many, when, or a command. Pure; the words are data (``words/``)."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

from schemas.event import Need
from schemas.policy.reply_lexicon import WordKind
from schemas.vocabulary import Answer
from streams.rules.replies.amounts import Clock, amounts_of, eta_of, with_amounts, with_times
from streams.rules.replies.codes import find_codes
from streams.rules.replies.lexicon import Lexicon, default_lexicon
from streams.rules.replies.pieces import pieces_of
from streams.rules.replies.quotes import unquote
from streams.rules.replies.tokens import Tokens, tokenize
from streams.rules.replies.verdict import judge


@dataclass(frozen=True)
class Understood:
    """What a reply says. ``answer`` None: nothing that can be taken as one.

    ``code`` may be a word in capitals where it is not ``code_sure``; ``near_codes`` are codes only if one like them is
    open. ``amounts`` and ``eta_min`` (minutes until help is there) belong to a yes and are kept where there is no
    answer; with a no or a later they are left out.
    """

    code: str | None = None
    answer: Answer | None = None
    amounts: tuple[Need, ...] = ()
    eta_min: int | None = None
    command: Literal["stop", "start"] | None = None
    code_sure: bool = False
    near_codes: tuple[str, ...] = ()


def understand(
    text: str, lexicon: Lexicon | None = None, *, now: datetime | None = None, zone: tzinfo | None = None
) -> Understood:
    """What ``text`` says, in any of the languages of ``lexicon`` (default: the words that come with the project).

    ``now`` (aware) and ``zone``, the recipient's, turn a time of day into minutes; without both it is left out.
    Never raises for what stands in ``text``; reads its first 2,000 characters.
    """
    lexicon = lexicon or default_lexicon()
    unquoted = unquote(text, lexicon)
    tokens = tokenize(unquoted.text, lexicon.is_unit)
    command = _command(tokens, lexicon)
    if command is not None:
        return Understood(command=command)
    codes = find_codes(tokens, lexicon)
    clock = Clock(now, zone) if now is not None and zone is not None else None
    pieces = with_amounts(with_times(pieces_of(tokens, lexicon, codes.at), clock))
    answer = judge(pieces, tokens.asked)
    keeps = answer not in (Answer.DECLINE, Answer.DEFER)
    if codes.code is None and not codes.near and unquoted.quoted:
        quoted = find_codes(tokenize(unquoted.quoted, lexicon.is_unit), lexicon)
        codes = quoted if quoted.sure else codes
    return Understood(
        code=codes.code,
        answer=answer,
        amounts=amounts_of(pieces) if keeps else (),
        eta_min=eta_of(pieces) if keeps else None,
        code_sure=codes.sure,
        near_codes=codes.near,
    )


def _command(tokens: Tokens, lexicon: Lexicon) -> Literal["stop", "start"] | None:
    """STOP or START, only where it is the whole message: then providers obey it too."""
    words = tuple(token.word for token in tokens.all if token.word.isalnum())
    if not words or len(words) > 2 or any(token.raw.isdigit() for token in tokens.all):
        return None
    phrase = lexicon.phrase_at(words) if len(words) == 2 else None
    kind = phrase.kind if phrase is not None and len(phrase.patterns) == 2 else None
    if len(words) == 1:
        kind = lexicon.kinds.exact.get(words[0])
    if kind is WordKind.STOP:
        return "stop"
    return "start" if kind is WordKind.START else None
