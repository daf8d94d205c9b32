"""The words as data: what a file of texts may not lack or have."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.base import Lang
from schemas.policy.texts import Texts, blanks_of
from schemas.vocabulary import Hazard
from tests.texts.policy_fixture import LANGUAGES, source


def _without_type(words: dict[str, Any]) -> None:
    del words["event_types"]["flood"]


def _unknown_type(words: dict[str, Any]) -> None:
    words["event_types"]["earthquake"] = "zemestrīce"


def _without_plural(words: dict[str, Any]) -> None:
    del words["needs"]["boat"]["forms"]["zero"]


def _foreign_plural(words: dict[str, Any]) -> None:
    words["casualties"]["dead"]["few"] = "bojāgājušie"


def _without_need(words: dict[str, Any]) -> None:
    del words["needs"]["boat"]


def _unknown_blank(words: dict[str, Any]) -> None:
    words["sms"]["reply"] = "{{ code }} {{ name }}"


def _missing_blank(words: dict[str, Any]) -> None:
    words["sms"]["call"] = "Zvanīt"


def _missing_idle_blank(words: dict[str, Any]) -> None:
    words["sms"]["call_if_needed"] = "Tālr."


def _broken_template(words: dict[str, Any]) -> None:
    words["sms"]["call"] = "Zvanīt {{ number }"


def _program(words: dict[str, Any]) -> None:
    words["sms"]["call"] = "{{ number.__class__ }}"


def _braces(words: dict[str, Any]) -> None:
    words["headers"]["help"] = "{{ code }}"


def _two_spaces(words: dict[str, Any]) -> None:
    words["hazards"]["smoke"] = "dūmi  "


def _misspelt(words: dict[str, Any]) -> None:
    words["labels"]["severty"] = "Bīstamība"


def _long(words: dict[str, Any]) -> None:
    words["headers"]["help"] = "A" * 31


def _parishes(words: dict[str, Any]) -> None:
    words["parishes"] = {"pagasts": "{{ name }} pagasts"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shipped_words_are_complete(language: Lang) -> None:
    """The words of all three languages are valid as they stand, and survive a round trip through JSON."""
    texts = Texts.model_validate(source(language))
    assert Texts.model_validate_json(texts.model_dump_json()) == texts


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (_without_type, "event_types: no word for flood"),
        (_unknown_type, "earthquake"),
        (_without_plural, "needs.boat.forms: no word for zero"),
        (_foreign_plural, "casualties.dead: few is not known here"),
        (_without_need, "needs: no word for boat"),
        (_unknown_blank, "sms.reply: {{ name }} is not known here"),
        (_missing_blank, "sms.call: must use {{ number }}"),
        (_missing_idle_blank, "sms.call_if_needed: must use {{ number }}"),
        (_broken_template, "plain blanks"),
        (_program, "plain blanks"),
        (_braces, "has braces"),
        (_two_spaces, "two in a row"),
        (_misspelt, "severty"),
        (_long, "is 31 characters long, and may have 30"),
        (_parishes, "parishes: pagasts is not known here"),
    ],
)
def test_a_mistake_is_named(spoil: Callable[[dict[str, Any]], None], complaint: str) -> None:
    """A missing, foreign, misspelt or malformed word is refused, and the refusal says which."""
    words = source("lv")
    spoil(words)
    with pytest.raises(ValidationError) as refused:
        Texts.model_validate(words)
    assert complaint in str(refused.value)


def test_words_are_kept_composed() -> None:
    """A letter written as base and mark becomes one character, as SMS counting expects."""
    words = source("lv")
    words["hazards"]["smoke"] = "du\u0304mi"
    words["email"]["automatic"] = "Su\u0304ti\u0304ts."
    texts = Texts.model_validate(words)
    assert texts.hazards[Hazard.SMOKE] == "dūmi"
    assert texts.email.automatic == "Sūtīts."


def test_english_needs_written_forms_of_parishes() -> None:
    """English words must say how a parish is written, since the geography does not."""
    words = source("en")
    del words["parishes"]
    with pytest.raises(ValidationError, match="parishes: no word for pagasts"):
        Texts.model_validate(words)


@pytest.mark.parametrize(
    ("text", "blanks"),
    [
        ("no blank", set()),
        ("{{ code }} {{ code }}", {"code"}),
        ("{% if x %}y{% endif %}", None),
        ("{{ a|upper }}", None),
    ],
)
def test_blanks(text: str, blanks: set[str] | None) -> None:
    """A template of the policy is words and plain blanks, nothing that runs."""
    assert blanks_of(text) == blanks
