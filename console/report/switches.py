"""When sending was stopped, from the switches on the log."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from console.report.month import Month
from schemas.control import StopSwitch


@dataclass(frozen=True)
class Stopped:
    """A time in which nothing went out, to anybody (``party`` None) or to one party.

    ``since`` is None where the log no longer holds the record that began it (``control`` keeps the newest of a key
    for ever, older ones for a time), ``until`` None where it had not ended.
    """

    party: str | None
    since: datetime | None
    until: datetime | None

    def seconds(self, month: Month, now: datetime) -> float | None:
        """How much of it lies in ``month``; None where its beginning is not known."""
        if self.since is None:
            return None
        return max(0.0, (min(self.until or now, month.end) - max(self.since, month.start)).total_seconds())


def stopped(switches: Iterable[StopSwitch], month: Month, now: datetime) -> tuple[Stopped, ...]:
    """The times of ``switches`` that touch ``month``, in order of their ends and beginnings."""
    found: list[Stopped] = []
    on: dict[str, StopSwitch] = {}
    for switch in sorted(switches, key=lambda one: one.at):
        began = on.get(switch.key)
        if switch.stopped:
            on.setdefault(switch.key, switch)
            continue
        on.pop(switch.key, None)
        found.append(Stopped(switch.party, began.at if began else None, switch.at))
    found += [Stopped(switch.party, switch.at, None) for switch in on.values()]
    return tuple(one for one in found if _touches(one, month, now))


def _touches(one: Stopped, month: Month, now: datetime) -> bool:
    since, until = one.since or one.until, one.until or now
    return since is not None and since < month.end and until >= month.start and since < now
