"""What stands on the topics, by id and as little of it as the comparison needs: a log may hold a million records."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from sys import intern

from console.audit.entries import Answered, Decided, Owed, Said, Spot, Text
from console.audit.states import Snapshot, snapshot_of
from console.logs.logged import Logged
from schemas.base import Record
from schemas.control import ActivePolicy, ContactStop, PublishedPolicy, StopSwitch
from schemas.decision import Decision
from schemas.event import EmergencyEvent, Rejection, SourceOfRejection
from schemas.incident import Cursor, IncidentState
from schemas.notification import Notification, Receipt, Response
from schemas.topics import CONTROL, DECISIONS, EVENTS, INCIDENTS, POLICY, REJECTED, RESPONSES
from schemas.vocabulary import (
    SERVICE_TEMPLATES,
    Delivery,
    ReceiptKind,
    ReceiptReason,
    RejectionReason,
)
from streams.rules.incidents.opening import rung_of

_DONE = {
    Delivery.SENT,
    Delivery.DELIVERED,
    Delivery.READ,
    Delivery.UNKNOWN,
    Delivery.FAILED_PERM,
    Delivery.EXPIRED,
    Delivery.SUPPRESSED,
}

NO_GAPS = frozenset({EVENTS.name, DECISIONS.name, RESPONSES.name})
"""Topics that nobody writes in transactions and that are not compacted: their offsets follow one another."""

_UNREFUSED = frozenset({INCIDENTS.name, POLICY.name, CONTROL.name, REJECTED.name})
"""What cannot be read there is passed over by its readers, who write no rejection of it."""


@dataclass
class Books:
    """What stands on the topics.

    ``due`` limits what the dispatcher must have read by now: younger records are still on their way. ``whole``: the log
    was read from its beginning; ``complete``: every topic of it was. ``runs`` are the places where records stand, as
    first and last offsets without a gap between. ``ended_events``
    ended as a whole; of ``ended_texts_of`` the dispatcher ended a text, ordered or not. ``explained`` are the receipts
    about steps of a ladder, by incident. ``gaps`` are offsets without a record where there should be one.
    ``lone_gaps`` are single offsets on ``receipts``, by partition, without a record and without a transaction of the
    dispatcher's before them whose mark could stand there.
    """

    due: datetime | None = None
    whole: bool = False
    complete: bool = False
    events: dict[str, Spot] = field(default_factory=dict)
    service_events: int = 0
    undecodable: list[Spot] = field(default_factory=list)
    decisions: dict[str, Decided] = field(default_factory=dict)
    refused: dict[str, RejectionReason] = field(default_factory=dict)
    refused_places: dict[tuple[str, int, int], Rejection] = field(default_factory=dict)
    runs: dict[tuple[str, int], list[tuple[int, int]]] = field(default_factory=dict)
    texts: dict[str, Text] = field(default_factory=dict)
    ended_events: set[str] = field(default_factory=set)
    ended_texts_of: set[str] = field(default_factory=set)
    explained: dict[str, list[tuple[ReceiptReason | None, str]]] = field(default_factory=dict)
    responses: dict[str, Answered] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    cursors: dict[int, tuple[Cursor, Spot]] = field(default_factory=dict)
    ends: dict[tuple[str, int], int] = field(default_factory=dict)
    due_ends: dict[tuple[str, int], Spot] = field(default_factory=dict)
    gaps: list[tuple[Spot, int]] = field(default_factory=list)
    lone_gaps: dict[int, list[int]] = field(default_factory=dict)
    mixed: set[tuple[str, int]] = field(default_factory=set)
    cited: dict[str, Spot] = field(default_factory=dict)
    published: set[str] = field(default_factory=set)
    active: list[str] = field(default_factory=list)
    switches: int = 0
    stopped_by_switch: Spot | None = None
    contact_stops: set[str] = field(default_factory=set)
    newest_at: datetime | None = None
    _unmarked: set[int] = field(default_factory=set)
    _plans: dict[tuple[Owed, ...], tuple[Owed, ...]] = field(default_factory=dict)

    def add(self, one: Logged) -> None:
        """Enter one record; the first of an id counts, of snapshots the last."""
        spot = Spot(intern(one.topic), one.partition, one.offset, one.appended_at)
        before = self.ends.get((spot.topic, spot.partition))
        self._place(spot)
        match one.record:
            case EmergencyEvent() as event:
                if event.event_id not in self.events:
                    self.events[event.event_id] = spot
                    self.service_events += event.service is not None
            case Decision() as decision:
                self._decision(decision, spot)
            case Rejection() as rejection:
                self._rejection(rejection)
            case Notification() as notification:
                self._order(notification, spot)
            case Receipt() as receipt:
                self._marks(receipt, spot, before)
                self._receipt(receipt, spot)
            case Response() as response:
                self._response(response, spot)
            case IncidentState() | Cursor() as state:
                self._state(state, spot)
            case None if spot.topic == INCIDENTS.name and one.value is None and one.key is not None:
                incident = one.key.decode(errors="replace")
                self.snapshots.pop(incident, None)
                self.forgotten.add(incident)
            case None if spot.topic not in _UNREFUSED:
                self.undecodable.append(spot)
            case record:
                self._about_the_system(record)

    def _place(self, spot: Spot) -> None:
        """Remember how far each partition reaches, and where an offset has no record that must have one."""
        self.newest_at = max(self.newest_at or spot.at, spot.at)
        place = spot.topic, spot.partition
        before = self.ends.get(place)
        if before is not None and spot.offset <= before:
            self.mixed.add(place)  # records restored from another log stand among those written since
        elif before is not None and spot.offset > before + 1 and spot.topic in NO_GAPS:
            self.gaps.append((spot, spot.offset - before - 1))
        elif before is None and self.whole and spot.offset > 0 and spot.topic in NO_GAPS:
            self.gaps.append((spot, spot.offset))
        self.ends[place] = max(before if before is not None else -1, spot.offset)
        if self.due is None or spot.at <= self.due:
            self.due_ends[place] = spot
        runs = self.runs.setdefault(place, [])
        if runs and runs[-1][1] == spot.offset - 1:
            runs[-1] = runs[-1][0], spot.offset
        else:
            runs.append((spot.offset, spot.offset))

    def has(self, place: tuple[str, int, int]) -> bool:
        """Whether a record stands there."""
        return any(first <= place[2] <= last for first, last in self.runs.get((place[0], place[1]), ()))

    def _cites(self, version: str, spot: Spot) -> str:
        version = intern(version)
        self.cited.setdefault(version, spot)
        return version

    def _decision(self, decision: Decision, spot: Spot) -> None:
        if decision.event_id in self.decisions:
            return
        owed = tuple(_owed(decision))
        self.decisions[decision.event_id] = Decided(
            decision.incident_id,
            decision.recorded_at,
            decision.outcome,
            decision.kind,
            decision.service is not None,
            decision.replayid is not None,
            self._cites(decision.policy_version, spot),
            self._plans.setdefault(owed, owed),
            spot,
        )

    def _rejection(self, rejection: Rejection) -> None:
        if rejection.event_id and rejection.refused_by is SourceOfRejection.ROUTER:
            self.refused.setdefault(rejection.event_id, rejection.reason)  # a door's event never reached the topic
        if rejection.topic and rejection.partition is not None and rejection.offset is not None:
            self.refused_places[rejection.topic, rejection.partition, rejection.offset] = rejection

    def _text(self, number: str) -> Text:
        text = self.texts.get(number)
        if text is None:
            text = self.texts[number] = Text(number)
        return text

    def _order(self, order: Notification, spot: Spot) -> None:
        self._cites(order.policy_version, spot)
        text = self._text(order.notification_id)
        if text.spot is None:
            text.event, text.incident, text.contact = order.event_id, order.incident_id, intern(order.contact_id)
            text.expires_at, text.spot, text.own = order.expires_at, spot, order.template in SERVICE_TEMPLATES
        if not text.ordered(order.attempt):
            text.orders = (*text.orders, (order.attempt, spot.at))

    def _marks(self, receipt: Receipt, spot: Spot, before: int | None) -> None:
        """Follow where on ``receipts`` the dispatcher's transactions leave their marks, which are no records."""
        missing = spot.offset - before - 1 if before is not None else 0
        if missing == 1 and spot.partition not in self._unmarked:
            self.lone_gaps.setdefault(spot.partition, []).append(spot.offset - 1)
        if missing > 0:
            self._unmarked.discard(spot.partition)
        if receipt.kind is ReceiptKind.END and not receipt.claim_id:
            self._unmarked.add(spot.partition)

    def _receipt(self, receipt: Receipt, spot: Spot) -> None:
        if receipt.reason is ReceiptReason.STOPPED_BY_SWITCH:
            self.stopped_by_switch = spot
        if receipt.notification_id is None:
            if receipt.kind is ReceiptKind.END and receipt.event_id:
                self.ended_events.add(receipt.event_id)
            elif receipt.kind is ReceiptKind.END:
                self.explained.setdefault(receipt.incident_id, []).append((receipt.reason, receipt.detail or ""))
            return
        if receipt.kind is ReceiptKind.END and receipt.event_id and not receipt.claim_id:
            self.ended_texts_of.add(receipt.event_id)
        text = self._text(receipt.notification_id)
        text.incident = text.incident or receipt.incident_id
        text.partition = spot.partition
        claim = intern(receipt.claim_id or "")
        said = Said(receipt.kind, receipt.attempt or 1, claim, receipt.delivery, receipt.at, spot.offset)
        text.said = (*text.said, said)
        if receipt.kind is ReceiptKind.END or (receipt.kind is ReceiptKind.OUTCOME and receipt.delivery in _DONE):
            text.ended = True

    def _response(self, response: Response, spot: Spot) -> None:
        counts = response.problem is None and response.command is None and response.replayid is None
        self.responses.setdefault(
            response.response_id,
            Answered(
                *(response.incident_id or "", response.at, counts and response.incident_id is not None),
                *(response.command or "", response.contact_id or "", spot),
            ),
        )

    def _state(self, state: IncidentState | Cursor, spot: Spot) -> None:
        if isinstance(state, Cursor):
            self.cursors[state.partition] = state, spot
            return
        for duty in state.obligations:
            self._cites(duty.policy_version, spot)
        self.forgotten.discard(state.incident_id)
        self.snapshots[state.incident_id] = snapshot_of(state, spot.at)

    def _about_the_system(self, record: Record | None) -> None:
        match record:
            case PublishedPolicy():
                self.published.add(record.policy_version)
            case ActivePolicy():
                self.active.append(record.policy_version)
            case StopSwitch():
                self.switches += 1
            case ContactStop():
                self.contact_stops.add(record.contact_id)
            case _:
                pass

    def summary(self) -> str:
        """How much stands on the topics. What is about the system itself is counted apart."""
        decided = sum(not decision.service for decision in self.decisions.values())
        ordered = [text for text in self.texts.values() if text.spot is not None]
        own = sum(text.own for text in ordered)
        ended = sum(text.ended for text in self.texts.values())
        apart = ""
        if self.service_events or own:
            apart = (
                f"; and {counted(self.service_events, 'event')} and {counted(own, 'notification')} "
                "about the system itself"
            )
        return (
            f"{counted(len(self.events) - self.service_events, 'event')}, {counted(decided, 'decision')}, "
            f"{len(self.refused_places)} refused, {counted(len(ordered) - own, 'notification')}, {ended} ended, "
            f"{counted(sum(one.counts for one in self.responses.values()), 'answer')}{apart}"
        )


def _owed(decision: Decision) -> Iterator[Owed]:
    for route in decision.routes:
        for who in route.recipients:
            step, partner, role, contact = rung_of(route, who), route.partner, who.role, who.contact_id
            for channel in who.channels:
                yield Owed(step, intern(partner), intern(role), intern(contact), intern(channel.value))


def counted(number: int, noun: str) -> str:
    """``1 event``, ``2 events``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def entered(records: Iterable[Logged]) -> Books:
    """Books of ``records``."""
    books = Books()
    for one in records:
        books.add(one)
    return books
