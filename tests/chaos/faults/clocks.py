"""The clock of one process an hour off, either way, while texts also fail for a moment, so that timers matter."""

import asyncio

from deploy.local.sandbox.models import MailFault, MailFaultKind
from tests.chaos.ground import Ground

HOUR_S = 3600.0
_ARRIVED_WITHIN_S = 90.0
_WRONG_BEFORE_S, _DEFERRED_S = 1.5, 3.0
_GIVEN_BACK_S = 13.0
"""Longer than a notifier tries by itself: the dispatcher's timers must then order the mails anew."""


async def jump(ground: Ground, name: str, seconds: float) -> None:
    """The process's wall clock jumps by ``seconds`` while it runs, and jumps back later.

    The mail server defers one mailbox meanwhile, for the dispatcher's clock longer than a notifier tries: what is to
    be tried again must not wait for an hour, and nothing may count as late because of a clock.
    """
    for_s = _GIVEN_BACK_S if name == "dispatcher" else _DEFERRED_S
    mailbox = ground.directory.contacts["birzai-duty"].email
    ground.note(f"the clock of {name} is wrong by {seconds:+.0f} s, and mail to one mailbox deferred for {for_s:g} s")
    ground.rig.set_clock(name, seconds)
    try:
        await asyncio.sleep(_WRONG_BEFORE_S)
        async with ground.sandbox() as sandbox:
            await sandbox.add_mail_fault(MailFault(kind=MailFaultKind.DEFER_RECIPIENT, address=mailbox))
            await asyncio.sleep(for_s)
            await sandbox.clear_mail_faults()
        absent = await ground.until_arrived(_ARRIVED_WITHIN_S)  # while the clock is still wrong
        assert not absent, f"a wrong clock keeps back {len(absent)} texts"
    finally:
        ground.rig.set_clock(name, 0)
