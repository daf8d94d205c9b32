"""Reads a GeoJSON file with official outlines and names everything about it that cannot be right.

RFC 7946 says longitude, latitude in WGS 84. Offices publish in LKS-92 and LKS-94 too, so coordinates in metres are
recognised, and converted when the user says what they are.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

MAX_BYTES = 200 * 1024 * 1024
MAX_FEATURES = 5_000
MAX_POINTS = 5_000_000
SMALLEST_KM2 = 0.1
FRAME = (19.0, 53.0, 30.0, 59.0)
"""West, south, east, north of both countries, with some room, in degrees."""

KNOWN_CRS = {"EPSG:4326": "WGS 84", "EPSG:3059": "LKS-92 / Latvia TM", "EPSG:3346": "LKS-94 / Lithuania TM"}
KNOWN_CRS["EPSG:3857"] = "Web Mercator"
WGS84 = "EPSG:4326"
METRES = "EPSG:3059"

#: Where the two countries lie in each projection in metres: west, south, east, north.
_BOXES = {
    "EPSG:3059": (200_000, -200_000, 900_000, 500_000),
    "EPSG:3346": (200_000, 5_900_000, 900_000, 6_500_000),
    "EPSG:3857": (2_000_000, 6_800_000, 3_300_000, 8_100_000),
}


class BadOutlines(Exception):
    """The file cannot be used; ``problems`` names each mistake, where it is and what to do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Official:
    """A feature of the file: ``number`` counts from 1, ``area`` is in metres (LKS-92)."""

    number: int
    properties: dict[str, Any]
    id: str | None
    area: BaseGeometry

    @property
    def title(self) -> str:
        """What a person would call it: its number and something name-like."""
        return _title(self.number, self.properties)


def read_official(path: Path, crs: str | None = None) -> list[Official]:
    """The features of ``path`` in metres. ``crs`` says what the coordinates are, where they are not WGS 84.

    Raises:
        BadOutlines: anything is wrong with the file; nothing of it may be used then.
        OSError: it cannot be read.
    """
    if path.stat().st_size > MAX_BYTES:
        raise BadOutlines([f"{path.name} is larger than {MAX_BYTES} bytes: leave out what is far from the border"])
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BadOutlines([f"{path.name} is not GeoJSON: {error}: export it as GeoJSON, in UTF-8"]) from error
    features = _features(data)
    _check_crs(data, crs)
    problems: list[str] = []
    found = [one for number, raw in enumerate(features, 1) if (one := _official(number, raw, crs, problems))]
    if problems:
        raise BadOutlines(problems)
    return found


def _features(data: Any) -> list[Any]:
    kind = data.get("type") if isinstance(data, dict) else None
    if kind == "Feature":
        return [data]
    features = data.get("features") if kind == "FeatureCollection" else None
    if not isinstance(features, list) or not features:
        raise BadOutlines([f"a FeatureCollection with features is wanted, this is {kind or 'something else'}"])
    if len(features) > MAX_FEATURES:
        raise BadOutlines([f"{len(features)} features, at most {MAX_FEATURES}: leave out what is far from the border"])
    return features


def _check_crs(data: dict[str, Any], crs: str | None) -> None:
    """Hold the old ``crs`` member, where there is one, against what the user said."""
    member = data.get("crs")
    if member is None:
        return
    properties = member.get("properties") if isinstance(member, dict) else None
    name = str(properties.get("name")) if isinstance(properties, dict) else str(member)
    said = WGS84 if "CRS84" in name or name.endswith((":4326", ":4258")) else f"EPSG:{name.rpartition(':')[2]}"
    if crs is None and said != WGS84:
        mend = f"convert it with --crs {said}" if said in KNOWN_CRS else "export it as WGS 84"
        raise BadOutlines([f"the file's crs member says {name}, and GeoJSON is WGS 84: {mend}"])
    if crs is not None and said != crs:
        raise BadOutlines([f"--crs says {crs}, but the file's crs member says {name}: leave one of them out"])


def _title(number: int, properties: dict[str, Any]) -> str:
    words = [str(value) for value in properties.values() if isinstance(value, str) and value.strip()]
    named = [word for word in words if any(char.isalpha() for char in word)] or words
    return f"feature {number}" + (f" ({named[0][:60]})" if named else "")


def _official(number: int, raw: Any, crs: str | None, problems: list[str]) -> Official | None:
    properties = raw.get("properties") if isinstance(raw, dict) else None
    properties = properties if isinstance(properties, dict) else {}
    title = _title(number, properties)
    geometry = raw.get("geometry") if isinstance(raw, dict) else None
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        problems.append(
            f"{title} is a {kind or 'feature without geometry'}: only Polygon and MultiPolygon are outlines"
        )
        return None
    assert isinstance(geometry, dict)  # noqa: S101 - kind was read from it
    faults = list(_ring_faults(title, geometry, crs))
    if faults:
        problems += faults
        return None
    area = _in_metres(shape(geometry), crs or WGS84)
    fault = _shape_fault(title, area)
    if fault:
        problems.append(fault)
        return None
    return Official(number, properties, None if raw.get("id") is None else str(raw["id"]), area)


def _in_metres(geometry: BaseGeometry, crs: str) -> BaseGeometry:
    forward = Transformer.from_crs(crs, METRES, always_xy=True)

    def move(coordinates: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.column_stack(forward.transform(coordinates[:, 0], coordinates[:, 1]))

    moved: BaseGeometry = shapely.transform(geometry, move)
    return moved


def _ring_faults(title: str, geometry: dict[str, Any], crs: str | None) -> Iterator[str]:
    try:
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        rings = [[(float(p[0]), float(p[1])) for p in ring] for polygon in polygons for ring in polygon]
    except (KeyError, TypeError, IndexError, ValueError):
        yield f"{title}: its coordinates are not rings of [longitude, latitude]: export it again"
        return
    points = [point for ring in rings for point in ring]
    if not points or not all(math.isfinite(x) and math.isfinite(y) for x, y in points):
        yield f"{title} has no coordinates, or some that are no numbers: export it again"
    elif len(points) > MAX_POINTS:
        yield f"{title} has {len(points)} points, at most {MAX_POINTS}: simplify it first"
    elif any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
        yield f"{title} has a ring that is not closed, or of fewer than 4 points: first and last point must be the same"
    elif wrong := _wrong_place(points, crs):
        yield f"{title}: {wrong}"


def _wrong_place(points: list[tuple[float, float]], crs: str | None) -> str | None:
    """Why these coordinates cannot be in Latvia or Lithuania in ``crs``; None if they can."""
    if _inside(points, _BOXES.get(crs or "", FRAME)):
        return None
    x, y = points[0]
    if crs not in (None, WGS84):
        return f"{x}, {y} is not near Latvia or Lithuania in {crs}: give the right --crs"
    if _inside([(b, a) for a, b in points], FRAME):
        return f"latitude and longitude are swapped ({x}, {y}): GeoJSON wants longitude first"
    if all(abs(a) <= 180 and abs(b) <= 90 for a, b in points):
        return f"{x}, {y} (longitude, latitude) is outside of Latvia and Lithuania"
    for code, bounds in _BOXES.items():
        if _inside(points, bounds):
            return f"{x}, {y} looks like {KNOWN_CRS[code]}, and GeoJSON is WGS 84: convert it with --crs {code}"
    return f"{x}, {y} are no degrees: export it as WGS 84, or say what they are with --crs"


def _inside(points: list[tuple[float, float]], bounds: tuple[float, float, float, float]) -> bool:
    west, south, east, north = bounds
    return all(west <= x <= east and south <= y <= north for x, y in points)


def _shape_fault(title: str, area: BaseGeometry) -> str | None:
    if not area.is_valid:
        reason = explain_validity(area)
        what, _, where = reason.partition("[")
        at = where.rstrip("]").split()
        place = f" at {shown(float(at[0]), float(at[1]))}" if len(at) == 2 else ""
        return (
            f"{title} is not a valid outline: {what.strip().lower()}{place}: repair it (ST_MakeValid, Fix geometries)"
        )
    if area.area < SMALLEST_KM2 * 1e6:
        return f"{title} has {area.area / 1e6:.3f} km²: that is no municipality or parish"
    return None


def shown(x: float, y: float) -> str:
    """A position in metres as latitude, longitude in degrees."""
    lon, lat = Transformer.from_crs(METRES, WGS84, always_xy=True).transform(x, y)
    return f"{lat:.4f}, {lon:.4f}"
