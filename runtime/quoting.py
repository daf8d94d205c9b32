"""Words of others (providers, libraries, files) made fit for a receipt or a log."""

from schemas.privacy import mask

_DETAIL_CHARS = 200


def bounded(text: str) -> str:
    """``text`` of a provider or a library, fit for a receipt or a log: one line, bounded, nobody's number in it.

    Digits of five and more in a row go too: providers quote numbers in forms of their own.
    """
    line = " ".join(text.split())[: _DETAIL_CHARS * 2]
    return _without_long_numbers(mask(line).text)[:_DETAIL_CHARS]


def _without_long_numbers(text: str) -> str:
    words = (word if sum(char.isdigit() for char in word) <= 5 else "[…]" for word in text.split(" "))
    return " ".join(words)
