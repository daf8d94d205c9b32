"""The room in which records wait: in order by incident and contact, whoever is let go first."""

from typing import cast

from aiokafka import ConsumerRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.progress import Progress
from notifiers.waiting import Waiter, WaitingRoom


class _Record:
    """Where a record stands is all a room looks at."""

    def __init__(self, partition: int, offset: int) -> None:
        self.partition, self.offset = partition, offset


def one(partition: int, offset: int, contact: str = "ruta", party: str = "birzai") -> Waiter:
    """One that waits."""
    record = cast("ConsumerRecord[bytes, bytes]", _Record(partition, offset))
    return Waiter(record, Progress(), ("in-1", contact), ("vecumnieki", party))


def test_who_is_let_go_leaves_in_the_order_of_the_log() -> None:
    """However they came in; and at most as many as there is room for."""
    room = WaitingRoom()
    for offset in (5, 1, 3):
        room.enter(one(0, offset))
    assert [w.record.offset for w in room.take(lambda _: True, 2)] == [1, 3]
    assert (len(room), room.of(0)) == (1, 1)


def test_nobody_overtakes_what_came_before_for_the_same_contact() -> None:
    """A text that is free waits behind one of the same incident and contact that is not."""
    room = WaitingRoom()
    room.enter(one(0, 1, party="birzai"))
    room.enter(one(0, 2, party="rokiskis"))
    room.enter(one(0, 3, contact="jonas", party="rokiskis"))
    taken = room.take(lambda w: w.parties[1] == "rokiskis", 10)
    assert [w.record.offset for w in taken] == [3]
    assert room.holds(("in-1", "ruta"))
    assert not room.holds(("in-1", "jonas"))


def test_what_waits_on_a_partition_that_goes_away_is_forgotten() -> None:
    """Somebody else has it now."""
    room = WaitingRoom()
    room.enter(one(0, 1))
    room.enter(one(1, 1))
    room.drop([0, 7])
    assert (room.of(0), room.of(1), len(room)) == (0, 1, 1)
    assert room.holds(("in-1", "ruta"))
    room.drop([1])
    assert not room.holds(("in-1", "ruta"))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20), st.sampled_from("abc")), max_size=40),
    st.sets(st.sampled_from("abc")),
    st.integers(0, 50),
)
def test_the_room_forgets_nobody_and_counts_right(
    spots: list[tuple[int, int, str]], free: set[str], at_most: int
) -> None:
    """Whoever went in is taken or still there, each once."""
    room = WaitingRoom()
    wanted = {(partition, offset): contact for partition, offset, contact in spots}
    for (partition, offset), contact in wanted.items():
        room.enter(one(partition, offset, contact))
    taken = room.take(lambda w: w.key[1] in free, at_most)
    left = list(room)
    assert len(taken) <= at_most
    assert {(w.record.partition, w.record.offset) for w in [*taken, *left]} == set(wanted)
    assert len(taken) + len(left) == len(wanted)
    for contact in "abc":
        assert room.holds(("in-1", contact)) == any(w.key[1] == contact for w in left)
