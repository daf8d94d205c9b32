"""``borderlands submit``: the command-line door. Checks a report, shows who will be told, writes the event."""

import asyncio
import contextlib
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from console.connect import connection
from console.exercise import reach_of
from console.files import read_event
from console.output import Exit, JsonOption, err, fail, out, print_json
from runtime.control import ControlFollower
from runtime.kafka import make_producer, partition_for
from runtime.policies import NoActivePolicy, PolicyFollower
from runtime.settings import Settings
from schemas.codec import Undecodable, encode
from schemas.control import DutySwap
from schemas.decision import Decision
from schemas.event import EmergencyEvent, SourceOfRejection
from schemas.intake import Report, accept
from schemas.policy.directory import Directory
from schemas.policy.directory_file import load_directory
from schemas.policy.mistakes import PolicyMistakes
from schemas.policy.models import Policy
from schemas.rejections import rejection
from schemas.topics import EVENTS, REJECTED
from schemas.vocabulary import Origin, RejectionReason
from streams.rules.routing.explain import explain
from streams.rules.routing.rejection import rejection_of
from streams.rules.routing.route import route
from streams.rules.trusted import amended

POLICY_WITHIN_S = 5.0


class NotKnownWhetherWritten(Exception):
    """The broker's answer was lost: the event may stand on the log or not."""

    def __init__(self, event: EmergencyEvent, problem: Exception) -> None:
        super().__init__(f"{type(problem).__name__}: {problem}")
        self.event = event


def submit(
    file: Annotated[Path, typer.Argument(help="A JSON file with the report, or - for standard input.")],
    key: Annotated[str | None, typer.Option(help="Your own name for this report: sent twice, it counts once.")] = None,
    incident_key: Annotated[str | None, typer.Option(help="Your own name for the incident.")] = None,
    home: Annotated[Path, typer.Option(help="Home of a system started with `borderlands up`.")] = Path("var/local"),
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the ids only.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Report an event: check it, say who will be told and why, and write it to the topic `events`."""
    raw = read_event(file)
    try:
        event, decision = asyncio.run(_submit(connection(home), raw, key, incident_key, quiet))
    except Undecodable as fault:
        fail(f"not accepted ({fault.reason}): {fault.detail}", Exit.DATA, mend=fault.mend)
    except NoActivePolicy as problem:
        fail(str(problem), Exit.CONFIGURATION)
    except NotKnownWhetherWritten as problem:
        fail(
            f"it is not known whether the event was written: {problem}",
            Exit.UNAVAILABLE,
            mend="send it again with the ids below, so that it cannot count twice, or telephone the partner now:\n"
            f'    "event_id": "{problem.event.event_id}", "incident_id": "{problem.event.incident_id}"',
        )
    except (KafkaError, OSError) as problem:
        fail(
            f"Kafka cannot be reached, nothing was sent: {problem}",
            Exit.UNAVAILABLE,
            mend="start the system (borderlands up) or call the partner's duty desk by telephone now",
        )
    if as_json:
        foreseen = decision.model_dump(mode="json", exclude_none=True)
        print_json({"event": event.event_id, "incident": event.incident_id, "decision": foreseen})
        return
    out.print(f"event {event.event_id}\nincident {event.incident_id}")


async def _submit(
    settings: Settings, raw: bytes, key: str | None, incident_key: str | None, quiet: bool
) -> tuple[EmergencyEvent, Decision]:
    producer = make_producer(settings)
    await producer.start()
    try:
        async with PolicyFollower(settings) as policies, ControlFollower(settings) as control:
            policy = await policies.wait_active(POLICY_WITHIN_S)
            try:
                report = accept(
                    raw, now=datetime.now(UTC), fresh=lambda: uuid.uuid4().hex[:24], key=key, incident_key=incident_key
                )
                decision = preview(report, policy, control.current.swaps, quiet, people_of(settings))
            except Undecodable as fault:
                await _record_rejection(producer, fault, raw)
                raise
            try:
                await write_event(producer, report.event, settings.partitions)
            except (KafkaError, OSError) as problem:
                raise NotKnownWhetherWritten(report.event, problem) from problem
            return report.event, decision
    finally:
        with contextlib.suppress(KafkaError):
            await producer.stop()


def people_of(settings: Settings) -> Directory | None:
    """The private directory where this machine has it: of a system that runs here, or named by the environment."""
    if "directory" not in settings.model_fields_set:
        return None
    try:
        return load_directory(settings.directory)
    except (PolicyMistakes, OSError):
        return None


def preview(
    report: Report, policy: Policy, swaps: tuple[DutySwap, ...], quiet: bool, people: Directory | None
) -> Decision:
    """Say who will be told, and return what the router will decide; refuse here what it would refuse, while the
    reporter is still listening."""
    # Judged by who is on duty now, when it is recorded, whenever it was reported.
    decision = route(amended(report.event, recorded_at=datetime.now(UTC)), policy, swaps)
    if not quiet:
        for note in report.notes:
            err.print(f"[yellow]![/] {note}")
        for line in explain(decision, policy):
            err.print(line, markup=False)
    refused = rejection_of(decision)
    if refused is not None:
        raise Undecodable(*refused, _ids(report))
    if report.event.origin is Origin.EXERCISE:
        _exercise(report, decision, policy, quiet, people)
    return decision


def _ids(report: Report) -> dict[str, str]:
    return {"event_id": report.event.event_id, "incident_id": report.event.incident_id}


def _exercise(report: Report, decision: Decision, policy: Policy, quiet: bool, people: Directory | None) -> None:
    """Say whom an exercise reaches, and refuse one that would reach somebody who is not there for exercises."""
    if people is None:
        if not quiet:
            err.print("! the directory is not on this machine: notifiers refuse whoever is not there for exercises")
        return
    reach = reach_of(decision, policy, people)
    if not quiet:
        for line in (*reach.lines, *(f"! {warning}" for warning in reach.warnings)):
            err.print(line, markup=False)
    if reach.faults:
        raise Undecodable(
            RejectionReason.NOT_FOR_SENDING,
            f"this exercise would reach {'; '.join(reach.faults)}",
            "give the role an exercise contact in roles.yaml, or correct the directory; `borderlands policy check`",
            _ids(report),
        )


async def write_event(producer: AIOKafkaProducer, event: EmergencyEvent, partitions: int) -> None:
    """Write ``event`` to its topic, on the partition of its incident, and wait for the broker."""
    encoded = encode(EVENTS, event, source="console", at=datetime.now(UTC))
    await producer.send_and_wait(
        EVENTS.name,
        key=event.incident_id.encode(),
        value=encoded.value,
        headers=encoded.headers,
        partition=partition_for(event.incident_id, partitions),
    )


async def _record_rejection(producer: AIOKafkaProducer, fault: Undecodable, raw: bytes) -> None:
    now = datetime.now(UTC)
    record = rejection(fault, raw, refused_by=SourceOfRejection.DOOR, at=now)
    encoded = encode(REJECTED, record, source="console", at=now)
    await producer.send_and_wait(REJECTED.name, value=encoded.value, headers=encoded.headers)
