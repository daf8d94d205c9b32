"""Stories of replies on the running system: a phone answers, and the answer stands on the log beside its request."""

import asyncio
import re
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from console.logs.live import read_log
from deploy.local.system import SANDBOX_URGENT_SENDER
from schemas.notification import Receipt, Response
from schemas.topics import RECEIPTS, RESPONSES, Topic
from schemas.vocabulary import Answer, Delivery, NeedKind, ReplyProblem
from tests.acceptance.night import Night
from tests.acceptance.system import System

pytestmark = pytest.mark.kafka

NEED = [{"kind": "fire_tanker", "count": 1}]


def code_in(text: str) -> str:
    """The reply code of a request."""
    found = re.search(r"Atbildiet: (\w{4}) JĀ|Atsakykite: (\w{4}) TAIP", text)
    assert found is not None, text
    return found[1] or found[2]


async def on_the_log(
    night: Night, topic: Topic, began: datetime, fits: Callable[[Any], bool], within_s: float = 30.0
) -> list[Any]:
    """The records of ``topic`` since ``began`` that fit, as soon as there are any."""
    deadline = time.monotonic() + within_s
    while True:
        records = [one.record for one in await read_log(night.settings, (topic,), since=began)]
        if found := [record for record in records if fits(record)]:
            return found
        assert time.monotonic() < deadline, records
        await asyncio.sleep(0.1)


async def test_a_duty_officer_says_yes_from_the_phone(night: Night) -> None:
    """The answer finds its incident, with what comes and when; the text is known to have arrived."""
    began, number = datetime.now(UTC), night.directory.contacts["birzai-duty"].sms
    assert number is not None
    event = await night.report("vecumnieki", "peat_fire", "Skaistkalne", needs=NEED)
    code = code_in(await night.expect_sms("birzai-duty", "REIKIA PAGALBOS"))

    def arrived(receipt: Receipt) -> bool:
        return receipt.incident_id == event.incident_id and receipt.delivery is Delivery.DELIVERED

    assert await on_the_log(night, RECEIPTS, began, arrived)
    ref = await night.sandbox.reply(number, SANDBOX_URGENT_SENDER, f"{code} taip, 1 autocisterna, 20 min")
    answers: list[Response] = await on_the_log(night, RESPONSES, began, lambda one: one.provider_ref == ref)
    assert len(answers) == 1
    answer = answers[0]
    assert (answer.incident_id, answer.contact_id, answer.code) == (event.incident_id, "birzai-duty", code)
    assert (answer.answer, answer.party, answer.eta_min) == (Answer.ACCEPT, "birzai", 20)
    assert [(need.kind, need.count) for need in answer.amounts] == [(NeedKind.FIRE_TANKER, 1)]


async def test_a_reply_while_the_gateway_is_dead_is_not_lost(night: Night, system: System) -> None:
    """It is killed before the reply comes; the provider's repeats or its list bring it when it is back, once."""
    began, number = datetime.now(UTC), night.directory.contacts["tervete-duty"].sms
    assert number is not None
    event = await night.report("joniskis", "flood", "Žagarė", needs=[{"kind": "boat", "count": 2}])
    code = code_in(await night.expect_sms("tervete-duty", "PALĪDZĪBA VAJADZĪGA"))
    await asyncio.to_thread(system.signal, "gateway", signal.SIGKILL)
    ref = await night.sandbox.reply(number, SANDBOX_URGENT_SENDER, f"{code} JĀ")
    answers: list[Response] = await on_the_log(night, RESPONSES, began, lambda one: one.provider_ref == ref)
    assert [answer.incident_id for answer in answers] == [event.incident_id]
    await asyncio.to_thread(system.until_healthy)


async def test_a_wrong_code_is_said_so_politely(night: Night) -> None:
    """The reply names the code, in the contact's language, and the record says what was wrong."""
    began, number = datetime.now(UTC), night.directory.contacts["akniste-duty"].sms
    assert number is not None
    ref = await night.sandbox.reply(number, SANDBOX_URGENT_SENDER, "Z9Z9 JĀ")
    await night.expect_sms("akniste-duty", "Z9Z9", "nav zinams")
    answers: list[Response] = await on_the_log(night, RESPONSES, began, lambda one: one.provider_ref == ref)
    assert [answer.problem for answer in answers] == [ReplyProblem.UNKNOWN_CODE]
