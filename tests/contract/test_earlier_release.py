"""What the release before ladders and answers wrote is still read: its own records, kept as it wrote them.

``before_ladders.jsonl.gz`` holds one of each record as that release encoded it, and its shipped policy with fewer
places.
"""

import gzip
import json
from pathlib import Path

from schemas.codec import decode
from schemas.control import PublishedPolicy
from schemas.incident import IncidentState
from schemas.policy.versions import is_version_of, version_before_ladders
from schemas.topics import POLICY, TOPICS

WRITTEN = [
    (entry["topic"], entry["value"].encode())
    for entry in map(
        json.loads,
        gzip.decompress(Path(__file__).with_name("before_ladders.jsonl.gz").read_bytes()).decode().splitlines(),
    )
]


def older_policy() -> PublishedPolicy:
    """The policy that release published."""
    found = next(decode(POLICY, value) for topic, value in WRITTEN if topic == POLICY.name)
    assert isinstance(found, PublishedPolicy)
    return found


def test_every_record_of_an_earlier_release_is_read() -> None:
    """No field it wrote is refused, and none that came later is missed."""
    records = [decode(TOPICS[topic], value) for topic, value in WRITTEN]
    assert {topic for topic, _ in WRITTEN} == set(TOPICS)
    states = [record for record in records if isinstance(record, IncidentState)]
    assert any(state.obligations for state in states)
    assert all(duty.climb is None for state in states for duty in state.obligations), "no ladder is climbed afterwards"


def test_an_earlier_releases_hash_is_proved() -> None:
    """The way it hashed is remembered: its policy has the version it stated, and another of today."""
    published = older_policy()
    assert published.policy.version != published.policy_version
    assert version_before_ladders(published.policy) == published.policy_version
    assert is_version_of(published.policy_version, published.policy)
    assert is_version_of(published.policy.version, published.policy)


def test_a_changed_policy_is_not_proved_by_an_older_hash() -> None:
    """Neither a change of what that release knew, nor of what it did not know, keeps the hash it gave."""
    published = older_policy()
    policy, stated = published.policy, published.policy_version
    limits = policy.limits.model_copy(update={"repeat_window": policy.limits.repeat_window + 1})
    first, *others = policy.ladders
    later_step = first.steps[0].model_copy(update={"deliver_within": 60})
    ladder = first.model_copy(update={"steps": (later_step, *first.steps[1:])})
    changed = (
        policy.with_parts(limits=limits),
        policy.with_parts(rosters={"birzai": {}}),
        policy.with_parts(ladders=(ladder, *others)),
    )
    for one in changed:
        assert not is_version_of(stated, one)
