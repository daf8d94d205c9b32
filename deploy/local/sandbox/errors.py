"""The errors of the Messages API, in the provider's own shape, and the checks that lead to them.

Codes and their meaning: https://www.twilio.com/docs/api/errors
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

MAX_BODY = 1600
MAX_VALIDITY_S = 36_000

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SENDER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 +\-_&]{1,11}")

# Refused rather than ignored: a text that went out without them would be a different text.
_NOT_EMULATED = (
    "MediaUrl", "ContentSid", "ContentVariables", "MessagingServiceSid", "ApplicationSid",
    "SendAt", "ScheduleType", "SendAsMms", "ShortenUrls", "FallbackFrom", "PersistentAction",
)  # fmt: skip

_TEXTS: Mapping[int, tuple[int, str]] = {
    20001: (400, "Invalid parameter"),
    20003: (401, "Authenticate"),
    20009: (409, "The message is not in a state that allows this"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service unavailable"),
    20507: (507, "The sandbox is full, reset it"),  # no code of the provider
    21211: (400, "Invalid 'To' Phone Number"),
    21212: (400, "Invalid 'From' Phone Number"),
    21266: (400, "'To' and 'From' number cannot be the same"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number provided is not a valid message-capable Twilio phone number"),
    21609: (400, "Invalid 'StatusCallback' URL"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21612: (400, "Message cannot be sent with the current combination of 'To' and/or 'From' parameters"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    90007: (400, "Invalid validity period value: it must be between 1 and 36000 seconds"),
}

DELIVERY_TEXTS: Mapping[int, str] = {
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30036: "Validity Period Expired",
}


@dataclass(frozen=True, slots=True)
class ApiError:
    """A refusal: the provider's code, the HTTP status, and the message with what was wrong."""

    code: int
    status: int
    message: str

    def payload(self) -> dict[str, object]:
        """The body of the answer."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def api_error(code: int, detail: str = "") -> ApiError:
    """The error of `code`; a code without a text of its own here is a plain 400."""
    status, text = _TEXTS.get(code, (400, "The request was refused"))
    return ApiError(code, status, f"{text}: {detail}" if detail else text)


def http_error(status: int) -> ApiError:
    """The error body of a bare HTTP failure `status`."""
    fallback = (status, "The request was refused") if status < 500 else _TEXTS[20500]
    return ApiError(20000 + status, status, _TEXTS.get(20000 + status, fallback)[1])


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """A request to send one text that passed every check."""

    to: str
    sender: str
    body: str
    validity_s: int
    status_callback: str | None


def check_create(form: Mapping[str, str], senders: frozenset[str]) -> CreateRequest | ApiError:
    """Check the form of a new message; `senders` are the numbers of the account, empty: any number."""
    to, sender, body = form.get("To", ""), form.get("From", ""), form.get("Body", "")
    refusal = _check_addresses(to, sender, senders) or _check_content(form, body)
    if refusal is not None:
        return refusal
    validity = form.get("ValidityPeriod", str(MAX_VALIDITY_S))
    if not (validity.isascii() and validity.isdigit() and 1 <= int(validity[:9]) <= MAX_VALIDITY_S):
        return api_error(90007, validity[:20])
    callback = form.get("StatusCallback") or None
    if callback is not None and not is_web_address(callback):
        return api_error(21609, callback[:200])
    return CreateRequest(to, sender, body, int(validity), callback)


def is_web_address(url: str) -> bool:
    """Whether a callback can be sent to `url`."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _check_addresses(to: str, sender: str, senders: frozenset[str]) -> ApiError | None:
    checks = (
        (21604, not to, ""),
        (21211, not _E164.fullmatch(to), to[:40]),
        (21603, not sender, ""),
        (21212, not _SENDER.fullmatch(sender), sender[:40]),
        (21606, bool(senders) and sender not in senders, sender[:40]),
        (21266, to == sender, to[:40]),
    )
    return next((api_error(code, detail) for code, wrong, detail in checks if wrong), None)


def _check_content(form: Mapping[str, str], body: str) -> ApiError | None:
    for name in _NOT_EMULATED:
        if name in form:
            return api_error(20001, f"{name} is not emulated by the sandbox")
    if form.get("SmartEncoded", "false").lower() == "true":
        return api_error(20001, "SmartEncoded is not emulated by the sandbox")
    if not body:
        return api_error(21602)
    return api_error(21617) if len(body) > MAX_BODY else None
