"""Asking what became of a text, however many went to the same number meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.sandbox import RunningSandbox, running_sandbox
from deploy.local.sandbox import Settings as SandboxSettings
from notifiers import twilio_listing
from notifiers.message import Message
from notifiers.outcome import NotSent, Sent, Unknown
from notifiers.sms_twilio import TwilioSms
from runtime.settings import TwilioSettings
from tests.notifiers.stage import ROUTINE, RUTA, URGENT, order

PAGE = 5
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    """A provider that does not queue."""
    async with running_sandbox(settings=SandboxSettings(rate_segments_per_s=0), senders=(URGENT, ROUTINE)) as sandbox:
        yield sandbox


@pytest.fixture
async def provider(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TwilioSms]:
    """The SDK on it, with small pages."""
    monkeypatch.setattr(twilio_listing, "PAGE_SIZE", PAGE)
    settings = TwilioSettings(
        account_sid=sandbox.account_sid,
        auth_token=sandbox.auth_token,
        base_url=sandbox.base_url,
        from_urgent=URGENT,
        from_routine=ROUTINE,
    )
    provider = TwilioSms(settings, reconcile_pause_s=0.01)
    yield provider
    await provider.close()


def text(number: int) -> Message:
    """One of many texts to the same phone."""
    return Message(order("a" * 64), RUTA, f"Potvynis {number}")


async def taken(provider: TwilioSms, numbers: Iterable[int]) -> None:
    """Have the provider take these texts, in this order."""
    for number in numbers:
        assert isinstance(await provider.send(text(number), datetime.now(UTC)), Sent)


async def pages_read(sandbox: RunningSandbox) -> int:
    """How many pages of lists the provider has given out."""
    return sum(entry["method"] == "GET" for entry in await sandbox.ledger("request"))


async def test_a_text_is_found_behind_pages_of_newer_ones(provider: TwilioSms, sandbox: RunningSandbox) -> None:
    """A duty desk gets many texts in a storm: the one in question may stand far down the list."""
    await taken(provider, range(4 * PAGE + 2))
    answer = await provider.reconcile(text(0), datetime.now(UTC) - MINUTE, frozenset())
    assert isinstance(answer, Sent)
    assert await pages_read(sandbox) == 5


async def test_a_text_that_was_not_taken_is_known_not_to_be(provider: TwilioSms) -> None:
    """The whole list was read: that a text is not in it is an answer, not a doubt."""
    await taken(provider, range(3 * PAGE))
    answer = await provider.reconcile(text(99), datetime.now(UTC) - MINUTE, frozenset())
    assert isinstance(answer, NotSent)


async def test_the_list_is_read_back_no_further_than_needed(provider: TwilioSms, sandbox: RunningSandbox) -> None:
    """What is older than the claim cannot be the text: years of messages to a number are not read."""
    await taken(provider, range(3 * PAGE))
    await asyncio.sleep(2.1)  # the provider's dates have whole seconds
    since = datetime.now(UTC) - timedelta(seconds=1)
    await taken(provider, range(100, 102))
    assert isinstance(await provider.reconcile(text(101), since, frozenset()), Sent)
    assert await pages_read(sandbox) == 1


async def test_those_who_ask_together_share_an_answer_that_reaches_back_for_all(
    provider: TwilioSms, sandbox: RunningSandbox
) -> None:
    """The one whose claim is oldest decides how far the list is read."""
    await taken(provider, range(2 * PAGE))
    await asyncio.sleep(2.1)
    now = datetime.now(UTC)
    await taken(provider, range(100, 100 + PAGE))
    ages = [timedelta(seconds=1), MINUTE, timedelta(seconds=1)]
    questions = [
        provider.reconcile(text(number), now - age, frozenset())
        for number, age in zip((104, 0, 100), ages, strict=True)
    ]
    answers = await asyncio.gather(*questions)
    assert all(isinstance(answer, Sent) for answer in answers)
    assert await pages_read(sandbox) == 3


async def test_a_list_without_end_leaves_it_unknown(provider: TwilioSms, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not read to the end says nothing of a text that was not found."""
    monkeypatch.setattr(twilio_listing, "PAGES_AT_MOST", 2)
    await taken(provider, range(3 * PAGE))
    since = datetime.now(UTC) - MINUTE
    assert isinstance(await provider.reconcile(text(0), since, frozenset()), Unknown)
    assert isinstance(await provider.reconcile(text(3 * PAGE - 1), since, frozenset()), Sent)
