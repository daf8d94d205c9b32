"""Notifications as the dispatcher orders them: events decided and folded by the rules, without the log between."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from runtime.kafka import partition_for
from schemas.notification import Notification
from schemas.policy.models import Policy
from schemas.topics import DEFAULT_PARTITIONS
from schemas.vocabulary import Channel, Lane
from streams.rules.incidents.effects import Emit
from streams.rules.incidents.fold import fold
from streams.rules.routing.route import route
from tests.bench.reports import one_to_tell


class NotOrdered(Exception):
    """The rules order something else than one message an event on the channel and lane that is measured."""


def orders(policy: Policy, channel: Channel, count: int) -> list[Notification]:
    """``count`` urgent notifications for ``channel``, each of an incident of its own, in turn to every duty desk.

    Raises:
        NotOrdered: the policy makes something else of the events.
    """
    return list(islice(_orders(policy, channel), count))


def _orders(policy: Policy, channel: Channel) -> Iterator[Notification]:
    codes = set[str]()
    for event in one_to_tell(policy):
        decision, partition = route(event, policy), partition_for(event.incident_id, DEFAULT_PARTITIONS)
        folded = fold(None, decision, partition=partition, codes_in_use=codes, now=datetime.now(UTC))
        made = [effect.notification for effect in folded.effects if isinstance(effect, Emit)]
        ours = [one for one in made if (one.channel, one.lane) == (channel, Lane.URGENT)]
        if len(ours) != 1:
            raise NotOrdered(
                f"{len(ours)} urgent {channel.value} of {event.event_type}, reported by {event.reporting_party}"
            )
        codes.add(ours[0].code)
        yield ours[0]
