"""The table of topics keeps what the rest of the system relies on."""

import json
from pathlib import Path

import jsonschema
import pytest

from schemas.base import Record
from schemas.codec import encode
from schemas.export import schemas
from schemas.topics import CO_PARTITIONED, CONTROL, INCIDENTS, MAX_PARTITIONS, NOTIFY, POLICY, TOPICS, Topic
from schemas.vocabulary import Channel, Lane
from tests.contract.records import T0, examples

JSON_SCHEMAS = Path(__file__).resolve().parents[2] / "schemas" / "json"


def test_all_topics_of_incidents_share_one_partition_count() -> None:
    """A partition of one is a partition of all; only the policy and the control topic have a single one."""
    assert {topic.name for topic in TOPICS.values()} - {topic.name for topic in CO_PARTITIONED} == {"policy", "control"}
    assert {topic.partition_count(12) for topic in CO_PARTITIONED} == {12}
    assert {topic.partition_count(12) for topic in (POLICY, CONTROL)} == {1}


def test_every_partition_has_a_letter() -> None:
    """There are as many letters in reply codes as partitions may be."""
    assert MAX_PARTITIONS == 24


@pytest.mark.parametrize("topic", TOPICS.values(), ids=TOPICS)
def test_a_body_says_which_record_it_is(topic: Topic) -> None:
    """The names of a topic's records differ, and every record has one."""
    names = [model.model_fields["record"].default for model in topic.records]
    assert all(isinstance(name, str) for name in names)
    assert len(names) == len(set(names))


def test_record_names_are_unique_in_the_whole_contract() -> None:
    """One name is one kind of record, wherever it stands."""
    models = {model for topic in TOPICS.values() for model in topic.records}
    assert len({model.model_fields["record"].default for model in models}) == len(models)


@pytest.mark.parametrize("topic", TOPICS.values(), ids=TOPICS)
def test_settings_say_how_long_records_stay(topic: Topic) -> None:
    """Compacted for ever or deleted by age, stamped by the broker, with room for key and headers."""
    compacted = topic in (INCIDENTS, POLICY, CONTROL)
    assert topic.config["cleanup.policy"] == ("compact" if compacted else "delete")
    assert ("retention.ms" in topic.config) is not compacted
    assert topic.config["message.timestamp.type"] == "LogAppendTime"
    assert int(topic.config["max.message.bytes"]) > topic.max_bytes


def test_notifications_are_kept_for_days_and_the_log_for_years() -> None:
    """What happened is kept for years, orders to send for days, refused values for months."""
    days = {name: topic.retention_ms // 86_400_000 for name, topic in TOPICS.items() if topic.retention_ms}
    assert {days.pop(topic.name) for topic in NOTIFY.values()} == {7}
    assert days.pop("events.rejected") == 180
    assert set(days) == {"events", "decisions", "receipts", "responses"}
    assert min(days.values()) >= 3 * 365


def test_every_channel_and_lane_has_a_topic() -> None:
    """No urgent text ever stands behind a routine one: each pair has a topic of its own."""
    assert {topic.name for topic in NOTIFY.values()} == {
        f"notify.{channel.value}.{lane.value}" for channel in Channel for lane in Lane
    }
    assert all(TOPICS[topic.name] is topic for topic in NOTIFY.values())


def test_the_published_schemas_are_those_of_the_models() -> None:
    """schemas/json is what `make schemas` writes."""
    written = {path.name: path.read_text(encoding="utf-8") for path in JSON_SCHEMAS.glob("*.json")}
    wanted = dict(schemas())
    assert sorted(written) == sorted(wanted)
    for name, text in wanted.items():
        assert written[name] == text, f"{name} is out of step: run `make schemas`"


@pytest.mark.parametrize(("topic", "record"), examples())
def test_what_is_written_fits_the_published_schema(topic: Topic, record: Record) -> None:
    """A reader in any language can rely on the published schemas."""
    value = encode(topic, record, source="test", at=T0).value
    schema = json.loads(dict(schemas())[f"{json.loads(value)['record']}.schema.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(value))
    assert len(value) < topic.max_bytes
