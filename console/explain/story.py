"""One record in a line for people, with what belongs to it below. Pure but for the private directory."""

from collections.abc import Callable, Iterable

from console.explain.reading import incident_of
from console.explain.texts_sent import TextsSent
from console.explain.times import ZONE, stamp
from console.logs.logged import Logged
from schemas.decision import Decision
from schemas.event import EmergencyEvent, Rejection
from schemas.notification import Notification, Receipt, ResendOrder, Response
from schemas.policy.models import Policy
from schemas.vocabulary import ReceiptKind, ReceiptReason
from streams.rules.routing.explain import explain

INDENT = " " * 26


class Teller:
    """Turns records into lines for people. ``policy_of`` gives a policy by its version.

    ``records`` are those known beforehand: a receipt is told with the text whose order is among them.
    """

    def __init__(
        self, records: Iterable[Logged], policy_of: Callable[[str], Policy | None], texts: TextsSent | None
    ) -> None:
        self._records, self._policy_of, self._texts = tuple(records), policy_of, texts
        self._notifications: dict[tuple[str, int], Notification] = {}
        for one in self._records:
            self.learn(one)

    def learn(self, one: Logged) -> None:
        """Remember an order, so that its receipts can be told with their text."""
        if isinstance(one.record, Notification):
            self._notifications[one.record.notification_id, one.record.attempt] = one.record

    def recall(self, orders: Iterable[Notification]) -> None:
        """Take orders as the rules give them again for those that are not kept any more."""
        for order in orders:
            self._notifications.setdefault((order.notification_id, order.attempt), order)

    def forget(self) -> None:
        """Forget the oldest order."""
        self._notifications.pop(next(iter(self._notifications)), None)

    def lines(self) -> list[str]:
        """The whole story, oldest first."""
        first = self._records[0]
        lines = [f"Incident {incident_of(first)}, partition {first.partition}, times of {ZONE.key}"]
        for one in self._records:
            lines += self.of(one)
        return lines

    def of(self, one: Logged) -> list[str]:
        """One record: its moment and what it says, then what belongs to it."""
        headline, details = self.tell(one)
        return [f"{stamp(one.appended_at)}  {headline}", *(f"{INDENT}{detail}" for detail in details)]

    def order_of(self, receipt: Receipt) -> Notification | None:
        """The order that a receipt is about, if it is known."""
        return self._notifications.get((receipt.notification_id or "", receipt.attempt or 1))

    def tell(self, one: Logged) -> tuple[str, list[str]]:
        """What a record says, and what belongs to it."""
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
                said = response.answer or response.command or "not understood"
                return f"answer    {said} by {response.party} {response.role or ''} ({response.channel})", [
                    f"“{' '.join(response.text.split())}”"
                ] if response.text else []
            case ResendOrder() as resend:
                return f"resend    attempt {resend.attempt} of {resend.notification_id}, by {resend.by}", [
                    resend.reason
                ]
            case _:
                return f"undecodable record at {one.topic}[{one.partition}]@{one.offset}", [
                    one.fault.detail if one.fault else ""
                ]

    def _tell_receipt(self, receipt: Receipt) -> tuple[str, list[str]]:
        whom = f"event {receipt.event_id}" if receipt.event_id else "request"
        if receipt.contact_id:
            whom = f"{receipt.channel or ''} to {receipt.contact_id}"
        if receipt.kind is ReceiptKind.CLAIM:
            return f"claim     {whom}{f', by {receipt.incarnation}' if receipt.incarnation else ''}", []
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
        order = self.order_of(receipt)
        details = [receipt.detail] if receipt.detail else []
        if order is not None and receipt.body_sha256 and self._texts is not None:
            details += self._texts.lines(order, receipt.body_sha256)
        return f"{word:9} {', '.join(parts)}", details
