"""The address at which a provider reports on one text: it says itself what the report is about, so nothing is stored.

The provider signs the whole address, so that nobody else can say something about a notification.
"""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode, urlsplit, urlunsplit

from pydantic import Field

from schemas.base import Id, Model
from schemas.notification import Notification
from schemas.topics import MAX_PARTITIONS
from schemas.vocabulary import Channel


class About(Model):
    """The attempt a report is about, and the partition on which its receipts stand."""

    incident: Id
    event: Id
    notification: Id
    attempt: Annotated[int, Field(ge=1, le=10_000)]
    contact: Id
    channel: Channel
    partition: Annotated[int, Field(ge=0, lt=MAX_PARTITIONS)]


def about(notification: Notification, partition: int) -> About:
    """What reports on ``notification``, which stands on ``partition``, are about."""
    return About(
        incident=notification.incident_id,
        event=notification.event_id,
        notification=notification.notification_id,
        attempt=notification.attempt,
        contact=notification.contact_id,
        channel=notification.channel,
        partition=partition,
    )


def callback_url(base: str, told: About) -> str:
    """``base`` with what the report is ``about`` behind what its query holds already."""
    parts = urlsplit(base)
    query = urlencode(told.model_dump(mode="json"))
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, query)))))


def about_of(query: Mapping[str, str]) -> About:
    """What a report that came with ``query`` is about; other parameters are passed over.

    Raises:
        pydantic.ValidationError: a parameter is missing or not of its form.
    """
    return About.model_validate({name: query[name] for name in About.model_fields if name in query})
