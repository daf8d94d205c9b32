"""Records about operating the system: which policy is active and how it came to be, switches and notes."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Id, Line, PolicyHash, Record, UtcTime
from schemas.policy.models import Policy

ACTIVE_KEY = "active"
"""Key of the record that names the active policy."""


class PublishedPolicy(Record):
    """A whole policy without people, kept under its content hash for as long as decisions cite it."""

    record: Literal["published_policy"] = "published_policy"
    policy_version: PolicyHash
    policy: Policy
    published_at: UtcTime


class ActivePolicy(Record):
    """Which policy new events are judged by."""

    record: Literal["active_policy"] = "active_policy"
    policy_version: PolicyHash
    note: Annotated[str, Field(max_length=500)]
    activated_by: Line
    activated_at: UtcTime


class ChangeKind(StrEnum):
    """What somebody did in the life of a policy; each entry of `borderlands policy log` is one of these."""

    PROPOSED = "proposed"
    ACTIVATED = "activated"
    ROLLED_BACK = "rolled_back"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class PolicyChange(Record):
    """One step in the life of a policy, kept under a key of its own: ``active`` knows only the newest activation.

    ``base`` is the version that was active when the step was taken, None before the first. ``proposal`` is the
    ``change_id`` of the proposal that it answers. ``by`` is the person as stated, ``account`` what the machine knows
    of who that is. ``alone``: one person did what the policy wants two for. ``expires_at`` is that of a proposal.
    """

    record: Literal["policy_change"] = "policy_change"
    change_id: Id
    kind: ChangeKind
    policy_version: PolicyHash
    base: PolicyHash | None = None
    proposal: Id | None = None
    note: Annotated[str, Field(min_length=1, max_length=500)]
    by: Line
    account: Line
    alone: bool = False
    at: UtcTime
    expires_at: UtcTime | None = None

    @property
    def key(self) -> str:
        """The record's key on ``policy``: no later step takes its place."""
        return f"change:{self.change_id}"


class StopSwitch(Record):
    """While ``stopped`` no notifier sends; ``party`` limits it to one municipality."""

    record: Literal["stop_switch"] = "stop_switch"
    stopped: bool
    reason: Annotated[str, Field(max_length=500)]
    party: Id | None = None
    by: Line
    at: UtcTime

    @property
    def key(self) -> str:
        """The record's key on ``control``: one switch for everybody, and one for each party."""
        return "stop" if self.party is None else f"stop:{self.party}"

    @property
    def line(self) -> str:
        """A switch that is on, for people: whom it silences, since when, by whom and why."""
        whom = "everybody" if self.party is None else self.party
        return f"sending is stopped for {whom} since {self.at:%Y-%m-%d %H:%M:%S} UTC by {self.by}: {self.reason}"


class DutySwap(Record):
    """Somebody stands in for somebody else: ``substitute`` has the duty of ``contact_id`` from ``start`` to ``end``.

    ``role`` limits it to one role. ``revoked`` takes a swap back; its key stays.
    """

    record: Literal["duty_swap"] = "duty_swap"
    swap_id: Id
    party: Id
    role: Id | None = None
    contact_id: Id
    substitute: Id
    start: UtcTime
    end: UtcTime
    note: Annotated[str, Field(max_length=500)] = ""
    revoked: bool = False
    by: Line
    at: UtcTime

    @property
    def key(self) -> str:
        """The record's key on ``control``."""
        return f"swap:{self.swap_id}"


class ContactStop(Record):
    """A contact that asked for no more texts (STOP) or wants them again (START)."""

    record: Literal["contact_stop"] = "contact_stop"
    contact_id: Id
    stopped: bool
    at: UtcTime

    @property
    def key(self) -> str:
        """The record's key on ``control``."""
        return f"contact:{self.contact_id}"


class OperationsNote(Record):
    """A note for the log: who did what to the system, and why."""

    record: Literal["operations_note"] = "operations_note"
    note: Annotated[str, Field(max_length=2000)]
    by: Line
    at: UtcTime


RETENTION_KEY = "retention"
"""Key of the record that says what was deleted by age so far."""


class RetentionLook(Record):
    """What `borderlands retention --apply` found: how long each topic is kept, where it begins, what is gone.

    ``kept_ms`` is by topic; ``starts`` the first offsets that are still there, by partition; ``deleted`` how many
    offsets were deleted since the look before, ``deleted_ever`` since the first one.
    """

    record: Literal["retention_look"] = "retention_look"
    policy_version: PolicyHash
    kept_ms: dict[str, int]
    starts: dict[str, tuple[int, ...]]
    deleted: dict[str, int]
    deleted_ever: dict[str, int]
    by: Line
    at: UtcTime


RESTORED_KEY = "restored"
"""Key of the record that says what of this log was restored from a file."""


class RestoredLog(Record):
    """This log began as the restore of an exported file, whose manifest has the hash ``manifest_sha256``.

    ``restore_id`` is the ``replayid`` of what was restored. ``finished`` is false while records are being written, or
    where that was cut off. ``ends`` are the first offsets of each topic, by partition, behind what was restored (empty
    until then). ``open_incidents`` were open when the file was written, up to a hundred of ``open_count``: nothing
    climbs for them here any more.
    """

    record: Literal["restored_log"] = "restored_log"
    restore_id: Id
    manifest_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    finished: bool
    records: Annotated[int, Field(ge=0)]
    ends: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    open_incidents: Annotated[tuple[Id, ...], Field(max_length=100)] = ()
    open_count: Annotated[int, Field(ge=0)] = 0
    by: Line
    at: UtcTime
