"""Texts through the SMPP provider to a server that is not ours: what it heard, and what we made of its answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifiers.message import Message
from notifiers.outcome import NotSent, Outcome, Refused, Retry, Sent, Unknown
from notifiers.sms_smpp import SmppSms
from notifiers.texts.gsm import measure
from runtime.process import ConfigurationMistake
from runtime.settings import SmppSettings
from schemas.ids import smpp_reference
from schemas.vocabulary import Lane, ReceiptReason
from tests.notifiers.stage import RUTA, order
from tests.smpp.peer import Peer, running_peer

NOW = datetime(2026, 12, 24, 21, 0, tzinfo=UTC)
LETTERS = "ąčęėįšųūž ĄČĘĖĮŠŲŪŽ āčēģīķļņšūž ĀČĒĢĪĶĻŅŠŪŽ "
PLAIN = "GAISRAS Valle: durpynas dega {2 autocisternos} [A7KX] 100 € ~ atsakykite A7KX TAIP arba NE. "


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    """A foreign SMSC."""
    async with running_peer() as running:
        yield running


@asynccontextmanager
async def provider(settings: SmppSettings) -> AsyncIterator[SmppSms]:
    """A provider, closed at the end."""
    made = SmppSms(settings)
    try:
        yield made
    finally:
        await made.close()


def text(body: str, **changes: Any) -> Message:
    """A text to Rūta."""
    values = {"expires_at": NOW + timedelta(hours=2), "notification_id": "nt-1", **changes}
    return Message(order("a" * 64, **values), RUTA, body)


async def test_a_plain_text_goes_out_in_the_phones_own_alphabet(peer: Peer) -> None:
    """GSM 03.38, one part, the lane's sender, the recipient's number, validity and receipt as asked."""
    async with provider(peer.settings()) as smpp:
        outcome = await smpp.send(text(PLAIN.strip()), NOW)
        [heard] = await peer.wait("submit")
    assert outcome == Sent(heard["id"])
    assert heard["text"] == PLAIN.strip()
    assert (heard["data_coding"], heard["esm_class"], heard["registered"]) == (0, 0, 1)
    assert (heard["from"], heard["from_ton"], heard["from_npi"]) == ("37167000001", 1, 1)
    assert (heard["to"], heard["to_ton"], heard["to_npi"]) == (RUTA[1:], 1, 1)
    assert heard["reference"] == smpp_reference("nt-1", 1)
    left = datetime.fromisoformat(heard["validity"]) - datetime.now(UTC)
    assert timedelta(hours=1, minutes=59) < left <= timedelta(hours=2)
    assert [event["command"] for event in peer.events("bind")] == ["bind_transmitter"]


@pytest.mark.parametrize("long_texts", ["payload", "parts"])
@pytest.mark.parametrize(("body", "coding"), [(LETTERS * 4, 8), (PLAIN * 4, 0)])
async def test_a_long_text_arrives_as_one_with_every_letter(
    peer: Peer, long_texts: str, body: str, coding: int
) -> None:
    """Three parts by header or one message that the provider splits: not a letter is lost at the seams."""
    parts = measure(body).segments
    async with provider(peer.settings(long_texts=long_texts)) as smpp:
        outcome = await smpp.send(text(body), NOW)
        heard = await peer.wait("submit", 1 if long_texts == "payload" else parts)
        await asyncio.sleep(0.1)
    assert parts == 3
    assert outcome == Sent(heard[-1]["id"])
    assert {each["data_coding"] for each in heard} == {coding}
    assert "".join(each["text"] for each in heard) == body
    assert len(heard) == len(peer.events("submit"))
    if long_texts == "parts":
        assert [each["udh"][-1][-4:] for each in heard] == [f"{parts:02x}{number:02x}" for number in (1, 2, 3)]
        assert [each["registered"] for each in heard] == [0, 0, 1]
    else:
        assert heard[0]["payload"]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("88", Retry(ReceiptReason.RATE_LIMITED, "SMPP status 0x58")),
        ("20", Retry(ReceiptReason.RATE_LIMITED, "SMPP status 0x14")),
        ("8", Retry(ReceiptReason.PROVIDER_ERROR, "SMPP status 0x08")),
        ("10", Retry(ReceiptReason.AUTHENTICATION, "SMPP status 0x0a")),
        ("11", Refused(ReceiptReason.INVALID_ADDRESS, "SMPP status 0x0b")),
        ("1042", Retry(ReceiptReason.PROVIDER_ERROR, "SMPP status 0x412")),
    ],
)
async def test_a_status_says_whether_to_try_again(peer: Peer, status: str, outcome: Outcome) -> None:
    """Only a wrong number is for good; throttling waits; a vendor's own status costs no session."""
    await peer.tell("behave", mode=status, times=1)
    async with provider(peer.settings()) as smpp:
        assert await smpp.send(text("Tests"), NOW) == outcome
        assert isinstance(await smpp.send(text("Tests"), NOW), Sent)
    assert len(peer.events("bind")) == 1


async def test_a_late_answer_settles_what_was_unclear(peer: Peer) -> None:
    """An answer behind the time-out makes the text sent, under the provider's name for it."""
    await peer.tell("behave", mode="late", times=1)
    async with provider(peer.settings()) as smpp:
        assert await smpp.send(text("Tests"), NOW) == Unknown(ReceiptReason.TIMEOUT, "no answer within the time-out")
        settled = await smpp.reconcile(text("Tests"), NOW, frozenset())
    assert settled == Sent(peer.events("submit")[0]["id"], ReceiptReason.RECONCILED_SENT)


async def test_no_answer_at_all_stays_unknown(peer: Peer) -> None:
    """Nobody can be asked: after its time the outcome is unknown, and the session goes on."""
    await peer.tell("behave", mode="hang", times=1)
    async with provider(peer.settings(window=1, unknown_wait_s=0.5)) as smpp:
        assert isinstance(await smpp.send(text("Tests"), NOW), Unknown)
        assert isinstance(await smpp.reconcile(text("Tests"), NOW, frozenset()), Unknown)
        assert isinstance(await smpp.send(text("Tests"), NOW), Sent)


async def test_a_full_window_hands_nothing_over(peer: Peer) -> None:
    """While the only place in the window waits for its answer, the next text was certainly not taken."""
    await peer.tell("behave", mode="hang", times=1)
    async with provider(peer.settings(window=1)) as smpp:
        first = asyncio.create_task(smpp.send(text("Tests"), NOW))
        await peer.wait("submit")
        second = await smpp.send(text("Antras", notification_id="nt-2"), NOW)
        assert isinstance(await first, Unknown)
    assert second == Retry(ReceiptReason.TIMEOUT, "no room in the window within the time-out")
    assert len(peer.events("submit")) == 1


async def test_a_server_that_dies_in_the_middle_leaves_it_unknown_and_is_found_again(peer: Peer) -> None:
    """The connection ends after the text was written: unknown, and bound anew by itself for the next text."""
    await peer.tell("behave", mode="die", times=1)
    async with provider(peer.settings()) as smpp:
        unclear = await smpp.send(text("Tests"), NOW)
        assert unclear == Unknown(ReceiptReason.CONNECTION, "the session ended before the answer")
        await peer.wait("bind", 2)
        assert isinstance(await smpp.send(text("Tests"), NOW), Sent)


async def test_a_part_without_an_answer_means_that_the_text_is_not_whole(peer: Peer) -> None:
    """No phone shows a text whose last part was never handed over: it may be sent again."""
    await peer.tell("behave", mode="hang", times=1)
    async with provider(peer.settings(long_texts="parts")) as smpp:
        said = await smpp.send(text(LETTERS * 4), NOW)
    assert said == Retry(ReceiptReason.TIMEOUT, "part 1 was not answered: the text is not whole")


async def test_a_refused_bind_says_so_and_is_tried_again(peer: Peer) -> None:
    """Wrong credentials are our fault and can be mended: nothing was taken, and the next bind may work."""
    await peer.tell("behave", mode="refuse_bind")
    async with provider(peer.settings()) as smpp:
        said = await smpp.send(text("Tests"), NOW)
        assert isinstance(said, Retry)
        assert (said.reason, said.detail) == (
            ReceiptReason.AUTHENTICATION,
            "the bind was refused with status 0xd",
        )
        await peer.tell("behave", mode="ok")
        async with asyncio.timeout(10):
            while isinstance(said, Retry):
                await asyncio.sleep(0.05)
                said = await smpp.send(text("Tests"), NOW)
        assert isinstance(said, Sent)
    async with provider(peer.settings(password="wrong")) as smpp:
        assert isinstance(await smpp.send(text("Tests"), NOW), Retry)
    assert peer.events("bind")[-1]["refused"]


async def test_nobody_there_is_a_definite_failure() -> None:
    """Connection refused: nothing was taken."""
    settings = SmppSettings(
        host="127.0.0.1", port=9, system_id="x", password="y", from_urgent="+37167000001", from_routine="Biržai"
    )
    async with provider(settings) as smpp:
        said = await smpp.send(text("Tests"), NOW)
    assert said == Retry(ReceiptReason.CONNECTION, "ConnectionRefusedError")


async def test_a_silent_session_is_asked_and_a_deaf_one_is_left(peer: Peer) -> None:
    """``enquire_link`` after every silence; without an answer the session is bound anew."""
    async with provider(peer.settings(enquire_link_s=0.3, timeout_s=0.3)):
        await peer.wait("enquire_link", 2)
        assert len(peer.events("bind")) == 1
        await peer.tell("behave", mode="deaf")
        await peer.wait("bind", 2)
        await peer.tell("behave", mode="ok")
        await peer.wait("enquire_link", len(peer.events("enquire_link")) + 2)
    await peer.wait("unbind")


async def test_senders_are_numbers_or_names(peer: Peer) -> None:
    """The routine lane has its own sender; a name goes out as one."""
    async with provider(peer.settings(from_routine="Borderlands")) as smpp:
        await smpp.send(text("Tests", lane=Lane.ROUTINE), NOW)
        [heard] = await peer.wait("submit")
    assert (heard["from"], heard["from_ton"], heard["from_npi"]) == ("Borderlands", 5, 0)


async def test_a_late_refusal_settles_as_not_sent(peer: Peer) -> None:
    """The provider's word that it did not take the text counts behind the time-out too."""
    await peer.tell("behave", mode="late_refusal", times=1)
    async with provider(peer.settings()) as smpp:
        assert isinstance(await smpp.send(text("Tests"), NOW), Unknown)
        assert await smpp.reconcile(text("Tests"), NOW, frozenset()) == NotSent()


async def test_missing_settings_are_all_named() -> None:
    """Every missing variable at once."""
    with pytest.raises(ConfigurationMistake, match=r"HOST.*SYSTEM_ID.*PASSWORD.*FROM_URGENT.*FROM_ROUTINE"):
        SmppSms(SmppSettings())
