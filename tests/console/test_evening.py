"""The demo's own check: what was expected and did not come, what came unexpected, what leaked."""

from pathlib import Path

import pytest

from console.evening import Arrived, Evening, differences, read_evening

EVENING = Evening.model_validate(
    {
        "steps": [
            {
                "name": "peat fire",
                "says": "it burns",
                "raw": ["?"],
                "expect": {"sms": {"birzai-duty": ["Skaistkalnė", "cisterna"]}, "email": ["birzai-chief"]},
            },
            {"name": "missing", "says": "she is gone", "raw": ["?"], "expect": {"never": ["120190-11111"]}},
        ]
    }
)
SMS = Arrived("birzai-duty", "sms", "Dega durpės. Skaistkalnė. Reikia: 1 cisterna")
MAIL = Arrived("birzai-chief", "email", "Dega durpės")


@pytest.mark.parametrize(
    ("arrived", "said"),
    [
        pytest.param([SMS, MAIL], [], id="as expected"),
        pytest.param([SMS], ["birzai-chief was to get 1 more by email"], id="a mail is missing"),
        pytest.param(
            [MAIL],
            [
                "peat fire: no SMS to birzai-duty holds all of 'Skaistkalnė', 'cisterna'",
                "birzai-duty was to get 1 more by sms",
            ],
            id="a text is missing",
        ),
        pytest.param(
            [Arrived("birzai-duty", "sms", "Skaistkaln? cisterna"), MAIL],
            ["peat fire: no SMS to birzai-duty holds all of 'Skaistkalnė', 'cisterna'"],
            id="a letter was garbled",
        ),
        pytest.param([SMS, SMS, MAIL], ["birzai-duty got 1 by sms that nobody expected"], id="a text came twice"),
        pytest.param(
            [SMS, MAIL, Arrived("+37060000000", "sms", "?")],
            ["+37060000000 got 1 by sms that nobody expected"],
            id="a stranger got a text",
        ),
        pytest.param(
            [SMS, Arrived("birzai-chief", "email", "a.k. 120190-11111")],
            ["missing: '120190-11111' reached birzai-chief by email"],
            id="a personal code leaked",
        ),
    ],
)
def test_every_difference_is_named(arrived: list[Arrived], said: list[str]) -> None:
    """Missing, garbled, doubled, gone to a stranger, leaked: each in words; nothing where all is well."""
    assert list(differences(EVENING, arrived)) == said


def test_the_shipped_evening_can_be_read() -> None:
    """Every step of the demo says what must come of it."""
    steps = read_evening(Path(__file__).parents[2] / "deploy" / "demo" / "evening.yaml").steps
    assert len(steps) >= 7
    assert any(step.raw for step in steps)
    assert any(step.expect.never for step in steps)
