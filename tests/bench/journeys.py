"""The way of one event through the system, put together from what the records and the emulator say of the time."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from console.logs.logged import Logged
from schemas.decision import Decision
from schemas.event import EmergencyEvent
from schemas.notification import Notification, Receipt
from schemas.vocabulary import Channel, Delivery, ReceiptKind

HOPS = (
    ("written", "decided", "→ decision on the log (router)"),
    ("decided", "ordered", "→ order on the log (dispatcher)"),
    ("ordered", "taken", "→ at the notifier (commit, fetch)"),
    ("taken", "claimed", "→ claim on the log"),
    ("claimed", "requested", "→ request (claim read back)"),
    ("requested", "concluded", "→ outcome on the log"),
)
"""From, to, and what happens between: each an instant of a journey."""


@dataclass
class Journey:
    """When the message of one incident on one channel was where. Instants are seconds since the epoch.

    All are the broker's LogAppendTime in milliseconds, but ``taken`` (the notifier's clock as it begins to claim)
    and ``requested`` (the emulator's clock); here all three run on one machine.
    """

    at: dict[str, float] = field(default_factory=dict)
    reference: str | None = None

    @property
    def complete(self) -> bool:
        """Whether it has been seen at every place."""
        return all(name in self.at for hop in HOPS for name in hop[:2])

    def ms(self, start: str, end: str) -> float:
        """Milliseconds from one instant to another."""
        return (self.at[end] - self.at[start]) * 1000


def journeys(log: Iterable[Logged], ledger: Iterable[dict[str, Any]], channel: Channel) -> list[Journey]:
    """A journey for every incident in ``log`` that ``channel`` was ordered for. The first of each instant counts."""
    shared: dict[str, Journey] = {}
    found: dict[str, Journey] = {}
    for one in log:
        match one.record:
            case EmergencyEvent(incident_id=incident):
                shared.setdefault(incident, Journey()).at["written"] = _s(one)
            case Decision(incident_id=incident):
                shared.setdefault(incident, Journey()).at.setdefault("decided", _s(one))
            case Notification(incident_id=incident) as order if order.channel is channel:
                found.setdefault(incident, Journey()).at.setdefault("ordered", _s(one))
            case Receipt(incident_id=incident) as receipt if receipt.channel is channel:
                _note(found.setdefault(incident, Journey()), receipt, _s(one))
    calls = dict(_calls(ledger, channel))
    for incident, journey in found.items():
        journey.at |= shared.get(incident, Journey()).at
        _add_call(journey, calls)
    return list(found.values())


def _note(journey: Journey, receipt: Receipt, at: float) -> None:
    if receipt.kind is ReceiptKind.CLAIM:
        journey.at.setdefault("taken", receipt.at.timestamp())
        journey.at.setdefault("claimed", at)
    elif receipt.kind is ReceiptKind.OUTCOME and receipt.delivery is Delivery.SENT:
        journey.at.setdefault("concluded", at)
        journey.reference = receipt.provider_ref


def _add_call(journey: Journey, calls: Mapping[str, float]) -> None:
    if journey.reference is not None and journey.reference in calls:
        journey.at["requested"] = calls[journey.reference]


def _calls(ledger: Iterable[dict[str, Any]], channel: Channel) -> Iterator[tuple[str, float]]:
    """When the emulator was handed each message, by the name it gave it (for a mail: its Message-ID)."""
    for entry in ledger:
        if channel is Channel.SMS and entry["kind"] == "accepted":
            yield entry["sid"], epoch(entry)
        elif channel is Channel.EMAIL and entry["kind"] == "mail":
            yield entry["message_id"], epoch(entry)


def _s(logged: Logged) -> float:
    return logged.appended_at.timestamp()


def epoch(entry: dict[str, Any]) -> float:
    """When the emulator made an entry of its ledger, in seconds since the epoch."""
    return datetime.fromisoformat(entry["at"]).timestamp()
