"""From bytes to outputs, where the rules themselves fail: an event is refused with a reason, a bad release stops."""

import json
from datetime import UTC, datetime
from typing import cast

import pytest

from runtime.kafka import partition_for
from schemas.codec import decode
from schemas.decision import Decision
from schemas.event import Rejection
from schemas.policy.models import Policy
from schemas.topics import DECISIONS, REJECTED
from schemas.vocabulary import RejectionReason
from streams.router.batches import Incoming
from streams.router.decide import MAX_INTERNAL_ERRORS, Decider, RulesBroken
from tests.router.reports import raw, report

PARTITIONS = 3


def incoming(value: bytes | None, key: bytes | None = b"in-1") -> Incoming:
    """A record appended now."""
    return Incoming(key, value, partition=2, offset=7, timestamp=datetime.now(UTC).timestamp())


class Active:
    """The active policy; as long as ``broken``, the rules stumble over it."""

    def __init__(self, policy: Policy) -> None:
        self._policy, self.broken = policy, True

    def __call__(self) -> Policy:
        """The policy, or one that is none."""
        return cast(Policy, object()) if self.broken else self._policy


def test_rules_that_raise_refuse_the_event_and_say_whom_to_tell(policy: Policy) -> None:
    """The rejection names event, incident and place, and that a person must act now."""
    outputs = Decider(Active(policy), PARTITIONS)(incoming(raw(report("ev-1", "in-1"))))
    assert [(output.topic, output.partition, output.key) for output in outputs] == [(REJECTED.name, 2, b"in-1")]
    rejection = decode(REJECTED, outputs[0].value)
    assert isinstance(rejection, Rejection)
    assert rejection.reason is RejectionReason.INTERNAL_ERROR
    assert (rejection.event_id, rejection.incident_id) == ("ev-1", "in-1")
    assert (rejection.partition, rejection.offset) == (2, 7)
    assert "telephone" in rejection.mend


def test_rules_that_fail_on_event_after_event_stop_the_router(policy: Policy) -> None:
    """Refusing everything would hide a bad release; bad input in between is no sign that the rules work."""
    decide = Decider(Active(policy), PARTITIONS)
    for number in range(MAX_INTERNAL_ERRORS - 1):
        decide(incoming(raw(report(f"ev-{number}"))))
        decide(incoming(b"not JSON"))
    with pytest.raises(RulesBroken, match="5 events in a row"):
        decide(incoming(raw(report("ev-last"))))


def test_one_event_that_can_be_judged_begins_the_count_anew(policy: Policy) -> None:
    """Single events that the rules cannot judge never stop the router."""
    active = Active(policy)
    decide = Decider(active, PARTITIONS)
    for number in range(3 * MAX_INTERNAL_ERRORS):
        active.broken = number % 2 == 0
        (output,) = decide(incoming(raw(report(f"ev-{number}", "in-1"))))
        assert output.topic == (REJECTED.name if active.broken else DECISIONS.name)
        assert output.partition == (2 if active.broken else partition_for("in-1", PARTITIONS))


def test_the_events_own_word_on_when_it_was_recorded_counts_nothing(policy: Policy) -> None:
    """``recorded_at`` is Kafka's append time, whatever the record says."""
    active = Active(policy)
    active.broken = False
    body = report("ev-1") | {"recorded_at": "1999-12-31T00:00:00Z"}
    record = incoming(json.dumps(body).encode())
    decision = decode(DECISIONS, Decider(active, PARTITIONS)(record)[0].value)
    assert isinstance(decision, Decision)
    assert decision.recorded_at == datetime.fromtimestamp(record.timestamp, tz=UTC)


def test_an_empty_value_is_refused(policy: Policy) -> None:
    """A tombstone on ``events`` is nobody's report."""
    (output,) = Decider(Active(policy), PARTITIONS)(incoming(None, key=None))
    rejection = decode(REJECTED, output.value)
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.size_bytes, rejection.origin_key) == (RejectionReason.NOT_JSON, 0, None)
