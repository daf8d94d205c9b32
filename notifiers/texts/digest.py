"""One SMS in the place of several routine ones to the same contact: how many, the newest by code, how many more."""

from collections.abc import Sequence

from notifiers.texts.gsm import MAX_SEGMENTS, measure
from notifiers.texts.letters import to_ascii
from notifiers.texts.lookup import callback_number, place_words
from notifiers.texts.sms import Sms, in_letters_of
from notifiers.texts.sms_draft import may_answer
from notifiers.texts.wording import Unrenderable, fill, prefix, sentence, texts_of
from schemas.base import Lang
from schemas.notification import Notification
from schemas.policy.directory import Script
from schemas.policy.models import Policy
from schemas.policy.texts import DigestWords, Texts
from schemas.vocabulary import EVENT_TEMPLATES, Channel, Lane


def may_be_digested(notification: Notification) -> bool:
    """Whether one text may tell of it together with others: no urgent one, and none that asks for an answer."""
    return (
        notification.channel is Channel.SMS
        and notification.lane is Lane.ROUTINE
        and notification.template in EVENT_TEMPLATES
        and not may_answer(notification)
        and not notification.repetition
        and notification.replayid is None
    )


def render_digest(
    notifications: Sequence[Notification],
    policy: Policy,
    *,
    language: Lang,
    script: Script,
    in_front: str | None = None,
) -> Sms:
    """The SMS that tells of ``notifications`` (oldest first; of one contact, status and origin) in at most three parts.

    The newest stand first, each with its code, kind, event and place; those there is no room for are counted.
    ``in_front`` stands before everything else.

    Raises:
        Unrenderable: the policy lacks words for it, or they are too long for three parts.
    """
    texts = texts_of(policy, language)
    words = texts.digest
    if words is None:
        raise Unrenderable(f"the policy has no words in {language} for several texts in one")
    newest_first = list(reversed(notifications))
    items = [_item(notification, policy, texts) for notification in newest_first]
    call, mark = _call(notifications, policy, texts), prefix(texts, newest_first[0])
    front = in_letters_of(_body(mark or "", items, len(items), call, words), in_front) if in_front else None
    first = " ".join(part for part in (front, mark) if part)
    fitted = _fitted(first, items, call, words, plain=True)
    dropped: tuple[str, ...] = ()
    if script is Script.NATIVE:
        native = _fitted(first, items, call, words, plain=False)
        if native is not None and (fitted is None or 2 * native[1] >= fitted[1]):
            fitted = native
        else:  # letters give way to more than twice as many items
            dropped = ("diacritics",)
    if fitted is None:
        raise Unrenderable(f"the policy's words in {language} are too long: a digest of one exceeds 3 SMS parts")
    size = measure(fitted[0])
    return Sms(fitted[0], size.encoding, size.characters, size.segments, dropped)


def _fitted(
    first: str, items: Sequence[str], call: str | None, words: DigestWords, *, plain: bool
) -> tuple[str, int] | None:
    """The text with as many items as three parts hold, and how many those are."""
    for shown in range(len(items), 0, -1):
        body = _body(first, items, shown, call, words)
        body = to_ascii(body) if plain else body
        if measure(body).segments <= MAX_SEGMENTS:
            return body, shown
    return None


def _item(notification: Notification, policy: Policy, texts: Texts) -> str:
    place = place_words(notification.facts, policy, texts)
    kind = f"{notification.code} {texts.headers[notification.template]}"
    parts = (kind, texts.event_types[notification.facts.event_type], place.area_short if place else None)
    return ", ".join(part for part in parts if part)


def _call(notifications: Sequence[Notification], policy: Policy, texts: Texts) -> str | None:
    """The one number to call for all of them, if it is one."""
    numbers = {callback_number(notification, policy) for notification in notifications}
    return fill(texts.sms.call_if_needed, number=numbers.pop()) if len(numbers) == 1 else None


def _body(first: str, items: Sequence[str], shown: int, call: str | None, words: DigestWords) -> str:
    head = fill(words.head, count=len(items))
    listed = "; ".join(items[:shown])
    if shown < len(items):
        listed = f"{listed}; {fill(words.more, count=len(items) - shown)}"
    said = f"{head}: {listed}"
    return " ".join(part for part in (first, sentence(said) if call else said, call) if part)
