"""One text as the messages that an SMPP provider is handed: who is named as sender, and how a long one is split."""

from dataclasses import dataclass
from datetime import timedelta

from aiosmpplib.protocol import SubmitSm
from aiosmpplib.state import NPI, TON, USER_MESSAGE_REFERENCE, OptionalParam, PhoneNumber

from runtime.settings import SmppSettings
from runtime.smpp_text import encoding_of, parts_of, with_header

MIN_VALIDITY, MAX_VALIDITY = timedelta(minutes=1), timedelta(days=7)
_UDH = 0x40


@dataclass(frozen=True)
class Text:
    """A text to hand over. ``reference`` (16 bits) holds its parts together, and comes back in a report where
    ``report`` asks for one; ``left`` is how long it is of use."""

    to: str
    sender: PhoneNumber
    body: str
    reference: int
    left: timedelta
    report: bool = True


def messages_of(settings: SmppSettings, text: Text) -> list[SubmitSm]:
    """``text`` as one message or in parts, the last of which asks for the report."""
    parts = parts_of(text.body)
    if len(parts) == 1 or settings.long_texts == "payload":
        alone = _message(settings, text)
        if len(parts) > 1:
            alone.short_message, alone.message_payload = "", text.body
        return [alone]
    messages = [_message(settings, text) for _ in parts]
    for message, raw in zip(messages, with_header(parts, text.reference), strict=True):
        message.esm_class = _UDH
        message.set_encoded_message(raw)
        # One report for the text, as it was handed over.
        message.registered_delivery = int(text.report and message is messages[-1])
    return messages


def _message(settings: SmppSettings, text: Text) -> SubmitSm:
    reference = OptionalParam(USER_MESSAGE_REFERENCE, text.reference)
    return SubmitSm(
        short_message=text.body,
        encoding=encoding_of(text.body),
        source=text.sender,
        destination=PhoneNumber(_digits(settings, text.to), TON.INTERNATIONAL, NPI.ISDN),
        validity_period=timedelta(seconds=int(max(MIN_VALIDITY, min(MAX_VALIDITY, text.left)).total_seconds())),
        registered_delivery=int(text.report),
        optional_params=[reference] if settings.reference and text.report else [],
    )


def sender_of(settings: SmppSettings, sender: str) -> PhoneNumber:
    """``sender`` with its type of number and numbering plan: as set, or by its form (5.2.5, 5.2.6)."""
    if sender.startswith("+"):
        ton, npi = TON.INTERNATIONAL, NPI.ISDN
    elif sender.isdigit():
        ton, npi = TON.NETWORK_SPECIFIC, NPI.UNKNOWN
    else:
        ton, npi = TON.ALPHANUMERIC, NPI.UNKNOWN
    ton = ton if settings.from_ton is None else TON(settings.from_ton)
    npi = npi if settings.from_npi is None else NPI(settings.from_npi)
    return PhoneNumber(_digits(settings, sender), ton, npi)


def _digits(settings: SmppSettings, number: str) -> str:
    return number if settings.plus else number.removeprefix("+")
