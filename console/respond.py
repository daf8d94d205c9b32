"""``borderlands respond``: an answer by hand, for an operator who was telephoned."""

import asyncio
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from aiokafka.errors import KafkaError

from console.connect import connection
from console.logs.live import read_log
from console.logs.logged import TooMuchToRead
from console.output import Exit, JsonOption, fail, out, print_json
from runtime.kafka import make_producer, partition_for
from runtime.policies import NoActivePolicy, PolicyFollower
from runtime.settings import Settings
from schemas import ids
from schemas.codec import encode
from schemas.incident import IncidentState
from schemas.notification import Response
from schemas.policy.models import Policy
from schemas.topics import INCIDENTS, RESPONSES
from schemas.vocabulary import Answer, Origin, ReplyProblem
from streams.rules.replies.lexicon import lexicon_of
from streams.rules.replies.record import Arrival, make_response
from streams.rules.replies.resolve import Resolved, Sender, Unresolved, resolve
from streams.rules.replies.understand import Understood, understand

POLICY_WITHIN_S = 5.0
_CODE_LENGTH = 4


class Mistake(Exception):
    """What was typed cannot be taken; ``code`` is how the command ends, ``mend`` says what to do."""

    def __init__(self, problem: str, code: Exit, mend: str) -> None:
        super().__init__(problem)
        self.code, self.mend = code, mend


@dataclass(frozen=True)
class Given:
    """What the operator typed: which request, the answer, who gave it and why it comes by hand."""

    which: str
    text: str
    contact: str | None = None
    party: str | None = None
    role: str | None = None
    reason: str | None = None


def respond(
    which: Annotated[str, typer.Argument(help="The code in the text (D7QK), or the incident's id.")],
    answer: Annotated[list[str], typer.Argument(help="The answer as said: TAIP 1 autocisterna 20 min, or yes, no.")],
    contact: Annotated[str | None, typer.Option("--as", help="The contact who called, by id.")] = None,
    party: Annotated[str | None, typer.Option(help="The party that answers, where no contact is named.")] = None,
    role: Annotated[str | None, typer.Option(help="The role of who called, with --party.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why by hand; kept with the answer.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is understood, and write nothing.")] = False,
    home: Annotated[Path, typer.Option(help="Home of the system.")] = Path("var/local"),
    as_json: JsonOption = False,
) -> None:
    """Write an answer that came by telephone: say what is understood, put it on the log, say what happens next."""
    given = Given(which, " ".join(answer), contact, party, role, reason)
    try:
        late = asyncio.run(_respond(connection(home), given, dry_run=dry_run, as_json=as_json))
    except Mistake as mistake:
        fail(str(mistake), mistake.code, mend=mistake.mend)
    except NoActivePolicy as problem:
        fail(str(problem), Exit.CONFIGURATION)
    except TooMuchToRead as problem:
        fail(str(problem), Exit.FAILED)
    except (KafkaError, OSError) as problem:
        fail(
            f"Kafka cannot be reached, it is not known whether the answer was written: {problem}",
            Exit.UNAVAILABLE,
            mend="look with `borderlands trace`, and repeat this: an answer given twice counts once",
        )
    if late:
        raise typer.Exit(int(Exit.DIFFERENT))


async def _respond(settings: Settings, given: Given, *, dry_run: bool, as_json: bool) -> bool:
    """Write the answer; whether it came too late."""
    async with PolicyFollower(settings) as policies:
        policy = await policies.wait_active(POLICY_WITHIN_S)
    states = await snapshots(settings, given.which)
    response, lines = answer_by_hand(given, states, policy, now=datetime.now(UTC), fresh=uuid.uuid4().hex)
    for line in lines if not as_json else ():
        out.print(line, markup=False)
    if not dry_run:
        await _write(settings, response)
    if as_json:
        record = response.model_dump(mode="json", exclude_none=True)
        print_json({"written": not dry_run, "understood": lines, "response": record})
    else:
        out.print("nothing was written" if dry_run else f"response {response.response_id}", markup=False)
    return response.problem is not None


async def snapshots(settings: Settings, which: str) -> tuple[IncidentState, ...]:
    """The newest snapshots that ``which`` (a code or an incident's id) can mean, read through the end of the topic."""
    partition = ids.partition_of_code(which.upper()) if _is_code(which) else partition_for(which, settings.partitions)
    if partition is not None and partition >= settings.partitions:
        partition = None
    newest: dict[bytes | None, IncidentState | None] = {}
    for one in await read_log(settings, [INCIDENTS], partition=partition):
        newest[one.key] = one.record if isinstance(one.record, IncidentState) else None
    found = (state for state in newest.values() if state is not None)
    return tuple(state for state in found if which in (state.incident_id, state.code) or which.upper() == state.code)


def _is_code(which: str) -> bool:
    return len(which) == _CODE_LENGTH and which.isalnum()


def answer_by_hand(
    given: Given, states: Iterable[IncidentState], policy: Policy, *, now: datetime, fresh: str
) -> tuple[Response, list[str]]:
    """The record of an answer given by hand, and what to say of it. ``states`` are those that ``given.which`` names;
    ``fresh`` is a name nobody else has.

    Raises:
        Mistake: the request is not known, or it was not asked of whom the answer is said to come, or it is no answer.
    """
    state = _meant(given, tuple(states), now)
    sender = _sender(given, state, policy)
    party = next((one for one in policy.parties if one.id == sender.party), None)
    zone = ZoneInfo(party.time_zone if party else "Europe/Riga")
    understood = understand(given.text, lexicon_of(policy), now=now, zone=zone)
    if understood.command is not None:
        raise Mistake(
            f"“{given.text}” is a command of a telephone and answers no request",
            Exit.USAGE,
            "a contact stops texts by writing STOP from its own number",
        )
    meaning = resolve(replace(understood, code=state.code, code_sure=True), sender, (state,), now)
    if isinstance(meaning, Unresolved):
        _refuse(meaning, given, state, sender)
    text = given.text if given.reason is None else f"{given.text}\n({given.reason})"
    arrival = Arrival(ids.response_id("console", fresh), "console", text, now)
    response = make_response(arrival, understood, meaning, sender)
    return response, _said(response, understood, state, meaning)


def _meant(given: Given, states: tuple[IncidentState, ...], now: datetime) -> IncidentState:
    """The incident; of several that had the code one after the other the open one, else the newest."""
    ranked = sorted(
        (state for state in states if state.opened_at is not None),
        key=lambda state: (
            state.closed_by is None and (state.expires_at is None or now < state.expires_at),
            state.updated_at,
        ),
        reverse=True,
    )
    if not ranked:
        raise Mistake(
            f"no request {given.which} is known",
            Exit.NO_INPUT,
            "check the code in the text, or the incident's id: `borderlands submit` prints it",
        )
    return ranked[0]


def _sender(given: Given, state: IncidentState, policy: Policy) -> Sender:
    asked = sorted({slot.party for slot in state.slots})
    if given.contact is not None:
        return _contact(given, given.contact, policy)
    if given.party is not None and given.party not in asked:
        raise Mistake(
            f"party {given.party} was not asked in {state.incident_id}", Exit.USAGE, f"asked were: {', '.join(asked)}"
        )
    if given.party is None and len(asked) != 1:
        raise Mistake(
            f"{len(asked)} parties were asked in {state.incident_id}: {', '.join(asked) or 'none'}",
            Exit.USAGE,
            "say who answers: --party, or --as CONTACT",
        )
    roles = {role.id for role in policy.roles}
    if given.role is not None and given.role not in roles:
        raise Mistake(f"there is no role {given.role}", Exit.USAGE, f"roles are: {', '.join(sorted(roles))}")
    return Sender(None, given.party or asked[0], given.role)


def _contact(given: Given, contact: str, policy: Policy) -> Sender:
    """The contact with party and role as the policy has them."""
    for party, roles in policy.staff.items():
        for role, staff in roles.items():
            for origin, members in ((Origin.LIVE, staff.live), (Origin.EXERCISE, staff.exercise)):
                if any(member.contact == contact for member in members) and given.party in (None, party):
                    return Sender(contact, party, given.role or role, origin)
    raise Mistake(
        f"no contact {contact} is in the policy" + (f" at {given.party}" if given.party else ""),
        Exit.USAGE,
        "`borderlands contacts status` names the contacts of every party",
    )


def _refuse(meaning: Unresolved, given: Given, state: IncidentState, sender: Sender) -> None:
    """Refuse what is no answer to the request; one that comes too late is kept on the log all the same."""
    if meaning.problem is ReplyProblem.NOT_UNDERSTOOD:
        raise Mistake(
            f"“{given.text}” is not understood as an answer",
            Exit.DATA,
            "say it plainly: yes, no, later, received; with how many and when: yes 1 autocisterna 20 min",
        )
    if meaning.problem is not ReplyProblem.TOO_LATE:
        raise Mistake(
            f"{sender.contact_id or sender.party} was not asked for anything in {state.incident_id}",
            Exit.DATA,
            "name who was asked with --as or --party: `borderlands trace` tells",
        )


def _said(
    response: Response, understood: Understood, state: IncidentState, meaning: Resolved | Unresolved
) -> list[str]:
    answer = response.answer or understood.answer
    parts = [answer.value if answer else "no answer"]
    parts += [f"{need.kind.value.replace('_', ' ')} {need.count}" for need in response.amounts]
    if response.eta_min is not None:
        parts.append(f"in {response.eta_min} min")
    who = " ".join(part for part in (response.party, response.role) if part)
    lines = [
        f"understood: {', '.join(parts)}",
        f"from {who}{f' ({response.contact_id})' if response.contact_id else ''} to {state.code}, {state.incident_id}",
    ]
    if isinstance(meaning, Unresolved):
        return [*lines, "too late: the request is over; the answer is kept on the log and changes nothing"]
    of_group = any(duty.climb is not None and response.role in duty.climb.groups for duty in state.obligations)
    follows = _NEXT_OF_GROUP if of_group and meaning.answer is Answer.ACCEPT else _NEXT[meaning.answer]
    return [*lines, "next: " + follows.format(asker=state.asking_party or "the asking side")]


_NEXT_OF_GROUP = "{asker} is told how many come; the group is waited for until enough have said yes"
_NEXT = {
    Answer.ACCEPT: "{asker} is told who comes, with what and when; nobody more is asked",
    Answer.PARTIAL: "{asker} is told what comes; the rest is still asked for",
    Answer.DECLINE: "the next step of the ladder follows as soon as nobody of this one is waited for",
    Answer.DEFER: "noted; the next step of the ladder comes at its time all the same",
    Answer.RECEIVED: "noted; the next step of the ladder comes at its time all the same",
}


async def _write(settings: Settings, response: Response) -> None:
    """Write ``response`` on the partition of its incident, and wait for the broker."""
    incident = str(response.incident_id)
    encoded = encode(RESPONSES, response, source="console", at=datetime.now(UTC))
    producer = make_producer(settings)
    await producer.start()
    try:
        await producer.send_and_wait(
            RESPONSES.name,
            key=incident.encode(),
            value=encoded.value,
            headers=encoded.headers,
            partition=partition_for(incident, settings.partitions),
        )
    finally:
        await producer.stop()
