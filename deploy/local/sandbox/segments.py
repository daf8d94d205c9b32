"""How many SMS segments a text takes.

Counted here on its own, not with the product's counter: the sandbox is a witness, and a witness that shares
the code of the accused proves nothing.
"""

from typing import NamedTuple

# GSM 03.38 (3GPP TS 23.038, 6.2.1): the default alphabet, and the extension table whose characters cost two.
_GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = frozenset("^{}\\[~]|€\f")
_GSM_ALL = _GSM_BASIC | _GSM_EXTENSION

_GSM_SINGLE, _GSM_PART = 160, 153
_UCS2_SINGLE, _UCS2_PART = 70, 67


class Length(NamedTuple):
    """What a text costs on the air: its encoding (`GSM-7` or `UCS-2`), its units in it, its segments."""

    encoding: str
    units: int
    segments: int


def measure(body: str) -> Length:
    """Measure `body`; an empty body takes one segment."""
    if _GSM_ALL.issuperset(body):
        costs = [2 if char in _GSM_EXTENSION else 1 for char in body]
        return _fill("GSM-7", costs, _GSM_SINGLE, _GSM_PART)
    costs = [2 if char > "\uffff" else 1 for char in body]
    return _fill("UCS-2", costs, _UCS2_SINGLE, _UCS2_PART)


def _fill(encoding: str, costs: list[int], single: int, part: int) -> Length:
    units = sum(costs)
    if units <= single:
        return Length(encoding, units, 1)
    segments, used = 1, 0
    for cost in costs:
        # An escaped character or a surrogate pair is never torn between two segments.
        if used + cost > part:
            segments, used = segments + 1, 0
        used += cost
    return Length(encoding, units, segments)
