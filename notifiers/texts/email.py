"""The e-mail of a notification: a subject, a plain text and an HTML part that say the same."""

from dataclasses import dataclass

from notifiers.texts.email_layout import HTML, PLAIN
from notifiers.texts.email_rows import answer_rows, fact_rows, reason_rows
from notifiers.texts.lookup import party_of, place_words
from notifiers.texts.sms_draft import may_answer
from notifiers.texts.wording import capitalised, one_line, prefix, texts_of
from schemas.base import Lang
from schemas.notification import Notification
from schemas.policy.models import Policy
from schemas.policy.texts import Texts
from schemas.vocabulary import Action, Template

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
    heading, intro = _heading(notification, texts), _intro(notification, texts)
    sections = (
        fact_rows(notification, policy, texts, reader),
        answer_rows(notification, policy, texts),
        reason_rows(notification, policy, texts, reader),
    )
    closing = (texts.email.after_112, texts.email.automatic)
    alarm = _alarm(notification, texts)
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


def _heading(notification: Notification, texts: Texts) -> str:
    heading = f"{texts.headers[notification.template]} {notification.code}"
    return f"{texts.sms.repetition}: {heading}" if notification.repetition else heading


def _alarm(notification: Notification, texts: Texts) -> str | None:
    psap = notification.facts.psap_notified
    return texts.email.psap_alarm if psap and not psap.notified else None


def _intro(notification: Notification, texts: Texts) -> list[str]:
    lines = [texts.email.repetition] if notification.repetition else []
    lines.append(texts.email.intro[notification.template])
    if notification.template in (Template.CANCEL, Template.ALL_CLEAR) and notification.action is Action.HELP:
        lines.append(texts.sms.help_ended)
    elif notification.template is Template.UPDATE and not may_answer(notification):
        lines.append(texts.email.intro[Template(notification.action.value)])
    return lines


def _subject(notification: Notification, policy: Policy, texts: Texts, mark: str | None) -> str:
    event = capitalised(texts.event_types[notification.facts.event_type])
    place = place_words(notification.facts, policy, texts)
    where = f", {place.area_short} ({place.mark})" if place else ""
    line = one_line(f"{mark + ' ' if mark else ''}{_heading(notification, texts)}: {event}{where}")
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 3].rsplit(" ", 1)[0] + "..."
