"""The judge: what was owed against what phones and mailboxes got. Pure: plain values in, a balance out.

It asks the system nothing. A text belongs to an event by the coordinates in it; everything that is not owed, or
comes a second time, or does not read as it should, is named.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from schemas.vocabulary import Channel

News = Literal["", "yes", "part", "no", "more"]
"""Which answer a text to an asking side tells of: a first yes, a part, a no, or a yes after a part; "" of none."""

_MARKER = re.compile(r"\d{2}\.\d{4},\d{2}\.\d{4}")
_CODE = re.compile(r"\b[2-9A-HJ-NP-Z]{4}\b")
_REPETITION = ("PAKARTOTINAI: ", "ATKĀRTOTI: ", "ATKARTOTI: ")
_EXERCISE = ("PRATYBOS", "MĀCĪBAS", "MACIBAS", "SISTEMOS PATIKRINIMAS", "SISTĒMAS PĀRBAUDE", "SISTEMAS PARBAUDE")
_NEWS: tuple[tuple[News, tuple[str, ...]], ...] = (
    ("yes", ("PALĪDZĪBA NĀK", "PALIDZIBA NAK", "PAGALBA ATVYKSTA")),
    ("part", ("DAĻĒJA PALĪDZĪBA", "DALEJA PALIDZIBA", "DALINĖ PAGALBA", "DALINE PAGALBA")),
    ("no", ("PALĪDZĒT NEVAR", "PALIDZET NEVAR", "PADĖTI NEGALI", "PADETI NEGALI")),
)
_UPDATES, _COMES = ("JAUNA INFORMĀCIJA", "NAUJA INFORMACIJA"), ("Palīdzība nāk", "Pagalba atvyksta")
_LETTERS = set("ĀāČčĒēĢģĪīĶķĻļŅņŠšŪūŽžĄąĘęĖėĮįŲų" + "–—„“”’…" + "\n" + "".join(map(chr, range(32, 127))))


@dataclass(frozen=True)
class Owed:
    """One text or mail that an event must lead to. ``since_s`` is when the event was handed over, epoch seconds."""

    marker: str
    contact: str
    channel: Channel
    words: tuple[str, ...]
    since_s: float
    news: News = ""

    @property
    def key(self) -> "Key":
        """What sets it apart from everything else that is owed."""
        return self.marker, self.contact, self.channel, self.news


@dataclass(frozen=True)
class Arrived:
    """One text that the provider took, or one mail that the inbox took for one mailbox.

    ``contact`` is an address where no contact has it; ``body`` of a mail begins with its subject as a line;
    ``number`` is the provider's sid or the Message-ID; ``at_s`` when it was taken, epoch seconds.
    """

    contact: str
    channel: Channel
    body: str
    at_s: float
    number: str
    meant: str | None = None
    """The coordinates of the event whose code it shows, where it shows no coordinates itself."""

    @property
    def marker(self) -> str | None:
        """The event's coordinates, if it shows any or is known to mean any."""
        found = _MARKER.search(self.body)
        return found[0] if found else self.meant

    @property
    def codes(self) -> list[str]:
        """What could be its reply code."""
        return _CODE.findall(_MARKER.sub("", self.body))

    @property
    def news(self) -> News:
        """Which answer it tells of, by the words it begins with."""
        body = self.body.removeprefix(next((mark for mark in _REPETITION if self.body.startswith(mark)), ""))
        if body.startswith(_UPDATES) and any(words in body for words in _COMES):
            return "more"
        return next((news for news, heads in _NEWS if body.startswith(heads)), "")

    @property
    def key(self) -> "Key":
        """What it can be owed as."""
        return self.marker or "", self.contact, self.channel, self.news

    @property
    def repetition(self) -> bool:
        """Whether it says of itself that it repeats what may have arrived."""
        return self.body.startswith(_REPETITION)


Key = tuple[str, str, Channel, News]
"""Marker, contact, channel, and which answer it tells of."""


@dataclass(frozen=True)
class Balance:
    """What came of what was owed. Everything but ``marked`` with an excuse is a failure; see ``failures``.

    ``marked`` are repetitions that say so, ``unexplained`` those among them that no fault of the round can explain.
    ``silence_s`` is the longest time from an event to its first text to anybody, ``slowest_s`` to any one of its texts.
    """

    owed: int
    lost: tuple[Owed, ...] = ()
    doubled: tuple[Arrived, ...] = ()
    marked: tuple[Arrived, ...] = ()
    unexplained: tuple[Arrived, ...] = ()
    unexpected: tuple[Arrived, ...] = ()
    garbled: tuple[tuple[Arrived, str], ...] = ()
    silence_s: float = 0.0
    slowest_s: float = 0.0

    @property
    def failures(self) -> list[str]:
        """A line for everything that is not as it must be; empty when the books balance."""
        lines = [f"lost: {one.channel} to {one.contact} of the event at {one.marker}" for one in self.lost]
        for what, arrived in (
            ("doubled", self.doubled),
            ("repeated without a fault that explains it", self.unexplained),
            ("unexpected", self.unexpected),
        ):
            lines += [f"{what}: {_shown(one)}" for one in arrived]
        return lines + [f"garbled ({why}): {_shown(one)}" for one, why in self.garbled]


def balance(owed: Iterable[Owed], arrived: Iterable[Arrived], explained: Iterable[Channel] = ()) -> Balance:
    """Compare what was ``owed`` with what has ``arrived``.

    ``explained`` are the channels on which the faults of the time could leave a sending unknown, so that a
    repetition marked as one is no failure there.
    """
    by_key = {one.key: one for one in owed}
    sorted_out = _sort(by_key, arrived)
    marked = [one for texts in sorted_out.of.values() for one in texts if one.repetition]
    allowed = frozenset(explained)
    return Balance(
        owed=len(by_key),
        lost=tuple(one for key, one in by_key.items() if key not in sorted_out.of),
        doubled=tuple(one for texts in sorted_out.of.values() for one in _doubled(texts)),
        marked=tuple(marked),
        unexplained=tuple(one for one in marked if one.channel not in allowed),
        unexpected=tuple(sorted_out.unexpected),
        garbled=tuple(_garbled(by_key, sorted_out.of)),
        silence_s=max(_silences(by_key, sorted_out.of).values(), default=0.0),
        slowest_s=max((texts[0].at_s - by_key[key].since_s for key, texts in sorted_out.of.items()), default=0.0),
    )


def missing(owed: Iterable[Owed], arrived: Iterable[Arrived]) -> list[Owed]:
    """What has not arrived yet."""
    there = {one.key for one in arrived}
    return [one for one in owed if one.key not in there]


@dataclass
class _Sorted:
    of: dict[Key, list[Arrived]] = field(default_factory=dict)
    unexpected: list[Arrived] = field(default_factory=list)


def _sort(by_key: dict[Key, Owed], arrived: Iterable[Arrived]) -> _Sorted:
    """Every arrival under what was owed, earliest first; the rest was expected by nobody."""
    books = _Sorted()
    for one in sorted(arrived, key=lambda arrived: arrived.at_s):
        key = one.key
        if key not in by_key or one.body.startswith(_EXERCISE):
            books.unexpected.append(one)
        else:
            books.of.setdefault(key, []).append(one)
    return books


def _doubled(texts: list[Arrived]) -> Iterator[Arrived]:
    """Whatever follows the first must say that it repeats; a mail must also bear the same Message-ID."""
    for one in texts[1:]:
        if not one.repetition or (one.channel is Channel.EMAIL and one.number != texts[0].number):
            yield one


def _garbled(by_key: dict[Key, Owed], of: dict[Key, list[Arrived]]) -> Iterator[tuple[Arrived, str]]:
    """Texts without the words of their kind, with letters no reader has, or worded unlike the others of their kind."""
    wordings: dict[tuple[object, ...], list[tuple[Arrived, str]]] = defaultdict(list)
    for key, texts in of.items():
        owed = by_key[key]
        for one in texts:
            lacking = [word for word in owed.words if word not in one.body]
            strange = sorted(set(one.body) - _LETTERS)
            if lacking or strange:
                yield one, f"lacks {lacking}" if lacking else f"has {strange}"
            elif not one.repetition:
                kind = owed.contact, owed.channel, owed.words
                wordings[kind].append((one, _wording(one.body)))
    for alike in wordings.values():
        usual, _ = Counter(wording for _, wording in alike).most_common(1)[0]
        yield from ((one, "worded unlike the others") for one, wording in alike if wording != usual)


def _wording(body: str) -> str:
    """The text without what differs from event to event: coordinates, reply code and all other digits."""
    return re.sub(r"\d+", "0", _CODE.sub("CODE", _MARKER.sub("HERE", body)))


def _silences(by_key: dict[Key, Owed], of: dict[Key, list[Arrived]]) -> dict[str, float]:
    """For each event that led to a text: seconds until the first."""
    first: dict[str, float] = {}
    for key, texts in of.items():
        waited_s = max(0.0, texts[0].at_s - by_key[key].since_s)
        first[key[0]] = min(first.get(key[0], waited_s), waited_s)
    return first


def _shown(one: Arrived) -> str:
    return f"{one.channel} to {one.contact} ({one.number}): {one.body[:100]!r}"
