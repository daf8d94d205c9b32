"""Durations as an administrator writes them."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def seconds(value: object) -> object:
    """A written duration as whole seconds; anything but text is left as it is.

    Raises:
        ValueError: the text is not a whole number and a unit.
    """
    if isinstance(value, str):
        match = re.fullmatch(r"(\d{1,6}) ?(s|min|h|d)", value.strip())
        if not match:
            raise ValueError("a duration is a whole number and a unit: '90 s', '10 min', '2 h', '1 d'")
        return int(match[1]) * _UNITS[match[2]]
    return value


Duration = Annotated[int, BeforeValidator(seconds), Field(gt=0, le=30 * 86400)]
"""Seconds; written '90 s', '10 min', '2 h' or '1 d'."""
