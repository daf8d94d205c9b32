"""The words people answer with, as data: what each says of a yes or a no, never how sentences are put together.

A policy's ``texts/<language>.yaml`` may hold a section ``reply_lexicon`` with words of its own; they are added to the
words that come with ``streams.rules.replies`` and win over them, so a local word is taught without a change of code.
"""

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from schemas.base import Model
from schemas.vocabulary import NeedKind


class WordKind(StrEnum):
    """What a word or phrase of a reply says. Where two lists hold the same word, the kind further up wins: the
    order goes from what forbids a yes to what says nothing."""

    STOP = "stop"
    START = "start"
    NO = "no"
    """A refusal: no, we cannot."""
    BUSY = "busy"
    """Why somebody cannot come: on another call, broken, ill."""
    NEGATION = "negation"
    """Denies something, not always the request: is not, there is no."""
    LATER = "later"
    CALL_BACK = "call_back"
    """Promises an answer: will call, will find out."""
    DOUBT = "doubt"
    """If, maybe, let us see, a joke, a wrong number: no answer can be taken from such a sentence."""
    NEED = "need"
    """Says that something is needed or burning: of a yes it makes a report or a request of their own."""
    MESSAGE = "message"
    """What is sent and is no help: word, a text."""
    QUESTION = "question"
    QUESTION_FIRST = "question_first"
    """Asks where it begins a clause, and means something else elsewhere."""
    WHERE = "where"
    """Asks for the way, as somebody does who comes."""
    BUT = "but"
    ONLY = "only"
    PARTLY = "partly"
    YES = "yes"
    YES_OR_IF = "yes_or_if"
    """Latvian ja: yes with its macron left out, or if."""
    GOING = "going"
    """We come, said of now: on our way, sending."""
    WILL = "will"
    """We come, said of what can or shall be: will come, can, agree."""
    GIVE = "give"
    """We give; with a bare number, part of what was asked."""
    TO_GIVE = "to_give"
    """Infinitives of giving: can give one."""
    THEY_COME = "they_come"
    """Somebody comes; a yes only together with how many or when."""
    NO_ALONE = "no_alone"
    """No where it stands alone, something else elsewhere: English no, Latvian no (from)."""
    SORRY = "sorry"
    """Regret, which alone is a no."""
    OK = "ok"
    RECEIVED = "received"
    THANKS = "thanks"
    THEN = "then"
    """After if: then."""
    AGO = "ago"
    """Before a duration: in the past."""
    AFTER = "after"
    """Before a duration: in, after, about."""
    CLOCK = "clock"
    """Before a time of day."""
    MINUTE = "minute"
    HOUR = "hour"
    OF = "of"
    """Between two numbers: one of two."""
    LACKING = "lacking"
    """With a negation, a no: free, possibility, resources."""
    NEAR = "near"
    """Prepositions: the one or two words after them are a place or a person."""
    HARMLESS = "harmless"
    """Looks like a no and is none: no problem, near, immediately."""
    FILLER = "filler"


_ENTRY = re.compile(r"[^\s*]+\*?(?: [^\s*]+\*?){0,5}")


def _entry(text: str) -> str:
    if not _ENTRY.fullmatch(text):
        raise ValueError("is no word, no stem with * at its end, and no phrase of up to six of them")
    stems = [word for word in text.split() if word.endswith("*")]
    if any(len(stem) < _MIN_STEM + 1 for stem in stems):
        raise ValueError(f"has a stem of fewer than {_MIN_STEM} letters, which would match too much")
    return text


_MIN_STEM = 3

Entry = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(_entry)]
"""A word, a phrase, or a stem with ``*`` at its end. Case and diacritics make no difference."""


class ReplyLexicon(Model):
    """Words of replies. ``numbers`` are cardinals in any case, ``heads`` words for so many people ("in threes"),
    ``times`` words that are a duration by themselves (minutes), ``nouns`` what is counted, ``quoted`` how an alert
    of ours begins, by which a reply that repeats one is recognised."""

    words: dict[WordKind, tuple[Entry, ...]] = Field(default_factory=dict)
    numbers: dict[Entry, Annotated[int, Field(ge=1, le=1000)]] = Field(default_factory=dict)
    heads: dict[Entry, Annotated[int, Field(ge=1, le=1000)]] = Field(default_factory=dict)
    times: dict[Entry, Annotated[int, Field(ge=1, le=1440)]] = Field(default_factory=dict)
    nouns: dict[NeedKind, tuple[Entry, ...]] = Field(default_factory=dict)
    quoted: tuple[Entry, ...] = ()

    @model_validator(mode="after")
    def _no_word_is_yes_and_no(self) -> Self:
        refusals = {*self.words.get(WordKind.NO, ()), *self.words.get(WordKind.DOUBT, ())}
        for kind in (WordKind.YES, WordKind.GOING, WordKind.WILL, WordKind.GIVE):
            both = sorted(refusals.intersection(self.words.get(kind, ())))
            if both:
                raise ValueError(f"words.{kind}: {', '.join(both)} is also a no or a doubt; keep one of them")
        return self
