"""A ledger rebuilt from what stands on the topic ``incidents``."""

import pytest

from runtime.kafka import make_producer
from runtime.settings import Settings
from schemas.codec import encode
from schemas.incident import CURSOR_KEY, Cursor
from schemas.topics import INCIDENTS
from streams.dispatcher.restore import CursorUnreadable, restore
from tests.dispatcher.builders import T0, at
from tests.dispatcher.conftest import Bus
from tests.dispatcher.test_states import opened, snapshot, story

pytestmark = pytest.mark.kafka


async def put(settings: Settings, *records: tuple[str, bytes | None]) -> None:
    """Write ``records`` to partition 1 of the topic, in order."""
    async with make_producer(settings) as producer:
        for key, value in records:
            await producer.send_and_wait(INCIDENTS.name, value, key=key.encode(), partition=1)


@pytest.mark.usefixtures("bus")
async def test_the_newest_snapshot_of_each_incident_and_the_newest_cursor_count(settings: Settings) -> None:
    """Older snapshots and cursors change nothing, a tombstone forgets, and what cannot be read is set aside."""
    first, *_, last = story()
    other = opened("in-other").state
    assert other is not None
    cursors = [Cursor(partition=1, offsets={"decisions": offset}, at=T0) for offset in (3, 7)]
    old, new = (encode(INCIDENTS, cursor, source="test", at=T0).value for cursor in cursors)
    await put(
        settings,
        (first.incident_id, snapshot(first)),
        ("in-gone", snapshot(first).replace(first.incident_id.encode(), b"in-gone")),
        (CURSOR_KEY, old),
        ("in-junk", b"\xff no state"),
        ("in-other", snapshot(other)),
        ("in-gone", None),
        (last.incident_id, snapshot(last)),
        (CURSOR_KEY, new),
    )
    ledger = await restore(settings, 1)
    assert (ledger.state_of(last.incident_id), ledger.state_of("in-other")) == (last, other)
    assert ledger.state_of("in-gone") is None
    assert "cannot be read" in ((ledger.state_of("in-junk") or other).quarantined or "")
    assert (len(ledger.incidents), ledger.offsets) == (3, {"decisions": 7})
    assert ledger.next_due() == at(4 * 3600)
    assert len((await restore(settings, 0)).incidents) == 0


async def test_a_cursor_that_cannot_be_read_gives_way_to_the_one_before_it(bus: Bus, settings: Settings) -> None:
    """Junk among the cursors was not written by a dispatcher; where there is nothing but junk, it does not start.

    Nobody knows then how far the partition was read: reading it again from its beginning could tell people twice.
    """
    good = encode(INCIDENTS, Cursor(partition=1, offsets={"decisions": 5}, at=T0), source="test", at=T0).value
    await bus.raw(INCIDENTS, b"{}", partition=1, key=CURSOR_KEY.encode())
    with pytest.raises(CursorUnreadable, match="partition 1"):
        await restore(settings, 1)
    await put(settings, (CURSOR_KEY, good), (CURSOR_KEY, b"junk"), (CURSOR_KEY, None))
    assert (await restore(settings, 1)).offsets == {"decisions": 5}
