"""From an order to the provider's receipt on the log, and a reply on its way in: notifier, SMPP session and door."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from deploy.local.sandbox import NumberStatus, NumberTrouble, RunningSandbox, SmppFault, SmppFaultKind, running_sandbox
from deploy.local.sandbox import Settings as SandboxSettings
from gateway.sent_texts import SentTexts
from gateway.smpp import NotKept, SmppDoor
from notifiers.texts.gsm import measure
from runtime.kafka import partition_for
from schemas.notification import Receipt
from schemas.policy.models import Policy
from schemas.topics import RECEIPTS
from schemas.vocabulary import Delivery, Lane, ReceiptReason
from tests.notifiers.stage import LETTERS, PARTITIONS, RUTA, Stage, deliveries
from tests.notifiers.test_failover import SMPP_SENDER, with_smpp

pytestmark = pytest.mark.kafka


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    """A sandbox whose replies come in by SMPP."""
    fast = SandboxSettings(rate_segments_per_s=0, sending_s=0, delivery_s=0)
    async with running_sandbox(settings=fast, smpp_senders=[SMPP_SENDER]) as running:
        yield running


@pytest.fixture
async def stage(
    broker: str, policy: Policy, sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Stage:
    """A stage in that sandbox."""
    return Stage(broker, policy.version, sandbox, tmp_path_factory.mktemp("smpp"))


class Kept:
    """Keeps what the door brings; receipts go to the real log."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.texts: list[tuple[str, str, str]] = []
        self.partitions: list[int] = []
        self.refuse = 0

    async def text(self, sender: str, to: str, text: str, ref: str, at: datetime) -> None:
        """A reply."""
        assert ref
        assert at.tzinfo is not None
        self.texts.append((sender, to, text))

    async def receipt(self, receipt: Receipt, partition: int) -> None:
        """A receipt."""
        if self.refuse:
            self.refuse -= 1
            raise NotKept("not now")
        self.partitions.append(partition)
        await self._stage.write_at(RECEIPTS, receipt, receipt.incident_id, partition)


@asynccontextmanager
async def door(stage: Stage) -> AsyncIterator[Kept]:
    """The receiving session, as the gateway runs it."""
    settings, kept = with_smpp(stage, "smpp"), Kept(stage)
    sent = SentTexts(settings, "smpp")
    made = SmppDoor(settings.smpp, sent, kept.text, kept.receipt)
    running = [asyncio.create_task(sent.run()), asyncio.create_task(made.run())]
    try:
        yield kept
    finally:
        for task in running:
            task.cancel()
        ended = await asyncio.gather(*running, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) or one is None for one in ended), ended


async def test_a_text_by_smpp_is_reported_delivered_on_its_partition(stage: Stage) -> None:
    """Sent, then delivered, with the same ids; what could not be written at first is written in the end."""
    order = stage.order()
    async with door(stage) as kept, stage.notifier(lanes=[Lane.URGENT], settings=with_smpp(stage, "smpp")):
        kept.refuse = 1
        await stage.emit(order)
        text = await stage.sandbox.wait_for_sms(RUTA, 15)
        sent, delivered = await stage.outcomes(order, count=2)
    assert set(text.body.lower()) & LETTERS
    assert text.segments == measure(text.body).segments == sent.segments
    assert (sent.delivery, sent.provider, sent.provider_ref) == (Delivery.SENT, "smpp", text.sid)
    assert (delivered.delivery, delivered.reason) == (Delivery.DELIVERED, ReceiptReason.DELIVERED)
    assert (delivered.provider_ref, delivered.attempt, delivered.event_id) == (text.sid, 1, order.event_id)
    assert kept.partitions == [partition_for(order.incident_id, PARTITIONS)]


async def test_a_receipt_after_a_restart_finds_its_text(stage: Stage) -> None:
    """Nobody who sent it lives any more: the log says whose it was, even of a text that did not arrive."""
    order = stage.order()
    await stage.sandbox.add_trouble(NumberTrouble(number=RUTA, status=NumberStatus.UNDELIVERED))
    async with stage.notifier(lanes=[Lane.URGENT], settings=with_smpp(stage, "smpp")):
        await stage.emit(order)
        await stage.outcome(order)
    async with door(stage):
        _, lost = await stage.outcomes(order, count=2)
    assert (lost.delivery, lost.reason) == (Delivery.FAILED_PERM, ReceiptReason.UNDELIVERED)
    assert lost.detail == "the provider reports UNDELIV"


async def test_a_text_without_an_answer_is_settled_by_its_receipt(stage: Stage) -> None:
    """The connection broke after the provider took it: its receipt carries our reference, and that says it arrived."""
    order = stage.order()
    await stage.sandbox.add_smpp_fault(SmppFault(kind=SmppFaultKind.DROP_AFTER, times=1))
    settings = with_smpp(stage, "smpp", unknown_wait_s=8.0)
    async with door(stage), stage.notifier(lanes=[Lane.URGENT], settings=settings):
        await stage.emit(order)
        receipt = await stage.outcome(order)
        await asyncio.sleep(9.0)
    assert receipt.delivery is Delivery.DELIVERED
    assert deliveries(await stage.receipts(order)) == [Delivery.DELIVERED]
    assert await stage.accepted() == 1


async def test_a_reply_comes_in_by_smpp(stage: Stage) -> None:
    """With its diacritics, longer than one part, from the phone that got the text."""
    reply = "A7KX TAIP, siunčiame dvi autocisternas, būsime per 20 minučių. Ąčęėįšųūž, āčēģīķļņšūž"
    async with door(stage) as kept:
        await stage.sandbox.reply(RUTA, SMPP_SENDER, reply)
        async with asyncio.timeout(15):
            while not kept.texts:  # noqa: ASYNC110 - filled by a callback
                await asyncio.sleep(0.05)
    assert kept.texts == [(RUTA, SMPP_SENDER, reply)]
