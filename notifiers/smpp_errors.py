"""What the status of a ``submit_sm_resp`` means for a text: which outcome, for which bounded reason.

Every status but 0 is the provider's word that it did not take the text. It ends a notification for good only where it
speaks of this number; whatever else is wrong (account, sender, load, a vendor's own status) can be mended or passes.

Source: SMPP Protocol Specification v3.4, 5.1.3.
"""

from notifiers.outcome import Refused, Retry
from runtime.smpp_pdu import Status
from schemas.vocabulary import ReceiptReason

_REFUSED = frozenset({Status.INVALID_DESTINATION, Status.INVALID_DESTINATION_TON, Status.INVALID_DESTINATION_NPI})
_LIMITED = frozenset({Status.THROTTLED, Status.QUEUE_FULL})
_OURS = frozenset(
    {
        Status.WRONG_BIND_STATE,
        Status.INVALID_SOURCE,
        Status.INVALID_SOURCE_TON,
        Status.INVALID_SOURCE_NPI,
        Status.BIND_FAILED,
        Status.INVALID_PASSWORD,
        Status.INVALID_SYSTEM_ID,
        Status.INVALID_SYSTEM_TYPE,
    }
)


def outcome_of(status: int) -> Retry | Refused:
    """The outcome of an answer with ``status``, which is not 0."""
    detail = f"SMPP status {status:#04x}"
    if status in _REFUSED:
        return Refused(ReceiptReason.INVALID_ADDRESS, detail)
    if status in _LIMITED:
        return Retry(ReceiptReason.RATE_LIMITED, detail)
    return Retry(reason_of(status), detail)


def reason_of(status: int | None) -> ReceiptReason:
    """Why a bind or a text was refused; None where the provider was not reached."""
    if status is None:
        return ReceiptReason.CONNECTION
    return ReceiptReason.AUTHENTICATION if status in _OURS else ReceiptReason.PROVIDER_ERROR
