"""What differs between two answers of the rules to the same event, field by field, as values that people can read."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import zip_longest

from schemas.base import Id, Model
from schemas.decision import Decision, PlanStep, Route, SharedFacts
from schemas.vocabulary import Certainty, DecisionOutcome, EventKind, Judgement, Severity, Urgency

Value = str | int | tuple[str, ...] | None
"""A field as it stands: a word, a number (of seconds where the field ends in ``_s``), a list of words, or nothing."""


class Field(StrEnum):
    """What can differ in how somebody is told."""

    OUTCOME = "outcome"
    ROLE = "role"
    CHANNELS = "channels"
    FIRST_EVENT = "first_event"
    CLAUSE = "clause"
    ACTION = "action"
    LANGUAGE = "language"
    LANE = "lane"
    REPLY_WITHIN = "reply_within_s"
    SHARED = "shared"
    CONTENT = "content"
    WITHHELD = "withheld"
    LADDER = "ladder"
    STEP_ROLES = "step_roles"
    STEP_CHANNELS = "step_channels"
    SEND_WITHIN = "send_within_s"
    DELIVER_WITHIN = "deliver_within_s"
    ANSWER_WITHIN = "answer_within_s"
    STEP = "step"
    ORDERED_AT = "ordered_at"
    ACCEPTED_AT = "accepted_at"
    ENDED = "ended"
    ENDED_AT = "ended_at"
    HELP_FROM = "help_from"
    ASKER_TOLD = "asker_told"


class FieldChange(Model):
    """One field as it was and as it would be. ``step`` is the step of the ladder (1 is the first) it belongs to.

    ``content`` names shared fields that both tell, in other words.
    """

    field: Field
    step: int | None = None
    before: Value = None
    after: Value = None


class RouteChange(Model):
    """How one event is told to one partner under one agreement, where that differs."""

    event_id: Id
    kind: EventKind
    agreement: Id
    party: Id
    fields: tuple[FieldChange, ...]


class OutcomeChange(Model):
    """An event whose decision ends otherwise: ``routed``, or for example ``rejected: place_unknown``."""

    event_id: Id
    kind: EventKind
    before: str
    after: str


def same(then: Decision, now: Decision) -> bool:
    """Whether both lead to the same: whatever else they say on the way, the same people are told the same."""
    return then.outcome is now.outcome and then.routes == now.routes and _stopped(then) == _stopped(now)


def outcome_change(then: Decision, now: Decision) -> OutcomeChange | None:
    """How the decision ends otherwise, if it does."""
    before, after = _ending(then), _ending(now)
    if before == after:
        return None
    return OutcomeChange(event_id=then.event_id, kind=then.kind, before=before, after=after)


def _ending(decision: Decision) -> str:
    reason = _stopped(decision)
    return decision.outcome.value if reason is None else f"{decision.outcome.value}: {reason}"


def _stopped(decision: Decision) -> str | None:
    """Why it is refused, where it is."""
    if decision.outcome is not DecisionOutcome.REJECTED:
        return None
    return next((one.reason for one in decision.verdicts if one.judgement is Judgement.STOP), "")


def route_changes(then: Decision, now: Decision) -> Iterator[RouteChange]:
    """Every agreement and partner whose route differs, in the order of the decisions, those of then first."""
    before, after = _by_partner(then), _by_partner(now)
    for key in dict.fromkeys((*before, *after)):
        fields = tuple(_fields(before.get(key), after.get(key)))
        if fields:
            yield RouteChange(event_id=then.event_id, kind=then.kind, agreement=key[0], party=key[1], fields=fields)


def _by_partner(decision: Decision) -> Mapping[tuple[str, str], Route]:
    found: dict[tuple[str, str], Route] = {}
    for route in decision.routes:
        found.setdefault((route.agreement, route.partner), route)
    return found


def _fields(before: Route | None, after: Route | None) -> Iterator[FieldChange]:
    if before == after:
        return
    for field in (Field.CLAUSE, Field.ACTION, Field.LANE, Field.LANGUAGE, Field.REPLY_WITHIN, Field.LADDER):
        yield from changed(field, _plain(before, field), _plain(after, field))
    yield from _steps(before.plan if before else (), after.plan if after else ())
    shared_then, shared_now = told_of(before.shared if before else None), told_of(after.shared if after else None)
    yield from changed(Field.SHARED, tuple(shared_then), tuple(shared_now))
    in_other_words = tuple(name for name in shared_then if name in shared_now and shared_then[name] != shared_now[name])
    if in_other_words:
        yield FieldChange(field=Field.CONTENT, before=in_other_words, after=in_other_words)
    yield from changed(Field.WITHHELD, _withheld(before), _withheld(after))


def changed(field: Field, before: Value, after: Value, step: int | None = None) -> Iterator[FieldChange]:
    """The change of ``field``, if it is one."""
    if before != after:
        yield FieldChange(field=field, step=step, before=before or None, after=after or None)


def _plain(route: Route | None, field: Field) -> Value:
    value = None if route is None else getattr(route, field.value)
    return None if value is None else value if isinstance(value, int) else str(value)


def _withheld(route: Route | None) -> tuple[str, ...]:
    return () if route is None else tuple(field.value for field in route.withheld)


def _steps(before: tuple[PlanStep, ...], after: tuple[PlanStep, ...]) -> Iterator[FieldChange]:
    for number, (old, new) in enumerate(zip_longest(before, after), start=1):
        if old == new:
            continue
        yield from changed(Field.STEP_ROLES, old.roles if old else (), new.roles if new else (), number)
        yield from changed(Field.STEP_CHANNELS, _channels(old), _channels(new), number)
        for field in (Field.SEND_WITHIN, Field.DELIVER_WITHIN, Field.ANSWER_WITHIN):
            yield from changed(field, getattr(old, field.value, None), getattr(new, field.value, None), number)


def _channels(step: PlanStep | None) -> tuple[str, ...]:
    return () if step is None else tuple(channel.value for channel in step.channels)


_NOT_SAID = (None, (), Severity.UNKNOWN, Urgency.UNKNOWN, Certainty.UNKNOWN)
_OF_PLACE = ("name", "parish", "point")


def told_of(shared: SharedFacts | None) -> dict[str, object]:
    """What a partner learns, by name; of the place, how closely."""
    if shared is None:
        return {}
    said = {
        name: value
        for name in type(shared).model_fields
        if name != "place" and (value := getattr(shared, name)) not in _NOT_SAID
    }
    if shared.place is not None:
        said["place"] = shared.place.unit
        said |= {
            f"place.{part}": value for part in _OF_PLACE if (value := getattr(shared.place, part)) not in _NOT_SAID
        }
    return said
