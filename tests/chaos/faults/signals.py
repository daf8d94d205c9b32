"""Processes killed, asked to end, and frozen past their session time-out."""

import asyncio
import signal

from runtime.health import SILENT_S, WINDOW_S
from schemas.vocabulary import Channel
from tests.chaos.ground import Ground
from tests.chaos.load import ROUTINE_TO_LT, URGENT_TO_LT
from tests.chaos.rig import BROKER, FROZEN_S, SUPERVISOR

STARVED_S = WINDOW_S + SILENT_S + 2.0
_BURST = 250
_ARRIVED_WITHIN_S = 60.0


async def kill(ground: Ground, victim: str) -> None:
    """SIGKILL: nothing can be tidied up. A supervisor is started again, as a service manager does."""
    _explain(ground, victim)
    ground.note(f"SIGKILL to {victim}, process {await ground.rig.signal(victim, signal.SIGKILL)}")
    if victim == SUPERVISOR:
        await ground.rig.start_again()


async def term(ground: Ground, victim: str) -> None:
    """SIGTERM: what is begun may be finished, so that no mail need be repeated. The broker leaves no such time."""
    if victim in (BROKER, SUPERVISOR):
        _explain(ground, victim)
    ground.note(f"SIGTERM to {victim}, process {await ground.rig.signal(victim, signal.SIGTERM)}")
    if victim == SUPERVISOR:
        await ground.rig.start_again()


async def freeze(ground: Ground, victim: str) -> None:
    """SIGSTOP for longer than the session time-out, then SIGCONT: it wakes up into a world that went on."""
    if victim != SUPERVISOR:
        _explain(ground, victim)
    pid, for_s = await ground.rig.pid(victim), ground.dice.uniform(*FROZEN_S)
    ground.note(f"SIGSTOP to {victim}, process {pid}, for {for_s:.1f} s")
    with ground.rig.frozen(pid):
        if victim == SUPERVISOR:  # more than the pipes of its children hold: nobody may wait for it to read
            await ground.load.burst([URGENT_TO_LT, ROUTINE_TO_LT] * _BURST)
            absent = await ground.until_arrived(_ARRIVED_WITHIN_S)
            assert not absent, f"a frozen supervisor keeps back {len(absent)} texts"
        await asyncio.sleep(for_s)


async def starve(ground: Ground) -> None:
    """The broker is frozen for so long that every process must have noticed, and say that it is not well."""
    _explain(ground, BROKER)
    pid = await ground.rig.pid(BROKER)
    ground.note(f"SIGSTOP to {BROKER}, process {pid}, for {STARVED_S:g} s")
    with ground.rig.frozen(pid):
        await asyncio.sleep(STARVED_S)
        health = await asyncio.to_thread(ground.rig.system.health)
        well = [name for name, answer in health.items() if answer.get("healthy")]
        assert not well, f"without a broker, {well} say that they are well"


def _explain(ground: Ground, victim: str) -> None:
    """A mail under way as its sender or its log is lost cannot be asked about; a text can."""
    if victim in (BROKER, SUPERVISOR) or "email" in victim:
        ground.explains.add(Channel.EMAIL)
