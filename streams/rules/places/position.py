"""Finds a place by its point or polygon, and refines a place that a code or name has already found."""

from collections.abc import Iterable
from dataclasses import dataclass

from shapely import Point as Position
from shapely.geometry.base import BaseGeometry

from schemas.base import Country
from schemas.place import Place, Point
from streams.rules.places.describe import COUNTRIES, place_name, unit_name
from streams.rules.places.geography import GeographyIndex, Spot
from streams.rules.places.place_fault import PlaceFault, PlaceReason
from streams.rules.places.shapes import Shape, inner_point, metres, ring

GAP_M = 2_000
"""Approximate outlines leave gaps between neighbours; inside a country the unit this near is taken."""

OTHER_UNIT_M = 15_000
"""A point in another municipality, farther than this from what was named, contradicts the name."""

SAME_UNIT_M = 25_000
"""A point farther than this from the named place contradicts the name even within its municipality."""

_MEND = "check latitude and longitude (lat, lon in degrees), or name the municipality or its code"


@dataclass(frozen=True, slots=True)
class Somewhere:
    """What a position says: spots, likeliest first; the point to pass on; whether it contradicts what was named."""

    spots: tuple[Spot, ...]
    point: Point | None
    side_uncertain: bool = False
    contradicts: bool = False
    notes: tuple[str, ...] = ()


def find_position(given: Place, geo: GeographyIndex) -> Somewhere | PlaceFault:
    """Where the point or polygon of ``given`` lies, when nothing else says it."""
    shape = ring(given.polygon) if given.polygon else None
    point = given.point or (inner_point(shape) if shape is not None else None)
    where = metres(point) if point is not None else None
    if point is None or where is None:
        return _outside(point, "is neither in Latvia nor in Lithuania")
    here = geo.shapes.at(where)
    if geo.shapes.in_border_band(where):
        spots = _both_sides(where, here, given.country, geo)
        if spots:
            return Somewhere(_with_touched(spots, shape, geo), point, side_uncertain=given.country is None)
    countries = {found.outline.country for found in here}
    if given.country and countries and given.country not in countries:
        detail = f"country says {COUNTRIES[given.country]}, but {_shown(point)} is in {COUNTRIES[countries.pop()]}"
        return PlaceFault(PlaceReason.CONTRADICTS, detail, "correct the country or the point")
    units = [found for found in here if found.outline.kind != "country"]
    if not units and countries:
        near = [item for item in geo.shapes.within(where, GAP_M) if item[1].outline.country in countries]
        units = [min(near, key=lambda item: item[0])[1]] if near else []
    spots = _with_touched(tuple(geo.outlined(found.outline) for found in units[:1]), shape, geo)
    if spots:
        return Somewhere(spots, point)
    if countries:
        return _outside(point, f"is in {COUNTRIES[countries.pop()]}, but in no municipality that this policy outlines")
    return _outside(point, "is neither in Latvia nor in Lithuania as outlined here: sea, a third country or far away")


def refine_by_position(given: Place, scope: Spot, geo: GeographyIndex) -> Somewhere:
    """``scope``, which a code or a name found, made exact by the position; the code or name stays decisive."""
    shape = ring(given.polygon) if given.polygon else None
    point = given.point or (inner_point(shape) if shape is not None else None)
    where = metres(point) if point is not None else None
    here = geo.shapes.at(where) if where is not None else []
    if point is None or where is None or not (here or geo.shapes.in_border_band(where)):
        note = f"{_shown(point)} is outside of both countries and is left out"
        return Somewhere((scope,), None, contradicts=True, notes=(note,))
    spots = [geo.outlined(found.outline) for found in here if found.outline.kind != "country"]
    if any(spot.unit in (scope.unit, scope.shared_with) for spot in spots):
        if not scope.exact:
            scope = geo.refined(scope, here)
        distance, limit = _distance(where, scope, geo), SAME_UNIT_M
    else:
        abroad = here and scope.country not in {found.outline.country for found in here}
        distance = _distance(where, scope, geo)
        limit = 0 if abroad and not geo.shapes.in_border_band(where) else OTHER_UNIT_M
    contradicts = distance is not None and distance > limit
    notes = () if distance is None else _distance_note(point, distance, limit, scope, spots, geo)
    return Somewhere(
        (scope,) if contradicts else _with_touched((scope,), shape, geo), point, contradicts=contradicts, notes=notes
    )


def _distance(where: Position, scope: Spot, geo: GeographyIndex) -> float | None:
    """Metres from the position to what was named: the place, or the outline of its municipality; None if unknown."""
    named = metres(scope.at) if scope.at is not None else None
    if named is not None:
        return float(named.distance(where))
    outlines = [*geo.shapes.of_unit(scope.former or scope.unit), *geo.shapes.of_unit(scope.unit)]
    return min((float(shape.area.distance(where)) for shape in outlines), default=None)


def _distance_note(
    point: Point, distance: float, limit: int, scope: Spot, spots: list[Spot], geo: GeographyIndex
) -> tuple[str, ...]:
    away = bool(spots) and scope.unit not in {spot.unit for spot in spots}
    if distance <= limit and not away:
        return ()
    named = place_name(geo, scope.place) if scope.place else unit_name(geo, scope.unit)
    there = f" and lies in {unit_name(geo, spots[0].unit)}" if away else ""
    return (f"{_shown(point)} is {distance / 1000:.0f} km from {named}{there}; what was named decides",)


def _both_sides(where: Position, here: list[Shape], country: Country | None, geo: GeographyIndex) -> tuple[Spot, ...]:
    """For each side of the border: the unit that holds the point or is nearest, and every covered area in reach."""
    band = geo.shapes.border_band_m
    near = geo.shapes.within(where, 2 * band)
    inside = {shape.outline.id for shape in here}
    first = [shape.outline.country for shape in here][:1]
    sides: list[Country] = ["LV", "LT"] if first != ["LT"] else ["LT", "LV"]
    spots: list[Spot] = []
    for side in sides if country is None else [country]:
        of_side = [(distance, shape) for distance, shape in near if shape.outline.country == side]
        if not of_side:
            continue
        held = [shape for _, shape in of_side if shape.outline.id in inside]
        nearest = held[0] if held else min(of_side, key=lambda item: item[0])[1]
        covered = [shape for distance, shape in of_side if shape.outline.kind == "covered" and distance <= band]
        spots += [geo.outlined(shape.outline) for shape in (nearest, *covered)]
    return tuple(dict.fromkeys(spots))


def _with_touched(spots: Iterable[Spot], shape: BaseGeometry | None, geo: GeographyIndex) -> tuple[Spot, ...]:
    """``spots`` and every covered area that a reported polygon touches."""
    touched = [] if shape is None else [found for _, found in geo.shapes.within(shape, 0)]
    covered = (geo.outlined(found.outline) for found in touched if found.outline.kind == "covered")
    known = tuple(spots)
    areas = {spot.area for spot in known if spot.area}
    return (*known, *(spot for spot in dict.fromkeys(covered) if spot.area not in areas))


def _shown(point: Point | None) -> str:
    return "the position" if point is None else f"the point {point.lat:.4f}, {point.lon:.4f} (lat, lon)"


def _outside(point: Point | None, what: str) -> PlaceFault:
    return PlaceFault(PlaceReason.OUTSIDE, f"{_shown(point)} {what}", _MEND)
