"""What comes and when: "1 autocisterna", "divas mašīnas", "po pusvalandžio", "10-15 min", "uz 21.40"."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo

from schemas.event import Need
from schemas.policy.reply_lexicon import WordKind
from schemas.vocabulary import NeedKind
from streams.rules.replies.pieces import Part, Piece

MAX_ETA_MIN = 1440
MAX_CLOCK_AHEAD = timedelta(hours=12)
"""A time of day further ahead than this has just gone by: it says nothing of an arrival."""

_SHORT_HOURS = frozenset(("h", "st", "val", "ч", "hr", "hrs"))
_MAX_COUNT = 10_000
_LIKELY_MINUTES = range(3, 121)
_LAST_HOUR_THAT_IS_A_DURATION = 12
_POINT = re.compile(r"(\d{1,2})([.,:])(\d{1,2})")
_VEHICLE = NeedKind.FIRE_TANKER
_COMPOUND = frozenset((NeedKind.FIREFIGHTERS, NeedKind.FIRE_TANKER))
_FILLING = frozenset((WordKind.FILLER, Part.UNKNOWN))


@dataclass(frozen=True, slots=True)
class Clock:
    """When and where a reply was typed: without it a time of day means nothing."""

    now: datetime
    zone: tzinfo


def with_times(pieces: tuple[Piece, ...], clock: Clock | None) -> tuple[Piece, ...]:
    """``pieces`` with every duration and time of day as one piece, its value minutes from now (None: not known)."""
    found: list[Piece] = []
    index = 0
    while index < len(pieces):
        taken, minutes = _duration(pieces, index)
        if not taken:
            taken, minutes = _time_of_day(pieces, index, clock)
        if not taken:
            found.append(pieces[index])
            index += 1
            continue
        if found and found[-1].what is WordKind.AGO:
            found[-1] = replace(found[-1], what=WordKind.FILLER)
            found.append(replace(pieces[index], what=WordKind.FILLER))
        elif index + taken < len(pieces) and pieces[index + taken].what is WordKind.AGO:
            found.append(replace(pieces[index], what=WordKind.FILLER))
            taken += 1
        elif found and found[-1].what is Part.TIME and found[-1].clause == pieces[index].clause and minutes is not None:
            found[-1] = replace(found[-1], value=(found[-1].value or 0) + minutes)  # "1 h 20 min"
        else:
            found.append(replace(pieces[index], what=Part.TIME, value=minutes))
        index += taken
    return tuple(found)


def _duration(pieces: tuple[Piece, ...], index: int) -> tuple[int, float | None]:
    """How many pieces from ``index`` are a duration, and its minutes."""
    piece, after = pieces[index], _at(pieces, index + 1)
    if piece.what is Part.DURATION:
        return 1, piece.value
    number = _decimal(piece)
    if number is not None and after is not None and after.clause == piece.clause:
        if after.what is WordKind.MINUTE:
            return 2, number
        if after.what is WordKind.HOUR and not _is_hour_of_day(pieces, index, after):
            return 2, number * 60
    if (
        piece.what is WordKind.HOUR
        and piece.word not in _SHORT_HOURS
        and (index == 0 or pieces[index - 1].what is not Part.NUMBER)
    ):
        return 1, 60
    if piece.what in (Part.NUMBER, Part.RANGE) and index and pieces[index - 1].what is WordKind.AFTER:
        counted = after is not None and after.clause == piece.clause and after.what in (Part.NOUN, *_FILLING)
        return (0, None) if counted or int(piece.value or 0) not in _LIKELY_MINUTES else (1, piece.value)
    return 0, None


def _decimal(piece: Piece) -> float | None:
    if piece.what in (Part.NUMBER, Part.RANGE):
        return piece.value
    if piece.what is Part.POINT and (match := _POINT.fullmatch(piece.word)) is not None:
        whole, sign, rest = match.groups()
        return int(whole) + int(rest) / 60 if sign == ":" else float(f"{whole}.{rest}")
    return None


def _is_hour_of_day(pieces: tuple[Piece, ...], index: int, unit: Piece) -> bool:
    """Lithuanian "22 val." is ten in the evening, "2 val." two hours."""
    return unit.word == "val" and (
        (pieces[index].value or 0) > _LAST_HOUR_THAT_IS_A_DURATION or pieces[index].what is Part.POINT
    )


def _time_of_day(pieces: tuple[Piece, ...], index: int, clock: Clock | None) -> tuple[int, float | None]:
    piece, after = pieces[index], _at(pieces, index + 1)
    before = pieces[index - 1] if index else None
    hours, minutes = 0, 0
    taken = 1
    if piece.what is Part.POINT and (match := _POINT.fullmatch(piece.word)) is not None and len(match[3]) == 2:
        hours, minutes = int(match[1]), int(match[3])
        taken += after is not None and after.word in ("val", "h")
    elif piece.what is Part.NUMBER and after is not None and after.word == "val" and piece.word.isdigit():
        hours = int(piece.word)
        taken = 2
    elif piece.what is Part.NUMBER and before is not None and before.word in ("plkst", "pulksten", "at"):
        hours = int(piece.value or 0)
    else:
        return 0, None
    if hours > 23 or minutes > 59:
        return 0, None
    return taken, _minutes_until(time(hours, minutes), clock) if clock else None


def _minutes_until(moment: time, clock: Clock) -> int | None:
    """Minutes to the next ``moment`` of the clock on the wall, counted in real time also in the night it changes."""
    local = clock.now.astimezone(clock.zone)
    for day in (local.date(), local.date() + timedelta(days=1)):
        ahead = datetime.combine(day, moment, clock.zone).astimezone(UTC) - clock.now.astimezone(UTC)
        if timedelta(minutes=-1) < ahead <= MAX_CLOCK_AHEAD:
            return max(0, round(ahead.total_seconds() / 60))
    return None


def with_amounts(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """``pieces`` with every number and what it counts as one piece: "2 cisternas", "autocisterna 1", "trise".

    Of "1 no 2 cisternām" (one of two) the first number counts; ``Part.AMOUNT`` then follows the ``WordKind.OF``.
    """
    found: list[Piece] = []
    index = 0
    while index < len(pieces):
        piece = pieces[index]
        if piece.what is Part.HEADS:
            found.append(replace(piece, what=Part.AMOUNT))
            index += 1
        elif piece.what is Part.NUMBER and _is_share(pieces, index):
            found.append(replace(pieces[index + 1], what=WordKind.OF))
            noun = _noun_after(pieces, index + 2)
            counted = pieces[noun].need if noun is not None else None
            found.append(replace(piece, what=Part.AMOUNT if counted else Part.NUMBER, need=counted))
            index = noun + 1 if noun is not None else index + 3
        elif piece.what is Part.NUMBER and (noun := _noun_after(pieces, index)) is not None:
            found.append(replace(piece, what=Part.AMOUNT, need=pieces[noun].need))
            index = noun + 1
        elif piece.what is Part.NOUN and _is_number_of(pieces, index):
            found.append(replace(piece, what=Part.AMOUNT, value=pieces[index + 1].value))
            index += 2
        else:
            found.append(piece)
            index += 1
    return tuple(found)


def _is_share(pieces: tuple[Piece, ...], index: int) -> bool:
    link, whole = _at(pieces, index + 1), _at(pieces, index + 2)
    return (
        link is not None and whole is not None and whole.what is Part.NUMBER and link.word in ("no", "is", "of", "из")
    )


def _noun_after(pieces: tuple[Piece, ...], index: int) -> int | None:
    """The piece that the number at ``index`` counts: the next noun of its clause, over one word between them.

    Of "2 ugunsdzēsēju mašīnas" the vehicles count, not the firefighters they are named after.
    """
    clause = pieces[index].clause
    for at in (index + 1, index + 2):
        piece = _at(pieces, at)
        if piece is None or piece.clause != clause:
            return None
        if piece.what is Part.NOUN:
            after = _at(pieces, at + 1)
            named_after = after is not None and after.what is Part.NOUN and after.need is _VEHICLE
            return at + 1 if named_after and piece.need in _COMPOUND and after and after.clause == clause else at
        if piece.what not in _FILLING or piece.word in ("un", "ir", "and", "и"):
            return None
    return None


def _is_number_of(pieces: tuple[Piece, ...], index: int) -> bool:
    """Whether the number behind the noun at ``index`` is its own: "autocisterna 1", and not "mašīna 2 cilvēki"."""
    number = _at(pieces, index + 1)
    if number is None or number.what is not Part.NUMBER or number.sentence != pieces[index].sentence:
        return False
    return _noun_after(pieces, index + 1) is None and not _is_share(pieces, index + 1)


def _at(pieces: tuple[Piece, ...], index: int) -> Piece | None:
    return pieces[index] if index < len(pieces) else None


def amounts_of(pieces: tuple[Piece, ...]) -> tuple[Need, ...]:
    """What the pieces promise, each kind once: the first that is said of it."""
    kinds: dict[NeedKind, Need] = {}
    for piece in pieces:
        if piece.what is Part.AMOUNT and piece.need is not None and 1 <= (piece.value or 0) <= _MAX_COUNT:
            kinds.setdefault(piece.need, Need(kind=piece.need, count=int(piece.value or 0)))
    return tuple(kinds.values())


def eta_of(pieces: tuple[Piece, ...]) -> int | None:
    """Minutes until help is there: the latest that is said, so that nobody waits longer than they were told."""
    minutes = [piece.value for piece in pieces if piece.what is Part.TIME and piece.value is not None]
    latest = round(max(minutes)) if minutes else None
    return latest if latest is not None and latest <= MAX_ETA_MIN else None
