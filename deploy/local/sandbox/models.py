"""The words of the control endpoints: what a test or a demonstration may ask of the sandbox, and what it hears."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_HANG_S = 600.0


class _Word(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Operation(StrEnum):
    """Which requests of the Messages API a fault meets."""

    ANY = "any"
    CREATE = "create"
    LIST = "list"
    FETCH = "fetch"
    UPDATE = "update"
    DELETE = "delete"


class FaultKind(StrEnum):
    """What goes wrong with a request to the SMS provider."""

    REFUSE = "refuse"  # the connection is closed without an answer, nothing is accepted
    HANG_BEFORE = "hang_before"  # no answer, nothing is accepted
    HANG_AFTER = "hang_after"  # the message is accepted, the answer is never sent
    RESET = "reset"  # the message is accepted, the connection is reset in the middle of the answer
    THROTTLE = "throttle"  # 429 with Retry-After, nothing is accepted
    HTTP_ERROR = "http_error"  # `status`, nothing is accepted
    SLOW = "slow"  # accepted and answered, after `delay_s`


class Fault(_Word):
    """One fault of the SMS side, for the next `times` matching requests, or until cleared when `times` is null.

    `delay_s` is how late a slow answer comes, or how long a hanging connection is held at most.
    """

    kind: FaultKind
    operation: Operation = Operation.ANY
    to: str | None = None
    times: int | None = Field(default=None, ge=1)
    status: int = Field(default=503, ge=400, le=599)
    retry_after_s: int = Field(default=1, ge=0)
    delay_s: float = Field(default=60, ge=0, le=MAX_HANG_S)


class NumberStatus(StrEnum):
    """Where a text to a troubled number ends. `sent` is a text whose delivery report never comes."""

    FAILED = "failed"
    UNDELIVERED = "undelivered"
    SENT = "sent"


class NumberTrouble(_Word):
    """What happens to texts to one number: refused at the door (`refuse_code`), or ending in `status`."""

    number: str
    refuse_code: int | None = None
    status: NumberStatus | None = None
    error_code: int | None = None
    times: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.refuse_code is None) == (self.status is None):
            raise ValueError("give either refuse_code or status")
        return self


class MailFaultKind(StrEnum):
    """What goes wrong with the SMTP server."""

    REFUSE_CONNECTION = "refuse_connection"  # closed before the greeting
    HANG_CONNECTION = "hang_connection"  # the greeting never comes
    REFUSE_RECIPIENT = "refuse_recipient"  # 550 to RCPT TO
    DEFER_RECIPIENT = "defer_recipient"  # 451 to RCPT TO
    DEFER_DATA = "defer_data"  # 451 after the content, nothing is kept
    HANG_DATA = "hang_data"  # no answer after the content, nothing is kept
    DROP_AFTER_DATA = "drop_after_data"  # the mail is kept, the answer is never sent


class MailFault(_Word):
    """One fault of the SMTP side, for the next `times` occasions, or until cleared; `address` narrows it to a
    recipient."""

    kind: MailFaultKind
    address: str | None = None
    times: int | None = Field(default=None, ge=1)
    delay_s: float = Field(default=60, ge=0, le=MAX_HANG_S)


class SmppFaultKind(StrEnum):
    """What goes wrong with the SMPP server."""

    REFUSE_CONNECTION = "refuse_connection"  # closed before the bind
    REFUSE_BIND = "refuse_bind"  # bind failed
    THROTTLE = "throttle"  # ESME_RTHROTTLED, nothing is accepted
    STATUS = "status"  # `status`, nothing is accepted
    HANG_BEFORE = "hang_before"  # no answer, nothing is accepted
    HANG_AFTER = "hang_after"  # the text is accepted, the answer is never sent
    LATE = "late"  # the text is accepted, the answer comes after `delay_s`
    DROP_BEFORE = "drop_before"  # the connection ends, nothing is accepted
    DROP_AFTER = "drop_after"  # the text is accepted, the connection ends without an answer
    NO_RECEIPT = "no_receipt"  # accepted and answered, no delivery receipt ever comes


class SmppFault(_Word):
    """One fault of the SMPP side, for the next `times` occasions, or until cleared; `to` narrows it to a recipient
    (a fault of the connection or the bind has none)."""

    kind: SmppFaultKind
    to: str | None = None
    times: int | None = Field(default=None, ge=1)
    status: int = Field(default=8, ge=1, le=0x7FFFFFFF)
    delay_s: float = Field(default=1, ge=0, le=MAX_HANG_S)


class Settings(_Word):
    """How the emulated provider behaves when nothing is wrong.

    `rate_segments_per_s` is per sender (0: unlimited); `paused` holds every queue; a new message appears in
    listings after `list_delay_s`; sending takes `sending_s`, the delivery report another `delivery_s`. Messages
    handed over faster than `takes_per_s` (0: unlimited) are answered 429, and nothing is accepted. While `calls_back`
    is false every call about a text, ours or a phone's, is lost on its way; while `reports_back` is false, every
    report on a text of ours.
    """

    rate_segments_per_s: float = Field(default=10, ge=0)
    takes_per_s: float = Field(default=0, ge=0)
    paused: bool = False
    list_delay_s: float = Field(default=0, ge=0)
    sending_s: float = Field(default=0.02, ge=0)
    delivery_s: float = Field(default=0.1, ge=0)
    calls_back: bool = True
    reports_back: bool = True
    inbound_webhook: str | None = None


class Reply(_Word):
    """A text that a phone sends to a number of ours."""

    to: str
    body: str = Field(min_length=1, max_length=1600)


class PhoneText(_Word):
    """A text on a phone. `direction` is as the phone sees it (`in`, `out`), `peer` the other number."""

    index: int
    at: str
    direction: str
    peer: str
    body: str
    segments: int
    sid: str


class Mail(_Word):
    """A mail in the inbox: its envelope and the headers that matter to a sender. `number` counts from 1."""

    number: int
    at: str
    mail_from: str
    recipients: tuple[str, ...]
    message_id: str
    subject: str
    size: int
