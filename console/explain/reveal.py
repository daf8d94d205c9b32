"""Showing who stands behind the contacts of an incident: names and numbers of this machine's directory.

Whoever looks leaves a note on `control` first, which every replica has before anything is shown: without a running
system nothing is revealed.
"""

import getpass
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime

from console.explain.messages import Message
from console.output import Exit, err, fail
from runtime.kafka import make_producer
from runtime.settings import Settings
from schemas.codec import encode
from schemas.control import OperationsNote
from schemas.policy.directory import Contact
from schemas.policy.directory_file import load_directory
from schemas.policy.mistakes import PolicyMistakes
from schemas.privacy import mask
from schemas.topics import CONTROL

REASON_MAX = 500


def checked_reason(reveal: bool, reason: str | None) -> str | None:
    """The reason as it will be logged, masked; None where nothing is to be revealed. Ends the command without one."""
    if not reveal:
        if reason is not None:
            fail("--reason goes with --reveal", Exit.USAGE)
        return None
    text = " ".join((reason or "").split())
    if not text:
        fail("--reveal needs --reason", Exit.USAGE, mend="say in a sentence why; it is kept on the log")
    if len(text) > REASON_MAX:
        fail(f"a reason has at most {REASON_MAX} characters, not {len(text)}", Exit.USAGE)
    masked = mask(text).text
    if masked != text:
        err.print(f"! personal data were masked, the log keeps: {masked}", markup=False)
    return masked


def people_of(settings: Settings) -> dict[str, Contact]:
    """The contacts of this machine's directory; without one the command ends, before anything is noted."""
    try:
        return dict(load_directory(settings.directory).contacts)
    except OSError as problem:
        fail(
            f"cannot read the directory {settings.directory}: {problem.strerror}",
            Exit.NO_INPUT,
            mend="reveal where the private directory is: on the machine that sends",
        )
    except PolicyMistakes as mistakes:
        fail(f"the directory has mistakes: {mistakes}", Exit.DATA)


async def note(settings: Settings, incident: str, log: str, reason: str, at: datetime) -> None:
    """Write who looks behind the contacts of ``incident`` and why; returns once every replica has it.

    Raises:
        KafkaError, OSError: it is not known to be written, so nothing may be shown.
    """
    said = f"trace --reveal: the people of incident {incident} (read from {log}): {reason}"[:2000]
    record = OperationsNote(note=said, by=getpass.getuser(), at=at)
    encoded = encode(CONTROL, record, source="console", at=at)
    producer = make_producer(settings)
    await producer.start()
    try:
        key = f"note:{uuid.uuid4().hex[:24]}".encode()
        await producer.send_and_wait(CONTROL.name, key=key, value=encoded.value, headers=encoded.headers, partition=0)
    finally:
        await producer.stop()


def revealed(messages: Iterable[Message], people: dict[str, Contact]) -> Iterator[tuple[str, Contact | None]]:
    """Everybody a text was ordered for, once; None for whom the directory does not know (any more)."""
    for name in dict.fromkeys(message.order.contact_id for message in messages):
        yield name, people.get(name)


def revealed_lines(messages: Iterable[Message], people: dict[str, Contact]) -> Iterator[str]:
    """The same as lines."""
    yield ""
    yield "Who they are (the look is on the log)"
    for name, contact in revealed(messages, people):
        if contact is None:
            yield f"{name}: not in this machine's directory"
        else:
            yield f"{name}: {', '.join(word for word in (contact.name, contact.sms, contact.email) if word)}"
