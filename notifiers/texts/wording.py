"""Words, plural forms, times and numbers of one reader's language, taken from the policy."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import cast
from zoneinfo import ZoneInfo

from babel import Locale
from jinja2 import Environment, StrictUndefined, Template, UndefinedError

from schemas.base import Lang
from schemas.event import Casualties
from schemas.notification import Notification
from schemas.policy.models import Party, Policy
from schemas.policy.texts import CHANGES, PluralCategory, Texts
from schemas.vocabulary import SERVICE_TEMPLATES, Origin, Status

# Names by which an update may call a changed fact, besides those of the facts themselves.
_SYNONYMS = {
    "place_name": "place",
    "parish": "place",
    "point": "place",
    "callback": "callback_role",
    "psap": "psap_notified",
}

# Values go into plain text; the HTML part escapes the finished lines.
_PLAIN_TEXT = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701


class Unrenderable(Exception):
    """A notification that cannot be put into words; ``detail`` says what is missing."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def texts_of(policy: Policy, language: Lang) -> Texts:
    """The policy's words in ``language``.

    Raises:
        Unrenderable: the policy has none.
    """
    if language not in policy.texts:
        raise Unrenderable(f"the policy has no texts in {language}")
    return policy.texts[language]


@lru_cache(maxsize=256)
def _compiled(source: str) -> Template:
    return _PLAIN_TEXT.from_string(source)


def fill(source: str, **blanks: object) -> str:
    """``source`` with its blanks filled in.

    Raises:
        Unrenderable: it has a blank that is not given.
    """
    try:
        return _compiled(source).render(**blanks)
    except UndefinedError as error:
        raise Unrenderable(f"a text of the policy has an unknown blank: {error.message}") from error


def one_line(text: str) -> str:
    """``text`` with every run of white space made one space."""
    return " ".join(text.split())


def capitalised(text: str) -> str:
    """``text`` with its first letter large and the rest as it is."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """``text`` with one full stop at its end, unless it has an end already."""
    return text if text.endswith((".", "!", "?", "…")) else text + "."


def plural_category(language: Lang, count: int) -> PluralCategory:
    """The CLDR plural category of a whole number."""
    return cast(PluralCategory, Locale.parse(language).plural_form(count))


def counted(texts: Texts, forms: dict[PluralCategory, str], count: int) -> str:
    """A number and its noun: "21 autocisterna", "0 cietušo". The number is always written."""
    return f"{count} {forms[plural_category(texts.language, count)]}"


def counted_people(texts: Texts, casualties: Casualties) -> list[str]:
    """The known counts of people with their nouns; what is not known is left out."""
    known = casualties.model_dump(exclude_none=True)
    return [counted(texts, texts.casualties[kind], count) for kind, count in known.items()]


def local(moment: datetime, party: Party) -> datetime:
    """``moment`` on the clocks of ``party``."""
    return moment.astimezone(ZoneInfo(party.time_zone))


def _time_blanks(texts: Texts, at: datetime) -> dict[str, str]:
    return {
        "hour": f"{at:%H}",
        "minute": f"{at:%M}",
        "day": str(at.day),
        "month": str(at.month),
        "month_name": texts.times.months[at.month - 1],
        "year": str(at.year),
    }


def short_time(texts: Texts, moment: datetime, *, decided_at: datetime, party: Party) -> str:
    """Local time of day, with the date where it is not the local day of the decision."""
    at = local(moment, party)
    same_day = at.date() == local(decided_at, party).date()
    return fill(texts.times.time if same_day else texts.times.date_time, **_time_blanks(texts, at))


def clock_time(texts: Texts, moment: datetime, party: Party) -> str:
    """Local time of day, without the date."""
    return fill(texts.times.time, **_time_blanks(texts, local(moment, party)))


def full_time(texts: Texts, moment: datetime, party: Party) -> str:
    """Local date and time of day."""
    blanks = _time_blanks(texts, local(moment, party))
    return f"{fill(texts.times.date, **blanks)}, {fill(texts.times.time, **blanks)}"


def duration(texts: Texts, seconds: int) -> str:
    """A waiting time in hours and minutes, rounded up to a whole minute."""
    hours, minutes = divmod(-(-seconds // 60), 60)
    parts = [fill(texts.times.hours, count=hours)] if hours else []
    if minutes or not hours:
        parts.append(fill(texts.times.minutes, count=minutes))
    return " ".join(parts)


def prefix(texts: Texts, notification: Notification) -> str | None:
    """What marks the text as a test or an exercise; None for a real event and for a real text about the system.

    Raises:
        Unrenderable: a Draft, or a System message about anything else, which is nobody's to read.
    """
    if notification.status is Status.SYSTEM and notification.template in SERVICE_TEMPLATES:
        return texts.prefixes.exercise if notification.origin is Origin.EXERCISE else None
    if notification.status is Status.TEST:
        return texts.prefixes.test
    if notification.status is Status.EXERCISE or notification.origin is Origin.EXERCISE:
        return texts.prefixes.exercise
    if notification.status is not Status.ACTUAL:
        raise Unrenderable(f"a message of status {notification.status.value} is not for sending")
    return None


def changed_facts(changed: Iterable[str]) -> tuple[str, ...]:
    """The changed facts by the names of ``texts.changes``, each once, in the given order."""
    names = (_SYNONYMS.get(name, name) for name in changed)
    return tuple(dict.fromkeys(name if name in CHANGES else "other" for name in names))
