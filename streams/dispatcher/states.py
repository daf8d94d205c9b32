"""The states of one partition's incidents: the few at work as they are, all others packed small.

A state takes twenty to forty kilobytes as objects and a few hundred bytes packed. Most incidents of a month are at
rest, so a dispatcher that kept all as objects would need gigabytes, and minutes to make them when it starts.
"""

import zlib
from collections import OrderedDict
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from schemas.codec import Undecodable, decode
from schemas.incident import IncidentState
from schemas.snapshot import written
from schemas.topics import INCIDENTS
from schemas.vocabulary import Delivery, Status

AT_WORK_MAX = 32
"""States of a partition kept as objects: those changed last, since news of an incident come in quick succession."""

_LEVEL = 1
_RAW = -zlib.MAX_WBITS


class _NoteTimes(BaseModel):
    expires_at: AwareDatetime


class _SlotTimes(BaseModel):
    current: _NoteTimes
    delivery: Delivery
    since: AwareDatetime
    next_attempt_at: AwareDatetime | None = None
    waiting: _NoteTimes | None = None


class _ClimbTimes(BaseModel):
    next_at: AwareDatetime | None = None


class _DutyTimes(BaseModel):
    climb: _ClimbTimes | None = None


class Outline(BaseModel):
    """What must be known of a snapshot that nobody has asked for yet: its incident, its code, its timers.

    Read in a tenth of the time that the whole takes; the rest is checked when it is first used.
    """

    model_config = ConfigDict(extra="ignore")

    record: Literal["incident_state"]
    version: Literal[1]
    incident_id: str
    status: Status | None = None
    code: str | None = None
    updated_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    quarantined: str | None = None
    slots: tuple[_SlotTimes, ...] = ()
    news: tuple[_SlotTimes, ...] = ()
    obligations: tuple[_DutyTimes, ...] = ()


def outline_of(snapshot: bytes) -> Outline | None:
    """The outline of an encoded ``IncidentState``; None where even that cannot be read."""
    try:
        return Outline.model_validate_json(snapshot)
    except ValidationError:
        return None


class SnapshotUnreadable(Exception):
    """A state that was taken over as a snapshot is no valid record. ``updated_at`` is what it says of itself."""

    def __init__(self, fault: Undecodable, updated_at: datetime) -> None:
        super().__init__(str(fault))
        self.updated_at = updated_at


class States:
    """States by incident id. Each is packed with the first one as the dictionary, which most of them resemble."""

    def __init__(self) -> None:
        self._at_work: OrderedDict[str, IncidentState] = OrderedDict()
        self._packed: dict[str, bytes] = {}
        self._dictionary: bytes | None = None

    def __len__(self) -> int:
        return len(self._at_work) + len(self._packed)

    def get(self, incident: str) -> IncidentState | None:
        """The state of ``incident``, or None if it is not known.

        Raises:
            SnapshotUnreadable: it was taken over as a snapshot and cannot be read.
        """
        state = self._at_work.get(incident)
        packed = self._packed.get(incident)
        return state if packed is None else self._unpacked(packed)

    def put(self, state: IncidentState) -> None:
        """Take ``state`` over; the one that was changed longest ago is packed where there are many."""
        self._packed.pop(state.incident_id, None)
        self._at_work[state.incident_id] = state
        self._at_work.move_to_end(state.incident_id)
        while len(self._at_work) > AT_WORK_MAX:
            incident, quiet = self._at_work.popitem(last=False)
            self._packed[incident] = self._pack(written(quiet))

    def put_snapshot(self, incident: str, snapshot: bytes) -> None:
        """Take over an encoded state without reading it."""
        self._at_work.pop(incident, None)
        self._packed[incident] = self._pack(snapshot)

    def forget(self, incident: str) -> None:
        """Let go of ``incident``, if it is known."""
        self._at_work.pop(incident, None)
        self._packed.pop(incident, None)

    def _pack(self, snapshot: bytes) -> bytes:
        if self._dictionary is None:
            self._dictionary = snapshot
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW, zdict=self._dictionary)
        return packer.compress(snapshot) + packer.flush()

    def _unpacked(self, packed: bytes) -> IncidentState:
        snapshot = zlib.decompressobj(_RAW, zdict=self._dictionary or b"").decompress(packed)
        try:
            state = decode(INCIDENTS, snapshot)
            if isinstance(state, IncidentState):
                return state
            raise TypeError(f"{type(state).__name__} is no state")
        except Undecodable as fault:
            raise SnapshotUnreadable(fault, Outline.model_validate_json(snapshot).updated_at) from fault
