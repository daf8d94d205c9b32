"""The rows of an e-mail about an answer: who answered, with what, when they come, whom to call."""

from notifiers.texts.answer_draft import COMES, answer_words, arrival_time, news_of, number_to_call
from notifiers.texts.email_rows import Row
from notifiers.texts.lookup import nominative, party_of, role_name
from notifiers.texts.wording import counted, duration, fill, full_time, sentence
from schemas.notification import AnswerNews, Notification
from schemas.policy.models import Party, Policy
from schemas.policy.texts import AnswerWords, Texts
from schemas.vocabulary import Template


def news_rows(notification: Notification, policy: Policy, texts: Texts, reader: Party) -> tuple[Row, ...]:
    """What is new, for a notification of template answered, unanswered or enough; the number to call stands last.

    Raises:
        Unrenderable: the policy lacks something the text needs, or the notification carries no news.
    """
    news, words = news_of(notification), answer_words(texts)
    partner = nominative(party_of(policy, news.party).current_party.name, texts.language)
    number = number_to_call(notification, policy)
    rows: list[Row] = []
    if notification.template is Template.ANSWERED:
        role = f", {role_name(policy, news.role, texts.language)}" if news.role else ""
        rows = [Row(words.answered_by, partner + role), *_coming(news, words, texts, reader)]
        rows.append(Row(words.answered_at, full_time(texts, news.at, reader)))
    elif notification.template is Template.ENOUGH:
        rows = _heads(news, words, texts)
    if news.tried and notification.template is not Template.ENOUGH:
        roles = ", ".join(role_name(policy, role, texts.language) for role in news.tried)
        rows.append(Row(words.tried, f"{partner}, {roles}"))
    elif notification.template is Template.UNANSWERED:
        rows.append(Row(texts.labels.municipality, partner))
    call = Row(texts.labels.call, number, href=f"tel:{number}")
    return (*rows, call, Row(texts.labels.code, notification.code))


def news_intro(notification: Notification, texts: Texts) -> list[str]:
    """What has happened, in a sentence or two.

    Raises:
        Unrenderable: the policy lacks the words, or the notification carries no news.
    """
    news, words = news_of(notification), answer_words(texts)
    if notification.template is Template.ENOUGH:
        said = words.thanks
    elif notification.template is Template.UNANSWERED or news.answer is None:
        said = words.nobody
    else:
        said = sentence(words.said[news.answer])
    return [texts.email.repetition, said] if notification.repetition else [said]


def _coming(news: AnswerNews, words: AnswerWords, texts: Texts, reader: Party) -> list[Row]:
    rows = _heads(news, words, texts)
    if news.answer not in COMES:
        return rows
    if news.eta_min is not None:
        label = words.arrival_label if news.coming is None else words.first_arrival_label
        wait = duration(texts, news.eta_min * 60)
        rows.append(Row(label, f"{arrival_time(news, texts, reader)} ({wait})"))
    if news.amounts:
        amounts = [counted(texts, texts.needs[need.kind].forms, need.count) for need in news.amounts]
        rows.append(Row(texts.labels.needs, ", ".join(amounts)))
    return rows


def _heads(news: AnswerNews, words: AnswerWords, texts: Texts) -> list[Row]:
    if news.coming is None:
        return []
    people = counted(texts, words.people, news.coming)
    return [Row(words.coming_label, _out_of(people, news, words))]


def _out_of(people: str, news: AnswerNews, words: AnswerWords) -> str:
    return people if news.asked is None else fill(words.out_of, people=people, asked=news.asked)
