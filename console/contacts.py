"""``borderlands contacts``: do the people answer, and what becomes of those who leave?"""

import asyncio
import getpass
import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from aiokafka.errors import KafkaError
from rich.console import Console

from console.complete import party_ids, role_ids
from console.connect import connection
from console.contact_checks import Standing, standings
from console.erase import CannotErase, erase
from console.logs.live import read_log
from console.logs.logged import TooMuchToRead
from console.output import Exit, JsonOption, err, fail, out, print_json
from console.submit import write_event
from runtime.control import ControlFollower
from runtime.kafka import make_producer
from runtime.policies import NoActivePolicy, PolicyFollower
from runtime.settings import Settings
from schemas.codec import encode
from schemas.control import OperationsNote
from schemas.policy.models import Policy
from schemas.privacy import mask
from schemas.topics import CONTROL, EVENTS, RECEIPTS, RESPONSES
from schemas.upkeep import Holder, check_event, holders_of

app = typer.Typer(
    help="The people behind the roles: do they answer, and what becomes of leavers.", no_args_is_help=True
)

POLICY_WITHIN_S = 5.0
LOOK_EVERY_S = 2.0
LOOK_BACK = timedelta(days=400)
"""How far back checks are looked for: a year of monthly ones."""

CLOCKS_DIFFER = timedelta(hours=1)
"""How far the broker's clock may be behind this machine's."""

ZONE = ZoneInfo("Europe/Riga")  # the same clock as Europe/Vilnius, all year

HomeOption = Annotated[Path, typer.Option(help="Home of the system.")]
PartyOption = Annotated[str | None, typer.Option(help="Only contacts of this party.", autocompletion=party_ids)]
RoleOption = Annotated[str | None, typer.Option(help="Only holders of this role.", autocompletion=role_ids)]


@app.command("verify")
def verify(
    party: PartyOption = None,
    role: RoleOption = None,
    wait: Annotated[str | None, typer.Option(help="Wait so long for answers: 90s, 10m, 1h.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Ask also who was asked this month already.")] = False,
    home: HomeOption = Path("var/local"),
    as_json: JsonOption = False,
) -> None:
    """Send each contact a text to answer with its code and OK. Exit code 1: after --wait, somebody has not."""
    patience_s = _patience(wait)
    try:
        done = asyncio.run(_verify(connection(home), party, role, patience_s, again=again, say=err if as_json else out))
    except NoActivePolicy as problem:
        fail(str(problem), Exit.CONFIGURATION)
    except (KafkaError, OSError) as problem:
        fail(
            f"Kafka cannot be reached: {problem}",
            Exit.UNAVAILABLE,
            mend="try again: who was asked already is not asked twice",
        )
    if as_json:
        print_json({"asked": done.asked, "not_asked": done.not_asked, "no_answer": done.no_answer})
    if done.no_answer:
        fail(f"{len(done.no_answer)} did not answer within {wait}", Exit.DIFFERENT, mend="borderlands contacts status")


@app.command("status")
def status(
    party: PartyOption = None,
    role: RoleOption = None,
    as_json: JsonOption = False,
    home: HomeOption = Path("var/local"),
) -> None:
    """Show of each contact when it was last asked, what became of the text, when it answered, and who never did."""
    try:
        found = asyncio.run(_status(connection(home), party, role))
    except NoActivePolicy as problem:
        fail(str(problem), Exit.CONFIGURATION)
    except TooMuchToRead as problem:
        fail(str(problem), Exit.USAGE)
    except (KafkaError, OSError) as problem:
        fail(f"Kafka cannot be read: {problem}", Exit.UNAVAILABLE)
    if as_json:
        print_json([_as_json(one) for one in found])
        return
    for line in _lines(found):
        out.print(line, markup=False)
    never = [one.holder.contact for one in found if one.never]
    out.print(f"{len(found)} contacts; never answered a check: {', '.join(never) or 'nobody'}", markup=False)


@app.command("erase")
def erase_contact(
    contact: Annotated[str, typer.Argument(help="Contact id.")],
    reason: Annotated[str, typer.Option(help="Why, for the log; no names.")],
    directory: Annotated[Path | None, typer.Option(help="The private directory; default: the system's.")] = None,
    home: HomeOption = Path("var/local"),
    as_json: JsonOption = False,
) -> None:
    """Erase a leaver's numbers from the private directory. The id is retired and never used again."""
    settings = connection(home)
    path = directory or settings.directory
    now = datetime.now(UTC)
    try:
        erased = erase(path, contact, now.date())
    except CannotErase as problem:
        fail(str(problem), Exit.DATA)
    except OSError as problem:
        fail(f"cannot change {path}: {problem.strerror}", Exit.NO_INPUT)
    if as_json:
        document = {"erased": contact, "directory": str(path), "retired": f"{now:%Y-%m-%d}", "lines_left": erased.left}
        print_json(document)
    else:
        out.print(f"✓ {contact} is erased from {path}, and its id retired", markup=False)
    for line in erased.left:
        err.print(f"! {path.name}:{line}: a comment still seems to name the person; remove it by hand", markup=False)
    note = mask(f"contact {contact} erased from the directory: {reason}"[:1800]).text
    try:
        asyncio.run(_note(settings, note, now))
    except (KafkaError, OSError) as problem:
        fail(
            f"erased, but the note on it could not be written: {problem}",
            Exit.UNAVAILABLE,
            mend="nothing more is to be done with the directory; note it by hand",
        )
    err.print("Take the id out of roles.yaml and activate the policy; `borderlands policy check` says where it stands.")


@dataclass
class Round:
    """A round of checks: who was asked, who was not and why, and who has not answered (nobody, without waiting)."""

    asked: list[str] = field(default_factory=list)
    not_asked: dict[str, str] = field(default_factory=dict)
    no_answer: list[str] = field(default_factory=list)


async def _verify(
    settings: Settings, party: str | None, role: str | None, patience_s: float, *, again: bool, say: Console
) -> Round:
    """Ask, and wait for answers, saying so by ``say`` as it goes."""
    async with PolicyFollower(settings) as policies:
        holders = _holders(await policies.wait_active(POLICY_WITHIN_S), party, role)
    now = datetime.now(UTC)
    known = {one.holder.contact: one for one in await _read(settings, holders)}
    asked: list[Holder] = []
    done = Round()
    producer = make_producer(settings)
    await producer.start()
    try:
        for holder in holders:
            before = known[holder.contact]
            if why := _not_now(before, now, again=again):
                say.print(f"  {holder.contact:28} {why}", markup=False)
                done.not_asked[holder.contact] = why
                continue
            period = f"{now:%Y-%m}" if not again else f"{now:%Y-%m-%dT%H:%M:%SZ}"
            await write_event(producer, check_event(holder, period, now), settings.partitions)
            asked.append(holder)
            done.asked.append(holder.contact)
            say.print(f"✓ {holder.contact:28} asked ({holder.party}, {', '.join(holder.roles)})", markup=False)
    finally:
        await producer.stop()
    say.print(f"{len(asked)} of {len(holders)} contacts asked")
    if asked and patience_s:
        done.no_answer = await _wait(settings, asked, patience_s, say)
    return done


def _not_now(standing: Standing, now: datetime, *, again: bool) -> str | None:
    """Why a contact is not asked now, if it is not."""
    if standing.silent:
        return "asked for no texts (STOP); talk to this person"
    at = standing.asked_at
    if again or at is None or (at.year, at.month) != (now.year, now.month):
        return None
    answered = "answered" if standing.answered else f"not answered ({standing.delivery})"
    return f"asked already on {_local(at)}, {answered}"


async def _wait(settings: Settings, asked: Sequence[Holder], patience_s: float, say: Console) -> list[str]:
    """Wait until everybody asked has answered or patience ends; tells of each answer, and returns who gave none."""
    end, told, began = time.monotonic() + patience_s, set[str](), datetime.now(UTC) - CLOCKS_DIFFER
    while True:
        found = await _read(settings, asked, since=began)
        for one in found:
            if one.answered and one.holder.contact not in told:
                told.add(one.holder.contact)
                say.print(f"✓ {one.holder.contact:28} answered", markup=False)
        missing = [one for one in found if not one.answered]
        if not missing or time.monotonic() >= end:
            for one in missing:
                say.print(f"✗ {one.holder.contact:28} no answer ({one.delivery})", markup=False)
            return [one.holder.contact for one in missing]
        await asyncio.sleep(min(LOOK_EVERY_S, max(0.0, end - time.monotonic())))


async def _status(settings: Settings, party: str | None, role: str | None) -> list[Standing]:
    async with PolicyFollower(settings) as policies:
        holders = _holders(await policies.wait_active(POLICY_WITHIN_S), party, role)
    return await _read(settings, holders)


async def _read(settings: Settings, holders: Sequence[Holder], since: datetime | None = None) -> list[Standing]:
    async with ControlFollower(settings) as control:
        silent = control.current.stopped_contacts
    start = since or datetime.now(UTC) - LOOK_BACK
    logged = await read_log(settings, (EVENTS, RECEIPTS, RESPONSES), since=start)
    return standings(logged, holders, silent)


async def _note(settings: Settings, note: str, now: datetime) -> None:
    record = OperationsNote(note=note, by=getpass.getuser(), at=now)
    encoded = encode(CONTROL, record, source="console", at=now)
    producer = make_producer(settings)
    await producer.start()
    try:
        key = f"note:{uuid.uuid4().hex[:24]}".encode()
        await producer.send_and_wait(CONTROL.name, key=key, value=encoded.value, headers=encoded.headers, partition=0)
    finally:
        await producer.stop()


def _holders(policy: Policy, party: str | None, role: str | None) -> tuple[Holder, ...]:
    parties, roles = [one.id for one in policy.parties], [one.id for one in policy.roles]
    if party is not None and party not in parties:
        fail(f"'{party}' is no party of the active policy", Exit.USAGE, mend=f"name one of {', '.join(parties)}")
    if role is not None and role not in roles:
        fail(f"'{role}' is no role of the active policy", Exit.USAGE, mend=f"name one of {', '.join(roles)}")
    return holders_of(policy, party=party, role=role)


def _patience(wait: str | None) -> float:
    if wait is None:
        return 0.0
    match = re.fullmatch(r"(\d{1,5}) ?(s|m|min|h)", wait.strip())
    if not match:
        fail(f"'{wait}' is no time to wait", Exit.USAGE, mend="write 90s, 10m or 1h")
    return int(match[1]) * {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}[match[2]]


def _lines(found: Sequence[Standing]) -> list[str]:
    """The table as lines; a terminal that is too narrow breaks them, and loses nothing."""
    head = ("contact", "party", "roles", "last asked", "text", "answered", "remarks")
    rows = [head, *(_row(one) for one in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(one: Standing) -> tuple[str, ...]:
    return (
        one.holder.contact,
        one.holder.party,
        ", ".join(one.holder.roles),
        _local(one.asked_at) if one.asked_at else "never",
        one.delivery or "",
        _local(one.answered_at) if one.answered_at else "never",
        _remarks(one),
    )


def _remarks(one: Standing) -> str:
    remarks = ["asked for no texts"] if one.silent else []
    if one.never:
        remarks.append("has never answered")
    elif one.asked_at and not one.answered:
        remarks.append("has not answered the last one")
    return ", ".join(remarks)


def _as_json(one: Standing) -> dict[str, object]:
    return {
        "contact": one.holder.contact,
        "party": one.holder.party,
        "roles": one.holder.roles,
        "origin": one.holder.origin.value,
        "checks": one.checks,
        "asked_at": one.asked_at.isoformat() if one.asked_at else None,
        "delivery": one.delivery,
        "answered": one.answered,
        "answered_at": one.answered_at.isoformat() if one.answered_at else None,
        "heard_at": one.heard_at.isoformat() if one.heard_at else None,
        "silent": one.silent,
    }


def _local(moment: datetime) -> str:
    return moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
