"""``Month``: a calendar month of the municipalities' own clock, as a range of instants."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Europe/Riga")
"""The clock of both sides: Europe/Vilnius reads the same all year."""

_WRITTEN = re.compile(r"(\d{4})-(\d{2})")


class NotAMonth(Exception):
    """What was typed names no month; write 2026-10."""


@dataclass(frozen=True, order=True)
class Month:
    """A month of ``ZONE``. It begins and ends at local midnight, so that October has an hour more than 31 days."""

    year: int
    number: int

    @classmethod
    def read(cls, written: str) -> Self:
        """The month written as ``2026-10``.

        Raises:
            NotAMonth: it is written otherwise, or there is no such month.
        """
        found = _WRITTEN.fullmatch(written.strip())
        if found is None or not 1 <= int(found[2]) <= 12 or not 2000 <= int(found[1]) <= 9998:
            raise NotAMonth(f"'{written}' is no month")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """The month that ``moment`` lies in, by the clock of ``ZONE``."""
        local = moment.astimezone(ZONE)
        return cls(local.year, local.month)

    @property
    def start(self) -> datetime:
        """Its first instant, in UTC."""
        return datetime(self.year, self.number, 1, tzinfo=ZONE).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The first instant of the next month, in UTC."""
        return self.next.start

    @property
    def next(self) -> "Month":
        """The month after it."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def before(self) -> "Month":
        """The month before it."""
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"
