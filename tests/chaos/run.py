"""A run: rounds in a seeded order, each text given to the round that owes it however late it comes, and a summary."""

import asyncio
import random
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from schemas.policy.directory_file import load_directory
from tests.chaos.books import Arrived
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.ledgers import Ledgers
from tests.chaos.load import Markers, Reported
from tests.chaos.rig import NotToBeHad, Rig
from tests.chaos.rounds import Round, play

TAIL_S = 40.0
"""After the last round: longer than a claim lasts on any channel, so that a late double is seen too."""

Say = Callable[[str], None]


@dataclass
class Run:
    """What was played. ``strays`` belong to no round; ``skipped`` are faults that could not be played, and why."""

    seed: int
    rounds: list[Round] = field(default_factory=list)
    strays: list[Arrived] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    homes: list[Path] = field(default_factory=list)

    @property
    def failures(self) -> list[str]:
        """A line for everything that went wrong, with the round it belongs to."""
        lines = [f"round {one.number} ({one.fault}): {line}" for one in self.rounds for line in one.failures]
        return lines + [
            f"a text that no round owes: {one.channel} to {one.contact}: {one.body!r}" for one in self.strays
        ]

    def assign(self, fresh: Iterable[Arrived]) -> None:
        """Give each text to the round that owes it; the newest round is asked first."""
        for one in fresh:
            for played in reversed(self.rounds):
                if played.ground.is_beside(one):
                    break
                if any(reported.marker == one.marker for reported in played.ground.load.reported):
                    played.arrived.append(one)
                    break
            else:
                self.strays.append(one)


def deck(names: Sequence[str], rounds: int, seed: int) -> list[str]:
    """Which fault each round plays: all of ``names`` in a random order, and again until there are enough."""
    dice, cards = random.Random(seed), list[str]()
    while len(cards) < rounds:
        cards += dice.sample(names, len(names))
    return cards[:rounds]


async def run(
    cards: Sequence[str],
    seed: int,
    say: Say,
    *,
    home: Path | None = None,
    only: int | None = None,
    tail_s: float = TAIL_S,
) -> Run:
    """Play ``cards`` (names of faults), or of them only round ``only`` (counted from 1).

    A round that leaves the system unwell is the last on that system: the next one gets a new one in another home.
    """
    whole, markers = Run(seed), Markers()
    folder = home or Path(tempfile.mkdtemp(prefix="borderlands-chaos-"))
    numbered = [(number, FAULTS[name]) for number, name in enumerate(cards, 1) if only in (None, number)]
    small_disk = any(fault.small_disk for _, fault in numbered)
    while numbered:
        rig = _started(folder / f"system-{len(whole.homes) + 1}", small_disk, whole)
        small_disk = rig.small_disk
        try:
            numbered = await _play_on(rig, numbered, whole, markers, say, tail_s)
        finally:
            rig.stop()
    if not whole.failures and home is None:
        shutil.rmtree(folder, ignore_errors=True)
    return whole


def _started(home: Path, small_disk: bool, whole: Run) -> Rig:
    """A running system in ``home``; without a small disk where there is none to be had."""
    rig = Rig(home, small_disk)
    whole.homes.append(home)
    try:
        rig.start()
    except NotToBeHad as reason:
        rig.small_disk = False
        whole.skipped |= {name: str(reason) for name, fault in FAULTS.items() if fault.small_disk}
        rig.start()
    except BaseException:
        rig.stop()
        raise
    return rig


async def _play_on(
    rig: Rig, numbered: list[tuple[int, Fault]], whole: Run, markers: Markers, say: Say, tail_s: float
) -> list[tuple[int, Fault]]:
    """Play rounds on ``rig`` until one leaves it unwell; returns those still to be played."""
    ledgers = Ledgers(rig.home, load_directory(rig.system.settings.directory))
    to_update: list[Reported] = []
    for place, (number, fault) in enumerate(numbered):
        if fault.small_disk and not rig.small_disk:
            say(f"round {number:3} {fault.name:34} not run here: {whole.skipped.get(fault.name, 'no small disk')}")
            continue
        seen = len(ledgers.arrived)
        played = await play(rig, ledgers, fault, number, whole.seed, markers, to_update)
        whole.rounds.append(played)
        whole.assign(ledgers.arrived[seen:])
        _tell(played, say)
        if not played.failures and not played.ground.refused:
            to_update += [one for one in played.ground.load.reported if not one.update and not one.kind.tankers]
        if played.stuck:
            return numbered[place + 1 :]
    await asyncio.sleep(tail_s)
    whole.assign(ledgers.read())
    return []


def _tell(played: Round, say: Say) -> None:
    books = played.balance
    say(
        f"round {played.number:3} {played.fault:34} {len(played.ground.load.reported):4} events {books.owed:5} texts  "
        f"silence {books.silence_s:5.1f} s, slowest {books.slowest_s:5.1f} s, took {played.took_s:5.1f} s"
        f"{f', {len(books.marked)} marked' if books.marked else ''}"
    )
    for line in played.failures[:8]:
        say(f"          ✗ {line}")
    if played.failures:
        say(f"          what was done: {'; '.join(played.ground.did)}")
