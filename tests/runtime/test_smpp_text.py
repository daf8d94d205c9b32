"""Letters to bytes and back, parts, and what providers' deliveries say, byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.texts.gsm import Encoding, measure
from runtime.smpp_pdu import Delivered, NoSmpp, Unreadable, read_delivered, read_header
from runtime.smpp_text import GSM, UCS2, decoded, encoding_of, number_of, part_of, parts_of, report_of, with_header

CODINGS = {GSM: 0, UCS2: 8}
_LETTERS = "@£$¥èéùìòÇ\nØøΔ_ΦΓÆæßÉ !\"#%&'()*+,-./09:;<=>?¡AZÄÖÑÜ§¿azäöñüà^{}\\[~]|€"
texts = st.text(st.sampled_from(_LETTERS + "ąčęėįšųūžāēģīķļņ😀🚒"), min_size=1, max_size=500)
plain = st.text(st.sampled_from(_LETTERS), min_size=1, max_size=500)


def delivered(**changes: object) -> Delivered:
    """A delivery with nothing in it."""
    values = {
        "sender": "37061200001",
        "sender_ton": 1,
        "to": "37167000001",
        "to_ton": 1,
        "esm_class": 0,
        "validity": "",
        "registered": 0,
        "coding": 0,
        "raw": b"",
        "tlvs": {},
    }
    return Delivered(**{**values, **changes})  # type: ignore[arg-type]


@given(texts | plain)
def test_parts_are_what_the_texts_counter_counts_and_join_to_the_text(text: str) -> None:
    """Our own count of parts and paid segments is what goes out, and no letter is torn or lost."""
    parts, measured = parts_of(text), measure(text)
    encoding = encoding_of(text)
    assert (encoding == GSM) is (measured.encoding is Encoding.GSM_7)
    assert len(parts) == measured.segments
    assert "".join(decoded(part, CODINGS[encoding]) or "" for part in parts) == text
    assert all(len(part) <= 140 + 20 * (encoding == GSM) for part in with_header(parts, 7) if len(parts) > 1)


@given(texts, st.integers(0, 255))
def test_a_header_says_which_part_it_is(text: str, reference: int) -> None:
    """What we send in parts is read back as parts."""
    parts = parts_of(text)
    for number, raw in enumerate(with_header(parts, reference), 1):
        part, rest = part_of(delivered(esm_class=0x40, raw=raw))
        assert rest == parts[number - 1]
        expected = (reference, number, len(parts)) if len(parts) > 1 else None
        assert (part and (part.reference, part.number, part.total)) == expected


@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    """No bytes end a session: they are a delivery, or unreadable."""
    try:
        read = read_delivered(body)
    except Unreadable:
        return
    part_of(read)
    report_of(read)
    decoded(read.raw, read.coding)


@pytest.mark.parametrize("length", [0, 15, 70_001, 0xFFFFFFFF])
def test_a_length_that_cannot_be_is_no_smpp(length: int) -> None:
    """Nothing is read, and no memory taken, for a message that claims to be endless."""
    with pytest.raises(NoSmpp):
        read_header(length.to_bytes(4, "big") + bytes(12))


@pytest.mark.parametrize(
    ("coding", "raw", "text"),
    [
        (0, b"\x1b\x65 100", "€ 100"),
        (3, "Jūra".encode("latin-1", "replace"), "J?ra"),
        (8, "jā 🚒".encode("utf-16-be"), "jā 🚒"),
        (0x18, "jā".encode("utf-16-be"), "jā"),
        (0x10, b"TAIP", "TAIP"),
        (0xF1, b"TAIP", "TAIP"),
        (4, b"\x00\x01", None),
    ],
)
def test_data_codings(coding: int, raw: bytes, text: str | None) -> None:
    """Message classes and vendors' codings are read by their alphabet; binary data is no text."""
    assert decoded(raw, coding) == text


@pytest.mark.parametrize(
    ("said", "message_id", "arrived"),
    [
        ("id:1 sub:001 dlvrd:001 submit date:2611242100 done date:2611242101 stat:DELIVRD err:000 text:x", "1", True),
        ("ID:0a-F sub:1 done date:261124210107 STAT:UNDELIV err:0A1 Text:", "0a-F", False),
        ("id:7 stat:ENROUTE", "7", None),
        ("id:7 stat:UNKNOWN", "7", None),
        ("stat:DELIVRD", "", True),
        ("nothing of the kind", "", None),
    ],
)
def test_receipts_in_words(said: str, message_id: str, arrived: bool | None) -> None:
    """The usual text in its many variants; what is no end says nothing."""
    report = report_of(delivered(esm_class=4, raw=said.encode()))
    assert (report.message_id, report.delivered) == (message_id, arrived)


def test_an_interim_notification_is_no_end() -> None:
    """Only a delivery receipt ends a text (5.2.12)."""
    assert report_of(delivered(esm_class=0x20, raw=b"id:7 stat:DELIVRD")).delivered is None


@pytest.mark.parametrize(
    ("address", "ton", "number"),
    [
        ("37061200001", 1, "+37061200001"),
        ("37061200001", 0, "+37061200001"),
        ("61200001", 2, "61200001"),
        ("1881", 3, "1881"),
        ("Biržai", 5, "Biržai"),
        ("0037061200001", 0, "0037061200001"),
        ("+37061200001", 1, "+37061200001"),
    ],
)
def test_numbers(address: str, ton: int, number: str) -> None:
    """International numbers get their plus; short numbers and names stay."""
    assert number_of(address, ton) == number
