"""Kafka clients on a real broker."""

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.producer.sender import AddPartitionsToTxnHandler

from runtime.kafka import (
    BETWEEN_TRANSACTIONS_S,
    assign_paused,
    make_consumer,
    make_producer,
    read_range,
    stream_range,
)
from runtime.settings import load_settings

pytestmark = pytest.mark.kafka


async def test_what_is_written_while_a_range_is_read_is_read_next(kafka: str) -> None:
    """A fetch may bring more than the range; nothing of that is skipped by whoever reads on."""
    settings = load_settings(bootstrap=kafka)
    topic, place = "read-range", TopicPartition("read-range", 0)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()
    producer, consumer = make_producer(settings), make_consumer(settings)
    await producer.start()
    await consumer.start()
    try:
        for value in (b"first", b"second", b"third"):
            await producer.send_and_wait(topic, value, partition=0)
        consumer.assign([place])
        range_ = await read_range(consumer, {place: 0}, {place: 1})
        assert [record.value for record in range_] == [b"first"]
        assert [(await consumer.getone()).value for _ in range(2)] == [b"second", b"third"]
    finally:
        await consumer.stop()
        await producer.stop()


async def test_only_what_has_records_is_fetched_from(kafka: str) -> None:
    """An idle fetch would hold up every question on its connection: before, behind and beside the records none is
    under way; whoever follows afterwards fetches from all."""
    settings = load_settings(bootstrap=kafka)
    topic = "stream-range"
    full, empty = TopicPartition(topic, 0), TopicPartition(topic, 1)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=2, replication_factor=1)])
    await admin.close()
    producer, consumer = make_producer(settings), make_consumer(settings)
    await producer.start()
    await consumer.start()
    try:
        await producer.send_and_wait(topic, b"one", partition=0)
        assign_paused(consumer, [full, empty])
        assert consumer.paused() == {full, empty}
        begins, ends = await consumer.beginning_offsets([full, empty]), await consumer.end_offsets([full, empty])
        seen = []
        async for place, batch in stream_range(consumer, begins, ends):
            seen += [(place, record.value) for record in batch]
            assert consumer.paused() == {empty}
        assert seen == [(full, b"one")]
        assert consumer.paused() == {full, empty}
        assert await read_range(consumer, begins, ends)
        assert not consumer.paused()
        await producer.send_and_wait(topic, b"later", partition=1)
        assert (await consumer.getone()).value == b"later"
    finally:
        await consumer.stop()
        await producer.stop()


async def test_the_wait_between_transactions_is_ours() -> None:
    """The library reads the constant that is set here: a version that no longer does must not pass unnoticed."""
    await make_producer(load_settings(), transactional_id="dispatcher-0").stop()
    handler = AddPartitionsToTxnHandler.handle_response
    assert "BACKOFF_OVERRIDE" in handler.__code__.co_names
    assert handler.__globals__["BACKOFF_OVERRIDE"] == BETWEEN_TRANSACTIONS_S
