"""How long each kind of record stays on its topic."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from schemas.base import Model

_DAYS_IN: Final = {"d": 1, "y": 365}


def days(value: object) -> object:
    """A written time as whole days; anything but text is left as it is.

    Raises:
        ValueError: the text is not a whole number and a unit.
    """
    if isinstance(value, str):
        match = re.fullmatch(r"(\d{1,5}) ?(d|y)", value.strip())
        if not match:
            raise ValueError("how long records are kept is a whole number and a unit: '180 d' or '3 y'")
        return int(match[1]) * _DAYS_IN[match[2]]
    return value


Story = Annotated[int, BeforeValidator(days), Field(ge=90, le=30 * 365)]
"""Days; written '180 d' or '3 y'. Younger than 90 days nothing is deleted by which an alert can be explained."""

Working = Annotated[int, BeforeValidator(days), Field(ge=7, le=10 * 365)]
"""Days, at least 7: longer than anything waits to be sent, repeated or looked into on Monday."""


class Retention(Model):
    """``retention`` of ``policy.yaml``, in days. Without it records stay as long as ``schemas/topics.py`` says.

    Policies, switches and contacts' STOPs are kept for ever, the newest of each.
    """

    events: Story = 3 * 365
    rejections: Working = 180
    decisions: Story = 3 * 365
    notifications: Working = 7
    receipts: Story = 3 * 365
    responses: Story = 3 * 365
