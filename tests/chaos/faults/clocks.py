"""The clock of one process an hour off, either way, while texts also fail for a moment, so that timers matter."""

import asyncio

from deploy.local.sandbox.models import MailFault, MailFaultKind
from tests.chaos.ground import Ground

HOUR_S = 3600.0
_WRONG_BEFORE_S, _WRONG_AFTER_S = 1.5, 3.0


async def jump(ground: Ground, name: str, seconds: float) -> None:
    """The process's wall clock jumps by ``seconds`` while it runs, and jumps back later.

    The mail server defers everything for a moment meanwhile: what is to be tried again must not wait for an hour,
    and nothing may count as late because of a clock.
    """
    ground.note(f"the clock of {name} is wrong by {seconds:+.0f} s")
    ground.rig.set_clock(name, seconds)
    try:
        await asyncio.sleep(_WRONG_BEFORE_S)
        async with ground.sandbox() as sandbox:
            await sandbox.add_mail_fault(
                MailFault(kind=MailFaultKind.DEFER_RECIPIENT, times=ground.dice.randint(5, 40))
            )
            await asyncio.sleep(_WRONG_AFTER_S)
            await sandbox.clear_mail_faults()
        await ground.until_arrived()  # while the clock is still wrong
    finally:
        ground.rig.set_clock(name, 0)
