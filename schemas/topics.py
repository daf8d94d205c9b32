"""The one table of topics: what stands on each, under which key, who writes and reads it, how long it stays.

Incident topics are co-partitioned: the same partition count, fixed for life. A key is hashed once, where an
event enters; every later writer copies the partition of the record it answers. At most 24 partitions, because
the first letter of a reply code names the partition.
"""

from dataclasses import dataclass
from typing import Final

from schemas.base import Record
from schemas.control import (
    ActivePolicy,
    ContactStop,
    DutySwap,
    OperationsNote,
    PolicyChange,
    PublishedPolicy,
    RestoredLog,
    RetentionLook,
    StopSwitch,
)
from schemas.decision import Decision
from schemas.event import EmergencyEvent, Rejection
from schemas.incident import Cursor, IncidentState
from schemas.notification import Notification, Receipt, ResendOrder, Response
from schemas.vocabulary import Channel, Lane

DEFAULT_PARTITIONS: Final = 12
MAX_PARTITIONS: Final = 24

_DAY_MS = 24 * 3600 * 1000
_YEAR_MS = 365 * _DAY_MS
_KIB = 1024


@dataclass(frozen=True)
class Topic:
    """One topic. ``partitions`` None means the common count of incident topics; ``retention_ms`` None means
    compacted, kept for ever; ``max_bytes`` bounds one record's value."""

    name: str
    records: tuple[type[Record], ...]
    key: str
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    retention_ms: int | None
    max_bytes: int
    partitions: int | None = None

    @property
    def config(self) -> dict[str, str]:
        """The Kafka topic settings this table promises."""
        settings = {
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(self.max_bytes + 16 * _KIB),
        }
        if self.retention_ms is None:
            return {**settings, "cleanup.policy": "compact"}
        return {**settings, "cleanup.policy": "delete", "retention.ms": str(self.retention_ms)}

    def partition_count(self, common: int) -> int:
        """How many partitions this topic has where incident topics have ``common``."""
        return self.partitions or common


EVENTS = Topic(
    "events",
    (EmergencyEvent,),
    "incident id",
    ("gateway", "console"),
    ("router", "replay", "board"),
    3 * _YEAR_MS,
    64 * _KIB,
)
REJECTED = Topic(
    "events.rejected",
    (Rejection,),
    "origin key or none",
    ("gateway", "console", "router", "dispatcher", "notifiers"),
    ("board", "console"),
    180 * _DAY_MS,
    32 * _KIB,
)
DECISIONS = Topic(
    "decisions",
    (Decision,),
    "incident id",
    ("router",),
    ("dispatcher", "replay", "board"),
    3 * _YEAR_MS,
    256 * _KIB,
)
INCIDENTS = Topic(
    "incidents",
    (IncidentState, Cursor),
    "incident id, or @cursor",
    ("dispatcher",),
    ("dispatcher", "gateway", "board"),
    None,
    2048 * _KIB,
)
RECEIPTS = Topic(
    "receipts",
    (Receipt,),
    "incident id",
    ("notifiers", "gateway", "dispatcher"),
    ("dispatcher", "notifiers", "board"),
    3 * _YEAR_MS,
    16 * _KIB,
)
RESPONSES = Topic(
    "responses",
    (Response, ResendOrder),
    "incident id, or none with the partition its code names",
    ("gateway", "console"),
    ("dispatcher", "board"),
    3 * _YEAR_MS,
    32 * _KIB,
)
POLICY = Topic(
    "policy",
    (PublishedPolicy, ActivePolicy, PolicyChange),
    "version hash, active, or a key for each change",
    ("console",),
    ("everyone",),
    None,
    2048 * _KIB,
    partitions=1,
)
CONTROL = Topic(
    "control",
    (StopSwitch, ContactStop, DutySwap, OperationsNote, RestoredLog, RetentionLook),
    "name",
    ("console", "gateway"),
    ("everyone",),
    None,
    32 * _KIB,
    partitions=1,
)

NOTIFY: Final[dict[tuple[Channel, Lane], Topic]] = {
    (channel, lane): Topic(
        f"notify.{channel.value}.{lane.value}",
        (Notification,),
        "incident id",
        ("dispatcher",),
        ("notifiers",),
        7 * _DAY_MS,
        64 * _KIB,
    )
    for channel in Channel
    for lane in Lane
}

TOPICS: Final[dict[str, Topic]] = {
    topic.name: topic
    for topic in (
        EVENTS,
        REJECTED,
        DECISIONS,
        INCIDENTS,
        *NOTIFY.values(),
        RECEIPTS,
        RESPONSES,
        POLICY,
        CONTROL,
    )
}

CO_PARTITIONED: Final = tuple(topic for topic in TOPICS.values() if topic.partitions is None)
