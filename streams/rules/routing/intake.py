"""Whether an event is to be judged at all: time, replay, status."""

from datetime import datetime, timedelta
from functools import lru_cache, partial

from schemas.decision import Verdict
from schemas.event import EmergencyEvent
from schemas.policy.models import Limits
from schemas.vocabulary import Judgement, Origin, Stage, Status

NOT_FOR_SENDING = "not_for_sending"
"""The one stop here that is no mistake of the sender."""

_span = lru_cache(maxsize=64)(partial(timedelta, 0))  # days, then seconds


def judge_intake(event: EmergencyEvent, now: datetime, limits: Limits) -> Verdict:
    """``accepted``, or a stop with the reason. ``now`` is the instant at which the event was recorded."""
    ahead = now + _span(limits.clock_skew)
    if event.replayid is not None:
        return _stop("replayed", f"restored or replayed under {event.replayid}; such a record never reaches anybody")
    if event.expires_at <= now:
        return _stop("expired", f"expired at {_when(event.expires_at)}; it was recorded at {_when(now)}")
    if event.reported_at > ahead:
        return _stop("from_the_future", f"reported_at is {_when(event.reported_at)}, but it is {_when(now)}")
    if event.occurred_at is not None and event.occurred_at > ahead:
        return _stop("from_the_future", f"occurred_at is {_when(event.occurred_at)}, but it is {_when(now)}")
    if event.reported_at < now - _span(limits.repeat_window):
        hours = limits.repeat_window / 3600
        return _stop("too_old", f"reported at {_when(event.reported_at)}, more than {hours:g} hours ago")
    if event.status is Status.DRAFT or (event.status is Status.SYSTEM and event.service is None):
        return _stop(NOT_FOR_SENDING, f"status {event.status.value} is never sent to people")
    return _ACCEPTED[event.origin]


_ACCEPTED = {
    origin: Verdict(
        stage=Stage.INTAKE,
        judgement=Judgement.PASS,
        reason="accepted",
        detail=f"{origin.value}, in time, and not a repetition of the past",
    )
    for origin in Origin
}


def _stop(reason: str, detail: str) -> Verdict:
    return Verdict(stage=Stage.INTAKE, judgement=Judgement.STOP, reason=reason, detail=detail)


def _when(moment: datetime) -> str:
    return moment.isoformat(" ", "minutes").replace("+00:00", " UTC")
