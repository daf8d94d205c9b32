"""Phones reply, the provider calls or does not, Kafka goes away: what then stands on the topics, and who is told."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.sandbox.models import Fault, FaultKind, Operation
from gateway import courtesy, service
from gateway.inbound import TWILIO
from runtime.kafka import partition_for
from runtime.log_clock import LogClock
from runtime.process import ConfigurationMistake
from runtime.settings import TwilioSettings
from schemas import ids
from schemas.vocabulary import Answer, EventKind, Origin, ReplyProblem, ServiceKind, Status
from tests.gateway.stage import JONAS, LATVIAN, PARTITIONS, ROUTINE, RUTA, STRANGER, URGENT, Stage
from tests.ports import free_port

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize("to", [URGENT, ROUTINE])
async def test_a_reply_finds_its_request(stage: Stage, to: str) -> None:
    """A yes without a code is the answer to the one open request, on the partition of its incident."""
    state = await stage.asked()
    async with stage.gateway():
        ref = await stage.sandbox.reply(RUTA, to, "Taip")
        answer = await stage.response(ref)
    assert (answer.incident_id, answer.contact_id, answer.party) == (state.incident_id, stage.ruta, "birzai")
    assert (answer.answer, answer.code, answer.problem) == (Answer.ACCEPT, state.code, None)
    assert (answer.provider, answer.provider_ref, answer.text) == (TWILIO, ref, "Taip")
    assert answer.response_id == ids.response_id(TWILIO, ref)
    placed = [at for at, one in await stage.responses() if one.provider_ref == ref]
    assert placed == [partition_for(state.incident_id, PARTITIONS)]
    assert await stage.heard(RUTA) == []


async def test_a_request_made_while_the_gateway_runs_is_known_when_its_answer_comes(stage: Stage) -> None:
    """The snapshots are read through their end before anything is called unknown."""
    async with stage.gateway():
        for _ in range(5):
            state = await stage.asked()
            answer = await stage.response(await stage.sandbox.reply(RUTA, URGENT, f"{state.code} taip"))
            assert answer.incident_id == state.incident_id


async def test_two_open_requests_and_no_code_ask_which(stage: Stage) -> None:
    """The record says that it is unclear, and one text asks, in the contact's language, from the number written to."""
    first, second = await stage.asked(), await stage.asked()
    async with stage.gateway():
        answer = await stage.response(await stage.sandbox.reply(RUTA, ROUTINE, "Taip"))
        asked = await stage.sandbox.wait_for_sms(RUTA, 10)
    assert (answer.problem, answer.incident_id, answer.contact_id) == (ReplyProblem.WHICH_REQUEST, None, stage.ruta)
    assert answer.answer is Answer.ACCEPT
    assert asked.peer == ROUTINE
    assert first.code is not None
    assert second.code is not None
    assert first.code in asked.body
    assert second.code in asked.body


async def test_an_answer_after_the_end_is_too_late_and_kept(stage: Stage) -> None:
    """Who answers a closed request hears so, and the record stays."""
    state = await stage.asked(closed_by=EventKind.CANCEL)
    async with stage.gateway():
        answer = await stage.response(await stage.sandbox.reply(RUTA, URGENT, f"{state.code} taip"))
        await stage.sandbox.wait_for_sms(RUTA, 10)
    assert answer.problem is ReplyProblem.TOO_LATE
    assert answer.code == state.code


async def test_a_stranger_hears_once_that_nobody_knows_them(stage: Stage) -> None:
    """Of an unknown number nothing goes onto the bus; the reply is in the language of its country."""
    async with stage.gateway():
        ref = await stage.sandbox.reply(LATVIAN, URGENT, f"Kas tas ir? Zvaniet {LATVIAN}")
        answer = await stage.response(ref)
        await stage.sandbox.wait_for_sms(LATVIAN, 10, containing="numurs")
        again = await stage.sandbox.reply(LATVIAN, URGENT, f"kas  tas ir? zvaniet {LATVIAN}")
        await stage.response(again)
        await asyncio.sleep(0.5)
    assert (answer.problem, answer.contact_id, answer.incident_id) == (ReplyProblem.UNKNOWN_NUMBER, None, None)
    assert "26000001" not in answer.model_dump_json()
    assert len(await stage.heard(LATVIAN)) == 1


async def test_two_robots_do_not_talk_for_ever(stage: Stage) -> None:
    """A machine that answers every text with a new one is answered a few times a day and then no more."""
    async with stage.gateway(replies_a_day=3):
        for turn in range(8):
            await stage.response(await stage.sandbox.reply(STRANGER, URGENT, f"Automatic reply number {turn}"))
        await asyncio.sleep(0.5)
    assert len(await stage.heard(STRANGER)) == 3


async def test_stop_is_heeded_and_the_municipality_told(stage: Stage) -> None:
    """The wish stands on control, a service event says who was lost; START takes both back."""
    async with stage.gateway():
        stop = await stage.response(await stage.sandbox.reply(JONAS, URGENT, "Stop"))
        assert [(one.contact_id, one.stopped) for one in await stage.stops()] == [("birzai-duty", True)]
        lost = (await stage.events())[0]
        start = await stage.response(await stage.sandbox.reply(JONAS, URGENT, "START"))
        back = (await stage.events())[1]
    assert (stop.command, start.command, stop.contact_id) == ("stop", "start", "birzai-duty")
    assert (await stage.stops())[-1].stopped is False
    for event, kind in ((lost, ServiceKind.CONTACT_LOST), (back, ServiceKind.CONTACT_BACK)):
        assert (event.status, event.origin, event.exerciseid) == (Status.SYSTEM, Origin.LIVE, None)
        assert event.reporting_party == "birzai"
        assert event.service is not None
        assert (event.service.kind, event.service.contact_id) == (kind, "birzai-duty")


async def test_a_stop_reaches_the_requests_that_wait_for_its_contact(stage: Stage) -> None:
    """Each open one gets a record on its partition, without the text; one that is over gets none."""
    waiting, over = await stage.asked(), await stage.asked(closed_by=EventKind.CANCEL)
    async with stage.gateway():
        stop = await stage.response(await stage.sandbox.reply(RUTA, URGENT, "STOP"))
    assert stop.incident_id is None
    of_requests = [(partition, one) for partition, one in await stage.responses() if one.incident_id is not None]
    ((partition, record),) = of_requests
    assert (record.incident_id, record.contact_id, record.command) == (waiting.incident_id, stage.ruta, "stop")
    assert partition == partition_for(waiting.incident_id, PARTITIONS)
    assert (record.text, record.provider_ref) == (None, None)
    assert over.incident_id != record.incident_id


async def test_a_stop_said_twice_loses_a_contact_once(stage: Stage) -> None:
    """The second one is kept as a text; nobody is told again, not even after a restart."""
    async with stage.gateway():
        await stage.response(await stage.sandbox.reply(JONAS, URGENT, "STOP"))
        await stage.response(await stage.sandbox.reply(JONAS, ROUTINE, "stop"))
    async with stage.gateway():
        await stage.response(await stage.sandbox.reply(JONAS, ROUTINE, "Stop"))
        await stage.response(await stage.sandbox.reply(JONAS, URGENT, "START"))
    kinds = [event.service.kind for event in await stage.events() if event.service]
    assert kinds == [ServiceKind.CONTACT_LOST, ServiceKind.CONTACT_BACK]


async def test_a_number_of_two_contacts_stops_for_both(stage: Stage) -> None:
    """Who takes part in exercises too is lost to both; the word about the exercise contact is of exercise origin."""
    stage.know({"birzai-duty": (JONAS, "live"), "birzai-exercise-duty": (JONAS, "exercise")})
    async with stage.gateway():
        await stage.sandbox.reply(JONAS, URGENT, "STOP")
        await stage.eventually(lambda: _as_many(stage.responses(), 2))
        await stage.sandbox.reply(JONAS, URGENT, "START")
        await stage.eventually(lambda: _as_many(stage.responses(), 4))
    stopped = {one.contact_id for one in await stage.stops() if one.stopped}
    assert stopped == {"birzai-duty", "birzai-exercise-duty"}
    drills = [event for event in await stage.events() if event.origin is Origin.EXERCISE]
    assert len(drills) == 2
    assert all(event.exerciseid and event.status is Status.SYSTEM for event in drills)


async def test_a_number_of_two_contacts_answers_the_one_that_was_asked(stage: Stage) -> None:
    """One phone, a contact for real events and one for exercises: whichever has the open request answers it."""
    stage.know({stage.ruta: (RUTA, "live"), stage.drill: (RUTA, "exercise")})
    drill = await stage.asked(stage.drill, status=Status.EXERCISE, origin=Origin.EXERCISE, exerciseid="autumn")
    async with stage.gateway():
        answer = await stage.response(await stage.sandbox.reply(RUTA, URGENT, "taip"))
        assert (answer.incident_id, answer.contact_id) == (drill.incident_id, stage.drill)
        real = await stage.asked(stage.ruta)
        unclear = await stage.response(await stage.sandbox.reply(RUTA, URGENT, "Taip!"))
        assert unclear.problem is ReplyProblem.WHICH_REQUEST
        coded = await stage.response(await stage.sandbox.reply(RUTA, URGENT, f"{real.code} taip"))
        assert (coded.incident_id, coded.contact_id) == (real.incident_id, stage.ruta)


async def test_a_reply_while_the_gateway_was_down_is_fetched(stage: Stage) -> None:
    """What the provider could not deliver is read from its list at start, and later every poll."""
    first = await stage.asked()
    missed = await stage.sandbox.reply(RUTA, URGENT, f"{first.code} taip")
    async with stage.gateway():
        assert (await stage.response(missed)).incident_id == first.incident_id
        await stage.sandbox.change_settings(inbound_webhook=None)
        second = await stage.asked()
        unheard = await stage.sandbox.reply(RUTA, ROUTINE, f"{second.code} taip")
        assert (await stage.response(unheard)).incident_id == second.incident_id
    async with stage.gateway():
        await asyncio.sleep(1.5)
    refs = [one.provider_ref for _, one in await stage.responses()]
    assert len(refs) == 2
    assert set(refs) == {missed, unheard}


async def test_what_was_said_hours_ago_is_kept_and_not_replied_to(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who wrote long before we came back waits for no reply."""
    monkeypatch.setattr(courtesy, "FRESH", timedelta(seconds=0.5))
    missed = await stage.sandbox.reply(STRANGER, URGENT, "Hello?")
    await asyncio.sleep(1.6)
    async with stage.gateway():
        assert (await stage.response(missed)).problem is ReplyProblem.UNKNOWN_NUMBER
        await asyncio.sleep(0.5)
    assert await stage.heard(STRANGER) == []


async def test_a_repeated_callback_changes_nothing(stage: Stage) -> None:
    """The provider may call as often as it likes, also after a restart: one record, one reply."""
    async with stage.gateway():
        ref = await stage.sandbox.reply(STRANGER, URGENT, "Hello?")
        await stage.response(ref)
        await stage.sandbox.wait_for_sms(STRANGER, 10)
        assert await stage.repeat(ref, STRANGER, "Hello?") == 200
    async with stage.gateway():
        assert await stage.repeat(ref, STRANGER, "Hello?") == 200
        await asyncio.sleep(0.5)
    await stage.response(ref)
    assert len(await stage.heard(STRANGER)) == 1


async def test_kafka_away_means_later_and_once(stage: Stage) -> None:
    """While Kafka is away the provider hears 503 and calls again; then the answer is on the log, once."""
    state = await stage.asked()
    async with stage.gateway(poll_s=3600):
        with stage.kafka_away():
            ref = await stage.sandbox.reply(RUTA, URGENT, f"{state.code} taip")
            await asyncio.sleep(2.5)  # the first call has been answered by then, and the second is on its way
        answer = await stage.response(ref)
        await stage.eventually(lambda: _as_many(stage.sandbox.ledger("callback"), 1))
        await asyncio.sleep(1)
    assert answer.incident_id == state.incident_id
    called = (await stage.sandbox.ledger("callback"))[0]
    assert (called["outcome"], called["attempts"] > 1) == ("200", True)
    assert len([one for _, one in await stage.responses() if one.provider_ref == ref]) == 1


async def test_a_dead_provider_does_not_keep_the_door_shut(stage: Stage) -> None:
    """The list cannot be read; replies that come by callback are taken all the same."""
    await stage.sandbox.add_fault(Fault(kind=FaultKind.HTTP_ERROR, operation=Operation.LIST))
    state = await stage.asked()
    async with stage.gateway():
        answer = await stage.response(await stage.sandbox.reply(RUTA, URGENT, "taip"))
    assert answer.incident_id == state.incident_id


async def test_without_a_public_address_the_list_alone_brings_replies(stage: Stage) -> None:
    """Whoever cannot be called from outside still hears, within the time between two looks."""
    state = await stage.asked()
    async with stage.gateway(public_url=None):
        answer = await stage.response(await stage.sandbox.reply(RUTA, URGENT, "taip"))
    assert answer.incident_id == state.incident_id


async def test_an_account_set_up_by_half_is_a_mistake_and_none_at_all_is_not(stage: Stage) -> None:
    """Whoever texts by another provider needs no account; who forgot a part of one is told which."""
    here = stage.sandbox.base_url
    async with stage.gateway(twilio=TwilioSettings(base_url=here)) as health:
        assert health.ready
        assert "door" not in health.facts
    with pytest.raises(ConfigurationMistake, match=r"AUTH_TOKEN.*FROM_URGENT.*FROM_ROUTINE"):
        async with stage.gateway(twilio=TwilioSettings(base_url=here, account_sid="AC" + "0" * 32)):
            raise AssertionError("it started")


async def test_made_up_people_are_not_written_to_by_a_real_provider(stage: Stage) -> None:
    """A directory marked fictional keeps the gateway from starting, as it keeps notifiers."""
    real = stage.settings.twilio.model_copy(update={"base_url": None})
    with pytest.raises(ConfigurationMistake, match="marked fictional"):
        async with stage.gateway(twilio=real):
            raise AssertionError("it started")


async def _as_many(looking: object, count: int) -> object:
    found = await looking  # type: ignore[misc]
    return found if len(found) >= count else None


@pytest.mark.parametrize("wrong_by", [timedelta(hours=3), -timedelta(hours=3)])
async def test_a_wrong_clock_makes_no_answer_late(
    stage: Stage, wrong_by: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a request is open, and when an answer came, is told by the broker's clock and not by this machine's."""
    monkeypatch.setattr(service, "LogClock", lambda: LogClock(lambda: datetime.now(UTC) + wrong_by))
    async with stage.gateway():
        state = await stage.asked()
        answer = await stage.response(await stage.sandbox.reply(RUTA, URGENT, f"{state.code} taip"))
        ended = await stage.asked(expires_at=datetime.now(UTC) - timedelta(hours=1))
        late = await stage.response(await stage.sandbox.reply(RUTA, URGENT, f"{ended.code} taip"))
    assert (answer.problem, answer.answer) == (None, Answer.ACCEPT)
    assert abs(answer.at - datetime.now(UTC)) < timedelta(hours=1)
    assert late.problem is ReplyProblem.TOO_LATE


async def test_two_gateways_answer_a_text_once(stage: Stage) -> None:
    """What one has taken, another that reads the provider's list finds on the log, and leaves alone."""
    async with stage.gateway(), stage.gateway(port=free_port()) as other:
        ref = await stage.sandbox.reply(RUTA, URGENT, "Z9Z9 taip")
        await stage.response(ref)
        await stage.sandbox.wait_for_sms(RUTA, 10)
        await asyncio.sleep(4 * stage.settings.gateway.poll_s)
        assert other.ready
        assert (await stage.response(ref)).problem is ReplyProblem.UNKNOWN_CODE
    assert len(await stage.heard(RUTA)) == 1
