"""Every word of the report exists in every language, and counted nouns agree with their numbers."""

import re
from datetime import UTC, datetime

import pytest
from babel import Locale

from console.report.month import Month
from console.report.words import LANGUAGES, ReportWords, Words, report_words
from schemas.base import Lang
from tests.report.scene import policy

BLANK = re.compile(r"\{(\w+)\}")


def blanks(text: str) -> set[str]:
    """The names of the blanks in ``text``."""
    return set(BLANK.findall(text))


def sentences(words: ReportWords) -> dict[str, set[str]]:
    """Every word by its name, with the blanks it has."""
    fixed = {f"{kind}.{key}": blanks(text) for kind in ("labels", "plots", "told", "reasons")
             for key, text in getattr(words, kind).items()}  # fmt: skip
    counted = {f"counted.{key}": blanks(forms["other"]) for key, forms in words.counted.items()}
    return fixed | counted


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_words_with_the_same_blanks(language: Lang) -> None:
    """What one language says with numbers, the others do too."""
    assert sentences(report_words(language)) == sentences(report_words("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_counted_sentence_has_every_form_of_its_language(language: Lang) -> None:
    """Latvian zero, one, other; Lithuanian one, few, many, other; and the same blanks in each."""
    wanted = {*Locale.parse(language).plural_form.tags, "other"}
    for key, forms in report_words(language).counted.items():
        assert set(forms) == wanted, key
        assert {frozenset(blanks(form)) for form in forms.values()} == {frozenset(blanks(forms["other"]))}, key


@pytest.mark.parametrize(
    ("language", "n", "begins"),
    [
        ("lv", 1, "1 pieprasījums palika"),
        ("lv", 2, "2 pieprasījumi palika"),
        ("lv", 10, "10 pieprasījumu palika"),
        ("lv", 11, "11 pieprasījumu palika"),
        ("lv", 21, "21 pieprasījums palika"),
        ("lt", 1, "1 prašymas liko"),
        ("lt", 3, "3 prašymai liko"),
        ("lt", 10, "10 prašymų liko"),
        ("lt", 12, "12 prašymų liko"),
        ("lt", 22, "22 prašymai liko"),
        ("en", 1, "1 request got"),
        ("en", 2, "2 requests got"),
    ],
)
def test_nouns_agree_with_their_numbers(language: Lang, n: int, begins: str) -> None:
    """As a reader of that language expects."""
    assert Words(language, policy()).counted("unanswered", n).startswith(begins)


@pytest.mark.parametrize(
    ("language", "seconds", "told"),
    [
        ("en", 0.4, "0 secs"),
        ("en", 59.6, "1 min"),
        ("en", 200, "3 mins 20 secs"),
        ("en", 3600, "1 hr"),
        ("en", 90_000, "1 day 1 hr"),
        ("lv", 200, "3 min 20 sek."),
        ("lt", 200, "3 min. 20 sek."),
    ],
)
def test_durations_have_their_two_largest_units(language: Lang, seconds: float, told: str) -> None:
    """And no break between number and unit."""
    assert Words(language, policy()).duration(seconds).replace("\N{NO-BREAK SPACE}", " ") == told


def test_the_hour_that_comes_twice_says_which_it_is() -> None:
    """25 October 2026, a quarter past three."""
    words = Words("en", policy())
    assert words.moment(datetime(2026, 10, 25, 0, 15, tzinfo=UTC)) == "25.10. 03:15 (UTC+0300)"
    assert words.moment(datetime(2026, 10, 25, 1, 15, tzinfo=UTC)) == "25.10. 03:15 (UTC+0200)"
    assert words.moment(datetime(2026, 10, 25, 2, 15, tzinfo=UTC)) == "25.10. 04:15"


@pytest.mark.parametrize(
    ("language", "month"), [("lv", "2026. g. oktobris"), ("lt", "2026 m. spalis"), ("en", "October 2026")]
)
def test_months_are_named(language: Lang, month: str) -> None:
    """In the language of the page."""
    assert Words(language, policy()).month(Month(2026, 10)) == month


def test_few_are_no_per_cent() -> None:
    """Three of seven; five of twenty is a quarter."""
    words = Words("lv", policy())
    assert words.part(3, 7) == "3 no 7"
    assert words.part(5, 20) == "5 no 20 (25 %)"


def test_what_the_policy_does_not_name_is_called_by_its_id() -> None:
    """An agreement that has ended since, say."""
    words = Words("lt", policy())
    assert words.agreement("gone-agreement") == "gone-agreement"
    assert words.party("gone") == "gone"
    assert words.unit("gone") == "gone"
    assert words.unit("unknown") == "nežinoma"
