"""An October of nine incidents, small enough that every figure of it can be worked out by hand.

On the night to the 25th the clock goes back an hour at 01:00 UTC. Times below are UTC.

| incident | reported | first text | answers | comes to |
|---|---|---|---|---|
| a | 25th 00:30:00 | e-mail +3 s, SMS +4 s and +6 s | chief no +64 s, desk yes +124 s | yes |
| b | 25th 00:50:00 | SMS unknown +10 s, repeated +34 s | one volunteer of three yes, 01:20:34 | partly |
| c | 31st 21:59:00 (23:59 local) | SMS +5 s | yes in November, +660 s | yes |
| f | 5th 12:00:00, a notice | SMS failed, e-mail +9 s | | |
| g | 6th 12:00:00 | SMS +7 s | cancelled +90 s, a yes after that | called off |
| h | 7th 12:00:00 | | | stays |
| i | 8th 12:00:00 | | | refused |
| l | 9th 12:00:00 | SMS +2 s, three steps | one not understood | no answer |
| m | 10th 12:00:00 | SMS +6 s | yes +36 s, taken back +100 s | no |

Besides: two exercise incidents of one exercise, a replayed report, a test, canaries, an incident of September that is
updated in October, and one of the first second of November.
"""

from datetime import UTC, datetime, timedelta

from console.logs.logged import Logged
from console.report.month import Month
from schemas.event import Need
from schemas.vocabulary import (
    Action,
    Answer,
    Channel,
    Delivery,
    EventKind,
    EventType,
    NeedKind,
    ReceiptKind,
    ReceiptReason,
    ReplyProblem,
    Status,
)
from tests.report.scene import Scene, Scope

OCTOBER = Month(2026, 10)
NOW = datetime(2026, 12, 2, 9, 0, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A moment of October 2026, UTC."""
    return datetime(2026, 10, day, hour, minute, second, tzinfo=UTC)


def after(moment: datetime, seconds: float) -> datetime:
    """So many seconds later."""
    return moment + timedelta(seconds=seconds)


def october() -> list[Logged]:
    """The whole log."""
    scene = Scene()
    scene.publish(datetime(2026, 8, 1, tzinfo=UTC))
    scene.canary(1, datetime(2026, 8, 25, tzinfo=UTC))
    _night(scene)
    _turn_of_months(scene)
    _days(scene)
    _apart(scene)
    return scene.all


def _night(scene: Scene) -> None:
    a, begun = Scope("in-a"), at(25, 0, 30)
    scene.event(a, begun)
    scene.event(a, after(begun, 10))  # the same event once more
    scene.word(a, "birzai-duty", after(begun, 3), channel=Channel.EMAIL)
    scene.word(a, "birzai-duty", after(begun, 4))
    scene.word(a, "birzai-duty", after(begun, 4))  # the same receipt once more
    scene.word(a, "birzai-chief", after(begun, 6))
    scene.word(a, "birzai-chief", after(begun, 20), Delivery.DELIVERED, reason=ReceiptReason.DELIVERED)
    scene.answer(a, "birzai-chief", Answer.DECLINE, after(begun, 64), name="re-a1")
    scene.answer(a, "birzai-chief", Answer.DECLINE, after(begun, 64), name="re-a1")  # and the same answer
    scene.answer(a, "birzai-duty", Answer.ACCEPT, after(begun, 124))
    scene.word(a, "vecumnieki-duty", after(begun, 126), news=True)  # the asking side hears of it
    scene.event(a, after(begun, 1000), kind=EventKind.UPDATE)
    scene.word(a, "birzai-duty", after(begun, 1001), about="ev-in-a-update")
    scene.event(a, after(begun, 5000), kind=EventKind.ALL_CLEAR)

    b, begun = Scope("in-b"), at(25, 0, 50)
    scene.event(b, begun)
    scene.word(b, "birzai-duty", after(begun, 10), Delivery.UNKNOWN, reason=ReceiptReason.TIMEOUT)
    scene.word(b, "birzai-duty", after(begun, 34), attempt=2)
    for number in (1, 2, 3):
        scene.word(b, f"birzai-volunteer-{number}", after(begun, 334 + number))
    scene.answer(b, "birzai-volunteer-1", Answer.ACCEPT, after(begun, 1834))


def _turn_of_months(scene: Scene) -> None:
    c, begun = Scope("in-c", "tervete-joniskis", "joniskis", "tervete", EventType.FLOOD, "joniskis"), at(31, 21, 59)
    scene.event(c, begun)
    scene.word(c, "tervete-duty", after(begun, 5))
    scene.answer(c, "tervete-duty", Answer.ACCEPT, after(begun, 660))
    scene.event(Scope("in-november"), at(31, 22))
    september = Scope("in-september", lifetime=timedelta(days=3))
    scene.event(september, OCTOBER.start - timedelta(seconds=1))
    scene.word(september, "birzai-duty", after(OCTOBER.start, 2))
    scene.event(september, after(OCTOBER.start, 600), kind=EventKind.UPDATE)
    scene.event(september, after(OCTOBER.start, 700), name="ev-september-again")


def _days(scene: Scene) -> None:
    f = Scope("in-f", "tervete-joniskis", "tervete", "joniskis", EventType.ROAD_ACCIDENT, "dobele", Action.INFORM)
    begun = at(5, 12)
    scene.event(f, begun)
    scene.word(f, "joniskis-duty", after(begun, 8), Delivery.FAILED_PERM, reason=ReceiptReason.INVALID_ADDRESS)
    scene.word(f, "joniskis-duty", after(begun, 9), channel=Channel.EMAIL)

    g, begun = Scope("in-g"), at(6, 12)
    scene.event(g, begun)
    scene.word(g, "birzai-duty", after(begun, 7))
    scene.event(g, after(begun, 90), kind=EventKind.CANCEL)
    scene.answer(g, "birzai-duty", Answer.ACCEPT, after(begun, 95))

    scene.stays(Scope("in-h", event_type=EventType.OTHER), at(7, 12))
    scene.refused(Scope("in-i", event_type=EventType.OTHER), at(8, 12))

    l, begun = Scope("in-l"), at(9, 12)  # noqa: E741 - the names are those of the table above
    scene.event(l, begun)
    scene.word(l, "birzai-duty", after(begun, 2))
    scene.word(l, "birzai-volunteer-1", after(begun, 303))
    scene.word(l, "birzai-volunteer-2", after(begun, 303), None, kind=ReceiptKind.CLAIM)
    scene.word(l, "birzai-delegate", after(begun, 605))
    scene.answer(l, "birzai-duty", None, after(begun, 610), problem=ReplyProblem.NOT_UNDERSTOOD)

    m, begun = Scope("in-m"), at(10, 12)
    scene.event(m, begun)
    scene.word(m, "birzai-duty", after(begun, 6))
    scene.answer(m, "birzai-duty", Answer.ACCEPT, after(begun, 36))
    scene.answer(m, "birzai-duty", Answer.DECLINE, after(begun, 100))


def _apart(scene: Scene) -> None:
    needs = (Need(kind=NeedKind.BOAT, count=2),)
    for number, answer in ((1, Answer.ACCEPT), (2, Answer.PARTIAL)):
        drill = Scope(f"in-drill-{number}", exercise="autumn-2026", event_type=EventType.FLOOD, needs=needs)
        scene.event(drill, at(14, 8))
        scene.word(drill, "birzai-exercise-duty", at(14, 8, 0, 5 * number))
        some = needs if answer is Answer.ACCEPT else (Need(kind=NeedKind.BOAT, count=1),)
        scene.answer(drill, "birzai-exercise-duty", answer, at(14, 8, number), amounts=some)
    scene.event(Scope("in-replayed"), at(15, 8), replayid="restore-1")
    scene.event(Scope("in-test"), at(16, 8))
    for place in (-2, -1):
        record = scene.all[place].record
        assert record is not None
        scene.all[place] = _with(scene.all[place], status=Status.TEST)
    for number in (2, 3, 4):
        scene.canary(number, at(17, number))
    scene.switch(True, at(20, 10))
    scene.switch(False, at(20, 10, 30))
    scene.switch(True, at(31, 21, 0), "birzai")
    scene.switch(False, at(31, 23, 0), "birzai")


def _with(one: Logged, **changes: object) -> Logged:
    assert one.record is not None
    record = one.record.model_copy(update=changes)
    return Logged(one.topic, one.partition, one.offset, one.appended_at, one.key, one.value, record)
