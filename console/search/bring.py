"""Bringing the read model up to date: what is new on the log is folded into it, in transactions with the position."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from console.logs.logged import Logged
from console.search.entry import Entry
from console.search.feed import Feed, Place, position_after
from console.search.model import Position, ReadModel, Row, Unusable, throw_away
from console.search.names import WORDS_VERSION, Names
from schemas.control import PublishedPolicy
from schemas.decision import Decision
from schemas.event import EmergencyEvent
from schemas.ids import is_canary
from schemas.incident import IncidentState
from schemas.notification import Response
from schemas.policy.models import Policy
from schemas.topics import EVENTS, POLICY

RECORDS_AT_ONCE = 20_000
"""Records folded before what they say is written; bounds the memory of a rebuild."""

POLICIES_MAX = 40
"""Newest policies whose words are used."""


@dataclass
class Brought:
    """What was done: records read, and incidents forgotten because retention deleted them."""

    records: int = 0
    forgotten: int = 0


@dataclass
class _Work:
    """Entries in hand, and answers to a code whose incident was not known yet."""

    model: ReadModel
    entries: dict[str, Entry] = field(default_factory=dict)
    by_code: list[Logged] = field(default_factory=list)

    def absorb(self, one: Logged) -> None:
        record = one.record
        if isinstance(record, PublishedPolicy) and one.topic == POLICY.name:
            self.model.add_policy(record.policy_version, record.policy.model_dump_json(exclude_defaults=True))
        elif isinstance(record, Response) and record.incident_id is None:
            self.by_code.append(one)
        elif isinstance(record, EmergencyEvent | Decision | IncidentState | Response) and not _is_canary(record):
            self._entry(str(record.incident_id), one).absorb(one)

    def settle(self) -> None:
        """Give answers that named only a code to the newest incident that has it."""
        for one in self.by_code:
            code = one.record.code if isinstance(one.record, Response) else None
            incident = self._of_code(code) if code else None
            if incident is not None:
                self._entry(incident, one).absorb(one)
        self.by_code = []

    def _of_code(self, code: str) -> str | None:
        here = [entry for entry in self.entries.values() if entry.code == code]
        newest = max(here, key=lambda entry: entry.first_at, default=None)
        return newest.incident if newest else self.model.incident_of_code(code)

    def _entry(self, incident: str, one: Logged) -> Entry:
        known = self.entries.get(incident) or self.model.entry(incident)
        if known is None:
            known = Entry(incident=incident, partition=one.partition, first_at=one.appended_at, last_at=one.appended_at)
        self.entries[incident] = known
        return known


def _is_canary(record: EmergencyEvent | Decision | IncidentState | Response) -> bool:
    """Canaries are thousands a day and of no interest; whether one came through, upkeep says."""
    incident = str(record.incident_id)
    if not is_canary(incident):
        return False
    return not isinstance(record, EmergencyEvent | Decision) or record.service is not None


def opened(path: Path, say: Callable[[str], None]) -> ReadModel:
    """The read model of ``path``; one that cannot be used is thrown away with a word. The lock is held."""
    try:
        return ReadModel.open(path)
    except Unusable as fault:
        say(f"the read model is made anew: {fault}")
        throw_away(path)
        return ReadModel.open(path)


async def bring_up_to_date(model: ReadModel, feed: Feed, words: Policy | None, now: datetime) -> Brought:
    """Fold everything that is new on ``feed`` into ``model``, in one transaction with how far was read.

    ``words`` are used where the log holds no policy.

    Raises:
        Unusable: the log is not the one the model was made from; throw the model away and begin anew.
    """
    identity, bounds = await feed.identity(), await feed.bounds()
    known = model.positions()
    _recognise(model, identity, known, bounds)
    starts = {place: _start(known.get(place), begin) for place, (begin, _) in bounds.items()}
    ends = {place: end for place, (_, end) in bounds.items()}
    model.begin()
    fold = _Folding(model, known, words, now)
    await fold.read(feed, {place: at for place, at in starts.items() if place[0] == POLICY.name}, ends)
    fold.names_are_known()
    await fold.read(feed, {place: at for place, at in starts.items() if place[0] != POLICY.name}, ends)
    fold.done.forgotten = fold.finish(bounds)
    model.set_meta("log", identity)
    model.commit()
    return fold.done


class _Folding:
    """One run over what is new: records are folded, and what they say is written every so many of them."""

    def __init__(self, model: ReadModel, known: dict[Place, Position], words: Policy | None, now: datetime) -> None:
        self.done = Brought()
        self._model, self._known, self._words, self._now = model, known, words, now
        self._versions = model.policy_versions()
        self._names: Names | None = None
        self._work = _Work(model)
        self._unwritten = 0

    async def read(self, feed: Feed, starts: dict[Place, int], ends: dict[Place, int]) -> None:
        """Fold the records from ``starts`` on."""
        positions = dict[Place, Position]()
        async for portion in feed.read(starts, ends):
            before = self._known.get(portion.place)
            _compare(before, portion.records)
            new = [one for one in portion.records if before is None or one.offset >= before.next]
            for one in new:
                self._work.absorb(one)
            self.done.records += len(new)
            self._unwritten += len(new)
            positions[portion.place] = portion.position
            if self._unwritten >= RECORDS_AT_ONCE:
                self._write()
        self._model.set_positions(positions)

    def names_are_known(self) -> None:
        """Make all words anew where the policies they come from have changed."""
        model, words = self._model, self._words
        version = f"{WORDS_VERSION} {'' if model.policy_versions() or words is None else words.version}"
        if model.meta("words") not in (None, version) or (self._versions != model.policy_versions()):
            model.put(rows(model.all_entries(), self._of_names(), self._now))
        model.set_meta("words", version)

    def finish(self, bounds: dict[Place, tuple[int, int]]) -> int:
        """Write what is left, and the words of what has lapsed; how many incidents retention has taken."""
        self._work.settle()
        self._write()
        lapsed = [self._model.entry(incident) for incident in self._model.lapsed(int(self._now.timestamp() * 1000))]
        if lapsed:
            self._model.put(rows((entry for entry in lapsed if entry is not None), self._of_names(), self._now))
        begins = {place: begin for place, (begin, _) in bounds.items() if place[0] == EVENTS.name}
        return sum(self._model.forget_deleted(partition, begin) for (_, partition), begin in begins.items())

    def _write(self) -> None:
        if self._work.entries:
            self._model.put(rows(self._work.entries.values(), self._of_names(), self._now))
        self._work, self._unwritten = _Work(self._model, by_code=self._work.by_code), 0

    def _of_names(self) -> Names:
        if self._names is None:
            policies = [Policy.model_validate_json(value) for value in self._model.policies()[-POLICIES_MAX:]]
            self._names = Names(policies or ([self._words] if self._words is not None else []))
        return self._names


def _recognise(
    model: ReadModel, identity: str, known: dict[Place, Position], bounds: dict[Place, tuple[int, int]]
) -> None:
    before = model.meta("log")
    if before is not None and before != identity:
        raise Unusable("it was made from another log")
    for place, position in known.items():
        if place not in bounds:
            raise Unusable(f"{place[0]}[{place[1]}] is not on the log any more")
        if bounds[place][1] < position.next:
            raise Unusable(f"{place[0]}[{place[1]}] is shorter than it was: it was emptied, restored or made anew")


def _start(position: Position | None, begin: int) -> int:
    """One record before what is to be read, by which the log is recognised, where retention has left it."""
    if position is None:
        return begin
    return position.last if begin <= position.last else max(begin, position.next)


def _compare(before: Position | None, records: list[Logged]) -> None:
    first = records[0] if records else None
    if before is None or first is None or first.offset != before.last:
        return
    here = position_after(first.offset, str(round(first.appended_at.timestamp() * 1000)), first.value)
    if here != before:
        raise Unusable(f"{first.topic}[{first.partition}]@{first.offset} is another record than it was")


def rows(entries: Iterable[Entry], names: Names, now: datetime) -> Iterable[Row]:
    """The rows of ``entries``, with their words as of ``now``."""
    for entry in entries:
        outcome = entry.outcome(now)
        shown: dict[str, object] = {
            "where": names.where(entry),
            "what": [names.shown("type", one) for one in entry.types],
            "severity": entry.severity.value,
            "asked_by": [names.shown("party", one) for one in entry.reporters],
            "partners": [names.shown("party", one) for one in entry.partners],
            "ended": outcome,
        }
        facets = (
            *(("party", one) for one in (*entry.reporters, *entry.partners)),
            *(("agreement", one) for one in entry.agreements),
            *(("type", one) for one in entry.types),
            *(("language", one) for one in entry.languages),
        )
        waits = entry.expires_at is not None and entry.asked and entry.expires_at >= now
        until = int(entry.expires_at.timestamp() * 1000) if waits and entry.expires_at else None
        yield Row(entry, names.document(entry, now), shown, facets, until)
