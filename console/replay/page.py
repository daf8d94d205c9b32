"""A what-if as one HTML page that stands by itself, to lay before a commission in its own language."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel import Locale
from jinja2 import Environment, PackageLoader, StrictUndefined

from console.replay.findings import IncidentDifference, WhatIf
from console.replay.table import alike, clock_of, steps_of
from console.replay.words import WORDS, Forms
from schemas.base import Lang
from schemas.policy.models import Policy
from schemas.vocabulary import EventType
from streams.rules.simulation.changes import Field, FieldChange, Value
from streams.rules.simulation.course import Course
from streams.rules.simulation.ladders import LadderChange

ZONE = ZoneInfo("Europe/Riga")
SHOWN = 300
"""Incidents of one agreement that the page tells of; the JSON has all."""

_DAYS = {"lv": "%d.%m.%Y.", "lt": "%Y-%m-%d", "en": "%Y-%m-%d"}
_LISTS = frozenset({Field.SHARED, Field.WITHHELD, Field.CONTENT, Field.CHANNELS, Field.STEP_CHANNELS})
_AS_IT_IS = frozenset({Field.CLAUSE, Field.LADDER, Field.FIRST_EVENT})
_ROLES = frozenset({Field.ROLE, Field.STEP_ROLES, Field.HELP_FROM})
_TIMES = frozenset({Field.ORDERED_AT, Field.ACCEPTED_AT, Field.ENDED_AT})


@dataclass(frozen=True)
class Section:
    """What stands under one agreement: its differences, limited to it, the first ``SHOWN`` of them."""

    agreement: str | None
    incidents: tuple[IncidentDifference, ...]
    left: int


def page(found: WhatIf, language: Lang, policies: Sequence[Policy], *, made_at: datetime) -> str:
    """The page. ``policies`` give names, the first that knows a thing: of parties, roles, agreements, event types."""
    environment = Environment(
        loader=PackageLoader("console.replay", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    say = Speaker(language, policies)
    return environment.get_template("whatif.html.j2").render(
        found=found,
        say=say,
        w=say.words,
        made_at=made_at,
        shown=SHOWN,
        sections=list(sections(found.incidents)),
        exercises=list(sections(found.exercises)),
    )


def sections(incidents: Sequence[IncidentDifference]) -> Iterator[Section]:
    """The incidents by agreement; last those in which no agreement is concerned but a report ends otherwise."""
    by_agreement: dict[str, list[IncidentDifference]] = {}
    others: list[IncidentDifference] = []
    for one in incidents:
        named = sorted(
            {change.agreement for change in one.people}
            | {change.agreement for change in one.routes}
            | {change.agreement for change in one.ladders}
        )
        for agreement in named:
            by_agreement.setdefault(agreement, []).append(_limited(one, agreement))
        if not named:
            others.append(one)
    for agreement, found in sorted(by_agreement.items()):
        yield Section(agreement, tuple(found[:SHOWN]), max(0, len(found) - SHOWN))
    if others:
        yield Section(None, tuple(others[:SHOWN]), max(0, len(others) - SHOWN))


def _limited(one: IncidentDifference, agreement: str) -> IncidentDifference:
    ladders = tuple(change for change in one.ladders if change.agreement == agreement)
    return one.model_copy(
        update={
            "people": tuple(change for change in one.people if change.agreement == agreement),
            "routes": tuple(change for change in one.routes if change.agreement == agreement),
            "ladders": ladders,
            "answers_left_out": one.answers_left_out if ladders else (),
        }
    )


class Speaker:
    """Says what was found in the words of one language and the names of the policies."""

    def __init__(self, language: Lang, policies: Sequence[Policy]) -> None:
        self.language, self.words = language, WORDS[language]
        self._plural = Locale.parse(language).plural_form
        self._names: dict[tuple[str, str], str] = {}
        for policy in reversed(policies):
            self._learn(policy)

    def _learn(self, policy: Policy) -> None:
        lang = self.language
        for party in policy.parties:
            self._names["party", party.id] = party.short.en if lang == "en" else getattr(party.short, lang).nom
        for role in policy.roles:
            self._names["role", role.id] = role.names.of(lang)
        for agreement in policy.agreements:
            self._names["agreement", agreement.id] = agreement.title.of(lang)
        if lang in policy.texts:
            for kind, name in policy.texts[lang].event_types.items():
                self._names["type", kind.value] = name

    def name(self, what: str, of: str | None) -> str:
        """The name of a party, role or agreement; its id where no policy knows one."""
        return self.words.not_given if of is None else self._names.get((what, of), of)

    def type(self, kind: EventType | None) -> str:
        """What happened."""
        if kind is None:
            return self.words.no_type
        return self._names.get(("type", kind.value), kind.value.replace("_", " "))

    def count(self, number: int, forms: Forms) -> str:
        """A number with its noun in the right form."""
        return forms.get(self._plural(number), forms["other"]).format(n=number)

    def word(self, value: str | None) -> str:
        """A word of the records; one of two parts (``rejected: expired``) keeps its second as it is."""
        if value is None:
            return self.words.not_given
        head, colon, rest = value.partition(": ")
        return f"{self.words.values.get(head, head)}{colon}{rest}"

    def moment(self, at: datetime) -> str:
        """Day and time on the clock of both countries."""
        return at.astimezone(ZONE).strftime(f"{_DAYS[self.language]} %H:%M")

    def clock(self, at: datetime | None) -> str:
        """The time of day."""
        return clock_of(at)

    def field(self, one: FieldChange) -> tuple[str, str, str]:
        """A field's name, and how it was and would be."""
        name = self.words.fields[one.field.value]
        if one.step is not None:
            name = f"{one.step}. {self.words.step}: {name}"
        if one.field is Field.CONTENT:
            return name, self.words.not_given, f"{self.words.in_other_words}: {self._value(one.field, one.after)}"
        if one.field in (Field.SHARED, Field.WITHHELD):
            less, more = (self._beside(one.before, one.after), self._beside(one.after, one.before))
            return name, self._value(one.field, less), self._value(one.field, more)
        return name, self._value(one.field, one.before), self._value(one.field, one.after)

    def rows(self, fields: Iterable[FieldChange]) -> list[tuple[str, str, str]]:
        """``field`` of each."""
        return [self.field(one) for one in fields]

    def _beside(self, value: Value, other: Value) -> Value:
        """Of two lists, what only the one has."""
        if not isinstance(value, tuple) or not isinstance(other, tuple):
            return value
        return tuple(one for one in value if one not in other) or None

    def _value(self, field: Field, value: Value) -> str:
        if value is None:
            return self.words.not_given
        if isinstance(value, int):
            return duration(value) if field.value.endswith("_s") else str(value)
        if field in _ROLES:
            return ", ".join(self.name("role", one) for one in _listed(value))
        if field is Field.ASKER_TOLD:
            return "; ".join(self._told(one) for one in _listed(value))
        if field in _TIMES and isinstance(value, str):
            return clock_of(datetime.fromisoformat(value))
        if field in _AS_IT_IS:
            return str(value)
        return ", ".join(self.word(one) for one in _listed(value))

    def _told(self, one: str) -> str:
        at, template, contact, channel = one.split(" ")
        return f"{clock_of(datetime.fromisoformat(at))} {self.word(template)} ({contact}, {self.word(channel)})"

    def course(self, course: Course | None) -> str:
        """How a ladder goes, in a line."""
        w = self.words
        if course is None:
            return w.no_ladder
        steps = [f"{number}. {w.step} {w.asks_at} {at}" for number, at in steps_of(course).items()]
        if course.help_at is not None:
            steps.append(f"{w.first_yes}: {self.name('role', course.help_from)} {clock_of(course.help_at)}")
        steps.append(f"{self.word(course.ended.value)} {clock_of(course.ended_at)}" if course.ended else w.still_open)
        return "; ".join(steps)

    def asked(self, ladder: LadderChange) -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
        """Changes among those asked: what becomes of them, who they are, which fields."""
        for (kind, step, role, channel, fields), contacts in alike(ladder).items():
            who = f"{step}. {self.words.step}, {self.name('role', role)}, {self.word(channel)} ({', '.join(contacts)})"
            yield self.words.asked[kind.value], who, [self.field(one) for one in fields]


def _listed(value: str | tuple[str, ...]) -> Iterable[str]:
    return (value,) if isinstance(value, str) else value


def duration(seconds: int) -> str:
    """Seconds as people say them; ``min`` and ``s`` are the same in all three languages."""
    return f"{seconds // 60} min" if seconds >= 60 and seconds % 60 == 0 else f"{seconds} s"
