"""Stories of bad nights on the running system: providers, callbacks and processes fail, and help comes all the same."""

import asyncio
import os
import random
import signal
import time

import pytest

from deploy.local.sandbox import Fault, FaultKind, Operation, SmppFault, SmppFaultKind
from schemas.event import EmergencyEvent
from schemas.incident import Ending
from schemas.vocabulary import ReceiptReason
from tests.acceptance.ladders import ENDS_WITHIN_S, Field, code_in

pytestmark = pytest.mark.kafka

KILLS = int(os.environ.get("LADDER_KILLS", "3"))
"""How often a process is killed in each of the stories of kills; LADDER_KILLS=50 plays a long night."""

REFUSED = Fault(kind=FaultKind.HTTP_ERROR, operation=Operation.CREATE, status=503)
QUEUE_FULL = SmppFault(kind=SmppFaultKind.STATUS, status=0x14)


async def test_one_provider_refuses_and_the_other_carries_texts_and_answers(field: Field) -> None:
    """A refuses, B has each text at once, the reply goes back by B and so does the word of it; then A is back."""
    await field.sandbox.add_fault(REFUSED)
    event = await field.ask("vecumnieki", "peat_fire", "Skaistkalne")
    code = code_in(await field.expect_sms("birzai-duty", "REIKIA PAGALBOS"))
    await field.expect_sms("birzai-chief", code)
    assert await field.providers_of(code) == {"smpp": 2}
    await field.say("birzai-duty", f"{code} Taip, važiuojam, būsim po 20 min")
    await field.expect_sms("vecumnieki-duty", f"PALĪDZĪBA NĀK {code}.", "Birži, dežurants", "pēc 20 min")
    assert await field.providers_of(code) == {"smpp": 3}
    await field.until(lambda said: sum(one.reason is ReceiptReason.DELIVERED for one in said) >= 3, event)
    await field.sandbox.clear_faults()
    assert await field.ends(event, Ending.ACCEPTED)

    event = await field.ask("vecumnieki", "peat_fire", "Skaistkalne")
    code = code_in(await field.expect_sms("birzai-duty", "REIKIA PAGALBOS"))
    await field.expect_sms("birzai-chief", code)
    await field.say("birzai-chief", f"{code} TAIP")
    await field.expect_sms("vecumnieki-duty", f"PALĪDZĪBA NĀK {code}.")
    assert await field.providers_of(code) == {"twilio": 3}
    assert await field.ends(event, Ending.ACCEPTED)
    await field.expect_no_more_texts()


async def test_a_night_on_the_second_provider_alone(field: Field) -> None:
    """A long answer with every letter to a dead gateway, a STOP and a START: by SMPP as by the first provider, though
    its sessions break."""
    await field.sandbox.add_fault(REFUSED)
    event = await field.ask("birzai", "flood", "Papilys")
    code = code_in(await field.expect_sms("vecumnieki-duty", "PALĪDZĪBA VAJADZĪGA"))
    await field.expect_sms("vecumnieki-chief", code)
    await asyncio.to_thread(field.system.signal, "gateway", signal.SIGKILL)
    words = f"{code} Jā, braucam, būsim pēc 20 min. Tiekamies pie baznīcas Skaistkalnē, šoseja aizšķērsota, koki"
    await field.say("vecumnieki-duty", words)
    await field.expect_sms("birzai-duty", f"PAGALBA ATVYKSTA {code}.", "budėtojas", "po 20 min.")
    assert [one.text for one in await field.responses(event)] == [words]
    assert await field.ends(event, Ending.ACCEPTED)

    await field.sandbox.drop_smpp()
    await field.say("vecumnieki-chief", "STOP")
    await field.expect_sms("vecumnieki-chief", "Iszinas vairs nesutisim.", "START")
    await field.expect_sms("vecumnieki-duty", "KONTAKTS ZAUDĒTS", "ugunsdzēsēju vadītājs")
    event = await field.ask("birzai", "flood", "Papilys")
    code = code_in(await field.expect_sms("vecumnieki-duty", "PALĪDZĪBA VAJADZĪGA"))
    await field.until(lambda said: any(one.reason is ReceiptReason.RECIPIENT_STOPPED for one in said), event)
    await field.say("vecumnieki-chief", "START")
    await field.expect_sms("vecumnieki-chief", "Iszinas atkal sutisim.", "STOP")
    await field.expect_sms("vecumnieki-duty", "KONTAKTS ATJAUNOTS", "ugunsdzēsēju vadītājs")
    await field.say("vecumnieki-duty", f"{code} JĀ")
    await field.expect_sms("birzai-duty", f"PAGALBA ATVYKSTA {code}.")
    assert await field.ends(event, Ending.ACCEPTED)
    assert (await field.providers_of("")).keys() == {"smpp"}
    assert field.system.health()["gateway"]["smpp"] == "bound"
    await field.expect_no_more_texts()
    await field.sandbox.clear_faults()
    await asyncio.to_thread(field.system.until_healthy)


async def test_both_providers_are_down_and_come_back(field: Field) -> None:
    """Nobody takes a text for a while; afterwards each phone has its one, and an answer goes its way."""
    await field.sandbox.add_fault(REFUSED)
    await field.sandbox.add_smpp_fault(QUEUE_FULL)
    event = await field.ask("birzai", "flood", "Papilys")
    await _refused_by_both(field, 4)
    await field.sandbox.clear_faults()
    await field.sandbox.clear_smpp_faults()
    code = code_in(await field.expect_sms("vecumnieki-duty", "PALĪDZĪBA VAJADZĪGA"))
    await field.expect_sms("vecumnieki-chief", code)
    await field.say("vecumnieki-chief", f"{code} Jā, braucam")
    await field.expect_sms("birzai-duty", f"PAGALBA ATVYKSTA {code}.", "ugniagesių vadovas")
    assert await field.ends(event, Ending.ACCEPTED)
    await field.expect_no_more_texts()


async def _refused_by_both(field: Field, times: int) -> None:
    """Wait until each provider has refused so often."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while True:
        smpp = [one for one in await field.sandbox.ledger("smpp") if one.get("fault") == SmppFaultKind.STATUS]
        twilio = [one for one in await field.sandbox.ledger("request") if one.get("status") == REFUSED.status]
        if min(len(smpp), len(twilio)) >= times:
            return
        assert time.monotonic() < deadline, (len(smpp), len(twilio))
        await asyncio.sleep(0.2)


async def test_a_reply_to_a_dead_gateway_while_every_callback_is_lost(field: Field) -> None:
    """No call of the provider's ever comes and the gateway is killed before the reply: its list brings it, once."""
    await field.sandbox.change_settings(calls_back=False)
    try:
        event = await field.ask("vecumnieki", "peat_fire", "Skaistkalne")
        code = code_in(await field.expect_sms("birzai-duty", "REIKIA PAGALBOS"))
        await field.expect_sms("birzai-chief", code)
        await asyncio.to_thread(field.system.signal, "gateway", signal.SIGKILL)
        ref = await field.say("birzai-chief", f"{code} TAIP, 1 autocisterna, 30 min")
        await field.expect_sms("vecumnieki-duty", f"PALĪDZĪBA NĀK {code}.", "ugunsdzēsēju vadītājs", "pēc 30 min")
        second = await field.say("birzai-duty", f"{code} taip")
        await field.expect_sms("vecumnieki-duty", f"JAUNA INFORMĀCIJA {code}.", "dežurants")
        assert [one.provider_ref for one in await field.responses(event)] == [ref, second]
        assert not any(one.reason is ReceiptReason.DELIVERED for one in await field.receipts(event))
        assert await field.ends(event, Ending.ACCEPTED)
        await field.expect_no_more_texts()
    finally:
        await field.sandbox.change_settings(calls_back=True)
    await asyncio.to_thread(field.system.until_healthy)


@pytest.mark.timeout(240 + 60 * KILLS)
async def test_a_notifier_killed_between_acceptance_and_receipt(field: Field) -> None:
    """The provider has the text, the process dies before it says so. Its report of delivery, or else its list, tells
    what became of it: nobody is texted twice, and answers count."""
    settled_by = {True: ReceiptReason.DELIVERED, False: ReceiptReason.RECONCILED_SENT}
    for turn in range(KILLS):
        taken = len(await field.sandbox.ledger("accepted"))
        await field.sandbox.change_settings(calls_back=bool(turn % 2))
        await field.sandbox.add_fault(Fault(kind=FaultKind.HANG_AFTER, operation=Operation.CREATE, times=2))
        event = await field.ask("vecumnieki", "peat_fire", "Skaistkalne")
        while len(await field.sandbox.ledger("accepted")) == taken:  # noqa: ASYNC110 - the sandbox does not announce it
            await asyncio.sleep(0.02)
        await asyncio.to_thread(field.system.signal, "notifier-sms-urgent", signal.SIGKILL)
        code = code_in(await field.expect_sms("birzai-duty", "REIKIA PAGALBOS"))
        await field.expect_sms("birzai-chief", code, within_s=60)
        await field.sandbox.clear_faults()
        await asyncio.to_thread(field.system.until_healthy)
        await field.settled(event)
        assert settled_by[bool(turn % 2)] in {one.reason for one in await field.receipts(event)}
        # Answered before the next turn: a request left open would climb, and its texts would meet the next fault.
        await field.sandbox.change_settings(calls_back=True)
        await field.say("birzai-chief", f"{code} TAIP")
        await field.expect_sms("vecumnieki-duty", f"PALĪDZĪBA NĀK {code}.", within_s=60)
        assert await field.ends(event, Ending.ACCEPTED)
    await field.expect_no_more_texts()


@pytest.mark.timeout(240 + 25 * KILLS)
async def test_a_dispatcher_killed_at_random_moments_of_ladders(field: Field) -> None:
    """Of requests half are answered and half are not: each ends as it must, each phone and each asker told once."""
    chance = random.Random(5)
    silent: list[EmergencyEvent] = []
    heard: list[tuple[str, EmergencyEvent]] = []
    for turn in range(KILLS):
        silent.append(await field.ask("akniste", "structure_fire", "Gārsene"))
        event = await field.ask("rokiskis", "structure_fire", "Obeliai")
        code = code_in(await field.expect_sms("akniste-duty", "PALĪDZĪBA VAJADZĪGA", within_s=60))
        heard.append((code, event))
        await asyncio.sleep(chance.uniform(0, 2.0))
        await asyncio.to_thread(field.system.signal, "dispatcher", signal.SIGKILL)
        await field.say("akniste-duty", f"{code} JĀ")
        if turn % 2:
            await asyncio.to_thread(field.system.until_healthy)
    for event in silent:
        assert await field.ends(event, Ending.UNANSWERED, within_s=120)
    for code, event in heard:
        assert await field.ends(event, Ending.ACCEPTED, within_s=120)
        await field.expect_sms("rokiskis-duty", f"PAGALBA ATVYKSTA {code}.")
        await _woken_before_the_answer(field, code, event)
    for _ in silent:
        for contact in ("rokiskis-duty", "rokiskis-chief", "rokiskis-delegate"):
            await field.expect_sms(contact, "REIKIA PAGALBOS")
        await field.expect_sms("akniste-duty", "NEVIENS NEIERADĪSIES", "ZVANIET TŪLĪT +37045800000")
    await asyncio.to_thread(field.system.until_healthy)
    await field.expect_no_more_texts()


async def _woken_before_the_answer(field: Field, code: str, event: EmergencyEvent) -> None:
    """Whoever's step had come, as the log says, before the answer was on it."""
    over = [one for one in await field.receipts(event) if one.reason is ReceiptReason.NOBODY_ANSWERED]
    for contact in ("akniste-chief", "akniste-delegate")[: len(over)]:
        await field.expect_sms(contact, code)


async def test_the_books_of_all_these_nights_balance(field: Field) -> None:
    """Whatever was killed and refused: everything reported ends somewhere, with a reason."""
    books = await field.borderlands("audit")
    assert books.returncode == 0, books.stdout + books.stderr
