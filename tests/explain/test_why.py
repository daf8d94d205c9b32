"""`why` answers the question people ask, in their language, with the rule and the minute's duty."""

import pytest

from console.explain.names import NotKnown, Whom, understand
from console.explain.rule_file import RuleFiles
from console.explain.why_answer import answer, document
from schemas.base import Lang
from schemas.policy.models import Policy
from schemas.vocabulary import Answer
from tests.explain.conftest import SHIPPED, Explain
from tests.explain.evening import Evening

LANGUAGES: tuple[Lang, ...] = ("en", "lv", "lt")


@pytest.mark.parametrize(
    ("words", "party", "role"),
    [
        ("birzai", "birzai", None),
        ("Biržai", "birzai", None),
        ("BIRZAI", "birzai", None),
        ("Biržų", "birzai", None),
        ("Birži", "birzai", None),
        ("fire_chief", None, "fire_chief"),
        ("fire chief", None, "fire_chief"),
        ("ugniagesiu vadovas", None, "fire_chief"),
        ("Aknīste's fire chief", "akniste", "fire_chief"),
        ("Aknīstes novada ugunsdzēsēju vadītājs", "akniste", "fire_chief"),
        ("fire_chief birzai", "birzai", "fire_chief"),
        ("akniste duty_desk", "akniste", "duty_desk"),
    ],
)
def test_who_is_meant_by_id_or_name(words: str, party: str | None, role: str | None, policy: Policy) -> None:
    """In three languages, with or without diacritics, in either order."""
    assert understand(words, policy) == Whom(party, role)


def test_a_contact_is_meant_by_its_id(policy: Policy) -> None:
    """As it stands in a trace."""
    assert understand("birzai-volunteer-1", policy) == Whom(contact="birzai-volunteer-1")


def test_who_is_unknown_is_told_who_is_near(policy: Policy) -> None:
    """A slip of the pen gets the nearest names."""
    with pytest.raises(NotKnown) as slip:
        understand("birzaj", policy)
    assert "'birzai'" in slip.value.mend
    with pytest.raises(NotKnown) as nobody:
        understand("xyzzy", policy)
    assert "borderlands policy show parties" in nobody.value.mend


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_somebody_was_called(language: Lang, policy: Policy, rules: RuleFiles, explain: Explain) -> None:
    """Clause, file and line, version, duty, text and answer stand in the sentences of each language."""
    evening = Evening(policy).report().send().answer("birzai-chief", Answer.ACCEPT, "TAIP 20 min")
    found = answer(explain(evening), Whom("birzai", "fire_chief"), language, rules.place_of)
    said = "\n".join(found.sentences)
    assert found.told
    line = _line_of("birzai-vecumnieki", "- id: help")
    for part in (
        "2026-11-12 03:12:00", "birzai-chief", f"agreements/birzai-vecumnieki.yaml:{line}", policy.version[:12],
        "REIKIA PAGALBOS", "TAIP 20 min",
    ):  # fmt: skip
        assert part in said
    opening = {"en": "was told on", "lv": "ziņots", "lt": "pranešta"}[language]
    assert opening in found.sentences[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_somebody_was_not(language: Lang, policy: Policy, rules: RuleFiles, explain: Explain) -> None:
    """The first stage that stopped it stands first."""
    found = answer(explain(Evening(policy).report().send()), Whom("akniste"), language, rules.place_of)
    assert not found.told
    assert "no_agreement" in found.sentences[0]
    opening = {"en": "was not told", "lv": "nav ziņots", "lt": "nepranešta"}[language]
    assert opening in found.sentences[0]


def test_the_step_says_why_it_came_to_it(policy: Policy, rules: RuleFiles, explain: Explain) -> None:
    """Volunteers are called since nobody said yes on the step before."""
    evening = Evening(policy).report().send().wait(minutes=6).send("birzai-volunteer-1")
    found = answer(explain(evening), Whom(contact="birzai-volunteer-1"), "en", rules.place_of)
    assert any("step 2 of the ladder" in one and "no yes within 300 s" in one for one in found.sentences)


def test_who_reported_it_is_said_to_have(policy: Policy, rules: RuleFiles, explain: Explain) -> None:
    """The asking side was told nothing of its own report."""
    found = answer(explain(Evening(policy).report().send()), Whom("vecumnieki"), "en", rules.place_of)
    assert any("reported this incident itself" in one for one in found.sentences)


def test_a_line_is_named_only_of_the_version_that_was_applied(policy: Policy) -> None:
    """Files that have changed since say nothing of the rule."""
    assert RuleFiles(SHIPPED).place_of("f" * 64, "birzai-vecumnieki", "help") is None


def test_as_data_with_the_records_behind_it(policy: Policy, rules: RuleFiles, explain: Explain) -> None:
    """The document holds the sentences, and of the messages only theirs."""
    report = explain(Evening(policy).report().send())
    whom = Whom("birzai", "fire_chief")
    told = document(report, answer(report, whom, "en", rules.place_of), "en")
    assert told["told"] is True
    assert {one["contact"] for one in told["messages"]} == {"birzai-chief"}
    assert told["sentences"]


def _line_of(agreement: str, start: str) -> int:
    lines = (SHIPPED / "agreements" / f"{agreement}.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if line.strip().startswith(start))
