"""Texts and delivery receipts over SMPP: letters to bytes and back, parts, and what a receipt says."""

import re
from dataclasses import dataclass

from aiosmpplib.codec import find_codec_info

from runtime.smpp_pdu import Delivered, Tag

GSM, UCS2 = "gsm0338", "ucs2"
"""The names that ``aiosmpplib`` gives data coding 0 and 8."""

_ALONE = {GSM: 160, UCS2: 140}
_PART = {GSM: 153, UCS2: 134}
_ESCAPE = 0x1B
_INTERNATIONAL = 10
"""Digits from which on a number without type has its country's prefix: our countries' own have eight."""

_ESM_KIND, _ESM_RECEIPT, _ESM_UDH = 0x3C, 0x04, 0x40
_LATIN = frozenset({1, 3})
_BINARY = frozenset({2, 4})
_RECEIPT_ID = re.compile(r"\bid:\s*([^\s,;]+)", re.IGNORECASE)
_RECEIPT_STATE = re.compile(r"\bstat:\s*([A-Z]+)", re.IGNORECASE)
# 5.2.28 and appendix B: the number of the optional parameter, and the seven letters of the text.
_STATES = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
_ARRIVED = frozenset({"DELIVRD"})
_LOST = frozenset({"EXPIRED", "DELETED", "UNDELIV", "REJECTD"})


@dataclass(frozen=True)
class DeliveryReport:
    """What became of a text: ``delivered`` True or False, None while it is still under way or nobody knows.

    ``message_id`` may be empty; ``reference`` is our own number for the text, where the provider gives it back.
    """

    message_id: str
    state: str
    delivered: bool | None
    reference: int | None


@dataclass(frozen=True)
class Part:
    """A part of a longer text: of which one, which, of how many."""

    reference: int
    number: int
    total: int


def encoding_of(text: str) -> str:
    """``gsm0338`` where every character is in that alphabet, ``ucs2`` otherwise."""
    try:
        find_codec_info(GSM).encode(text)
    except UnicodeEncodeError:
        return UCS2
    return GSM


def parts_of(text: str) -> list[bytes]:
    """``text`` in its encoding, in as many parts as the air takes; no character is torn between two."""
    encoding = encoding_of(text)
    raw = encoded(text, encoding)
    if len(raw) <= _ALONE[encoding]:
        return [raw]
    parts, start = [], 0
    while start < len(raw):
        end = min(start + _PART[encoding], len(raw))
        if end < len(raw) and _torn(raw, end, encoding):
            end -= 1 if encoding == GSM else 2
        parts.append(raw[start:end])
        start = end
    return parts


def with_header(parts: list[bytes], reference: int) -> list[bytes]:
    """``parts`` each with the user data header that lets a phone put them together (8-bit ``reference``)."""
    return [bytes((5, 0, 3, reference & 0xFF, len(parts), number)) + raw for number, raw in enumerate(parts, 1)]


def encoded(text: str, encoding: str) -> bytes:
    """``text`` as bytes, one septet a byte for GSM, as SMPP has it."""
    return bytes(find_codec_info(encoding).encode(text)[0])


def decoded(raw: bytes, coding: int) -> str | None:
    """The text in ``raw`` by its data coding (5.2.19); None for binary data. What is no letter becomes a ``?``."""
    if coding & 0xC0 == 0:  # message classes of 3GPP TS 23.038 say their alphabet in bits 2 and 3
        coding = coding & 0x0C if coding & 0x10 else coding & 0x0F
    if coding == 8:
        return raw.decode("utf-16-be", "replace")
    if coding in _LATIN:
        return raw.decode("latin-1")
    if coding in _BINARY:
        return None
    return str(find_codec_info(GSM).decode(raw, "replace")[0])


def number_of(address: str, ton: int) -> str:
    """``address`` as E.164 where it is an international number, by its type of number or by its length."""
    international = address.isascii() and address.isdigit() and (ton == 1 or len(address) >= _INTERNATIONAL)
    return f"+{address}" if international and not address.startswith("0") else address


def is_report(delivered: Delivered) -> bool:
    """Whether it tells of a text of ours and is none itself."""
    return delivered.esm_class & _ESM_KIND != 0


def report_of(delivered: Delivered) -> DeliveryReport:
    """What a receipt says: by its optional parameters, or by its text where it has none (appendix B)."""
    said = decoded(delivered.raw, delivered.coding) or ""
    id_tlv = delivered.tlvs.get(Tag.RECEIPTED_MESSAGE_ID)
    id_text, state_text = _RECEIPT_ID.search(said), _RECEIPT_STATE.search(said)
    message_id = id_tlv.rstrip(b"\0").decode("ascii", "replace") if id_tlv else (id_text[1] if id_text else "")
    state = _STATES.get(delivered.number(Tag.MESSAGE_STATE) or 0, "") or (
        state_text[1].upper()[:7] if state_text else ""
    )
    final = delivered.esm_class & _ESM_KIND == _ESM_RECEIPT
    arrived = True if state in _ARRIVED else False if state in _LOST else None
    return DeliveryReport(message_id, state, arrived if final else None, delivered.number(Tag.USER_MESSAGE_REFERENCE))


def part_of(delivered: Delivered) -> tuple[Part | None, bytes]:
    """Which part of a longer text it is, if it is one, and its bytes without a user data header."""
    raw, found = delivered.raw, None
    if delivered.esm_class & _ESM_UDH and raw and raw[0] < len(raw):
        header, raw = raw[1 : 1 + raw[0]], raw[1 + raw[0] :]
        found = _from_header(header)
    total, number = delivered.number(Tag.SAR_TOTAL), delivered.number(Tag.SAR_NUMBER)
    if found is None and total and number:
        found = Part(delivered.number(Tag.SAR_REFERENCE) or 0, number, total)
    return (found if found is not None and 1 <= found.number <= found.total and found.total > 1 else None), raw


def _from_header(header: bytes) -> Part | None:
    """3GPP TS 23.040, 9.2.3.24: elements 0 and 8 are concatenation with a reference of one or two bytes."""
    at = 0
    while at + 2 <= len(header):
        element, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        if element == 0 and len(value) == 3:
            return Part(value[0], value[2], value[1])
        if element == 8 and len(value) == 4:
            return Part(int.from_bytes(value[:2], "big"), value[3], value[2])
        at += 2 + length
    return None


def _torn(raw: bytes, end: int, encoding: str) -> bool:
    """Whether ``end`` stands within an escape sequence or a surrogate pair."""
    return raw[end - 1] == _ESCAPE if encoding == GSM else 0xD8 <= raw[end - 2] <= 0xDB
