"""Texts to the side that asked: who comes, with what, when; or that nobody comes. And "you need not come"."""

import re
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from notifiers.texts import Sms, Unrenderable, render_email, render_sms
from notifiers.texts.gsm import is_gsm, measure
from schemas.base import Lang
from schemas.event import Need
from schemas.notification import AnswerNews, Notification
from schemas.policy.directory import Script
from schemas.policy.models import Names, Policy, RoleInfo
from schemas.policy.texts import Texts
from schemas.vocabulary import ANSWER_TEMPLATES, Answer, NeedKind, Origin, Status, Template
from tests.texts.policy_fixture import AT, LANGUAGES, POLICY, notification, source

COUNTS = (0, 1, 2, 10, 11, 21, 22)
ROLES = (
    RoleInfo(id="duty_desk", names=Names(lv="dežurants", lt="budėtojas", en="duty desk")),
    RoleInfo(
        id="volunteers",
        names=Names(lv="brīvprātīgie ugunsdzēsēji", lt="savanoriai ugniagesiai", en="volunteer firefighters"),
    ),
)
RULES = POLICY.model_copy(update={"roles": (*POLICY.roles, *ROLES)})
STATUSES: tuple[dict[str, Any], ...] = (
    {},
    {"status": Status.EXERCISE, "origin": Origin.EXERCISE, "exerciseid": "ex-1"},
    {"status": Status.TEST, "repetition": True},
)


def _told(template: Template, *, given: dict[str, Any] | None = None, **news: Any) -> Notification:
    """A text to Vecumnieki, which asked, about Biržai; of "enough", a text to Biržai."""
    default: dict[str, Any] = {"party": "birzai", "at": AT + timedelta(minutes=6)}
    if template is Template.ANSWERED:
        default |= {"answer": Answer.ACCEPT, "role": "fire_chief"}
    reader = "birzai" if template is Template.ENOUGH else "vecumnieki"
    return notification(
        template=template,
        party=reader,
        role="duty_desk",
        answer=AnswerNews.model_validate(default | news),
        **(given or {}),
    )


def _sms(told: Notification, language: Lang, script: Script = Script.NATIVE, policy: Policy = RULES) -> Sms:
    return render_sms(told, policy, language=language, script=script)


GOLDEN: list[tuple[Lang, Notification, str]] = [
    (
        "lv",
        _told(Template.ANSWERED, eta_min=20, amounts=(Need(kind=NeedKind.FIRE_TANKER, count=1),)),
        (
            "PALĪDZĪBA NĀK 7F2K. Birži, ugunsdzēsēju vadītājs. Ieradīsies ap plkst. 22.06 (pēc 20 min). "
            "Resursi: autocisterna 1. Tālr. +37045000000"
        ),
    ),
    (
        "lt",
        _told(Template.ANSWERED, first=False, role="volunteers", coming=4, asked=12, eta_min=8),
        (
            "NAUJA INFORMACIJA 7F2K. Pagalba atvyksta. Biržai, savanoriai ugniagesiai. Atvyksta: 4 iš 12. "
            "Pirmasis apie 21.54 val. (po 8 min.). Tel. +37045000000"
        ),
    ),
    (
        "en",
        _told(Template.ANSWERED, answer=Answer.DECLINE),
        "CANNOT HELP 7F2K. Biržai, fire chief. Tel. +37045000000. Forest fire, Skaistkalne parish",
    ),
    (
        "lv",
        _told(Template.ANSWERED, answer=Answer.RECEIVED, role="duty_desk"),
        (
            "PIEPRASĪJUMS SAŅEMTS 7F2K. Birži, dežurants. Lēmuma vēl nav. Tālr. +37045000000. "
            "Meža ugunsgrēks, Skaistkalnes pag."
        ),
    ),
    (
        "lt",
        _told(Template.UNANSWERED, tried=("duty_desk", "fire_chief")),
        (
            "NIEKAS NEATVYKSTA 7F2K. SKAMBINKITE DABAR +37045000000. Neatsakė (Biržai): budėtojas, ugniagesių vadovas. "
            "Miško gaisras"
        ),
    ),
    (
        "en",
        _told(Template.ENOUGH, coming=3, asked=12),
        (
            "ENOUGH ARE COMING 7F2K. Thank you! You need not come. Coming: 3 of 12. Tel. +37163900000. "
            "Forest fire, Skaistkalne parish"
        ),
    ),
]


@pytest.mark.parametrize(("language", "told", "expected"), GOLDEN)
def test_the_model_texts_letter_by_letter(language: Lang, told: Notification, expected: str) -> None:
    """What it is and the code come first, then what matters, then which request it is."""
    assert _sms(told, language).body == expected


def _every(template: Template) -> list[Notification]:
    """Every answer with every count and status, as first news and as an update."""
    made = []
    for turn, (answer, count, first) in enumerate(product(Answer, COUNTS, (True, False))):
        kinds = list(NeedKind)[count % 5 :: 2]
        news: dict[str, Any] = {
            "answer": answer if template is Template.ANSWERED else None,
            "role": ("fire_chief", "duty_desk", "volunteers", None)[turn % 4],
            "amounts": tuple(Need(kind=kind, count=count) for kind in kinds) if count else (),
            "eta_min": count * 7 if turn % 3 else None,
            "coming": count if turn % 2 else None,
            "asked": count + 2 if turn % 5 else None,
            "tried": ("duty_desk", "fire_chief", "volunteers")[: turn % 4],
            "first": first,
        }
        made.append(_told(template, given=STATUSES[turn % len(STATUSES)], **news))
    return made


@pytest.mark.parametrize("template", sorted(ANSWER_TEMPLATES))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sms(language: Lang, template: Template) -> None:
    """Every answer, count and status fits three parts and keeps prefix, code, heads, time and the number to call."""
    words = RULES.texts[language]
    assert words.answers is not None
    for told, script in product(_every(template), Script):
        sms, news = _sms(told, language, script), told.answer
        assert news is not None
        size = measure(sms.body)
        assert (size.encoding, size.characters, size.segments) == (sms.encoding, sms.characters, sms.segments)
        assert sms.segments <= 3
        assert script is Script.NATIVE or is_gsm(sms.body)
        assert not re.search(r"[{}<>]|  |\.\.|\n|None", sms.body), sms.body
        assert f" {told.code}. " in f" {sms.body} "
        assert ("+37163900000" if template is Template.ENOUGH else "+37045000000") in sms.body
        mark = {Status.EXERCISE: words.prefixes.exercise, Status.TEST: words.prefixes.test}.get(told.status, "")
        plain = script is Script.ASCII or "diacritics" in sms.dropped
        assert plain or sms.body.startswith(mark)
        if template is not Template.UNANSWERED and news.coming is not None:
            assert re.search(rf": {news.coming}\b", sms.body), sms.body


@pytest.mark.parametrize("template", sorted(ANSWER_TEMPLATES))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_email(language: Lang, template: Template) -> None:
    """Every e-mail has one subject line, code and number, and no blank left; nouns stand with their numbers."""
    words = RULES.texts[language]
    for told in _every(template):
        mail, news = render_email(told, RULES, language=language), told.answer
        assert news is not None
        assert len(mail.subject.splitlines()) == 1
        assert len(mail.subject) <= 150
        for part in (mail.subject, mail.text, mail.html):
            assert "{{" not in part
            assert "None" not in part
            assert told.code in part
        assert ("+37163900000" if template is Template.ENOUGH else "+37045000000") in mail.text
        if template is Template.ANSWERED and news.answer in (Answer.ACCEPT, Answer.PARTIAL):
            for need in news.amounts:
                forms = words.needs[need.kind].forms.values()
                assert any(f"{need.count} {form}" in mail.text for form in forms)


PEOPLE: dict[Lang, tuple[str, ...]] = {
    "lv": ("0 cilvēku", "1 cilvēks", "2 cilvēki", "10 cilvēku", "11 cilvēku", "21 cilvēks", "22 cilvēki"),
    "lt": ("0 žmonių", "1 žmogus", "2 žmonės", "10 žmonių", "11 žmonių", "21 žmogus", "22 žmonės"),
    "en": ("0 people", "1 person", "2 people", "10 people", "11 people", "21 people", "22 people"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_heads_are_counted_in_the_plural_of_the_language(language: Lang) -> None:
    """The noun agrees with its number; the Latvian zero form stands at 0, 10 and 11 and never means nobody."""
    for count, expected in zip(COUNTS, PEOPLE[language], strict=True):
        mail = render_email(_told(Template.ANSWERED, coming=count, asked=30), RULES, language=language)
        assert f": {expected} " in mail.text


def test_an_update_does_not_pass_for_the_first_answer() -> None:
    """A further yes is new information about a request; the first one says that help is coming before all else."""
    for language in LANGUAGES:
        first, later = (_sms(_told(Template.ANSWERED, first=first), language).body for first in (True, False))
        words = RULES.texts[language]
        assert words.answers is not None
        assert first.startswith(words.answers.headers[Answer.ACCEPT])
        assert later.startswith(f"{words.headers[Template.UPDATE]} 7F2K. {words.answers.said[Answer.ACCEPT]}")


def test_a_decline_says_nothing_of_arrival() -> None:
    """Amounts and a time that came with a no are not shown: nobody comes with them."""
    told = _told(Template.ANSWERED, answer=Answer.DECLINE, eta_min=20, amounts=(Need(kind=NeedKind.BOAT, count=2),))
    for language in LANGUAGES:
        assert "22" not in _sms(told, language).body.replace("+37045000000", "")
        assert "boats" not in render_email(told, RULES, language="en").text.split("\n\n")[1]


def test_the_office_of_the_role_that_answered_is_called() -> None:
    """Where the partner lists a line for that role it is given, else its duty desk."""
    told = _told(Template.ANSWERED, party="vecumnieki", role="fire")
    policy = RULES.model_copy(
        update={"roles": (*RULES.roles, RoleInfo(id="fire", names=Names(lv="depo", lt="depas", en="station")))}
    )
    assert "+37163900002" in _sms(told, "en", policy=policy).body


def test_a_list_of_roles_is_shortened_before_anything_that_matters() -> None:
    """With many long roles asked, the list ends in "etc."; the order to call and its number stand."""
    roles = tuple(RoleInfo(id=f"r{n}", names=Names(lv="ž" * 90, lt="ž" * 90, en="z" * 90)) for n in range(8))
    policy = RULES.model_copy(update={"roles": roles})
    told = _told(Template.UNANSWERED, tried=tuple(role.id for role in roles))
    for language in LANGUAGES:
        sms = _sms(told, language, policy=policy)
        assert sms.segments <= 3
        assert "silent" in sms.dropped
        words = RULES.texts[language]
        assert f" {words.sms.more}" in sms.body
        assert words.answers is not None
        assert words.answers.call_now.replace("{{ number }}", "+37045000000") in sms.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_said_no_is_not_said_to_be_silent(language: Lang) -> None:
    """Where everybody asked has refused, or nobody could be asked, nobody is said to have given no answer."""
    words = RULES.texts[language].answers
    assert words is not None
    told = _told(Template.UNANSWERED)
    mail = render_email(told, RULES, language=language)
    for text in (_sms(told, language).body, mail.text):
        assert words.unanswered in text
        assert words.tried not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_last_word_on_half_a_help_names_who_kept_silent(language: Lang) -> None:
    """When the ladder is at its end and only a part comes, the text says who was asked in vain."""
    words = RULES.texts[language].answers
    assert words is not None
    told = _told(Template.ANSWERED, answer=Answer.PARTIAL, role=None, first=False, tried=("duty_desk", "volunteers"))
    mail = render_email(told, RULES, language=language)
    for text in (_sms(told, language).body, mail.text):
        assert words.tried in text
        for role in RULES.roles:
            assert (role.names.of(language) in text) is (role.id in ("duty_desk", "volunteers"))


def test_news_without_an_answer_cannot_be_told() -> None:
    """A notification of template answered that carries none is refused, not sent as half a sentence."""
    for told in (
        notification(template=Template.ANSWERED),
        _told(Template.ANSWERED, answer=None),
        notification(template=Template.ENOUGH),
    ):
        with pytest.raises(Unrenderable, match="carries no answer"):
            _sms(told, "lv")


def test_a_policy_from_before_these_words_says_so() -> None:
    """A policy published earlier has no such words; what is missing, and what to do, is named."""
    words = source("lv")
    del words["answers"]
    policy = RULES.model_copy(update={"texts": {"lv": Texts.model_validate(words)}})
    with pytest.raises(Unrenderable, match="no words about answers in lv; activate it anew"):
        _sms(_told(Template.ANSWERED), "lv", policy=policy)


def test_the_longest_words_a_policy_may_have_still_fit() -> None:
    """With every word at its bound, a text is still written, in three parts, with code and number."""
    for language in LANGUAGES:
        words = source(language)
        words["prefixes"] = dict.fromkeys(words["prefixes"], "ž" * 50)
        answers = words["answers"]
        answers["headers"] = dict.fromkeys(answers["headers"], "ž" * 30)
        answers["said"] = dict.fromkeys(answers["said"], "ž" * 60)
        answers |= {"unanswered": "ž" * 30, "enough": "ž" * 30, "thanks": "ž" * 60, "undecided": "ž" * 60}
        answers |= dict.fromkeys(("arrival", "first_arrival"), "ž" * 33 + " {{ time }} {{ wait }}")
        answers |= {"coming_of": "{{ coming }} {{ asked }}" + " ž" * 8, "call_now": "ž" * 27 + " {{ number }}"}
        words["sms"]["repetition"] = "ž" * 20
        policy = RULES.model_copy(update={"texts": {language: Texts.model_validate(words)}})
        for template in ANSWER_TEMPLATES:
            for told in _every(template):
                sms = _sms(told, language, policy=policy)
                assert sms.segments <= 3
                assert told.code in sms.body
