"""One batch of records applied to a ledger: which states change, and every record to write. No input or output."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from runtime import metrics
from runtime.log import logger
from schemas.base import Record
from schemas.codec import TooLargeToWrite, Undecodable, decode, encode
from schemas.decision import Decision
from schemas.event import SourceOfRejection
from schemas.incident import CURSOR_KEY, Cursor, IncidentState
from schemas.notification import Notification, Receipt, ResendOrder, Response
from schemas.rejections import rejection
from schemas.topics import INCIDENTS, NOTIFY, RECEIPTS, REJECTED, TOPICS, Topic
from schemas.vocabulary import ReceiptKind, ReceiptReason, RejectionReason
from streams.dispatcher.ledger import CodesInUse, Ledger
from streams.rules.incidents.crews import NO_CREWS, Crews
from streams.rules.incidents.decided import unknown_incident
from streams.rules.incidents.due import due
from streams.rules.incidents.effects import Effect, Emit, Folded, Say
from streams.rules.incidents.fold import fold

MAX_FAILURES_IN_A_ROW = 5
"""So many records in a row that the rules cannot apply mean a bad release, not bad records."""

DUE_MAX = 100
"""Incidents whose timers fire in one batch, the earliest first; thousands may fall due at once after an outage."""

KEPT_FOR_THE_END = 8
"""This part of a snapshot's bound is kept for an incident that was set aside for its size: whom it told may still be
told that it is over, and its reason must fit."""

SOURCE = "dispatcher"

Source = Decision | Receipt | Response | ResendOrder
"""The records that are folded."""


class RulesBroken(Exception):
    """The rules failed on several records in a row; the dispatcher stops rather than quarantine everything."""


@dataclass(frozen=True)
class Incoming:
    """One record of a source topic, as read. ``appended_at`` is Kafka's LogAppendTime."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    appended_at: datetime


@dataclass(frozen=True)
class Output:
    """One record to write, to the partition that is being worked on. No value: a tombstone."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


@dataclass(frozen=True)
class Outcome:
    """What a batch leads to: states to take over, incidents to forget, and what to write of it.

    ``orders`` make somebody act and are written at once; ``snapshots`` (by incident) only save reading again, so
    they may wait a moment for the next order. ``notifications`` are those among the orders.
    """

    states: tuple[IncidentState, ...]
    forgotten: tuple[str, ...]
    orders: tuple[Output, ...]
    snapshots: dict[str, Output]
    notifications: tuple[Notification, ...]


@dataclass
class _Work:
    """One incident within a batch; ``events`` are those whose decisions the batch brings, first come first."""

    before: IncidentState | None
    state: IncidentState | None
    effects: list[Effect] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    def brings(self, decision: Decision) -> None:
        """Remember the event of ``decision``, unless it was decided before or is a replayed copy."""
        known = self.before is not None and any(seen.event_id == decision.event_id for seen in self.before.events)
        if decision.replayid is None and not known and decision.event_id not in self.events:
            self.events.append(decision.event_id)


class Batch:
    """Applies records and timers on top of ``ledger`` without changing it.

    ``now`` is the broker's time, ``crews`` who is on duty.
    """

    def __init__(self, ledger: Ledger, now: datetime, crews: Crews = NO_CREWS) -> None:
        self._ledger, self._now, self._crews = ledger, now, crews
        self._codes = CodesInUse(ledger)
        self._work: dict[str, _Work] = {}
        self._rejected: list[Output] = []
        self._failures = 0

    def apply(self, records: Iterable[Incoming]) -> None:
        """Fold ``records`` in the order given.

        Raises:
            RulesBroken: the rules failed on ``MAX_FAILURES_IN_A_ROW`` records in a row.
        """
        for incoming in records:
            try:
                record = self._understood(incoming)
            except Undecodable as fault:
                self._reject(fault, incoming)
                continue
            if record is not None:
                self._fold(record, incoming.appended_at)

    def fire(self) -> None:
        """Do what is due by now: for what this batch changed, and for the ledger's timers, ``DUE_MAX`` at a time."""
        for incident in sorted({*self._ledger.due_by(self._now, DUE_MAX), *self._work}):
            work = self._of(incident)
            if work.state is None:
                continue
            try:
                self._take(work, due(work.state, self._now, self._crews))
            except Exception as error:  # noqa: BLE001 - one broken incident must not stop the partition
                self._quarantine(work, work.state, error, self._now)

    def outcome(self) -> Outcome:
        """What this batch leads to."""
        orders: list[Output] = [*self._rejected]
        snapshots: dict[str, Output] = {}
        emitted: list[Notification] = []
        for incident, work in self._work.items():
            effects, snapshot = self._written(incident, work)
            orders += effects
            emitted += [effect.notification for effect in work.effects if isinstance(effect, Emit)]
            if snapshot is not None:
                snapshots[incident] = snapshot
        changed = [self._work[incident] for incident in snapshots]
        states = tuple(work.state for work in changed if work.state is not None)
        forgotten = tuple(incident for incident in snapshots if self._work[incident].state is None)
        return Outcome(states, forgotten, tuple(orders), snapshots, tuple(emitted))

    def _understood(self, incoming: Incoming) -> Source | None:
        """The record, with its incident; None for a text that is kept on the log and answers nothing."""
        record = decode(TOPICS[incoming.topic], incoming.value)
        if isinstance(record, Response) and (
            record.problem is not None or (record.command is not None and record.incident_id is None)
        ):
            return None
        if isinstance(record, Response) and record.incident_id is None:
            incident = self._ledger.incident_of_code(record.code)
            if incident is None:
                raise Undecodable(
                    RejectionReason.INVALID,
                    f"code {record.code} names no incident of this partition",
                    "answer with the code as it stands in the message, or call the office that asked",
                )
            record = record.model_copy(update={"incident_id": incident})
        if not isinstance(record, Source):
            raise Undecodable(
                RejectionReason.WRONG_RECORD, f"{type(record).__name__} is no source", "write it elsewhere"
            )
        return record

    def _fold(self, record: Source, at: datetime) -> None:
        incident = str(record.incident_id)
        work = self._of(incident)
        if isinstance(record, Decision):
            work.brings(record)
        try:
            folded = fold(work.state, record, partition=self._ledger.partition, codes_in_use=self._codes, now=at)
        except Exception as error:
            self._failures += 1
            if self._failures >= MAX_FAILURES_IN_A_ROW:
                raise RulesBroken(f"the rules failed on {self._failures} records in a row: {error!r}") from error
            event = record.event_id if isinstance(record, Decision) else None
            self._quarantine(work, work.state or unknown_incident(incident, at), error, at, event)
            return
        self._failures = 0
        self._take(work, folded)

    def _of(self, incident: str) -> _Work:
        work = self._work.get(incident)
        if work is None:
            known = self._ledger.state_of(incident)
            work = self._work[incident] = _Work(known, known)
        return work

    def _take(self, work: _Work, folded: Folded) -> None:
        work.state = folded.state
        work.effects += folded.effects
        self._codes.add(folded.state.code if folded.state else None)

    def _quarantine(
        self, work: _Work, state: IncidentState, error: Exception, at: datetime, event: str | None = None
    ) -> None:
        reason = f"{type(error).__name__}: {error}"[:200]
        logger().error("incident_quarantined", incident=state.incident_id, cause_event=event, error=reason)
        if state.quarantined is None:
            metrics.QUARANTINED.inc()
        elif event is None:
            return  # said once already; a reply to a receipt, our own among them, could go on for ever
        end = Receipt(
            kind=ReceiptKind.END,
            incident_id=state.incident_id,
            event_id=event,
            reason=ReceiptReason.QUARANTINED,
            detail=f"the rules could not apply a record: {reason}; an administrator must look at this incident",
            at=at,
        )
        work.state = state.model_copy(update={"quarantined": state.quarantined or reason, "updated_at": at})
        work.effects.append(Say(end))

    def _written(self, incident: str, work: _Work) -> tuple[list[Output], Output | None]:
        try:
            return self._encoded(incident, work)
        except TooLargeToWrite as error:
            # Nothing of the batch is sent, so that each of its events needs its own end, however often said before.
            work.effects = [effect for effect in work.effects if isinstance(effect, Say) and effect.receipt.replayid]
            state = work.before or unknown_incident(incident, self._now)
            work.state = state
            for event in work.events or (None,):
                self._quarantine(work, state, error, self._now, event)
                state = work.state
            return self._encoded(incident, work)

    def _encoded(self, incident: str, work: _Work) -> tuple[list[Output], Output | None]:
        effects = [self._effect(effect, incident) for effect in work.effects]
        if work.state == work.before:
            return effects, None
        if work.state is None:
            return effects, Output(INCIDENTS.name, incident.encode(), None, [])
        output = self._output(INCIDENTS, work.state, incident)
        room = INCIDENTS.max_bytes - INCIDENTS.max_bytes // KEPT_FOR_THE_END
        if work.state.quarantined is None and len(output.value or b"") > room:
            raise TooLargeToWrite(f"{len(output.value or b'')} bytes; an incident may take {room}")
        return effects, output

    def _effect(self, effect: Effect, incident: str) -> Output:
        match effect:
            case Emit(note):
                return self._output(NOTIFY[(note.channel, note.lane)], note, incident, cause=note.event_id)
            case Say(end):
                return self._output(RECEIPTS, end, incident, cause=end.event_id)

    def _output(self, topic: Topic, record: Record, incident: str, cause: str | None = None) -> Output:
        encoded = encode(topic, record, source=SOURCE, at=self._now, cause=cause)
        return Output(topic.name, incident.encode(), encoded.value, encoded.headers)

    def _reject(self, fault: Undecodable, incoming: Incoming) -> None:
        metrics.RECORDS_REJECTED.labels(fault.reason.value).inc()
        logger().warning(
            "record_rejected", topic=incoming.topic, offset=incoming.offset, reason=fault.reason.value,
            detail=fault.detail[:200],
        )  # fmt: skip
        record = rejection(
            fault, incoming.value, refused_by=SourceOfRejection.DISPATCHER, at=self._now, topic=incoming.topic,
            partition=self._ledger.partition, offset=incoming.offset, key=incoming.key,
        )  # fmt: skip
        encoded = encode(REJECTED, record, source=SOURCE, at=self._now, cause=record.event_id)
        key = incoming.key[:200] if incoming.key else None
        self._rejected.append(Output(REJECTED.name, key, encoded.value, encoded.headers))


def cursor_output(cursor: Cursor) -> Output:
    """The record that says how far this partition has been read."""
    encoded = encode(INCIDENTS, cursor, source=SOURCE, at=cursor.at)
    return Output(INCIDENTS.name, CURSOR_KEY.encode(), encoded.value, encoded.headers)


def in_order(records: Sequence[Incoming]) -> list[Incoming]:
    """Receipts first, then answers, then decisions: an order judged by the newest word about what it changes."""
    rank = {"receipts": 0, "responses": 1, "decisions": 2}
    return sorted(records, key=lambda incoming: (rank[incoming.topic], incoming.offset))
