"""The SMS provider and the mail server refusing, hanging, breaking off; and the sandbox that is both, killed."""

import asyncio
import os
import signal
from pathlib import Path

from deploy.local.sandbox.models import Fault, FaultKind, MailFault, MailFaultKind, Operation
from schemas.vocabulary import Channel
from tests.chaos.ground import Ground

_LASTS_S = (3.0, 8.0)
_FROZEN_S = (11.0, 14.0)
"""Longer than the time-out of a call to the SMS provider."""
_TWO = "birzai-duty", "birzai-chief"
"""Two recipients of one event by e-mail, of whom one is refused."""


async def sms(ground: Ground, kind: FaultKind, *, at_most: int | None = None, blind: bool = False) -> None:
    """Requests to the provider go wrong for some seconds, or ``at_most`` so many of them.

    ``blind``: asking what became of a text fails too, so that the text may have to be repeated.
    """
    operation, dice = (Operation.ANY if blind else Operation.CREATE), ground.dice
    if blind:
        ground.explains.add(Channel.SMS)
    fault = Fault(
        kind=kind,
        operation=operation,
        times=dice.randint(1, at_most) if at_most else None,
        status=dice.choice((500, 502, 503, 504)),
        retry_after_s=dice.randint(1, 3),
    )
    async with ground.sandbox() as sandbox:
        await sandbox.add_fault(fault)
        await _last(ground, f"{fault.kind} {fault.times or 'until cleared'}, HTTP {fault.status}, {operation}")
        await sandbox.clear_faults()


async def mail(ground: Ground, kind: MailFaultKind, *, at_most: int | None = None, unclear: bool = False) -> None:
    """The mail server goes wrong for some seconds or ``at_most`` so often; ``unclear``: after the content was sent."""
    if unclear:
        ground.explains.add(Channel.EMAIL)
    fault = MailFault(kind=kind, times=ground.dice.randint(1, at_most) if at_most else None)
    async with ground.sandbox() as sandbox:
        await sandbox.add_mail_fault(fault)
        await _last(ground, f"{fault.kind} {fault.times or 'until cleared'}")
        await sandbox.clear_mail_faults()


async def one_recipient(ground: Ground, kind: MailFaultKind) -> None:
    """Of two mailboxes one is refused, for now or for good; the other gets its mail."""
    contact = ground.dice.choice(_TWO)
    if kind is MailFaultKind.REFUSE_RECIPIENT:
        ground.refused.add((contact, Channel.EMAIL))
    address = ground.directory.contacts[contact].email
    async with ground.sandbox() as sandbox:
        await sandbox.add_mail_fault(MailFault(kind=kind, address=address))
        await _last(ground, f"{kind} for {contact} only")
        await sandbox.clear_mail_faults()


async def dead(ground: Ground) -> None:
    """The provider's and the mail server's machine dies: connections break off, then are refused, until it is back."""
    ground.explains |= {Channel.EMAIL, Channel.SMS}
    pid = _sandbox_pid(ground.rig.home)
    ground.note(f"SIGKILL to the sandbox, process {pid}")
    os.kill(pid, signal.SIGKILL)


async def frozen(ground: Ground) -> None:
    """That machine stands still for longer than a call may take, and then does what had been asked of it."""
    ground.explains |= {Channel.EMAIL, Channel.SMS}
    pid, for_s = _sandbox_pid(ground.rig.home), ground.dice.uniform(*_FROZEN_S)
    ground.note(f"SIGSTOP to the sandbox, process {pid}, for {for_s:.1f} s")
    with ground.rig.frozen(pid):
        await asyncio.sleep(for_s)


async def _last(ground: Ground, what: str) -> None:
    for_s = ground.dice.uniform(*_LASTS_S)
    ground.note(f"{what}, for {for_s:.1f} s")
    await asyncio.sleep(for_s)


def _sandbox_pid(home: Path) -> int:
    """The process that was started with the sandbox's home on its command line, and is no tether."""
    wanted = str(home.absolute() / "sandbox").encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in words and b"deploy.local.sandbox" in words and b"deploy.local.tether" not in words:
            return int(folder.name)
    raise AssertionError("the sandbox does not run")
