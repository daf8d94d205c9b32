"""What an error of the Messages API means for a text: which outcome, for which bounded reason.

A refusal ends a notification for good, so only codes that are named here and speak of this recipient or this text
are one. Whatever else goes wrong (account, sender, network, what we do not know) can be mended while the alert matters.

Codes: https://www.twilio.com/docs/api/errors
"""

from notifiers.outcome import Outcome, Refused, Retry, Unknown
from runtime.quoting import bounded
from schemas.vocabulary import ReceiptReason

_REFUSED: dict[ReceiptReason, frozenset[int]] = {
    # not a number, no route to it, not a mobile number; 300xx: the carrier's word on the number
    ReceiptReason.INVALID_ADDRESS: frozenset(
        {21211, 21214, 21217, 21265, 21266, 21604, 21612, 21614, 21635, 30004, 30005, 30006}
    ),
    ReceiptReason.RECIPIENT_STOPPED: frozenset({21610}),
    ReceiptReason.CONTENT_REFUSED: frozenset({21602, 21617, 21619, 30007}),
}
_RETRIED: dict[ReceiptReason, frozenset[int]] = {
    # too many calls, a full queue of the sender, a limit of the account
    ReceiptReason.RATE_LIMITED: frozenset({14107, 20429, 21611, 30001, 60728, 63017, 63038}),
    # our own account or sender is at fault; 21408: the account may not send to that region yet
    ReceiptReason.AUTHENTICATION: frozenset(
        {20003, 20005, 20006, 20008, 21212, 21408, 21603, 21606, 21608, 21659, 21660, 30002}
    ),
}
_BY_STATUS: dict[int, ReceiptReason] = {
    401: ReceiptReason.AUTHENTICATION,
    403: ReceiptReason.AUTHENTICATION,
    407: ReceiptReason.AUTHENTICATION,
    # something between us and the provider answered, or the request did not get through whole
    408: ReceiptReason.CONNECTION,
    421: ReceiptReason.CONNECTION,
    425: ReceiptReason.CONNECTION,
    429: ReceiptReason.RATE_LIMITED,
}


def outcome_of(status: int, code: int | None, text: str, retry_after_s: float | None) -> Outcome:
    """The outcome of an answer with HTTP ``status`` (not 2xx) and the provider's ``code``, None where it gave none.

    429 and 503 are the provider's word that it did not take the message. After any other 5xx nobody knows.
    Redirects and 4xx took nothing; they are ``Refused`` for a named code only, so never for a page of HTML.
    """
    detail = f"HTTP {status}, code {code}: {bounded(text)}"
    if status == 503:
        return Retry(_of(_RETRIED, code) or ReceiptReason.PROVIDER_ERROR, detail, retry_after_s)
    if status >= 500:
        retried = _of(_RETRIED, code)
        return Retry(retried, detail) if retried else Unknown(ReceiptReason.PROVIDER_ERROR, detail)
    if status < 400:
        return Retry(ReceiptReason.CONNECTION, detail)
    refused = _of(_REFUSED, code)
    if refused is not None:
        return Refused(refused, detail)
    reason = _of(_RETRIED, code) or _BY_STATUS.get(status, ReceiptReason.PROVIDER_ERROR)
    return Retry(reason, detail, retry_after_s if reason is ReceiptReason.RATE_LIMITED else None)


def failure_of(status: str, code: int | None) -> Refused | Retry:
    """What a text found at the provider as failed means, by its delivery error ``code``; None where it has none."""
    detail = f"found as {status}, code {code}"
    refused = _of(_REFUSED, code)
    if refused is not None:
        return Refused(refused, detail)
    return Retry(_of(_RETRIED, code) or ReceiptReason.PROVIDER_ERROR, detail)


def _of(table: dict[ReceiptReason, frozenset[int]], code: int | None) -> ReceiptReason | None:
    return next((reason for reason, codes in table.items() if code in codes), None)
