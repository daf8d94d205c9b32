"""The state border of ``areas_build``: both countries in metres, and the border moved aside where a place needs it.

The countries come from the Digital Chart of the World (1:1,000,000, public domain; as Debian's ``gmt-dcw`` brings it).
A village at the border may come out in the wrong country; ``correct_border`` mends that for places of the gazetteer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer
from shapely import Point, Polygon
from shapely.geometry import LineString, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import linemerge

METRIC = "EPSG:3346"  # LKS-94: metres, within 0.1 % over the whole borderland
FRAME = (21.9, 55.3, 27.2, 57.15)  # west, south, east, north: what is kept of the two countries
MARGIN_M = 200  # a place of the gazetteer has at least this much of its own country around it
NEAR_M = 6_000  # only places this near to the border may move it
SEAM_M = 50  # no more than this lies between the two countries where they share a border
NEW_RING = 65535
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


def read_countries(chart: Path) -> Countries:
    """Latvia and Lithuania of the netCDF file of ``gmt-dcw``, clipped to ``FRAME``, in metres.

    The two polygons are stored on grids of their own, so that they part or overlap by metres along the border they
    share; Latvia's line is taken for both.
    """
    with import_module("h5py").File(chart, "r") as file:
        rings = {country: max(_rings(file, country), key=lambda ring: ring.area) for country in ("LV", "LT")}
    frame = box(*FRAME)
    latvia, lithuania = (project(polygons(rings[c].intersection(frame)), FORWARD) for c in ("LV", "LT"))
    return Countries(latvia, polygons(lithuania.buffer(SEAM_M, join_style="mitre").difference(latvia)))


def _rings(file: Any, country: str) -> list[Polygon]:
    """The rings of a country in degrees: coordinates are 16-bit steps, and ``NEW_RING`` as a longitude starts one."""
    steps = np.column_stack([file[f"{country}_{axis}"][:] for axis in ("lon", "lat")])
    scale, low = (
        np.array([float(file[f"{country}_{axis}"].attrs[name][0]) for axis in ("lon", "lat")])
        for name in ("scale", "min")
    )
    starts = np.flatnonzero(steps[:, 0] == NEW_RING)
    return [Polygon(part[1:] / scale + low) for part in np.split(steps, starts) if len(part) > 4]


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
