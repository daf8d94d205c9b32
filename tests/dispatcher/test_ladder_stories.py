"""Requests for help on a real Kafka: whoever answers, whatever dies, each ends, and the asking side knows how."""

import asyncio
import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from runtime.settings import Settings
from schemas.control import DutySwap
from schemas.incident import Ending, IncidentState
from schemas.topics import CONTROL, DECISIONS, INCIDENTS, RECEIPTS
from schemas.vocabulary import Answer, Delivery, EventKind, Template
from tests.dispatcher.builders import claim, outcome
from tests.dispatcher.conftest import PARTITIONS, Bus, dispatching, process
from tests.dispatcher.field import ANSWER_S, QUICK, QUICK_CROWD, Field, field, publish
from tests.rules.ladders import CHIEF, DELEGATE, DESK, PARTNER, VOLUNTEERS, rules, staff

pytestmark = pytest.mark.kafka

FIRST = [DESK.contact_id, CHIEF.contact_id]
CROWD = [DESK.model_copy(update={"role": "volunteers", "contact_id": contact}) for contact in VOLUNTEERS]
QUIET_S = 1.5
"""Nothing is sent for so long after the last that was to come."""

KILLS = int(os.environ.get("LADDER_KILLS", "3"))
"""How often a dispatcher is killed in the middle of its ladders; LADDER_KILLS=50 plays a long night."""


async def ending(bus: Bus, incident: str = "in-peat-fire") -> Ending | None:
    """How the request of ``incident`` ended, by its newest snapshot."""
    states = [one for _, _, one in await bus.read(INCIDENTS) if isinstance(one, IncidentState)]
    climbs = [duty.climb for one in states if one.incident_id == incident for duty in one.obligations]
    return climbs[-1].ended if climbs and climbs[-1] is not None else None


async def quiet() -> None:
    """Let a rung's time pass, and a little more."""
    await asyncio.sleep(ANSWER_S + QUIET_S)


async def test_accepted_at_the_first_text(bus: Bus, settings: Settings) -> None:
    """The chief says yes: the asking side is told who comes, and nobody else is ever woken."""
    async with field(bus) as people, dispatching(settings):
        await people.ask()
        await people.until(lambda: len(people.woken()) == 2)
        await people.say(CHIEF.contact_id, eta_min=20)
        await people.until(lambda: len(people.news()) == 1)
        await quiet()
        assert people.woken() == FIRST
        (news,) = people.news()
    assert news.answer is not None
    assert (news.template, news.answer.role, news.answer.eta_min) == (Template.ANSWERED, "fire_chief", 20)
    assert await ending(bus) is Ending.ACCEPTED


async def test_declined_and_then_the_second_step_accepts(bus: Bus, settings: Settings) -> None:
    """When both have said no the next are asked at once, without waiting out the time."""
    async with field(bus) as people, dispatching(settings):
        await people.ask()
        await people.until(lambda: len(people.woken()) == 2)
        for contact in FIRST:
            await people.say(contact, Answer.DECLINE)
        await people.until(lambda: len(people.woken()) == 6)
        for contact in VOLUNTEERS[:3]:
            await people.say(contact)
        await people.until(lambda: any(n.answer and n.answer.coming == 3 for n in people.news()))
        answers = [note.answer.answer for note in people.news() if note.answer]
    assert answers[:2] == [Answer.DECLINE, Answer.DECLINE]
    assert await ending(bus) is Ending.ENOUGH


async def test_silence_to_the_end(bus: Bus, settings: Settings) -> None:
    """Every rung gets its whole time after a provider took its texts; then the asking side learns of the silence."""
    async with field(bus) as people, dispatching(settings):
        await people.ask()
        await people.until(lambda: bool(people.news()), timeout_s=60)
        (news,) = people.news()
        woken = people.woken()
        orders = {note.contact_id: at for note, at in people.arrived}
    assert woken == [*FIRST, *VOLUNTEERS, DELEGATE.contact_id]
    assert (news.template, news.answer and news.answer.tried) == (
        Template.UNANSWERED,
        ("duty_desk", "fire_chief", "volunteers", "delegate"),
    )
    assert orders[VOLUNTEERS[0]] - orders[DESK.contact_id] >= timedelta(seconds=ANSWER_S)
    assert orders[DELEGATE.contact_id] - orders[VOLUNTEERS[0]] >= timedelta(seconds=ANSWER_S)
    assert await ending(bus) is Ending.UNANSWERED


async def test_a_reply_just_before_the_deadline_and_one_just_after(bus: Bus, settings: Settings) -> None:
    """The one wakes nobody more; the other comes when the next have been woken, and is told just the same."""
    async with field(bus) as people, dispatching(settings):
        await people.ask(incident_id="in-before", partition=0)
        await people.ask(incident_id="in-after", partition=1, event="ev-2")
        await people.until(lambda: len(people.woken()) == 4)
        await asyncio.sleep(ANSWER_S / 2)
        await people.say(CHIEF.contact_id, incident="in-before", partition=0)
        await people.until(lambda: len(people.woken("in-after")) == 6)
        await people.say(CHIEF.contact_id, incident="in-after", partition=1)
        await people.until(lambda: len(people.news()) == 2)
        await quiet()
        assert people.woken("in-before") == FIRST
        assert people.woken("in-after") == [*FIRST, *VOLUNTEERS]
    assert [await ending(bus, name) for name in ("in-before", "in-after")] == [Ending.ACCEPTED] * 2


async def test_an_unread_yes_comes_before_the_overdue_step(bus: Bus, settings: Settings) -> None:
    """Answered and overdue while the dispatcher was down: the yes counts, and nobody is woken."""
    async with field(bus) as people:
        async with dispatching(settings):
            await people.ask()
            await people.until(lambda: len(people.woken()) == 2)
            await bus.wait_cursor("receipts", 4)
        await asyncio.sleep(ANSWER_S)
        await people.say(DESK.contact_id)
        async with dispatching(settings):
            await people.until(lambda: len(people.news()) == 1)
            await asyncio.sleep(QUIET_S)
        assert people.woken() == FIRST


async def test_two_helpers_at_once(bus: Bus, settings: Settings) -> None:
    """Both are told, and only one of them as the first yes."""
    async with field(bus) as people, dispatching(settings):
        await people.ask()
        await people.until(lambda: len(people.woken()) == 2)
        await asyncio.gather(people.say(DESK.contact_id), people.say(CHIEF.contact_id))
        await people.until(lambda: len(people.news()) == 2)
        await quiet()
        told = [(note.answer.role, note.answer.first) for note in people.news() if note.answer]
        assert people.woken() == FIRST
    assert {role for role, _ in told} == {"duty_desk", "fire_chief"}
    assert sorted(first for _, first in told) == [False, True]


async def test_volunteers_until_enough(bus: Bus, settings: Settings) -> None:
    """Three of four are enough: the fourth is told so, nobody further is woken, and the heads are told."""
    async with field(bus) as people, dispatching(settings):
        await people.ask(*CROWD, ladder=QUICK_CROWD)
        await people.until(lambda: len(people.woken()) == 4)
        for contact in VOLUNTEERS[:3]:
            await people.say(contact, eta_min=8)
        await people.until(lambda: bool(people.texts(Template.ENOUGH)))
        await quiet()
        assert people.woken() == list(VOLUNTEERS)
        assert [note.contact_id for note in people.texts(Template.ENOUGH)] == [VOLUNTEERS[3]]
        last = people.news()[-1].answer
    assert last is not None
    assert (last.coming, last.asked, last.eta_min) == (3, 4, 8)


async def test_an_update_while_the_second_step_waits_and_a_cancel_after_it(bus: Bus, settings: Settings) -> None:
    """The update reaches those of both rungs, the cancel too, and then nobody is woken any more."""
    async with field(bus) as people, dispatching(settings):
        first = await people.ask()
        await people.until(lambda: len(people.woken()) == 6)
        update = {"event_id": "ev-2", "kind": EventKind.UPDATE}
        await bus.write(DECISIONS, first.model_copy(update=update))
        await people.until(lambda: len(people.texts(Template.UPDATE)) == 6)
        cancel = {"event_id": "ev-3", "kind": EventKind.CANCEL, "routes": ()}
        await bus.write(DECISIONS, first.model_copy(update=cancel))
        await people.until(lambda: len(people.texts(Template.CANCEL)) == 6)
        await quiet()
        assert (people.woken(), people.news()) == ([*FIRST, *VOLUNTEERS], [])
    assert await ending(bus) is Ending.CALLED_OFF


async def test_a_cancel_while_a_send_is_in_flight(bus: Bus, settings: Settings) -> None:
    """A text claimed as the cancel comes is followed by it when the provider has taken it."""
    async with field(bus) as people, dispatching(settings):
        people.taken = lambda note: note.template is Template.CANCEL
        first = await people.ask(DESK)
        (alert,) = await bus.wait_notifications(1)
        await bus.write(RECEIPTS, claim(alert))
        await bus.write(
            DECISIONS, first.model_copy(update={"event_id": "ev-2", "kind": EventKind.CANCEL, "routes": ()})
        )
        await asyncio.sleep(0.5)
        assert len(await bus.notifications()) == 1
        await bus.write(RECEIPTS, outcome(alert, Delivery.SENT))
        await people.until(lambda: len(people.texts(Template.CANCEL)) == 1)


async def test_a_policy_that_comes_late_is_waited_for(bus: Bus, settings: Settings) -> None:
    """Nobody is skipped while the version that a decision names has not been read."""
    other = rules(ladders=(QUICK,), staff=staff(fire_chief=(CHIEF.contact_id, "birzai-deputy")))
    async with field(bus) as people, dispatching(settings):
        await people.ask(policy_version=other.version)
        await people.until(lambda: len(people.woken()) == 2)
        await quiet()
        assert people.woken() == FIRST
        await publish(bus, other)
        await people.until(lambda: len(people.woken()) == 6)


def _swap(substitute: str) -> DutySwap:
    now = datetime.now(tz=UTC)
    return DutySwap(
        swap_id="sw-1", party=PARTNER, role="delegate", contact_id=DELEGATE.contact_id, substitute=substitute,
        start=now - timedelta(hours=1), end=now + timedelta(hours=1), by="test", at=now,
    )  # fmt: skip


async def test_duty_changes_while_the_ladder_runs(bus: Bus, settings: Settings) -> None:
    """Whoever stands in when a rung's turn comes is called, whatever held when the request was decided."""
    policy = rules(ladders=(QUICK,), staff=staff(reserve=("birzai-night",)))
    async with field(bus) as people, dispatching(settings):
        await publish(bus, policy)
        await people.ask(policy_version=policy.version)
        await people.until(lambda: len(people.woken()) == 2)
        await bus.write(CONTROL, _swap("birzai-night"))
        await people.until(lambda: len(people.woken()) == 7)
        assert people.woken()[-1] == "birzai-night"


async def test_a_partition_moves_in_the_middle_of_its_ladders(bus: Bus, settings: Settings) -> None:
    """While a second dispatcher comes and goes, every ladder climbs to its end once."""
    async with field(bus) as people, dispatching(settings):
        names = [f"in-{number}" for number in range(6)]
        for number, name in enumerate(names):
            await people.ask(incident_id=name, event=f"ev-{number}", partition=number % PARTITIONS)
        await people.until(lambda: len(people.woken()) == 12)
        async with dispatching(settings):
            await people.until(lambda: len(people.woken()) == 36, timeout_s=60)
        await people.until(lambda: len(people.news()) == 6, timeout_s=60)
        await asyncio.sleep(QUIET_S)
        climbed_once(people, names)


def climbed_once(people: Field, names: list[str]) -> None:
    """Hold that every request woke everybody once, and that its silence was told once."""
    for name in names:
        assert Counter(people.woken(name)) == Counter([*FIRST, *VOLUNTEERS, DELEGATE.contact_id]), name
        assert [note.template for note in people.news(name)] == [Template.UNANSWERED], name


@pytest.mark.timeout(240 + 8 * KILLS)
async def test_a_dispatcher_killed_again_and_again_climbs_each_ladder_once(bus: Bus, settings: Settings) -> None:
    """Killed with -9 at random moments, it wakes nobody twice, and the asking side learns of each end once."""
    chance = random.Random(5)
    silent, heard = [f"in-silent-{number}" for number in range(6)], [f"in-heard-{number}" for number in range(6)]
    places = {name: number % PARTITIONS for number, name in enumerate([*silent, *heard])}
    async with field(bus) as people:
        for number, (name, partition) in enumerate(places.items()):
            await people.ask(incident_id=name, event=f"ev-{number}", partition=partition)
        for turn in range(KILLS):
            with process(settings, "dispatcher-1") as victim:
                if turn == KILLS // 2:
                    await people.until(lambda: all(people.woken(name) for name in heard), timeout_s=60)
                    for name in heard:
                        await people.say(CHIEF.contact_id, incident=name, partition=places[name])
                await asyncio.sleep(chance.uniform(0.5, 4.0))
                victim.kill()
                await asyncio.to_thread(victim.wait, 10)
        with process(settings, "dispatcher-1"):
            await people.until(lambda: _all_told(people, silent, heard), timeout_s=90)
            await quiet()
        climbed_once(people, silent)
        for name in heard:
            told = Counter(note.template for note in people.news(name))
            assert max(Counter(people.woken(name)).values()) == 1, name
            # Where the dispatcher hardly lived, the ladder may have come to its end before the answer.
            assert (told[Template.ANSWERED], told[Template.UNANSWERED] <= 1) == (1, True), name
        orders = Counter((note.notification_id, note.attempt) for note in await bus.notifications())
        assert max(orders.values()) == 1
    assert {await ending(bus, name) for name in silent} == {Ending.UNANSWERED}
    assert {await ending(bus, name) for name in heard} == {Ending.ACCEPTED}


def _all_told(people: Field, silent: list[str], heard: list[str]) -> bool:
    """Whether the asking side knows of every silence and of every yes."""
    templates = {name: {note.template for note in people.news(name)} for name in [*silent, *heard]}
    return all(Template.UNANSWERED in templates[name] for name in silent) and all(
        Template.ANSWERED in templates[name] for name in heard
    )
