"""What a provider said of one attempt to send: four outcomes as values, and what asking it later says."""

from dataclasses import dataclass

from schemas.privacy import mask
from schemas.vocabulary import ReceiptReason

_DETAIL_CHARS = 200


@dataclass(frozen=True)
class Sent:
    """The provider took the message; from here on it is the provider's to deliver. ``provider_ref`` is its name."""

    provider_ref: str
    reason: ReceiptReason = ReceiptReason.ACCEPTED


@dataclass(frozen=True)
class Retry:
    """The provider certainly did not take it now, or took it and failed.

    Trying again makes sense, after ``after_s`` where the provider says so.
    """

    reason: ReceiptReason
    detail: str
    after_s: float | None = None


@dataclass(frozen=True)
class Refused:
    """The provider will not take this message, now or later, because of this recipient or this text.

    It ends the notification for good, so what may be our own fault (account, sender, network) is a ``Retry``.
    """

    reason: ReceiptReason
    detail: str


@dataclass(frozen=True)
class Unknown:
    """Nobody can say whether the provider took it."""

    reason: ReceiptReason
    detail: str


@dataclass(frozen=True)
class NotSent:
    """The provider was asked and does not have the message."""


Outcome = Sent | Retry | Refused | Unknown
Reconciled = Sent | NotSent | Retry | Refused | Unknown


def bounded(text: str) -> str:
    """``text`` of a provider or a library, fit for a receipt or a log: one line, bounded, nobody's number in it.

    Digits of five and more in a row go too: providers quote numbers in forms of their own.
    """
    line = " ".join(text.split())[: _DETAIL_CHARS * 2]
    return _without_long_numbers(mask(line).text)[:_DETAIL_CHARS]


def _without_long_numbers(text: str) -> str:
    words = (word if sum(char.isdigit() for char in word) <= 5 else "[…]" for word in text.split(" "))
    return " ".join(words)
