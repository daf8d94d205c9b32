"""What `borderlands status` tells of the policy: that one person alone made it active, until another confirms it."""

from aiokafka import TopicPartition

from console.logs.logged import logged
from console.policy.history import history_of
from runtime.kafka import appended_at, assign_paused, make_consumer, read_range
from runtime.settings import Settings
from schemas.topics import POLICY

_HASH_LENGTH = 64


async def unconfirmed_lines(settings: Settings) -> list[str]:
    """A line while the active policy was activated by one person where the policy before it wanted two."""
    consumer = make_consumer(settings)
    try:
        await consumer.start()
        place = TopicPartition(POLICY.name, 0)
        assign_paused(consumer, [place])
        begins, ends = await consumer.beginning_offsets([place]), await consumer.end_offsets([place])
        records = await read_range(consumer, begins, ends)
    finally:
        await consumer.stop()
    # Whole policies stand under their hash; they are large, and steps are told without them.
    steps = [one for one in records if len(one.key or b"") != _HASH_LENGTH]
    history = history_of(logged(POLICY, 0, one.offset, appended_at(one), one.key, one.value) for one in steps)
    step = history.unconfirmed
    if step is None:
        return []
    who = f"policy {step.policy_version[:12]} was made active by {step.by} alone at {step.at:%Y-%m-%d %H:%M} UTC"
    look = f"borderlands policy diff {(step.base or '')[:12]} active"
    mend = f"somebody else looks at it (`{look}`), then `borderlands policy confirm` or `rollback`"
    return [f"{who}: {step.note}; {mend}"]
