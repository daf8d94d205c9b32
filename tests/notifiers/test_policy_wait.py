"""An order by a policy that has not been read yet waits for it, and fails nothing meanwhile."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from runtime.health import Health
from schemas.control import PublishedPolicy
from schemas.policy.models import Policy
from schemas.topics import POLICY
from schemas.vocabulary import Delivery, ReceiptReason
from tests.notifiers.stage import RUTA, Stage

pytestmark = pytest.mark.kafka


def _variant(policy: Policy) -> Policy:
    """A policy with another hash."""
    values = policy.model_dump()
    values["geography"]["border_band_m"] += 1
    return Policy.model_validate(values)


async def test_an_order_waits_until_its_policy_is_published(stage: Stage, policy: Policy) -> None:
    """Nothing is sent or failed before the policy is known; then the text goes out."""
    newer = _variant(policy)
    waiting, other = stage.order(policy_version=newer.version), stage.order(contact_id="jonas")
    async with stage.notifier():
        await stage.emit(waiting, other)
        await stage.outcome(other)
        assert await stage.receipts(waiting) == []
        published = PublishedPolicy(policy_version=newer.version, policy=newer, published_at=datetime.now(UTC))
        await stage.write_at(POLICY, published, newer.version, 0)
        await stage.sandbox.wait_for_sms(RUTA, 15)
        assert (await stage.outcome(waiting)).delivery is Delivery.SENT


async def test_an_order_whose_policy_never_comes_expires(stage: Stage) -> None:
    """The wait ends with the order's own expiry, with that as its reason."""
    order = stage.order(policy_version="0" * 64, expires_at=datetime.now(UTC) + timedelta(seconds=4))
    async with stage.notifier():
        await stage.emit(order)
        receipt = await stage.outcome(order)
    assert (receipt.delivery, receipt.reason) == (Delivery.EXPIRED, ReceiptReason.EXPIRED)


async def test_a_long_wait_for_a_policy_shows_in_the_health(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting is allowed, waiting unseen is not; when the wait is over the fault is taken back."""
    monkeypatch.setattr("notifiers.service.POLICY_PATIENCE_S", 1.0)
    order = stage.order(policy_version="1" * 64, expires_at=datetime.now(UTC) + timedelta(seconds=6))
    async with stage.notifier() as health:
        await stage.emit(order)
        assert await _fault(health, present=True)
        await stage.outcome(order)
        assert await _fault(health, present=False)


async def _fault(health: Health, *, present: bool) -> bool:
    for _ in range(100):
        if (health.fault is not None) is present:
            return True
        await asyncio.sleep(0.1)
    return False
