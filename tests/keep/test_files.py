"""An exported file holds every record in its own bytes, and says so when it does not any more."""

import asyncio
import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.logs import archive
from console.logs.archive import Archive
from console.logs.exported import ExportedLog
from console.logs.manifest import LogDamaged, compressed
from console.logs.raw import RawRecord, line_of, record_of
from console.logs.source import read_all
from schemas.topics import CO_PARTITIONED, EVENTS, RECEIPTS
from tests.console.story import PEAT, night
from tests.keep.files import exported, raw

maybe_bytes = st.none() | st.binary(max_size=60) | st.text(max_size=30).map(lambda text: text.encode())
records = st.builds(
    RawRecord,
    st.sampled_from(["events", "receipts"]),
    st.integers(0, 23),
    st.integers(0, 2**62),
    st.integers(0, 2**42),
    maybe_bytes,
    maybe_bytes,
    st.lists(st.tuples(st.text(max_size=10), maybe_bytes), max_size=3).map(tuple),
)


@pytest.fixture
def night_file(tmp_path: Path) -> Path:
    """The night of the console's tests as a file, in blocks of a few records."""
    return exported(tmp_path / "night.jsonl.gz", [raw(one) for one in night()])


@given(records)
def test_a_line_gives_back_every_byte(record: RawRecord) -> None:
    """Bytes that are no UTF-8, nothing at all, and names of any letters come back as they were."""
    line = line_of(record)
    assert record_of(line) == record
    assert b"\n" not in line


def test_a_file_reads_as_the_log_it_was_written_from(night_file: Path) -> None:
    """Records, places, times and order are those of the log; what cannot be decoded keeps its fault."""
    read = asyncio.run(read_all(ExportedLog(night_file), CO_PARTITIONED))
    known = sorted(night(), key=lambda one: (one.appended_at, one.topic, one.partition, one.offset))
    assert [(one.topic, one.partition, one.offset, one.appended_at, one.record) for one in read] == [
        (one.topic, one.partition, one.offset, one.appended_at, one.record) for one in known
    ]
    broken = [one for one in read if one.record is None]
    assert all(one.fault is not None for one in broken)


def test_a_range_a_partition_and_a_key_limit_what_is_read(night_file: Path) -> None:
    """The beginning of a range belongs to it, its end does not."""
    log, known = ExportedLog(night_file), night()
    since, until = known[2].appended_at, known[5].appended_at
    read = asyncio.run(read_all(log, CO_PARTITIONED, since=since, until=until))
    assert [one.appended_at for one in read] == [one.appended_at for one in known[2:5]]
    only = asyncio.run(read_all(log, CO_PARTITIONED, partitions=frozenset({known[0].partition})))
    assert {one.partition for one in only} == {known[0].partition}
    of_peat = asyncio.run(read_all(log, [EVENTS, RECEIPTS], keys=frozenset({PEAT.encode()})))
    assert of_peat
    assert {one.key for one in of_peat} == {PEAT.encode()}


def test_a_file_is_json_lines_to_every_other_tool(night_file: Path) -> None:
    """Unpacked by anybody's gzip, each line is JSON: the format, the manifest, then the records."""
    lines = [json.loads(line) for line in gzip.decompress(night_file.read_bytes()).splitlines()]
    assert lines[0]["format"] == "safe-borderlands-log"
    assert lines[1]["records"] == len(lines) - 2 == len(night())


def test_many_blocks_of_one_partition_follow_one_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block is closed when it is full; offsets go on in the next."""
    monkeypatch.setattr(archive, "BLOCK_RECORDS", 7)
    some = [RawRecord("events", 1, offset, offset, None, b"x") for offset in range(30)]
    opened = Archive(exported(tmp_path / "many.jsonl.gz", some))
    assert [block.records for block in opened.manifest.blocks] == [7, 7, 7, 7, 2]
    assert [one for block in opened.manifest.blocks for one in opened.read(block)] == some


@pytest.mark.parametrize("kept", [0, 1, 10, 200, -1, -100])
def test_a_file_that_is_cut_off_says_so(night_file: Path, kept: int) -> None:
    """Wherever it is cut, nothing is read from it."""
    night_file.write_bytes(night_file.read_bytes()[:kept])
    with pytest.raises(LogDamaged, match=r"cut off|no file written"):
        ExportedLog(night_file)


def test_no_byte_can_be_changed_unnoticed(night_file: Path) -> None:
    """A byte that was turned anywhere in the file makes opening or reading it fail."""
    whole = night_file.read_bytes()
    for place in range(10, len(whole), max(1, len(whole) // 150)):
        night_file.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with pytest.raises(LogDamaged):
            asyncio.run(read_all(ExportedLog(night_file), CO_PARTITIONED))


def test_what_was_added_or_swapped_is_noticed(night_file: Path) -> None:
    """Bytes behind the last block are no part of the file."""
    night_file.write_bytes(night_file.read_bytes() + compressed(b"{}\n"))
    with pytest.raises(LogDamaged, match="follow its last block"):
        ExportedLog(night_file)


def test_a_newer_format_is_named(tmp_path: Path) -> None:
    """It says which format it has and what this release reads."""
    newer = tmp_path / "newer.jsonl.gz"
    newer.write_bytes(compressed(b'{"format":"safe-borderlands-log","format_version":9,"new":1}\n{"what":"ever"}\n'))
    with pytest.raises(LogDamaged, match="format 9; this release reads formats up to 1"):
        ExportedLog(newer)


@pytest.mark.parametrize("content", [b"", b"hello", b'{"record":"x"}\n', gzip.compress(b"{}\n"), gzip.compress(b"")])
def test_another_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    """Whatever it is, the error says that it is none of ours."""
    other = tmp_path / "other"
    other.write_bytes(content)
    with pytest.raises(LogDamaged, match=r"no file written by `borderlands export`|cut off"):
        ExportedLog(other)


def test_an_export_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """Neither half a file nor its scratch."""
    with pytest.raises(ZeroDivisionError):
        exported(tmp_path / "half.jsonl.gz", [replace(raw(night()[0]), offset=1 // 0)])
    assert list(tmp_path.iterdir()) == []
