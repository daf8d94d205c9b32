"""Records written straight onto a topic, past every door: rubbish, the wrong kind, forged, or nothing at all.

Each is followed by the death of a process that reads the topic, so that it is read once more at its start.
"""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from console.logs.live import read_log
from console.logs.logged import Logged
from console.publish import publish
from runtime.policies import PolicyFollower
from schemas.base import Record
from schemas.decision import Decision
from schemas.notification import Notification, Receipt, Response
from schemas.topics import DECISIONS, EVENTS, INCIDENTS, NOTIFY, POLICY, RECEIPTS, RESPONSES, TOPICS
from schemas.vocabulary import Action, Channel, ReceiptKind
from tests.chaos.ground import Ground
from tests.chaos.load import KINDS
from tests.chaos.rig import NOTIFIERS
from tests.chaos.settled import Foreign

Body = dict[str, Any]
_A_MOMENT_S = 2.0
_LOOK_BACK = timedelta(minutes=5)
_UNKNOWN = "0" * 64
_NOTIFY = {topic.name for topic in NOTIFY.values()}

RUBBISH: tuple[bytes | None, ...] = (
    b"\xff\xfe\x00 no letters",
    b"{",
    b"[]",
    b'"text"',
    b"{}",
    b'{"record": "emergency_event", "version": 7}',
    b'{"record": "no_such_record"}',
    b'{"a":' * 2000,
    b"x" * 15_000,
    None,
)
"""Values that are no record of any topic; None is a tombstone."""

READERS: dict[str, tuple[str, ...]] = {
    EVENTS.name: ("router",),
    DECISIONS.name: ("dispatcher",),
    RECEIPTS.name: ("dispatcher", *NOTIFIERS),
    RESPONSES.name: ("dispatcher",),
    INCIDENTS.name: ("dispatcher",),
    POLICY.name: ("router", *NOTIFIERS),
    **{topic.name: (f"notifier-{channel}-{lane}",) for (channel, lane), topic in NOTIFY.items()},
}
"""Who reads a topic; `control` and `events.rejected` are read by no process."""


async def poison(ground: Ground, name: str) -> None:
    """Rubbish and forged records onto the topic ``name``, then SIGKILL to one of its readers."""
    forged = await _forged(ground, name)
    values = [(f"poison-{number}", value) for number, value in enumerate(RUBBISH)]
    await _write(ground, name, [*values, *forged])
    ground.note(f"{len(values)} rubbish and {len(forged)} forged records on {name}")
    await asyncio.sleep(_A_MOMENT_S)
    readers = READERS.get(name, ())
    if readers:
        victim = ground.dice.choice(readers)
        if "email" in victim:
            ground.explains.add(Channel.EMAIL)
        ground.note(f"SIGKILL to {victim}, process {await ground.rig.signal(victim, signal.SIGKILL)}")
    if name == POLICY.name:  # what an administrator does who finds an unknown policy active
        await asyncio.sleep(_A_MOMENT_S)
        async with PolicyFollower(ground.settings) as policies:
            await publish(ground.settings, await policies.wait_active(10), note="again", by="chaos")


async def _write(ground: Ground, name: str, records: Iterable[tuple[str, bytes | None]]) -> None:
    """Write each record to a random partition, or forged copies of real records beside their originals."""
    partitions = TOPICS[name].partition_count(ground.settings.partitions)
    places: set[tuple[str, int, int]] = set()
    async with ground.producer() as producer:
        for key, value in records:
            partition = ground.partition_of.get(key, ground.dice.randrange(partitions))
            sent = await producer.send_and_wait(name, value=value, key=key.encode(), partition=partition)
            places.add((name, partition, sent.offset))
    if name not in READERS:
        ground.foreign |= Foreign(places=frozenset(places))
    ground.foreign |= Foreign(ids=frozenset({"poison-", "forged"}))


async def _forged(ground: Ground, name: str) -> list[tuple[str, bytes | None]]:
    """Records that can be read and must yet lead to nothing."""
    if name in _NOTIFY:
        return await _forged_notifications(ground, name)
    maker = {
        EVENTS.name: _forged_events,
        DECISIONS.name: _forged_decisions,
        RECEIPTS.name: _forged_receipts,
        RESPONSES.name: _forged_responses,
        INCIDENTS.name: _forged_incidents,
        POLICY.name: _forged_policies,
    }.get(name)
    return [] if maker is None else await maker(ground)


async def _forged_events(ground: Ground) -> list[tuple[str, bytes | None]]:
    """A replayed copy, one from tomorrow, one of a party that does not exist."""
    event, _ = ground.load.make(ground.dice.choice(KINDS))
    body = {**event.model_dump(mode="json", exclude_none=True)}
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    latest = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    return [
        _new(body, "replayed", replayid="re-1"),
        _new(body, "tomorrow", reported_at=later, expires_at=latest),
        _new(body, "nobody", reporting_party="atlantis"),
        _new(body, "yesterday", reported_at="2020-01-01T00:00:00Z", expires_at="2020-01-01T06:00:00Z"),
    ]


async def _forged_decisions(ground: Ground) -> list[tuple[str, bytes | None]]:
    """A second decision on a real event with further recipients, a replayed one, one for contacts it may not reach,
    one by a policy that does not exist.

    The last two open incidents of their own, so they ask for no help: a request that reaches nobody is climbed to the
    volunteers, and a further open one makes a yes without a code unclear, both as it must be.
    """
    real = await _newest(ground, DECISIONS.name, Decision)
    informing = await _newest(ground, DECISIONS.name, Decision, _informs)
    body, quiet = json.loads(real.value or b""), json.loads(informing.value or b"")
    more = json.loads(real.value or b"")
    for route in more["routes"]:
        route["recipients"].append({"role": "fire_chief", "contact_id": "akniste-duty", "channels": ["sms", "email"]})
    astray = json.loads(informing.value or b"")
    for route in astray["routes"]:
        for recipient in route["recipients"]:
            recipient["contact_id"] = "akniste-exercise-duty"
    ground.partition_of[body["incident_id"]] = real.partition
    soon = (datetime.now(UTC) + timedelta(seconds=6)).isoformat()
    return [
        (body["incident_id"], json.dumps(more).encode()),
        _new(body, "replayed", replayid="re-1"),
        _new(astray, "astray"),
        _new(quiet, "policy", policy_version=_UNKNOWN, expires_at=soon),
        _new({**body, "routes": "everybody"}, "routes"),
    ]


async def _forged_notifications(ground: Ground, name: str) -> list[tuple[str, bytes | None]]:
    """A real order a second time, a replayed one, one for the other purpose, one for another lane."""
    real = await _newest(ground, name, Notification)
    body = json.loads(real.value or b"")
    ground.partition_of[body["incident_id"]] = real.partition
    new = {"notification_id": "nt-forged-"}
    return [
        (body["incident_id"], real.value),
        _new(body, "replayed", replayid="re-1", **{key: value + "1" for key, value in new.items()}),
        _new(body, "drill", origin="exercise", notification_id="nt-forged-2"),
        _new(body, "exercise", contact_id="akniste-exercise-duty", notification_id="nt-forged-3"),
        _new(body, "nobody", contact_id="nobody-at-all", notification_id="nt-forged-4"),
        _new(body, "late", expires_at="2020-01-01T00:00:00Z", notification_id="nt-forged-5"),
        _new(body, "lane", lane="routine" if body["lane"] == "urgent" else "urgent", notification_id="nt-forged-6"),
    ]


async def _forged_receipts(ground: Ground) -> list[tuple[str, bytes | None]]:
    """A claim on what is done already, and receipts of notifications that nobody ordered."""
    real = await _newest(ground, RECEIPTS.name, Receipt, _is_outcome)
    body = json.loads(real.value or b"")
    ground.partition_of[body["incident_id"]] = real.partition
    claim = {key: body[key] for key in ("record", "incident_id", "event_id", "notification_id", "attempt", "at")}
    late = {**claim, "kind": "claim", "claim_id": "forged-claim", "delivery": "claimed", "incarnation": "nobody"}
    return [
        (body["incident_id"], json.dumps(late).encode()),
        _new(body, "outcome", notification_id="nt-forged-7"),
        _new(late, "claim", notification_id="nt-forged-8"),
        _new(body, "replayed", replayid="re-1"),
    ]


_RESEND: Body = {
    "record": "resend_order", "version": 1, "order_id": "rs-forged-3", "notification_id": "nt-forged-9", "attempt": 1,
    "by": "nobody", "reason": "forged",
}  # fmt: skip


async def _forged_responses(ground: Ground) -> list[tuple[str, bytes | None]]:
    """Answers to nothing: no word there is, an unknown code or incident, a yes or STOP of somebody from elsewhere who
    was never asked, an old yes, a replayed one; an order to send again what nobody ordered."""
    now = datetime.now(UTC)
    at, soon = now.isoformat(), (now + timedelta(minutes=30)).isoformat()
    real = await _newest(ground, RESPONSES.name, Response, _is_answer)
    body = json.loads(real.value or b"")
    incident = body["incident_id"]
    ground.partition_of[incident] = real.partition
    yes: Body = {"record": "response", "channel": "sms", "at": at, "answer": "accept"}
    elsewhere = {**yes, "incident_id": incident, "party": "akniste", "contact_id": "akniste-duty"}
    asked = [
        {**elsewhere, "role": "duty_desk"},
        {**elsewhere, "answer": None, "command": "stop"},
        {**body, "replayid": "re-1", "answer": "decline"},
        {**body, "answer": "decline", "at": "2020-01-01T00:00:00Z"},
        {**body, "answer": "decline", "problem": "too_late"},
    ]
    named = [
        (incident, json.dumps({**one, "response_id": f"rs-forged-{os.urandom(4).hex()}"}).encode()) for one in asked
    ]
    return [
        *named,
        (incident, real.value),
        ("poison-code", json.dumps({**yes, "response_id": "rs-forged-1", "code": "AZZZ"}).encode()),
        ("poison-word", json.dumps({**yes, "response_id": "rs-forged-2", "code": "AZZZ", "answer": "yes"}).encode()),
        _new({**yes, "response_id": "rs-forged-3"}, "unasked"),
        _new(_RESEND | {"at": at, "expires_at": soon}, "resend"),
        _new(_RESEND | {"at": at, "expires_at": soon, "replayid": "re-1"}, "replayed"),
    ]


async def _forged_incidents(ground: Ground) -> list[tuple[str, bytes | None]]:
    """Snapshots nobody can read: of an incident, and of the reading position itself, which the next one mends."""
    for number in range(ground.settings.partitions):
        ground.partition_of[f"poison-incident-{number}"] = number
    return [
        *((f"poison-incident-{number}", b"{") for number in range(ground.settings.partitions)),
        ("@cursor", b"{"),
        ("@cursor", b'{"record": "cursor"}'),
        ("poison-gone", None),
    ]


async def _forged_policies(ground: Ground) -> list[tuple[str, bytes | None]]:
    """An active policy that does not exist, and one whose hash is not its own."""
    at = datetime.now(UTC).isoformat()
    active = {
        "record": "active_policy",
        "policy_version": _UNKNOWN,
        "note": "",
        "activated_by": "x",
        "activated_at": at,
    }
    async with PolicyFollower(ground.settings) as policies:
        policy = (await policies.wait_active(10)).model_dump(mode="json")
    false = {"record": "published_policy", "policy_version": _UNKNOWN, "policy": policy, "published_at": at}
    return [
        (_UNKNOWN, json.dumps(false).encode()),
        ("active", json.dumps({**active, "activated_at": at}).encode()),
        ("active", b"{"),
    ]


def _new(body: Body, what: str, **changes: Any) -> tuple[str, bytes | None]:
    """``body`` under ids of its own that say that it is forged."""
    mark = f"{what}-{os.urandom(4).hex()}"
    changed = {**body, "incident_id": f"in-forged-{mark}", **changes}
    if "event_id" in body:
        changed["event_id"] = f"ev-forged-{mark}"
    for name in ("notification_id",):
        if name in changes:
            changed[name] = f"{changes[name]}-{mark}"
    return changed["incident_id"], json.dumps(changed).encode()


def _is_answer(one: Logged) -> bool:
    """Whether it is a yes, no or part of somebody who was asked."""
    said = one.record
    if not isinstance(said, Response) or said.response_id.startswith("rs-forged"):
        return False
    return None not in (said.incident_id, said.answer) and said.problem is None


def _informs(one: Logged) -> bool:
    """Whether it tells somebody of something and asks nobody for help."""
    said = one.record
    return (
        isinstance(said, Decision) and bool(said.routes) and {route.action for route in said.routes} == {Action.INFORM}
    )


def _is_outcome(one: Logged) -> bool:
    return isinstance(one.record, Receipt) and one.record.kind is ReceiptKind.OUTCOME


async def _newest(
    ground: Ground, name: str, kind: type[Record], fits: Callable[[Logged], bool] = lambda _: True
) -> Logged:
    """The newest record of a topic that is of a kind and fits; the load writes some in a moment."""
    for _ in range(60):
        records = await read_log(ground.settings, [TOPICS[name]], since=datetime.now(UTC) - _LOOK_BACK)
        usable = [
            one for one in records if isinstance(one.record, kind) and fits(one) and b"forged" not in (one.key or b"")
        ]
        if usable:
            return usable[-1]
        await asyncio.sleep(1)
    raise AssertionError(f"nothing stands on {name}")
