"""The words in which acceptance tests are written: something is reported, this phone gets that text."""

import asyncio
import email
import email.policy
import json
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from aiokafka import AIOKafkaProducer

from console.submit import write_event
from deploy.local.sandbox.control import SandboxControl
from runtime.kafka import make_producer, partition_for
from runtime.settings import Settings
from schemas.event import EmergencyEvent
from schemas.intake import accept
from schemas.policy.directory import Directory
from schemas.policy.directory_file import load_directory
from schemas.topics import EVENTS

ARRIVES_WITHIN_S = 30.0
QUIET_S = 1.5


@dataclass(frozen=True)
class Message:
    """A text or a mail as it arrived."""

    contact: str
    channel: str
    text: str
    sender: str = ""


class Night:
    """One story. Every message that arrives must be expected by it: ``expect_nothing_more`` says so."""

    def __init__(self, settings: Settings, sandbox_url: str) -> None:
        self.settings = settings
        self.sandbox = SandboxControl(sandbox_url)
        self.directory: Directory = load_directory(settings.directory)
        self._producer: AIOKafkaProducer = make_producer(settings)
        self._texts_from: dict[str, int] = {}
        self._mails_from = 0
        self._waiting: list[Message] = []

    async def __aenter__(self) -> Self:
        await self.sandbox.__aenter__()
        await self._producer.start()
        self._texts_from = {number: len(texts) for number, texts in (await self.sandbox.phones()).items()}
        self._mails_from = len(await self.sandbox.mails())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()
        await self.sandbox.__aexit__(None, None, None)

    async def report(
        self,
        party: str,
        event_type: str | None,
        place: str | dict[str, Any] | None,
        *,
        key: str | None = None,
        **more: Any,
    ) -> EmergencyEvent:
        """Report an event through the door; ``key`` is the sender's own name for it, ``more`` further fields."""
        body: dict[str, Any] = {
            "kind": "report", "status": "Actual", "origin": "live", "reporting_party": party, "severity": "Severe",
            "urgency": "Immediate", "certainty": "Observed", "psap_notified": {"notified": True},
            "event_type": event_type, "place": {"name": place} if isinstance(place, str) else place, **more,
        }  # fmt: skip
        body = {name: value for name, value in body.items() if value is not None}
        now = datetime.now(UTC)
        event = accept(
            json.dumps(body, default=str).encode(), now=now, fresh=lambda: uuid.uuid4().hex[:24], key=key
        ).event
        await write_event(self._producer, event, self.settings.partitions)
        return event

    async def write_raw(self, value: bytes | None, *, key: str = "in-raw", topic: str = EVENTS.name) -> None:
        """Write bytes straight onto a topic, as a broken or hostile sender might."""
        partition = partition_for(key, self.settings.partitions)
        await self._producer.send_and_wait(topic, key=key.encode(), value=value, partition=partition)

    async def expect_sms(self, contact: str, *words: str, within_s: float = ARRIVES_WITHIN_S) -> str:
        """The text that ``contact`` gets and that holds all ``words``."""
        return await self._expect(contact, "sms", words, within_s)

    async def expect_mail(self, contact: str, *words: str, within_s: float = ARRIVES_WITHIN_S) -> str:
        """The mail (subject and text) that ``contact`` gets and that holds all ``words``."""
        return await self._expect(contact, "email", words, within_s)

    async def expect_nothing_more(self) -> None:
        """No message has come, and none comes, that this story has not expected."""
        await asyncio.sleep(QUIET_S)
        await self._look()
        assert not self._waiting, f"nobody expected {self._waiting}"

    async def say(self, contact: str, words: str) -> str:
        """Reply from the phone of ``contact`` to the newest text on it, as a person does; the provider's name of it."""
        number = self.directory.contacts[contact].sms
        assert number is not None
        newest = [text for text in await self.sandbox.texts(number) if text.direction == "in"][-1]
        return await self.sandbox.reply(number, newest.peer, words)

    async def _expect(self, contact: str, channel: str, words: tuple[str, ...], within_s: float) -> str:
        deadline = time.monotonic() + within_s
        while True:
            await self._look()
            for message in self._waiting:
                if (message.contact, message.channel) == (contact, channel) and all(w in message.text for w in words):
                    self._waiting.remove(message)
                    return message.text
            assert time.monotonic() < deadline, f"no {channel} to {contact} holds {words}; there are {self._waiting}"
            await asyncio.sleep(0.05)

    async def _look(self) -> None:
        numbers = {contact.sms: name for name, contact in self.directory.contacts.items() if contact.sms}
        for number, texts in (await self.sandbox.phones()).items():
            for text in texts[self._texts_from.get(number, 0) :]:
                if text.direction == "in":
                    self._waiting.append(Message(numbers.get(number, number), "sms", text.body, text.peer))
            self._texts_from[number] = len(texts)
        mailboxes = {contact.email: name for name, contact in self.directory.contacts.items() if contact.email}
        mails = await self.sandbox.mails()
        for mail in mails[self._mails_from :]:
            raw = email.message_from_bytes(await self.sandbox.mail(mail.number), policy=email.policy.default)
            plain = raw.get_body(("plain",))
            assert plain is not None
            for mailbox in mail.recipients:
                body = f"{mail.subject}\n{plain.get_content()}"
                self._waiting.append(Message(mailboxes.get(mailbox, mailbox), "email", body))
        self._mails_from = len(mails)


def example(name: str) -> Path:
    """A file of the tests' own examples."""
    return Path(__file__).parent / "examples" / name
