"""A scripted evening: reports to send, and by hand what must come of each."""

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from schemas.base import Id, Line, Model
from schemas.event import EmergencyEvent
from schemas.intake import accept
from schemas.policy.source import read_source


class Expectation(Model):
    """Contacts that must be reached, with words their text must hold; words that must appear nowhere."""

    sms: dict[Id, tuple[str, ...]] = Field(default_factory=dict)
    email: tuple[Id, ...] = ()
    never: tuple[str, ...] = ()


class Reply(Model):
    """What somebody texts back; ``{code}`` in ``text`` stands for the code of the step's incident."""

    contact: Id
    text: Annotated[str, Field(max_length=160)]


class Step(Model):
    """One thing that happens: a report through the door, a reply by SMS, or raw bytes on the topic."""

    name: Line
    says: Annotated[str, Field(max_length=400)]
    incident: Line | None = None
    occurred_min_ago: int | None = None
    report: dict[str, Any] | None = None
    reply: Reply | None = None
    raw: tuple[str, ...] = ()
    expect: Expectation


class Evening(Model):
    """All steps, in order."""

    steps: tuple[Step, ...]


def read_evening(path: Path) -> Evening:
    """The evening of a YAML file."""
    return Evening.model_validate(read_source(path, path.name).data)


@dataclass
class Reports:
    """Makes the events of an evening; a step of an earlier incident gets that incident's id."""

    incidents: dict[str, str] = field(default_factory=dict)

    def of(self, step: Step, now: datetime) -> EmergencyEvent | None:
        """The event of ``step`` as its door would make it, or None if the step is raw bytes."""
        if step.report is None:
            return None
        body = dict(step.report)
        if step.incident:
            body["incident_id"] = self.incidents[step.incident]
        if step.occurred_min_ago is not None:
            body["occurred_at"] = (now - timedelta(minutes=step.occurred_min_ago)).isoformat(timespec="minutes")
        event = accept(_json(body), now=now, fresh=lambda: uuid.uuid4().hex[:24]).event
        self.incidents.setdefault(step.name, event.incident_id)
        return event


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, default=str).encode()


@dataclass(frozen=True)
class Arrived:
    """What reached one contact by one channel."""

    contact: str
    channel: str
    text: str


def differences(evening: Evening, arrived: list[Arrived]) -> Iterator[str]:
    """Every way in which ``arrived`` is not what the evening expects: missing, unexpected, garbled, leaked."""
    wanted: Counter[tuple[str, str]] = Counter()
    for step in evening.steps:
        for contact, words in step.expect.sms.items():
            wanted[contact, "sms"] += 1
            if not any(one.contact == contact and one.channel == "sms" and _holds(one.text, words) for one in arrived):
                yield f"{step.name}: no SMS to {contact} holds all of {', '.join(map(repr, words))}"
        for contact in step.expect.email:
            wanted[contact, "email"] += 1
        for word in step.expect.never:
            for one in arrived:
                if word in one.text:
                    yield f"{step.name}: {word!r} reached {one.contact} by {one.channel}"
    found = Counter((one.contact, one.channel) for one in arrived)
    for (contact, channel), count in sorted((wanted - found).items()):
        yield f"{contact} was to get {count} more by {channel}"
    for (contact, channel), count in sorted((found - wanted).items()):
        yield f"{contact} got {count} by {channel} that nobody expected"


def _holds(text: str, words: tuple[str, ...]) -> bool:
    return all(word in text for word in words)
