"""The SMS that tells the asking side of an answer, or that there is none, and a group's helpers that they are enough.

First what it is and the code, then what its reader has to know or to do now, and last which request it is about.
"""

from datetime import timedelta

from notifiers.texts.lookup import callback_number, nominative, office_number, party_of, place_words, role_name
from notifiers.texts.parts import Falls, Part, listing
from notifiers.texts.sms_draft import label_before_count
from notifiers.texts.wording import Unrenderable, capitalised, clock_time, duration, fill, one_line, prefix
from schemas.notification import AnswerNews, Notification
from schemas.policy.models import Party, Policy
from schemas.policy.texts import AnswerWords, Texts
from schemas.vocabulary import Answer, Template

UNDECIDED = frozenset({Answer.RECEIVED, Answer.DEFER})
"""Answers after which the request is as open as before."""

COMES = frozenset({Answer.ACCEPT, Answer.PARTIAL})
"""Answers after which somebody comes, with something and at some time."""


def answer_parts(notification: Notification, policy: Policy, texts: Texts) -> list[Part]:
    """The parts of the SMS for a notification of template answered, unanswered or enough.

    Raises:
        Unrenderable: the policy lacks something the text needs, or the notification carries no news.
    """
    news, words = news_of(notification), answer_words(texts)
    number = number_to_call(notification, policy)
    call = Part("call", fill(texts.sms.call_if_needed, number=number))
    match notification.template:
        case Template.ENOUGH:
            said = [Part("thanks", words.thanks), *_heads(news, words), call]
        case Template.UNANSWERED:
            urgent = Part("call", fill(words.call_now, number=number))
            said = [urgent, *_silent(news, policy, words, texts, of=_partner(news, policy, texts))]
        case _:
            said = [*_answered(notification, news, policy, words, texts), call]
    head = Part("head", _head(notification, news, words, texts))
    return [head, *said, _event(notification, policy, texts)]


def news_of(notification: Notification) -> AnswerNews:
    """What the text is about.

    Raises:
        Unrenderable: it carries no news, or is to tell of an answer and holds none.
    """
    news = notification.answer
    if news is None or (news.answer is None and notification.template is Template.ANSWERED):
        raise Unrenderable(f"a notification of template {notification.template.value} carries no answer")
    return news


def answer_words(texts: Texts) -> AnswerWords:
    """The words about answers.

    Raises:
        Unrenderable: the policy was published before there were any.
    """
    if texts.answers is None:
        raise Unrenderable(f"the policy has no words about answers in {texts.language}; activate it anew")
    return texts.answers


def header(notification: Notification, texts: Texts) -> str:
    """What the text is, in a word or two: a first answer names itself, a further one is new information.

    Raises:
        Unrenderable: the policy lacks the words, or the notification carries no news.
    """
    news, words = news_of(notification), answer_words(texts)
    if notification.template is Template.ENOUGH:
        return words.enough
    if notification.template is Template.UNANSWERED or news.answer is None:
        return words.unanswered
    return words.headers[news.answer] if news.first else texts.headers[Template.UPDATE]


def number_to_call(notification: Notification, policy: Policy) -> str:
    """Whom the reader calls: the answering side's office, of the role that answered; for ``enough`` the asking side's.

    Raises:
        Unrenderable: that party is unknown or lists no office.
    """
    if notification.template is Template.ENOUGH:
        return callback_number(notification, policy)
    news = news_of(notification)
    return office_number(party_of(policy, news.party), news.role)


def arrival_time(news: AnswerNews, texts: Texts, reader: Party) -> str:
    """The local time at which they come; the wait it stands with says on which day. Empty where none was given."""
    return "" if news.eta_min is None else clock_time(texts, news.at + timedelta(minutes=news.eta_min), reader)


def _head(notification: Notification, news: AnswerNews, words: AnswerWords, texts: Texts) -> str:
    line = f"{header(notification, texts)} {notification.code}."
    if notification.repetition:
        line = f"{texts.sms.repetition}: {line}"
    said = words.said[news.answer] if news.answer and not news.first else None
    if notification.template is not Template.ANSWERED:
        said = None
    return " ".join(part for part in (prefix(texts, notification), line, said) if part)


def _answered(
    notification: Notification, news: AnswerNews, policy: Policy, words: AnswerWords, texts: Texts
) -> list[Part]:
    partner = _partner(news, policy, texts)
    role = role_name(policy, news.role, texts.language) if news.role else None
    parts = [Part("who", f"{partner}, {role}" if role else partner, Falls.OVER_MAX, (partner,) if role else ())]
    parts += _heads(news, words)
    if news.answer in COMES:
        parts += _arrival(news, words, texts, party_of(policy, notification.party))
        if news.amounts:
            amounts = [label_before_count(need, texts) for need in news.amounts]
            whole, shorter = listing(texts.labels.needs, amounts, texts.sms.more)
            parts.append(Part("amounts", whole, Falls.OVER_MAX, shorter))
    parts += _silent(news, policy, words, texts)  # the last word on a request of which only a part is met
    if news.answer in UNDECIDED:
        parts.append(Part("undecided", words.undecided, Falls.OVER_USUAL))
    return parts


def _heads(news: AnswerNews, words: AnswerWords) -> list[Part]:
    if news.coming is None:
        return []
    if news.asked is None:
        return [Part("heads", fill(words.coming, coming=news.coming))]
    return [Part("heads", fill(words.coming_of, coming=news.coming, asked=news.asked))]


def _arrival(news: AnswerNews, words: AnswerWords, texts: Texts, reader: Party) -> list[Part]:
    if news.eta_min is None:
        return []
    phrase = words.arrival if news.coming is None else words.first_arrival
    wait = duration(texts, news.eta_min * 60)
    return [Part("arrival", fill(phrase, time=arrival_time(news, texts, reader), wait=wait))]


def _silent(news: AnswerNews, policy: Policy, words: AnswerWords, texts: Texts, *, of: str | None = None) -> list[Part]:
    """Which roles were asked and never answered; ``of`` alone where all did, or nobody could be asked."""
    if not news.tried:
        return [Part("silent", of, Falls.OVER_MAX)] if of else []
    roles = [role_name(policy, role, texts.language) for role in news.tried]
    whole, shorter = listing(f"{words.tried} ({of})" if of else words.tried, roles, texts.sms.more)
    return [Part("silent", whole, Falls.OVER_MAX, shorter)]


def _partner(news: AnswerNews, policy: Policy, texts: Texts) -> str:
    return one_line(nominative(party_of(policy, news.party).short, texts.language))


def _event(notification: Notification, policy: Policy, texts: Texts) -> Part:
    """Which request it is about; its reader knows the code."""
    event = capitalised(texts.event_types[notification.facts.event_type])
    place = place_words(notification.facts, policy, texts)
    whole = f"{event}, {place.area_short}" if place else event
    return Part("event", whole, Falls.OVER_USUAL, (event,) if place else ())
