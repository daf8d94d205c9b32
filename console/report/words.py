"""``Words``: how a report speaks in one language: sentences, counted nouns, numbers, times, and names of the policy."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final, Self, cast

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_decimal
from babel.units import format_unit
from pydantic import model_validator

from console.report.cases import Fate, Outcome
from console.report.month import ZONE, Month
from console.report.spread import share
from schemas.base import Lang, Model
from schemas.policy.models import Policy
from schemas.policy.source import read_source
from schemas.policy.texts import PluralCategory
from schemas.vocabulary import Channel

LANGUAGES: Final[tuple[Lang, ...]] = ("lv", "lt", "en")

_FILES = Path(__file__).parent / "words"
_LOCALES: Final[dict[Lang, str]] = {"lv": "lv", "lt": "lt", "en": "en_GB"}


class ReportWords(Model):
    """The file of one language. ``counted`` are whole sentences, a form for each plural category; ``told`` sentences
    whose counts stand apart from any noun; ``plots`` says for a reader who cannot see it what a picture shows."""

    labels: dict[str, str]
    plots: dict[str, str]
    outcomes: dict[Outcome, str]
    fates: dict[Fate, str]
    channels: dict[Channel, str]
    reasons: dict[str, str]
    told: dict[str, str]
    counted: dict[str, dict[PluralCategory, str]]

    @model_validator(mode="after")
    def _every_word_is_there(self) -> Self:
        for name, found, wanted in (
            ("outcomes", set(self.outcomes), set(Outcome)),
            ("fates", set(self.fates), set(Fate)),
            ("channels", set(self.channels), set(Channel)),
        ):
            if found != wanted:
                raise ValueError(f"{name}: {sorted(found ^ wanted)} is missing")
        return self


@cache
def report_words(language: Lang) -> ReportWords:
    """The words that come with the project."""
    source = read_source(_FILES / f"{language}.yaml", f"{language}.yaml")
    return ReportWords.model_validate(source.data)


class Words:
    """One language over one policy. What the policy does not name is called by its id."""

    def __init__(self, language: Lang, policy: Policy) -> None:
        self.language, self._policy = language, policy
        self._words = report_words(language)
        self._locale = Locale.parse(_LOCALES[language])
        self._units = {unit.id: unit.names for unit in policy.geography.units}
        self._agreements = {agreement.id: agreement.title for agreement in policy.agreements}
        self._parties = {party.id: party.short for party in policy.parties}

    def label(self, key: str, **blanks: object) -> str:
        """A fixed word, with its blanks filled in."""
        return _ended(self._words.labels[key].format(**blanks))

    def told(self, key: str, **blanks: object) -> str:
        """A sentence whose blanks need no agreement."""
        return _ended(self._words.told[key].format(**blanks))

    def counted(self, key: str, n: int, **blanks: object) -> str:
        """A sentence about ``n`` things, in the form that the language has for that number."""
        forms = self._words.counted[key]
        category = cast(PluralCategory, self._locale.plural_form(n))
        return _ended(forms[category].format(n=self.number(n), **blanks))

    def plot(self, key: str) -> str:
        """What the picture ``key`` shows, in a sentence."""
        return self._words.plots[key]

    def outcome(self, outcome: str) -> str:
        """An outcome of a request."""
        return self._words.outcomes[Outcome(outcome)]

    def fate(self, fate: str) -> str:
        """What became of a text."""
        return self._words.fates[Fate(fate)]

    def channel(self, channel: str) -> str:
        """How somebody is reached."""
        return self._words.channels[Channel(channel)]

    def reason(self, reason: str) -> str:
        """Why a text did not get out."""
        return self._words.reasons.get(reason, self._words.reasons["other"])

    def event_type(self, name: str) -> str:
        """A type of events, as it stands in a sentence."""
        kinds = {kind.value: word for kind, word in self._policy.texts[self.language].event_types.items()}
        return kinds.get(name, self.label("unknown"))

    def unit(self, name: str) -> str:
        """A municipality."""
        found = self._units.get(name)
        if found is not None:
            return str(getattr(found, self.language))
        return self.label("unknown") if name == "unknown" else name

    def agreement(self, name: str) -> str:
        """An agreement."""
        if name in self._agreements:
            return str(getattr(self._agreements[name], self.language))
        return self.label("without_agreement") if name == "none" else name

    def party(self, name: str) -> str:
        """A party, in short."""
        short = self._parties.get(name)
        if short is None:
            return name
        return short.en if self.language == "en" else str(getattr(short, self.language).nom)

    def number(self, value: float) -> str:
        """A number as it is written."""
        return str(format_decimal(value, locale=self._locale))

    def part(self, part: int, whole: int) -> str:
        """``part`` of ``whole``; with per cent where the whole is large enough to speak of it."""
        percent = share(part, whole)
        blanks = {"part": self.number(part), "whole": self.number(whole)}
        return self.label("of", **blanks) if percent is None else self.label("share", percent=percent, **blanks)

    def duration(self, seconds: float) -> str:
        """How long: the two largest units that are not nothing, seconds rounded."""
        whole = round(seconds)
        sizes = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
        first = next((place for place, (_, size) in enumerate(sizes) if whole >= size), 3)
        parts: list[str] = []
        for unit, size in sizes[first : first + 2]:
            count, whole = divmod(whole, size)
            if count or not parts:
                parts.append(format_unit(count, f"duration-{unit}", "short", locale=self._locale))
        if len(parts) > 1 and parts[1].startswith("0 "):
            parts.pop()
        return "\N{NO-BREAK SPACE}".join(parts).replace(" ", "\N{NO-BREAK SPACE}")

    def durations(self, seconds: Iterable[float]) -> str:
        """A few durations, one after another; a blank alone would make one of two."""
        return "; ".join(self.duration(value) for value in seconds)

    def month(self, month: Month) -> str:
        """The month's name and year."""
        return str(format_skeleton("yMMMM", month.start.astimezone(ZONE), locale=self._locale))

    def day(self, moment: datetime) -> str:
        """The day, written out."""
        return str(format_date(moment.astimezone(ZONE), format="long", locale=self._locale))

    def moment(self, moment: datetime) -> str:
        """Day and time in figures; with the offset in the hour that the clock goes through twice."""
        local = moment.astimezone(ZONE)
        shown = str(format_datetime(moment, "dd.MM. HH:mm", tzinfo=ZONE, locale=self._locale))
        twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
        return f"{shown} (UTC{local:%z})" if twice else shown

    def counts(self, found: Mapping[str, int], order: Iterable[str]) -> str:
        """Outcomes with their counts, those that came about, in ``order``."""
        return ", ".join(f"{self.outcome(name)} {self.number(found[name])}" for name in order if found.get(name))


def _ended(sentence: str) -> str:
    """``sentence`` with one full stop where an abbreviation (*min.*) and a sentence end together."""
    return sentence.replace("..", ".")
