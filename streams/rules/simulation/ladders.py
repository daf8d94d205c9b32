"""Two courses of the same ladder compared: who would be asked otherwise, and how it would end."""

from collections.abc import Iterator
from datetime import datetime

from schemas.base import Id, Model
from schemas.policy.models import Policy
from streams.rules.incidents.asker import DUTY_DESK
from streams.rules.incidents.crews import ladder_of
from streams.rules.simulation.changes import Field, FieldChange, Value, changed
from streams.rules.simulation.course import AskedOf, Course
from streams.rules.simulation.told import Kind


class AskedChange(Model):
    """Somebody who would newly be asked on a ladder, no longer, or at another time or step."""

    kind: Kind
    contact_id: Id
    role: Id
    channel: str
    step: int
    fields: tuple[FieldChange, ...] = ()


class LadderChange(Model):
    """A ladder that would go otherwise: ``then`` by the rules of then, ``now`` by those of the other policy."""

    agreement: Id
    party: Id
    asked: tuple[AskedChange, ...]
    fields: tuple[FieldChange, ...]
    then: Course | None
    now: Course | None


def ladder_changes(then: tuple[Course, ...], now: tuple[Course, ...]) -> Iterator[LadderChange]:
    """Every agreement and partner whose ladder goes otherwise."""
    before = {(one.agreement, one.party): one for one in then}
    after = {(one.agreement, one.party): one for one in now}
    for agreement, party in sorted(before.keys() | after.keys()):
        old, new = before.get((agreement, party)), after.get((agreement, party))
        asked, fields = tuple(_asked(old, new)), tuple(_fields(old, new))
        if asked or fields or (old is None) != (new is None):
            yield LadderChange(agreement=agreement, party=party, asked=asked, fields=fields, then=old, now=new)


def _asked(old: Course | None, new: Course | None) -> Iterator[AskedChange]:
    before = {(one.contact_id, one.channel): one for one in (old.asked if old else ())}
    after = {(one.contact_id, one.channel): one for one in (new.asked if new else ())}
    for key in dict.fromkeys((*before, *after)):
        one, other = before.get(key), after.get(key)
        if one is not None and other is not None:
            fields = tuple(_differences(one, other))
            if fields:
                yield _change(Kind.DIFFERENTLY, other, fields)
        elif other is not None:
            yield _change(Kind.NEWLY, other)
        elif one is not None:
            yield _change(Kind.NO_LONGER, one)


def _change(kind: Kind, one: AskedOf, fields: tuple[FieldChange, ...] = ()) -> AskedChange:
    return AskedChange(
        kind=kind, contact_id=one.contact_id, role=one.role, channel=one.channel.value, step=one.step, fields=fields
    )


def _differences(old: AskedOf, new: AskedOf) -> Iterator[FieldChange]:
    yield from changed(Field.ROLE, old.role, new.role)
    yield from changed(Field.STEP, old.step, new.step)
    yield from changed(Field.LANE, old.lane.value, new.lane.value)
    yield from changed(Field.ORDERED_AT, _time(old.ordered_at), _time(new.ordered_at))
    yield from changed(Field.ACCEPTED_AT, _time(old.accepted_at), _time(new.accepted_at))


def _fields(old: Course | None, new: Course | None) -> Iterator[FieldChange]:
    for field, attribute in ((Field.ENDED, "ended"), (Field.HELP_FROM, "help_from")):
        yield from changed(field, _word(old, attribute), _word(new, attribute))
    yield from changed(Field.ENDED_AT, _time(old.ended_at if old else None), _time(new.ended_at if new else None))
    yield from changed(Field.ASKER_TOLD, _told(old), _told(new))


def _word(course: Course | None, attribute: str) -> Value:
    value = None if course is None else getattr(course, attribute)
    return None if value is None else str(value)


def _told(course: Course | None) -> tuple[str, ...]:
    if course is None:
        return ()
    return tuple(f"{_time(one.at)} {one.template} {one.contact_id} {one.channel}" for one in course.asker_told)


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")


def climbs_alike(old: Policy, new: Policy, *, ladder: str | None, party: str, asker: str) -> bool:
    """Whether a ladder that both plan alike is climbed alike by both: the same people, groups and words to the asker.

    True only where it is certain.
    """
    if old is new or old.version == new.version:
        return True
    one, other = ladder_of(old, ladder), ladder_of(new, ladder)
    if one != other:
        return False
    roles = {role for step in one.steps for role in step.roles} if one is not None else set[str]()
    asker_roles = {DUTY_DESK, *(one.tell_if_nobody if one is not None else ())}
    return (
        _people(old, party, roles) == _people(new, party, roles)
        and _people(old, asker, asker_roles) == _people(new, asker, asker_roles)
        and _roles(old, roles) == _roles(new, roles)
    )


def _people(policy: Policy, party: str, roles: set[str]) -> list[object]:
    staff, rosters = policy.staff.get(party, {}), policy.rosters.get(party, {})
    return [(role, staff.get(role), rosters.get(role)) for role in sorted(roles)]


def _roles(policy: Policy, named: set[str]) -> list[object]:
    return sorted(((role.id, role.group, role.enough) for role in policy.roles if role.id in named), key=str)
