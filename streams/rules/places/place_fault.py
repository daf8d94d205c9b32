"""Why a place could not be found, as a value."""

from dataclasses import dataclass
from enum import StrEnum

from streams.rules.places.geography import Spot


class PlaceReason(StrEnum):
    """Why a place was not found. The values are also reasons of a rejection."""

    UNKNOWN = "place_unknown"
    OUTSIDE = "place_outside"
    CONTRADICTS = "place_contradicts"


@dataclass(frozen=True, slots=True)
class PlaceFault:
    """A place that cannot be resolved: bounded ``reason``, what was found, and how to mend it.

    ``among`` are the spots it can be, where there are several.
    """

    reason: PlaceReason
    detail: str
    mend: str
    among: tuple[Spot, ...] = ()
