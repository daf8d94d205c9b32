"""Every message in every language: what must hold of all of them."""

import re
import unicodedata
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from notifiers.texts import Sms, render_email, render_sms
from notifiers.texts.gsm import is_gsm, measure
from notifiers.texts.letters import to_ascii
from notifiers.texts.lookup import party_of
from notifiers.texts.sms_draft import asker_name, draft_of
from schemas.base import Lang
from schemas.decision import SharedFacts
from schemas.event import Casualties, Need
from schemas.notification import Notification
from schemas.place import PlaceCertainty, Point, ResolvedPlace
from schemas.policy.directory import Script
from schemas.vocabulary import EVENT_TEMPLATES, Action, EventType, Hazard, NeedKind, Origin, Severity, Status, Template
from tests.texts.policy_fixture import LANGUAGES, POLICY, notification

COUNTS = (0, 1, 2, 10, 11, 21, 22)
STATUSES: tuple[dict[str, Any], ...] = (
    {},
    {"status": Status.EXERCISE, "origin": Origin.EXERCISE, "exerciseid": "ex-1"},
    {"status": Status.TEST, "repetition": True},
)
PLACE = ResolvedPlace(
    country="LT",
    unit="birzai",
    parish="radviliskis_sen",
    name="Nemunėlio Radviliškio apylinkės senasis malūnas prie upės",
    point=Point(lat=56.4, lon=24.75),
    certainty=PlaceCertainty.NAME,
    explanation="parish name",
)
ACTIONS = {Template.HELP: Action.HELP, Template.INFORM: Action.INFORM, Template.REFER: Action.REFER}


def _facts(event_type: EventType, count: int) -> dict[str, Any]:
    kinds = list(NeedKind)[count % 7 :: 3]
    return {
        "event_type": event_type,
        "severity": Severity.EXTREME,
        "place": PLACE,
        "needs": tuple(Need(kind=kind, count=count) for kind in kinds) if count else (),
        "casualties": Casualties(dead=count, injured=count, missing=count, trapped=count, evacuated=count),
        "hazards": tuple(Hazard),
    }


def _all(template: Template) -> list[Notification]:
    """Every type with every count; status, action and the first change rotate through them."""
    actions = [ACTIONS[template]] if template in ACTIONS else list(Action)
    changed = tuple(SharedFacts.model_fields) if template is Template.UPDATE else ()
    return [
        notification(
            template=template,
            action=actions[turn // len(STATUSES) % len(actions)],
            changed=changed[turn % 7 :],
            about=_facts(event_type, count),
            **STATUSES[turn % len(STATUSES)],
        )
        for turn, (event_type, count) in enumerate(product(EventType, COUNTS))
    ]


def _words(text: str) -> set[str]:
    return {word.strip(".,:;()") for word in text.split()}


def _check(told: Notification, language: Lang, script: Script, sms: Sms) -> None:
    texts = POLICY.texts[language]
    size = measure(sms.body)
    assert (size.encoding, size.characters, size.segments) == (sms.encoding, sms.characters, sms.segments)
    assert sms.segments <= 3
    assert not re.search(r"[{}<>]|  |\.\.(?!\.)(?<!\.\.\.)|\n", sms.body), sms.body
    assert unicodedata.normalize("NFC", sms.body) == sms.body == sms.body.strip()
    assert "http" not in sms.body
    plain = script is Script.ASCII or "diacritics" in sms.dropped
    assert sms.body.isascii() or not plain
    assert is_gsm(sms.body) or not plain
    draft = draft_of(told, POLICY, texts, party_of(POLICY, told.party))
    whole = replace(draft, asker=asker_name(told, POLICY, language)).body()
    more = texts.sms.more
    assert _words(sms.body) <= _words(to_ascii(f"{whole} {more}") if plain else f"{whole} {more}")
    assert f" {told.code}. " in f" {sms.body} "
    assert " +37163900000" in sms.body
    assert "(LT) 56.4000,24.7500" in sms.body
    mark = {Status.EXERCISE: texts.prefixes.exercise, Status.TEST: texts.prefixes.test}.get(told.status, "")
    assert sms.body.startswith(to_ascii(mark) if plain else mark)


@pytest.mark.parametrize("template", sorted(EVENT_TEMPLATES))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sms(language: Lang, template: Template) -> None:
    """Every SMS of every type, count and status fits three parts, whole in its words, number, code and place."""
    for told, script in product(_all(template), Script):
        _check(told, language, script, render_sms(told, POLICY, language=language, script=script))


@pytest.mark.parametrize("template", sorted(EVENT_TEMPLATES))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_email(language: Lang, template: Template) -> None:
    """Every e-mail of every type, count and status has one subject line, no blanks left, and what a caller needs."""
    texts = POLICY.texts[language]
    for told in _all(template)[::2]:
        mail = render_email(told, POLICY, language=language)
        assert len(mail.subject.splitlines()) == 1
        assert len(mail.subject) <= 150
        for part in (mail.subject, mail.text, mail.html):
            assert "{{" not in part
            assert "None" not in part
            assert told.code in part
            assert unicodedata.normalize("NFC", part) == part
        assert "56.4000,24.7500" in mail.text
        assert "+37163900000" in mail.text
        if told.status is Status.EXERCISE:
            assert all(texts.prefixes.exercise in part for part in (mail.subject, mail.text, mail.html))


@pytest.mark.parametrize("event_type", list(EventType))
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_real_request_keeps_its_letters(language: Lang, event_type: EventType) -> None:
    """A live request for one thing keeps its diacritics, whatever the type and even from a long parish."""
    told = notification(about={"event_type": event_type, "place": PLACE.model_copy(update={"name": None})})
    sms = render_sms(told, POLICY, language=language, script=Script.NATIVE)
    assert "diacritics" not in sms.dropped
