"""One round: steady load, one fault at a random moment, and the books balanced when everything has come to rest."""

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiokafka.errors import KafkaError

from tests.chaos.answers import told_and_answered
from tests.chaos.books import Arrived, Balance, balance
from tests.chaos.faults import Fault
from tests.chaos.ground import PATIENCE_S, Ground
from tests.chaos.ledgers import Ledgers
from tests.chaos.load import Load, Markers, NotWritten, Reported
from tests.chaos.rig import Rig
from tests.chaos.settled import unsettled

EVENTS_PER_S = 4.0
REPEATED = 0.1
"""A share of the events is written twice, as by a reporter who is not sure."""

UPDATES = 0.25
"""A share of the events are updates of events of earlier rounds, so that what is remembered of them matters."""

_BEFORE_S, _AFTER_S = (0.5, 2.5), (0.3, 1.5)


@dataclass
class Round:
    """One round that was played. ``failures`` is empty where the books balance and everything came to rest."""

    number: int
    fault: str
    ground: Ground
    began: datetime
    arrived: list[Arrived] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    took_s: float = 0.0

    @property
    def balance(self) -> Balance:
        """The balance over everything that has arrived until now, however late."""
        owed = self.ground.load.owed()
        there = {one.key for one in self.arrived}
        expected = [one for one in owed if (one.contact, one.channel) not in self.ground.refused or one.key in there]
        return balance(expected, self.arrived, self.ground.explains)

    @property
    def failures(self) -> list[str]:
        """What the books and the topics say is wrong."""
        return [*self.balance.failures, *self.troubles]

    @property
    def stuck(self) -> bool:
        """Whether the system did not come to rest, so that another round on it would tell nothing."""
        return bool(self.troubles)


async def play(
    rig: Rig,
    ledgers: Ledgers,
    fault: Fault,
    number: int,
    seed: int,
    markers: Markers,
    to_update: list[Reported],
) -> Round:
    """Play round ``number`` of the run with ``seed``; ``to_update`` are events of earlier rounds that are at rest."""
    dice = random.Random(f"{seed}-{number}")
    name = f"round-{seed}-{number}-{time.time_ns()}"
    began, began_s = datetime.now(UTC), time.monotonic()
    async with Load(rig.system.settings, name, markers=markers, to_update=to_update) as load:
        ground = Ground(rig, load, ledgers, dice)
        played = Round(number, fault.name, ground, began)
        for step in (_hurt(ground, fault), _rest(ground, played)):
            try:
                await step
            except* (AssertionError, NotWritten, KafkaError, OSError, TimeoutError) as problems:
                played.troubles += [f"{type(problem).__name__}: {problem}" for problem in _leaves(problems)]
    ledgers.read()
    played.took_s = time.monotonic() - began_s
    return played


async def _rest(ground: Ground, played: Round) -> None:
    """Wait until everything has arrived and nothing is under way; also after a fault that did not go as meant."""
    await ground.until_arrived()
    played.troubles += await _until_at_rest(ground, played.began)


async def _hurt(ground: Ground, fault: Fault) -> None:
    """Load before, while and after the fault is played."""
    dice, stop = ground.dice, asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(
            ground.load.steady(
                EVENTS_PER_S,
                stop,
                kinds=fault.kinds,
                repeated=REPEATED,
                updates=UPDATES,
                dice=random.Random(dice.random()),
            )
        )
        group.create_task(told_and_answered(ground, random.Random(dice.random()), stop))
        try:
            await asyncio.sleep(dice.uniform(*_BEFORE_S))
            await fault.play(ground)
            await asyncio.sleep(dice.uniform(*_AFTER_S))
        finally:
            stop.set()


async def _until_at_rest(ground: Ground, began: datetime) -> list[str]:
    """What is still unwell or under way when the patience is over; empty as soon as nothing is."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        lines = await asyncio.to_thread(ground.rig.unwell)
        if not lines:
            with contextlib.suppress(KafkaError, OSError):
                lines = await unsettled(ground.settings, began, ground.foreign)
                if not lines:
                    return []
        if time.monotonic() > deadline:
            return [f"not at rest: {line}" for line in lines[:10]]
        await asyncio.sleep(0.5)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for problem in group.exceptions:
        found += _leaves(problem) if isinstance(problem, BaseExceptionGroup) else [problem]
    return found
