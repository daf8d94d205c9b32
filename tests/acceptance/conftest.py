"""The running system, once for all stories of this folder."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.acceptance.ladders import Field, short_ladders
from tests.acceptance.night import Night
from tests.acceptance.system import System


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """`borderlands up`, healthy, with six partitions and a sandbox that does not queue."""
    system = System(tmp_path_factory.mktemp("system"), "--partitions", "6", "--session-timeout", "6")
    system.start()
    yield system
    assert system.stop() == 0


@pytest.fixture
async def night(system: System) -> AsyncIterator[Night]:
    """A story on the running system."""
    sandbox_url = system.running.sandbox
    assert sandbox_url is not None
    async with Night(system.settings, sandbox_url) as night:
        yield night


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """`borderlands up` with both SMS providers and ladders of seconds, for the stories of one file.

    A yes without a code means the one request that is open for its sender: what the stories of another file leave open
    would make it unclear.
    """
    home = tmp_path_factory.mktemp("town")
    system = System(
        home / "home",
        *("--policy", str(short_ladders(home / "policy")), "--partitions", "6", "--session-timeout", "6"),
        environment={
            "BORDERLANDS_SMS_PROVIDERS": "twilio,smpp",
            "BORDERLANDS_GATEWAY__POLL_S": "2",
            "BORDERLANDS_TWILIO__TIMEOUT_S": "3",
            "BORDERLANDS_NOTIFIER__RECONCILE_PAUSE_S": "1",
        },
    )
    system.start()
    yield system
    assert system.stop() == 0


@pytest.fixture
async def field(town: System) -> AsyncIterator[Field]:
    """One story of people who are asked for help."""
    async with Field(town) as field:
        yield field
