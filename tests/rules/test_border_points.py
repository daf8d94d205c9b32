"""Points at the border of each pair through the whole of ``route()``: nobody is left out, and it says so."""

from pathlib import Path
from typing import Any

import pytest

from schemas.decision import Decision
from schemas.event import EmergencyEvent
from schemas.place import PlaceCertainty, Point
from schemas.policy.load import load_policy
from schemas.vocabulary import Judgement, Stage
from streams.rules.places.shapes import metres
from streams.rules.routing.index import index_of
from streams.rules.routing.route import route
from tests.rules.policy_fixture import event

POLICY = load_policy(Path(__file__).parents[2] / "deploy" / "policy")
SHAPES = index_of(POLICY).geo.shapes
PAIRS = [("vecumnieki", "birzai", 24.62), ("akniste", "rokiskis", 25.72), ("tervete", "joniskis", 23.27)]
STEP = 0.001  # of latitude: 111 m


def _reported(by: str, lat: float, lon: float) -> Decision:
    place = {"point": {"lat": round(lat, 4), "lon": lon}}
    changes: dict[str, Any] = {"place": place, "needs": [{"kind": "fire_tanker", "count": 1}]}
    return route(_event(by, changes), POLICY)


def _event(by: str, changes: dict[str, Any]) -> EmergencyEvent:
    return event(reporting_party=by, **changes)


def _border_m(lat: float, lon: float) -> float:
    at = metres(Point(lat=lat, lon=lon))
    assert at is not None
    distance = SHAPES.border_m(at)
    assert distance is not None
    return distance


def _latitude(lon: float, at_least_m: float, step: float) -> float:
    """From the border at ``lon`` northwards (or southwards), the first latitude so far from the border."""
    lat = min((55.6 + i * STEP for i in range(1200)), key=lambda one: _border_m(one, lon))
    while _border_m(lat, lon) < at_least_m:
        lat += step
    return lat


@pytest.mark.parametrize(("latvian", "lithuanian", "lon"), PAIRS)
@pytest.mark.parametrize("step", [STEP, -STEP], ids=["north", "south"])
@pytest.mark.parametrize("offset_m", [0, 700])
def test_in_the_band_both_sides_are_considered(
    latvian: str, lithuanian: str, lon: float, step: float, offset_m: float
) -> None:
    """Whichever side reports a point in the band, both areas are named, the partner is told, and it is said why."""
    lat = _latitude(lon, offset_m, step)
    for reporter, partner in ((latvian, lithuanian), (lithuanian, latvian)):
        decision = _reported(reporter, lat, lon)
        assert decision.place is not None
        assert decision.place.certainty is PlaceCertainty.SIDE_UNCERTAIN
        assert set(decision.place.areas) >= {latvian, lithuanian}
        assert [path.partner for path in decision.routes] == [partner]
        (verdict,) = (verdict for verdict in decision.verdicts if verdict.stage is Stage.PLACE)
        assert (verdict.judgement, verdict.reason) == (Judgement.WARN, "side_uncertain")
        assert "either side is possible" in verdict.detail


@pytest.mark.parametrize(("latvian", "lithuanian", "lon"), PAIRS)
@pytest.mark.parametrize("step", [STEP, -STEP], ids=["north", "south"])
def test_just_beyond_the_band_the_side_is_certain(latvian: str, lithuanian: str, lon: float, step: float) -> None:
    """A point just outside of the band is of one side, and its partner is told all the same."""
    lat = _latitude(lon, POLICY.geography.border_band_m + 1, step)
    own, partner = (latvian, lithuanian) if step > 0 else (lithuanian, latvian)
    decision = _reported(own, lat, lon)
    assert decision.place is not None
    assert decision.place.certainty is PlaceCertainty.GEOMETRY
    assert decision.place.areas == (own,)
    assert [path.partner for path in decision.routes] == [partner]


def test_a_name_on_both_sides_needs_a_word_more() -> None:
    """The river that both countries call alike is refused alone, and found with a country or a point."""
    alone = route(_event("birzai", {"place": {"name": "Mūsa"}}), POLICY)
    assert [verdict.reason for verdict in alone.verdicts][-1] == "place_unknown"
    assert "Mūša" in alone.verdicts[-1].detail
    told = route(_event("vecumnieki", {"place": {"name": "Mūsa", "country": "LV"}}), POLICY)
    assert told.place is not None
    assert told.place.unit == "bauska"


def test_a_lake_on_both_sides_is_of_both() -> None:
    """The lake that the border divides is Rokiškis' ground, and the successor's on the other shore."""
    decision = route(_event("rokiskis", {"place": {"name": "Ilzu ezers"}}), POLICY)
    assert decision.place is not None
    assert decision.place.areas == ("rokiskis",)
    assert [path.partner for path in decision.routes] == ["akniste"]
