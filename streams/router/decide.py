"""From the bytes of one event to the records it leads to: a decision, a rejection, or both."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from runtime import metrics
from runtime.kafka import partition_for
from runtime.log import logger
from schemas.base import Record
from schemas.codec import TooLargeToWrite, Undecodable, decode, encode
from schemas.control import DutySwap
from schemas.decision import Decision
from schemas.event import EmergencyEvent, SourceOfRejection
from schemas.policy.models import Policy
from schemas.rejections import rejection
from schemas.topics import DECISIONS, EVENTS, REJECTED, Topic
from schemas.vocabulary import DecisionOutcome, RejectionReason
from streams.router.batches import Incoming
from streams.router.loop import Output
from streams.rules.routing.rejection import rejection_of
from streams.rules.routing.route import route
from streams.rules.trusted import amended

MAX_INTERNAL_ERRORS = 5
"""So many events in a row that the rules cannot judge mean a bad release, not bad events."""


_ROUTED = {outcome: metrics.EVENTS_ROUTED.labels(outcome.value) for outcome in DecisionOutcome}


class RulesBroken(Exception):
    """The rules failed on several events in a row; the router stops rather than refuse everything."""


class Decider:
    """Turns records of ``events`` into outputs by the policy and the swaps of duty that hold at that moment."""

    def __init__(
        self, active: Callable[[], Policy], partitions: int, swaps: Callable[[], tuple[DutySwap, ...]] = tuple
    ) -> None:
        self._active, self._swaps, self._partitions = active, swaps, partitions
        self._internal_errors = 0

    def __call__(self, record: Incoming) -> list[Output]:
        """The records ``record`` leads to.

        Raises:
            RulesBroken: the rules failed on ``MAX_INTERNAL_ERRORS`` events in a row.
        """
        recorded = datetime.fromtimestamp(record.timestamp, tz=UTC)
        try:
            event = cast(EmergencyEvent, decode(EVENTS, record.value))
            decision, refused = self._judge(amended(event, recorded_at=recorded))
            outputs = [self._output(DECISIONS, decision, decision.incident_id, recorded, cause=event.event_id)]
        except Undecodable as fault:
            return [self._refuse(fault, record, recorded)]
        if decision.service is None:
            _ROUTED[decision.outcome].inc()
        else:
            metrics.SERVICE_EVENTS.labels(decision.service.kind.value).inc()
        if refused is not None:
            ids = {"event_id": event.event_id, "incident_id": event.incident_id}
            outputs.append(self._refuse(Undecodable(*refused, ids), record, recorded))
        return outputs

    def _judge(self, event: EmergencyEvent) -> tuple[Decision, tuple[RejectionReason, str, str] | None]:
        try:
            decision = route(event, self._active(), self._swaps())
            refused = rejection_of(decision)
        except Exception as error:
            self._internal_errors += 1
            logger().error("rules_failed", cause_event=event.event_id, error=repr(error)[:500])
            if self._internal_errors >= MAX_INTERNAL_ERRORS:
                raise RulesBroken(f"the rules failed on {self._internal_errors} events in a row: {error!r}") from error
            raise Undecodable(
                RejectionReason.INTERNAL_ERROR,
                f"the rules failed on this event: {type(error).__name__}",
                "tell the partner by telephone now, and send this record to whoever maintains the system",
                {"event_id": event.event_id, "incident_id": event.incident_id},
            ) from error
        self._internal_errors = 0
        return decision, refused

    def _output(self, topic: Topic, record: Record, incident: str, at: datetime, *, cause: str | None = None) -> Output:
        try:
            encoded = encode(topic, record, source="router", at=at, cause=cause)
        except TooLargeToWrite as error:
            ids = {name: getattr(record, name) for name in ("event_id", "incident_id")}
            raise Undecodable(
                RejectionReason.TOO_LARGE, f"its decision would be too large: {error}", "shorten the event", ids
            ) from error
        partition = partition_for(incident, self._partitions)
        return Output(topic.name, partition, incident.encode(), encoded.value, encoded.headers)

    def _refuse(self, fault: Undecodable, record: Incoming, at: datetime) -> Output:
        metrics.RECORDS_REJECTED.labels(fault.reason.value).inc()
        logger().warning("event_rejected", reason=fault.reason.value, offset=record.offset, detail=fault.detail[:200])
        refused = rejection(
            fault,
            record.value,
            refused_by=SourceOfRejection.ROUTER,
            at=at,
            topic=EVENTS.name,
            partition=record.partition,
            offset=record.offset,
            key=record.key,
        )
        encoded = encode(REJECTED, refused, source="router", at=at, cause=refused.event_id)
        key = record.key[:200] if record.key else None
        return Output(REJECTED.name, record.partition, key, encoded.value, encoded.headers)
