"""What somebody may have meant by a name that is not known."""

from streams.rules.places.describe import label
from streams.rules.places.geography import GeographyIndex, Spot

SUGGESTIONS = 5


def suggestions(text: str, geo: GeographyIndex) -> tuple[str, ...]:
    """Names like ``text``, likeliest first, each with where it lies; at most ``SUGGESTIONS``."""
    found: dict[str, Spot] = {}
    for book in (geo.place_book, geo.parish_book, geo.unit_book):
        for spot in book.alike(text, SUGGESTIONS):
            found.setdefault(label(geo, spot), spot)
    return tuple(found)[:SUGGESTIONS]
