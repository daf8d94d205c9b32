"""The read model follows its log: what is new is added once, and of another log nothing is kept."""

import sqlite3
import stat
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from console.search.bring import opened
from console.search.model import Busy, ReadModel, Unusable, locked
from schemas.incident import IncidentState
from schemas.topics import EVENTS, INCIDENTS, POLICY
from tests.search.conftest import EVENING, Growing, brought
from tests.search.test_words import FIRES, look, names


def rows(model: ReadModel) -> list[tuple[object, ...]]:
    """Everything that can be found, as it is stored."""
    return model.db.execute("SELECT incident, kind, entry, shown FROM incident ORDER BY incident").fetchall()


@pytest.mark.parametrize("cut", [1, 5, 40, 150, 300])
def test_what_comes_in_parts_gives_the_same_as_the_whole(path: Path, whole: ReadModel, cut: int) -> None:
    """Brought up to date half-way and again, it holds what a rebuild holds; each record was read once."""
    model = ReadModel.open(path)
    first = brought(model, Growing(EVENING[:cut]))
    rest = brought(model, Growing(EVENING))
    assert rows(model) == rows(whole)
    assert names(look(model, "fire")) == FIRES
    fed = [one for one in EVENING if not one.topic.startswith(("notify", "receipts", "control", "events.rejected"))]
    assert first.records + rest.records == len(fed)
    assert brought(model, Growing(EVENING)).records == 0
    model.close()


def test_a_run_that_is_broken_off_leaves_nothing_behind(path: Path, whole: ReadModel) -> None:
    """Records and how far was read are kept together or not at all."""

    class Breaking(Growing):
        async def read(self, starts, ends):  # type: ignore[no-untyped-def]
            async for portion in super().read(starts, ends):
                yield portion
                if portion.place[0] == INCIDENTS.name:
                    raise OSError("the broker is gone")

    model = ReadModel.open(path)
    with pytest.raises(OSError, match="the broker is gone"):
        brought(model, Breaking(EVENING))
    model.close()
    model = ReadModel.open(path)
    assert model.count() == 0
    assert model.positions() == {}
    brought(model, Growing(EVENING))
    assert rows(model) == rows(whole)
    model.close()


def emptied(log: Growing) -> Growing:
    """The topics made anew: shorter than they were."""
    return Growing(log.records[:60], log.cluster)


def of_another_cluster(log: Growing) -> Growing:
    """The same records in a cluster of another id, as after a restore."""
    return Growing(log.records, "cluster-2")


def written_anew(log: Growing) -> Growing:
    """As long as before, but other records stand there."""
    return Growing([replace(one, value=b"?") for one in log.records], log.cluster)


@pytest.mark.parametrize("change", [emptied, of_another_cluster, written_anew])
def test_another_log_is_recognised(path: Path, change: object) -> None:
    """Emptied, restored or written anew: what was known of it is not mixed with what stands there now."""
    model, log = ReadModel.open(path), Growing(EVENING)
    brought(model, log)
    with pytest.raises(Unusable):
        brought(model, change(log))  # type: ignore[operator]
    model.close()


def test_what_retention_deletes_is_forgotten(path: Path) -> None:
    """An incident goes when the last of its events is deleted from the log, and not before."""
    model, log = ReadModel.open(path), Growing(EVENING)
    brought(model, log)
    before = model.count()
    log.begins[EVENTS.name, 0] = 2
    assert brought(model, log).forgotten == 1  # the exercise's only event stood at 1; the fire goes on until 3
    assert model.count() == before - 1
    model.close()


def test_a_gap_before_the_position_is_no_other_log(path: Path) -> None:
    """Retention or compaction took the record by which the log is recognised: what follows is read all the same."""
    model, log = ReadModel.open(path), Growing(EVENING[:300])
    brought(model, log)
    grown = Growing(EVENING)
    for partition in range(12):
        grown.begins[INCIDENTS.name, partition] = model.positions().get((INCIDENTS.name, partition), _NOTHING).next
    brought(model, grown)
    model.close()


class _Nothing:
    next = 0


_NOTHING = _Nothing()


def test_a_new_policy_renews_every_word(path: Path) -> None:
    """Incidents of before are found by the words of a policy that was published later."""
    policies = [one for one in EVENING if one.topic == POLICY.name]
    model, log = ReadModel.open(path), Growing([one for one in EVENING if one not in policies])
    brought(model, log)
    assert look(model, "ugunsgrēks") == []
    log.records += policies
    brought(model, log)
    assert names(look(model, "ugunsgrēks")) == FIRES
    model.close()


def test_an_unanswered_request_is_said_so_once_its_time_is_over(path: Path) -> None:
    """No record tells that nothing came; without snapshots the end of its time does."""
    records = [one for one in EVENING if not isinstance(one.record, IncidentState)]
    model, log = ReadModel.open(path), Growing(records)
    soon = max(one.appended_at for one in EVENING)
    brought(model, log, soon)
    assert look(model, "unanswered") == []
    brought(model, log, soon + timedelta(hours=12))
    assert names(look(model, "unanswered"))
    model.close()


def test_the_file_is_for_its_owner_only(path: Path) -> None:
    """What operators look for is nobody else's business; and the free text stands in it."""
    model = ReadModel.open(path)
    brought(model, Growing(EVENING))
    files = list(path.parent.iterdir())
    assert len(files) >= 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    model.close()


def a_page_of_noise(path: Path) -> None:
    """The file is damaged."""
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 8192)


def no_database(path: Path) -> None:
    """The file is something else."""
    path.write_text("notes")


def an_older_one(path: Path) -> None:
    """The file was made by another release."""
    ReadModel.open(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 999")


@pytest.mark.parametrize("harm", [a_page_of_noise, no_database, an_older_one])
def test_a_file_that_cannot_be_used_is_thrown_away_with_a_word(path: Path, harm: object, whole: ReadModel) -> None:
    """Damaged, foreign or of another release: a word, and a new one."""
    harm(path)  # type: ignore[operator]
    said: list[str] = []
    model = opened(path, said.append)
    assert len(said) == 1
    assert "made anew" in said[0]
    brought(model, Growing(EVENING))
    assert rows(model) == rows(whole)
    model.close()


def test_one_search_at_a_time_changes_the_file(path: Path) -> None:
    """A second one waits for the first, and says so when that takes too long."""
    with locked(path), pytest.raises(Busy), locked(path, within_s=0.2):
        pass
    inside, done = threading.Event(), threading.Event()

    def first() -> None:
        with locked(path):
            inside.set()
            done.wait(0.3)

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(5)
    with locked(path, within_s=10):
        done.set()
    thread.join()
