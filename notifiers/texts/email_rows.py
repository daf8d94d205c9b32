"""The rows of an e-mail: every fact that was shared, then how to answer, then why the reader was told."""

from dataclasses import dataclass

from notifiers.texts.lookup import (
    PlaceWords,
    agreement_of,
    callback_number,
    incident_country,
    nominative,
    party_of,
    place_words,
    role_name,
    service_name,
)
from notifiers.texts.sms_draft import may_answer
from notifiers.texts.wording import capitalised, changed_facts, counted, counted_people, duration, fill, full_time
from schemas.base import Country
from schemas.event import FreeText, PsapNotified
from schemas.notification import Notification
from schemas.policy.models import Party, Policy
from schemas.policy.texts import Texts
from schemas.privacy import mask
from schemas.vocabulary import Template


@dataclass(frozen=True)
class Row:
    """A label and its value. ``fact`` is the shared fact it says, ``href`` a tel: or geo: address, ``quoted``
    that the value is the reporter's own words, ``language`` then theirs."""

    label: str
    value: str
    fact: str | None = None
    href: str | None = None
    quoted: bool = False
    language: str | None = None


def fact_rows(notification: Notification, policy: Policy, texts: Texts, reader: Party) -> tuple[Row, ...]:
    """What happened, where, when, how bad, what is needed; an update's changes stand first.

    Raises:
        Unrenderable: the policy lacks something the text needs.
    """
    labels, facts = texts.labels, notification.facts
    rows = [Row(labels.event, capitalised(texts.event_types[facts.event_type]), "event_type")]
    place = place_words(facts, policy, texts)
    if place:
        rows += _place_rows(place, texts)
    if facts.occurred_at:
        rows.append(Row(labels.time, full_time(texts, facts.occurred_at, reader), "occurred_at"))
    if notification.template not in (Template.CANCEL, Template.ALL_CLEAR):
        rows += _state_rows(notification, texts)
    if facts.text:
        rows.append(_text_row(facts.text, texts))
    rows.append(Row(labels.psap, _psap(facts.psap_notified, texts, reader), "psap_notified"))
    if notification.template is not Template.UPDATE:
        return tuple(rows)
    return _changes_first(rows, changed_facts(notification.changed), texts)


def answer_rows(notification: Notification, policy: Policy, texts: Texts) -> tuple[Row, ...]:
    """Who asks, which number to call, which code to give, what to say and how soon.

    Raises:
        Unrenderable: the policy lacks something the text needs.
    """
    labels, asker = texts.labels, party_of(policy, notification.asking_party)
    number, answers = callback_number(notification, policy), may_answer(notification)
    how = texts.email.how_to_answer if answers else texts.email.how_to_ask
    rows = [
        Row(labels.asker, nominative(asker.current_party.name, texts.language)),
        Row(labels.call, number, "callback_role", href=f"tel:{number}"),
        Row(labels.code, notification.code),
        Row(labels.answer, fill(how, number=number, code=notification.code)),
    ]
    if answers and notification.reply_within_s:
        rows.append(Row(labels.answer_within, duration(texts, notification.reply_within_s)))
    return tuple(rows)


def reason_rows(notification: Notification, policy: Policy, texts: Texts, reader: Party) -> tuple[Row, ...]:
    """Why this reader was told: competent services on both sides, agreement, role, decision.

    Raises:
        Unrenderable: the policy lacks something the text needs.
    """
    labels, agreement = texts.labels, agreement_of(policy, notification.agreement)
    rows: list[Row] = []
    here = incident_country(notification, policy)
    for country in dict.fromkeys((here, reader.country)):
        lead = notification.facts.lead_service if country == here else None
        rows += _service_rows(notification, policy, texts, country, lead)
    rows += [
        Row(labels.agreement, agreement.title.of(texts.language)),
        Row(labels.role, capitalised(role_name(policy, notification.role, texts.language))),
        Row(labels.decided, full_time(texts, notification.decided_at, reader)),
        Row(labels.expires, full_time(texts, notification.expires_at, reader)),
    ]
    return tuple(rows)


def _place_rows(place: PlaceWords, texts: Texts) -> list[Row]:
    name = mask(place.name).text if place.name and place.reported else place.name
    said = dict.fromkeys(part for part in (name, place.area, place.municipality) if part)
    rows = [Row(texts.labels.place, f"{', '.join(said)} ({place.mark})", "place")]
    if place.local and place.local != ", ".join(said):
        rows.append(Row(texts.labels.local_name, place.local, "place"))
    if place.coordinates:
        note = f" ({texts.email.approximate})" if place.approximate else ""
        rows.append(Row(texts.labels.coordinates, place.coordinates + note, "place", href=f"geo:{place.coordinates}"))
    if place.side_uncertain:
        rows.append(Row(texts.labels.place, texts.email.side_uncertain, "place"))
    return rows


def _state_rows(notification: Notification, texts: Texts) -> list[Row]:
    labels, facts = texts.labels, notification.facts
    rows = []
    if facts.severity:
        rows.append(Row(labels.severity, texts.severities[facts.severity], "severity"))
    if facts.urgency:
        rows.append(Row(labels.urgency, texts.urgencies[facts.urgency], "urgency"))
    if facts.certainty:
        rows.append(Row(labels.certainty, texts.certainties[facts.certainty], "certainty"))
    if facts.needs and may_answer(notification):
        needs = ", ".join(counted(texts, texts.needs[need.kind].forms, need.count) for need in facts.needs)
        rows.append(Row(labels.needs, needs, "needs"))
    elif "needs" in notification.changed and may_answer(notification):
        rows.append(Row(labels.needs, texts.sms.needs_ended, "needs"))
    people = counted_people(texts, facts.casualties) if facts.casualties else []
    if people:
        rows.append(Row(labels.people, ", ".join(people), "casualties"))
    if facts.hazards:
        rows.append(Row(labels.hazards, ", ".join(texts.hazards[hazard] for hazard in facts.hazards), "hazards"))
    return rows


def _text_row(text: FreeText, texts: Texts) -> Row:
    label = fill(texts.email.as_reported, language=texts.languages[text.language])
    return Row(label, mask(text.text).text, "text", quoted=True, language=text.language)


def _psap(psap: PsapNotified | None, texts: Texts, reader: Party) -> str:
    words = texts.email
    if psap is None:
        return words.psap_unknown
    if not psap.notified:
        return words.psap_no
    parts = [words.psap_yes]
    if psap.at:
        parts.append(full_time(texts, psap.at, reader))
    if psap.reference:
        parts.append(f"{words.reference} {mask(psap.reference).text}")
    return ", ".join(parts)


def _changes_first(rows: list[Row], changed: tuple[str, ...], texts: Texts) -> tuple[Row, ...]:
    if not changed:
        return tuple(rows)
    order = {fact: index for index, fact in enumerate(changed)}
    rows.sort(key=lambda row: order.get(row.fact or "", len(order)))
    return (Row(texts.labels.changes, ", ".join(texts.changes[fact] for fact in changed)), *rows)


def _service_rows(
    notification: Notification, policy: Policy, texts: Texts, country: Country, lead: str | None
) -> list[Row]:
    competence = policy.competence[notification.facts.event_type].of(country)
    where, language = texts.countries[country], texts.language
    rows = [Row(fill(texts.email.lead_in, country=where), service_name(policy, lead or competence.lead, language))]
    if competence.assists:
        names = ", ".join(service_name(policy, assistant, language) for assistant in competence.assists)
        rows.append(Row(fill(texts.email.assists_in, country=where), names))
    return rows
