"""The router as a real process on a real broker: good events pass, bad ones are refused with a reason, none is lost."""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from console.publish import publish
from deploy.local.kafka import EmbeddedKafka
from runtime.kafka import partition_for
from runtime.settings import Settings
from schemas.codec import encode
from schemas.control import ActivePolicy, DutySwap
from schemas.decision import Decision
from schemas.event import Rejection, SourceOfRejection
from schemas.policy.models import Policy
from schemas.topics import CONTROL, POLICY
from schemas.vocabulary import DecisionOutcome, RejectionReason
from streams.rules.trusted import amended
from tests.local.processes import eventually
from tests.router.bus import Bus
from tests.router.process import RouterProcess
from tests.router.reports import raw, report, times

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

BURST = 2000


async def test_a_good_event_becomes_a_decision_on_its_own_partition(router: RouterProcess, bus: Bus) -> None:
    """The decision names its cause in CloudEvents headers and was made at the event's append time."""
    written = await bus.report(report("ev-good"))
    found = await bus.decision_on("ev-good")
    decision = found.record
    assert isinstance(decision, Decision)
    assert (found.topic, found.partition, found.key) == ("decisions", written.partition, b"in-ev-good")
    assert decision.outcome is DecisionOutcome.ROUTED
    assert decision.recorded_at == written.at
    assert found.headers == {
        "ce_specversion": "1.0",
        "ce_id": "ev-good",
        "ce_source": "/safe-borderlands/router",
        "ce_type": "eu.safeborderlands.decision.v1",
        "ce_time": written.at.isoformat(),
        "ce_partitionkey": "in-ev-good",
        "ce_correlationid": "in-ev-good",
        "ce_causationid": "ev-good",
        "ce_expirytime": decision.expires_at.isoformat(),
        "content-type": "application/json; charset=utf-8",
    }


BAD: dict[str, tuple[bytes, RejectionReason, str]] = {
    "not JSON": (b"\x00\xff fire!", RejectionReason.NOT_JSON, "not JSON"),
    "no value at all": (b"", RejectionReason.NOT_JSON, "not JSON"),
    "a list": (b"[1, 2]", RejectionReason.NOT_JSON, "list"),
    "deep nesting": (b"[" * 30_000, RejectionReason.NOT_JSON, "not JSON"),
    "another version": (raw(report("ev-bad", version=2)), RejectionReason.WRONG_VERSION, "version is '2'"),
    "another record": (raw(report("ev-bad", record="decision")), RejectionReason.WRONG_RECORD, "decision"),
    "unknown type": (raw(report("ev-bad", event_type="ufo")), RejectionReason.UNKNOWN_TYPE, "event_type"),
    "10 kB of id": (raw(report("ev-bad", incident="x" * 10_240)), RejectionReason.INVALID, "incident_id"),
    "no origin": (raw(report("ev-bad", origin=None)), RejectionReason.NO_ORIGIN, "origin"),
    "control characters": (
        raw(report("ev-bad", text={"text": "fire\x07 here", "language": "en"})),
        RejectionReason.INVALID,
        "U+0007",
    ),
    "right-to-left mark": (
        raw(report("ev-bad", place={"name": "Skaist\u202ekalne"})),
        RejectionReason.INVALID,
        "U+202E",
    ),
    "half a character": (
        json.dumps(report("ev-bad", callback_role="\ud800")).encode(),
        RejectionReason.INVALID,
        "record",
    ),
    "misspelt key": (raw(report("ev-bad", sevrity="Severe")), RejectionReason.INVALID, "sevrity"),
    "more than an event may have": (
        raw(report("ev-bad", text={"text": "ā" * 34_000, "language": "lv"})),
        RejectionReason.TOO_LARGE,
        "takes at most 65536",
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_cannot_be_read_is_refused_and_the_next_event_goes_through(
    name: str, router: RouterProcess, bus: Bus
) -> None:
    """The rejection says what is wrong, where the record stands and what to do."""
    value, reason, said = BAD[name]
    where = await bus.append(value, partition=1)
    event = f"ev-after-{list(BAD).index(name)}"
    after = await bus.append(raw(report(event)), partition=1)
    found = await bus.rejection_at(where)
    rejection = found.record
    assert isinstance(rejection, Rejection)
    assert (found.topic, found.partition, rejection.origin_key) == ("events.rejected", 1, "somebody")
    assert (rejection.reason, rejection.refused_by) == (reason, SourceOfRejection.ROUTER)
    assert said in rejection.detail
    assert rejection.mend
    assert rejection.size_bytes == len(value)
    assert rejection.rejected_at == where.at
    decision = (await bus.decision_on(event)).record
    assert isinstance(decision, Decision)
    assert decision.recorded_at == after.at


async def test_a_record_without_key_is_brought_home(router: RouterProcess, bus: Bus) -> None:
    """Wherever an event was appended, its decision stands under its incident's key on its incident's partition."""
    home = partition_for("in-lost", 3)
    await bus.append(raw(report("ev-lost", "in-lost")), partition=(home + 1) % 3, key=None)
    found = await bus.decision_on("ev-lost")
    assert (found.partition, found.key) == (home, b"in-lost")


REFUSED: dict[str, tuple[dict[str, Any], RejectionReason]] = {
    "expired": (times(timedelta(hours=-3)), RejectionReason.EXPIRED),
    "of 2035": (
        {"reported_at": "2035-01-01T00:00:00Z", "expires_at": "2035-01-01T06:00:00Z"},
        RejectionReason.FROM_THE_FUTURE,
    ),
    "nowhere": ({"place": {"name": "Nekurciems"}}, RejectionReason.PLACE_UNKNOWN),
    "in Estonia": ({"place": {"point": {"lat": 59.4, "lon": 24.7}}}, RejectionReason.PLACE_OUTSIDE),
    "in the sea": ({"place": {"point": {"lat": 56.5, "lon": 20.0}}}, RejectionReason.PLACE_OUTSIDE),
    "of nobody": ({"reporting_party": "atlantis"}, RejectionReason.UNKNOWN_PARTY),
    "restored": ({"replayid": "backup-1"}, RejectionReason.REPLAYED),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_the_rules_refuse_is_both_decided_and_rejected(name: str, router: RouterProcess, bus: Bus) -> None:
    """A refused event has a decision that says so and a rejection that says what to do, and no route."""
    changes, reason = REFUSED[name]
    event = f"ev-refused-{list(REFUSED).index(name)}"
    where = await bus.report(report(event, **changes))
    rejection = (await bus.rejection_at(where)).record
    decision = (await bus.decision_on(event)).record
    assert isinstance(rejection, Rejection)
    assert isinstance(decision, Decision)
    assert (rejection.reason, rejection.event_id, rejection.incident_id) == (reason, event, f"in-{event}")
    assert rejection.detail
    assert rejection.mend
    assert (decision.outcome, decision.routes) == (DecisionOutcome.REJECTED, ())


async def test_a_policy_activated_meanwhile_judges_the_next_event(
    router: RouterProcess, bus: Bus, settings: Settings, policy: Policy
) -> None:
    """Policies switch between records, without a restart, and back again."""
    values = policy.model_dump()
    values["geography"]["border_band_m"] += 1
    other = Policy.model_validate(values)
    try:
        version = await publish(settings, other, note="another", by="tests")
        assert version != policy.version
        await asyncio.to_thread(router.wait, lambda health: health.get("policy") == version[:12])
        await bus.report(report("ev-other-policy"))
        decision = (await bus.decision_on("ev-other-policy")).record
        assert isinstance(decision, Decision)
        assert decision.policy_version == version
    finally:
        await publish(settings, policy, note="back", by="tests")
    await asyncio.to_thread(router.wait, lambda health: health.get("policy") == policy.version[:12])


async def test_a_swap_on_control_is_called_until_it_is_revoked(
    router: RouterProcess, bus: Bus, settings: Settings
) -> None:
    """Who stands in is told in the other's place, the verdict says so; a revoked swap changes nothing any more."""
    now = datetime.now(UTC)
    swap = DutySwap(
        swap_id="night", party="birzai", contact_id="birzai-duty", substitute="birzai-delegate",
        start=now - timedelta(hours=1), end=now + timedelta(hours=1), by="tests", at=now,
    )  # fmt: skip

    async def told(event: str) -> tuple[list[str], list[str]]:
        await bus.report(report(event))
        decision = (await bus.decision_on(event)).record
        assert isinstance(decision, Decision)
        said = [verdict.detail for verdict in decision.verdicts if verdict.reason == "recipients_found"]
        return [one.contact_id for one in decision.routes[0].recipients], said

    def knows(count: int) -> Callable[[dict[str, Any]], bool]:
        return lambda health: health.get("swaps") == count

    for number, (one, holds) in enumerate([(swap, 1), (amended(swap, revoked=True), 0)]):
        await bus.append(encode(CONTROL, one, source="tests", at=now).value, key=one.key.encode(), topic=CONTROL)
        await asyncio.to_thread(router.wait, knows(holds))
        contacts, said = await told(f"ev-swap-{number}")
        assert contacts == ["birzai-delegate" if holds else "birzai-duty", "birzai-chief"]
        assert ("birzai-delegate, standing in for birzai-duty by swap night" in said[0]) == bool(holds)


async def test_an_activation_of_a_policy_that_nobody_knows_changes_nothing(
    router: RouterProcess, bus: Bus, settings: Settings, policy: Policy
) -> None:
    """The last policy that can be read goes on judging: a slip of an administrator must not stop alerts."""
    slip = ActivePolicy(policy_version="f" * 64, note="slip", activated_by="tests", activated_at=datetime.now(UTC))
    encoded = encode(POLICY, slip, source="tests", at=slip.activated_at)
    await bus.append(encoded.value, key=b"active", topic=POLICY)
    await asyncio.to_thread(_until, lambda: any(line.get("event") == "policy_unknown" for line in router.logged()))
    await bus.report(report("ev-slip"))
    decision = (await bus.decision_on("ev-slip")).record
    assert isinstance(decision, Decision)
    assert decision.policy_version == policy.version
    await publish(settings, policy, note="mended", by="tests")


def _until(true: Callable[[], bool]) -> None:
    assert eventually(true, 15)


async def test_a_stop_is_clean_and_repeats_nothing(router: RouterProcess, bus: Bus) -> None:
    """SIGTERM ends it with 0 within seconds; what it decided is acknowledged, so its successor repeats nothing."""
    await bus.burst([report(f"ev-stop-{number}") for number in range(50)])
    await bus.wait_all(lambda seen: len(seen) >= 50)
    router.signal(signal.SIGTERM)
    assert await asyncio.to_thread(router.ended, 10) == 0
    await bus.report(report("ev-after-stop"))
    await asyncio.to_thread(router.ensure)
    await bus.decision_on("ev-after-stop")
    assert len(bus.seen) == 51


async def test_a_kill_in_the_middle_of_a_burst_loses_nothing(router: RouterProcess, bus: Bus) -> None:
    """Every event of the burst has a decision after the restart; the backlog shows in health and goes to zero."""
    events = [f"ev-burst-{number}" for number in range(BURST)]
    sending = asyncio.create_task(bus.burst([report(event) for event in events[: BURST // 2]]))
    await bus.wait_all(lambda seen: len(seen) > BURST // 20)
    router.signal(signal.SIGSTOP)  # so that the kill finds work undone, however fast it is
    await sending
    await bus.burst([report(event) for event in events[BURST // 2 :]])
    router.signal(signal.SIGKILL)
    await asyncio.to_thread(router.ended, 10)
    router.start()
    health = await asyncio.to_thread(router.wait, lambda health: health["ready"])
    assert health["healthy"]
    assert health["lag"]["events"] + health["handled"] >= BURST // 2
    health = await asyncio.to_thread(router.wait, lambda health: health["lag"] == {"events": 0})
    assert health["healthy"]
    await bus.wait_all(lambda seen: {one.record.event_id for one in seen} >= set(events))
    assert all(isinstance(one.record, Decision) for one in bus.seen)


async def test_a_router_that_cannot_learn_its_lag_is_not_healthy(
    router: RouterProcess, bus: Bus, broker: EmbeddedKafka
) -> None:
    """With nothing to send it stays, says that Kafka is silent, and is healthy again when Kafka is back."""
    pid = broker.running_pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        health = await asyncio.to_thread(router.wait, lambda health: not health["healthy"])
        assert "Kafka does not tell how much is waiting" in health["fault"]
    finally:
        os.kill(pid, signal.SIGCONT)
    await bus.report(report("ev-thawed"))
    await bus.decision_on("ev-thawed", 40)
    await asyncio.to_thread(router.wait, lambda health: health["healthy"] and health["lag"] == {"events": 0})


async def test_a_broker_that_does_not_answer_ends_the_router(
    router: RouterProcess, bus: Bus, broker: EmbeddedKafka
) -> None:
    """It exits non-zero rather than limp; the event that was under way is decided by its successor."""
    pid = broker.running_pid()
    assert pid is not None
    await bus.burst([report(f"ev-frozen-{number}") for number in range(300)])
    os.kill(pid, signal.SIGSTOP)
    try:
        code = await asyncio.to_thread(router.ended, 40)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert code == 70
    await asyncio.to_thread(router.ensure)
    await bus.wait_all(lambda seen: {one.record.event_id for one in seen} >= {f"ev-frozen-{n}" for n in range(300)})
