"""What a foreign SMSC delivers: replies with their letters, receipts for our texts, and what it is answered."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.sent_texts import SentText, SentTexts
from gateway.smpp import NotKept, SmppDoor
from gateway.smpp_parts import Assembly
from runtime.settings import Settings
from schemas.ids import smpp_reference
from schemas.notification import Receipt
from schemas.vocabulary import Channel, Delivery, ReceiptKind, ReceiptReason
from tests.notifiers.stage import RUTA, URGENT
from tests.smpp.peer import Peer, running_peer

REPLY = "A7KX TAIP, siunčiame dvi autocisternas, būsime per 20 min. Ąčęėįšųūž – āčēģīķļņšūž"
TRY_LATER, FOR_GOOD = 0x64, 0x65
FINAL = "sub:001 dlvrd:001 submit date:261124210000 done date:261124210107 stat:{} err:00A text:GAISRAS"


def receipt(kind: ReceiptKind, **changes: Any) -> Receipt:
    """A receipt of the text nt-1."""
    values: dict[str, Any] = {
        "incident_id": "in-1",
        "event_id": "ev-1",
        "notification_id": "nt-1",
        "attempt": 1,
        "contact_id": "ruta",
        "channel": Channel.SMS,
        "provider": "smpp",
        "at": datetime.now(UTC),
    }
    return Receipt(kind=kind, **{**values, **changes})


class Desk:
    """Where texts and receipts go; ``away`` is a log that cannot be written to."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str, str, str]] = []
        self.receipts: list[tuple[Receipt, int]] = []
        self.tried: list[str] = []
        self.away = False
        self.sent = SentTexts(Settings(), "smpp")
        self.sent.caught_up.set()

    async def text(self, sender: str, to: str, text: str, ref: str, at: datetime) -> None:
        """Keep a text."""
        assert at.tzinfo is UTC
        self.tried.append(ref)
        if self.away:
            raise NotKept("Kafka is away")
        self.texts.append((sender, to, text, ref))

    async def receipt(self, receipt: Receipt, partition: int) -> None:
        """Keep a receipt."""
        if self.away:
            raise NotKept("Kafka is away")
        self.receipts.append((receipt, partition))


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    """A foreign SMSC."""
    async with running_peer() as running:
        yield running


@asynccontextmanager
async def door(peer: Peer, desk: Desk, **changes: Any) -> AsyncIterator[SmppDoor]:
    """A bound receiver that writes to ``desk``."""
    made = SmppDoor(peer.settings(), desk.sent, desk.text, desk.receipt, find_within_s=0.3, **changes)
    running = asyncio.create_task(made.run())
    await peer.wait("bind")
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def deliver(peer: Peer, do: str, **fields: Any) -> int:
    """Have the SMSC deliver something; the status it is answered with."""
    about = f"a{random.random()}"
    await peer.tell(do, about=about, **{"from": RUTA[1:], "to": URGENT[1:], **fields})
    for count in range(1, 100):
        for event in (await peer.wait("delivered", count))[count - 1 :]:
            if event["about"] == about:
                return int(event["status"])
    raise AssertionError


async def test_a_reply_arrives_with_its_diacritics_and_is_answered_for(peer: Peer) -> None:
    """UCS-2 and GSM texts come in as typed, with numbers in E.164, as a receiver."""
    desk = Desk()
    async with door(peer, desk):
        assert await deliver(peer, "text", message=REPLY[:60], coding=8) == 0
        assert await deliver(peer, "text", message="Ja {7F2K} 100€", coding=0) == 0
    assert [text[:3] for text in desk.texts] == [(RUTA, URGENT, REPLY[:60]), (RUTA, URGENT, "Ja {7F2K} 100€")]
    assert peer.events("bind")[0]["command"] == "bind_receiver"


async def test_a_reply_that_cannot_be_kept_is_delivered_again_under_its_name(peer: Peer) -> None:
    """While the log is away the answer is an error; the repeat has the same reference, a later text another."""
    desk = Desk()
    desk.away = True
    async with door(peer, desk):
        assert await deliver(peer, "text", message="TAIP", coding=0) == TRY_LATER
        desk.away = False
        assert await deliver(peer, "text", message="TAIP", coding=0) == 0
        assert await deliver(peer, "text", message="NE", coding=0) == 0
    assert desk.tried[0] == desk.tried[1] != desk.tried[2]
    assert [text[2] for text in desk.texts] == ["TAIP", "NE"]


@pytest.mark.parametrize("header", ["050003aa{:02x}{:02x}", "060804a1b2{:02x}{:02x}"])
async def test_a_reply_in_parts_is_one_text(peer: Peer, header: str) -> None:
    """Parts in any order, with 8-bit or 16-bit references, are put together before any is answered for."""
    desk, parts = Desk(), [REPLY[:40], REPLY[40:]]
    async with door(peer, desk):
        answers = await asyncio.gather(
            *(
                deliver(peer, "text", message=parts[number - 1], coding=8, udh=header.format(2, number))
                for number in (2, 1)
            )
        )
    assert answers == [0, 0]
    assert [text[2] for text in desk.texts] == [REPLY]


async def test_parts_that_cannot_be_kept_all_come_again(peer: Peer) -> None:
    """The failure of the whole is the failure of each part."""
    desk = Desk()
    desk.away = True
    async with door(peer, desk):
        send = [deliver(peer, "text", message=f"dalis{n}", coding=0, udh=f"05000307020{n}") for n in (1, 2)]
        assert await asyncio.gather(*send) == [TRY_LATER, TRY_LATER]
        desk.away = False
        send = [deliver(peer, "text", message=f"dalis{n}", coding=0, udh=f"05000307020{n}") for n in (1, 2)]
        assert await asyncio.gather(*send) == [0, 0]
    assert [text[2] for text in desk.texts] == ["dalis1dalis2"]


async def test_half_a_yes_is_handed_on(peer: Peer) -> None:
    """A part whose others never come is not lost: it goes on with a mark for what is missing."""
    desk = Desk()
    desk.away = True
    assembly = Assembly(wait_s=0.1, complete_within_s=0.2)
    async with door(peer, desk, assembly=assembly, sweep_s=0.1):
        assert await deliver(peer, "text", message="A7KX TAIP, bet", coding=0, udh="050003070201") == 0
        await asyncio.sleep(0.5)
        assert not desk.texts
        desk.away = False
        async with asyncio.timeout(5):
            while not desk.texts:  # noqa: ASYNC110 - the desk has no event to wait for
                await asyncio.sleep(0.05)
    assert [text[2] for text in desk.texts] == ["A7KX TAIP, bet […]"]


async def test_a_binary_message_is_refused_for_good(peer: Peer) -> None:
    """What is no text is not delivered for ever."""
    desk = Desk()
    async with door(peer, desk):
        assert await deliver(peer, "text", hex="0102ff", coding=4) == FOR_GOOD
        assert await deliver(peer, "text", message="TAIP", coding=0) == 0
    assert [text[2] for text in desk.texts] == ["TAIP"]


@pytest.mark.parametrize(
    ("state", "number", "delivery", "reason"),
    [
        ("DELIVRD", 2, Delivery.DELIVERED, ReceiptReason.DELIVERED),
        ("UNDELIV", 5, Delivery.FAILED_PERM, ReceiptReason.UNDELIVERED),
        ("EXPIRED", 3, Delivery.FAILED_PERM, ReceiptReason.UNDELIVERED),
        ("REJECTD", 8, Delivery.FAILED_PERM, ReceiptReason.UNDELIVERED),
    ],
)
@pytest.mark.parametrize("by_tlv", [True, False])
async def test_a_receipt_is_written_to_its_texts_partition(
    peer: Peer, state: str, number: int, delivery: Delivery, reason: ReceiptReason, by_tlv: bool
) -> None:
    """By optional parameters or by the usual text, even with seconds and letters where the standard has none."""
    desk = Desk()
    desk.sent.fold(7, receipt(ReceiptKind.CLAIM))
    desk.sent.fold(7, receipt(ReceiptKind.OUTCOME, delivery=Delivery.SENT, provider_ref="id-9"))
    text = FINAL.format(state)
    said: dict[str, Any] = {"message": f"id:id-9 {text}"}
    if by_tlv:
        said = {"message": "", "tlvs": {"receipted_message_id": "id-9", "message_state": number}}
    async with door(peer, desk):
        assert await deliver(peer, "receipt", **said) == 0
        assert await deliver(peer, "receipt", **said) == 0
    [(written, partition)] = desk.receipts
    assert partition == 7
    assert (written.kind, written.delivery, written.reason) == (ReceiptKind.OUTCOME, delivery, reason)
    assert (written.notification_id, written.attempt, written.incident_id) == ("nt-1", 1, "in-1")
    assert (written.provider, written.provider_ref, written.claim_id) == ("smpp", "id-9", None)


async def test_a_receipt_waits_for_the_notifiers_own_word(peer: Peer) -> None:
    """A phone that answers faster than the log: the receipt finds its text a moment later."""
    desk = Desk()
    async with door(peer, desk):
        delivering = asyncio.create_task(deliver(peer, "receipt", message=f"id:id-9 {FINAL.format('DELIVRD')}"))
        await asyncio.sleep(0.1)
        desk.sent.fold(2, receipt(ReceiptKind.OUTCOME, delivery=Delivery.SENT, provider_ref="id-9"))
        desk.sent.announce()
        assert await delivering == 0
    assert [partition for _, partition in desk.receipts] == [2]


async def test_a_text_nobody_could_ask_about_is_found_by_our_own_number_for_it(peer: Peer) -> None:
    """No answer came for it, so the provider's name is new to us; our reference in its receipt says which it was."""
    desk = Desk()
    desk.sent.fold(4, receipt(ReceiptKind.CLAIM))
    desk.sent.fold(4, receipt(ReceiptKind.OUTCOME, delivery=Delivery.UNKNOWN))
    tlvs = {"user_message_reference": smpp_reference("nt-1", 1)}
    async with door(peer, desk):
        assert await deliver(peer, "receipt", message=f"id:id-9 {FINAL.format('DELIVRD')}", tlvs=tlvs) == 0
    [(written, partition)] = desk.receipts
    assert (written.notification_id, written.delivery, partition) == ("nt-1", Delivery.DELIVERED, 4)


async def test_receipts_on_nothing_of_ours_and_interim_ones_are_dropped(peer: Peer) -> None:
    """They are answered for, so that they do not come for ever, and nothing is written."""
    desk = Desk()
    desk.sent.fold(4, receipt(ReceiptKind.OUTCOME, delivery=Delivery.SENT, provider_ref="id-9"))
    async with door(peer, desk):
        assert await deliver(peer, "receipt", message=f"id:other {FINAL.format('DELIVRD')}") == 0
        assert await deliver(peer, "receipt", message=f"id:id-9 {FINAL.format('ENROUTE')}") == 0
    assert not desk.receipts


async def test_a_receipt_that_cannot_be_kept_comes_again(peer: Peer) -> None:
    """The log is away: try later, and then it is written once."""
    desk = Desk()
    desk.sent.fold(4, receipt(ReceiptKind.OUTCOME, delivery=Delivery.SENT, provider_ref="id-9"))
    desk.away = True
    async with door(peer, desk):
        said = f"id:id-9 {FINAL.format('DELIVRD')}"
        assert await deliver(peer, "receipt", message=said) == TRY_LATER
        desk.away = False
        assert await deliver(peer, "receipt", message=said) == 0
    assert len(desk.receipts) == 1


def test_what_went_another_way_is_not_unclear_any_more() -> None:
    """A text that another provider sent in the end is not taken for one without an answer."""
    sent = SentTexts(Settings(), "smpp")
    sent.fold(1, receipt(ReceiptKind.CLAIM))
    assert sent.unclear(smpp_reference("nt-1", 1)) == SentText(1, "in-1", "ev-1", "nt-1", 1, "ruta")
    sent.fold(1, receipt(ReceiptKind.OUTCOME, delivery=Delivery.SENT, provider="twilio", provider_ref="SM1"))
    assert sent.unclear(smpp_reference("nt-1", 1)) is None
