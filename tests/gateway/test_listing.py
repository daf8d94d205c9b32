"""The provider's list of what came in, read page by page from the sandbox through the provider's own SDK."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.sandbox import RunningSandbox, running_sandbox
from deploy.local.sandbox.models import Fault, FaultKind, NumberTrouble, Operation
from gateway import twilio_texts
from gateway.courtesy import NotTaken
from gateway.inbound import InboundText
from gateway.log import LogAway
from gateway.missed import AT_MOST, OVERLAP, Missed
from gateway.recent import Did
from gateway.twilio_texts import ListingFailed, Received, TwilioTexts
from runtime.settings import TwilioSettings

OURS, OTHER, PHONE = "+37167000001", "+37167000002", "+37061200001"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    """A provider of this test's own."""
    async with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def twilio(sandbox: RunningSandbox) -> AsyncIterator[TwilioTexts]:
    """The client under test."""
    texts = TwilioTexts(_settings(sandbox))
    yield texts
    await texts.close()


async def test_all_pages_are_read_and_the_oldest_comes_first(
    sandbox: RunningSandbox, twilio: TwilioTexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts to the number asked about, inbound ones only, in the order in which people wrote them."""
    monkeypatch.setattr(twilio_texts, "PAGE_SIZE", 2)
    refs = [await sandbox.reply(PHONE, OURS, f"{number} Jā") for number in range(5)]
    await sandbox.reply(PHONE, OTHER, "to another of our numbers")
    await twilio.send(OURS, OTHER, "from one of our numbers to another")
    received = await twilio.received(OURS, LONG_AGO)
    assert [text.ref for text in received.texts] == refs
    assert received.complete
    first = received.texts[0]
    assert (first.provider, first.sender, first.to, first.body) == ("twilio", PHONE, OURS, "0 Jā")
    assert abs((datetime.now(UTC) - first.at).total_seconds()) < 60
    assert PHONE not in repr(first)


async def test_so_many_pages_and_no_more(
    sandbox: RunningSandbox, twilio: TwilioTexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood is read from its newest end, and said to be incomplete."""
    monkeypatch.setattr(twilio_texts, "PAGE_SIZE", 2)
    monkeypatch.setattr(twilio_texts, "PAGES_AT_MOST", 2)
    refs = [await sandbox.reply(PHONE, OURS, str(number)) for number in range(6)]
    received = await twilio.received(OURS, LONG_AGO)
    assert [text.ref for text in received.texts] == refs[2:]
    assert not received.complete


async def test_what_came_before_is_not_asked_for(sandbox: RunningSandbox, twilio: TwilioTexts) -> None:
    """The list is asked for what came since a moment."""
    await sandbox.reply(PHONE, OURS, "Jā")
    assert (await twilio.received(OURS, datetime.now(UTC) + timedelta(seconds=2))).texts == ()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.HTTP_ERROR, operation=Operation.LIST, status=500),
        Fault(kind=FaultKind.THROTTLE, operation=Operation.LIST),
        Fault(kind=FaultKind.HANG_BEFORE, operation=Operation.LIST, delay_s=5),
        Fault(kind=FaultKind.REFUSE, operation=Operation.LIST),
    ],
)
async def test_a_list_that_cannot_be_read_says_why(sandbox: RunningSandbox, fault: Fault) -> None:
    """Whatever goes wrong is one failure, in bounded time."""
    await sandbox.add_fault(fault)
    texts = TwilioTexts(_settings(sandbox, timeout_s=1.0))
    with pytest.raises(ListingFailed):
        await texts.received(OURS, LONG_AGO)
    await texts.close()


async def test_a_reply_that_is_refused_says_why_without_the_number(
    sandbox: RunningSandbox, twilio: TwilioTexts
) -> None:
    """The provider quotes the number; the log does not."""
    await sandbox.add_trouble(NumberTrouble(number=PHONE, refuse_code=21211))
    with pytest.raises(NotTaken, match="21211") as refusal:
        await twilio.send(PHONE, OURS, "Labdien")
    assert "61200001" not in str(refusal.value)


class Listed:
    """A list that says what it is asked, and gives what it is told to."""

    def __init__(self, *texts: InboundText) -> None:
        self.texts, self.asked, self.fails = texts, list[tuple[str, datetime]](), False

    async def __call__(self, to: str, since: datetime) -> Received:
        self.asked.append((to, since))
        if self.fails:
            raise ListingFailed("HTTP 500")
        return Received(self.texts, complete=True)


async def test_a_look_goes_back_to_the_last_good_one_and_a_little_further() -> None:
    """A reading that failed is made good by the next; nothing is asked for from before the last week."""
    began = datetime.now(UTC)
    listed, taken = Listed(text("SM1")), list[str]()

    async def take(one: InboundText) -> Did:
        taken.append(one.ref)
        return Did.NOW if taken.count(one.ref) == 1 else Did.BEFORE

    missed = Missed(listed, take, [OURS, OURS], began - timedelta(days=30))
    listed.fails = True
    assert await missed.look() == 0
    listed.fails = False
    assert await missed.look() == 1
    assert await missed.look() == 0
    assert [number for number, _ in listed.asked] == [OURS] * 3
    first, again, next_ = (since for _, since in listed.asked)
    assert began - AT_MOST <= first <= again < began
    assert began - OVERLAP <= next_


async def test_a_text_that_cannot_be_written_is_looked_for_again() -> None:
    """While Kafka is away a look ends there, and the next one begins where this one did."""
    away = [True]

    async def take(_: InboundText) -> Did:
        if away[0]:
            raise LogAway("not now")
        return Did.NOW

    listed = Listed(text("SM1"), text("SM2"))
    missed = Missed(listed, take, [OURS], datetime.now(UTC) - timedelta(hours=3))
    assert await missed.look() == 0
    away[0] = False
    assert await missed.look() == 2
    assert listed.asked[0] == listed.asked[1]


def _settings(sandbox: RunningSandbox, timeout_s: float = 20.0) -> TwilioSettings:
    return TwilioSettings(
        account_sid=sandbox.account_sid, auth_token=sandbox.auth_token, base_url=sandbox.base_url, timeout_s=timeout_s
    )


def text(ref: str) -> InboundText:
    """A text of now."""
    return InboundText("twilio", ref, PHONE, OURS, "Taip", datetime.now(UTC))
