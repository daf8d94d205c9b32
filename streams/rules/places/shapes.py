"""Outlines and the border in metres (EPSG:3059, LKS-92 / Latvia TM): what contains a position, and what is near."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import shapely
from pyproj import Transformer
from shapely import LineString, MultiPolygon, Polygon
from shapely import Point as Position
from shapely.geometry.base import BaseGeometry

from schemas.place import Point
from schemas.policy.models import Geography, Outline

# Far outside of these bounds the projection is meaningless, and nothing there is ours.
LON_MIN, LON_MAX, LAT_MIN, LAT_MAX = 15.0, 35.0, 50.0, 62.0


EDGE_DEG = 0.1
"""Longest edge that is projected as it is; over 0.1 degrees of longitude the two lines part by less than 10 m."""


@cache
def _to_metres() -> Transformer:
    return Transformer.from_crs("EPSG:4326", "EPSG:3059", always_xy=True)


def metres(point: Point) -> Position | None:
    """``point`` projected, or None where it is far outside both countries."""
    if not (LON_MIN < point.lon < LON_MAX and LAT_MIN < point.lat < LAT_MAX):
        return None
    return Position(*_to_metres().transform(point.lon, point.lat))


def _project(line: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """(lon, lat) in metres. Long edges get points between first: straight in degrees is not straight in metres."""
    has_edges = len(set(line)) > 1  # segmentize refuses one point repeated
    dense = shapely.segmentize(LineString(line), EDGE_DEG).coords if has_edges else line
    xs, ys = _to_metres().transform([lon for lon, _ in dense], [lat for _, lat in dense])
    return list(zip(xs, ys, strict=True))


def _polygon(rings: Sequence[Sequence[tuple[float, float]]]) -> Polygon | None:
    usable = [_project(ring) for ring in rings if len(ring) >= 4]
    return Polygon(usable[0], usable[1:]) if usable else None


def area(outline: Outline) -> BaseGeometry:
    """The outline as one valid, prepared geometry in metres."""
    polygons = [polygon for rings in outline.polygons if (polygon := _polygon(rings)) is not None]
    shape = shapely.make_valid(MultiPolygon(polygons))
    shapely.prepare(shape)
    return shape


def ring(points: Sequence[Point]) -> BaseGeometry | None:
    """A reported polygon in metres, made valid; None if it reaches far outside both countries or has no extent."""
    if any(metres(point) is None for point in points):
        return None
    shape = shapely.make_valid(Polygon(_project([(point.lon, point.lat) for point in points])))
    return None if shape.is_empty else shape


def inner_point(shape: BaseGeometry) -> Point:
    """A point inside ``shape`` (given in metres), as a position to six decimals."""
    inside = shape.representative_point()
    lon, lat = _to_metres().transform(inside.x, inside.y, direction="INVERSE")
    return Point(lat=round(lat, 6), lon=round(lon, 6))


@dataclass(frozen=True, slots=True)
class Shape:
    """An outline with its geometry in metres."""

    outline: Outline
    area: BaseGeometry


_ORDER = {"covered": 0, "successor": 1, "neighbour": 2, "country": 3}


CELL_M = 10_000
"""A position is compared with the outlines that reach into its cell of so many metres: one look-up, however many."""

_FIRST_CELL, _LAST_CELL = -60, 150  # farther than the bounds of LON_MIN… in metres, whichever way

Cells = dict[tuple[float, float], tuple[Shape, ...]]


def _in_cells(shapes: Iterable[Shape]) -> Cells:
    """For each cell the shapes whose bounds reach into it, in the order of ``shapes``."""
    cells: dict[tuple[float, float], list[Shape]] = {}
    for shape in shapes:
        if shape.area.is_empty:
            continue
        west, south, east, north = shape.area.bounds
        for column in _reach(west, east):
            for row in _reach(south, north):
                cells.setdefault((column, row), []).append(shape)
    return {cell: tuple(found) for cell, found in cells.items()}


def _reach(low: float, high: float) -> range:
    """The cells from ``low`` to ``high`` (metres), as far as positions lie at all."""
    return range(int(max(_FIRST_CELL, low // CELL_M)), int(min(_LAST_CELL, high // CELL_M)) + 1)


class Shapes:
    """All outlines, in cells and in a tree, and the border. Distances are in metres."""

    def __init__(self, geography: Geography) -> None:
        outlines = sorted(geography.outlines, key=lambda outline: _ORDER[outline.kind])
        self._shapes = [Shape(outline, area(outline)) for outline in outlines]
        self._tree = shapely.STRtree([shape.area for shape in self._shapes])
        self._cells = _in_cells(self._shapes)
        border = list(dict.fromkeys(geography.border))
        self._border = LineString(_project(border)) if len(border) >= 2 else None
        self.border_band_m = geography.border_band_m
        if self._border is not None:
            shapely.prepare(self._border)

    def at(self, where: Position) -> list[Shape]:
        """Outlines that contain ``where``: covered ones first, then successors', neighbours', countries."""
        near = self._cells.get((where.x // CELL_M, where.y // CELL_M), ())
        return [shape for shape in near if shape.area.covers(where)]

    def within(self, where: BaseGeometry, distance_m: float) -> list[tuple[float, Shape]]:
        """Outlines of units (not countries) at most ``distance_m`` away, with their distance, covered ones first."""
        hits = sorted(self._tree.query(where, predicate="dwithin", distance=distance_m).tolist())
        near = [self._shapes[i] for i in hits]
        return [(shape.area.distance(where), shape) for shape in near if shape.outline.kind != "country"]

    def of_unit(self, unit: str) -> list[Shape]:
        """Outlines of one unit."""
        return [shape for shape in self._shapes if shape.outline.unit == unit]

    def border_m(self, where: Position) -> float | None:
        """Metres from ``where`` to the border, None where the policy has none."""
        return None if self._border is None else float(self._border.distance(where))

    def in_border_band(self, where: Position) -> bool:
        """Whether ``where`` is so near to the border that the outlines cannot tell its side."""
        return self._border is not None and bool(self._border.dwithin(where, self.border_band_m))
