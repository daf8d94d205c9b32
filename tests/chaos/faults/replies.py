"""What stands between a phone and the log: callbacks that never come, and switches that hold everything."""

import asyncio
import time
from datetime import UTC, datetime

from runtime.control import ControlFollower
from schemas.codec import encode
from schemas.control import StopSwitch
from schemas.topics import CONTROL
from schemas.vocabulary import Channel
from tests.chaos.answers import say_from
from tests.chaos.ground import PATIENCE_S, Ground

_NOBODY_LISTENS = "http://127.0.0.1:9/inbound"
_WHO_STOPS = (("joniskis-chief", "joniskis-"), ("tervete-chief", "tervete-"))
"""People who are asked and, in these stories, not waited for, and how the contacts of their party begin."""

_LOST_AND_BACK = ("KONTAKTAS PRARASTAS", "KONTAKTAS ATNAUJINTAS", "KONTAKTS ZAUD", "KONTAKTS ATJAUNOTS")
_LASTS_S, _HELD_S = (3.0, 8.0), (4.0, 8.0)
_OBEYED_WITHIN_S = 1.5
"""A second, by promise, and what a call under way may take."""


async def lost(ground: Ground) -> None:
    """The provider's calls about replies reach nobody, to the end of the round: only its list still brings them."""
    async with ground.sandbox() as sandbox:
        before = (await sandbox.settings()).inbound_webhook
        await sandbox.change_settings(inbound_webhook=_NOBODY_LISTENS)
        try:
            ground.note("no call about a reply reaches the gateway, until everything has arrived")
            await asyncio.sleep(ground.dice.uniform(*_LASTS_S))
            absent = await ground.until_arrived()
            assert not absent, f"without callbacks {len(absent)} texts never come"
        finally:
            await sandbox.change_settings(inbound_webhook=before)


async def unreported(ground: Ground) -> None:
    """The provider's reports on our texts reach nobody, to the end of the round; its calls about replies do."""
    async with ground.sandbox() as sandbox:
        await sandbox.change_settings(reports_back=False)
        try:
            ground.note("no report on a text reaches the gateway, until everything has arrived")
            await asyncio.sleep(ground.dice.uniform(*_LASTS_S))
            absent = await ground.until_arrived()
            assert not absent, f"without reports {len(absent)} texts never come"
        finally:
            await sandbox.change_settings(reports_back=True)


async def stopped(ground: Ground) -> None:
    """Somebody who is being asked says STOP, and START later: in between no text of any event goes to them, and the
    answers of others are told as ever."""
    who, party = ground.dice.choice(_WHO_STOPS)
    await _until_texted(ground, who)
    ground.refused.add((who, Channel.SMS))
    for words in _LOST_AND_BACK:
        ground.besides[party, words] = set()
    said_s = time.time()
    await say_from(ground, who, "STOP")
    await _until_heeded(ground, who)  # the provider stops by itself as well, so that no confirmation gets through
    silent_from_s = time.time() + _OBEYED_WITHIN_S
    ground.note(f"{who} said STOP at {said_s:.0f}")
    await asyncio.sleep(ground.dice.uniform(*_HELD_S) + _OBEYED_WITHIN_S)
    silent_until_s = time.time()
    await say_from(ground, who, "START")
    await ground.until_beside(who, "STOP", silent_until_s)
    leaked = [
        one
        for one in ground.ledgers.arrived
        if (one.contact, one.channel) == (who, Channel.SMS) and silent_from_s < one.at_s < silent_until_s
    ]
    assert not leaked, f"{len(leaked)} texts went to {who} after STOP: {leaked[:3]}"


async def _until_heeded(ground: Ground, who: str) -> None:
    async with asyncio.timeout(PATIENCE_S), ControlFollower(ground.settings) as control:
        while who not in control.current.stopped_contacts:  # noqa: ASYNC110 - a value, as its readers see it
            await asyncio.sleep(0.1)


async def _until_texted(ground: Ground, who: str) -> None:
    began_s = time.time()
    while not any(
        (one.contact, one.channel) == (who, Channel.SMS) and one.at_s >= began_s for one in ground.ledgers.arrived
    ):
        assert time.time() < began_s + PATIENCE_S, f"{who} is asked nothing"
        await asyncio.sleep(0.1)
        ground.ledgers.read()


async def switched(ground: Ground) -> None:
    """Everything is stopped for some seconds, and then goes on: nothing leaves meanwhile, and nothing is lost."""
    held_s = ground.dice.uniform(*_HELD_S)
    ground.note(f"the stop switch is on for {held_s:.1f} s")
    await _switch(ground, stopped=True)
    from_s = time.time() + _OBEYED_WITHIN_S
    try:
        await asyncio.sleep(held_s)
    finally:
        until_s = time.time()
        await _switch(ground, stopped=False)
    ground.ledgers.read()
    leaked = [one for one in ground.ledgers.arrived if from_s < one.at_s < until_s]
    assert not leaked, f"{len(leaked)} texts left while the switch was on: {leaked[:3]}"


async def _switch(ground: Ground, *, stopped: bool) -> None:
    at = datetime.now(UTC)
    switch = StopSwitch(stopped=stopped, reason="chaos", party=None, by="chaos", at=at)
    value = encode(CONTROL, switch, source="chaos", at=at).value
    async with ground.producer() as producer:
        await producer.send_and_wait(CONTROL.name, value, key=switch.key.encode(), partition=0)
