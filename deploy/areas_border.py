"""The state border of ``areas_build``: both countries in metres, and the border moved aside where a place needs it.

The countries come from Natural Earth (public domain, npm ``world-atlas``). They are generalised, so that a village at
the border may come out in the wrong country; ``correct_border`` mends that for the places of the gazetteer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer
from shapely import MultiPolygon, Point, Polygon
from shapely.geometry import LineString, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import linemerge

METRIC = "EPSG:3346"  # LKS-94: metres, within 0.1 % over the whole borderland
FRAME = (21.9, 55.3, 27.2, 57.15)  # west, south, east, north: what is kept of the two countries
MARGIN_M = 500  # a place of the gazetteer has at least this much of its own country around it
NEAR_M = 6_000  # only places this near to the border may move it
GRID_M = 1.0  # edges that two areas share are made of the same points on this grid

#: From longitude and latitude to metres, and back.
FORWARD = Transformer.from_crs("EPSG:4326", METRIC, always_xy=True)
BACK = Transformer.from_crs(METRIC, "EPSG:4326", always_xy=True)


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the gazetteer in metric coordinates."""

    unit: str
    country: str
    piece: str
    """The piece of the map it lies in: its unit, or the part of a successor by its parish."""
    point: Point


@dataclass(frozen=True, slots=True)
class Countries:
    """Both countries in metres, clipped to ``FRAME``."""

    latvia: BaseGeometry
    lithuania: BaseGeometry

    def of(self, country: str) -> BaseGeometry:
        """The polygon of ``LV`` or ``LT``."""
        return self.latvia if country == "LV" else self.lithuania

    def border(self) -> LineString:
        """The line both share, from west to east, in metres."""
        merged = linemerge(_lines(self.latvia.intersection(self.lithuania)))
        parts: list[LineString] = [part for part in shapely.get_parts(merged) if isinstance(part, LineString)]
        longest = max(parts, key=lambda part: part.length)
        return longest if longest.coords[0][0] < longest.coords[-1][0] else LineString(longest.coords[::-1])


def project(geometry: BaseGeometry, transformer: Transformer) -> BaseGeometry:
    """``geometry`` with every coordinate run through ``transformer``."""

    def move(coordinates: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.column_stack(transformer.transform(coordinates[:, 0], coordinates[:, 1]))

    moved: BaseGeometry = shapely.transform(geometry, move)
    return moved


def read_countries(world: Path) -> Countries:
    """Latvia and Lithuania from the TopoJSON of ``world-atlas``, clipped to ``FRAME``, in metres."""
    topology = json.loads(world.read_text(encoding="utf-8"))
    arcs = [_arc(arc, topology["transform"]) for arc in topology["arcs"]]
    found: dict[str, BaseGeometry] = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        name = geometry["properties"]["name"]
        if name in ("Latvia", "Lithuania"):
            rings = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
            found[name] = MultiPolygon([Polygon(_ring(polygon[0], arcs)) for polygon in rings])
    frame = box(*FRAME)
    latvia, lithuania = (project(polygons(found[n].intersection(frame)), FORWARD) for n in ("Latvia", "Lithuania"))
    return Countries(latvia, lithuania)


def _arc(deltas: Sequence[Sequence[int]], transform: dict[str, list[float]]) -> list[tuple[float, float]]:
    steps = np.cumsum(np.asarray(deltas, dtype=np.int64), axis=0)
    scaled = steps * np.asarray(transform["scale"]) + np.asarray(transform["translate"])
    return [(float(x), float(y)) for x, y in scaled]


def _ring(indexes: Iterable[int], arcs: list[list[tuple[float, float]]]) -> list[tuple[float, float]]:
    ring: list[tuple[float, float]] = []
    for index in indexes:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        ring.extend(arc if not ring else arc[1:])
    return ring


def correct_border(countries: Countries, places: Iterable[Place]) -> Countries:
    """Move the border aside so that each near place, with ``MARGIN_M`` around it, is in its own country."""
    border = countries.latvia.intersection(countries.lithuania)
    near = [place for place in places if place.point.distance(border) < NEAR_M]
    discs = {
        c: shapely.union_all([tongue(p.point, countries.of(c)) for p in near if p.country == c]) for c in ("LV", "LT")
    }
    contested = discs["LV"].intersection(discs["LT"])
    ground = shapely.union(countries.latvia, countries.lithuania, grid_size=GRID_M)
    latvia = shapely.union(countries.latvia, discs["LV"].difference(contested), grid_size=GRID_M)
    latvia = shapely.difference(latvia, discs["LT"].difference(contested), grid_size=GRID_M)
    latvia = _largest(shapely.intersection(latvia, ground, grid_size=GRID_M))
    lithuania = _largest(shapely.difference(ground, latvia, grid_size=GRID_M))
    return Countries(shapely.difference(ground, lithuania, grid_size=GRID_M), lithuania)


def _largest(geometry: BaseGeometry) -> BaseGeometry:
    largest: BaseGeometry = max(shapely.get_parts(geometry), key=lambda part: part.area)
    return largest


def tongue(point: Point, home: BaseGeometry) -> BaseGeometry:
    """The disc around a place, and the hull of it with the nearest ground of its home, so that no island remains."""
    disc = point.buffer(MARGIN_M)
    if home.contains(point):
        return disc
    landing = shapely.shortest_line(point, home).coords[-1]
    return disc.union(Point(landing).buffer(2 * MARGIN_M)).convex_hull


def polygons(geometry: BaseGeometry, crumbs_m2: float = 0.0) -> BaseGeometry:
    """Only the polygons of ``geometry``, without those of at most ``crumbs_m2``."""
    parts = [p for p in shapely.get_parts(geometry.buffer(0)) if isinstance(p, Polygon) and p.area > crumbs_m2]
    return shapely.union_all(parts)


def _lines(geometry: BaseGeometry) -> list[LineString]:
    return [part for part in shapely.get_parts(geometry) if isinstance(part, LineString)]
