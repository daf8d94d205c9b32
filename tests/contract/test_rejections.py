"""A rejection says why, where and how to mend, and carries no personal data along."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Undecodable, decode, encode
from schemas.event import Rejection, SourceOfRejection
from schemas.rejections import rejection
from schemas.topics import EVENTS, REJECTED
from schemas.vocabulary import RejectionReason
from tests.contract.records import T0, event


def of(value: bytes | None, key: bytes | None = None) -> Rejection:
    """The rejection of a value that cannot be decoded."""
    with pytest.raises(Undecodable) as caught:
        decode(EVENTS, value)
    return rejection(
        caught.value,
        value,
        refused_by=SourceOfRejection.ROUTER,
        at=T0,
        topic="events",
        partition=3,
        offset=7,
        key=key,
    )


def test_it_says_why_where_and_how_to_mend() -> None:
    """Reason, place on the bus, ids, size and hash of what was refused."""
    value = event().model_dump_json().replace("live", "real").encode()
    found = of(value, b"in-1")
    assert found.reason is RejectionReason.NO_ORIGIN
    assert "origin" in found.detail
    assert "live or exercise" in found.mend
    assert (found.topic, found.partition, found.offset, found.origin_key) == ("events", 3, 7, "in-1")
    assert (found.event_id, found.incident_id) == ("ev-1", "in-1")
    assert (found.size_bytes, found.sha256) == (len(value), hashlib.sha256(value).hexdigest())
    assert decode(REJECTED, encode(REJECTED, found, source="router", at=T0).value) == found


@pytest.mark.parametrize("value", [None, b"", b"\xff\x00\x1b[2J", b" " * 5_000_000, b'{"event_id": "' + b"x" * 60_000])
def test_any_value_has_a_rejection_that_fits(value: bytes | None) -> None:
    """Empty, binary or huge: the rejection is small and printable."""
    found = of(value, b"\xff" * 1000)
    assert found.excerpt.isprintable()
    assert found.origin_key is not None
    assert len(found.origin_key) <= 200
    assert len(encode(REJECTED, found, source="router", at=T0).value) < 4096


def test_ids_that_are_none_are_not_repeated() -> None:
    """An id that no record could have is not copied into the rejection."""
    found = of(b'{"event_id": "x x", "incident_id": 7}')
    assert (found.event_id, found.incident_id) == (None, None)


PERSONAL = ("010190-12345", "26123456", "+37061234567", "janis@example.lv", "AB-1234", "Brīvības iela 12-5")


@pytest.mark.parametrize("personal", PERSONAL)
@pytest.mark.parametrize("escaped", [True, False], ids=["escaped", "as it is"])
@pytest.mark.parametrize("broken", [True, False], ids=["not JSON", "JSON"])
def test_personal_data_do_not_come_along(personal: str, escaped: bool, broken: bool) -> None:
    """Excerpt, detail and key are masked, also where letters are escaped or a field is named by a number."""
    body = {"place": {"name": f"pie {personal}"}, personal: 1, "note": f"zvanīt {personal}"}
    value = (json.dumps(body, ensure_ascii=escaped) + ("}" if broken else "")).encode()
    found = of(value, personal.encode())
    assert personal not in found.model_dump_json()
    assert "[…]" in found.excerpt


def test_free_text_does_not_come_along() -> None:
    """Names of people cannot be found by a pattern, so the text of a refused event is left out."""
    body = {"text": {"text": "Meklē Jāni Bērziņu, 82", "language": "lv"}, "kind": "report"}
    found = of(json.dumps(body).encode())
    assert found.excerpt == '{"text": "[…]", "kind": "report"}'


@given(st.integers(0, 500), st.sampled_from(PERSONAL))
def test_no_cut_leaves_half_a_number(before: int, personal: str) -> None:
    """Wherever the excerpt ends, nothing personal is left before it."""
    found = of(("ā" * before + f" {personal} " * 30).encode())
    assert personal.split("-", maxsplit=1)[0][:5] not in found.excerpt.replace("Brīvības iela […]", "")[:-12]
    assert len(found.excerpt) <= 200
