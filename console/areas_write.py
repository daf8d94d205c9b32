"""Outlines as the policy's two GeoJSON files, and both written so that nobody ever reads half of them."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from console.areas_fit import Fitted
from console.areas_read import METRES, WGS84
from deploy.geojson import collection_text

DECIMALS = 5
"""Of a degree: a metre."""

OUTLINES_MAX_BYTES = 1024 * 1024
"""The whole policy is one record of at most 2 MiB; outlines may be half of that."""

_BACK = Transformer.from_crs(METRES, WGS84, always_xy=True)


def outline_texts(files: Path, fitted: Fitted, source: str) -> tuple[str, str]:
    """The new texts of ``outlines.geojson`` and ``border.geojson`` in ``files``: what did not change stays as it is."""
    outlines = json.loads((files / "outlines.geojson").read_text(encoding="utf-8"))
    border = json.loads((files / "border.geojson").read_text(encoding="utf-8"))
    for feature in outlines["features"]:
        key = feature["properties"]["id"]
        feature["geometry"] = _geometry(fitted.areas[key])
        if key in fitted.fresh:
            feature["properties"] |= {"approximate": False, "method": f"official: {source}"[:500]}
    border["features"][0]["geometry"] = _geometry(fitted.border)
    return collection_text(outlines["features"], DECIMALS), collection_text(border["features"], DECIMALS)


def _geometry(ground: BaseGeometry) -> dict[str, Any]:
    def move(coordinates: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.column_stack(_BACK.transform(coordinates[:, 0], coordinates[:, 1]))

    degrees = shapely.set_precision(shapely.transform(ground, move), 10**-DECIMALS)
    return dict(mapping(shapely.orient_polygons(degrees)))


def replace_both(files: Path, outlines: str, border: str) -> None:
    """Put both texts in place: each is written aside and flushed first, then renamed over the old one.

    Raises:
        OSError: it could not be written; the files are as they were, or the outlines are new and the border is not.
    """
    aside = [
        (_aside(files, text), files / name)
        for name, text in (("outlines.geojson", outlines), ("border.geojson", border))
    ]
    for written, target in aside:
        os.replace(written, target)


def _aside(files: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(dir=files, prefix=".importing-", suffix=".geojson")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    path = Path(name)
    path.chmod(0o644)
    return path
