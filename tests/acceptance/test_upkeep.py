"""The way to the people, tried by itself: a canary through every partition."""

import json
import urllib.request
from collections.abc import Iterator

import pytest

from tests.acceptance.system import System
from tests.upkeep.town import until

PARTITIONS = 3
TEST_PHONE = "+37120001999"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """`borderlands up` with its sandbox and its canary."""
    system = System(tmp_path_factory.mktemp("watched"), "--partitions", str(PARTITIONS), "--canary")
    system.start()
    yield system
    assert system.stop() == 0


def _phones(system: System) -> dict[str, list[object]]:
    """The texts of every phone of the sandbox that has any."""
    with urllib.request.urlopen(f"{system.running.sandbox}/sandbox/phones", timeout=5) as answer:
        phones: dict[str, list[object]] = json.load(answer)["phones"]
    return phones


async def test_a_canary_comes_through_every_partition(watched: System) -> None:
    """From the log to the test phone and back: each partition's canary is told with its time, and no other contact."""

    def canaries() -> list[dict[str, object]]:
        return list(watched.health().get("upkeep", {}).get("canaries", []))

    await until(lambda: len(canaries()) == PARTITIONS and all(one["through_at"] for one in canaries()))
    assert all(isinstance(one["accepted_s"], float) and one["accepted_s"] > 0 for one in canaries())
    # Until one was proven to arrive, taken by the provider counts as through: the phone may be a moment later.
    await until(lambda: len(_phones(watched).get(TEST_PHONE, ())) == PARTITIONS)
    assert set(_phones(watched)) == {TEST_PHONE}
    assert watched.health()["upkeep"]["healthy"]
