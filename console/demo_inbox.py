"""Watches the sandbox's phones and mailboxes, shows what arrives, and knows whose they are."""

import asyncio
import email
import email.policy
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from console.evening import Arrived
from deploy.local.sandbox.control import SandboxControl
from schemas.policy.directory import Contact

POLL_S = 0.1
Show = Callable[[str], None]


class Inbox:
    """Everything that has arrived since it was opened; ``show`` gets a line for each as it comes."""

    def __init__(self, sandbox_url: str, people: Mapping[str, Contact], show: Show) -> None:
        self._control = SandboxControl(sandbox_url)
        self._by_number = {contact.sms: name for name, contact in people.items() if contact.sms}
        self._by_mailbox = {contact.email: name for name, contact in people.items() if contact.email}
        self._people, self._show = people, show
        self._texts_seen: dict[str, int] = {}
        self._mails_seen = 0
        self.arrived: list[Arrived] = []
        self._last_news = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to watch."""
        await self._control.__aenter__()
        self._task = asyncio.create_task(self._watch(), name="demo-inbox")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._control.__aexit__(kind, error, trace)

    async def reply(self, contact: str, to: str, text: str) -> None:
        """Have the phone of ``contact`` text back to the number ``to``."""
        number = self._people[contact].sms
        if number is None:
            raise LookupError(f"{contact} has no telephone to answer from")
        await self._control.reply(number, to, text)

    async def wait_for(self, more: int, at_most_s: float) -> None:
        """Return when ``more`` messages have arrived since this call, or after ``at_most_s`` seconds."""
        before, deadline = len(self.arrived), time.monotonic() + at_most_s
        while len(self.arrived) < before + more and time.monotonic() < deadline:
            await self._still_watching()

    async def settle(self, quiet_s: float, at_most_s: float) -> None:
        """Return when nothing has arrived for ``quiet_s`` seconds: then something unexpected would be there."""
        deadline = time.monotonic() + at_most_s
        while time.monotonic() - self._last_news < quiet_s and time.monotonic() < deadline:
            await self._still_watching()

    async def _still_watching(self) -> None:
        if self._task is not None and self._task.done():
            self._task.result()
        await asyncio.sleep(POLL_S)

    async def _watch(self) -> None:
        while True:
            await self._look_at_phones()
            await self._look_at_mails()
            await asyncio.sleep(POLL_S)

    async def _look_at_phones(self) -> None:
        for number, texts in (await self._control.phones()).items():
            for text in texts[self._texts_seen.get(number, 0) :]:
                if text.direction == "in":
                    contact = self._by_number.get(number, number)
                    self._note(Arrived(contact, "sms", text.body))
                    self._show(f"✆ {self._who(contact)} {number}, {text.segments} part{'s' * (text.segments != 1)}")
                    self._show(f"  │ {text.body}")
            self._texts_seen[number] = len(texts)

    async def _look_at_mails(self) -> None:
        mails = await self._control.mails()
        for mail in mails[self._mails_seen :]:
            raw = email.message_from_bytes(await self._control.mail(mail.number), policy=email.policy.default)
            parts = [part.get_content() for part in raw.walk() if part.get_content_maintype() == "text"]
            for mailbox in mail.recipients:
                contact = self._by_mailbox.get(mailbox, mailbox)
                self._note(Arrived(contact, "email", "\n".join([mail.subject, *parts])))
                self._show(f"✉ {self._who(contact)} {mailbox}: {mail.subject}")
        self._mails_seen = len(mails)

    def _who(self, contact: str) -> str:
        person = self._people.get(contact)
        return f"{contact} ({person.language}, {person.script})" if person else contact

    def _note(self, arrived: Arrived) -> None:
        self.arrived.append(arrived)
        self._last_news = time.monotonic()
