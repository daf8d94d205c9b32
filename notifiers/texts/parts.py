"""Short texts as a list of parts of which some may fall away: what answers, service texts and replies are made of."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from notifiers.texts.gsm import MAX_SEGMENTS, Encoding, measure
from notifiers.texts.letters import UNKNOWN, to_ascii
from notifiers.texts.wording import Unrenderable, sentence
from schemas.policy.directory import Script

USUAL_SEGMENTS = 2
"""What such a text takes at most, unless that would cost something its reader must know."""


@dataclass(frozen=True)
class Sms:
    """A text ready to send. ``characters`` are septets or UTF-16 code units; ``dropped`` names what fell
    away or was shortened, in that order ("diacritics": plain letters; "letters": some have no plain form)."""

    body: str
    encoding: Encoding
    characters: int
    segments: int
    dropped: tuple[str, ...]


class Falls(IntEnum):
    """When a part is shortened or left out: never, beyond three SMS parts, or beyond the usual two."""

    NEVER = 0
    OVER_MAX = MAX_SEGMENTS
    OVER_USUAL = USUAL_SEGMENTS


@dataclass(frozen=True)
class Part:
    """One sentence. ``shorter`` are ever shorter forms of it; one that ``falls`` may be left out after the last."""

    name: str
    text: str
    falls: Falls = Falls.NEVER
    shorter: tuple[str, ...] = ()


def sms_of(body: str, dropped: tuple[str, ...] = ()) -> Sms:
    """``body`` measured."""
    size = measure(body)
    return Sms(body, size.encoding, size.characters, size.segments, dropped)


def listing(label: str, words: Sequence[str], more: str) -> tuple[str, tuple[str, ...]]:
    """A labelled list, and the same with ever fewer of its words, down to one."""
    whole = f"{label}: {', '.join(words)}"
    return whole, tuple(f"{label}: {', '.join(words[:shown])} {more}" for shown in range(len(words) - 1, 0, -1))


def fitted(parts: Sequence[Part], script: Script) -> Sms:
    """``parts`` as one SMS, with as much left out as its length demands, the last of the list first.

    Raises:
        Unrenderable: what must stand takes more than three SMS parts even in plain letters.
    """
    if script is Script.NATIVE:
        body, dropped = _written(parts, str)
        if measure(body).segments <= MAX_SEGMENTS:
            return sms_of(body, dropped)
    body, dropped = _written(parts, to_ascii)
    if measure(body).segments > MAX_SEGMENTS:
        raise Unrenderable("the policy's words are too long: the shortest text exceeds 3 SMS parts")
    if script is Script.NATIVE:
        dropped = (*dropped, "diacritics")
    if UNKNOWN in body and not any(UNKNOWN in part.text for part in parts):
        dropped = (*dropped, "letters")
    return sms_of(body, dropped)


def _written(parts: Sequence[Part], write: Callable[[str], str]) -> tuple[str, tuple[str, ...]]:
    """The longest form that keeps what may fall beyond a length within it; else the shortest there is."""
    dropped: list[str] = []
    kept = list(parts)
    body = write(_joined(kept))
    for limit in (Falls.OVER_USUAL, Falls.OVER_MAX):
        for name, fewer in _shorter(kept, limit):
            if measure(body).segments <= limit:
                break
            kept, body = fewer, write(_joined(fewer))
            dropped += [] if name in dropped else [name]
    return body, tuple(dropped)


def _shorter(parts: list[Part], limit: Falls) -> Iterator[tuple[str, list[Part]]]:
    """Ever shorter lists, each with the name of the part that was shortened or left out."""
    kept = list(parts)
    for part in reversed(parts):
        if part.falls is not limit:
            continue
        place = kept.index(part)
        for text in part.shorter:
            kept = [*kept[:place], Part(part.name, text, part.falls), *kept[place + 1 :]]
            yield part.name, kept
        kept = [*kept[:place], *kept[place + 1 :]]
        yield part.name, kept


def _joined(parts: Sequence[Part]) -> str:
    said = [part.text for part in parts if part.text]
    return " ".join([*(sentence(text) for text in said[:-1]), *said[-1:]])
