"""``borderlands place``: a point, a name or a code, and how sure the answer is."""

import json
from pathlib import Path
from typing import Any

import pytest

from console.place_query import NotUnderstood, understand
from schemas.place import Point
from tests.console.conftest import SHIPPED, Run

DIFFERENT, USAGE, DATA, NO_INPUT = 1, 2, 65, 66


def _asked(borderlands: Run, what: str, exit_code: int = 0) -> dict[str, Any]:
    done = borderlands("place", what, "--json")
    assert done.exit_code == exit_code, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(
    "written",
    ["56.38,24.64", "56.38 24.64", " 56.38 ; 24.64 ", "56,38 24,64", "56,38; 24,64", "56,38,24,64", "N56.38, E24.64"],
)
def test_a_point_is_read_as_people_write_it(written: str) -> None:
    """Points and decimal commas, with or without blanks and letters."""
    assert understand(written).place.point == Point(lat=56.38, lon=24.64)


@pytest.mark.parametrize("written", ["", "56.38", "56.38,24.64,1", "156.38,24.64", "1,2,3", "36"])
def test_what_can_mean_several_things_is_not_guessed_at(written: str) -> None:
    """Half a point, too many numbers, an impossible latitude and a number without its list say how to write it."""
    with pytest.raises(NotUnderstood) as problem:
        understand(written)
    assert problem.value.mend


@pytest.mark.parametrize(
    ("written", "scheme", "code"),
    [
        ("LV0025000", "LAU", "LV0025000"),
        ("0025000", "ATVK", "0025000"),
        ("lt-06", "ISO3166-2", "LT-06"),
        ("LAU:36", "LAU", "36"),
        ("lau 36", "LAU", "36"),
    ],
)
def test_a_code_is_known_by_its_form(written: str, scheme: str, code: str) -> None:
    """A code's list is named, or plain from how it is written."""
    read = understand(written).place.code
    assert read is not None
    assert (read.scheme.value, read.code) == (scheme, code)


def test_a_named_place_is_explained_step_by_step(borderlands: Run) -> None:
    """Municipality today and before, parish, covered area, agreement, distance from the border and certainty."""
    done = borderlands("place", "skaistkalne")
    assert done.exit_code == 0, done.output
    for said in (
        "· code         none given",
        "✓ name         'skaistkalne': Skaistkalne",
        "✓ geometry     the gazetteer's position (about)",
        "km from the state border",
        "municipality  Bauskas novads (ISO3166-2 LV-016, ATVK 0025000), Latvia",
        "before 2021   Vecumnieku novads",
        "parish        Skaistkalnes pagasts",
        "covered area  vecumnieki: birzai-vecumnieki",
        "certainty     named",
        "approximate",
    ):
        assert said in done.stdout


@pytest.mark.parametrize(
    ("what", "certainty", "municipality", "area"),
    [
        ("LT-06", "exact", "birzai", "birzai"),
        ("LV-105", "exact", "bauska", "vecumnieki"),
        ("LV0025000", "exact_part_unknown", "bauska", None),
        ("Žagarės sen.", "named", "joniskis", "joniskis"),
        ("Birzi", "named", "birzai", "birzai"),
        ("Skaistkalen", "read", "bauska", "vecumnieki"),
        ("Misa", "doubtful", "bauska", "vecumnieki"),
        ("56.5,24.5", "outlined", "bauska", "vecumnieki"),
    ],
)
def test_certainty_has_levels(borderlands: Run, what: str, certainty: str, municipality: str, area: str | None) -> None:
    """A code is surer than a name, a name than one with a slip, any of them than an outline."""
    answer = _asked(borderlands, what)
    assert answer["certainty"] == certainty
    assert answer["hits"][0]["municipality"]["id"] == municipality
    assert answer["hits"][0].get("covered_area") == area
    assert answer["outlines"] == "approximate"


def test_near_the_border_both_sides_are_named(borderlands: Run) -> None:
    """A point in the border band is of both sides, and says how near it is."""
    answer = _asked(borderlands, "56.3606,24.62")
    assert answer["certainty"] == "side_uncertain"
    assert {hit["country"] for hit in answer["hits"]} == {"LV", "LT"}
    assert answer["border_m"] < 1000
    assert "km from" in answer["nearest_place"]


def test_several_places_of_a_name_are_listed(borderlands: Run) -> None:
    """A name of several places lists each, with an exit code of its own."""
    answer = _asked(borderlands, "Mūsa", DIFFERENT)
    assert answer["certainty"] == "ambiguous"
    assert {hit["municipality"]["id"] for hit in answer["hits"]} == {"bauska", "pasvalys"}


def test_an_unknown_name_is_answered_with_names_like_it(borderlands: Run) -> None:
    """Suggestions for a name, and latitude and longitude changed round for a point."""
    done = borderlands("place", "Skaiskalnis")
    assert done.exit_code == NO_INPUT
    assert "did you mean" in done.stdout
    assert "Skaistkalne is in Skaistkalnes pagasts" in done.stdout
    assert "56.38,24.64" in _asked(borderlands, "24.64,56.38", NO_INPUT)["suggestions"][0]


def test_a_number_without_its_list_is_wrong_usage(borderlands: Run) -> None:
    """Two numberings of Lithuania's municipalities collide: the list must be named."""
    done = borderlands("place", "36")
    assert done.exit_code == USAGE
    assert "LAU:36" in done.stderr


def test_another_policy_can_be_asked(borderlands: Run, tmp_path: Path) -> None:
    """``--policy`` names a directory; one that is none is said to be none."""
    assert borderlands("place", "LT-06", "--policy", SHIPPED).exit_code == 0
    assert borderlands("place", "LT-06", "--policy", tmp_path / "none").exit_code == DATA
