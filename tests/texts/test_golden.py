"""The model texts, letter by letter."""

from datetime import timedelta
from typing import Any

import pytest

from notifiers.texts import render_sms
from schemas.base import Lang
from schemas.event import Need
from schemas.place import PlaceCertainty
from schemas.policy.directory import Script
from schemas.vocabulary import Action, EventType, NeedKind, Origin, Severity, Status, Template
from tests.texts.policy_fixture import AT, POLICY, SKAISTKALNE, notification

REFERRAL = {"template": Template.REFER, "action": Action.REFER}
ENDED = {"about": {"severity": Severity.MINOR, "hazards": ("smoke",)}}
EXERCISE = {"status": Status.EXERCISE, "origin": Origin.EXERCISE, "exerciseid": "ex-1"}
MORE_NEEDED = {
    "template": Template.UPDATE,
    "changed": ("needs", "place"),
    "about": {"needs": (Need(kind=NeedKind.FIRE_TANKER, count=3),)},
}

GOLDEN: list[tuple[Lang, dict[str, Any], str]] = [
    (
        "lv",
        {},
        (
            "PALĪDZĪBA VAJADZĪGA 7F2K. Meža ugunsgrēks, Skaistkalnes pag. (LV) 56.3801,24.6402, plkst. 21.40. "
            "Bīstamība: augsta. Resursi: autocisterna 1. Zvanīt +37163900000. Atbildiet: 7F2K JĀ vai 7F2K NĒ"
        ),
    ),
    (
        "lt",
        {},
        (
            "REIKIA PAGALBOS 7F2K. Miško gaisras, Skaistkalnės vls. (LV) 56.3801,24.6402, 21.40 val. "
            "Pavojingumas: didelis. Ištekliai: autocisterna 1. Skambinti +37163900000. "
            "Atsakykite: 7F2K TAIP arba 7F2K NE"
        ),
    ),
    (
        "en",
        {},
        (
            "HELP NEEDED 7F2K. Forest fire, Skaistkalne parish (LV) 56.3801,24.6402, 21:40. Severity: high. "
            "Resources: fire tanker 1. Call +37163900000. Reply: 7F2K YES or 7F2K NO"
        ),
    ),
    (
        "lt",
        {"template": Template.INFORM, "action": Action.INFORM, "about": {"event_type": EventType.FLOOD}},
        (
            "INFORMACIJA 7F2K. Potvynis, Skaistkalnės vls. (LV) 56.3801,24.6402, 21.40 val. "
            "Pavojingumas: didelis. Tel. +37163900000 (Bauskė)"
        ),
    ),
    (
        "lv",
        REFERRAL | {"about": {"event_type": EventType.MISSING_PERSON, "severity": Severity.UNKNOWN}},
        (
            "PĀRSŪTĪTS ZIŅOJUMS 7F2K. Pazudusi persona, Skaistkalnes pag. (LV) 56.3801,24.6402, plkst. 21.40. "
            "Atbildīgais dienests: Valsts policija. Personas dati netiek sūtīti. Zvanīt +37163900000 (Bauska)"
        ),
    ),
    (
        "lt",
        REFERRAL | {"about": {"event_type": EventType.THEFT, "lead_service": "vp"}},
        (
            "PERSIŲSTAS PRANEŠIMAS 7F2K. Vagystė, Skaistkalnės vls. (LV) 56.3801,24.6402, 21.40 val. "
            "Pavojingumas: didelis. Atsakinga tarnyba: Latvijos policija. Asmens duomenys nesiunčiami. "
            "Skambinti +37163900000"
        ),
    ),
    (
        "lt",
        MORE_NEEDED,
        (
            "NAUJA INFORMACIJA 7F2K. Pasikeitė: vieta. Ištekliai: autocisternos 3. Miško gaisras, "
            "Skaistkalnės vls. (LV) 56.3801,24.6402, 21.40 val. Skambinti +37163900000. "
            "Atsakykite: 7F2K TAIP arba 7F2K NE"
        ),
    ),
    (
        "lv",
        {"template": Template.UPDATE, "changed": ("needs",), "about": {"needs": (), "severity": None}},
        (
            "JAUNA INFORMĀCIJA 7F2K. Resursi vairs nav vajadzīgi. Meža ugunsgrēks, Skaistkalnes pag. (LV) "
            "56.3801,24.6402, plkst. 21.40. Zvanīt +37163900000. Atbildiet: 7F2K JĀ vai 7F2K NĒ"
        ),
    ),
    (
        "lv",
        ENDED | {"template": Template.CANCEL},
        (
            "ATSAUKUMS 7F2K. Palīdzība vairs nav vajadzīga. Meža ugunsgrēks, Skaistkalnes pag. (LV) "
            "56.3801,24.6402, plkst. 21.40. Tālr. +37163900000 (Bauska)"
        ),
    ),
    (
        "lt",
        ENDED | {"template": Template.ALL_CLEAR, "action": Action.INFORM},
        (
            "ĮVYKIO PABAIGA 7F2K. Miško gaisras, Skaistkalnės vls. (LV) 56.3801,24.6402, 21.40 val. "
            "Tel. +37163900000 (Bauskė)"
        ),
    ),
    (
        "lv",
        EXERCISE,
        (
            "MĀCĪBAS! Tas nav reāls notikums. PALĪDZĪBA VAJADZĪGA 7F2K. Meža ugunsgrēks, Skaistkalnes pag. (LV) "
            "56.3801,24.6402. Resursi: autocisterna 1. Zvanīt +37163900000. Atbildiet: 7F2K JĀ vai 7F2K NĒ"
        ),
    ),
    (
        "lt",
        EXERCISE,
        (
            "PRATYBOS! Tai nėra tikras įvykis. REIKIA PAGALBOS 7F2K. Miško gaisras, Skaistkalnės vls. (LV) "
            "56.3801,24.6402. Ištekliai: autocisterna 1. Skambinti +37163900000. Atsakykite: 7F2K TAIP arba 7F2K NE"
        ),
    ),
    (
        "lt",
        {"repetition": True, "about": {"severity": None}},
        (
            "PAKARTOTINAI: REIKIA PAGALBOS 7F2K. Miško gaisras, Skaistkalnės vls. (LV) 56.3801,24.6402, 21.40 val. "
            "Ištekliai: autocisterna 1. Skambinti +37163900000. Atsakykite: 7F2K TAIP arba 7F2K NE"
        ),
    ),
]


@pytest.mark.parametrize(("language", "given", "expected"), GOLDEN)
def test_golden(language: Lang, given: dict[str, Any], expected: str) -> None:
    """Each kind of message reads exactly like its model text, with every letter intact."""
    assert render_sms(notification(**given), POLICY, language=language, script=Script.NATIVE).body == expected


def test_model_texts_cost_three_parts_native_and_two_plain() -> None:
    """The model texts take 192 and 196 characters: three parts with diacritics, two without."""
    for language, characters in (("lv", 192), ("lt", 196)):
        native = render_sms(notification(), POLICY, language=language, script=Script.NATIVE)  # type: ignore[arg-type]
        plain = render_sms(notification(), POLICY, language=language, script=Script.ASCII)  # type: ignore[arg-type]
        assert (native.encoding, native.characters, native.segments) == ("UCS-2", characters, 3)
        assert (plain.encoding, plain.characters, plain.segments) == ("GSM-7", characters, 2)
        assert native.dropped == plain.dropped == ()


def test_a_plain_text_has_the_same_words() -> None:
    """A contact who asked for plain letters gets the same text without its marks."""
    body = render_sms(notification(), POLICY, language="lv", script=Script.ASCII).body
    assert body.startswith("PALIDZIBA VAJADZIGA 7F2K. Meza ugunsgreks, Skaistkalnes pag. (LV) 56.3801,24.6402")


def test_a_named_place_stands_before_the_parish() -> None:
    """A place of the gazetteer is named in the reader's language, before its parish."""
    place = SKAISTKALNE.model_copy(update={"place": "eikesi"})
    told = notification(about={"place": place, "severity": None})
    body = render_sms(told, POLICY, language="lt", script=Script.NATIVE).body
    assert "gaisras, Eikšiai, Skaistkalnės vls. (LV) 56.3801,24.6402" in body


def test_a_place_without_its_own_position_is_marked_approximate() -> None:
    """Where only a place's name was reported, its gazetteer position says that it is not exact."""
    place = SKAISTKALNE.model_copy(update={"place": "eikesi", "point": None})
    body = render_sms(notification(about={"place": place}), POLICY, language="lv", script=Script.ASCII).body
    assert "(LV) apm. 56.4000,24.6000" in body


def test_an_uncertain_side_names_both_countries() -> None:
    """Near the border, where the side is not certain, both countries stand in the text."""
    place = SKAISTKALNE.model_copy(update={"certainty": PlaceCertainty.SIDE_UNCERTAIN})
    body = render_sms(notification(about={"place": place}), POLICY, language="lt", script=Script.ASCII).body
    assert "(LV/LT) 56.3801" in body


@pytest.mark.parametrize(
    ("language", "expected"),
    [("lv", "4. jūlijā plkst. 21.40"), ("lt", "liepos 4 d. 21.40 val."), ("en", "4 July 21:40")],
)
def test_another_day_is_named(language: Lang, expected: str) -> None:
    """An event of another local day than the decision's carries its date."""
    told = notification(template=Template.INFORM, action=Action.INFORM, about={"occurred_at": AT - timedelta(days=1)})
    assert expected in render_sms(told, POLICY, language=language, script=Script.NATIVE).body


def test_the_day_is_the_local_one() -> None:
    """Half past midnight on the reader's clocks is today, although it is yesterday in UTC."""
    about = {"occurred_at": AT.replace(hour=21, minute=30), "severity": None}
    told = notification(about=about, decided_at=AT.replace(hour=22, minute=0))
    assert ", 00.30 val." in render_sms(told, POLICY, language="lt", script=Script.NATIVE).body
