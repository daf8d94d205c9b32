"""Reads ``areas/outlines.geojson`` and ``areas/border.geojson``."""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Country, Id, Model
from schemas.policy.models import Outline
from schemas.policy.source import MAX_BYTES, Source

Position = tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]]
Ring = Annotated[tuple[Position, ...], Field(min_length=4)]


class OutlineProperties(Model):
    """Whose outline it is; ``approximate`` and ``method`` say how far to trust it."""

    id: Id
    country: Country
    kind: Literal["covered", "successor", "neighbour", "country"]
    unit: Id | None = None
    approximate: bool = True
    method: str = ""


class BorderProperties(Model):
    """The state border."""

    id: Id
    kind: Literal["border"]
    approximate: bool = True
    method: str = ""


class PolygonGeometry(Model):
    """One polygon: its outer ring, then holes."""

    type: Literal["Polygon"]
    coordinates: Annotated[tuple[Ring, ...], Field(min_length=1)]


class MultiPolygonGeometry(Model):
    """Several polygons."""

    type: Literal["MultiPolygon"]
    coordinates: Annotated[tuple[Annotated[tuple[Ring, ...], Field(min_length=1)], ...], Field(min_length=1)]


class LineGeometry(Model):
    """One line."""

    type: Literal["LineString"]
    coordinates: Annotated[tuple[Position, ...], Field(min_length=2)]


class OutlineFeature(Model):
    """One area."""

    type: Literal["Feature"]
    properties: OutlineProperties
    geometry: Annotated[PolygonGeometry | MultiPolygonGeometry, Field(discriminator="type")]

    def outline(self) -> Outline:
        """The outline as the policy holds it."""
        geometry = self.geometry
        polygons = (geometry.coordinates,) if isinstance(geometry, PolygonGeometry) else geometry.coordinates
        given = self.properties
        return Outline(
            id=given.id,
            unit=given.unit,
            country=given.country,
            kind=given.kind,
            approximate=given.approximate,
            polygons=polygons,
        )


class BorderFeature(Model):
    """The border as one line."""

    type: Literal["Feature"]
    properties: BorderProperties
    geometry: LineGeometry


class OutlinesFile(Model):
    """``areas/outlines.geojson``."""

    type: Literal["FeatureCollection"]
    features: Annotated[tuple[OutlineFeature, ...], Field(min_length=1)]


class BorderFile(Model):
    """``areas/border.geojson``: exactly one line."""

    type: Literal["FeatureCollection"]
    features: tuple[BorderFeature]


def read_geojson(path: Path, name: str) -> Source:
    """Read a GeoJSON file; lines are known for features, as their one-line form or their ``"Feature"`` mark."""
    source = Source(name)
    try:
        if path.stat().st_size > MAX_BYTES:
            source.mistakes.append(source.mistake((), f"larger than {MAX_BYTES} bytes", "simplify the outlines"))
            return source
        text = path.read_text(encoding="utf-8")
        source.data = json.loads(text)
    except FileNotFoundError:
        source.mistakes.append(source.mistake((), "the file is missing", f"create {name}"))
    except json.JSONDecodeError as error:
        source.lines[()] = (error.lineno, error.colno)
        source.mistakes.append(source.mistake((), f"not JSON: {error.msg}", "look at this line and the one above it"))
    except (ValueError, RecursionError, OSError) as error:
        source.mistakes.append(source.mistake((), f"cannot be read: {error}"[:200], "save it as UTF-8 GeoJSON"))
    else:
        _number_features(text, source)
    return source


def _number_features(text: str, source: Source) -> None:
    index = 0
    for number, line in enumerate(text.splitlines(), start=1):
        for _ in range(line.replace(" ", "").count('"type":"Feature"')):
            source.lines[("features", index)] = (number, 1)
            index += 1
