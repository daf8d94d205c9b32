"""Past events made into an exercise: new ids and times, nobody real, the same again for the same run."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from console.logs.logged import Logged
from console.replay.drill import Act, closings, event_of, is_over, originals, plan_of, run_id
from console.replay.exercise import Prepared, perform
from console.replay.reached import Reached, judged
from runtime.kafka import partition_for
from schemas.event import EmergencyEvent, FreeText, PsapNotified
from schemas.policy.directory import Directory
from schemas.policy.directory_file import load_directory
from schemas.policy.models import Policy
from schemas.vocabulary import EventKind, EventType, Origin, Severity, Status
from tests.console.conftest import SHIPPED
from tests.contract.records import shipped_policy

PEOPLE = load_directory(SHIPPED / "directory.example.yaml")
LAST_YEAR = datetime(2025, 7, 4, 18, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def event(name: str, kind: EventKind = EventKind.REPORT, **changes: Any) -> EmergencyEvent:
    """An ice rescue near Gārsene last year, or what followed it."""
    values: dict[str, Any] = {
        "event_id": name,
        "incident_id": "in-ice",
        "kind": kind,
        "status": Status.ACTUAL,
        "origin": Origin.LIVE,
        "reporting_party": "akniste",
        "psap_notified": PsapNotified(notified=True, at=LAST_YEAR, reference="112-7"),
        "occurred_at": LAST_YEAR - timedelta(minutes=10),
        "reported_at": LAST_YEAR,
        "expires_at": LAST_YEAR + timedelta(hours=2),
        "recorded_at": LAST_YEAR,
    }
    if kind in (EventKind.REPORT, EventKind.UPDATE):
        values |= {
            "event_type": EventType.ICE_RESCUE,
            "severity": Severity.SEVERE,
            "place": {"name": "Gārsene"},
            "needs": ({"kind": "boat", "count": 1},),
        }
    return EmergencyEvent.model_validate(values | changes)


def log(*events: EmergencyEvent, gap_s: float = 60) -> list[Logged]:
    """Those events, a minute apart."""
    return [
        Logged(
            "events", partition_for(one.incident_id, 3), number, LAST_YEAR + timedelta(seconds=number * gap_s),
            one.incident_id.encode(), b"?", one,
        )
        for number, one in enumerate(events)
    ]  # fmt: skip


STORY = (event("ev-1"), event("ev-2", EventKind.UPDATE), event("ev-3", EventKind.CANCEL))


def test_each_event_becomes_one_of_an_exercise_that_keeps_its_distances() -> None:
    """New ids, another status and origin, what it was made from; and every time as far from the report as it was."""
    plan = plan_of(log(*STORY), "ex-run", 60)
    assert [act.after_s for act in plan.acts] == [0, 1, 2]
    made = [event_of(act, plan.exerciseid, NOW)[0] for act in plan.acts]
    first = made[0]
    assert (first.status, first.origin, first.exerciseid) == (Status.EXERCISE, Origin.EXERCISE, "ex-run")
    assert [one.derivedfrom for one in made] == ["ev-1", "ev-2", "ev-3"]
    assert {one.incident_id for one in made}.isdisjoint({"in-ice"})
    assert len({one.incident_id for one in made}) == 1, "follow-ups follow their incident"
    assert len({one.event_id for one in made} | {"ev-1", "ev-2", "ev-3"}) == 6
    assert (first.reported_at, first.expires_at) == (NOW, NOW + timedelta(hours=2))
    assert first.occurred_at == NOW - timedelta(minutes=10)
    assert first.psap_notified.at == NOW
    assert (first.place, first.needs) == (STORY[0].place, STORY[0].needs)


def test_the_ids_are_those_of_the_run_and_no_other() -> None:
    """The same run names its events the same again; the next run names them otherwise."""
    records = log(*STORY)
    ids = [run_id(records, 1), run_id(list(reversed(records)), 1), run_id(records, 2), run_id(records[:2], 1)]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    plans = [plan_of(records, name, 1) for name in (ids[0], ids[0], ids[2])]
    assert [act.event_id for act in plans[0].acts] == [act.event_id for act in plans[1].acts]
    assert {act.incident_id for act in plans[0].acts}.isdisjoint(act.incident_id for act in plans[2].acts)


def test_personal_data_are_looked_for_again() -> None:
    """What stands on the old log in clear, since nobody knew it for what it is, does not go out a second time."""
    original = event("ev-1", text=FreeText(text="Zvanīt Jānim 29123456", language="lv"))
    (act,) = plan_of(log(original), "ex-run", 1).acts
    made, notes = event_of(act, "ex-run", NOW)
    assert made.text is not None
    assert "29123456" not in made.text.text
    assert len(notes) == 1


def test_a_mark_of_a_restore_does_not_pass_into_the_exercise() -> None:
    """A restored log can be practised with: what goes out are new events of an exercise, not the restored ones."""
    (act,) = plan_of(log(event("ev-1", replayid="rp-1")), "ex-run", 1).acts
    made, _ = event_of(act, "ex-run", NOW)
    assert (made.replayid, made.origin) == (None, Origin.EXERCISE)


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ((event("ev-2", EventKind.UPDATE),), "first report"),
        ((event("ev-1", origin="exercise", status="Exercise", exerciseid="ex-0"),), "no real event"),
        ((event("ev-1", status="Test"),), "no real event"),
    ],
)
def test_what_is_no_part_of_an_exercise_is_left_out_with_a_reason(records: Iterable[EmergencyEvent], why: str) -> None:
    """A follow-up without its report would alert somebody by itself; and an exercise is not made of exercises."""
    kept, left_out = originals(log(*records), None)
    assert kept == ()
    assert why in left_out[0]


def test_an_event_written_twice_is_one() -> None:
    """And another incident than the one asked for is none."""
    records = log(event("ev-1"), event("ev-1"), event("ev-9", incident_id="in-other"))
    kept, left_out = originals(records, "in-ice")
    assert [one.offset for one in kept] == [0]
    assert left_out == ()


def reached_by(*events: EmergencyEvent, directory: Directory = PEOPLE, policy: Policy | None = None) -> Reached:
    """Whom an exercise made of those events reaches."""
    plan = plan_of(originals(log(*events), None)[0], "ex-run", 60)
    return judged(plan, policy or shipped_policy(), (), directory, NOW)


def test_it_is_known_beforehand_whom_the_whole_exercise_reaches() -> None:
    """Exercise contacts only, each said once, and how many texts that makes."""
    one, all_three = reached_by(STORY[0]), reached_by(*STORY)
    assert (all_three.faults, len(all_three.plan.acts)) == ((), 3)
    assert all("-exercise-" in line for line in all_three.lines)
    assert all_three.lines == one.lines
    assert one.at_once == 4, "desk and chief, by text and mail"
    assert (all_three.at_once, all_three.in_all) == (3 * one.at_once, 3 * one.in_all)
    assert all_three.parties >= {"akniste", "rokiskis"}


def test_somebody_real_anywhere_in_it_is_a_fault_of_the_whole() -> None:
    """Though the first event alone reaches nobody real."""
    contacts = {**PEOPLE.contacts, "rokiskis-exercise-chief": PEOPLE.contacts["rokiskis-chief"]}
    reached = reached_by(*STORY, directory=Directory(fictional=True, contacts=contacts))
    assert reached.faults == ("rokiskis-exercise-chief (rokiskis fire_chief) is there for real events",)


def test_what_would_be_refused_today_is_left_out_with_all_that_follows() -> None:
    """A place that the policy does not know any more."""
    reached = reached_by(event("ev-1", place={"name": "Atlantis"}), *STORY[1:])
    assert reached.plan.acts == ()
    assert len(reached.plan.left_out) == 3
    assert "refused today" in reached.plan.left_out[0]
    assert "its first report was left out" in reached.plan.left_out[1]


def test_what_was_opened_is_closed_when_it_is_broken_off() -> None:
    """By each who asked, and only what is not over: nobody is left waiting."""
    others = (event("ev-5", incident_id="in-b"), event("ev-6", incident_id="in-b", reporting_party="rokiskis"))
    plan = plan_of(log(*STORY, *others), "ex-run", 1)
    over = list(closings(plan, plan.acts, NOW))
    assert [(one.kind, one.reporting_party) for one in over] == [
        (EventKind.ALL_CLEAR, "akniste"),
        (EventKind.ALL_CLEAR, "rokiskis"),
    ]
    assert {one.incident_id for one in over} == {plan.acts[3].incident_id}
    assert all(one.origin is Origin.EXERCISE and one.exerciseid == "ex-run" for one in over)
    assert not is_over(plan, frozenset({plan.acts[0].event_id}))
    assert is_over(plan, frozenset({over[0].event_id}))
    assert is_over(plan, frozenset(act.event_id for act in plan.acts))


class Stage:
    """What was written, and what says stop: before event number ``stops_at`` (0 is the first)."""

    def __init__(self, stops_at: int | None = None) -> None:
        self.written: list[EmergencyEvent] = []
        self.stop, self.begun = asyncio.Event(), asyncio.Event()
        self._stops_at = stops_at

    async def write(self, one: EmergencyEvent) -> None:
        """As the producer does."""
        self.written.append(one)
        self.begun.set()

    async def judge(self, one: EmergencyEvent | None) -> str | None:
        """A switch that is on from some event on."""
        return "a switch is on" if one is not None and len(self.written) == self._stops_at else None


def prepared(*events: EmergencyEvent, written: Iterable[str] = ()) -> Prepared:
    """A quick exercise made of those events."""
    reached = reached_by(*events)
    acts = tuple(replace(act, after_s=act.after_s / 100) for act in reached.plan.acts)
    return Prepared(replace(reached.plan, acts=acts), reached, frozenset(written))


async def test_events_go_out_in_order_and_nothing_is_called_off_at_the_end() -> None:
    """A finished exercise goes on by itself, as a real evening would."""
    stage = Stage()
    ended = await perform(prepared(*STORY), write=stage.write, judge=stage.judge, stop=stage.stop)
    assert [one.derivedfrom for one in stage.written] == ["ev-1", "ev-2", "ev-3"]
    assert (ended.why, ended.left, ended.called_off) == (None, [], [])


async def test_a_switch_that_is_set_meanwhile_ends_it_and_what_is_open_is_called_off() -> None:
    """What was not sent is named; nobody waits for an exercise that does not go on."""
    stage = Stage(stops_at=1)
    ended = await perform(prepared(*STORY), write=stage.write, judge=stage.judge, stop=stage.stop)
    assert ended.why == "a switch is on"
    assert [one.kind for one in stage.written] == [EventKind.REPORT, EventKind.ALL_CLEAR]
    assert [act.original.event_id for act in ended.left] == ["ev-2", "ev-3"]
    assert [one.incident_id for one in ended.called_off] == [stage.written[0].incident_id]


async def test_ctrl_c_ends_it_while_it_waits() -> None:
    """At once, and not when the next event is due."""
    stage = Stage()
    slow = prepared(*STORY)
    acts = (slow.plan.acts[0], *(replace(act, after_s=3600.0) for act in slow.plan.acts[1:]))
    slow = replace(slow, plan=replace(slow.plan, acts=acts))
    running = asyncio.create_task(perform(slow, write=stage.write, judge=stage.judge, stop=stage.stop))
    async with asyncio.timeout(10):
        await stage.begun.wait()
        stage.stop.set()
        ended = await running
    assert ended.why == "you asked for it"
    assert [one.kind for one in stage.written] == [EventKind.REPORT, EventKind.ALL_CLEAR]


async def test_what_an_earlier_run_wrote_is_not_written_again() -> None:
    """It goes on where it stopped, without waiting for what is over."""
    known: list[Act] = list(prepared(*STORY).plan.acts[:2])
    stage = Stage()
    again = prepared(*STORY, written=[act.event_id for act in known])
    await perform(again, write=stage.write, judge=stage.judge, stop=stage.stop)
    assert [one.derivedfrom for one in stage.written] == ["ev-3"]
