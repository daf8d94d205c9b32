"""Fits official outlines into a policy's outlines: what stays approximate gives way, and nothing lies twice.

The ground is thought of as pieces that do not overlap: the covered areas, the rest of each successor, the neighbours.
A successor's outline is its rest and its covered area together, so the two can never contradict each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import shapely
from shapely import LineString
from shapely.geometry.base import BaseGeometry
from shapely.ops import linemerge

from schemas.base import Country
from schemas.policy.models import Geography, Outline
from streams.rules.places.shapes import area

REST = "rest:"
CRUMB_M2 = 50_000
GRID_M = 0.5


@dataclass(frozen=True)
class Fitted:
    """The new outlines in metres by id, the border between the countries, and which outlines are official now, and
    which of them are ``fresh``: from this file."""

    areas: dict[str, BaseGeometry]
    border: LineString
    official: frozenset[str]
    fresh: frozenset[str]
    tolerance_m: float


def fit(geography: Geography, official: dict[str, BaseGeometry], tolerance_m: float) -> Fitted:
    """All outlines of ``geography`` with those of ``official`` (by unit) in their place."""
    outlines = {outline.id: outline for outline in geography.outlines}
    successors = _successors(geography)
    given = _simplified({unit: ground for unit, ground in official.items() if unit in outlines}, tolerance_m)
    old = {one.id: shapely.set_precision(area(one), GRID_M) for one in geography.outlines}
    before = {outline.id for outline in geography.outlines if not outline.approximate and outline.kind != "country"}
    given = _beside(given, {key: old[key] for key in before if key not in given}, successors)
    pieces, fixed = _replaced(_pieces(outlines, old, successors), given, successors, before)
    countries: dict[str, Country] = {piece: outlines[piece.removeprefix(REST)].country for piece in pieces}
    pieces = _give_freed_ground(_pieces(outlines, old, successors), pieces, fixed, countries)
    areas = dict(pieces)
    for whole, part in successors.items():
        areas[whole] = shapely.union_all([areas.pop(REST + whole), pieces[part]], grid_size=GRID_M)
    land = _land(old, {piece: pieces[piece] for piece in fixed}, countries)
    areas |= {outline.id: land[outline.country] for outline in geography.outlines if outline.kind == "country"}
    now = frozenset({*given, *(one for one in before if one in fixed or one in successors)})
    return Fitted(
        {key: _polygons(one) for key, one in areas.items()}, _border(land), now, frozenset(given), tolerance_m
    )


def _beside(
    given: dict[str, BaseGeometry], settled: dict[str, BaseGeometry], successors: dict[str, str]
) -> dict[str, BaseGeometry]:
    """New official outlines without the ground of earlier ones: lines of two sources are never quite the same."""
    related = {*successors.items(), *((part, whole) for whole, part in successors.items())}
    cut = {}
    for key, ground in given.items():
        others = [one for other, one in settled.items() if (key, other) not in related]
        cut[key] = ground.difference(shapely.union_all(others), grid_size=GRID_M)
    return cut


def _successors(geography: Geography) -> dict[str, str]:
    """The covered area within each successor's outline."""
    units = {unit.id: unit for unit in geography.units}
    drawn = {outline.id: outline.kind for outline in geography.outlines}
    return {
        successor: unit.id
        for unit in units.values()
        if (successor := unit.successor) and drawn.get(unit.id) == "covered" and drawn.get(successor) == "successor"
    }


def _pieces(
    outlines: dict[str, Outline], old: dict[str, BaseGeometry], successors: dict[str, str]
) -> dict[str, BaseGeometry]:
    pieces = {}
    for key, outline in outlines.items():
        if outline.kind == "country":
            continue
        if key in successors:
            pieces[REST + key] = old[key].difference(old[successors[key]], grid_size=GRID_M)
        else:
            pieces[key] = old[key]
    return pieces


def _simplified(official: dict[str, BaseGeometry], tolerance_m: float) -> dict[str, BaseGeometry]:
    """Official outlines on one grid, overlapping slivers cut from the later, simplified with shared edges shared.

    A whole (a successor) lies over its part, so parts and wholes are simplified apart.
    """
    result: dict[str, BaseGeometry] = {}
    for key, ground in official.items():
        clean = _polygons(shapely.set_precision(ground, GRID_M))
        over = [one for one in result.values() if one.intersection(clean).area < 0.5 * min(one.area, clean.area)]
        result[key] = _polygons(shapely.difference(clean, shapely.union_all(over), grid_size=GRID_M))
    layers: list[list[str]] = [[], []]
    for key, ground in result.items():
        inside = any(ground.intersection(result[one]).area > CRUMB_M2 for one in layers[0])
        layers[inside].append(key)
    for layer in layers:
        drawn = [result[key] for key in layer]
        if shapely.coverage_is_valid(drawn):
            result.update(zip(layer, shapely.coverage_simplify(drawn, tolerance_m), strict=True))
        else:
            result.update({key: result[key].simplify(tolerance_m) for key in layer})
    return result


def _replaced(
    pieces: dict[str, BaseGeometry], given: dict[str, BaseGeometry], successors: dict[str, str], before: set[str]
) -> tuple[dict[str, BaseGeometry], set[str]]:
    """The pieces with the official ones in place and cut from all others; and which pieces are fixed."""
    fixed: dict[str, BaseGeometry] = {key: one for key, one in given.items() if key in pieces}
    kept = dict(pieces)
    for whole, part in successors.items():
        if whole in given:
            inner = fixed.get(part, pieces[part])
            if part in fixed:
                fixed[REST + whole] = given[whole].difference(inner, grid_size=GRID_M)
            else:
                kept[part] = inner.intersection(given[whole], grid_size=GRID_M)
                kept[REST + whole] = given[whole].difference(kept[part], grid_size=GRID_M)
        elif whole in before and part not in fixed:
            fixed[REST + whole] = pieces[REST + whole]
    for key in before - set(given):
        if key in pieces:
            fixed.setdefault(key, pieces[key])
    wholes = [given[whole] for whole in successors if whole in given]
    for key, one in kept.items():
        if key in fixed:
            kept[key] = fixed[key]
        else:
            mine = next((given[w] for w, part in successors.items() if w in given and key in (part, REST + w)), None)
            others = [*fixed.values(), *(whole for whole in wholes if whole is not mine)]
            kept[key] = one.difference(shapely.union_all(others), grid_size=GRID_M)
    return kept, set(fixed)


def _give_freed_ground(
    old: dict[str, BaseGeometry],
    pieces: dict[str, BaseGeometry],
    fixed: set[str],
    countries: dict[str, Country],
) -> dict[str, BaseGeometry]:
    """Ground that an official outline gave up goes to the approximate piece of its country that it touches most."""
    given = dict(pieces)
    everything = shapely.union_all(list(pieces.values()))
    for country in ("LV", "LT"):
        mine = [key for key in pieces if countries[key] == country]
        freed = shapely.union_all([old[key] for key in mine]).difference(everything, grid_size=GRID_M)
        for part in shapely.get_parts(freed):
            open_to = {k: given[k].intersection(part.buffer(1.0)).area for k in mine if k not in fixed}
            best = max(open_to, key=lambda key: open_to[key], default=None)
            if best is not None and open_to[best] > 0:
                given[best] = given[best].union(part, grid_size=GRID_M)
    return given


def _land(
    old: dict[str, BaseGeometry], fixed: dict[str, BaseGeometry], countries: dict[str, Country]
) -> dict[Country, BaseGeometry]:
    """Both countries, with official ground in the right one; where both claim it, they keep what they had."""
    own = {c: shapely.union_all([one for key, one in fixed.items() if countries[key] == c]) for c in ("LV", "LT")}
    lithuania = (
        old["LT"].difference(own["LV"], grid_size=GRID_M).union(own["LT"].difference(own["LV"]), grid_size=GRID_M)
    )
    both = old["LV"].union(own["LV"], grid_size=GRID_M).union(old["LT"], grid_size=GRID_M)
    latvia = _largest(both.union(lithuania, grid_size=GRID_M).difference(lithuania, grid_size=GRID_M))
    return {"LV": latvia, "LT": _largest(lithuania)}


def _border(land: dict[Country, BaseGeometry]) -> LineString:
    shared = land["LV"].intersection(land["LT"])
    lines = [part for part in shapely.get_parts(shared) if isinstance(part, LineString)]
    merged = [part for part in shapely.get_parts(linemerge(lines)) if isinstance(part, LineString)]
    longest = max(merged, key=lambda part: part.length)
    return longest if longest.coords[0][0] < longest.coords[-1][0] else LineString(longest.coords[::-1])


def _largest(geometry: BaseGeometry) -> BaseGeometry:
    largest: BaseGeometry = max(shapely.get_parts(geometry), key=lambda part: part.area)
    return largest


def _polygons(geometry: BaseGeometry) -> BaseGeometry:
    """Only polygons, without crumbs that cutting leaves."""
    parts: Iterable[BaseGeometry] = shapely.get_parts(shapely.make_valid(geometry))
    kept = [part for part in parts if part.geom_type == "Polygon" and part.area > CRUMB_M2]
    return shapely.union_all(kept)
