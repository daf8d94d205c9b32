"""What somebody typed after ``borderlands place``: a point, a code or a name."""

import re
from dataclasses import dataclass

from pydantic import ValidationError

from schemas.place import AdminCode, CodeScheme, Place, Point

_SCHEMES = {"ISO3166-2": CodeScheme.ISO3166_2, "ISO": CodeScheme.ISO3166_2, "LAU": CodeScheme.LAU}
_SCHEMES["ATVK"] = CodeScheme.ATVK
_WITH_SCHEME = re.compile(rf"({'|'.join(_SCHEMES)})[\s:]+([A-Z0-9-]{{1,12}})")
_NUMBER = r"[-+]?\d{1,3}(?:\.\d+)?"
_POINT = re.compile(rf"N?\s*({_NUMBER})\s*°?\s*N?\s*[,; ]\s*E?\s*({_NUMBER})\s*°?\s*E?", re.IGNORECASE)
_COMMAS = re.compile(r"(\d{1,3}),(\d+)\s*(?:[;,]\s*|\s+)(\d{1,3}),(\d+)")


class NotUnderstood(Exception):
    """What was typed can mean more than one thing, or nothing; ``mend`` says how to write it."""

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(problem)
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed, and the place it asks for: exactly one of code, name and point."""

    text: str
    place: Place


def understand(text: str) -> Query:
    """The place that ``text`` asks for.

    Raises:
        NotUnderstood: it is empty, too long, an impossible position, or a code of no named scheme.
    """
    plain = " ".join(text.split())
    if not plain:
        raise NotUnderstood("nothing was asked for", "give a point (56.38,24.64), a name, or a code (LT-06)")
    try:
        point = _point(plain)
        if point is not None:
            return Query(plain, Place(point=point))
        code = _code(plain.upper())
        return Query(plain, Place(code=code) if code else Place(name=plain))
    except ValidationError as error:
        raise NotUnderstood(
            f"'{plain[:80]}': {error.errors()[0]['msg']}", "write latitude, longitude in degrees"
        ) from error


def _point(plain: str) -> Point | None:
    if commas := _COMMAS.fullmatch(plain):
        lat, lat_rest, lon, lon_rest = commas.groups()
        return Point(lat=float(f"{lat}.{lat_rest}"), lon=float(f"{lon}.{lon_rest}"))
    if both := _POINT.fullmatch(plain):
        return Point(lat=float(both[1]), lon=float(both[2]))
    if re.fullmatch(r"[\d.,;+\-\s]*", plain) and re.search(r"[.,;\s]", plain):
        raise NotUnderstood(f"'{plain[:80]}' is no position", "write latitude, longitude with points: 56.38,24.64")
    return None


def _code(upper: str) -> AdminCode | None:
    if named := _WITH_SCHEME.fullmatch(upper):
        return AdminCode(scheme=_SCHEMES[named[1]], code=named[2])
    if re.fullmatch(r"[A-Z]{2}-[A-Z0-9]{1,3}", upper):
        return AdminCode(scheme=CodeScheme.ISO3166_2, code=upper)
    if re.fullmatch(r"LV\d{7}", upper):
        return AdminCode(scheme=CodeScheme.LAU, code=upper)
    if re.fullmatch(r"\d{7}", upper):
        return AdminCode(scheme=CodeScheme.ATVK, code=upper)
    if upper.isdecimal():
        problem = f"'{upper}' can be a code of more than one list"
        raise NotUnderstood(problem, f"name the list: LAU:{upper}, ATVK:{upper} or ISO3166-2:LT-{upper}")
    return None
