"""A what-if for the terminal: first how much differs, then incident by incident, then what could not be compared."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from console.local_time import moment
from console.replay.findings import IncidentDifference, Problem, WhatIf
from streams.rules.simulation.changes import Field, FieldChange, Value
from streams.rules.simulation.course import Course
from streams.rules.simulation.ladders import LadderChange
from streams.rules.simulation.told import Kind, PersonChange

ZONE = ZoneInfo("Europe/Riga")
SHOWN = 50
"""Incidents, and problems, that the terminal tells of; ``--json`` has all."""

KINDS = {Kind.NEWLY: "newly told", Kind.NO_LONGER: "no longer told", Kind.DIFFERENTLY: "told differently"}

ASSUMED = {
    "recorded_time": "each event is judged at the time it was recorded",
    "swaps_then": "swaps of duty as the log knew them at that time, as far as it still keeps them",
    "first_decision": "the first decision on an event counts; copies and replayed records do not",
    "follow_ups": "an update or cancel reaches those who were told, and nobody else",
    "answers_same_moment": "people answer what they really answered, at the same moment",
    "answers_unasked": "an answer of somebody who would not have been asked by then does not count, and is named",
    "providers_then": "texts fare as those to the same contact by the same channel did; else the median delay",
    "ladders_both_simulated": "both ladders are simulated alike, so that they differ by the policy and nothing else",
    "service_apart": "canaries and checks of contacts are left out; exercises stand apart",
}


def show(found: WhatIf, console: Console) -> None:
    """Print ``found``."""
    for line in _head(found):
        console.print(line, markup=False)
    if found.agreements:
        console.print(_by_agreement(found))
    for title, incidents in (("", found.incidents), ("Exercises", found.exercises)):
        if incidents and title:
            console.print(f"\n{title}:", markup=False)
        for one in incidents[:SHOWN]:
            for line in _incident(one):
                console.print(line, markup=False)
        if len(incidents) > SHOWN:
            console.print(f"… and {len(incidents) - SHOWN} more; --json and --html have them", markup=False)
    for line in (*_problems(found.problems), *_assumed(found)):
        console.print(line, markup=False)


def _head(found: WhatIf) -> Iterator[str]:
    counts = found.counts
    yield f"What if, from {moment(found.since, ZONE)} to {moment(found.until, ZONE)} ({ZONE.key}), log {found.log}"
    then = ", ".join(f"{one.policy_version[:12]} ({_number(one.events, 'event')})" for one in found.policies_then)
    yield f"  then: policy {then or 'none, as nothing was decided'}"
    yield f"  now:  policy {found.policy.policy_version[:12]}, from {found.policy.source}"
    if found.only:
        yield f"  only: {', '.join(found.only)}"
    apart = f", exercises: {_number(counts.exercise_events, 'event')}" if counts.exercise_events else ""
    left = f"; left out: {counts.service} about the system itself" if counts.service else ""
    left += f"; {counts.replayed} replayed" if counts.replayed else ""
    left += f"; {counts.repeated} repeated" if counts.repeated else ""
    yield (
        f"  {_number(counts.events, 'event')} of {_number(counts.incidents, 'incident')} compared{apart}, "
        f"{_number(counts.ladders, 'ladder')} climbed again{left}"
    )
    if found.differs:
        exercises = f", and {_number(counts.differing_exercises, 'exercise')}" if counts.differing_exercises else ""
        yield f"✗ {_number(counts.differing, 'incident')} would go otherwise{exercises}"
    else:
        yield "✓ nothing differs"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _by_agreement(found: WhatIf) -> Table:
    table = Table(title_justify="left")
    for column in ("agreement", "what would change", "party", "role"):
        table.add_column(column)
    for column in ("incidents", "contacts"):
        table.add_column(column, justify="right")
    for one in found.agreements:
        name = one.agreement
        for role in one.roles:
            table.add_row(name, KINDS[role.kind], role.party, role.role, str(role.incidents), str(role.contacts))
            name = ""
        if one.told_otherwise:
            table.add_row(name, "the text or its plan differs", "", "", str(one.told_otherwise), "")
            name = ""
        if one.ladders:
            table.add_row(name, "the ladder goes otherwise", "", "", str(one.ladders), "")
        table.add_section()
    return table


def _incident(one: IncidentDifference) -> Iterator[str]:
    what = one.event_type.value.replace("_", " ") if one.event_type else "no type"
    yield f"\n{one.incident_id}  {moment(one.recorded_at, ZONE)}  {what}, reported by {one.reporting_party}"
    for outcome in one.outcomes:
        yield f"  {outcome.kind} {outcome.event_id}: {outcome.before} → {outcome.after}"
    for person in one.people:
        yield f"  {_person(person)}"
    for route in one.routes:
        yield f"  {route.kind} {route.event_id} to {route.party} ({route.agreement}):"
        yield from (f"    {field_line(field)}" for field in route.fields)
    for ladder in one.ladders:
        yield from _ladder(ladder)
    for left in one.answers_left_out:
        who = left.role or left.contact_id or "somebody"
        at = moment(left.at, ZONE)
        yield f"  not counted: the answer '{left.answer}' of {who}, {at}: would not have been asked by then"


def _person(one: PersonChange) -> str:
    by = f" by {', '.join(one.channels)}" if one.kind is not Kind.DIFFERENTLY else ""
    fields = f": {'; '.join(field_line(field) for field in one.fields)}" if one.fields else ""
    return (
        f"{_SIGNS[one.kind]} {KINDS[one.kind]}: {one.party} {one.role} ({one.contact_id}){by}, {one.agreement}{fields}"
    )


_SIGNS = {Kind.NEWLY: "+", Kind.NO_LONGER: "-", Kind.DIFFERENTLY: "~"}


def field_line(one: FieldChange) -> str:
    """One field, as it was and as it would be."""
    where = f"step {one.step}: " if one.step is not None else ""
    name = one.field.value.replace("_", " ").removesuffix(" s")
    unit = " s" if one.field.value.endswith("_s") else ""
    if one.field is Field.CONTENT:
        return f"{where}told in other words: {_value(one.after)}"
    if isinstance(one.before, tuple) and isinstance(one.after, tuple) and one.field in (Field.SHARED, Field.WITHHELD):
        more = [f"+{word}" for word in one.after if word not in one.before]
        less = [f"-{word}" for word in one.before if word not in one.after]
        return f"{where}{name}: {' '.join((*more, *less)) or 'in another order'}"
    return f"{where}{name}: {_value(one.before, unit)} → {_value(one.after, unit)}"


def _value(value: Value, unit: str = "") -> str:
    if value is None:
        return "–"
    return ", ".join(value) if isinstance(value, tuple) else f"{value}{unit}"


def _ladder(one: LadderChange) -> Iterator[str]:
    yield f"  ladder of {one.party} ({one.agreement}):"
    yield f"    then: {_course(one.then)}"
    yield f"    now:  {_course(one.now)}"
    for (kind, step, role, channel, fields), contacts in alike(one).items():
        word = KINDS[kind].replace("told", "asked")
        differs = f": {'; '.join(field_line(field) for field in fields)}" if fields else ""
        yield f"    {_SIGNS[kind]} {word}: step {step} {role} by {channel} ({', '.join(contacts)}){differs}"


def alike(one: LadderChange) -> dict[tuple[Kind, int, str, str, tuple[FieldChange, ...]], list[str]]:
    """The contacts of a ladder for whom the same changes, together: kind, step, role, channel, fields."""
    found: dict[tuple[Kind, int, str, str, tuple[FieldChange, ...]], list[str]] = {}
    for asked in one.asked:
        key = asked.kind, asked.step, asked.role, asked.channel, asked.fields
        found.setdefault(key, []).append(asked.contact_id)
    return found


def _course(course: Course | None) -> str:
    if course is None:
        return "nobody is asked for an answer"
    steps = ", ".join(f"step {step} at {at}" for step, at in steps_of(course).items())
    end = f"{course.ended.value.replace('_', ' ')} at {clock_of(course.ended_at)}" if course.ended else "still open"
    helped = f", first yes by {course.help_from} at {clock_of(course.help_at)}" if course.help_at else ""
    return f"{steps or 'nobody asked'}; {end}{helped}"


def steps_of(course: Course) -> dict[int, str]:
    """When each step was asked first, by its number."""
    found: dict[int, str] = {}
    for one in course.asked:
        found.setdefault(one.step, clock_of(one.ordered_at))
    return dict(sorted(found.items()))


def clock_of(at: datetime | None) -> str:
    """The time of day to the second, on the clock of both countries."""
    return "–" if at is None else f"{at.astimezone(ZONE):%H:%M:%S}"


def _problems(problems: tuple[Problem, ...]) -> Iterator[str]:
    if problems:
        yield f"\n{len(problems)} could not be compared, or not wholly:"
    for one in problems[:SHOWN]:
        yield f"  ! {one.kind.value.replace('_', ' ')}: {one.where}: {one.detail}"
    if len(problems) > SHOWN:
        yield f"  … and {len(problems) - SHOWN} more; --json has them"


def _assumed(found: WhatIf) -> Iterable[str]:
    yield "\nAssumed:"
    yield from (f"  · {ASSUMED[one]}" for one in found.assumptions)
