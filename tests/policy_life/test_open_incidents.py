"""What a change of the policy leaves behind: open incidents, counted from their snapshots."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any

from console.logs.logged import Logged, logged
from console.policy.open_incidents import count_open
from schemas.codec import encode
from schemas.control import PublishedPolicy
from schemas.decision import PlanStep
from schemas.incident import IncidentState
from schemas.policy.models import Policy
from schemas.topics import INCIDENTS, POLICY, Topic
from schemas.vocabulary import Channel, EventKind
from streams.rules.incidents.fold import fold
from tests.dispatcher.builders import CHIEF, HASH, T0, at, decision, route

VECUMNIEKI = {"agreement": "birzai-vecumnieki", "asking_party": "vecumnieki", "partner": "birzai"}


class Snapshots:
    """A log of snapshots, in the order in which they were written."""

    name, partitions = "snapshots", 1

    def __init__(self, *states: IncidentState | str) -> None:
        """A text is the key of a tombstone."""
        self._records = [
            logged(INCIDENTS, 0, offset, T0, state.encode(), None)
            if isinstance(state, str)
            else logged(
                INCIDENTS, 0, offset, T0, state.incident_id.encode(),
                encode(INCIDENTS, state, source="test", at=T0).value,
            )
            for offset, state in enumerate(states)
        ]  # fmt: skip

    async def stream(
        self,
        topics: Iterable[Topic],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        partitions: frozenset[int] | None = None,
        keys: frozenset[bytes] | None = None,
    ) -> AsyncIterator[list[Logged]]:
        """All of them, one by one."""
        assert list(topics) == [INCIDENTS]
        for record in self._records:
            yield [record]


WAITS = (PlanStep(step=0, roles=("fire-chief",), channels=(Channel.SMS,), send_within_s=60, answer_within_s=300),)


def opened(incident: str, **changes: Any) -> IncidentState:
    """The snapshot of an incident whose ladder waits for an answer."""
    told = decision(f"ev-{incident}", route(CHIEF, plan=WAITS, **changes), incident_id=incident)
    state = fold(None, told, partition=0, codes_in_use=(), now=T0).state
    assert state is not None
    return state


async def test_only_what_is_open_counts() -> None:
    """The newest snapshot of each incident says so; what is over, closed or forgotten keeps no version."""
    first, second, third = opened("in-1"), opened("in-2"), opened("in-3")
    closed = second.model_copy(update={"closed_by": EventKind.CANCEL})
    found = await count_open(Snapshots(first, second, closed, third, "in-3"), at(60))
    assert found.by_version == {HASH: 1}
    assert found.climbing == {HASH: 1}
    assert found.lines() == [f"1 open incident keeps {HASH[:12]}, ladders are climbed in 1 of them"]
    assert (await count_open(Snapshots(first), at(5 * 3600))).by_version == {}


async def test_what_a_policy_leaves_behind_is_said(shipped: Policy) -> None:
    """Incidents that stand on an agreement or a party that is gone, and what still reaches anybody."""
    found = await count_open(Snapshots(opened("in-1"), opened("in-2", **VECUMNIEKI)), at(60))
    (line,) = found.left_behind(shipped)
    assert "1 open incident stands on agreement bauska-birzai, party bauska: no update will reach anybody" in line
    assert line.endswith("cancels are refused, too")
    without = shipped.with_parts(agreements=tuple(one for one in shipped.agreements if one.id != "birzai-vecumnieki"))
    assert any(said.endswith("cancels still reach those told") for said in found.left_behind(without))


def test_a_policy_without_the_new_key_is_written_as_before(shipped: Policy) -> None:
    """Processes of an earlier release read it: they refuse keys that they do not know."""
    record = PublishedPolicy(policy_version=shipped.version, policy=shipped, published_at=T0)
    assert b'"change":' not in encode(POLICY, record, source="test", at=T0).value
