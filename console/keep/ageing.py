"""How long topics are kept, what that deletes, and what it has deleted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from console.logs.raw import raw_of
from console.logs.restored import mark_of
from runtime.kafka import assign_paused, make_consumer, read_range
from runtime.settings import Settings
from schemas.codec import Undecodable, decode
from schemas.control import RETENTION_KEY, RetentionLook
from schemas.policy.retention import Retention
from schemas.topics import CONTROL, DECISIONS, EVENTS, NOTIFY, RECEIPTS, REJECTED, RESPONSES, TOPICS

RETENTION_MS = "retention.ms"
_DAY_MS = 24 * 3600 * 1000
_SET_ON_TOPIC = 1
"""Kafka's source of a setting that was made for this topic, not a default of the broker."""


def kept_ms(retention: Retention) -> dict[str, int]:
    """Milliseconds for each topic from which records are deleted by age."""
    kept = {
        EVENTS: retention.events,
        REJECTED: retention.rejections,
        DECISIONS: retention.decisions,
        **dict.fromkeys(NOTIFY.values(), retention.notifications),
        RECEIPTS: retention.receipts,
        RESPONSES: retention.responses,
    }
    return {topic.name: number * _DAY_MS for topic, number in kept.items()}


@dataclass(frozen=True)
class Ageing:
    """One topic: how long it is kept on the broker and by the policy (ms), and what that does.

    ``held`` are the offsets it holds now, ``due`` those of them that are older than the policy keeps them, ``deleted``
    those that went since the last look that was written down (None: there is none).
    """

    topic: str
    now_ms: int | None
    kept_ms: int
    starts: tuple[int, ...]
    held: int
    due: int
    deleted: int | None


async def look(settings: Settings, retention: Retention, now: datetime) -> tuple[list[Ageing], RetentionLook | None]:
    """How each topic stands, and the last look that was written down.

    Raises:
        KafkaError, OSError: the cluster cannot be read.
    """
    wanted = kept_ms(retention)
    on_broker = await _settings_of(settings, list(wanted))
    consumer = make_consumer(settings)
    await consumer.start()
    try:
        last = await _last_look(consumer)
        found = [
            await _ageing(consumer, name, settings, int(on_broker[name].get(RETENTION_MS, "-1")), kept, now, last)
            for name, kept in wanted.items()
        ]
    finally:
        await consumer.stop()
    return found, last


async def _ageing(
    consumer: AIOKafkaConsumer,
    name: str,
    settings: Settings,
    now_ms: int,
    kept: int,
    now: datetime,
    last: RetentionLook | None,
) -> Ageing:
    places = [TopicPartition(name, number) for number in range(TOPICS[name].partition_count(settings.partitions))]
    begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    oldest_ms = int((now - timedelta(milliseconds=kept)).timestamp() * 1000)
    found = await consumer.offsets_for_times(dict.fromkeys(places, oldest_ms))
    due = sum((found[place].offset if found.get(place) else ends[place]) - begins[place] for place in places)
    starts = tuple(begins[place] for place in places)
    before = last.starts.get(name) if last is not None else None
    gone = None if before is None else sum(max(0, new - old) for new, old in zip(starts, before, strict=False))
    return Ageing(name, now_ms, kept, starts, sum(ends.values()) - sum(starts), max(0, due), gone)


async def _last_look(consumer: AIOKafkaConsumer) -> RetentionLook | None:
    place = TopicPartition(CONTROL.name, 0)
    assign_paused(consumer, [place])
    begins, ends = await consumer.beginning_offsets([place]), await consumer.end_offsets([place])
    last: RetentionLook | None = None
    for record in await read_range(consumer, begins, ends):
        if record.key == RETENTION_KEY.encode():
            try:
                found = decode(CONTROL, record.value)
            except Undecodable:
                continue
            if isinstance(found, RetentionLook):
                # What came from another cluster by a restore counts on; its offsets are not those of this one.
                last = found.model_copy(update={"starts": {}}) if mark_of(raw_of(record)) else found
    return last


async def apply(settings: Settings, wanted: dict[str, int]) -> None:
    """Set ``retention.ms`` of each topic; its other settings stay.

    Raises:
        KafkaError: the broker refuses.
    """
    own = await _settings_of(settings, list(wanted), only_own=True)
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, name, configs={**own[name], RETENTION_MS: str(kept)})
        for name, kept in wanted.items()
    ]
    admin = AIOKafkaAdminClient(
        bootstrap_servers=settings.bootstrap, request_timeout_ms=int(settings.request_timeout_s * 1000)
    )
    await admin.start()
    try:
        for answer in await admin.alter_configs(resources):
            for code, message, _kind, name in answer.resources:
                if code:
                    raise for_code(code)(f"{name}: {message}")
    finally:
        await admin.close()


async def _settings_of(settings: Settings, names: list[str], *, only_own: bool = False) -> dict[str, dict[str, str]]:
    """The settings of topics; ``only_own``: those that were made for the topic, since Kafka replaces all of them."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=settings.bootstrap, request_timeout_ms=int(settings.request_timeout_s * 1000)
    )
    await admin.start()
    try:
        answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    finally:
        await admin.close()
    found: dict[str, dict[str, str]] = {}
    for answer in answers:
        for code, message, _kind, name, entries in answer.resources:
            if code:
                raise for_code(code)(f"{name}: {message}")
            found[name] = {entry[0]: entry[1] for entry in entries if not only_own or entry[3] == _SET_ON_TOPIC}
    return found
