"""``borderlands contacts`` on a real log, as an operator types it."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from console.logs.live import read_log
from console.main import build
from runtime.settings import Settings
from schemas.control import OperationsNote
from schemas.event import EmergencyEvent
from schemas.topics import CONTROL
from schemas.vocabulary import Delivery, ServiceKind, Status
from tests.policy.conftest import SHIPPED
from tests.upkeep.town import Town

pytestmark = pytest.mark.kafka

CHECK = ServiceKind.CHECK


@pytest.fixture(autouse=True)
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command finds the broker by the environment, and a directory of its own."""
    directory = tmp_path / "directory.yaml"
    directory.write_text((SHIPPED / "directory.example.yaml").read_text("utf-8"), encoding="utf-8")
    monkeypatch.setenv("BORDERLANDS_BOOTSTRAP", settings.bootstrap)
    monkeypatch.setenv("BORDERLANDS_PARTITIONS", str(settings.partitions))
    monkeypatch.setenv("BORDERLANDS_DIRECTORY", str(directory))
    monkeypatch.setenv("COLUMNS", "250")


async def contacts(*arguments: str) -> Result:
    """``borderlands contacts`` with these arguments, beside this test."""
    return await asyncio.to_thread(CliRunner().invoke, build(["contacts"]), ["contacts", *arguments])


async def test_each_is_asked_once_a_month_and_the_table_says_who_answered(town: Town) -> None:
    """The chiefs are asked, one answers; asked again in the same month, nobody gets a second text."""
    done = await contacts("verify", "--role", "fire_chief", "--party", "birzai")
    assert done.exit_code == 0, done.output
    assert "2 of 2 contacts asked" in done.output
    live, drill = sorted(await town.wait_events(CHECK, 2), key=lambda event: event.origin, reverse=True)
    assert {event.status for event in (live, drill)} == {Status.SYSTEM}
    await town.receipt(live, Delivery.DELIVERED)
    await town.reply(live)
    again = await contacts("verify", "--role", "fire_chief", "--party", "birzai")
    assert "0 of 2 contacts asked" in again.output
    assert "asked already" in again.output
    assert len(await town.events(CHECK)) == 2
    told = json.loads((await contacts("status", "--party", "birzai", "--role", "fire_chief", "--json")).stdout)
    by_name = {one["contact"]: one for one in told}
    assert by_name["birzai-chief"]["answered"] is True
    assert by_name["birzai-chief"]["delivery"] == "delivered"
    assert by_name["birzai-exercise-chief"]["answered"] is False
    table = await contacts("status", "--party", "birzai", "--role", "fire_chief")
    assert "never answered a check: birzai-exercise-chief" in table.output


async def test_waiting_ends_with_the_answers_or_with_the_time(town: Town) -> None:
    """With --wait the command tells of each answer, and ends with 1 where one is missing when time is over."""
    asking = asyncio.create_task(contacts("verify", "--role", "duty_desk", "--party", "rokiskis", "--wait", "12s"))
    events: list[EmergencyEvent] = await town.wait_events(CHECK, 2)
    live = next(event for event in events if event.service and event.service.contact_id == "rokiskis-duty")
    await town.reply(live)
    done = await asking
    assert done.exit_code == 1
    assert "✓ rokiskis-duty                answered" in done.output
    assert "✗ rokiskis-exercise-duty       no answer" in done.output
    assert "1 did not answer within 12s" in done.stderr


async def test_everybody_answering_ends_the_wait_at_once(town: Town) -> None:
    """When all have answered the command ends well."""
    asking = asyncio.create_task(contacts("verify", "--role", "duty_desk", "--party", "joniskis", "--wait", "5m"))
    for event in await town.wait_events(CHECK, 2):
        await town.reply(event)
    assert (await asking).exit_code == 0


async def test_who_asked_for_silence_is_not_asked(town: Town) -> None:
    """A contact that sent STOP gets no check; a talk is what helps."""
    await town.stop("akniste-delegate")
    try:
        done = await contacts("verify", "--role", "psdk_delegate", "--party", "akniste")
    finally:
        await town.stop("akniste-delegate", stopped=False)
    assert "1 of 2 contacts asked" in done.output
    assert "asked for no texts (STOP)" in done.output


async def test_asking_again_on_purpose_asks_again(town: Town) -> None:
    """With --again also those who were asked this month get a text."""
    for arguments in ((), ("--again",)):
        await contacts("verify", "--role", "psdk_delegate", "--party", "tervete", *arguments)
    assert len({event.event_id for event in await town.events(CHECK)}) == 4


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("verify", "--party", "riga"), "'riga' is no party of the active policy"),
        (("verify", "--role", "boss"), "'boss' is no role of the active policy"),
        (("verify", "--wait", "soon"), "'soon' is no time to wait"),
    ],
)
async def test_what_cannot_be_meant_is_named(arguments: tuple[str, ...], expected: str) -> None:
    """A misspelt party, role or time asks nobody."""
    done = await contacts(*arguments)
    assert done.exit_code == 2
    assert expected in done.stderr


async def test_a_leaver_is_erased_and_the_log_says_so(settings: Settings, tmp_path: Path) -> None:
    """The file loses the numbers, the id is retired, and the note names reason and id, but no number."""
    done = await contacts("erase", "birzai-volunteer-1", "--reason", "moved to Rīga, was 612 34567")
    assert done.exit_code == 0, done.output
    assert "retired:\n  birzai-volunteer-1: " in (tmp_path / "directory.yaml").read_text("utf-8")
    notes = [one.record for one in await read_log(settings, [CONTROL]) if isinstance(one.record, OperationsNote)]
    assert notes[-1].note.startswith("contact birzai-volunteer-1 erased from the directory: moved to Rīga")
    assert "34567" not in notes[-1].note
    twice = await contacts("erase", "birzai-volunteer-1", "--reason", "again")
    assert twice.exit_code == 65
    assert "was erased on" in twice.stderr
