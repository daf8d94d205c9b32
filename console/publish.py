"""Publishing a policy: the whole of it under its hash, then the record that makes it active."""

from datetime import UTC, datetime

from runtime.kafka import make_producer
from runtime.settings import Settings
from schemas.codec import encode
from schemas.control import ACTIVE_KEY, ActivePolicy, PublishedPolicy
from schemas.policy.models import Policy
from schemas.topics import POLICY


async def publish(settings: Settings, policy: Policy, *, note: str, by: str) -> str:
    """Write ``policy`` to its topic and make it the active one; returns its version."""
    now = datetime.now(UTC)
    version = policy.version
    records = {
        version: PublishedPolicy(policy_version=version, policy=policy, published_at=now),
        ACTIVE_KEY: ActivePolicy(policy_version=version, note=note, activated_by=by, activated_at=now),
    }
    producer = make_producer(settings)
    await producer.start()
    try:
        for key, record in records.items():  # in this order: nobody sees an active version that is not there
            encoded = encode(POLICY, record, source="console", at=now)
            await producer.send_and_wait(
                POLICY.name, key=key.encode(), value=encoded.value, headers=encoded.headers, partition=0
            )
    finally:
        await producer.stop()
    return version
