"""The texts with the shipped policy: every parish and place of it, in every language."""

from functools import cache
from pathlib import Path

import pytest

from notifiers.texts import render_email, render_sms
from schemas.base import Lang
from schemas.place import PlaceCertainty, ResolvedPlace
from schemas.policy.directory import Script
from schemas.policy.load import load_policy
from schemas.policy.models import Policy
from tests.texts.policy_fixture import LANGUAGES, SKAISTKALNE, notification


@cache
def _shipped() -> Policy:
    return load_policy(Path(__file__).parents[2] / "deploy" / "policy")


def _places(policy: Policy) -> list[ResolvedPlace]:
    country = {unit.id: unit.country for unit in policy.geography.units}
    parishes = [
        SKAISTKALNE.model_copy(update={"country": parish.country, "unit": parish.unit, "parish": parish.id})
        for parish in policy.geography.parishes
    ]
    named = [
        ResolvedPlace(
            country=country[place.unit],
            unit=place.unit,
            parish=place.parish,
            place=place.id,
            certainty=PlaceCertainty.NAME,
            explanation="name",
        )
        for place in policy.geography.places
    ]
    return parishes + named


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_real_place_can_be_told(language: Lang) -> None:
    """Each shipped parish and place gives an SMS with its letters, of three parts at most, and an e-mail."""
    policy = _shipped()
    for place in _places(policy):
        told = notification(about={"place": place})
        sms = render_sms(told, policy, language=language, script=Script.NATIVE)
        assert sms.segments <= 3, sms
        assert "diacritics" not in sms.dropped, sms
        assert f"({place.country}) " in sms.body
        assert "?" not in sms.body
        assert f"({place.country})" in render_email(told, policy, language=language).subject


def test_a_request_to_real_birzai_reads_like_the_model() -> None:
    """With the shipped policy the model text of the Lithuanian reader comes out letter by letter."""
    place = SKAISTKALNE.model_copy(update={"unit": "bauska", "parish": "skaistkalne_pag"})
    body = render_sms(notification(about={"place": place}), _shipped(), language="lt", script=Script.NATIVE).body
    assert body == (
        "REIKIA PAGALBOS 7F2K. Miško gaisras, Skaistkalnės vls. (LV) 56.3801,24.6402, 21.40 val. "
        "Pavojingumas: didelis. Ištekliai: autocisterna 1. Skambinti +37163900000. "
        "Atsakykite: 7F2K TAIP arba 7F2K NE"
    )
