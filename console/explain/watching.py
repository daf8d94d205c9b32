"""One thing that happened in one line, for `borderlands watch`. Pure: what it has seen is all it knows."""

from typing import Any

from console.explain.reading import incident_of
from console.explain.story import Teller
from console.explain.times import stamp
from console.logs.logged import Logged
from schemas.control import ActivePolicy, ContactStop, DutySwap, OperationsNote, PublishedPolicy, StopSwitch
from schemas.decision import Decision
from schemas.event import EmergencyEvent
from schemas.ids import is_canary
from schemas.notification import Notification, Receipt, Response
from schemas.policy.models import Policy

REMEMBERED = 50_000
"""Orders remembered, so that a receipt can be told with its party; those before them are forgotten."""


class Watcher:
    """Tells records as they come, those of ``party`` and ``incident`` only where these are given.

    Canaries are left out unless ``canaries``: thousands a day, of interest only when they fail, which `status` says.
    """

    def __init__(self, party: str | None = None, incident: str | None = None, *, canaries: bool = False) -> None:
        self._party, self._incident, self._canaries = party, incident, canaries
        self._teller = Teller((), lambda _: None, None)
        self._parties: dict[str, frozenset[str]] = {}
        self._home: dict[str, str] = {}

    def knows(self, policy: Policy) -> None:
        """Learn whose contacts are whose, for receipts of orders that were not seen."""
        for party, by_role in policy.staff.items():
            for staff in by_role.values():
                for member in (*staff.live, *staff.exercise):
                    self._home.setdefault(member.contact, party)

    def concerns(self, one: Logged) -> bool:
        """Whether a record is to be told. Every record must be asked about, in order."""
        incident = incident_of(one)
        if isinstance(one.record, Notification):
            self._learn(one, one.record)
        if incident is not None and is_canary(incident) and not self._canaries and incident != self._incident:
            return False
        if self._incident is not None and incident != self._incident:
            return False
        return self._party is None or self._party in self._of(one)

    def _learn(self, one: Logged, order: Notification) -> None:
        self._teller.learn(one)
        self._parties[order.notification_id] = frozenset({order.party, order.asking_party})
        if len(self._parties) > REMEMBERED:
            del self._parties[next(iter(self._parties))]
            self._teller.forget()

    def _of(self, one: Logged) -> frozenset[str]:
        """The parties that a record concerns."""
        named: set[str | None] = set()
        match one.record:
            case EmergencyEvent() as event:
                named = {event.reporting_party}
            case Decision() as decision:
                named = {decision.reporting_party, *(route.partner for route in decision.routes)}
            case Notification() as order:
                named = {order.party, order.asking_party}
            case Receipt() as receipt:
                named = {self._home.get(receipt.contact_id or "")} if receipt.contact_id else set()
                named |= self._parties.get(receipt.notification_id or "", frozenset())
            case Response() as response:
                named = {response.party, self._home.get(response.contact_id or "")}
            case StopSwitch() | DutySwap() as control:
                named = {control.party} if control.party else {self._party}
            case _:
                pass
        return frozenset(one for one in named if one)

    def line(self, one: Logged) -> str:
        """A record in one line: when, which incident, what, and what belongs to it."""
        headline, details = _operations(one) or self._teller.tell(one)
        when = stamp(one.appended_at)
        more = f" · {details[0]}" if details and details[0] else ""
        incident = incident_of(one)
        return f"{when}  {f'{incident}  ' if incident else ''}{headline}{more}"

    def document(self, one: Logged) -> dict[str, Any]:
        """The same as data."""
        record = one.record
        if isinstance(record, PublishedPolicy):  # a megabyte of it is not what happened
            value: dict[str, Any] | None = {"record": record.record, "policy_version": record.policy_version}
        else:
            value = record.model_dump(mode="json", exclude_none=True) if record is not None else None
        return {
            "topic": one.topic,
            "partition": one.partition,
            "offset": one.offset,
            "appended_at": one.appended_at.isoformat(),
            "incident": incident_of(one),
            "line": self.line(one),
            "value": value,
        }


def _operations(one: Logged) -> tuple[str, list[str]] | None:
    """What is said of a record about the system itself."""
    match one.record:
        case StopSwitch() as switch if switch.stopped:
            return f"stopped   {switch.line}", []
        case StopSwitch() as switch:
            return f"resumed   sending for {switch.party or 'everybody'} by {switch.by}: {switch.reason}", []
        case ContactStop() as stop:
            return (
                f"contact   {stop.contact_id} {'asked for no more texts' if stop.stopped else 'takes texts again'}",
                [],
            )
        case DutySwap() as swap:
            word = "revoked" if swap.revoked else "agreed"
            return f"swap      {swap.swap_id} {word}: {swap.substitute} for {swap.contact_id} at {swap.party}", []
        case OperationsNote() as note:
            return f"note      by {note.by}: {note.note}", []
        case PublishedPolicy() as policy:
            return f"policy    {policy.policy_version[:12]} published", []
        case ActivePolicy() as active:
            return f"policy    {active.policy_version[:12]} active, by {active.activated_by}: {active.note}", []
        case None if one.value is None:
            return f"tombstone {(one.key or b'').decode(errors='replace')} on {one.topic}", []
        case _:
            return None
