"""The present in the broker's time."""

from datetime import UTC, datetime, timedelta

from runtime.log_clock import LogClock

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)


def test_a_clock_set_wrong_changes_nothing_once_the_broker_has_spoken() -> None:
    """From the first stamp on only the seconds that pass count, whatever the machine's own clock says."""
    wall, counted_s = [NOON + timedelta(hours=1)], [50.0]
    clock = LogClock(lambda: wall[0], lambda: counted_s[0])
    before = clock.known, clock.now()
    clock.stamp(int(NOON.timestamp() * 1000))
    after = clock.known, clock.now()
    assert (before, after) == ((False, NOON + timedelta(hours=1)), (True, NOON))
    wall[0], counted_s[0] = NOON - timedelta(hours=1), 62.5
    assert clock.now() == NOON + timedelta(seconds=12.5)


def test_every_stamp_sets_it_right_again() -> None:
    """The broker's time is taken over from each record anew, forwards and backwards."""
    clock = LogClock(elapsed=lambda: 0.0)
    for moment in (NOON, NOON + timedelta(minutes=3), NOON - timedelta(minutes=3)):
        clock.stamp(int(moment.timestamp() * 1000))
        assert clock.now() == moment
