"""What the log says of each contact: when it was last asked, what became of that text, whether it ever answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from console.logs.logged import Logged
from schemas.event import EmergencyEvent
from schemas.notification import Receipt, Response
from schemas.upkeep import Holder
from schemas.vocabulary import Delivery, ReceiptKind, ServiceKind


@dataclass(frozen=True)
class Standing:
    """One contact. ``delivery`` and ``reason`` are the last word on the newest check.

    ``answered_at`` is when it last answered a check, ``heard_at`` when anything came from it; ``checks`` counts those
    that were sent.
    """

    holder: Holder
    checks: int = 0
    asked_at: datetime | None = None
    incident: str | None = None
    delivery: str | None = None
    answered_at: datetime | None = None
    heard_at: datetime | None = None
    silent: bool = False

    @property
    def answered(self) -> bool:
        """Whether the newest check was answered."""
        return self.asked_at is not None and self.answered_at is not None and self.answered_at >= self.asked_at

    @property
    def never(self) -> bool:
        """Whether it was asked and has never answered a check."""
        return self.checks > 0 and self.answered_at is None


@dataclass
class Checks:
    """What stands on the log about checks of contacts, by contact and by incident."""

    asked: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    of_incident: dict[str, str] = field(default_factory=dict)
    last_word: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    answers: dict[str, datetime] = field(default_factory=dict)
    heard: dict[str, datetime] = field(default_factory=dict)

    def add(self, one: Logged) -> None:
        """Enter one record; those about anything else change nothing."""
        match one.record:
            case EmergencyEvent() as event if event.service and event.service.kind is ServiceKind.CHECK:
                contact = str(event.service.contact_id)
                if event.incident_id not in self.of_incident:  # a repeat asks nobody again
                    self.asked.setdefault(contact, []).append((one.appended_at, event.incident_id))
                    self.of_incident[event.incident_id] = contact
            case Receipt() as receipt if receipt.incident_id in self.of_incident:
                self._add_receipt(receipt, one.appended_at)
            case Response() as response if response.contact_id and response.replayid is None:
                self.heard[response.contact_id] = one.appended_at
                if self.of_incident.get(response.incident_id or "") == response.contact_id:
                    self.answers[response.contact_id] = one.appended_at
            case _:
                pass

    def _add_receipt(self, receipt: Receipt, at: datetime) -> None:
        if receipt.kind not in (ReceiptKind.OUTCOME, ReceiptKind.END) or receipt.replayid is not None:
            return
        known = self.last_word.get(receipt.incident_id)
        if known is not None and known[1] in (Delivery.DELIVERED, Delivery.READ):
            return  # nothing that follows takes back that it arrived
        said = receipt.delivery.value if receipt.delivery else "ended"
        whole = (
            said
            if receipt.delivery in (Delivery.SENT, Delivery.DELIVERED, Delivery.READ)
            else f"{said}: {receipt.reason}"
        )
        self.last_word[receipt.incident_id] = at, whole


def standings(logged: Iterable[Logged], holders: Sequence[Holder], silent: frozenset[str]) -> list[Standing]:
    """How each of ``holders`` stands, in their order. ``logged`` is the log, oldest first; ``silent`` asked for no
    texts."""
    checks = Checks()
    for one in logged:
        checks.add(one)
    return [_standing(checks, holder, holder.contact in silent) for holder in holders]


def _standing(checks: Checks, holder: Holder, silent: bool) -> Standing:
    contact = holder.contact
    standing = Standing(
        holder, answered_at=checks.answers.get(contact), heard_at=checks.heard.get(contact), silent=silent
    )
    asked = checks.asked.get(contact, [])
    if not asked:
        return standing
    at, incident = asked[-1]
    word = checks.last_word.get(incident)
    return replace(
        standing, checks=len(asked), asked_at=at, incident=incident, delivery=word[1] if word else "on its way"
    )
