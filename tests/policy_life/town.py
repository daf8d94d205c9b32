"""The running system in a storm, and the policies that become active in the middle of it."""

import asyncio
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from console.files import shipped_policy
from console.logs.live import read_log
from schemas.decision import Decision
from schemas.event import EmergencyEvent
from schemas.notification import Notification, Receipt
from schemas.policy.load import load_policy
from schemas.policy.parts import RATES
from schemas.topics import DECISIONS, NOTIFY, RECEIPTS
from schemas.vocabulary import Channel, ReceiptKind
from tests.acceptance.ladders import LADDERS, QUICK_AGREEMENT, Field
from tests.acceptance.system import System

ANSWER_S = 12
"""How long each step of the ladder of the first policy waits for an answer, seconds."""

ASKED_FOR_INFORMATION = ("vecumnieki", "flood", "Skaistkalne")
INFORMED = "  - id: inform_now\n    steps:\n      - {roles: [%s], channels: [sms], send_within: 5 min}\n"

EXPECTED = {
    "first": ("birzai-chief", "birzai-duty"),
    "second": ("birzai-duty",),
    "third": ("birzai-delegate", "birzai-duty"),
}
"""Who gets a text of a flood in Skaistkalne by each policy."""

_ROLES = {"first": "duty_desk, fire_chief", "second": "duty_desk", "third": "duty_desk, psdk_delegate"}


def editions(folder: Path) -> dict[str, Path]:
    """Three policies: by each others are told of a flood; the ladder that open incidents climb by the first is gone
    from the second and the third, and their agreement asks by another one."""
    return {name: _edition(folder / name, name) for name in EXPECTED}


def _edition(folder: Path, name: str) -> Path:
    shutil.copytree(shipped_policy(), folder)
    (folder / RATES).unlink()
    for cases in (folder / "agreements").glob("*.cases.yaml"):
        cases.unlink()  # they expect what the shipped policy says
    shipped = (folder / "ladders.yaml").read_text(encoding="utf-8")
    others = shipped[shipped.index("  # Something severe next door") :]
    now = others[: others.index("  - id: inform_duty_desk")]
    ladders = LADDERS.replace("answer_within: 4 s", f"answer_within: {ANSWER_S} s")
    if name != "first":
        ladders = ladders[: ladders.index("  - id: quick")]
    rest = others.replace(now, f"{INFORMED % _ROLES[name]}\n")
    (folder / "ladders.yaml").write_text(ladders + rest, encoding="utf-8")
    if name == "first":
        agreement = folder / "agreements" / f"{QUICK_AGREEMENT}.yaml"
        text = agreement.read_text(encoding="utf-8")
        agreement.write_text(text.replace("ladder: call_for_help", "ladder: quick"), encoding="utf-8")
    return folder


@dataclass
class Storm:
    """Reports that come in until told to end, and what became of them."""

    story: Field
    incidents: set[str] = field(default_factory=set)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def blow(self, pause_s: float, at_most: int) -> None:
        """Report floods until it is over."""
        for number in range(at_most):
            if self.over.is_set():
                return
            event: EmergencyEvent = await self.story.report(*ASKED_FOR_INFORMATION, key=f"storm-{number}")
            self.incidents.add(event.incident_id)
            await asyncio.sleep(pause_s)

    async def decisions(self) -> dict[str, Decision]:
        """The decision on each event of the storm: the first one counts."""
        found: dict[str, Decision] = {}
        for one in await read_log(self.story.settings, [DECISIONS], since=self.began):
            if isinstance(one.record, Decision) and one.record.incident_id in self.incidents:
                found.setdefault(one.record.incident_id, one.record)
        return found

    async def decided_by(self, version: str, count: int, within_s: float = 120) -> None:
        """Wait until so many events of the storm were judged by that policy."""
        async with asyncio.timeout(within_s):
            while True:
                cited = Counter(one.policy_version for one in (await self.decisions()).values())
                if cited[version] >= count:
                    return
                await asyncio.sleep(1)

    async def ended(self, within_s: float) -> tuple[dict[str, list[Notification]], list[Receipt]]:
        """Every order by incident and every end of one, once each event has orders and each order an end."""
        async with asyncio.timeout(within_s):
            while True:
                logged = await read_log(self.story.settings, [*NOTIFY.values(), RECEIPTS], since=self.began)
                orders: dict[str, list[Notification]] = defaultdict(list)
                ends: list[Receipt] = []
                for one in logged:
                    if isinstance(one.record, Notification) and one.record.incident_id in self.incidents:
                        orders[one.record.incident_id].append(one.record)
                    elif isinstance(one.record, Receipt) and one.record.kind in (ReceiptKind.OUTCOME, ReceiptKind.END):
                        ends.append(one.record)
                named = {end.notification_id for end in ends}
                if orders.keys() == self.incidents and all(
                    order.notification_id in named for each in orders.values() for order in each
                ):
                    return orders, ends
                await asyncio.sleep(1)


def versions_of(folders: dict[str, Path]) -> dict[str, str]:
    """The name of each policy by its version."""
    return {load_policy(folder).version: name for name, folder in folders.items()}


async def texts_taken(field: Field) -> list[dict[str, Any]]:
    """Every text that a provider took."""
    taken: list[dict[str, Any]] = await field.sandbox.ledger("accepted")
    return taken


def only_texts(orders: list[Notification]) -> list[str]:
    """Who is sent a text, in order of the alphabet."""
    return sorted(order.contact_id for order in orders if order.channel is Channel.SMS)


def town(home: Path, folder: Path) -> System:
    """`borderlands up` with the first of ``editions`` and a directory of its own."""
    people = home / "people.yaml"
    home.mkdir(parents=True)
    shutil.copyfile(shipped_policy() / "directory.example.yaml", people)
    return System(
        home / "home", "--policy", str(folder), "--directory", str(people), "--partitions", "6",
        "--session-timeout", "6", environment={"BORDERLANDS_NOTIFIER__RECONCILE_PAUSE_S": "1"},
    )  # fmt: skip
