"""What time alone brings about: retries, repetitions and expiry. Timers are derived from the state, never kept."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Protocol

from schemas.ids import is_canary
from schemas.incident import IncidentState, Slot
from schemas.vocabulary import Delivery, ReceiptReason, Status
from streams.rules.incidents.climbing import climbed
from streams.rules.incidents.climbs import looked_at
from streams.rules.incidents.crews import NO_CREWS, Crews
from streams.rules.incidents.effects import Effect, Folded, SlotStep, ended
from streams.rules.incidents.followup import again
from streams.rules.incidents.slots import RELEASED_FOR, UNSENT, explained, moved, send, settle

CLAIM_LOST = timedelta(minutes=10)
"""A claim without outcome this long after its notification expired will get none: whether it went out is unknown."""


FORGET_AFTER = timedelta(days=31)
"""An incident this long over is forgotten. Longer than any repeat window a policy can have: the router refuses
what is reported later, so nothing can come that would have to be recognised."""


CANARY_FORGOTTEN_AFTER = timedelta(hours=1)
"""A canary this long over is forgotten: the router refuses a repeat of it as expired, and there are thousands a day."""


class NoteTimes(Protocol):
    """What of a notification its timers depend on."""

    @property
    def expires_at(self) -> datetime:
        """When it is of no use any more."""


class SlotTimes(Protocol):
    """What of a slot its timers depend on."""

    @property
    def current(self) -> NoteTimes:
        """The notification in hand."""

    @property
    def delivery(self) -> Delivery:
        """Where it stands."""

    @property
    def since(self) -> datetime:
        """Since when it stands there."""

    @property
    def next_attempt_at(self) -> datetime | None:
        """When it is tried again, if it is."""

    @property
    def waiting(self) -> NoteTimes | None:
        """What waits behind it."""


class ClimbTimes(Protocol):
    """What of a climb its timer depends on."""

    @property
    def next_at(self) -> datetime | None:
        """When it is looked at next."""


class DutyTimes(Protocol):
    """What of an obligation its timer depends on."""

    @property
    def climb(self) -> ClimbTimes | None:
        """The climb of its ladder."""


class Times(Protocol):
    """What of an incident its timers depend on: a state, or an outline of one that has not been read in full."""

    @property
    def incident_id(self) -> str:
        """Which incident it is."""

    @property
    def status(self) -> Status | None:
        """Its status, once it is open."""

    @property
    def quarantined(self) -> str | None:
        """Why it is set aside for people, if it is."""

    @property
    def updated_at(self) -> datetime:
        """When it was changed last."""

    @property
    def expires_at(self) -> datetime | None:
        """When its newest event expires."""

    @property
    def slots(self) -> Sequence[SlotTimes]:
        """A slot for each contact and channel."""

    @property
    def news(self) -> Sequence[SlotTimes]:
        """A slot for each text to the asking side."""

    @property
    def obligations(self) -> Sequence[DutyTimes]:
        """What each partner was asked."""


def due(state: IncidentState, now: datetime, crews: Crews = NO_CREWS) -> Folded:
    """Everything that is due at ``now``: next attempts, repetitions of unknown outcomes, ends of what expired, next
    rungs of ladders and what is to be told of them.

    ``crews`` says who is on duty; while it does not know a policy, its ladders wait. The state is None when the
    incident is to be forgotten; its records stay on their topics.

    A pending notification is never emitted again: it stands on its topic, written in one transaction with the
    state that remembers it, so that slowness there is the notifier's lag and not a loss.
    """
    moment = next_due(state)
    if moment is None or now < moment:
        return Folded(state)
    if now >= _forgotten_at(state) and not any(_moments(state)):
        return Folded(None)
    climbing = _climbed(state, crews, now)  # first, since an answer may end what a timer would send
    after = climbing.state or state
    slots, effects = _slots_due(after.slots, now)
    news, more = _slots_due(after.news, now)
    if (slots, news) != (after.slots, after.news):
        after = looked_at(after.model_copy(update={"slots": slots, "news": news}), now)
    once_more = _climbed(after, crews, now)
    after = once_more.state or after
    if after == state:
        return Folded(state)
    return Folded(
        after.model_copy(update={"updated_at": now}), (*climbing.effects, *effects, *more, *once_more.effects)
    )


def _climbed(state: IncidentState, crews: Crews, now: datetime) -> Folded:
    effects: list[Effect] = []
    for place in range(len(state.obligations)):
        folded = climbed(state, place, crews, now)
        state = folded.state or state
        effects += folded.effects
    return Folded(state, tuple(effects))


def next_due(state: Times) -> datetime | None:
    """The earliest instant at which ``due`` may have something to do; None for one set aside for people."""
    if state.quarantined is not None:
        return None
    return min(_moments(state), default=_forgotten_at(state))


def _moments(state: Times) -> Iterator[datetime]:
    for slot in chain(state.slots, state.news):
        moment = _slot_moment(slot)
        if moment is not None:
            yield moment
    for duty in state.obligations:
        if duty.climb is not None and duty.climb.next_at is not None:
            yield duty.climb.next_at


def _slots_due(slots: Iterable[Slot], now: datetime) -> tuple[tuple[Slot, ...], list[Effect]]:
    steps = [_slot_due(slot, now) for slot in slots]
    return tuple(step.slot for step in steps), [effect for step in steps for effect in step.effects]


def _forgotten_at(state: Times) -> datetime:
    over = max(state.updated_at, state.expires_at or state.updated_at)
    return over + (CANARY_FORGOTTEN_AFTER if _is_canary(state) else FORGET_AFTER)


def _is_canary(state: Times) -> bool:
    # By its status as well: a report of an emergency may bear any name.
    return state.status in (Status.SYSTEM, None) and is_canary(state.incident_id)


def _slot_moment(slot: SlotTimes) -> datetime | None:
    expires = slot.current.expires_at
    if slot.delivery is Delivery.CLAIMED:
        return max(expires, slot.since) + CLAIM_LOST
    if slot.delivery is Delivery.PENDING and slot.waiting is not None:
        return min(slot.since + RELEASED_FOR, expires)
    if slot.next_attempt_at is not None:
        return min(slot.next_attempt_at, expires)
    return expires if slot.delivery in UNSENT else None


def _slot_due(slot: Slot, now: datetime) -> SlotStep:
    moment = _slot_moment(slot)
    if moment is None or now < moment:
        return SlotStep(slot)
    current = slot.current
    if slot.delivery is Delivery.CLAIMED:
        lost = ended(current, ReceiptReason.CLAIM_LAPSED, now, delivery=Delivery.UNKNOWN)
        after = moved(slot, Delivery.UNKNOWN, ReceiptReason.CLAIM_LAPSED, now)
        step = settle(after.model_copy(update={"reached": True, "sent_count": slot.sent_count + 1}), now)
        return SlotStep(step.slot, (lost, *step.effects))
    if slot.delivery is Delivery.PENDING and slot.waiting is not None:
        return explained(settle(slot, now), now)
    if now >= current.expires_at:
        if slot.delivery not in UNSENT:  # an unknown outcome stays what it is; it is only not repeated any more
            return SlotStep(slot.model_copy(update={"next_attempt_at": None}))
        expired = ended(current, ReceiptReason.EXPIRED, now, delivery=Delivery.EXPIRED)
        return SlotStep(moved(slot, Delivery.EXPIRED, ReceiptReason.EXPIRED, now), (expired,))
    return send(slot, again(current, repetition=slot.delivery is Delivery.UNKNOWN, now=now), now)
