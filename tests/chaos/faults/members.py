"""More processes than there should be: two of one instance id, and further members that join and leave."""

import asyncio
import signal

from schemas.vocabulary import Channel
from tests.chaos.ground import Ground
from tests.chaos.rig import EVERYBODY, SESSION_S, Extra, module_of

REFUSED = 78
"""Exit code of a process that may not run as it is set up."""

_STARTS_WITHIN_S = 60.0
_STAYS_S = (4.0, 7.0)


async def twin_here(ground: Ground) -> None:
    """A second process of one instance id on this machine: it must refuse to run, and say why."""
    name = ground.dice.choice(EVERYBODY)
    ground.note(f"a second {name} with its instance id")
    twin = await ground.rig.another(name, module_of(name), instance=name, home=None)
    code = await twin.wait(_STARTS_WITHIN_S)
    assert code == REFUSED, f"the second {name} ended with {code}: {twin.output[-500:]}"
    assert "already running" in twin.output


async def twin_elsewhere(ground: Ground, name: str) -> None:
    """The same from another home, as on another machine, where no lock can help: both run, for a while."""
    if "email" in name:
        ground.explains.add(Channel.EMAIL)
    ground.note(f"a second {name} with its instance id, in another home")
    twin = await ground.rig.another(name, module_of(name), instance=name, home=ground.rig.home / "elsewhere")
    await _stay_and_leave(ground, twin_signal=signal.SIGTERM, twin=twin)


async def join(ground: Ground, name: str, *, static: bool | None = None) -> None:
    """A further member joins and takes partitions over, then leaves: asked to, or killed."""
    static = ground.dice.random() < 0.5 if static is None else static
    leave = ground.dice.choice((signal.SIGTERM, signal.SIGKILL))
    if "email" in name and leave is signal.SIGKILL:
        ground.explains.add(Channel.EMAIL)
    instance = f"{name}-2" if static else None
    ground.note(f"a further {name} ({instance or 'no instance id'}), leaving by {leave.name}")
    extra = await ground.rig.another(name, module_of(name), instance=instance, home=None)
    await _stay_and_leave(ground, twin_signal=leave, twin=extra)


async def freeze_beside_another(ground: Ground, name: str) -> None:
    """One of two notifiers is frozen past its session: the other takes its work over, and then the first wakes up.

    A freeze between the last look at a claim's age and the call, for longer than a claim lasts, may double a text:
    see docs/guarantees.md. This freeze is shorter, so that nothing may be doubled.
    """
    if "email" in name:
        ground.explains.add(Channel.EMAIL)
    extra = await ground.rig.another(name, module_of(name), instance=None, home=None)
    await _joined(extra)
    pid, for_s = await ground.rig.pid(name), SESSION_S + ground.dice.uniform(2.0, 4.0)
    ground.note(f"SIGSTOP to {name} for {for_s:.1f} s beside another of it")
    with ground.rig.frozen(pid):
        await asyncio.sleep(for_s)
    await asyncio.sleep(ground.dice.uniform(1.0, 3.0))
    extra.end(signal.SIGTERM)
    await extra.wait(_STARTS_WITHIN_S)


async def _stay_and_leave(ground: Ground, *, twin_signal: signal.Signals, twin: Extra) -> None:
    await _joined(twin)
    await asyncio.sleep(ground.dice.uniform(*_STAYS_S))
    twin.end(twin_signal)
    await twin.wait(_STARTS_WITHIN_S)


async def _joined(extra: Extra) -> None:
    """Return when the process has started; what it does in its group then is the round's business."""
    for _ in range(int(_STARTS_WITHIN_S / 0.1)):
        if "starting" in extra.output:
            return await asyncio.sleep(2.0)
        assert extra.process.poll() is None, f"it ended: {extra.output[-500:]}"
        await asyncio.sleep(0.1)
    raise AssertionError(f"not started: {extra.output[-500:]}")
