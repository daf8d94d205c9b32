"""The words of one language, as data: what ``notifiers.texts`` renders messages from.

A sentence with a blank in it is a Jinja2 template that may hold nothing but plain blanks such as
``{{ code }}``; which blanks it knows and which it must use is said here and checked.
"""

import unicodedata
from collections.abc import Iterable
from typing import Annotated, Literal, Self, get_args

from babel import Locale
from jinja2 import Environment, TemplateSyntaxError, nodes
from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from schemas.base import Country, Lang, Line, Model
from schemas.decision import SharedFacts
from schemas.event import Casualties
from schemas.policy.reply_lexicon import ReplyLexicon
from schemas.vocabulary import (
    EVENT_TEMPLATES,
    Answer,
    Certainty,
    EventType,
    Hazard,
    NeedKind,
    ReplyKind,
    ServiceKind,
    Severity,
    Template,
    Urgency,
)

PluralCategory = Literal["zero", "one", "two", "few", "many", "other"]
"""A CLDR plural category. Latvian *zero* covers 0, 10–20, 30…: its form never means "nobody"."""

CHANGES = (*(name for name in SharedFacts.model_fields if name != "lead_service"), "other")
"""What an update may have changed, as ``texts.changes`` names it: the shared facts, and anything else."""

PARISH_KINDS = ("pagasts", "pilseta", "seniunija")


def _tidy(text: str) -> str:
    if text != " ".join(text.split()):
        raise ValueError("has a space at its start or end, or two in a row")
    return unicodedata.normalize("NFC", text)


def _at_most(limit: int) -> AfterValidator:
    def check(text: str) -> str:
        if len(text) > limit:
            raise ValueError(f"is {len(text)} characters long, and may have {limit}")
        return text

    return AfterValidator(check)


def _plain(text: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError("has braces, but no blanks are filled in here")
    return text


def _parsed(text: str) -> str:
    if blanks_of(text) is None:
        raise ValueError("may hold nothing but words and plain blanks like {{ code }}")
    return text


Word = Annotated[Line, _at_most(60), AfterValidator(_tidy), AfterValidator(_plain)]
"""A word or short phrase that stands inside a message, at most 60 characters."""

Header = Annotated[Word, _at_most(30)]
"""What an SMS begins with or names itself by, at most 30 characters."""

Sentence = Annotated[
    str, StringConstraints(min_length=1, max_length=300), AfterValidator(_tidy), AfterValidator(_plain)
]
"""A fixed sentence of an e-mail, at most 300 characters."""

Blank = Annotated[Line, AfterValidator(_tidy), AfterValidator(_parsed)]
"""A short template with blanks, at most 120 characters."""


def blanks_of(source: str) -> frozenset[str] | None:
    """The names of the blanks in ``source``, or None where it is no template of words and plain blanks."""
    try:
        tree = Environment(autoescape=True).parse(source)
    except TemplateSyntaxError:
        return None
    names = set()
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            return None
        for part in output.nodes:
            if isinstance(part, nodes.Name):
                names.add(part.name)
            elif not isinstance(part, nodes.TemplateData):
                return None
    return frozenset(names)


class Counted(Model):
    """Something that is counted. ``label`` stands before the number in an SMS ("autocisterna 1", "laivas 2"):
    nominative singular for one, plural for more. ``forms`` stand after the number, one per plural category."""

    label: tuple[Word, Word]
    forms: dict[PluralCategory, Word]


class Prefixes(Model):
    """What stands before everything else in a text that is not about a real event."""

    exercise: Annotated[Word, _at_most(50)]
    test: Annotated[Word, _at_most(50)]


class Times(Model):
    """Local times. ``months`` has the month's name as it stands in ``date``."""

    months: Annotated[tuple[Word, ...], Field(min_length=12, max_length=12)]
    time: Blank
    date: Blank
    date_time: Blank
    minutes: Blank
    hours: Blank


class Labels(Model):
    """What stands before a colon, in an SMS and in an e-mail."""

    severity: Word
    needs: Word
    hazards: Word
    changes: Word
    lead: Word
    event: Word
    place: Word
    local_name: Word
    municipality: Word
    coordinates: Word
    time: Word
    urgency: Word
    certainty: Word
    people: Word
    psap: Word
    asker: Word
    call: Word
    answer: Word
    answer_within: Word
    code: Word
    agreement: Word
    decided: Word
    expires: Word
    role: Word


class SmsWords(Model):
    """Phrases of an SMS. ``more`` ends a shortened list; ``approximate`` stands before the coordinates of a
    named place where the event itself gave none. ``call`` asks for a call (help, referral); ``call_if_needed``
    only gives the number, where nobody needs to call (information, cancel, all-clear)."""

    repetition: Annotated[Word, _at_most(20)]
    more: Annotated[Word, _at_most(20)]
    approximate: Annotated[Word, _at_most(20)]
    call: Annotated[Blank, _at_most(40)]
    call_if_needed: Annotated[Blank, _at_most(40)]
    reply: Annotated[Blank, _at_most(60)]
    help_ended: Word
    needs_ended: Word
    no_personal_data: Word


class EmailWords(Model):
    """Phrases of an e-mail. ``intro`` is its first sentence by template; ``lead_in`` and ``assists_in`` name
    the competent services of a country; ``psap_alarm`` stands at the top where 112 has not been called."""

    intro: dict[Template, Sentence]
    repetition: Sentence
    as_reported: Blank
    lead_in: Blank
    assists_in: Blank
    psap_yes: Sentence
    psap_no: Sentence
    psap_unknown: Sentence
    psap_alarm: Sentence
    reference: Word
    side_uncertain: Sentence
    approximate: Sentence
    how_to_answer: Blank
    how_to_ask: Blank
    after_112: Sentence
    automatic: Sentence


class AnswerWords(Model):
    """Texts that carry an answer back to the asking side, say that none came, or that enough are coming.

    ``said`` is the answer as a sentence: an update and an e-mail begin with it. ``undecided`` ends a text about an
    answer that decides nothing. ``arrival`` and ``first_arrival`` (of a group) say when; ``coming`` counts heads,
    ``coming_of`` against the number asked; ``people`` is the noun for counted heads in an e-mail.
    """

    headers: dict[Answer, Header]
    unanswered: Header
    enough: Header
    said: dict[Answer, Word]
    undecided: Word
    nobody: Sentence
    call_now: Annotated[Blank, _at_most(40)]
    thanks: Word
    arrival: Annotated[Blank, _at_most(60)]
    first_arrival: Annotated[Blank, _at_most(60)]
    coming: Annotated[Blank, _at_most(40)]
    coming_of: Annotated[Blank, _at_most(40)]
    people: dict[PluralCategory, Word]
    out_of: Blank
    answered_by: Word
    answered_at: Word
    tried: Word
    arrival_label: Word
    first_arrival_label: Word
    coming_label: Word


class ServiceWords(Model):
    """Texts about the system itself: checks of contacts, contacts lost and back, the canary.

    ``calm`` says that nothing has happened; ``reply`` asks for an answer by SMS, ``call`` where there is no SMS.
    ``mend`` says what the party of a lost contact can do.
    """

    headers: dict[ServiceKind, Header]
    calm: Word
    reply: Annotated[Blank, _at_most(60)]
    call: Blank
    lost: Word
    back: Word
    mend: Annotated[Word, _at_most(60)]
    no_answer: Word
    intro: dict[ServiceKind, Sentence]
    contact: Word


class ReplyWords(Model):
    """The short replies to what people text back; each fits one SMS part where it can.

    ``codes`` may stand in most of them and is empty where none is known.
    """

    which_request: Blank
    too_late: Blank
    unknown_code: Blank
    unknown_number: Blank
    nothing_open: Blank
    not_understood: Blank
    stopped: Blank
    started: Blank


class DigestWords(Model):
    """One text that tells of several routine ones: what stands before the list, and after what it has no room for."""

    head: Annotated[Blank, _at_most(40)]
    more: Annotated[Blank, _at_most(40)]

    @field_validator("head", "more")
    @classmethod
    def _counts(cls, source: str, info: ValidationInfo) -> str:
        faults = _blank_faults(f"digest.{info.field_name}", source, {"count"}, set())
        if faults:
            raise ValueError("; ".join(faults))
        return source


_BLANKS: dict[str, tuple[set[str], set[str]]] = {
    # field: (blanks it must use, blanks it may use besides)
    "times.time": ({"hour", "minute"}, set()),
    "times.date": ({"day"}, {"month", "month_name", "year"}),
    "times.date_time": ({"day", "hour", "minute"}, {"month", "month_name", "year"}),
    "times.minutes": ({"count"}, set()),
    "times.hours": ({"count"}, set()),
    "sms.call": ({"number"}, set()),
    "sms.call_if_needed": ({"number"}, set()),
    "sms.reply": ({"code"}, set()),
    "email.as_reported": ({"language"}, set()),
    "email.lead_in": ({"country"}, set()),
    "email.assists_in": ({"country"}, set()),
    "email.how_to_answer": ({"number", "code"}, set()),
    "email.how_to_ask": ({"number", "code"}, set()),
    "answers.call_now": ({"number"}, set()),
    "answers.arrival": ({"time", "wait"}, set()),
    "answers.first_arrival": ({"time", "wait"}, set()),
    "answers.coming": ({"coming"}, set()),
    "answers.coming_of": ({"coming", "asked"}, set()),
    "answers.out_of": ({"people", "asked"}, set()),
    "service.reply": ({"code"}, set()),
    "service.call": ({"number", "code"}, set()),
    **{f"replies.{kind.value}": (set(), {"codes"}) for kind in ReplyKind},
    "replies.which_request": ({"codes"}, set()),
}


class Texts(Model):
    """All user-facing words of messages in one language.

    ``event_types`` and ``hazards`` are lower-case nominatives; ``changes`` names the facts an update can
    change; ``countries`` is the locative ("in Latvia"); ``parishes`` says how a parish is written from its
    name, for a language in which the geography holds no written form (English). ``answers``, ``service`` and
    ``replies`` are absent only in policies published before there were any; every file must have them.
    ``reply_lexicon`` adds words people reply with to those that come with ``streams.rules.replies``.
    """

    language: Lang
    headers: dict[Template, Header]
    prefixes: Prefixes
    event_types: dict[EventType, Annotated[Word, _at_most(50)]]
    severities: dict[Severity, Word]
    urgencies: dict[Urgency, Word]
    certainties: dict[Certainty, Word]
    needs: dict[NeedKind, Counted]
    casualties: dict[str, dict[PluralCategory, Word]]
    hazards: dict[Hazard, Word]
    changes: dict[str, Word]
    languages: dict[Lang, Word]
    countries: dict[Country, Word]
    parishes: Annotated[dict[str, Blank], Field(default_factory=dict)]
    times: Times
    labels: Labels
    sms: SmsWords
    email: EmailWords
    answers: AnswerWords | None = None
    service: ServiceWords | None = None
    replies: ReplyWords | None = None
    reply_lexicon: ReplyLexicon | None = None
    digest: DigestWords | None = None
    """Without it several texts are never put into one."""

    @model_validator(mode="after")
    def _every_word_is_there(self) -> Self:
        expected: dict[str, tuple[Iterable[str], Iterable[str]]] = {
            "headers": (self.headers, EVENT_TEMPLATES),
            "event_types": (self.event_types, EventType),
            "severities": (self.severities, Severity),
            "urgencies": (self.urgencies, Urgency),
            "certainties": (self.certainties, Certainty),
            "needs": (self.needs, NeedKind),
            "casualties": (self.casualties, Casualties.model_fields),
            "hazards": (self.hazards, Hazard),
            "changes": (self.changes, CHANGES),
            "languages": (self.languages, get_args(Lang)),
            "countries": (self.countries, get_args(Country)),
            "parishes": (self.parishes, PARISH_KINDS if self.language == "en" else ()),
            "email.intro": (self.email.intro, EVENT_TEMPLATES),
        }
        if self.answers:
            expected["answers.headers"] = (self.answers.headers, Answer)
            expected["answers.said"] = (self.answers.said, Answer)
        if self.service:
            expected["service.headers"] = (self.service.headers, ServiceKind)
            expected["service.intro"] = (self.service.intro, ServiceKind)
        faults = [fault for name, (found, wanted) in expected.items() for fault in _difference(name, found, wanted)]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @model_validator(mode="after")
    def _plurals_are_those_of_the_language(self) -> Self:
        wanted = {*Locale.parse(self.language).plural_form.tags, "other"}
        plurals: dict[str, Iterable[str]] = {f"needs.{kind}.forms": word.forms for kind, word in self.needs.items()}
        plurals |= {f"casualties.{kind}": forms for kind, forms in self.casualties.items()}
        plurals |= {"answers.people": self.answers.people} if self.answers else {}
        faults = [fault for name, forms in plurals.items() for fault in _difference(name, forms, wanted)]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @model_validator(mode="after")
    def _blanks_are_known(self) -> Self:
        faults = []
        for name, (must, may) in _BLANKS.items():
            section, field = name.split(".")
            if getattr(self, section) is not None:
                faults += _blank_faults(name, getattr(getattr(self, section), field), must, may)
        for kind, source in self.parishes.items():
            faults += _blank_faults(f"parishes.{kind}", source, {"name"}, set())
        if faults:
            raise ValueError("; ".join(faults))
        return self


def _difference(name: str, found: Iterable[str], wanted: Iterable[str]) -> list[str]:
    have, need = {str(key) for key in found}, {str(key) for key in wanted}
    faults = [f"{name}: no word for {', '.join(sorted(need - have))}"] if need - have else []
    if have - need:
        faults.append(f"{name}: {', '.join(sorted(have - need))} is not known here")
    return faults


def _blank_faults(name: str, source: str, must: set[str], may: set[str]) -> list[str]:
    used = blanks_of(source) or frozenset()
    faults = [f"{name}: must use {{{{ {blank} }}}}" for blank in sorted(must - used)]
    return faults + [f"{name}: {{{{ {blank} }}}} is not known here" for blank in sorted(used - must - may)]
