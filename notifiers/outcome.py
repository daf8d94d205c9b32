"""What a provider said of one attempt to send: four outcomes as values, and what asking it later says."""

from dataclasses import dataclass

from schemas.vocabulary import ReceiptReason


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
