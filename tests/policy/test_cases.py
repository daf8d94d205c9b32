"""The tables of examples beside the agreements."""

from pathlib import Path

import pytest

from schemas.decision import Decision
from schemas.event import EmergencyEvent
from schemas.policy.cases import CaseResult, LocatedCase, load_cases, run_cases
from schemas.policy.load import load_policy
from schemas.policy.mistakes import PolicyMistakes
from schemas.policy.models import Policy
from schemas.vocabulary import DecisionOutcome
from streams.rules.routing.route import route
from tests.policy.conftest import SHIPPED

CASES = load_cases(SHIPPED)
BIRZAI = "agreements/birzai-vecumnieki.cases.yaml"


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(SHIPPED)


def outcome(located: LocatedCase, policy: Policy) -> CaseResult:
    def decide(event: EmergencyEvent) -> Decision:
        return route(event, policy)

    (result,) = run_cases([located], decide)
    return result


@pytest.mark.parametrize("located", CASES, ids=lambda located: located.case.title)
def test_the_example_holds(located: LocatedCase, policy: Policy) -> None:
    """What a person expected of the event is what the rules decide."""
    result = outcome(located, policy)
    assert result.holds, f"{located.file}:{located.line}: {'; '.join(result.differences)}"


def test_there_are_enough_examples_for_each_agreement() -> None:
    """Every agreement has its table, in both directions, and all tables together hold at least forty."""
    assert len(CASES) >= 40
    routed = {
        (one.case.event.party, one.case.expect.partner)
        for one in CASES
        if one.case.expect.outcome is DecisionOutcome.ROUTED
    }
    pairs = {("birzai", "vecumnieki"), ("rokiskis", "akniste"), ("tervete", "joniskis")}
    assert routed >= pairs | {(partner, party) for party, partner in pairs}


def test_a_wrong_expectation_is_told_in_words(policy_dir: Path, policy: Policy) -> None:
    """A case that does not hold says what came instead of what was expected."""
    path = policy_dir / BIRZAI
    text = path.read_text(encoding="utf-8")
    for old, new in (
        ("partner: birzai\n      action: help", "partner: tervete\n      action: refer"),
        ("roles: [duty_desk, fire_chief]", "roles: [psdk_delegate]"),
        ("reasons: [own_area", "withheld: [needs]\n      warnings: [successor_area]\n      reasons: [neighbour_area"),
    ):
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    differences = outcome(load_cases(policy_dir)[0], policy).differences
    assert "told is birzai, expected tervete" in differences
    assert "action towards birzai is help, expected refer" in differences
    assert "first roles are duty_desk, fire_chief, expected psdk_delegate" in differences
    assert "needs is not withheld" in differences
    assert "needs crosses the border, expected it not to" in differences
    assert any(one.startswith("no warning says successor_area") for one in differences)
    assert any(one.startswith("no verdict says neighbour_area") for one in differences)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "event: {party: vecumnieki, type: peat_fire",
            "event: {party: vecumnieki, type: peatfire",
            "'peatfire' is not",
        ),
        ("severity: Severe", "severty: Severe", "unknown key 'severty'"),
        ("place: {parish: Skaistkalne, name: Skaistkalne}, ", "", "a report needs place"),
        ("place: {parish: Skaistkalne, name: Skaistkalne}", "place: {country: LV}", "give at least one of code"),
        ("text: {lv: Deg saimniecības ēka.}", "text: {lv: Deg., lt: Dega.}", "text is in one language"),
        ("title: Old grass burns a little in Vecumnieki", "title: Factory fire in Iecava", "the title stands twice"),
    ],
)
def test_a_mistake_in_a_table_is_named_with_its_line(policy_dir: Path, old: str, new: str, problem: str) -> None:
    """Tables of examples are read as strictly as the policy itself."""
    path = policy_dir / BIRZAI
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PolicyMistakes) as caught:
        load_cases(policy_dir)
    (mistake,) = caught.value.mistakes
    assert problem in mistake.problem
    assert mistake.file == BIRZAI
    assert abs(mistake.line - text[: text.index(old)].count("\n") - 1) <= 2
