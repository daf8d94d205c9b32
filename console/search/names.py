"""The words by which an incident can be found: of its place, type, needs, parties and end, in three languages. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from console.search.entry import Entry
from schemas.policy.models import Policy
from schemas.policy.texts import Texts
from schemas.vocabulary import Severity

WORDS_VERSION = 1
"""Raised when this module makes other words of the same incident."""

OUTCOMES: dict[str, tuple[str, str]] = {
    # how it ended: in words for the reader, and words to find it by in Latvian, Lithuanian and English
    "accepted": ("help accepted", "accepted helped piekrita pieņemts palīdz nāk sutiko priimta padeda atvyksta"),
    "partial": ("help in part", "partial partly part daļēji daļēja iš dalies dalinė"),  # native check
    "declined": (
        "declined",
        "declined refused decline atteica atteicās atteikts noraidīts atsisakė atsisakyta atmesta",
    ),
    "cancelled": ("cancelled", "cancelled canceled false alarm atcelts atsaukts atšauktas atšaukta viltus trauksme"),
    "cleared": ("all clear", "all clear over ended beidzies beigas pabaiga baigėsi"),
    "unanswered": (
        "nobody answered",
        "unanswered nobody answered neatbildēts neviens neatbildēja bez atbildes neatsakyta niekas neatsakė atsakymo",
    ),
    "expired": ("expired", "expired beidzies termiņš pasibaigė galiojimas"),
    "open": ("open", "open waiting atvērts gaida atviras laukia"),
    "told": ("told", "told informed informēts paziņots informuota pranešta"),
    "refused": ("refused by the rules", "rejected refused noraidīts atmesta"),
    "nobody_told": ("nobody was to be told", "nobody told no route neviens nav informēts niekas neinformuotas"),
    "undecided": ("not decided", "undecided nav izlemts nenuspręsta"),
}
"""# native check"""


@dataclass(frozen=True)
class Document:
    """The columns of the index, in its order."""

    ids: str
    text: str
    what: str
    needs: str
    place: str
    who: str
    ended: str


class Names:
    """The words of ``policies``, oldest first: a newer one's win, an older one's stand in for what it has not."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self._words: dict[tuple[str, str], str] = {}
        self._shown: dict[tuple[str, str], str] = {}
        for policy in policies:
            self._take(policy)

    def _take(self, policy: Policy) -> None:
        geography = policy.geography
        named: tuple[tuple[str, tuple[Any, ...]], ...] = (
            ("place", (*geography.units, *geography.parishes, *geography.places)),
            ("party", policy.parties),
            ("agreement", policy.agreements),
        )
        for kind, things in named:
            for thing in things:
                words, shown = _naming(thing)
                if kind == "place" and (kind, thing.id) in self._words:  # a parish may be called like its unit
                    words = " ".join(_once(f"{self._words[kind, thing.id]} {words}".split()))
                self._words[kind, thing.id], self._shown[kind, thing.id] = words, shown
        by_kind: dict[tuple[str, str], list[str]] = {}
        for texts in policy.texts.values():
            for kind, word, words in _of_texts(texts):
                by_kind.setdefault((kind, word), []).append(words)
        self._words |= {key: " ".join(words) for key, words in by_kind.items()}

    def words(self, kind: str, ids: Iterable[str]) -> str:
        """Everything that things of ``kind`` are called, and their ids."""
        return " ".join(f"{self._words.get((kind, one), '')} {one.replace('_', ' ')}" for one in ids)

    def shown(self, kind: str, one: str) -> str:
        """What ``one`` is called in a list."""
        return self._shown.get((kind, one), one.replace("_", " "))

    def document(self, entry: Entry, now: datetime) -> Document:
        """What ``entry`` can be found by."""
        answers = entry.answers
        parties = dict.fromkeys((*entry.reporters, *entry.partners, *(one.party for one in answers if one.party)))
        severities = entry.severities or [Severity.UNKNOWN.value]
        return Document(
            ids=" ".join((entry.incident, *entry.events[:50], entry.code or "")),
            text="\n".join((*entry.texts, *(one.text for one in answers if one.text))),
            what=" ".join(
                self.words(kind, ids)
                for kind, ids in (
                    ("type", entry.types),
                    ("severity", severities),
                    ("hazard", entry.hazards),
                )
            ),
            needs=self.words("need", entry.needs),
            place=f"{' '.join(entry.written_places)} {self.words('place', entry.place_ids)}",
            who=f"{self.words('party', parties)} {self.words('agreement', entry.agreements)}",
            ended=" ".join((*(OUTCOMES[name][1] for name in entry.outcomes_to_find(now)), *self._said(entry))),
        )

    def _said(self, entry: Entry) -> Iterator[str]:
        for answer in dict.fromkeys(one.answer for one in entry.answers if one.answer):
            yield self._words.get(("answer", answer.value), answer.value)

    def where(self, entry: Entry) -> str:
        """The place in a few words: as written or found, and its municipality."""
        found = next((self.shown("place", one) for one in entry.place_ids), "")
        unit = self.shown("place", entry.unit) if entry.unit else ""
        named = next((place for place in entry.written_places if place), found)
        return ", ".join(_once(word for word in (named, unit) if word))


def _once(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _naming(thing: Any) -> tuple[str, str]:
    """Every word that ``thing`` is called, in all languages and cases, once each; and what it is called in a list."""
    found: list[str] = []
    for field in ("names", "name", "title", "forms", "display", "aliases", "short", "signatory", "current_party"):
        found += _leaves(getattr(thing, field, None))
    words = _once(word for name in found for word in name.split())
    label = getattr(thing, "names", None) or getattr(thing, "short", None) or getattr(thing, "title", None)
    return " ".join(words), label.en if label is not None else thing.id


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _leaves(getattr(value, name)) if name not in ("unit", "dissolved") else ()
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _leaves(one)


def _of_texts(texts: Texts) -> Iterator[tuple[str, str, str]]:
    for event_type, word in texts.event_types.items():
        yield "type", event_type.value, word
    for severity, word in texts.severities.items():
        yield "severity", severity.value, word
    for need, counted in texts.needs.items():
        yield "need", need.value, " ".join(_once((*counted.label, *counted.forms.values())))
    for hazard, word in texts.hazards.items():
        yield "hazard", hazard.value, word
    if texts.answers is not None:
        for answer, said in texts.answers.said.items():
            yield "answer", answer.value, f"{said} {texts.answers.headers[answer]}"


def outcome_shown(name: str) -> str:
    """How it ended, for the reader."""
    return OUTCOMES[name][0]
