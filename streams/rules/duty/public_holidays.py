"""Public holidays of Latvia and Lithuania, with the days off that a government has moved.

Known from 1990 to 2100; days off are moved year by year, and known once the library ``holidays`` has them.
"""

from datetime import date
from functools import lru_cache

from schemas.base import Country


def holiday_name(country: Country, day: date) -> str | None:
    """What the public holiday on ``day`` is called in English, or None where it is none."""
    return _of_year(country, day.year).get(day)


@lru_cache(maxsize=64)
def _of_year(country: Country, year: int) -> dict[date, str]:
    import holidays  # late, as most commands never ask and it takes a twentieth of a second

    # A year at a time, so that what is known of one does not depend on which others were asked for.
    return dict(holidays.country_holidays(country, years=year, expand=False, language="en_US").items())
