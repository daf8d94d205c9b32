"""``borderlands duty``: who is called now or at any time, where rosters have gaps, and swaps of duty."""

import asyncio
import getpass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from aiokafka.errors import KafkaError

from console.complete import party_ids
from console.duty_known import known, parties_of, running
from console.duty_swaps import Asked, NoSuchSwap, check_swap, doubts, new_id, write_swap
from console.duty_view import GAPS_AHEAD, gap_line, party_json, party_lines, swap_line, unrostered
from console.local_time import NotATime, read_time
from console.output import Exit, JsonOption, err, fail, out, print_json
from runtime.settings import Settings
from schemas.control import DutySwap
from schemas.policy.models import Party
from schemas.policy.shape import hint
from schemas.privacy import mask
from streams.rules.duty.gaps import gaps_of

app = typer.Typer(help="Who is on duty: who would be called, gaps in the rosters, swaps.", invoke_without_command=True)

MAX_RANGE = timedelta(days=1100)

Home = Annotated[Path, typer.Option(help="Home of a system started with `borderlands up`.")]
PolicyOption = Annotated[
    Path | None, typer.Option("--policy", help="Policy directory; default: the active policy of the running system.")
]
PartyOption = Annotated[str | None, typer.Option("--party", help="One party only.", autocompletion=party_ids)]
_HOME = Path("var/local")


@app.callback()
def duty(
    context: typer.Context,
    at: Annotated[str | None, typer.Option(help="2026-12-24T23:00, local time of each party; default: now.")] = None,
    party: PartyOption = None,
    policy: PolicyOption = None,
    home: Home = _HOME,
    as_json: JsonOption = False,
) -> None:
    """Say who would be called, in what order and why: by shift, holiday, exception or swap; contacts, never numbers.

    Without a running system the policy directory answers, and swaps are not known.
    """
    if context.invoked_subcommand is not None:
        if any((at, party, policy, as_json)) or home != _HOME:
            fail(
                "options come after the subcommand", Exit.USAGE, mend=f"borderlands duty {context.invoked_subcommand} …"
            )
        return
    found = known(policy, home)
    now = datetime.now(UTC)
    asked = [(one, _time(at, one) if at else now) for one in parties_of(found.policy, party)]
    if as_json:
        print_json([party_json(found, *each) for each in asked])
        return
    for each in asked:
        for line in party_lines(found, *each):
            out.print(line, markup=False)
    out.print(f"From {found.source}.", markup=False)


@app.command("gaps")
def gaps(
    begin: Annotated[str | None, typer.Option("--from", help="From when, local time; default: now.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Until when; default: 60 days later.")] = None,
    party: PartyOption = None,
    policy: PolicyOption = None,
    home: Home = _HOME,
    as_json: JsonOption = False,
) -> None:
    """Name every time at which rosters have nobody on duty. Exit code 1: there are such times.

    An alert then calls everybody who holds the role.
    """
    found = known(policy, home)
    parties = parties_of(found.policy, party)
    named: list[dict[str, Any]] = []
    for one in parties:
        start = _time(begin, one) if begin else datetime.now(UTC)
        stop = _time(end, one) if end else start + GAPS_AHEAD
        if not start < stop <= start + MAX_RANGE:
            mend = f"write the earlier time after --from; at most {MAX_RANGE.days} days"
            fail("the range is empty or too long", Exit.USAGE, mend=mend)
        for gap in gaps_of(found.policy, one.id, start, stop):
            zone = ZoneInfo(one.time_zone)
            begins, ends = (moment.astimezone(zone).isoformat() for moment in (gap.begin, gap.end))
            named.append({"party": one.id, "role": gap.role, "from": begins, "to": ends})
            if not as_json:
                out.print(gap_line(found.policy, one, gap), markup=False)
    count, without = len(named), unrostered(found.policy, parties)
    if as_json:
        print_json({"gaps": named, "without_roster": without})
    for line in without if not as_json else ():
        out.print(f"no roster, on duty at all times: {line}", markup=False)
    if count:
        fail(f"{count} gap{'s' * (count != 1)}: everybody who holds the role is called then", Exit.DIFFERENT)
    if not as_json:
        out.print("✓ no gaps: somebody is on duty at all times", markup=False)


@app.command("swap")
def swap(
    party: Annotated[str | None, typer.Option(help="The party whose duty it is.")] = None,
    contact: Annotated[str | None, typer.Option("--for", help="Whose duty is given away.")] = None,
    substitute: Annotated[str | None, typer.Option("--by", help="Who takes it.")] = None,
    begin: Annotated[str | None, typer.Option("--from", help="2026-12-24T20:00, local time of the party.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="2026-12-25T08:00")] = None,
    role: Annotated[str | None, typer.Option(help="This role only; default: all duties of that contact.")] = None,
    note: Annotated[str, typer.Option(help="Why, for the log. No names.")] = "",
    revoke: Annotated[
        str | None, typer.Option(help="Take back the swap with this id (`duty swaps` lists them).")
    ] = None,
    home: Home = _HOME,
    as_json: JsonOption = False,
) -> None:
    """Give somebody's duty to somebody else for some hours, without touching the policy; or take that back."""
    if revoke is not None:
        if any((party, contact, substitute, begin, end, role)):
            fail("--revoke takes back a whole swap; it goes with no other option", Exit.USAGE)
        _revoke(revoke, note, home, as_json=as_json)
        return
    if party is None or contact is None or substitute is None or begin is None or end is None:
        mend = "borderlands duty swap --party birzai --for birzai-duty --by birzai-chief --from … --to …"
        fail("a swap needs --party, --for, --by, --from and --to", Exit.USAGE, mend=mend)
    settings, policy, swaps = running(home)
    (where,) = parties_of(policy, party)
    asked = Asked(where, role, contact, substitute, _time(begin, where), _time(end, where))
    now = datetime.now(UTC)
    try:
        check_swap(policy, asked, now)
    except NoSuchSwap as problem:
        fail(str(problem), Exit.DATA, mend=problem.mend)
    for doubt in doubts(policy, asked, swaps):
        err.print(f"! {doubt}", markup=False)
    made = DutySwap(
        swap_id=new_id(where.id, asked.start.astimezone(ZoneInfo(where.time_zone))), party=where.id, role=role,
        contact_id=contact, substitute=substitute, start=asked.start, end=asked.end, note=_clean(note),
        by=getpass.getuser(), at=now,
    )  # fmt: skip
    _write(settings, made, now, swaps)
    _tell(made, where.time_zone, as_json=as_json)


@app.command("swaps")
def swaps_(
    party: PartyOption = None,
    past: Annotated[bool, typer.Option("--all", help="Those that are over as well.")] = False,
    home: Home = _HOME,
    as_json: JsonOption = False,
) -> None:
    """List the swaps that hold or will hold."""
    _, policy, swaps = running(home)
    parties = {one.id: one for one in parties_of(policy, party)}
    now = datetime.now(UTC)
    listed = [one for one in swaps if one.party in parties and (past or one.end > now)]
    listed.sort(key=lambda one: (one.start, one.swap_id))
    if as_json:
        print_json([one.model_dump(mode="json", exclude_none=True) for one in listed])
        return
    for one in listed:
        out.print(swap_line(one, ZoneInfo(parties[one.party].time_zone)), markup=False)
    if not listed:
        out.print("no swaps", markup=False)


def _tell(swap: DutySwap, zone: str, *, as_json: bool) -> None:
    if as_json:
        print_json(swap.model_dump(mode="json", exclude_none=True))
    else:
        out.print(f"✓ {swap_line(swap, ZoneInfo(zone))}", markup=False)


def _revoke(swap_id: str, note: str, home: Path, *, as_json: bool) -> None:
    settings, policy, swaps = running(home)
    found = next((one for one in swaps if one.swap_id == swap_id), None)
    if found is None:
        mend = hint(swap_id, (one.swap_id for one in swaps), "swaps")
        fail(f"there is no swap {swap_id} that could be taken back", Exit.NO_INPUT, mend=mend)
    now = datetime.now(UTC)
    changes = {"revoked": True, "by": getpass.getuser(), "at": now, "note": _clean(note) or found.note}
    taken_back = DutySwap.model_validate(found.model_dump() | changes)
    _write(settings, taken_back, now)
    zone = next((one.time_zone for one in policy.parties if one.id == found.party), "Europe/Riga")
    _tell(taken_back, zone, as_json=as_json)


def _write(settings: Settings, made: DutySwap, at: datetime, swaps: tuple[DutySwap, ...] = ()) -> None:
    try:
        asyncio.run(write_swap(settings, made, at, swaps))
    except (KafkaError, OSError) as problem:
        mend = f"look whether `borderlands duty swaps` lists {made.swap_id} before trying again"
        fail(f"it is not known whether the swap was written: {problem}", Exit.UNAVAILABLE, mend=mend)


def _clean(note: str) -> str:
    if len(note) > 500:
        fail("the note is longer than 500 characters", Exit.USAGE)
    masked = mask(note)
    if masked.found:
        err.print(f"! masked in the note: {', '.join(masked.found)}", markup=False)
    return masked.text


def _time(written: str, party: Party) -> datetime:
    try:
        return read_time(written, ZoneInfo(party.time_zone))
    except NotATime as problem:
        fail(str(problem), Exit.USAGE, mend=problem.mend)
