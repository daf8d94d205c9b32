"""SMPP 3.4 as bytes: what a provider sends us is read here, what we send is made by ``aiosmpplib``'s messages.

That library ends its session at the first command status, data coding or optional parameter that is not in its lists,
and at a receipt whose dates have seconds; providers send all of these. So reading is our own, and lenient: a field that
is not understood costs that field, never a session and never the text.

Source: SMPP Protocol Specification v3.4, issue 1.2.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from struct import Struct, error

HEADER_BYTES = 16
MAX_PDU_BYTES = 70_000
"""A ``message_payload`` holds up to 64 kB; what claims to be longer is no SMPP."""

_HEADER = Struct("!IIII")
_TLV = Struct("!HH")


class Command(IntEnum):
    """The commands that a session of ours meets (5.1.2.1)."""

    GENERIC_NACK = 0x80000000
    BIND_RECEIVER = 0x00000001
    BIND_TRANSMITTER = 0x00000002
    SUBMIT_SM = 0x00000004
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM = 0x00000005
    DELIVER_SM_RESP = 0x80000005
    UNBIND = 0x00000006
    UNBIND_RESP = 0x80000006
    BIND_TRANSCEIVER = 0x00000009
    ENQUIRE_LINK = 0x00000015
    ENQUIRE_LINK_RESP = 0x80000015


RESPONSE = 0x80000000
"""The bit that makes a command its own response."""


class Status(IntEnum):
    """The command statuses that mean something to us (5.1.3); any other number may come, 0x400 and up by vendors."""

    OK = 0x00
    INVALID_MESSAGE_LENGTH = 0x01
    INVALID_COMMAND = 0x03
    WRONG_BIND_STATE = 0x04
    ALREADY_BOUND = 0x05
    SYSTEM_ERROR = 0x08
    INVALID_SOURCE = 0x0A
    INVALID_DESTINATION = 0x0B
    BIND_FAILED = 0x0D
    INVALID_PASSWORD = 0x0E
    INVALID_SYSTEM_ID = 0x0F
    QUEUE_FULL = 0x14
    INVALID_SOURCE_TON = 0x48
    INVALID_SOURCE_NPI = 0x49
    INVALID_DESTINATION_TON = 0x50
    INVALID_DESTINATION_NPI = 0x51
    INVALID_SYSTEM_TYPE = 0x53
    THROTTLED = 0x58
    TRY_LATER = 0x64
    """``ESME_RX_T_APPN``: said by the receiving end; the provider delivers again later."""
    REFUSED_FOR_GOOD = 0x65
    """``ESME_RX_P_APPN``: said by the receiving end; the provider does not deliver it again."""


class Tag(IntEnum):
    """The optional parameters that are read (5.3.2)."""

    RECEIPTED_MESSAGE_ID = 0x001E
    USER_MESSAGE_REFERENCE = 0x0204
    SAR_REFERENCE = 0x020C
    SAR_TOTAL = 0x020E
    SAR_NUMBER = 0x020F
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


class NoSmpp(Exception):
    """What came is not SMPP, so where the next message begins is not known: the connection must end."""


class Unreadable(Exception):
    """A message whose mandatory fields cannot be read; the session goes on."""


@dataclass(frozen=True)
class Header:
    """The first 16 bytes: ``command`` and ``status`` as numbers, since any may come."""

    length: int
    command: int
    status: int
    sequence: int


@dataclass(frozen=True)
class Delivered:
    """A ``deliver_sm``, or a ``submit_sm``, which is laid out alike: addresses as they came, the text still as bytes.

    ``tlvs`` are the optional parameters; ``validity`` and ``registered`` say something in a ``submit_sm`` only.
    """

    sender: str = field(repr=False)
    sender_ton: int
    to: str
    to_ton: int
    esm_class: int
    validity: str
    registered: int
    coding: int
    raw: bytes = field(repr=False)
    tlvs: dict[int, bytes] = field(repr=False)

    def number(self, tag: Tag) -> int | None:
        """An optional parameter that is a number; None where it is not there or is empty."""
        value = self.tlvs.get(tag)
        return int.from_bytes(value, "big") if value else None


def read_header(header: bytes) -> Header:
    """The header in 16 bytes.

    Raises:
        NoSmpp: its length cannot be one.
    """
    read = Header(*_HEADER.unpack(header))
    if not HEADER_BYTES <= read.length <= MAX_PDU_BYTES:
        raise NoSmpp(f"a message of {read.length} bytes")
    return read


def bare(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    """A message that is a header and at most a few bytes."""
    return _HEADER.pack(HEADER_BYTES + len(body), command, status, sequence) + body


def read_message_id(body: bytes) -> str:
    """The message id of a ``submit_sm_resp``; empty where there is none, as in most that refuse."""
    return body.partition(b"\0")[0].decode("ascii", "replace")


def read_delivered(body: bytes) -> Delivered:
    """The body of a ``deliver_sm``.

    Raises:
        Unreadable: its mandatory fields are not all there.
    """
    try:
        reader = _Reader(body)
        reader.text()  # service_type
        sender_ton = reader.octet()
        reader.skip(1)
        sender = reader.text()
        to_ton = reader.octet()
        reader.skip(1)
        to = reader.text()
        esm_class = reader.octet()
        reader.skip(2)  # protocol_id, priority_flag
        reader.text()  # schedule_delivery_time
        validity = reader.text()
        registered = reader.octet()
        reader.skip(1)  # replace_if_present_flag
        coding = reader.octet()
        reader.skip(1)  # sm_default_msg_id
        raw = reader.octets(reader.octet())
    except (ValueError, IndexError, error) as fault:
        raise Unreadable(f"{type(fault).__name__} at byte {reader.at} of {len(body)}") from fault
    tlvs = reader.tlvs()
    text = raw or tlvs.get(Tag.MESSAGE_PAYLOAD, b"")
    return Delivered(sender, sender_ton, to, to_ton, esm_class, validity, registered, coding, text, tlvs)


class _Reader:
    """Reads one field after the other."""

    def __init__(self, body: bytes) -> None:
        self._body, self.at = body, 0

    def text(self) -> str:
        end = self._body.index(b"\0", self.at)
        text, self.at = self._body[self.at : end].decode("latin-1"), end + 1
        return text

    def octet(self) -> int:
        self.at += 1
        return self._body[self.at - 1]

    def skip(self, count: int) -> None:
        self.octets(count)

    def octets(self, count: int) -> bytes:
        if self.at + count > len(self._body):
            raise IndexError
        self.at += count
        return self._body[self.at - count : self.at]

    def tlvs(self) -> dict[int, bytes]:
        """The optional parameters; what breaks off in the middle is left out."""
        found: dict[int, bytes] = {}
        while self.at + _TLV.size <= len(self._body):
            tag, length = _TLV.unpack(self.octets(_TLV.size))
            if self.at + length > len(self._body):
                break
            found[tag] = self.octets(length)
        return found
