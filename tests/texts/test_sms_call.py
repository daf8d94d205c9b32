"""How an SMS ends: whether it asks for a call, and whom the number reaches."""

from dataclasses import replace

import pytest

from notifiers.texts import render_sms
from notifiers.texts.gsm import measure
from notifiers.texts.letters import to_ascii
from notifiers.texts.lookup import party_of
from notifiers.texts.sms_draft import asker_name, draft_of
from schemas.base import Lang
from schemas.policy.directory import Script
from schemas.vocabulary import Action, EventType, Severity, Template
from tests.texts.policy_fixture import LANGUAGES, POLICY, notification

NUMBER = "+37163900000"
CALL = {"lv": "Zvanīt", "lt": "Skambinti", "en": "Call"}
IF_NEEDED = {"lv": "Tālr.", "lt": "Tel.", "en": "Tel."}
ASKER = {"lv": "Bauska", "lt": "Bauskė", "en": "Bauska"}
ASKED = (
    (Template.HELP, Action.HELP),
    (Template.REFER, Action.REFER),
    (Template.UPDATE, Action.HELP),
    (Template.UPDATE, Action.REFER),
)
NOT_ASKED = (
    (Template.INFORM, Action.INFORM),
    (Template.UPDATE, Action.INFORM),
    *((template, action) for template in (Template.CANCEL, Template.ALL_CLEAR) for action in Action),
)
NAMES_ASKER = (Template.INFORM, Template.REFER, Template.CANCEL, Template.ALL_CLEAR)


def _body(language: Lang, template: Template, action: Action, script: Script = Script.NATIVE) -> str:
    told = notification(template=template, action=action)
    return render_sms(told, POLICY, language=language, script=script).body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("template", "action"), NOT_ASKED)
def test_what_needs_no_call_gives_only_the_number(language: Lang, template: Template, action: Action) -> None:
    """Information and its updates, cancels and all-clears give a number and order nobody to call it."""
    body = _body(language, template, action)
    assert f" {IF_NEEDED[language]} {NUMBER}" in body
    assert CALL[language] not in body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("template", "action"), ASKED)
def test_help_and_referrals_ask_for_a_call(language: Lang, template: Template, action: Action) -> None:
    """A request for help, a referral and their updates say to call."""
    assert f" {CALL[language]} {NUMBER}" in _body(language, template, action)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", [Template.CANCEL, Template.ALL_CLEAR])
def test_the_asking_side_is_named_where_there_is_room(language: Lang, template: Template) -> None:
    """The number is followed by the asking side's short name in the reader's language."""
    assert _body(language, template, Action.INFORM).endswith(f"{NUMBER} ({ASKER[language]})")


def test_the_name_is_in_the_readers_letters() -> None:
    """A contact who asked for plain letters gets the name without its marks."""
    assert _body("lt", Template.INFORM, Action.INFORM, Script.ASCII).endswith(f"Tel. {NUMBER} (Bauske)")


def test_a_referral_names_the_asking_side_where_there_is_room() -> None:
    """A referral names whom its number reaches in the room that plain letters leave."""
    assert _body("lv", Template.REFER, Action.REFER, Script.ASCII).endswith(f"Zvanit {NUMBER} (Bauska)")


@pytest.mark.parametrize("script", list(Script))
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("template", [Template.HELP, Template.UPDATE])
def test_requests_and_updates_stay_as_they_are(
    language: Lang, template: Template, action: Action, script: Script
) -> None:
    """The model text of a request is never added to, and neither is an update."""
    assert "(Bausk" not in _body(language, template, action, script)


@pytest.mark.parametrize("template", NAMES_ASKER)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("script", list(Script))
def test_the_name_never_costs_a_part(language: Lang, template: Template, script: Script) -> None:
    """A text names the asking side exactly where that takes no more parts than the text without the name."""
    for event_type in EventType:
        told = notification(
            template=template,
            action=Action.REFER if template is Template.REFER else Action.INFORM,
            about={"event_type": event_type, "severity": Severity.MINOR},
        )
        sms = render_sms(told, POLICY, language=language, script=script)
        if sms.dropped:
            continue
        bare = draft_of(told, POLICY, POLICY.texts[language], party_of(POLICY, told.party))
        named = replace(bare, asker=asker_name(told, POLICY, language)).body()
        without, whole = bare.body(), named
        if script is Script.ASCII:
            without, whole = to_ascii(without), to_ascii(named)
        fits = measure(whole).segments == measure(without).segments
        assert sms.body == (whole if fits else without)


def test_a_name_that_would_cost_a_part_is_left_out() -> None:
    """One letter of the name that makes the whole text UCS-2, and longer, keeps the name away."""
    told = notification(template=Template.INFORM, action=Action.INFORM, asking_party="birzai", party="vecumnieki")
    english = render_sms(told, POLICY, language="en", script=Script.NATIVE)
    assert english.encoding == "GSM-7"
    assert english.body.endswith("Tel. +37045000000")
    plain = render_sms(told, POLICY, language="en", script=Script.ASCII)
    assert plain.body.endswith("Tel. +37045000000 (Birzai)")
    assert plain.segments == english.segments
