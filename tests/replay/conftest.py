"""The whole system as real processes, for what is said about records that must not reach anybody."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.acceptance.night import Night
from tests.acceptance.system import System


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """`borderlands up`, healthy, with three partitions and a sandbox that does not queue."""
    system = System(tmp_path_factory.mktemp("system"), "--partitions", "3", "--session-timeout", "6")
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
