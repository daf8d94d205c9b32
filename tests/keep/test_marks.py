"""A restored record says so in its body, and reads as it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.logs.raw import RawRecord
from console.logs.restored import as_it_was, can_page, mark_of, marked
from schemas.codec import decode
from schemas.topics import NOTIFY, TOPICS
from tests.console.story import night
from tests.keep.files import raw

PAGING = sorted(name for name in TOPICS if can_page(name))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
bodies = (
    st.none()
    | st.binary(max_size=40)
    | st.dictionaries(st.text(max_size=8), json_values, max_size=4).map(lambda body: json.dumps(body).encode())
)


def record(value: bytes | None, topic: str = "events") -> RawRecord:
    return RawRecord(topic, 2, 17, 1_780_000_000_123, b"in-1", value, (("ce_id", b"1"), ("none", None)))


def test_the_topics_that_lead_to_texts_are_marked() -> None:
    """Every topic whose records can carry a replayid, and no other."""
    notify = {topic.name for topic in NOTIFY.values()}
    assert set(PAGING) == {"events", "decisions", "receipts", "responses", *notify}


def test_every_record_of_a_night_decodes_with_its_replayid() -> None:
    """What consumers of the bus see is the same record, but replayed."""
    seen = 0
    for one in night():
        if one.record is None or one.topic not in PAGING:
            continue
        restored = decode(TOPICS[one.topic], marked(raw(one), "restore-1").value)
        assert restored == one.record.model_copy(update={"replayid": "restore-1"})
        seen += 1
    assert seen > 5


@given(bodies, st.sampled_from(PAGING))
def test_whatever_stood_there_reads_as_it_was(value: bytes | None, topic: str) -> None:
    """Key, body, headers, place and time; and a second restore changes nothing more."""
    before = record(value, topic)
    after = marked(before, "restore-1")
    assert as_it_was(after) == before
    moved = RawRecord(topic, 2, 99, 1_790_000_000_000, after.key, after.value, after.headers)
    assert as_it_was(moved) == before
    assert marked(moved, "restore-2") == moved


@pytest.mark.parametrize(
    "value",
    [
        b'{"record":"emergency_event"}',
        b"{}",
        b' {"a":1}\n ',
        b'{"replayid":null,"a":1}',
        b'{"a":1,"replayid":""}',
        b'{"replayid":"old","replayid":null}',
        b'{"a":{"replayid":"inner"}}',
    ],
)
def test_every_json_object_gets_a_replayid(value: bytes) -> None:
    """Also of a kind that no release knows yet, and where an empty one stands there already."""
    assert json.loads(marked(record(value), "restore-1").value or b"")["replayid"] == "restore-1"


def test_what_was_replayed_before_keeps_its_replayid() -> None:
    """The record is marked by its header alone."""
    value = b'{"a":1,"replayid":"first"}'
    after = marked(record(value), "restore-1")
    assert after.value == value
    assert mark_of(after) is not None


def test_policy_and_control_keep_their_bodies() -> None:
    """A stop switch that was on is on, byte for byte."""
    value = b'{"record":"stop_switch","stopped":true}'
    assert marked(record(value, "control"), "restore-1").value == value


def test_a_strangers_header_is_no_mark() -> None:
    """A header of that name with something else in it leaves the record as it is."""
    for content in (b"", b"[]", b'{"partition":"x"}', b'{"replayid":"r","partition":"1","offset":2,"timestamp_ms":3}'):
        odd = RawRecord("events", 0, 1, 2, None, b"{}", (("safeborderlands-restored", content),))
        assert mark_of(odd) is None
        assert as_it_was(odd) == odd
