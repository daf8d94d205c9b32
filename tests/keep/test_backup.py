"""A backup and its restore: the same trace before and after, byte for byte, and nobody is told again."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from console.keep.places import ends_of, places_of
from console.keep.restoring import GROUPS, CannotRestore, Restore
from console.logs.archive import Archive
from console.logs.exported import ExportedLog
from console.logs.live import LiveLog
from console.logs.logged import Logged
from console.logs.restore_mark import restored_log
from console.logs.restored import can_page
from console.logs.source import LogSource, read_all
from runtime.control import ControlFollower
from runtime.kafka import make_consumer, make_producer, read_range
from runtime.policies import PolicyFollower
from runtime.settings import Settings, load_settings
from schemas.incident import Cursor
from schemas.topics import CO_PARTITIONED, EVENTS, INCIDENTS, REJECTED, TOPICS
from tests.console.conftest import Run
from tests.console.story import PEAT, night
from tests.keep.conftest import PARTITIONS

INCIDENT_IDS = sorted({str(found) for one in night() if (found := getattr(one.record, "incident_id", None))})
KEPT = [topic for topic in CO_PARTITIONED if topic is not INCIDENTS]

Point = Callable[[str], Path]


@pytest.fixture(scope="package")
def backup(source: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The night as the command exports it."""
    from typer.testing import CliRunner

    from console.main import build

    target = tmp_path_factory.mktemp("backup") / "night.jsonl.gz"
    environment = {"BORDERLANDS_BOOTSTRAP": source.bootstrap, "BORDERLANDS_PARTITIONS": str(PARTITIONS)}
    home = target.parent / "home"
    done = CliRunner().invoke(build(["export"]), ["export", str(target), "--home", str(home)], env=environment)
    assert done.exit_code == 0, done.output
    return target


@pytest.fixture(scope="package")
def target(empty: Callable[[], str], backup: Path) -> Settings:
    """A cluster into which the night was restored."""
    settings = load_settings(bootstrap=empty(), partitions=PARTITIONS)
    asyncio.run(Restore(settings, Archive(backup)).run())
    return settings


def everything(log: LogSource) -> list[Logged]:
    return asyncio.run(read_all(log, KEPT))


def raw_values(settings: Settings) -> list[tuple[str, bytes | None]]:
    """Topic and value of every record as consumers of the bus are given it."""

    async def read() -> list[tuple[str, bytes | None]]:
        consumer: AIOKafkaConsumer = make_consumer(settings)
        await consumer.start()
        try:
            ends = await ends_of(consumer, PARTITIONS)
            consumer.assign(list(ends))
            return [(one.topic, one.value) for one in await read_range(consumer, dict.fromkeys(ends, 0), ends)]
        finally:
            await consumer.stop()

    return asyncio.run(read())


def test_the_trace_of_every_incident_is_the_same(
    source: Settings, target: Settings, backup: Path, reach: Point, borderlands: Run
) -> None:
    """Before the backup and after the restore, for people and as JSON, byte for byte."""
    for incident in INCIDENT_IDS:
        for more in ((), ("--json",)):
            told = []
            for system in (source, target):
                home = reach(system.bootstrap)
                told.append(borderlands("trace", incident, "--home", home, *more))
            before, after = told
            assert before.exit_code == after.exit_code == 0, before.output
            assert before.stdout == after.stdout
            assert len(before.stdout.splitlines()) > 1


def test_the_three_logs_are_the_same_to_whatever_looks_back(source: Settings, target: Settings, backup: Path) -> None:
    """Live, in the file and restored: places, times, keys, values and faults, also of what cannot be decoded."""
    before = everything(LiveLog(source))
    assert any(one.record is None for one in before)
    for after in (ExportedLog(backup), LiveLog(target)):
        read = everything(after)
        assert [
            (one.topic, one.partition, one.offset, one.appended_at, one.key, one.value, one.record) for one in read
        ] == [(one.topic, one.partition, one.offset, one.appended_at, one.key, one.value, one.record) for one in before]


def test_what_looks_back_can_tell_what_was_restored(source: Settings, target: Settings) -> None:
    """So that nothing is written because of it that could reach somebody."""
    mark = asyncio.run(restored_log(target))
    assert mark is not None
    assert {one.restored for one in everything(LiveLog(target))} == {mark.restore_id}
    assert {one.restored for one in everything(LiveLog(source))} == {None}


def test_a_range_of_time_means_when_it_happened(source: Settings, target: Settings, backup: Path) -> None:
    """Not when it was restored: the same records stand in the same range."""
    before = everything(LiveLog(source))
    since, until = before[3].appended_at, before[-3].appended_at
    for log in (LiveLog(source), LiveLog(target), ExportedLog(backup)):
        ranged = asyncio.run(read_all(log, KEPT, since=since, until=until))
        assert [one.value for one in ranged] == [one.value for one in before if since <= one.appended_at < until]


def test_everything_that_could_reach_somebody_says_that_it_is_replayed(target: Settings) -> None:
    """Each JSON object on a topic that leads to texts carries the restore's id in its body."""
    mark = asyncio.run(restored_log(target))
    assert mark is not None
    checked = 0
    for topic, value in raw_values(target):
        try:
            body = json.loads(value or b"")
        except ValueError:
            continue
        if can_page(topic) and isinstance(body, dict):
            assert body["replayid"] == mark.restore_id
            checked += 1
    assert checked > 10


def test_switches_stops_and_policies_hold(source: Settings, target: Settings) -> None:
    """A stop switch that was on is on, a STOP stays one, and the active policy is active."""

    async def holds(settings: Settings) -> object:
        async with ControlFollower(settings) as control, PolicyFollower(settings) as policies:
            assert policies.active is not None
            return control.current, policies.active.version

    assert asyncio.run(holds(target)) == asyncio.run(holds(source))


def test_no_state_comes_back_and_every_reader_begins_behind_what_was_restored(target: Settings) -> None:
    """Cursors and groups stand at the ends; no snapshot is there from which a ladder could climb."""

    async def look() -> None:
        consumer = make_consumer(target)
        await consumer.start()
        try:
            ends = await ends_of(consumer, PARTITIONS)
        finally:
            await consumer.stop()
        for group, topic in GROUPS.items():
            reader = make_consumer(target, group=group)
            await reader.start()
            try:
                for place in [place for place in places_of(PARTITIONS) if place.topic == topic]:
                    assert await reader.committed(place) == ends[place]
            finally:
                await reader.stop()
        states = await read_all(LiveLog(target), [INCIDENTS])
        assert len(states) == PARTITIONS
        for one in states:
            assert isinstance(one.record, Cursor)
            assert one.record.offsets == {
                name: ends[TopicPartition(name, one.partition)] for name in ("decisions", "receipts", "responses")
            }

    asyncio.run(look())


def test_who_was_waiting_is_named(target: Settings) -> None:
    """Of two incidents the one that had not run out is open: somebody must telephone."""
    mark = asyncio.run(restored_log(target))
    assert mark is not None
    assert (mark.finished, mark.open_incidents, mark.open_count) == (True, (PEAT,), 1)


def test_a_cluster_in_which_something_stands_is_left_alone(
    source: Settings, target: Settings, backup: Path, reach: Point, borderlands: Run
) -> None:
    """The refusal says what is there; nothing is written."""
    for system, words in ((source, "this one holds events "), (target, "was restored here as restore-")):
        before = len(raw_values(system))
        done = borderlands("restore", backup, "--home", reach(system.bootstrap))
        assert done.exit_code == 1, done.stderr
        assert "a restore needs an empty cluster" in done.stderr
        assert words in " ".join(done.stderr.split())
        assert len(raw_values(system)) == before


def test_a_backup_of_a_restored_cluster_is_the_same_log_again(
    source: Settings, target: Settings, reach: Point, borderlands: Run, tmp_path: Path
) -> None:
    """Places and times stay those of the first log."""
    second = tmp_path / "second.jsonl.gz"
    done = borderlands("export", second, "--home", reach(target.bootstrap))
    assert done.exit_code == 0, done.output
    first = [(one.topic, one.offset, one.appended_at, one.value) for one in everything(LiveLog(source))]
    again = [(one.topic, one.offset, one.appended_at, one.value) for one in everything(ExportedLog(second))]
    assert again == first


class CutOff(Exception):
    """The restore was ended in its middle."""


def test_a_restore_that_was_cut_off_is_finished_by_the_same_command(
    source: Settings, backup: Path, fresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often and wherever it was cut: nothing is missing, nothing stands there twice."""
    settings = load_settings(bootstrap=fresh, partitions=PARTITIONS)
    monkeypatch.setattr("console.keep.restoring._AT_ONCE", 2)
    for more in (1, 3, 4):
        left = more

        def cut(_done: int) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise CutOff

        with pytest.raises(CutOff):
            asyncio.run(Restore(settings, Archive(backup), cut).run())
        mark = asyncio.run(restored_log(settings))
        assert mark is not None
        assert not mark.finished
    asyncio.run(Restore(settings, Archive(backup)).run())
    assert [one.value for one in everything(LiveLog(settings))] == [one.value for one in everything(LiveLog(source))]


def test_a_restore_is_not_finished_over_what_somebody_wrote_meanwhile(
    backup: Path, fresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says where other records stand."""
    settings = load_settings(bootstrap=fresh, partitions=PARTITIONS)
    monkeypatch.setattr("console.keep.restoring._AT_ONCE", 1)

    def cut(_done: int) -> None:
        raise CutOff

    async def write() -> None:
        async with make_producer(settings) as producer:
            await producer.send_and_wait(REJECTED.name, b"{}", partition=1)

    with pytest.raises(CutOff):
        asyncio.run(Restore(settings, Archive(backup), cut).run())
    asyncio.run(write())
    with pytest.raises(CannotRestore, match=r"events.rejected\[1\] holds other records"):
        asyncio.run(Restore(settings, Archive(backup)).run())


def test_a_file_for_sharing_is_not_restored(source: Settings, reach: Point, borderlands: Run, tmp_path: Path) -> None:
    """Nor is one of a single incident; both can be read."""
    home = reach(source.bootstrap)
    for name, option in (("shared", ("--redact",)), ("one", ("--incident", PEAT))):
        target = tmp_path / f"{name}.jsonl.gz"
        assert borderlands("export", target, "--home", home, *option).exit_code == 0
        done = borderlands("restore", target, "--home", home)
        assert done.exit_code == 1, done.stderr
        assert target.name in done.stderr
        read = asyncio.run(read_all(ExportedLog(target), [EVENTS]))
        assert PEAT in {getattr(one.record, "incident_id", None) for one in read}


def test_every_topic_has_its_extent(backup: Path) -> None:
    """The manifest names start, end and count for each partition, also where nothing stands."""
    manifest = Archive(backup).manifest
    assert len(manifest.extents) == sum(topic.partition_count(PARTITIONS) for topic in TOPICS.values())
    assert sum(extent.records for extent in manifest.extents) == manifest.records
    assert manifest.policy_versions
