"""A file for sharing tells what happened, and not to whom."""

import json
import re

import pytest

from console.keep.redact import SHARED, WORD, Redactor
from console.logs.raw import RawRecord
from console.logs.restored import marked
from schemas.base import Record
from schemas.codec import decode, encode
from schemas.topics import CONTROL, INCIDENTS, POLICY, TOPICS, Topic
from tests.console.story import START, night
from tests.contract.records import examples
from tests.keep.files import raw

OURS = [(topic, record) for topic, record in examples() if topic in SHARED]

SECRET = {
    *("contact_id", "subject", "incarnation", "sha256", "body_sha256", "provider_ref"),
    *("detail", "explanation", "excerpt", "note", "reference", "name", "callback_role"),
}


def bytes_of(topic: Topic, record: Record) -> RawRecord:
    """``record`` as a process writes it."""
    made = encode(topic, record, source="host-of-somebody", at=START)
    key = getattr(record, "incident_id", None)
    return RawRecord(
        topic.name, 1, 7, 1_780_000_000_000, key.encode() if key else None, made.value, tuple(made.headers)
    )


def values_of(part: object, names: set[str]) -> set[str]:
    """Everything that stands under one of ``names``, at any depth."""
    if isinstance(part, list):
        return {one for inner in part for one in values_of(inner, names)}
    if not isinstance(part, dict):
        return set()
    own = {str(value) for name, value in part.items() if name in names and isinstance(value, str | float)}
    return own.union(*(values_of(value, names) for value in part.values()))


@pytest.mark.parametrize(("topic", "record"), OURS, ids=lambda one: getattr(one, "name", type(one).__name__))
def test_nothing_that_tells_of_a_person_is_left(topic: Topic, record: Record) -> None:
    """No word that somebody wrote, no contact, no reference, no exact position; and it is still a record."""
    before = bytes_of(topic, record)
    after = Redactor(b"key").record(before)
    assert after.value is not None
    decode(topic, after.value)
    old = json.loads(before.value or b"")
    secret = values_of(old, SECRET)
    positions = {value for value in values_of(old, {"lat", "lon"}) if re.search(r"\.\d\d", value)}
    shown = after.value.decode() + str(after.headers) + str(after.key)
    for one in (*secret, *_texts(old)):
        assert f'"{one}"' not in shown, one
    for one in positions:
        assert one not in shown
    assert "host-of-somebody" not in shown


def _texts(part: object) -> list[str]:
    if isinstance(part, list):
        return [one for inner in part for one in _texts(inner)]
    if not isinstance(part, dict):
        return []
    own = [str(part["text"])] if isinstance(part.get("text"), str) else []
    return own + [one for value in part.values() for one in _texts(value)]


def test_a_contact_has_one_pseudonym_in_a_file_and_another_elsewhere() -> None:
    """So that somebody can follow who was asked after whom, and not compare two files."""
    records = [raw(one) for one in night() if one.record is not None and TOPICS[one.topic] in SHARED]
    names = []
    for key in (b"one file", b"another"):
        redactor = Redactor(key)
        bodies = [json.loads(redactor.record(one).value or b"") for one in records]
        names.append({name for body in bodies for name in values_of(body, {"contact_id"})})
    contacts = {name for one in records for name in values_of(json.loads(one.value or b""), {"contact_id"})}
    assert len(names[0]) == len(names[1]) == len(contacts)
    assert not names[0] & names[1]
    assert not names[0] & contacts


def test_what_cannot_be_decoded_keeps_its_size_only() -> None:
    """Nobody knows what stands in it."""
    redactor = Redactor(b"key")
    for value in (b"Janis Berzins, 29123456", b"\xff\xfe", b'{"record":"receipt","phone":"29123456"}'):
        after = redactor.record(RawRecord("receipts", 0, 1, 2, b"Janis", value, (("note", b"Janis"),)))
        assert after.value == json.dumps({"redacted": f"{len(value)} bytes that are no record of receipts"}).encode()
        assert (after.key, after.headers) == (None, ())


def test_a_restored_record_is_shared_as_it_was() -> None:
    """A share made of a restored cluster is that of the first one."""
    record = next(raw(one) for one in night() if one.record is not None)
    assert Redactor(b"key").record(marked(record, "restore-1")) == Redactor(b"key").record(record)


def test_the_policy_the_switches_and_snapshots_are_not_shared() -> None:
    """They name contacts, and who wants no texts."""
    assert not {POLICY, CONTROL, INCIDENTS} & set(SHARED)
    assert WORD == "[redacted]"
