"""The SMS about the system itself: a check of a contact, a contact lost or back, the canary."""

from notifiers.texts.lookup import role_name, roles_of
from notifiers.texts.parts import Falls, Part
from notifiers.texts.wording import Unrenderable, fill, prefix
from schemas.notification import Notification
from schemas.policy.models import Policy
from schemas.policy.texts import ServiceWords, Texts
from schemas.vocabulary import ServiceKind, Template


def service_parts(notification: Notification, policy: Policy, texts: Texts) -> list[Part]:
    """The parts of the SMS for a notification of a service template.

    Raises:
        Unrenderable: the policy lacks something the text needs, or the notification does not say whom it is about.
    """
    words = service_words(texts)
    head = Part("head", _head(notification, words, texts))
    match notification.template:
        case Template.CHECK:
            return [head, Part("calm", words.calm), Part("reply", fill(words.reply, code=notification.code))]
        case Template.CONTACT_LOST:
            about = Part("about", f"{words.lost}: {subject_words(notification, policy, texts)}")
            return [head, about, Part("mend", words.mend, Falls.OVER_MAX)]
        case Template.CONTACT_BACK:
            return [head, Part("about", f"{words.back}: {subject_words(notification, policy, texts)}")]
        case _:
            return [head, Part("no_answer", words.no_answer)]


def service_words(texts: Texts) -> ServiceWords:
    """The words about the system itself.

    Raises:
        Unrenderable: the policy was published before there were any.
    """
    if texts.service is None:
        raise Unrenderable(f"the policy has no words about the system itself in {texts.language}; activate it anew")
    return texts.service


def service_header(notification: Notification, texts: Texts) -> str:
    """What the text is, in a word or two.

    Raises:
        Unrenderable: the policy lacks the words.
    """
    return service_words(texts).headers[ServiceKind(notification.template.value)]


def subject_words(notification: Notification, policy: Policy, texts: Texts) -> str:
    """Whom the text is about: a contact's id and its roles, never a name.

    Raises:
        Unrenderable: the notification does not say whom.
    """
    if notification.subject is None:
        raise Unrenderable(f"a notification of template {notification.template.value} names no subject")
    roles = roles_of(policy, notification.party, notification.subject)
    if not roles:
        return notification.subject
    names = ", ".join(role_name(policy, role, texts.language) for role in roles)
    return f"{notification.subject} ({names})"


def _head(notification: Notification, words: ServiceWords, texts: Texts) -> str:
    line = f"{words.headers[ServiceKind(notification.template.value)]} {notification.code}."
    if notification.repetition:
        line = f"{texts.sms.repetition}: {line}"
    return " ".join(part for part in (prefix(texts, notification), line) if part)
