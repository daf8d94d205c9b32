"""Courtesy replies by SMPP: taken by a foreign SMSC, over the receiving session or over one bound for them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.courtesy import NotTaken
from gateway.smpp_replies import SmppReplies, numbers_of
from runtime.settings import SmppSettings
from runtime.smpp_session import SmppSession
from tests.notifiers.stage import RUTA
from tests.smpp.peer import Peer, running_peer

OURS = "+37167000002"
WORDS = "Kods 7F2K nav zināms. Pārbaudiet un sūtiet vēlreiz."


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    """A foreign SMSC."""
    async with running_peer() as running:
        yield running


@pytest.mark.parametrize("long_texts", ["payload", "parts"])
async def test_a_receiver_binds_for_a_reply_and_leaves(peer: Peer, long_texts: str) -> None:
    """The text comes from the number written to, asks for no report, and leaves no session behind."""
    replies = SmppReplies(peer.settings(long_texts=long_texts), lambda: None)
    await asyncio.gather(replies.send(RUTA, OURS, WORDS * 3), replies.send(RUTA, OURS, "Paldies"))
    heard = await peer.wait("submit", 2)
    await peer.wait("closed", 2)
    assert "".join(one["text"] for one in heard) == WORDS * 3 + "Paldies"
    assert {(one["from"], one["to"], one["registered"]) for one in heard} == {(OURS[1:], RUTA[1:], 0)}
    assert [one["command"] for one in peer.events("bind")] == ["bind_transmitter"] * 2


async def test_a_transceiver_sends_its_replies_itself(peer: Peer) -> None:
    """No further bind is made where the receiving session may send."""
    settings = peer.settings(receiver_bind="transceiver")
    session = SmppSession(settings, "transceiver")
    running = asyncio.create_task(session.run())
    try:
        await SmppReplies(settings, lambda: session).send(RUTA, OURS, WORDS)
        [heard] = await peer.wait("submit")
        assert (heard["text"], session.bound) == (WORDS, True)
    finally:
        await session.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [one["command"] for one in peer.events("bind")] == ["bind_transceiver"]


@pytest.mark.parametrize(("mode", "why"), [("88", "status 0x58"), ("refuse_bind", "NotBound")])
async def test_a_reply_that_is_refused_is_not_tried_again(peer: Peer, mode: str, why: str) -> None:
    """A throttle or a refused bind ends it; the text says why, without numbers."""
    await peer.tell("behave", mode=mode, times=1)
    with pytest.raises(NotTaken, match=why) as refused:
        await SmppReplies(peer.settings(), lambda: None).send(RUTA, OURS, WORDS)
    assert RUTA[1:] not in str(refused.value)


def test_only_numbers_can_be_answered() -> None:
    """A name as sender has no number behind it that anybody could have written to."""
    assert numbers_of(SmppSettings(from_urgent="Gaisras", from_routine="1188")) == ("1188",)
