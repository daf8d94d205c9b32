"""What forbids sending: a stop switch, a contact that asked for silence, or not knowing whether there is one."""

import asyncio
import time
from typing import Protocol

from notifiers.pace import Stopping
from runtime.control import Control
from schemas.control import StopSwitch
from schemas.notification import Notification

KNOWN_FOR_S = 0.8
"""How long what was read of ``control`` counts. A switch is obeyed this long after it was written at the latest."""

CONFIRM_EVERY_S = 0.2
_LOOK_S = 0.25


class HeldBack(Exception):
    """A switch covers the notification; nothing was handed over, and it stays to be done."""

    def __init__(self, switch: StopSwitch, claim_id: str | None = None) -> None:
        """``claim_id`` is the claim that was made on it, and that is to be given back."""
        super().__init__(f"{switch.key}: {switch.reason}")
        self.switch, self.claim_id = switch, claim_id


class ControlView(Protocol):
    """What is read of ``control``; see ``runtime.control.ControlFollower``."""

    @property
    def current(self) -> Control:
        """What holds now, as far as it was read."""

    async def confirm(self) -> None:
        """Return once everything is read that stood there when this was called."""


class Gate:
    """Opens only to what no switch covers, and only while ``control`` is being read. ``keep_open`` must be running."""

    def __init__(self, control: ControlView, stop: asyncio.Event) -> None:
        self._control, self._stop = control, stop
        self._known_at_s = -KNOWN_FOR_S
        self._renewed = asyncio.Event()

    async def keep_open(self) -> None:
        """Confirm again and again that everything of ``control`` has been read, until cancelled.

        Raises:
            KafkaError: it cannot be read; the process must end, nothing may be sent.
        """
        while True:
            began_s = time.monotonic()
            await self._control.confirm()
            self._known_at_s = began_s
            self._renewed.set()
            self._renewed = asyncio.Event()
            await asyncio.sleep(CONFIRM_EVERY_S)

    @property
    def known(self) -> bool:
        """Whether it is known what is switched off."""
        return time.monotonic() - self._known_at_s < KNOWN_FOR_S

    @property
    def control(self) -> Control:
        """What holds, as last read."""
        return self._control.current

    def switch_over(self, notification: Notification) -> StopSwitch | None:
        """The switch that covers ``notification``, if one is on."""
        return self._control.current.stopped(notification.asking_party, notification.party)

    async def pass_by(self, notification: Notification, claim_id: str | None = None) -> None:
        """Return at once where ``notification`` may be sent now; wait while that is not known.

        Raises:
            HeldBack: a switch covers it.
            Stopping: the process is asked to stop while it is not known.
        """
        while not self.known:
            if self._stop.is_set():
                raise Stopping
            try:
                async with asyncio.timeout(_LOOK_S):
                    await self._renewed.wait()
            except TimeoutError:
                continue
        switch = self.switch_over(notification)
        if switch is not None:
            raise HeldBack(switch, claim_id)
