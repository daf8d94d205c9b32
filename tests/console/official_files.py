"""Small official files made for tests: the shipped outlines, a little coarser, with whatever mistake is wanted."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from tests.console.conftest import SHIPPED

Feature = dict[str, Any]


def drawn(unit: str) -> BaseGeometry:
    """The shipped outline of ``unit``, in degrees."""
    features = json.loads((SHIPPED / "areas" / "outlines.geojson").read_text(encoding="utf-8"))["features"]
    return next(shape(one["geometry"]) for one in features if one["properties"]["id"] == unit)


def feature(geometry: BaseGeometry, **properties: Any) -> Feature:
    """One feature of a file."""
    return {"type": "Feature", "properties": properties, "geometry": json.loads(json.dumps(mapping(geometry)))}


def pair() -> list[Feature]:
    """Biržai and Rokiškis, neighbours that share their edge, as an office would name them."""
    birzai, rokiskis = shapely.coverage_simplify([drawn("birzai"), drawn("rokiskis")], 0.004)
    return [feature(birzai, pavadinimas="Biržų rajono savivaldybė"), feature(rokiskis, pavadinimas="Rokiškio r. sav.")]


def write(path: Path, features: Sequence[Feature], **members: Any) -> Path:
    """A FeatureCollection of ``features`` at ``path``."""
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **members}), encoding="utf-8")
    return path


def moved(features: Sequence[Feature], move: Callable[[Any, Any], tuple[Any, Any]]) -> list[Feature]:
    """``features`` with every longitude and latitude run through ``move``."""

    def both(coordinates: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.column_stack(move(coordinates[:, 0], coordinates[:, 1]))

    return [feature(shapely.transform(shape(one["geometry"]), both), **one["properties"]) for one in features]


def projected(features: Sequence[Feature], crs: str) -> list[Feature]:
    """``features`` in the projection ``crs``."""
    return moved(features, Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform)
