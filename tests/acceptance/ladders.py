"""The words in which stories of ladders are written, and the policy they play by: short waits where silence is told."""

import asyncio
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from console.files import shipped_policy
from console.logs.live import read_log
from notifiers.texts.letters import to_ascii
from runtime.kafka import partition_for
from schemas.event import EmergencyEvent
from schemas.incident import Ending, IncidentState
from schemas.notification import Notification, Receipt, Response
from schemas.policy.directory import Script
from schemas.policy.parts import RATES
from schemas.topics import INCIDENTS, NOTIFY, RECEIPTS, RESPONSES
from schemas.vocabulary import Channel, ReceiptKind
from tests.acceptance.night import ARRIVES_WITHIN_S, Night
from tests.acceptance.system import System

ANSWER_S = 4
"""How long each step of the quick ladder waits for an answer, seconds."""

ENDS_WITHIN_S = 60.0
TANKER = [{"kind": "fire_tanker", "count": 1}]

LADDERS = f"""
ladders:
  - id: call_for_help
    steps:
      - {{roles: [duty_desk, fire_chief], channels: [sms], send_within: 2 min, answer_within: 3 min}}
      - {{roles: [volunteer_firefighters], channels: [sms], send_within: 2 min, answer_within: 3 min}}
      - {{roles: [psdk_delegate], channels: [sms], send_within: 2 min}}
    tell_if_nobody: [duty_desk]
  - id: quick
    steps:
      - {{roles: [duty_desk], channels: [sms], send_within: 30 s, answer_within: {ANSWER_S} s}}
      - {{roles: [fire_chief], channels: [sms], send_within: 30 s, answer_within: {ANSWER_S} s}}
      - {{roles: [psdk_delegate], channels: [sms], send_within: 30 s}}
    tell_if_nobody: [duty_desk]
"""
"""Where people answer, they have all the time in the world; where they keep silent, the story goes on soon."""

QUICK_AGREEMENT = "rokiskis-akniste"


def short_ladders(folder: Path) -> Path:
    """A copy of the shipped policy with these ladders, and a group of which two of three are enough."""
    shutil.copytree(shipped_policy(), folder)
    (folder / RATES).unlink()
    shipped = (folder / "ladders.yaml").read_text(encoding="utf-8")
    others = shipped[shipped.index("  # Something severe next door") :]
    (folder / "ladders.yaml").write_text(LADDERS + others, encoding="utf-8")
    _change(folder / "agreements" / f"{QUICK_AGREEMENT}.yaml", "ladder: call_for_help", "ladder: quick")
    _change(folder / "roles.yaml", "enough: 3", "enough: 2")
    return folder


def _change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, (file, old)
    file.write_text(text.replace(old, new), encoding="utf-8")


def code_in(text: str) -> str:
    """The reply code that a request asks for."""
    found = re.search(r"(?:Atbildiet|Atsakykite): (\w{4}) ", text)
    assert found is not None, text
    return found[1]


class Field(Night):
    """One story of people who are asked, and of those who asked."""

    def __init__(self, system: System) -> None:
        sandbox_url = system.running.sandbox
        assert sandbox_url is not None
        super().__init__(system.settings, sandbox_url)
        self.system = system
        self.began = datetime.now(UTC)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._calls_from = len(await self.sandbox.ledger("accepted"))
        return self

    def number(self, contact: str) -> str:
        """The telephone number of ``contact``."""
        number = self.directory.contacts[contact].sms
        assert number is not None
        return number

    async def ask(self, party: str, event_type: str, place: str, **more: Any) -> EmergencyEvent:
        """Report an event of ``party`` that needs a fire tanker."""
        return await self.report(party, event_type, place, **{"needs": TANKER, **more})

    async def expect_sms(self, contact: str, *words: str, within_s: float = ARRIVES_WITHIN_S) -> str:
        """The text that ``contact`` gets and that holds all ``words``, in plain letters where that phone wants them."""
        if self.directory.contacts[contact].script is Script.ASCII:
            words = tuple(to_ascii(word) for word in words)
        return await super().expect_sms(contact, *words, within_s=within_s)

    async def state(self, event: EmergencyEvent) -> IncidentState | None:
        """The newest snapshot of the incident."""
        partition = partition_for(event.incident_id, self.settings.partitions)
        logged = await read_log(self.settings, [INCIDENTS], since=self.began, partition=partition)
        states = [one.record for one in logged if isinstance(one.record, IncidentState)]
        return next((one for one in reversed(states) if one.incident_id == event.incident_id), None)

    async def ends(self, event: EmergencyEvent, *endings: Ending, within_s: float = ENDS_WITHIN_S) -> Ending:
        """How the request ended, as soon as it is one of ``endings``, with no timer left running."""
        deadline = time.monotonic() + within_s
        while True:
            state = await self.state(event)
            climbs = [duty.climb for duty in state.obligations if duty.climb] if state else []
            if climbs and all(climb.ended in endings for climb in climbs):
                ended = climbs[-1].ended
                assert ended is not None
                return ended
            assert time.monotonic() < deadline, climbs
            await asyncio.sleep(0.2)

    async def receipts(self, event: EmergencyEvent) -> list[Receipt]:
        """Every receipt of the incident, oldest first."""
        return await self._records(RECEIPTS, event, Receipt)

    async def responses(self, event: EmergencyEvent) -> list[Response]:
        """Every answer of the incident, oldest first."""
        return await self._records(RESPONSES, event, Response)

    async def orders(self, event: EmergencyEvent) -> list[Notification]:
        """Every text by SMS that was ordered for the incident."""
        return [
            order
            for topic in NOTIFY.values()
            for order in await self._records(topic, event, Notification)
            if order.channel is Channel.SMS
        ]

    async def _records(self, topic: Any, event: EmergencyEvent, kind: type[Any]) -> list[Any]:
        partition = partition_for(event.incident_id, self.settings.partitions)
        logged = await read_log(self.settings, [topic], since=self.began, partition=partition)
        records = [one.record for one in logged if isinstance(one.record, kind)]
        return [record for record in records if record.incident_id == event.incident_id]

    async def settled(self, event: EmergencyEvent) -> None:
        """Wait until it is on the log what became of every text of the incident."""
        orders = {order.notification_id for order in await self.orders(event)}
        ends = {ReceiptKind.OUTCOME, ReceiptKind.END}
        await self.until(lambda said: orders <= {one.notification_id for one in said if one.kind in ends}, event)

    async def until(self, holds: Callable[[list[Receipt]], bool], event: EmergencyEvent) -> None:
        """Wait for what the receipts of an incident say."""
        deadline = time.monotonic() + ENDS_WITHIN_S
        while not holds(await self.receipts(event)):
            assert time.monotonic() < deadline, await self.receipts(event)
            await asyncio.sleep(0.2)

    async def expect_no_more_texts(self) -> None:
        """No phone has got, or gets, a text that this story has not expected; and none got the same text twice."""
        await asyncio.sleep(1.0)
        await self._look()
        texts = [message for message in self._waiting if message.channel == "sms"]
        assert not texts, f"nobody expected {texts}"
        assert await self.doubles() == []

    async def doubles(self) -> list[tuple[str, str]]:
        """The texts of this story that a provider took more than once for the same phone."""
        taken = (await self.sandbox.ledger("accepted"))[self._calls_from :]
        return [text for text, count in Counter((one["to"], one["body"]) for one in taken).items() if count > 1]

    async def providers_of(self, *words: str) -> Counter[str]:
        """How many texts of this story with ``words`` in them each provider took."""
        taken = (await self.sandbox.ledger("accepted"))[self._calls_from :]
        return Counter(str(one["via"]) for one in taken if all(word in one["body"] for word in words))

    async def borderlands(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command as a user types it."""
        command = [sys.executable, "-m", "console", *arguments, "--home", str(self.system.home)]
        return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)
