"""``borderlands trace``: everything that happened to one incident, in order, with the reason of every step."""

import asyncio
import itertools
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from aiokafka.errors import KafkaError

from console.connect import connection
from console.logs.live import read_log
from console.logs.logged import Logged, TooMuchToRead
from console.output import Exit, fail, out
from console.texts_sent import TextsSent
from runtime.kafka import partition_for
from runtime.policies import PolicyFollower
from runtime.settings import Settings
from schemas.decision import Decision
from schemas.event import EmergencyEvent, Rejection
from schemas.incident import IncidentState
from schemas.notification import Notification, Receipt, Response
from schemas.policy.models import Policy
from schemas.topics import CO_PARTITIONED, INCIDENTS, REJECTED
from schemas.vocabulary import ReceiptKind, ReceiptReason
from streams.rules.routing.explain import explain

ZONE = ZoneInfo("Europe/Riga")  # the same clock as Europe/Vilnius, all year


def trace(
    incident: Annotated[str, typer.Argument(help="Incident id (or the id of one of its events).")],
    home: Annotated[Path, typer.Option(help="Home of the system.")] = Path("var/local"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the records as JSON Lines.")] = False,
) -> None:
    """Print every record of an incident in order: who was told what, when and why, and who was not."""
    try:
        found = asyncio.run(trace_lines(connection(home), incident, as_json=as_json))
    except TooMuchToRead as problem:
        fail(str(problem), Exit.USAGE)
    except (KafkaError, OSError) as problem:
        fail(f"Kafka cannot be read: {problem}", Exit.UNAVAILABLE)
    if not found:
        fail(f"nothing is known of {incident}", Exit.NO_INPUT, mend="check the id: `borderlands submit` prints it")
    for line in found:
        out.print(line, markup=False)


async def trace_lines(settings: Settings, incident: str, *, as_json: bool = False) -> list[str]:
    """The trace of ``incident`` as lines; empty when nothing is known of it."""
    records = await read_incident(settings, incident)
    if as_json:
        return [json.dumps(_as_json(one), ensure_ascii=False) for one in records]
    if not records:
        return []
    async with PolicyFollower(settings) as policies:
        return Teller(records, policies.get, TextsSent(settings.directory, policies.get)).lines()


async def read_incident(settings: Settings, incident: str) -> list[Logged]:
    """Every record of ``incident`` (or of the incident of that event id), oldest first, snapshots left out."""
    topics = [topic for topic in CO_PARTITIONED if topic not in (INCIDENTS, REJECTED)]
    partition = partition_for(incident, settings.partitions)
    own = [one for one in await read_log(settings, topics, partition=partition) if _incident(one) == incident]
    if not own:
        everything = await read_log(settings, topics)
        by_event = {getattr(one.record, "event_id", None): _incident(one) for one in everything}
        incident = by_event.get(incident) or incident
        own = [one for one in everything if _incident(one) == incident]
    refused = [one for one in await read_log(settings, [REJECTED]) if _incident(one) == incident]
    return sorted(own + refused, key=lambda one: (one.appended_at, _RANK.get(one.topic, 3), one.offset))


_RANK = {"events": 0, "decisions": 1, "events.rejected": 2, "receipts": 4}


def _incident(one: Logged) -> str | None:
    return getattr(one.record, "incident_id", None)


def _as_json(one: Logged) -> dict[str, object]:
    record = one.record.model_dump(mode="json", exclude_none=True) if one.record is not None else None
    return {
        "topic": one.topic,
        "partition": one.partition,
        "offset": one.offset,
        "appended_at": one.appended_at.isoformat(),
        "value": record,
    }


class Teller:
    """Turns the records of one incident into lines for people. ``policy_of`` gives a policy by its version."""

    def __init__(self, records: list[Logged], policy_of: Callable[[str], Policy | None], texts: TextsSent) -> None:
        self._records, self._policy_of, self._texts = records, policy_of, texts
        self._notifications = {
            (one.record.notification_id, one.record.attempt): one.record
            for one in records
            if isinstance(one.record, Notification)
        }

    def lines(self) -> list[str]:
        """The whole story, oldest first; at its end how long the first of each hop took."""
        first = self._records[0]
        lines = [f"Incident {_incident(first)}, partition {first.partition}, times of {ZONE.key}"]
        for one in self._records:
            lines += self._of(one)
        return [*lines, *self._latencies()]

    def _of(self, one: Logged) -> list[str]:
        stamp = one.appended_at.astimezone(ZONE).strftime("%d.%m. %H:%M:%S.%f")[:-3]
        headline, details = self._tell(one)
        return [f"{stamp}  {headline}", *(f"{'':22}{detail}" for detail in details)]

    def _tell(self, one: Logged) -> tuple[str, list[str]]:
        match one.record:
            case EmergencyEvent() as event:
                what = f": {event.event_type.value.replace('_', ' ')}" if event.event_type else ""
                if event.service is not None:
                    about = f" of {event.service.contact_id}" if event.service.contact_id else ""
                    what = f": {event.service.kind.value.replace('_', ' ')}{about}, about the system itself"
                return f"event     {event.kind} by {event.reporting_party}{what} [{event.event_id}]", [
                    f"status {event.status}, origin {event.origin}, severity {event.severity}"
                ]
            case Decision() as decision:
                policy = self._policy_of(decision.policy_version)
                head = f"decision  {decision.outcome} under policy {decision.policy_version[:12]} [{decision.event_id}]"
                return head, explain(decision, policy)[1:] if policy else []  # its first line says what head says
            case Rejection() as rejection:
                return f"refused   {rejection.reason}: {rejection.detail}", [f"→ {rejection.mend}"]
            case Notification() as order:
                again = f", attempt {order.attempt}" if order.attempt > 1 else ""
                repeated = ", marked as a repetition" if order.repetition else ""
                return (
                    f"order     {order.template} by {order.channel} ({order.lane}) to {order.party} {order.role} "
                    f"({order.contact_id}){again}{repeated}"
                ), []
            case Receipt() as receipt:
                return self._tell_receipt(receipt)
            case Response() as response:
                said = response.answer or (response.command or "not understood")
                return f"answer    {said} by {response.party} {response.role or ''} ({response.channel})", [
                    f"“{' '.join(response.text.split())}”"
                ] if response.text else []
            case IncidentState():
                return "state", []
            case _:
                return f"undecodable record at {one.topic}[{one.partition}]@{one.offset}", [
                    one.fault.detail if one.fault else ""
                ]

    def _tell_receipt(self, receipt: Receipt) -> tuple[str, list[str]]:
        whom = f"event {receipt.event_id}" if receipt.event_id else "request"
        if receipt.contact_id:
            whom = f"{receipt.channel or ''} to {receipt.contact_id}"
        if receipt.kind is ReceiptKind.CLAIM:
            return f"claim     {whom}, by {receipt.incarnation}", []
        if receipt.kind is ReceiptKind.RELEASE:
            if receipt.reason is ReceiptReason.STOPPED_BY_SWITCH:
                return f"held      {whom}: a stop switch is on", [receipt.detail] if receipt.detail else []
            return f"release   {whom}{f': {receipt.reason}' if receipt.reason else ''}", []
        word = "end" if receipt.kind is ReceiptKind.END else receipt.delivery or "outcome"
        parts = [f"{whom}: {receipt.reason}"]
        if receipt.segments:
            parts.append(f"{receipt.segments} × {receipt.encoding}")
        if receipt.provider_ref:
            parts.append(receipt.provider_ref)
        order = self._notifications.get((receipt.notification_id or "", receipt.attempt or 1))
        details = [receipt.detail] if receipt.detail else []
        if order is not None and receipt.body_sha256:
            details += self._texts.lines(order, receipt.body_sha256)
        return f"{word:9} {', '.join(parts)}", details

    def _latencies(self) -> list[str]:
        """For the first report: how long each hop took, from the records' own append times."""
        moments: dict[str, datetime] = {}
        for one in self._records:
            hop = _HOPS.get(one.topic) or ("order" if one.topic.startswith("notify.") else "")
            if one.topic == "receipts" and isinstance(one.record, Receipt):
                hop = {ReceiptKind.CLAIM: "claim", ReceiptKind.OUTCOME: "outcome"}.get(one.record.kind, "")
            if hop:
                moments.setdefault(hop, one.appended_at)
        hops = sorted(moments.items(), key=lambda hop: hop[1])
        steps = [
            f"{before[0]} → {after[0]} {(after[1] - before[1]).total_seconds() * 1000:.0f} ms"
            for before, after in itertools.pairwise(hops)
        ]
        return [f"{'':22}first of each hop: {', '.join(steps)}"] if steps else []


_HOPS = {"events": "event", "decisions": "decision"}
