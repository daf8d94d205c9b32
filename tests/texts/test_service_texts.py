"""Texts about the system itself, and the short replies to what people text back."""

from itertools import product
from typing import Any

import pytest

from notifiers.texts import Unrenderable, render_email, render_reply, render_sms
from notifiers.texts.gsm import is_gsm
from schemas.base import Lang
from schemas.notification import Notification
from schemas.policy.directory import Script
from schemas.policy.models import Member, Names, RoleInfo, Staff
from schemas.policy.texts import Texts
from schemas.vocabulary import SERVICE_TEMPLATES, Channel, EventType, ReplyKind, ReplyProblem, Status, Template
from tests.texts.policy_fixture import LANGUAGES, POLICY, notification, source

CHIEF = Staff(live=(Member(contact="vecumnieki-chief", channels=(Channel.SMS,)),))
DESK = RoleInfo(id="duty_desk", names=Names(lv="dežurants", lt="budėtojas", en="duty desk"))
RULES = POLICY.model_copy(
    update={"roles": (*POLICY.roles, DESK), "staff": {"vecumnieki": {"fire_chief": CHIEF, "duty_desk": CHIEF}}}
)
ABOUT = (Template.CONTACT_LOST, Template.CONTACT_BACK)


def _told(template: Template, **given: Any) -> Notification:
    service: dict[str, Any] = {
        "template": template,
        "status": Status.SYSTEM,
        "agreement": "service",
        "clause": template.value,
        "party": "vecumnieki",
        "role": "fire_chief",
        "contact_id": "vecumnieki-chief",
        "action": "inform",
        "facts": {"event_type": EventType.OTHER},
        "subject": None if template is Template.CANARY else "vecumnieki-chief",
    }
    return notification(**(service | given))


GOLDEN: list[tuple[Lang, Template, str]] = [
    ("lv", Template.CHECK, "KONTAKTA PĀRBAUDE 7F2K. Nekas nav noticis. Lūdzu, atbildiet: 7F2K OK"),
    ("lt", Template.CHECK, "RYŠIO PATIKRINIMAS 7F2K. Nieko neįvyko. Prašome atsakyti: 7F2K OK"),
    ("en", Template.CHECK, "CONTACT CHECK 7F2K. Nothing has happened. Please reply: 7F2K OK"),
    (
        "lv",
        Template.CONTACT_LOST,
        (
            "KONTAKTS ZAUDĒTS 7F2K. Lūdza vairs nesūtīt īsziņas: vecumnieki-chief (ugunsdzēsēju vadītājs, dežurants). "
            "Sazinieties ar šo cilvēku vai norīkojiet citu."
        ),
    ),
    (
        "lt",
        Template.CONTACT_BACK,
        "KONTAKTAS ATNAUJINTAS 7F2K. Vėl nori gauti SMS: vecumnieki-chief (ugniagesių vadovas, budėtojas)",
    ),
    ("en", Template.CANARY, "SYSTEM SIGNAL 7F2K. No answer is needed."),
]


@pytest.mark.parametrize(("language", "template", "expected"), GOLDEN)
def test_the_model_texts_letter_by_letter(language: Lang, template: Template, expected: str) -> None:
    """A check says first that it is one and that nothing has happened, then what to send back."""
    assert render_sms(_told(template), RULES, language=language, script=Script.NATIVE).body == expected


@pytest.mark.parametrize("template", sorted(SERVICE_TEMPLATES))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_about_the_system(language: Lang, template: Template) -> None:
    """Each names itself and its code, fits three parts, and looks like no emergency."""
    for script, repetition in product(Script, (False, True)):
        told = _told(template, repetition=repetition)
        sms = render_sms(told, RULES, language=language, script=script)
        mail = render_email(told, RULES, language=language)
        assert sms.segments <= (3 if template in ABOUT else 2)
        assert script is Script.NATIVE or is_gsm(sms.body)
        words = RULES.texts[language]
        for text in (sms.body, mail.subject, mail.text, mail.html):
            assert "7F2K" in text
            assert "{{" not in text
            assert "None" not in text
            assert words.email.after_112 not in text
            assert all(word not in text for word in words.event_types.values() if len(word) > 8)
        if template in ABOUT:
            assert all("vecumnieki-chief" in text for text in (sms.body, mail.subject, mail.text))


def test_a_check_takes_one_part() -> None:
    """The monthly check of fifty people is paid by the part: one each, with diacritics too."""
    for language in LANGUAGES:
        assert render_sms(_told(Template.CHECK), RULES, language=language, script=Script.ASCII).segments == 1
        assert render_sms(_told(Template.CHECK), RULES, language=language, script=Script.NATIVE).segments == 1


def test_a_contact_that_holds_no_role_any_more_is_named_by_its_id() -> None:
    """Who texts STOP after leaving is still reported."""
    told = _told(Template.CONTACT_LOST, subject="somebody-else")
    assert "somebody-else. " in render_sms(told, RULES, language="en", script=Script.ASCII).body


def test_a_text_about_nobody_is_refused() -> None:
    """A contact lost without saying which is not sent as half a sentence."""
    with pytest.raises(Unrenderable, match="names no subject"):
        render_sms(_told(Template.CONTACT_LOST, subject=None), RULES, language="lv", script=Script.NATIVE)


def test_status_system_is_for_these_templates_alone() -> None:
    """A System message of any other template has no words, and neither has a Draft of these."""
    for told in (notification(status=Status.SYSTEM), _told(Template.CHECK, status=Status.DRAFT)):
        with pytest.raises(Unrenderable, match="not for sending"):
            render_sms(told, RULES, language="lv", script=Script.NATIVE)


@pytest.mark.parametrize("kind", list(ReplyKind))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reply_is_short(language: Lang, kind: ReplyKind) -> None:
    """Each takes one part with up to three codes, and reads well with none."""
    for script, codes in product(Script, ((), ("A2KB",), ("A2KB", "B9QT", "CXYZ"))):
        sms = render_reply(kind, RULES, language=language, script=script, codes=codes)
        assert sms.segments == 1, sms.body
        assert "  " not in sms.body
        assert " ." not in sms.body
        assert "{{" not in sms.body


def test_many_open_requests_are_not_all_listed() -> None:
    """A reply lists six codes and says that there are more."""
    codes = tuple(f"A22{letter}" for letter in "ABCDEFGH")
    body = render_reply(ReplyKind.WHICH_REQUEST, RULES, language="en", script=Script.NATIVE, codes=codes).body
    assert body == "Which request? Begin your reply with its code: A22A, A22B, A22C, A22D, A22E, A22F etc."


def test_a_reply_about_one_request_names_one_code() -> None:
    """An example to copy holds one code, even where several might be meant."""
    sms = render_reply(
        ReplyKind.NOT_UNDERSTOOD, RULES, language="lv", script=Script.NATIVE, codes=("A2KB", "B9QT", "CXYZ")
    )
    assert sms.body == "Nesapratām. Atbildiet: A2KB JĀ vai A2KB NĒ"


def test_stop_confirmed_says_how_to_come_back() -> None:
    """Whoever sent STOP by mistake reads START in the confirmation, and the other way round."""
    for language in LANGUAGES:
        for kind, word in ((ReplyKind.STOPPED, "START"), (ReplyKind.STARTED, "STOP")):
            body = render_reply(kind, RULES, language=language, script=Script.NATIVE).body
            assert body.endswith(word)


def test_every_problem_of_a_reply_has_a_reply() -> None:
    """What the system cannot take as an answer it can say."""
    assert {problem.value for problem in ReplyProblem} <= {kind.value for kind in ReplyKind}


def test_a_policy_without_replies_says_so() -> None:
    """A policy published before there were replies names what is missing and what to do."""
    words = source("lv")
    del words["replies"], words["service"]
    policy = RULES.model_copy(update={"texts": {"lv": Texts.model_validate(words)}})
    with pytest.raises(Unrenderable, match="no replies in lv; activate it anew"):
        render_reply(ReplyKind.STOPPED, policy, language="lv", script=Script.NATIVE)
    with pytest.raises(Unrenderable, match="no words about the system itself"):
        render_sms(_told(Template.CHECK), policy, language="lv", script=Script.NATIVE)
