"""The rows of an e-mail about the system itself: whom it is about, what to do, why the reader was told."""

from notifiers.texts.email_rows import Row
from notifiers.texts.lookup import callback_number, nominative, party_of, role_name, roles_of
from notifiers.texts.service_draft import service_words, subject_words
from notifiers.texts.wording import capitalised, fill, full_time
from schemas.notification import Notification
from schemas.policy.models import Party, Policy
from schemas.policy.texts import Texts
from schemas.vocabulary import ServiceKind, Template


def service_rows(
    notification: Notification, policy: Policy, texts: Texts, reader: Party
) -> tuple[tuple[Row, ...], ...]:
    """What it is about and what to do; then why the reader was told, and when.

    Raises:
        Unrenderable: the policy lacks something the text needs.
    """
    words, labels = service_words(texts), texts.labels
    about: list[Row] = []
    if notification.template in (Template.CONTACT_LOST, Template.CONTACT_BACK):
        about.append(Row(words.contact, subject_words(notification, policy, texts)))
    if notification.template is Template.CHECK:
        number = callback_number(notification, policy)
        about += [
            Row(labels.answer, fill(words.call, number=number, code=notification.code)),
            Row(labels.call, number, href=f"tel:{number}"),
        ]
    about.append(Row(labels.code, notification.code))
    return tuple(about), _why(notification, policy, texts, reader)


def service_intro(notification: Notification, texts: Texts) -> list[str]:
    """What this is, in a sentence or two.

    Raises:
        Unrenderable: the policy lacks the words.
    """
    intro = service_words(texts).intro[ServiceKind(notification.template.value)]
    return [texts.email.repetition, intro] if notification.repetition else [intro]


def _why(notification: Notification, policy: Policy, texts: Texts, reader: Party) -> tuple[Row, ...]:
    labels = texts.labels
    rows = [
        Row(labels.municipality, nominative(party_of(policy, notification.party).current_party.name, texts.language))
    ]
    if roles_of(policy, notification.party, notification.contact_id):
        rows.append(Row(labels.role, capitalised(role_name(policy, notification.role, texts.language))))
    return (*rows, Row(labels.decided, full_time(texts, notification.decided_at, reader)))
