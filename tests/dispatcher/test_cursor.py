"""The reading position on a partition of `incidents`, with rubbish written beside it."""

import pytest

from runtime.settings import Settings
from schemas.incident import CURSOR_KEY, Cursor
from schemas.topics import INCIDENTS
from streams.dispatcher.restore import CursorUnreadable, restore
from tests.dispatcher.builders import T0
from tests.dispatcher.conftest import Bus

pytestmark = pytest.mark.kafka

KEY = CURSOR_KEY.encode()


def cursor(decisions: int) -> bytes:
    """A reading position as a dispatcher writes it."""
    return Cursor(partition=0, offsets={"decisions": decisions}, at=T0).model_dump_json().encode()


async def test_rubbish_in_the_place_of_a_cursor_does_not_stop_a_dispatcher(bus: Bus, settings: Settings) -> None:
    """Written after the newest cursor or between two, it is passed over: the newest that can be read counts."""
    await bus.raw(INCIDENTS, cursor(3), key=KEY)
    await bus.raw(INCIDENTS, b"{", key=KEY)
    assert (await restore(settings, 0)).offsets == {"decisions": 3}
    await bus.raw(INCIDENTS, cursor(5), key=KEY)
    await bus.raw(INCIDENTS, b'{"record": "cursor"}', key=KEY)
    assert (await restore(settings, 0)).offsets == {"decisions": 5}


async def test_without_any_readable_cursor_a_dispatcher_stops(bus: Bus, settings: Settings) -> None:
    """Where only rubbish is left, nobody knows what was applied, and it must not begin anew by itself."""
    await bus.raw(INCIDENTS, b"{", key=KEY)
    with pytest.raises(CursorUnreadable, match="partition 0"):
        await restore(settings, 0)
