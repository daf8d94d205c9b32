"""The e-mail of a notification: a subject, a plain text and an HTML part that say the same."""

from dataclasses import dataclass

from notifiers.texts.answer_draft import header
from notifiers.texts.answer_rows import news_intro, news_rows
from notifiers.texts.email_layout import HTML, PLAIN
from notifiers.texts.email_rows import Row, answer_rows, fact_rows, reason_rows
from notifiers.texts.lookup import party_of, place_words
from notifiers.texts.service_draft import service_header, subject_words
from notifiers.texts.service_rows import service_intro, service_rows
from notifiers.texts.sms_draft import may_answer
from notifiers.texts.wording import capitalised, one_line, prefix, texts_of
from schemas.base import Lang
from schemas.notification import Notification
from schemas.policy.models import Party, Policy
from schemas.policy.texts import Texts
from schemas.vocabulary import ANSWER_TEMPLATES, EVENT_TEMPLATES, SERVICE_TEMPLATES, Action, Template

MAX_SUBJECT = 150
"""Characters a subject may have; longer ones are shortened at a word."""


@dataclass(frozen=True)
class Email:
    """``subject`` is one line; ``text`` and ``html`` say the same."""

    subject: str
    text: str
    html: str


def render_email(notification: Notification, policy: Policy, *, language: Lang, in_front: str | None = None) -> Email:
    """The e-mail for ``notification`` in the reader's language; times are those of the reader's party.

    ``policy`` is the one the decision was made by. ``in_front`` stands before everything else, also in the subject.

    Raises:
        Unrenderable: the policy lacks something the text needs.
    """
    texts = texts_of(policy, language)
    reader = party_of(policy, notification.party)
    mark = " ".join(part for part in (in_front, prefix(texts, notification)) if part) or None
    subject = _subject(notification, policy, texts, mark)
    heading, intro, alarm = _heading(notification, texts), _intro(notification, texts), _alarm(notification, texts)
    sections = _sections(notification, policy, texts, reader)
    closing = _closing(notification, texts)
    opening = [line for line in (mark, heading, alarm, *intro) if line]
    return Email(
        subject=subject,
        text=PLAIN.render(opening=opening, sections=sections, closing=closing),
        html=HTML.render(
            language=language,
            subject=subject,
            prefix=mark,
            heading=heading,
            alarm=alarm,
            intro=intro,
            sections=sections,
            closing=closing,
        ),
    )


def _sections(notification: Notification, policy: Policy, texts: Texts, reader: Party) -> tuple[tuple[Row, ...], ...]:
    if notification.template in SERVICE_TEMPLATES:
        return service_rows(notification, policy, texts, reader)
    facts = fact_rows(notification, policy, texts, reader)
    if notification.template in ANSWER_TEMPLATES:
        # The asking side knows its event and why it is told; what is new stands first.
        return news_rows(notification, policy, texts, reader), facts
    return facts, answer_rows(notification, policy, texts), reason_rows(notification, policy, texts, reader)


def _closing(notification: Notification, texts: Texts) -> tuple[str, ...]:
    if notification.template in SERVICE_TEMPLATES:
        return (texts.email.automatic,)
    return texts.email.after_112, texts.email.automatic


def _heading(notification: Notification, texts: Texts) -> str:
    if notification.template in ANSWER_TEMPLATES:
        name = header(notification, texts)
    elif notification.template in SERVICE_TEMPLATES:
        name = service_header(notification, texts)
    else:
        name = texts.headers[notification.template]
    heading = f"{name} {notification.code}"
    return f"{texts.sms.repetition}: {heading}" if notification.repetition else heading


def _alarm(notification: Notification, texts: Texts) -> str | None:
    psap = notification.facts.psap_notified
    if notification.template not in EVENT_TEMPLATES:
        return None
    return texts.email.psap_alarm if psap and not psap.notified else None


def _intro(notification: Notification, texts: Texts) -> list[str]:
    if notification.template in ANSWER_TEMPLATES:
        return news_intro(notification, texts)
    if notification.template in SERVICE_TEMPLATES:
        return service_intro(notification, texts)
    lines = [texts.email.repetition] if notification.repetition else []
    lines.append(texts.email.intro[notification.template])
    if notification.template in (Template.CANCEL, Template.ALL_CLEAR) and notification.action is Action.HELP:
        lines.append(texts.sms.help_ended)
    elif notification.template is Template.UPDATE and not may_answer(notification):
        lines.append(texts.email.intro[Template(notification.action.value)])
    return lines


def _subject(notification: Notification, policy: Policy, texts: Texts, mark: str | None) -> str:
    about = _about(notification, policy, texts)
    line = one_line(f"{mark + ' ' if mark else ''}{_heading(notification, texts)}{': ' + about if about else ''}")
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 3].rsplit(" ", 1)[0] + "..."


def _about(notification: Notification, policy: Policy, texts: Texts) -> str:
    if notification.template in SERVICE_TEMPLATES:
        told_of = notification.template in (Template.CONTACT_LOST, Template.CONTACT_BACK)
        return subject_words(notification, policy, texts) if told_of else ""
    event = capitalised(texts.event_types[notification.facts.event_type])
    place = place_words(notification.facts, policy, texts)
    return event + (f", {place.area_short} ({place.mark})" if place else "")
