"""Where an event is, as reported and as resolved."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import Country, Id, Line, Model


class CodeScheme(StrEnum):
    """Which list an administrative code is from; never left out, since Lithuanian lists collide."""

    ISO3166_2 = "ISO3166-2"
    LAU = "LAU"
    ATVK = "ATVK"


class AdminCode(Model):
    """An administrative code with its scheme, for example ``LAU LV0025000``, ``ISO3166-2 LT-06``, ``LAU 36``."""

    scheme: CodeScheme
    code: Annotated[str, Field(pattern=r"^[A-Z0-9-]{1,12}$")]


class Point(Model):
    """WGS 84 position in decimal degrees."""

    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]


class Place(Model):
    """Where it happened: any subset of these that is enough to find it.

    ``municipality``, ``parish`` and ``name`` are names as written, in any language, with or without
    diacritics; ``polygon`` is a closed ring (first point equals last).
    """

    country: Country | None = None
    code: AdminCode | None = None
    municipality: Line | None = None
    parish: Line | None = None
    name: Line | None = None
    point: Point | None = None
    polygon: Annotated[tuple[Point, ...], Field(min_length=4, max_length=200)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any((self.code, self.municipality, self.parish, self.name, self.point, self.polygon)):
            raise ValueError("give at least one of code, municipality, parish, name, point, polygon")
        if self.polygon and self.polygon[0] != self.polygon[-1]:
            raise ValueError("polygon must be closed: its first and last point are the same")
        return self


class PlaceCertainty(StrEnum):
    """How a place was found, from surest to least sure."""

    CODE = "code"
    NAME = "name"
    GEOMETRY = "geometry"
    SIDE_UNCERTAIN = "side_uncertain"


class ResolvedPlace(Model):
    """A reported place matched to the policy's units, with the way it was found.

    ``areas`` are the ids of the covered areas it lies in or may lie in (two when the side of the border is
    uncertain); ``unit`` is today's municipality and ``former_unit`` the one before the 2021 reform, where known.
    """

    country: Country
    unit: Id
    former_unit: Id | None = None
    parish: Id | None = None
    place: Id | None = None
    name: Line | None = None
    point: Point | None = None
    areas: tuple[Id, ...] = ()
    certainty: PlaceCertainty
    explanation: Annotated[str, Field(max_length=400)]
