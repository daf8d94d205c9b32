"""Writing a file back into a cluster in which nothing stands, so that nobody is told of anything again.

Order and marks make a restore that was cut off visible, and let it be finished: ``control`` says that it began and
from which file, each partition then fills in the order of the file, groups and cursors are put behind what was
written, and last ``control`` says that it is whole.
"""

import asyncio
import getpass
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from console.keep.places import ends_of, groups_at_work, last_of, places_of
from console.logs.archive import Archive
from console.logs.raw import RawRecord
from console.logs.restore_mark import newest_mark
from console.logs.restored import marked
from runtime.kafka import make_consumer, make_producer
from runtime.settings import Settings
from runtime.topics import create_topics, verify_topics
from schemas.codec import encode
from schemas.control import RESTORED_KEY, RestoredLog
from schemas.incident import CURSOR_KEY, Cursor
from schemas.topics import CONTROL, DECISIONS, EVENTS, INCIDENTS, NOTIFY, RECEIPTS, RESPONSES, TOPICS

GROUPS: Final[dict[str, str]] = {
    "router": EVENTS.name,
    **{f"notifier-{channel.value}-{lane.value}": topic.name for (channel, lane), topic in NOTIFY.items()},
}
"""Consumer groups that go by their group's offset, and the topic that each reads. The dispatcher goes by cursors."""

SOURCES: Final = (DECISIONS.name, RECEIPTS.name, RESPONSES.name)
"""What a dispatcher's cursor counts."""

_AT_ONCE = 500
_SHOWN = 100


class CannotRestore(Exception):
    """The file is none that can be restored, or the cluster none to restore it into. The text says what to do."""


class Restore:
    """Restores ``archive`` into the cluster of ``settings``. ``progress`` is told how many records are written."""

    def __init__(self, settings: Settings, archive: Archive, progress: Callable[[int], None] = lambda _: None) -> None:
        self._settings, self._archive, self._progress = settings, archive, progress
        self._done = 0

    async def run(self) -> RestoredLog:
        """Restore, or finish the restore of the same file that was cut off.

        Raises:
            CannotRestore: nothing was written.
            LogDamaged: a block is not what the manifest says; the restore can be finished with a whole copy.
            TopicsDiffer, KafkaError, OSError: the cluster cannot be written to.
        """
        _suitable(self._archive, self._settings)
        await create_topics(self._settings)
        await verify_topics(self._settings)
        consumer, producer = make_consumer(self._settings), make_producer(self._settings)
        try:
            await consumer.start()
            await producer.start()
            mark = await self._begin(consumer, producer)
            for place in places_of(self._settings.partitions):
                if place.topic != INCIDENTS.name:
                    await self._fill(consumer, producer, place, mark.restore_id)
            return await self._finish(consumer, producer, mark)
        finally:
            await producer.stop()
            await consumer.stop()

    async def _begin(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> RestoredLog:
        """The mark of this restore: a new one in an empty cluster, or that of one that was cut off."""
        working = await groups_at_work(self._settings, (*GROUPS, "dispatcher"))
        if working:
            raise CannotRestore(f"processes of the groups {', '.join(working)} are running: stop the system first")
        mark, sha256 = await newest_mark(consumer), self._archive.manifest_sha256
        ends = await ends_of(consumer, self._settings.partitions)
        if mark is not None and not mark.finished and mark.manifest_sha256 == sha256:
            return mark
        _empty(ends, mark)
        manifest = self._archive.manifest
        mark = RestoredLog(
            restore_id=f"restore-{sha256[:12]}-{secrets.token_hex(4)}",
            manifest_sha256=sha256,
            finished=False,
            records=manifest.records,
            open_incidents=manifest.open_incidents[:_SHOWN],
            open_count=len(manifest.open_incidents),
            by=getpass.getuser(),
            at=datetime.now(UTC),
        )
        await self._say(producer, mark)
        return mark

    async def _fill(
        self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, place: TopicPartition, restore_id: str
    ) -> None:
        """Write what of ``place`` is not there yet."""
        records = (marked(record, restore_id) for record in self._records(place))
        end = (await consumer.end_offsets([place]))[place]
        there = max(0, end - 1) if place.topic == CONTROL.name else end  # its first record says that this began
        if there:
            last = next(islice(records, there - 1, None), None)
            found = await last_of(consumer, place, end)
            if last is None or found is None or (found.key, found.value) != (last.key, last.value):
                raise CannotRestore(
                    f"{place.topic}[{place.partition}] holds other records than this restore began with: "
                    "begin again in an empty cluster"
                )
        self._done += there
        while batch := list(islice(records, _AT_ONCE)):
            await asyncio.gather(*[await _send(producer, place, record) for record in batch])
            self._done += len(batch)
            self._progress(self._done)

    def _records(self, place: TopicPartition) -> Iterator[RawRecord]:
        """The file's records of ``place``, but for what an earlier restore said of itself."""
        for block in self._archive.manifest.blocks:
            if (block.topic, block.partition) == (place.topic, place.partition):
                for record in self._archive.read(block):
                    if place.topic != CONTROL.name or record.key != RESTORED_KEY.encode():
                        yield record

    async def _finish(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, mark: RestoredLog) -> RestoredLog:
        ends = await ends_of(consumer, self._settings.partitions)
        await self._put_cursors(producer, ends)
        for group, topic in GROUPS.items():
            await self._put_group(group, {place: end for place, end in ends.items() if place.topic == topic})
        counts = {
            name: tuple(ends[TopicPartition(name, number)] for number in range(topic.partition_count(self._common)))
            for name, topic in TOPICS.items()
            if topic is not INCIDENTS
        }
        mark = mark.model_copy(update={"finished": True, "ends": counts, "at": datetime.now(UTC)})
        await self._say(producer, mark)
        return mark

    @property
    def _common(self) -> int:
        return self._settings.partitions

    async def _put_cursors(self, producer: AIOKafkaProducer, ends: dict[TopicPartition, int]) -> None:
        """The dispatcher begins behind what was restored: no state comes back, so that nothing climbs or is due."""
        for number in range(self._common):
            offsets = {topic: ends[TopicPartition(topic, number)] for topic in SOURCES}
            now = datetime.now(UTC)
            made = encode(INCIDENTS, Cursor(partition=number, offsets=offsets, at=now), source="restore", at=now)
            await producer.send_and_wait(
                INCIDENTS.name, made.value, key=CURSOR_KEY.encode(), partition=number, headers=made.headers
            )

    async def _put_group(self, group: str, ends: dict[TopicPartition, int]) -> None:
        consumer = make_consumer(self._settings, group=group)
        consumer.assign(list(ends))
        await consumer.start()
        try:
            await consumer.commit(ends)
        finally:
            await consumer.stop()

    async def _say(self, producer: AIOKafkaProducer, mark: RestoredLog) -> None:
        made = encode(CONTROL, mark, source="restore", at=mark.at)
        await producer.send_and_wait(
            CONTROL.name, made.value, key=RESTORED_KEY.encode(), partition=0, headers=made.headers
        )


async def _send(producer: AIOKafkaProducer, place: TopicPartition, record: RawRecord) -> "asyncio.Future[object]":
    sent: asyncio.Future[object] = await producer.send(
        place.topic, record.value, key=record.key, partition=place.partition, headers=list(record.headers)
    )
    return sent


def _suitable(archive: Archive, settings: Settings) -> None:
    manifest = archive.manifest
    if manifest.redacted:
        raise CannotRestore(f"{archive.path} is redacted, for sharing: restore the export it was made beside")
    if manifest.incident is not None:
        raise CannotRestore(f"{archive.path} holds incident {manifest.incident} only: it can be read, not restored")
    if manifest.partitions != settings.partitions:
        raise CannotRestore(
            f"{archive.path} has {manifest.partitions} partitions, this cluster is set up for {settings.partitions}: "
            f"set BORDERLANDS_PARTITIONS={manifest.partitions}"
        )


def _empty(ends: dict[TopicPartition, int], mark: RestoredLog | None) -> None:
    """Nothing may stand in the cluster, nor have stood."""
    counts = {name: sum(end for place, end in ends.items() if place.topic == name) for name in TOPICS}
    there = ", ".join(f"{topic} {count}" for topic, count in counts.items() if count)
    if not there:
        return
    what = ""
    if mark is not None:
        state = "was restored here" if mark.finished else "began to be restored here and was cut off"
        what = f" The file with manifest {mark.manifest_sha256[:12]} {state} as {mark.restore_id}."
    raise CannotRestore(f"a restore needs an empty cluster; this one holds {there}.{what}")
