"""``Ledger``: the records of a log folded into cases, in three passes, so that topics may be read one after another.

First ``events``, then ``decisions``, then ``receipts`` and ``responses`` in any order. Only topics that are kept for
years are read: orders (``notify.*``) are gone after a week, and a report of last month must not depend on the day on
which it is made. What an order would say follows from the ids: the number of a text is a hash of its event, step,
contact and channel.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from console.logs.logged import Logged
from console.report.cases import ARRIVED, Case, Request, Sort, Text, Turn
from console.report.month import Month
from console.report.people import People
from schemas.control import StopSwitch
from schemas.decision import Decision, Route
from schemas.event import EmergencyEvent
from schemas.ids import notification_id
from schemas.incident import Reply
from schemas.notification import Receipt, Response
from schemas.vocabulary import (
    Answer,
    Channel,
    DecisionOutcome,
    Delivery,
    EventKind,
    Judgement,
    Origin,
    ReceiptKind,
    ReceiptReason,
    Status,
)

STEPS_MAX: Final = 21
"""Steps that a text may stand on: a notification holds 0 to 20."""

_CLOSING = frozenset({EventKind.CANCEL, EventKind.ALL_CLEAR})
_BEGINS = frozenset({EventKind.REPORT, EventKind.UPDATE})


@dataclass
class Ledger:
    """Every incident whose first report lies from ``since`` to ``until``; later records of it are followed.

    ``left_out`` counts the events that are in no figure: about the system, tests and drafts, replayed.
    ``first_record_at`` is the oldest record met, by which a reader tells how far back the log goes.
    """

    since: datetime
    until: datetime
    people: People = field(default_factory=People)
    cases: dict[str, Case] = field(default_factory=dict)
    left_out: Counter[tuple[Month, str]] = field(default_factory=Counter)
    switches: list[StopSwitch] = field(default_factory=list)
    first_record_at: datetime | None = None
    _older: set[str] = field(default_factory=set)

    def add(self, one: Logged) -> None:
        """Fold one record; what belongs to no case of the ledger changes nothing."""
        if self.first_record_at is None or one.appended_at < self.first_record_at:
            self.first_record_at = one.appended_at
        match one.record:
            case EmergencyEvent() as event:
                self._event(event, one.appended_at)
            case Decision() as decision:
                self._decision(decision, one.appended_at)
            case Receipt() as receipt:
                self._receipt(receipt, one.appended_at)
            case Response() as response:
                self._response(response, one.appended_at)
            case StopSwitch() as switch:
                self.switches.append(switch)
            case _:
                pass

    def _event(self, event: EmergencyEvent, at: datetime) -> None:
        sort = _sort_of(event)
        if sort is None:
            self._leave_out(event, at)
            return
        case = self.cases.get(event.incident_id)
        if case is None:
            if event.kind not in _BEGINS or event.incident_id in self._older:
                return
            if not self.since <= at < self.until:
                self._older.add(event.incident_id)
                return
            case = Case(event.incident_id, sort, event.origin, at, event.event_type, event.exerciseid)
            self.cases[event.incident_id] = case
        if case.sort is sort and at < case.followed_until:
            case.events.setdefault(event.event_id, event.kind)
            case.appended.setdefault(event.event_id, at)

    def _leave_out(self, event: EmergencyEvent, at: datetime) -> None:
        why = "replayed" if event.replayid else "system" if event.status is Status.SYSTEM else "test"
        self.left_out[Month.of(at), why] += 1

    def _decision(self, decision: Decision, at: datetime) -> None:
        case = self.cases.get(decision.incident_id)
        if case is None or decision.replayid is not None or decision.origin is not case.origin:
            return
        if decision.event_id not in case.events or decision.event_id in case.turns:
            return
        self.people.meet(decision)
        closes = decision.kind in _CLOSING
        case.turns[decision.event_id] = Turn(at, decision.reporting_party, closes, decision.expires_at)
        case.decided = _further(case.decided, decision.outcome)
        if case.unit is None and decision.place is not None:
            case.unit = decision.place.unit
        if decision.outcome is DecisionOutcome.REJECTED and case.refused_for is None:
            stop = next((verdict for verdict in decision.verdicts if verdict.judgement is Judgement.STOP), None)
            case.refused_for = stop.reason if stop else "unknown"
        for route in decision.routes:
            self._route(case, decision, route)

    def _route(self, case: Case, decision: Decision, route: Route) -> None:
        key = route.agreement, route.partner
        known = case.requests.get(key)
        if known is None and route.clause is not None and route.action is not None:
            known = case.requests[key] = Request(
                route.agreement, route.partner, route.asking_party, route.action, decision.policy_version, route.plan,
                route.shared, groups=self.people.groups(decision.policy_version),
            )  # fmt: skip
        elif known is not None and not known.asks and route.plan and route.action is not None:
            known.action, known.plan, known.facts = route.action, route.plan, route.shared or known.facts
        if known is not None:
            known.contacts.update(recipient.contact_id for recipient in route.recipients)

    def _receipt(self, receipt: Receipt, at: datetime) -> None:
        case = self.cases.get(receipt.incident_id)
        if case is None or receipt.replayid is not None or at >= case.followed_until:
            return
        if receipt.notification_id is None or receipt.contact_id is None or receipt.channel is None:
            return
        text = case.texts.get(receipt.notification_id)
        if text is None:
            rung = _rung(receipt.notification_id, receipt.event_id, receipt.contact_id, receipt.channel)
            text = case.texts[receipt.notification_id] = Text(receipt.contact_id, receipt.channel, rung)
        if receipt.kind is ReceiptKind.RELEASE:
            text.held = text.held or receipt.reason is ReceiptReason.STOPPED_BY_SWITCH
            return
        self._asked(case, text, receipt, at)
        if receipt.kind is not ReceiptKind.CLAIM:
            delivery = receipt.delivery or Delivery.SUPPRESSED
            text.hear(receipt.attempt or 1, at, delivery, receipt.reason)

    def _asked(self, case: Case, text: Text, receipt: Receipt, at: datetime) -> None:
        """What a text to a partner says of its request: which step was asked, and when a provider first took one."""
        if text.rung is None or receipt.delivery is Delivery.SUPPRESSED:
            return
        for request in self._of(case, text.contact):
            request.rungs.add(text.rung)
            if receipt.delivery not in ARRIVED:
                continue
            request.accepted_at = min(at, request.accepted_at or at)
            version = request.policy_version
            if request.asks and self.people.group_role(text.contact, request.partner, version, case.origin):
                request.volunteers.add(text.contact)

    def _of(self, case: Case, contact: str) -> Sequence[Request]:
        """The requests of ``case`` to the party of ``contact``; a contact that nothing names can only be its only
        partner's."""
        requests = tuple(case.requests.values())
        found = [one for one in requests if contact in one.contacts or self.people.belongs(contact, one.partner)]
        if not found and len(requests) == 1 and not self.people.known(contact):
            return requests
        return found

    def _response(self, response: Response, at: datetime) -> None:
        case = self.cases.get(response.incident_id or "")
        if case is None or response.replayid is not None or response.response_id in case.responses:
            return
        if response.command is not None or at >= case.followed_until:
            return
        case.responses.add(response.response_id)
        if response.problem is not None:
            case.unclear[response.problem.value] = case.unclear.get(response.problem.value, 0) + 1
            return
        if response.answer is None:
            return
        for request in self._answered(case, response):
            if not case.is_over(request.asking_party, at):
                request.hear(self._reply(case, request, response, response.answer), at)

    def _reply(self, case: Case, request: Request, response: Response, answer: Answer) -> Reply:
        """The answer with the role it is given in, since a group counts heads."""
        role, contact = response.role, response.contact_id
        if role is None and contact is not None:
            role = self.people.group_role(contact, request.partner, request.policy_version, case.origin)
        return Reply(
            contact_id=contact, role=role, answer=answer, amounts=response.amounts, eta_min=response.eta_min,
            at=response.at,
        )  # fmt: skip

    def _answered(self, case: Case, response: Response) -> Sequence[Request]:
        asked = list(case.asked())
        own = [one for one in asked if response.party is not None and one.partner == response.party]
        if own or response.contact_id is None:
            return own
        return [one for one in asked if one in self._of(case, response.contact_id)]


def folded(records: Iterable[Logged], since: datetime, until: datetime, people: People | None = None) -> Ledger:
    """The ledger of ``records``, which may stand in any order of topics."""
    ledger = Ledger(since, until, people or People())
    kept = list(records)
    for kinds in ((EmergencyEvent,), (Decision,), (Receipt, Response, StopSwitch)):
        for one in kept:
            if isinstance(one.record, kinds):
                ledger.add(one)
    return ledger


def _sort_of(event: EmergencyEvent) -> Sort | None:
    if event.replayid is not None or event.service is not None:
        return None
    if event.status is Status.ACTUAL and event.origin is Origin.LIVE:
        return Sort.REAL
    return Sort.EXERCISE if event.status is Status.EXERCISE and event.origin is Origin.EXERCISE else None


_RANK = {
    DecisionOutcome.REJECTED: 0,
    DecisionOutcome.NO_ROUTE: 1,
    DecisionOutcome.FOLLOW_UP: 2,
    DecisionOutcome.ROUTED: 3,
}


def _further(known: DecisionOutcome | None, new: DecisionOutcome) -> DecisionOutcome:
    return new if known is None or _RANK[new] > _RANK[known] else known


def _rung(number: str, event: str | None, contact: str, channel: Channel) -> int | None:
    """The step on which a text about ``event`` stands, or None for one that is about an answer."""
    if event is None:
        return None
    steps = (step for step in range(STEPS_MAX) if notification_id(event, step, contact, channel.value) == number)
    return next(steps, None)
