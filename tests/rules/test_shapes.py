"""Outlines are found by their cells, and none is overlooked."""

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.place import Point
from streams.rules.places.shapes import Shapes, area, metres
from tests.rules.policy_fixture import GEOGRAPHY

SHAPES = Shapes(GEOGRAPHY)
ORDER = ("covered", "successor", "neighbour", "country")
AREAS = [(one, area(one)) for one in sorted(GEOGRAPHY.outlines, key=lambda outline: ORDER.index(outline.kind))]


@settings(max_examples=300, deadline=None)
@given(
    st.floats(55.8, 56.9) | st.sampled_from([56.3, 56.6, 55.9]), st.floats(23.9, 26.3) | st.sampled_from([24.4, 25.2])
)
def test_no_outline_that_holds_a_position_is_overlooked(lat: float, lon: float) -> None:
    """Asking the outlines near a position finds what asking all of them finds, in the same order."""
    where = metres(Point(lat=lat, lon=lon))
    assert where is not None
    assert [shape.outline for shape in SHAPES.at(where)] == [one for one, shape in AREAS if shape.covers(where)]
