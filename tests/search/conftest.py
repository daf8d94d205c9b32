"""The read model of a real evening, and a log in memory that can be read from where one left off."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from console.logs.logged import Logged
from console.search.bring import Brought, bring_up_to_date
from console.search.feed import FED_BY, Place, Portion, position_after
from console.search.model import ReadModel
from tests.audit.evening import evening

EVENING = evening()
LATER = max(one.appended_at for one in EVENING) + timedelta(minutes=10)


class Growing:
    """The topics of a cluster, to which a test adds and from which it takes; as ``LiveFeed`` gives them."""

    def __init__(self, records: list[Logged], cluster: str = "cluster-1") -> None:
        self.records, self.cluster = list(records), cluster
        self.begins: dict[Place, int] = {}

    async def identity(self) -> str:
        """The cluster's name."""
        return self.cluster

    async def bounds(self) -> dict[Place, tuple[int, int]]:
        """First and end of every partition that has ever had a record."""
        found: dict[Place, tuple[int, int]] = {}
        for topic in FED_BY:
            for partition in range(topic.partition_count(12)):
                offsets = [one.offset for one in self.records if (one.topic, one.partition) == (topic.name, partition)]
                begin = self.begins.get((topic.name, partition), 0)
                found[topic.name, partition] = begin, max(offsets, default=begin - 1) + 1
        return found

    async def read(self, starts: dict[Place, int], ends: dict[Place, int]) -> AsyncIterator[Portion]:
        """The records from ``starts`` to ``ends``, two at a time."""
        for place, start in starts.items():
            here = [
                one
                for one in self.records
                if (one.topic, one.partition) == place
                and max(start, self.begins.get(place, 0)) <= one.offset < ends[place]
            ]
            for number in range(0, len(here), 2):
                batch = here[number : number + 2]
                last = batch[-1]
                at = str(round(last.appended_at.timestamp() * 1000))
                yield Portion(place, batch, position_after(last.offset, at, last.value))


def brought(model: ReadModel, feed: Growing, now: datetime = LATER) -> Brought:
    """``model`` brought up to date from ``feed``."""
    return asyncio.run(bring_up_to_date(model, feed, None, now))


@pytest.fixture(scope="package")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadModel]:
    """The read model of the whole evening."""
    model = ReadModel.open(tmp_path_factory.mktemp("read") / "topics.sqlite")
    brought(model, Growing(EVENING))
    yield model
    model.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a read model of the test's own stands."""
    return tmp_path / "topics.sqlite"
