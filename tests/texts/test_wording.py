"""Plural forms and times."""

from datetime import UTC, datetime

import pytest

from notifiers.texts.lookup import party_of
from notifiers.texts.wording import (
    Unrenderable,
    changed_facts,
    counted,
    counted_people,
    duration,
    fill,
    full_time,
    local,
    sentence,
)
from schemas.base import Lang
from schemas.event import Casualties
from schemas.vocabulary import NeedKind
from tests.texts.policy_fixture import LANGUAGES, POLICY

COUNTS = (0, 1, 2, 10, 11, 21, 22)
EXPECTED: dict[Lang, tuple[str, ...]] = {
    "lv": (
        "0 autocisternu",
        "1 autocisterna",
        "2 autocisternas",
        "10 autocisternu",
        "11 autocisternu",
        "21 autocisterna",
        "22 autocisternas",
    ),
    "lt": (
        "0 autocisternų",
        "1 autocisterna",
        "2 autocisternos",
        "10 autocisternų",
        "11 autocisternų",
        "21 autocisterna",
        "22 autocisternos",
    ),
    "en": (
        "0 fire tankers",
        "1 fire tanker",
        "2 fire tankers",
        "10 fire tankers",
        "11 fire tankers",
        "21 fire tankers",
        "22 fire tankers",
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms(language: Lang) -> None:
    """Each count takes the form that the language's plural rule asks for."""
    forms = POLICY.texts[language].needs[NeedKind.FIRE_TANKER].forms
    assert tuple(counted(POLICY.texts[language], forms, count) for count in COUNTS) == EXPECTED[language]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(Casualties.model_fields))
def test_the_number_is_always_written(language: Lang, kind: str) -> None:
    """Ten missing people never read as nobody: every count stands as a number."""
    for count in COUNTS:
        (words,) = counted_people(POLICY.texts[language], Casualties.model_validate({kind: count}))
        assert words.startswith(f"{count} ")


def test_unknown_counts_are_left_out() -> None:
    """A count that is not known is not said; a known zero is."""
    assert counted_people(POLICY.texts["lv"], Casualties(injured=0)) == ["0 cietušo"]


@pytest.mark.parametrize("party", ["vecumnieki", "birzai"])
def test_times_are_local_in_winter_and_summer(party: str) -> None:
    """Both countries keep Eastern European time, with daylight saving."""
    clocks = party_of(POLICY, party)
    assert local(datetime(2026, 7, 5, 18, 40, tzinfo=UTC), clocks).hour == 21
    assert local(datetime(2026, 1, 5, 18, 40, tzinfo=UTC), clocks).hour == 20


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("lv", "2026. gada 5. martā, plkst. 20.05"),
        ("lt", "2026 m. kovo 5 d., 20.05 val."),
        ("en", "5 March 2026, 20:05"),
    ],
)
def test_full_times(language: Lang, expected: str) -> None:
    """Date and time are written as the language writes them."""
    at = datetime(2026, 3, 5, 18, 5, tzinfo=UTC)
    assert full_time(POLICY.texts[language], at, party_of(POLICY, "birzai")) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(30, "1 min"), (600, "10 min"), (3600, "1 h"), (5400, "1 h 30 min"), (86400, "24 h")]
)
def test_durations(seconds: int, expected: str) -> None:
    """A waiting time is given in hours and minutes and never as less than it is."""
    assert duration(POLICY.texts["lv"], seconds) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("plkst. 21.40", "plkst. 21.40."), ("21.40 val.", "21.40 val."), ("Ne!", "Ne!")]
)
def test_a_sentence_ends_once(text: str, expected: str) -> None:
    """A full stop is added only where none stands."""
    assert sentence(text) == expected


def test_changes_are_named_once_by_their_fact() -> None:
    """Names of single fields and unknown names are those of the facts, each once, in their order."""
    assert changed_facts(["point", "needs", "parish", "weather", "psap"]) == (
        "place",
        "needs",
        "other",
        "psap_notified",
    )


def test_an_unknown_blank_is_no_silence() -> None:
    """A blank that nothing fills is an error and never an empty space."""
    with pytest.raises(Unrenderable, match="unknown blank"):
        fill("Call {{ nobody }}", number="+37163900000")
