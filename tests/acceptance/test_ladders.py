"""Stories of requests on the running system: a phone is asked, it answers or not, and that side is told which."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.sandbox import Fault, FaultKind, Operation
from schemas.incident import Ending
from schemas.vocabulary import Delivery, ReceiptReason
from tests.acceptance.ladders import ANSWER_S, Field, code_in

pytestmark = pytest.mark.kafka


async def test_accepted_at_the_first_text(field: Field) -> None:
    """The chief says yes: the asking side reads who comes, with what and when; a second yes is an update to it."""
    event = await field.ask("vecumnieki", "peat_fire", "Skaistkalne")
    code = code_in(await field.expect_sms("birzai-chief", "REIKIA PAGALBOS", "autocisterna 1"))
    await field.expect_sms("birzai-duty", "REIKIA PAGALBOS", code)
    await field.say("birzai-chief", f"{code} taip, 1 autocisterna, 20 min")
    head = f"PALĪDZĪBA NĀK {code}."
    await field.expect_sms("vecumnieki-duty", head, "Birži, ugunsdzēsēju vadītājs", "pēc 20 min", "autocisterna 1")
    mail = await field.expect_mail("vecumnieki-duty", "PALĪDZĪBA NĀK", code)
    assert "ugunsdzēsēju vadītājs" in mail
    assert await field.ends(event, Ending.ACCEPTED) is Ending.ACCEPTED
    await field.say("birzai-duty", "Taip, vykstam")
    await field.expect_sms("vecumnieki-duty", f"JAUNA INFORMĀCIJA {code}.", "dežurants")
    await field.expect_no_more_texts()


async def test_two_helpers_at_once(field: Field) -> None:
    """Both say yes in the same moment: the asking side is told of both, of one as the first and of one as an update."""
    event = await field.ask("birzai", "flood", "Papilys")
    code = code_in(await field.expect_sms("vecumnieki-duty", "PALĪDZĪBA VAJADZĪGA"))
    await field.expect_sms("vecumnieki-chief", code)
    await asyncio.gather(field.say("vecumnieki-duty", f"{code} JĀ"), field.say("vecumnieki-chief", f"{code} ja"))
    first = await field.expect_sms("birzai-duty", f"PAGALBA ATVYKSTA {code}.")
    second = await field.expect_sms("birzai-duty", f"NAUJA INFORMACIJA {code}.")
    assert {"budėtojas" in first, "budėtojas" in second} == {True, False}
    assert {"ugniagesių vadovas" in first, "ugniagesių vadovas" in second} == {True, False}
    assert await field.ends(event, Ending.ACCEPTED)
    await field.expect_no_more_texts()


async def test_declined_and_then_volunteers_until_enough(field: Field) -> None:
    """Two noes wake the volunteers at once; heads are counted, and the third is told that two are enough."""
    event = await field.ask("joniskis", "forest_fire", "Žagarė")
    code = code_in(await field.expect_sms("tervete-duty", "PALĪDZĪBA VAJADZĪGA"))
    await field.expect_sms("tervete-chief", code)
    await field.say("tervete-duty", f"{code} nē")
    await field.say("tervete-chief", "Diemžēl nevaram, visi aizņemti")
    for _ in range(2):
        await field.expect_sms("joniskis-duty", f"PADĖTI NEGALI {code}.")
    for number in (1, 2, 3):
        await field.expect_sms(f"tervete-volunteer-{number}", code)
    await field.say("tervete-volunteer-1", f"{code} jā, 15 min")
    await field.expect_sms("joniskis-duty", f"PAGALBA ATVYKSTA {code}.", "Atvyksta: 1 iš 3", "po 15 min.")
    await field.say("tervete-volunteer-3", "Braucu!")
    await field.expect_sms("joniskis-duty", f"NAUJA INFORMACIJA {code}.", "Atvyksta: 2 iš 3")
    await field.expect_sms("tervete-volunteer-2", f"PALĪGU PIETIEK {code}.", "Jums nav jāierodas")
    assert await field.ends(event, Ending.ENOUGH)
    await field.expect_no_more_texts()


async def test_silence_to_the_end_while_duty_changes(field: Field) -> None:
    """The night is given away while the desk is waited for: the substitute is woken in the second step; nobody answers,
    and the asking side reads who was tried and which number to call."""
    event = await field.ask("rokiskis", "structure_fire", "Obeliai")
    code = code_in(await field.expect_sms("akniste-duty", "PALĪDZĪBA VAJADZĪGA"))
    swap = await _give_away(field, "akniste-chief", "akniste-volunteer-1")
    await field.expect_sms("akniste-volunteer-1", code)
    await field.expect_sms("akniste-delegate", code)
    tried = ("budėtojas", "ugniagesių vadovas", "viešojo saugumo komisijos atstovas")
    await field.expect_sms("rokiskis-duty", f"NIEKAS NEATVYKSTA {code}.", "SKAMBINKITE DABAR +37165200000", *tried)
    await field.expect_mail("rokiskis-duty", "NIEKAS NEATVYKSTA", "+37165200000")
    revoked = await field.borderlands("duty", "swap", "--revoke", swap)
    assert revoked.returncode == 0, revoked.stderr
    assert await field.ends(event, Ending.UNANSWERED)
    await field.expect_no_more_texts()


async def _give_away(field: Field, contact: str, substitute: str) -> str:
    """Have ``substitute`` stand in for a chief from now on, as a duty officer would; the swap's id."""
    now = datetime.now(UTC)
    hours = [f"{moment:%Y-%m-%dT%H:%M+00:00}" for moment in (now - timedelta(minutes=5), now + timedelta(hours=1))]
    party, role = contact.split("-", maxsplit=1)[0], "fire_chief"
    swap = await field.borderlands(
        *("duty", "swap", "--party", party, "--role", role, "--for", contact, "--by", substitute),
        *("--from", hours[0], "--to", hours[1]),
    )
    assert swap.returncode == 0, swap.stderr
    return swap.stdout.split()[1]


@pytest.mark.parametrize("late_s", [-0.3, 0.3])
async def test_a_reply_at_the_deadline(field: Field, late_s: float) -> None:
    """Just before it or just after: the asking side is told once, and the next are awake only if the log says why."""
    event = await field.ask("akniste", "structure_fire", "Gārsene")
    code = code_in(await field.expect_sms("rokiskis-duty", "REIKIA PAGALBOS"))
    await field.until(lambda said: any(one.delivery is Delivery.SENT for one in said), event)
    sent = next(one.at for one in await field.receipts(event) if one.delivery is Delivery.SENT)
    deadline = sent + timedelta(seconds=ANSWER_S + late_s)
    await asyncio.sleep(max(0.0, (deadline - datetime.now(UTC)).total_seconds()))
    await field.say("rokiskis-duty", f"{code} TAIP")
    await field.expect_sms("akniste-duty", f"PALĪDZĪBA NĀK {code}.", "Rokišķi, dežurants")
    assert await field.ends(event, Ending.ACCEPTED)
    gone_on = [one for one in await field.receipts(event) if one.reason is ReceiptReason.NOBODY_ANSWERED]
    if gone_on:
        await field.expect_sms("rokiskis-chief", code)
    await field.expect_no_more_texts()


async def test_an_update_while_the_second_step_waits_and_then_a_cancel(field: Field) -> None:
    """Both noes woke the volunteers; the change reaches all five, first of all what changed, and so does the end."""
    event = await field.ask("joniskis", "forest_fire", "Žagarė")
    code = code_in(await field.expect_sms("tervete-duty", "PALĪDZĪBA VAJADZĪGA"))
    await field.expect_sms("tervete-chief", code)
    for contact in ("tervete-duty", "tervete-chief"):
        await field.say(contact, f"{code} NĒ")
        await field.expect_sms("joniskis-duty", f"PADĖTI NEGALI {code}.")
    asked = [f"tervete-{name}" for name in ("volunteer-1", "volunteer-2", "volunteer-3")]
    for contact in asked:
        await field.expect_sms(contact, code)
    asked += ["tervete-duty", "tervete-chief"]
    same = {"incident_id": event.incident_id, "kind": "update"}
    await field.ask("joniskis", "forest_fire", "Žagarė", severity="Extreme", **same)
    for contact in asked:
        await field.expect_sms(contact, f"JAUNA INFORMĀCIJA {code}.", "ļoti augsta")
    await field.report("joniskis", None, None, kind="cancel", incident_id=event.incident_id)
    for contact in asked:
        await field.expect_sms(contact, f"ATSAUKUMS {code}.")
    assert await field.ends(event, Ending.CALLED_OFF)
    await field.say("tervete-volunteer-1", f"{code} jā")
    await field.expect_sms("tervete-volunteer-1", f"Pieprasījums {code} jau ir slēgts")
    await field.expect_no_more_texts()


async def test_a_cancel_while_the_alert_is_being_sent(field: Field) -> None:
    """The provider took both texts and does not say so: the cancel comes meanwhile, and follows each alert once."""
    chief = field.number("birzai-chief")
    await field.sandbox.add_fault(Fault(kind=FaultKind.HANG_AFTER, operation=Operation.CREATE, to=chief, times=1))
    event = await field.ask("vecumnieki", "peat_fire", "Skaistkalne")
    code = code_in(await field.expect_sms("birzai-chief", "REIKIA PAGALBOS"))
    await field.expect_sms("birzai-duty", code)
    await field.report("vecumnieki", None, None, kind="cancel", incident_id=event.incident_id)
    for contact in ("birzai-duty", "birzai-chief"):
        await field.expect_sms(contact, f"ATŠAUKIMAS {code}.")
    assert await field.ends(event, Ending.CALLED_OFF)
    await field.expect_no_more_texts()


async def test_an_answer_given_by_telephone(field: Field) -> None:
    """The desk writes down what the chief said; the asking side is told as if it had come by text."""
    event = await field.ask("vecumnieki", "peat_fire", "Skaistkalne")
    code = code_in(await field.expect_sms("birzai-chief", "REIKIA PAGALBOS"))
    await field.expect_sms("birzai-duty", code)
    by_hand = ("--as", "birzai-chief", "--reason", "phone dead")
    written = await field.borderlands("respond", code.lower(), "TAIP 1 autocisterna 20 min", *by_hand)
    assert written.returncode == 0, written.stderr
    assert "understood: accept, fire tanker 1, in 20 min" in written.stdout
    head = f"PALĪDZĪBA NĀK {code}."
    await field.expect_sms("vecumnieki-duty", head, "Birži, ugunsdzēsēju vadītājs", "pēc 20 min", "autocisterna 1")
    assert await field.ends(event, Ending.ACCEPTED)
    await field.expect_no_more_texts()


async def test_a_phone_that_says_stop(field: Field) -> None:
    """Its municipality is told, no further text goes to it, the ladder goes past it; START undoes all of that."""
    event = await field.ask("akniste", "structure_fire", "Gārsene")
    code = code_in(await field.expect_sms("rokiskis-duty", "REIKIA PAGALBOS"))
    await field.expect_sms("rokiskis-chief", code)
    await field.say("rokiskis-chief", "Stop")
    await field.expect_sms("rokiskis-duty", "KONTAKTAS PRARASTAS", "ugniagesių vadovas")
    await field.expect_sms("rokiskis-delegate", code)
    await field.say("rokiskis-delegate", "taip")
    await field.expect_sms("akniste-duty", f"PALĪDZĪBA NĀK {code}.")
    assert await field.ends(event, Ending.ACCEPTED)

    event = await field.ask("akniste", "structure_fire", "Gārsene")
    code = code_in(await field.expect_sms("rokiskis-duty", "REIKIA PAGALBOS"))
    await field.say("rokiskis-duty", f"{code} NE")
    await field.expect_sms("akniste-duty", f"PALĪDZĒT NEVAR {code}.")
    await field.expect_sms("rokiskis-delegate", code)
    reasons = {one.reason for one in await field.receipts(event) if one.contact_id == "rokiskis-chief"}
    assert ReceiptReason.RECIPIENT_STOPPED in reasons
    await field.say("rokiskis-delegate", "taip")
    await field.expect_sms("akniste-duty", f"PALĪDZĪBA NĀK {code}.")
    assert await field.ends(event, Ending.ACCEPTED)

    await field.say("rokiskis-chief", "START")
    await field.expect_sms("rokiskis-chief", "SMS vėl siųsime")
    await field.expect_sms("rokiskis-duty", "KONTAKTAS ATNAUJINTAS", "ugniagesių vadovas")
    await field.expect_no_more_texts()


async def test_a_yes_that_is_taken_back(field: Field) -> None:
    """The asking side is told that they do not come after all, and the next are woken as if they had said no."""
    event = await field.ask("akniste", "structure_fire", "Gārsene")
    code = code_in(await field.expect_sms("rokiskis-duty", "REIKIA PAGALBOS"))
    await field.say("rokiskis-duty", f"{code} TAIP")
    await field.expect_sms("akniste-duty", f"PALĪDZĪBA NĀK {code}.", "Rokišķi, dežurants")
    assert await field.ends(event, Ending.ACCEPTED)
    await field.say("rokiskis-duty", f"{code} vis dėlto negalim, sugedo mašina")
    await field.expect_sms("akniste-duty", f"PALĪDZĒT NEVAR {code}.", "Rokišķi, dežurants")
    await field.expect_sms("rokiskis-chief", f"REIKIA PAGALBOS {code}.")
    await field.say("rokiskis-chief", f"{code} 1 autocisterna, 15 min")
    await field.expect_sms("akniste-duty", f"PALĪDZĪBA NĀK {code}.", "Rokišķi, ugunsdzēsēju vadītājs", "pēc 15 min")
    assert await field.ends(event, Ending.ACCEPTED)
    await field.expect_no_more_texts()


async def test_an_exercise_is_answered_among_those_who_take_part(field: Field) -> None:
    """The answer of an exercise phone is told to the other side's exercise desk, and says first that it is none."""
    drill = {"status": "Exercise", "origin": "exercise", "exerciseid": "ex-5"}
    event = await field.ask("vecumnieki", "peat_fire", "Skaistkalne", **drill)
    code = code_in(await field.expect_sms("birzai-exercise-duty", "PRATYBOS!"))
    await field.expect_sms("birzai-exercise-chief", "PRATYBOS!", code)
    await field.say("birzai-exercise-chief", "taip, važiuojam")
    await field.expect_sms("vecumnieki-exercise-duty", "MĀCĪBAS!", f"PALĪDZĪBA NĀK {code}.")
    assert await field.ends(event, Ending.ACCEPTED)
    await field.expect_no_more_texts()
