"""What spots say together, and how far apart positions are."""

import math
from dataclasses import replace

from schemas.place import Point
from streams.rules.places.geography import Spot


def narrow(scope: Spot | None, found: tuple[Spot, ...]) -> tuple[Spot, ...]:
    """The spots of ``found`` that can lie in ``scope``."""
    if scope is None:
        return found
    return tuple(
        spot
        for spot in found
        if spot.unit == scope.unit
        and (scope.former is None or spot.former in (None, scope.former))
        and (scope.parish is None or spot.parish in (None, scope.parish))
    )


def merged(scope: Spot | None, spot: Spot) -> Spot:
    """What ``scope`` and ``spot``, which lies in it, say together: the finer parish and part of the two."""
    if scope is None or spot.parish or (not scope.parish and (spot.former or (spot.exact and not scope.exact))):
        return spot
    return replace(scope, place=spot.place, at=spot.at, shared_with=spot.shared_with)


def kilometres(left: Point | None, right: Point) -> float:
    """Kilometres between two positions, near enough for choosing between places of one name."""
    if left is None:
        return math.inf
    return math.hypot((left.lat - right.lat) * 111.2, (left.lon - right.lon) * 61.8)
