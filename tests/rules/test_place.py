"""Places: codes, names as people write them, positions, and what happens when they disagree."""

from typing import Any

import pytest

from schemas.place import Place, PlaceCertainty, ResolvedPlace
from schemas.policy.models import Geography
from streams.rules.places.geography import GeographyIndex
from streams.rules.places.names import fold, one_slip_apart, spellings
from streams.rules.places.place import Located, locate, resolve
from streams.rules.places.place_fault import PlaceFault, PlaceReason
from tests.rules.policy_fixture import GEOGRAPHY

AREAS = {name: name for name in ("vecumnieki", "akniste", "birzai", "rokiskis")}
INDEX = GeographyIndex(GEOGRAPHY, AREAS)


def found(**given: Any) -> ResolvedPlace:
    result = resolve(Place.model_validate(given), INDEX)
    assert isinstance(result, ResolvedPlace), result
    return result


def located(**given: Any) -> Located:
    result = locate(Place.model_validate(given), INDEX)
    assert isinstance(result, Located), result
    return result


def fault(**given: Any) -> PlaceFault:
    result = resolve(Place.model_validate(given), INDEX)
    assert isinstance(result, PlaceFault), result
    return result


@pytest.mark.parametrize(
    ("scheme", "code", "unit", "former", "areas"),
    [
        ("ISO3166-2", "LV-105", "bauska", "vecumnieki", ("vecumnieki",)),
        ("ISO3166-2", "LV-016", "bauska", None, ()),
        ("LAU", "LV0025000", "bauska", None, ()),
        ("ATVK", "0025000", "bauska", None, ()),
        ("ATVK", "0025350", "bauska", "vecumnieki", ("vecumnieki",)),
        ("LAU", "36", "birzai", None, ("birzai",)),
    ],
)
def test_codes(scheme: str, code: str, unit: str, former: str | None, areas: tuple[str, ...]) -> None:
    """Codes of every scheme, withdrawn ones and parishes' included, give today's unit, the former one and the area."""
    place = found(code={"scheme": scheme, "code": code})
    assert (place.unit, place.former_unit, place.areas) == (unit, former, areas)
    assert place.certainty is PlaceCertainty.CODE


@pytest.mark.parametrize(
    "written",
    ["Skaistkalnes pagasts", "skaistkalnes pag.", "SKAISTKALNES PAG", "Skaistkalne", "skaistkalnē", "Skaiskalne"],
)
def test_parish_spellings(written: str) -> None:
    """A parish is found in full, in short, in any case, without diacritics and with one slip of a letter."""
    assert found(parish=written).parish == "skaistkalne_pag"


@pytest.mark.parametrize(
    "written",
    ["Biržų rajono savivaldybė", "Biržų r. sav.", "birzu r sav", "Biržų rajonas", "BIRŽŲ RAJ. SAV.", "Biržų"],
)
def test_municipality_spellings(written: str) -> None:
    """A municipality is found under every way its name is shortened."""
    assert found(municipality=written).unit == "birzai"


def test_todays_unit_wins_over_a_former_one_of_the_same_name() -> None:
    """Bauskas novads means the municipality of today, not the smaller one of 2009-2021."""
    assert found(municipality="Bauskas novads").former_unit is None


def test_unknown_village_keeps_its_name() -> None:
    """A village that the gazetteer lacks is resolved to its municipality and keeps its name as written."""
    result = located(municipality="Biržų r. sav.", name="Skrebiškiai")
    assert (result.place.unit, result.place.name, result.place.areas) == ("birzai", "Skrebiškiai", ("birzai",))
    assert "Skrebiškiai" in result.place.explanation
    assert result.notes


def test_parish_decides_between_equal_names() -> None:
    """A parish other than the gazetteer's means another place of the same name: the parish decides."""
    place = found(parish="Brunavas pagasts", name="Skaistkalne")
    assert (place.parish, place.place, place.name) == ("brunava_pag", None, "Skaistkalne")


def test_ambiguous_name_is_refused_with_its_candidates() -> None:
    """A name of two places on different ground is refused, naming both."""
    refused = fault(name="Priedes")
    assert refused.reason is PlaceReason.UNKNOWN
    assert "Bauskas novads" in refused.detail
    assert "Rokiškio rajono savivaldybė" in refused.detail


@pytest.mark.parametrize(
    "hint",
    [
        {"municipality": "Rokiškio r. sav."},
        {"country": "LT"},
        {"point": {"lat": 56.01, "lon": 25.61}},
    ],
)
def test_ambiguous_name_is_decided_by_any_hint(hint: dict[str, Any]) -> None:
    """Municipality, country or a point tell places of one name apart."""
    assert found(name="Priedes", **hint).place == "priedes_lt"


def test_place_without_parish_is_placed_by_its_position() -> None:
    """A gazetteer place without a parish is told to lie in the covered part by its position."""
    assert found(name="Vecmuiza").areas == ("vecumnieki",)


def test_point_tells_the_part_of_todays_municipality() -> None:
    """Today's municipality and a point decide exactly whether it lies in the covered part."""
    inside = located(municipality="Bauskas novads", point={"lat": 56.5, "lon": 24.7})
    outside = located(municipality="Bauskas novads", point={"lat": 56.5, "lon": 24.2})
    assert inside.place.areas == ("vecumnieki",)
    assert outside.place.areas == ()
    assert outside.spots[0].exact


def test_municipality_alone_is_inexact() -> None:
    """Today's municipality alone does not say whether the covered part is meant."""
    assert not located(municipality="Bauskas novads").spots[0].exact


def test_point_within_covered_area() -> None:
    """A point alone gives the unit, the former unit and the covered area around it."""
    place = found(point={"lat": 56.5, "lon": 24.7})
    assert (place.unit, place.former_unit, place.areas) == ("bauska", "vecumnieki", ("vecumnieki",))
    assert place.certainty is PlaceCertainty.GEOMETRY


@pytest.mark.parametrize("lat", [56.295, 56.3, 56.305])
def test_border_band_leaves_nobody_out(lat: float) -> None:
    """Nearer to the border than the band, both sides' areas are candidates, whichever side the point is on."""
    place = found(point={"lat": lat, "lon": 24.7})
    assert set(place.areas) == {"vecumnieki", "birzai"}
    assert place.certainty is PlaceCertainty.SIDE_UNCERTAIN


def test_country_settles_the_border_band() -> None:
    """A stated country decides the side of a point in the border band."""
    place = found(country="LT", point={"lat": 56.303, "lon": 24.7})
    assert (place.unit, place.areas) == ("birzai", ("birzai",))


@pytest.mark.parametrize(
    ("point", "words"),
    [((0, 0), "neither"), ((57.5, 19.5), "neither"), ((53.0, 24.0), "neither"), ((57.9, 27.0), "in Latvia, but")],
)
def test_outside(point: tuple[float, float], words: str) -> None:
    """The sea, a third country and ground far from the border are outside, and the sender is told what to check."""
    refused = fault(point={"lat": point[0], "lon": point[1]})
    assert refused.reason is PlaceReason.OUTSIDE
    assert words in refused.detail
    assert "lat" in refused.mend


def test_code_of_a_third_country() -> None:
    """A code of a third country is outside."""
    assert fault(code={"scheme": "ISO3166-2", "code": "EE-37"}).reason is PlaceReason.OUTSIDE


@pytest.mark.parametrize(
    "given",
    [
        {"country": "LV", "code": {"scheme": "ISO3166-2", "code": "LT-06"}},
        {"country": "LT", "municipality": "Bauskas novads"},
        {"country": "LT", "point": {"lat": 56.5, "lon": 24.7}},
        {"country": "LV", "name": "Papilys"},
        {"municipality": "Jēkabpils novads", "parish": "Skaistkalnes pagasts"},
    ],
)
def test_direct_contradiction_is_refused(given: dict[str, Any]) -> None:
    """What contradicts itself outright is refused rather than guessed at."""
    assert fault(**given).reason is PlaceReason.CONTRADICTS


def test_code_beats_a_far_point_with_a_warning() -> None:
    """Where code and point disagree the code decides, the point is kept, and both are said."""
    result = located(code={"scheme": "ISO3166-2", "code": "LV-105"}, point={"lat": 56.1, "lon": 25.7})
    assert result.contradicted
    assert result.place.areas == ("vecumnieki",)
    assert result.place.point is not None
    assert "km from" in result.place.explanation


def test_impossible_point_beside_a_name_is_left_out() -> None:
    """A point outside of both countries beside a good name is left out, because somebody might drive there."""
    result = located(name="Skaistkalne", point={"lat": 24.64, "lon": 56.38})
    assert result.contradicted
    assert result.place.point is None
    assert result.place.place == "skaistkalne"


def test_polygon_reaches_every_area_it_touches() -> None:
    """A polygon across the border reaches the covered areas on both sides."""
    ring = [(56.2, 24.6), (56.4, 24.6), (56.4, 24.8), (56.2, 24.8), (56.2, 24.6)]
    place = found(polygon=[{"lat": lat, "lon": lon} for lat, lon in ring])
    assert set(place.areas) == {"vecumnieki", "birzai"}


def test_degenerate_polygon_does_not_raise() -> None:
    """A polygon without extent, or one that crosses itself, is judged like any other place."""
    flat = [{"lat": 56.5, "lon": 24.7}] * 4
    bow = [(56.4, 24.6), (56.5, 24.8), (56.5, 24.6), (56.4, 24.8), (56.4, 24.6)]
    assert found(polygon=flat).areas == ("vecumnieki",)
    assert found(polygon=[{"lat": lat, "lon": lon} for lat, lon in bow]).areas == ("vecumnieki",)


def test_shared_lake_considers_both_sides() -> None:
    """A lake that the border divides lies on both sides."""
    result = located(name="Ilzu ezers")
    assert [spot.unit for spot in result.spots] == ["jekabpils", "rokiskis"]
    assert result.place.areas == ("rokiskis",)


def test_personal_data_in_a_name_is_masked() -> None:
    """An unknown name is kept as written, but not a telephone number in it."""
    place = found(municipality="Biržų r. sav.", name="pie Jona, +370 612 34567")
    assert "612" not in (place.name or "") + place.explanation


def test_nothing_known_names_what_was_not_found() -> None:
    """When nothing is known, the fault names each thing that was looked for."""
    refused = fault(municipality="Atlantīdas novads", name="Xyzzy")
    assert refused.reason is PlaceReason.UNKNOWN
    assert "Atlantīdas novads" in refused.detail
    assert "Xyzzy" in refused.detail


def test_empty_geography_never_raises() -> None:
    """A geography without outlines or border refuses points and still knows nothing by name."""
    empty = GeographyIndex(
        Geography(units=(), parishes=(), places=(), outlines=(), border=(), border_band_m=0), areas={}
    )
    assert isinstance(resolve(Place.model_validate({"point": {"lat": 56.5, "lon": 24.7}}), empty), PlaceFault)
    assert isinstance(resolve(Place.model_validate({"name": "Skaistkalne"}), empty), PlaceFault)


def test_folding() -> None:
    """Diacritics, case and punctuation do not count, abbreviations are spelt out."""
    assert fold("Žagarės sen.") == "zagares sen"
    assert spellings("Žagarės sen.")[0] == spellings("Žagarės seniūnija")[0]
    assert spellings("Biržų r. sav.") == ("birzu rajono savivaldybe", "birzu rajono", "birzu")


@pytest.mark.parametrize(
    ("left", "right", "one"),
    [
        ("birzai", "birzai", False),
        ("birzai", "birza", True),
        ("birzai", "birzaii", True),
        ("birzai", "bizzai", True),
        ("birzai", "ibrzai", True),
        ("birzai", "bizrai", True),
        ("birzai", "rbizai", False),
        ("birzai", "irzai", True),
        ("birzai", "biza", False),
    ],
)
def test_one_slip(left: str, right: str, one: bool) -> None:
    """One letter added, left out, replaced or swapped with the next is a slip; two are not."""
    assert one_slip_apart(left, right) is one
