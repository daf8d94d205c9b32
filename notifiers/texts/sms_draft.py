"""An SMS as its parts, in the order a reader needs them; what falls away is taken from here, never cut."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from notifiers.texts.lookup import PlaceWords, callback_number, lead_service, nominative, party_of, place_words
from notifiers.texts.wording import capitalised, changed_facts, fill, one_line, prefix, sentence, short_time
from schemas.base import Lang
from schemas.event import Need
from schemas.notification import Notification
from schemas.policy.models import Party, Policy
from schemas.policy.texts import Texts
from schemas.privacy import mask
from schemas.vocabulary import Action, Severity, Template

_LINK = re.compile(r"://|www\.|@|\d+\.\d+\.\d+\.\d+", re.IGNORECASE)
_ENDS = (Template.CANCEL, Template.ALL_CLEAR)
_NAMES_ASKER = (Template.INFORM, Template.REFER, *_ENDS)
_LABELLED = ("severity", "needs", "hazards")


@dataclass(frozen=True)
class Items:
    """A labelled list of which the first ``shown`` items stand in the text; ``more`` says that some do not."""

    label: str
    words: tuple[str, ...]
    shown: int
    more: str

    def __str__(self) -> str:
        listed = ", ".join(self.words[: self.shown])
        return f"{self.label}: {listed}" if self.shown == len(self.words) else f"{self.label}: {listed} {self.more}"


@dataclass(frozen=True)
class Draft:
    """The parts of an SMS; None or empty is left out.

    ``head`` (prefix, repetition, header, code, end of the request), ``event``, ``area``, ``call`` and ``reply``
    never fall away. ``name`` is the named place in words, ``name_shown`` how many of them stand.
    ``first`` are the labelled facts that an update puts before everything else. ``asker`` is whom the number
    reaches: set only once everything else fits, where it costs no part.
    """

    head: str
    event: str
    area: str | None
    name: tuple[str, ...]
    name_shown: int
    name_in_area: bool
    position: str | None
    time: str | None
    changes: str | None
    severity: str | None
    needs: Items | None
    needs_ended: str | None
    hazards: Items | None
    lead_service: str | None
    notice: str | None
    call: str
    reply: str | None
    changed: frozenset[str]
    first: tuple[str, ...]
    asker: str | None = None

    def body(self) -> str:
        """The text: sentences with one space between them, its last without a full stop."""
        return self._body

    @cached_property
    def _body(self) -> str:
        labelled = {"severity": self.severity, "needs": self.needs or self.needs_ended, "hazards": self.hazards}
        before = [labelled[name] for name in self.first]
        after = [labelled[name] for name in _LABELLED if name not in self.first]
        parts = [self.head, self.changes, *before, self._what_where_when(), *after]
        parts += [self.lead_service, self.notice, self._call(), self.reply]
        said = [str(part) for part in parts if part]
        return " ".join([*(sentence(part) for part in said[:-1]), said[-1]])

    def _what_where_when(self) -> str:
        where = ", ".join(part for part in (self._name(), self.area) if part)
        placed = " ".join(part for part in (where, self.position) if part)
        return ", ".join(part for part in (self.event, placed, self.time) if part)

    def _call(self) -> str:
        return f"{self.call} ({self.asker})" if self.asker else self.call

    def _name(self) -> str:
        shown = " ".join(self.name[: self.name_shown])
        return shown if self.name_shown in (0, len(self.name)) else shown.rstrip(".,;:-") + "..."


def draft_of(notification: Notification, policy: Policy, texts: Texts, reader: Party) -> Draft:
    """All parts of the SMS for ``notification``, with nothing shortened yet.

    Raises:
        Unrenderable: the policy lacks something the text needs.
    """
    facts, ended = notification.facts, notification.template in _ENDS
    changed = changed_facts(notification.changed) if notification.template is Template.UPDATE else ()
    place = place_words(facts, policy, texts)
    severity = None if ended else _severity(notification, texts, changed)
    hazards = None if ended else _hazards(notification, texts)
    needs, needs_ended = _needs(notification, texts), _needs_ended(notification, texts, changed)
    labelled = {"severity": severity, "needs": needs or needs_ended, "hazards": hazards}
    said = {fact for fact, part in labelled.items() if part}
    name = _name_words(place)
    return Draft(
        head=_head(notification, texts),
        event=capitalised(texts.event_types[facts.event_type]),
        area=place.area_short if place else None,
        name=name,
        name_shown=len(name),
        name_in_area=bool(place and place.name_in_area),
        position=_position(place, texts),
        time=_time(notification, texts, reader),
        changes=_changes([fact for fact in changed if fact not in said], texts),
        severity=severity,
        needs=needs,
        needs_ended=needs_ended,
        hazards=hazards,
        lead_service=_lead(notification, policy, texts),
        notice=texts.sms.no_personal_data if notification.template is Template.REFER else None,
        call=_call(notification, policy, texts),
        reply=fill(texts.sms.reply, code=notification.code) if may_answer(notification) else None,
        changed=frozenset(changed),
        first=tuple(fact for fact in changed if fact in said),
    )


def may_answer(notification: Notification) -> bool:
    """Whether the reader is asked for a yes or no: for help, while the incident lasts."""
    return notification.action is Action.HELP and notification.template in (Template.HELP, Template.UPDATE)


def asker_name(notification: Notification, policy: Policy, language: Lang) -> str | None:
    """The asking party's short name, for the kinds of text that may say it; None for a request and its updates.

    Raises:
        Unrenderable: the policy has no such party.
    """
    if notification.template not in _NAMES_ASKER:
        return None
    return one_line(nominative(party_of(policy, notification.asking_party).short, language))


def _call(notification: Notification, policy: Policy, texts: Texts) -> str:
    phrase = texts.sms.call if _calls_for_a_call(notification) else texts.sms.call_if_needed
    return fill(phrase, number=callback_number(notification, policy))


def _calls_for_a_call(notification: Notification) -> bool:
    if notification.template is Template.UPDATE:
        return notification.action is not Action.INFORM
    return notification.template in (Template.HELP, Template.REFER)


def _time(notification: Notification, texts: Texts, reader: Party) -> str | None:
    occurred_at = notification.facts.occurred_at
    return short_time(texts, occurred_at, decided_at=notification.decided_at, party=reader) if occurred_at else None


def _head(notification: Notification, texts: Texts) -> str:
    header = f"{texts.headers[notification.template]} {notification.code}."
    if notification.repetition:
        header = f"{texts.sms.repetition}: {header}"
    ended = notification.template in _ENDS and notification.action is Action.HELP
    parts = (prefix(texts, notification), header, texts.sms.help_ended if ended else None)
    return " ".join(part for part in parts if part)


def _severity(notification: Notification, texts: Texts, changed: tuple[str, ...]) -> str | None:
    severity = notification.facts.severity
    if severity is None or (severity is Severity.UNKNOWN and "severity" not in changed):
        return None  # "not known" tells a reader nothing, unless it was known before
    return f"{texts.labels.severity}: {texts.severities[severity]}"


def _needs(notification: Notification, texts: Texts) -> Items | None:
    needs = notification.facts.needs
    if not needs or not may_answer(notification):
        return None
    words = tuple(label_before_count(need, texts) for need in needs)
    return Items(texts.labels.needs, words, len(words), texts.sms.more)


def label_before_count(need: Need, texts: Texts) -> str:
    """A need as an SMS lists it, a nominative label and the number: "autocisterna 1", "laivas 2"."""
    single, several = texts.needs[need.kind].label
    return f"{single if need.count == 1 else several} {need.count}"


def _needs_ended(notification: Notification, texts: Texts, changed: tuple[str, ...]) -> str | None:
    gone = "needs" in changed and not notification.facts.needs and may_answer(notification)
    return texts.sms.needs_ended if gone else None


def _hazards(notification: Notification, texts: Texts) -> Items | None:
    words = tuple(texts.hazards[hazard] for hazard in notification.facts.hazards)
    return Items(texts.labels.hazards, words, len(words), texts.sms.more) if words else None


def _changes(facts: list[str], texts: Texts) -> str | None:
    return f"{texts.labels.changes}: {', '.join(texts.changes[fact] for fact in facts)}" if facts else None


def _lead(notification: Notification, policy: Policy, texts: Texts) -> str | None:
    if notification.action is not Action.REFER or notification.template in _ENDS:
        return None
    return f"{texts.labels.lead}: {lead_service(notification, policy, texts.language)}"


def _position(place: PlaceWords | None, texts: Texts) -> str | None:
    if place is None:
        return None
    mark = f"({place.mark})"
    if place.coordinates is None:
        return mark
    return f"{mark} {texts.sms.approximate} {place.coordinates}" if place.approximate else f"{mark} {place.coordinates}"


def _name_words(place: PlaceWords | None) -> tuple[str, ...]:
    if place is None or place.name is None or place.name.casefold() == place.area_short.casefold():
        return ()
    name = place.name
    if place.reported:
        name = unicodedata.normalize("NFKC", name)
        if _LINK.search(name) or mask(name).found:
            return ()  # a reported name is free text: no links and nothing personal goes into an SMS
        name = re.sub(r"\.(?=[^\W\d_])", ". ", name)  # a phone makes a link of a dot between letters
    return tuple(one_line(name).split(" "))
