"""A plausible month on the border, the same each time: about forty incidents, an exercise, a stopped evening.

``python -m tests.report.month DIR`` writes the pages and the table of it, to look at.
"""

import asyncio
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from console.logs.logged import Logged
from console.report.command import table
from console.report.figures import figures_of
from console.report.month import Month
from console.report.page import Subject, page
from console.report.read import read_months
from console.report.tidy import as_csv
from console.report.words import LANGUAGES, Words
from schemas.event import Need
from schemas.vocabulary import (
    Action,
    Answer,
    Channel,
    Delivery,
    EventKind,
    EventType,
    NeedKind,
    ReceiptKind,
    ReceiptReason,
    ReplyProblem,
)
from tests.report.scene import PARTNERS, ListLog, Scene, Scope, policy

OCTOBER = Month(2026, 10)
NOW = datetime(2026, 12, 2, 9, 0, tzinfo=UTC)

_TYPES = (
    (EventType.GRASS_FIRE, Action.HELP, 5),
    (EventType.FOREST_FIRE, Action.HELP, 4),
    (EventType.PEAT_FIRE, Action.HELP, 3),
    (EventType.STRUCTURE_FIRE, Action.HELP, 4),
    (EventType.ROAD_ACCIDENT, Action.INFORM, 6),
    (EventType.WATER_POLLUTION, Action.INFORM, 3),
    (EventType.ILLEGAL_FISHING, Action.INFORM, 3),
    (EventType.POWER_OUTAGE, Action.INFORM, 2),
    (EventType.MISSING_PERSON, Action.REFER, 2),
    (EventType.SUSPICIOUS_VEHICLE, Action.REFER, 3),
)
_UNITS = {"vecumnieki": "bauska", "birzai": "birzai", "akniste": "jekabpils", "rokiskis": "rokiskis",
          "tervete": "dobele", "joniskis": "joniskis"}  # fmt: skip


class _Player:
    """Plays incidents with a random source of its own."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.scene = Scene()

    def month(self, month: Month, incidents: int) -> None:
        for number in range(incidents):
            at = month.start + (month.end - month.start) * self.dice.random()
            self.incident(f"in-{month}-{number:02d}", at.replace(microsecond=0))

    def incident(self, name: str, at: datetime) -> None:
        kind, action, _ = self.dice.choices(_TYPES, weights=[weight for *_, weight in _TYPES])[0]
        agreement = self.dice.choices(list(PARTNERS), weights=(5, 3, 3))[0]
        asking, partner = self.dice.sample(PARTNERS[agreement], 2)
        needs = (Need(kind=NeedKind.FIRE_TANKER, count=self.dice.choice((1, 1, 2))),)
        scope = Scope(name, agreement, asking, partner, kind, _UNITS[asking], action, needs=needs)
        chance = self.dice.random()
        if chance < 0.06:
            self.scene.stays(scope, at)
        elif chance < 0.09:
            self.scene.refused(scope, at)
        else:
            self.scene.event(scope, at)
            self.told(scope, at)

    def told(self, scope: Scope, at: datetime) -> None:
        first = at + timedelta(seconds=self.dice.lognormvariate(1.6, 0.7))
        if self.dice.random() < 0.06:
            first += timedelta(minutes=self.dice.uniform(4, 18))
        drill = "exercise-" if scope.exercise else ""
        for who in ("duty", "chief") if scope.action is Action.HELP else ("duty",):
            self.sms(scope, f"{scope.partner}-{drill}{who}", first)
            first += timedelta(seconds=self.dice.uniform(0.2, 2))
        mail = f"{scope.partner}-{drill}duty"
        self.scene.word(scope, mail, first + timedelta(seconds=1), channel=Channel.EMAIL)
        if scope.action is Action.HELP:
            self.answered(scope, first)
        if self.dice.random() < 0.3:
            kind = self.dice.choice((EventKind.UPDATE, EventKind.ALL_CLEAR))
            self.scene.event(scope, first + timedelta(minutes=self.dice.uniform(40, 200)), kind=kind)

    def sms(self, scope: Scope, contact: str, at: datetime) -> None:
        chance = self.dice.random()
        if chance < 0.05:
            reason = self.dice.choice((ReceiptReason.INVALID_ADDRESS, ReceiptReason.RECIPIENT_STOPPED))
            self.scene.word(scope, contact, at, Delivery.FAILED_PERM, reason=reason)
            return
        if chance < 0.09:
            self.scene.word(scope, contact, at, Delivery.UNKNOWN, reason=ReceiptReason.TIMEOUT)
            self.scene.word(scope, contact, at + timedelta(seconds=24), attempt=2)
            return
        self.scene.word(scope, contact, at)
        if self.dice.random() < 0.85:
            later = at + timedelta(seconds=self.dice.uniform(2, 15))
            self.scene.word(scope, contact, later, Delivery.DELIVERED, reason=ReceiptReason.DELIVERED)

    def answered(self, scope: Scope, first: datetime) -> None:
        drill = "exercise-" if scope.exercise else ""
        chief = f"{scope.partner}-{drill}chief"
        at = first + timedelta(seconds=self.dice.lognormvariate(4.6, 0.8))
        chance = self.dice.random()
        if chance < 0.5:
            self.scene.answer(scope, chief, Answer.ACCEPT, at)
        elif chance < 0.62:
            some = (Need(kind=NeedKind.FIRE_TANKER, count=1),) if scope.needs[0].count > 1 else ()
            self.scene.answer(scope, chief, Answer.PARTIAL, at, amounts=some)
        elif chance < 0.74:
            self.scene.answer(scope, chief, Answer.DECLINE, at)
            self.volunteers(scope, at)
        elif chance < 0.84:
            self.scene.answer(scope, None, None, at, problem=ReplyProblem.NOT_UNDERSTOOD)
            self.scene.answer(scope, chief, Answer.ACCEPT, at + timedelta(seconds=80))
        else:
            self.volunteers(scope, first + timedelta(minutes=5))

    def volunteers(self, scope: Scope, at: datetime) -> None:
        if scope.exercise:
            return
        willing = self.dice.choice((0.0, 0.4, 0.8))
        for number in (1, 2, 3):
            contact = f"{scope.partner}-volunteer-{number}"
            self.scene.word(scope, contact, at + timedelta(seconds=number))
            if self.dice.random() < willing:
                self.scene.answer(scope, contact, Answer.ACCEPT, at + timedelta(seconds=60 * number))


def autumn(seed: int = 11) -> list[Logged]:
    """September and October 2026: two months to compare, with canaries, an exercise and a stopped evening."""
    player = _Player(seed)
    scene = player.scene
    scene.publish(datetime(2026, 8, 1, 9, 0, tzinfo=UTC))
    scene.canary(0, datetime(2026, 8, 20, tzinfo=UTC))
    player.month(OCTOBER.before, 27)
    player.month(OCTOBER, 41)
    for number, agreement in enumerate(PARTNERS):
        asking, partner = PARTNERS[agreement]
        drill = Scope(
            f"in-drill-{number}", agreement, asking, partner, EventType.FLOOD, _UNITS[asking], exercise="autumn-2026"
        )
        at = datetime(2026, 10, 14, 7, 10 * number, tzinfo=UTC)
        scene.event(drill, at)
        player.told(drill, at)
    for number in range(1, 200):
        scene.canary(number, OCTOBER.start + timedelta(hours=3 * number))
    scene.switch(True, datetime(2026, 10, 21, 16, 5, tzinfo=UTC))
    held = Scope("in-held")
    scene.event(held, datetime(2026, 10, 21, 16, 9, tzinfo=UTC))
    at = datetime(2026, 10, 21, 16, 9, 2, tzinfo=UTC)
    scene.word(held, "birzai-duty", at, None, kind=ReceiptKind.RELEASE, reason=ReceiptReason.STOPPED_BY_SWITCH)
    scene.switch(False, datetime(2026, 10, 21, 16, 21, tzinfo=UTC))
    player.told(held, datetime(2026, 10, 21, 16, 21, tzinfo=UTC))
    return scene.all


def write(folder: Path, month: Month = OCTOBER) -> list[Path]:
    """Pages in each language and the table, of ``autumn``."""
    read = asyncio.run(read_months(ListLog(autumn()), month))
    now = NOW
    subject = Subject(figures_of(read.ledger, month, now), figures_of(read.ledger, month.before, now), None, now)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {f"report-{language}.html": page(subject, Words(language, policy())) for language in LANGUAGES}
    texts["report.csv"] = as_csv(table(subject, read))
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return [folder / name for name in texts]


if __name__ == "__main__":
    print(*write(Path(sys.argv[1])), sep="\n")
