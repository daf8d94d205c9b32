"""The way to the people, tried by itself: a canary through every partition."""

import json
import urllib.request
from collections.abc import Iterator

import pytest

from schemas.event import Service
from schemas.vocabulary import ServiceKind, Status, Template
from streams.rules.incidents.effects import Emit
from streams.rules.incidents.fold import fold
from tests.acceptance.system import System
from tests.dispatcher.builders import CHIEF, at, decision, route
from tests.upkeep.town import until

PARTITIONS = 3
TEST_PHONE = "+37120001999"


def _dispatcher_knows_them() -> bool:
    """Whether the rules of incidents give a service event the text of its kind."""
    service = Service(kind=ServiceKind.CANARY)
    record = decision("ev-1", route(CHIEF), incident_id="cn-1", status=Status.SYSTEM, service=service)
    effects = fold(None, record, partition=0, codes_in_use=(), now=at(0)).effects
    return any(isinstance(one, Emit) and one.notification.template is Template.CANARY for one in effects)


pytestmark = pytest.mark.skipif(
    not _dispatcher_knows_them(), reason="the rules of incidents give service events no text of their own yet"
)


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
    phones = _phones(watched)
    assert set(phones) == {TEST_PHONE}
    assert len(phones[TEST_PHONE]) == PARTITIONS
    assert watched.health()["upkeep"]["healthy"]
