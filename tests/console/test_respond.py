"""``borderlands respond``: an answer that came by telephone, resolved, explained and put on the log."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from typer.testing import CliRunner

from console.main import build
from console.output import Exit
from console.respond import Given, Mistake, answer_by_hand
from runtime.kafka import make_consumer, make_producer, partition_for, read_range
from runtime.settings import Settings
from runtime.topics import create_topics
from schemas.codec import decode, encode
from schemas.control import ActivePolicy, PublishedPolicy
from schemas.event import Need
from schemas.ids import reply_code
from schemas.incident import Climb, IncidentState, Obligation, Slot
from schemas.notification import Response
from schemas.policy.models import Policy
from schemas.topics import INCIDENTS, POLICY, RESPONSES
from schemas.vocabulary import Answer, Channel, Delivery, EventKind, NeedKind, Origin, ReplyProblem
from tests.contract.records import notification

NOW = datetime(2026, 6, 5, 18, 20, tzinfo=UTC)
PARTITIONS = 3


def slot(contact: str, party: str, role: str) -> Slot:
    """A contact that was asked for help."""
    return Slot(
        party=party,
        role=role,
        contact_id=contact,
        channel=Channel.SMS,
        current=notification(contact_id=contact, party=party, role=role),
        delivery=Delivery.SENT,
        since=NOW,
        reached=True,
    )


CHIEF = slot("birzai-chief", "birzai", "fire_chief")


def incident(*slots: Slot, **changes: Any) -> IncidentState:
    """A request of Vecumnieki to Biržai."""
    values: dict[str, Any] = {
        "incident_id": "in-peat",
        "code": "BFBS",
        "origin": Origin.LIVE,
        "asking_party": "vecumnieki",
        "opened_at": NOW,
        "updated_at": NOW,
        "expires_at": NOW + timedelta(hours=6),
        "slots": slots or (CHIEF,),
    }
    return IncidentState(**{**values, **changes})


def by_hand(policy: Policy, given: Given, *states: IncidentState) -> tuple[Response, list[str]]:
    """The answer of ``given`` to ``states`` at twenty past nine in Vilnius."""
    return answer_by_hand(given, states, policy, now=NOW, fresh="fresh")


def test_an_answer_is_resolved_and_explained(policy: Policy) -> None:
    """What is understood, of whom, to which request, and what happens next."""
    given = Given("BFBS", "TAIP 1 autocisterna, būsim 21.40", contact="birzai-chief", reason="phone was dead")
    response, lines = by_hand(policy, given, incident())
    assert lines == [
        "understood: accept, fire tanker 1, in 20 min",
        "from birzai fire_chief (birzai-chief) to BFBS, in-peat",
        "next: vecumnieki is told who comes, with what and when; nobody more is asked",
    ]
    assert response.amounts == (Need(kind=NeedKind.FIRE_TANKER, count=1),)
    assert (response.channel, response.incident_id, response.answer) == ("console", "in-peat", Answer.ACCEPT)
    assert response.text == "TAIP 1 autocisterna, būsim 21.40\n(phone was dead)"


def test_one_head_of_a_group_does_not_end_the_asking(policy: Policy) -> None:
    """Of a group, others are waited for: the operator is not told that nobody more is asked."""
    volunteer = slot("birzai-volunteer-1", "birzai", "volunteer_firefighters")
    asked = incident(volunteer)
    note = volunteer.current
    duty = Obligation(
        partner="birzai", asking_party="vecumnieki", agreement=note.agreement, clause=note.clause, language="lt",
        action=note.action, policy_version=note.policy_version, facts=note.facts,
        climb=Climb(policy_version=note.policy_version, expires_at=NOW, groups={"volunteer_firefighters": 2}),
    )  # fmt: skip
    state = asked.model_copy(update={"obligations": (duty,)})
    _, lines = by_hand(policy, Given("BFBS", "yes", contact="birzai-volunteer-1"), state)
    assert lines[-1] == "next: vecumnieki is told how many come; the group is waited for until enough have said yes"


@pytest.mark.parametrize("answer", ["yes", "no", "later", "received", "partly 1 autocisterna"])
def test_plain_words_are_answers(policy: Policy, answer: str) -> None:
    """An operator may say it in English words."""
    response, lines = by_hand(policy, Given("BFBS", answer), incident())
    assert response.problem is None
    assert response.answer is not None
    assert lines[-1].startswith("next: ")


def test_the_only_party_asked_need_not_be_named(policy: Policy) -> None:
    """Where one party was asked, the answer is its own; no contact is made up."""
    response, _ = by_hand(policy, Given("in-peat", "no", role="duty_desk"), incident())
    assert (response.party, response.role, response.contact_id) == ("birzai", "duty_desk", None)


def test_a_colleague_who_was_not_asked_may_answer(policy: Policy) -> None:
    """The delegate answers for the party; the role is the policy's."""
    response, _ = by_hand(policy, Given("BFBS", "yes", contact="birzai-delegate"), incident())
    assert (response.contact_id, response.role) == ("birzai-delegate", "psdk_delegate")


@pytest.mark.parametrize(
    ("given", "code", "says"),
    [
        (Given("BFBS", "maybe"), Exit.DATA, "not understood"),
        (Given("BFBS", "yes?"), Exit.DATA, "not understood"),
        (Given("BFBS", "STOP"), Exit.USAGE, "command"),
        (Given("BFBS", "yes", party="tervete"), Exit.USAGE, "was not asked"),
        (Given("BFBS", "yes", contact="tervete-chief"), Exit.DATA, "was not asked"),
        (Given("BFBS", "yes", contact="birzai-exercise-chief"), Exit.DATA, "was not asked"),
        (Given("BFBS", "yes", contact="nobody"), Exit.USAGE, "no contact nobody"),
        (Given("BFBS", "yes", role="king"), Exit.USAGE, "no role king"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_reason(policy: Policy, given: Given, code: Exit, says: str) -> None:
    """Each refusal says what is wrong and what to do."""
    with pytest.raises(Mistake, match=says) as caught:
        by_hand(policy, given, incident())
    assert caught.value.code is code
    assert caught.value.mend


def test_of_two_parties_one_must_be_named(policy: Policy) -> None:
    """With two parties asked, the operator says whose answer it is."""
    both = incident(CHIEF, slot("rokiskis-chief", "rokiskis", "fire_chief"))
    with pytest.raises(Mistake, match="2 parties were asked"):
        by_hand(policy, Given("BFBS", "yes"), both)
    response, _ = by_hand(policy, Given("BFBS", "yes", party="rokiskis"), both)
    assert response.party == "rokiskis"


def test_an_unknown_request_is_said_to_be_one(policy: Policy) -> None:
    """A code that nothing has is not found."""
    with pytest.raises(Mistake, match="no request BFBT is known") as caught:
        by_hand(policy, Given("BFBT", "yes"))
    assert caught.value.code is Exit.NO_INPUT


def test_a_late_answer_is_kept_and_changes_nothing(policy: Policy) -> None:
    """After a cancel the record says that it came too late."""
    response, lines = by_hand(policy, Given("BFBS", "yes"), incident(closed_by=EventKind.CANCEL))
    assert (response.problem, response.incident_id) == (ReplyProblem.TOO_LATE, "in-peat")
    assert lines[-1].startswith("too late")


def test_of_two_incidents_with_the_code_the_open_one_is_meant(policy: Policy) -> None:
    """A code is given again once its incident is over."""
    old = incident(incident_id="in-old", closed_by=EventKind.CANCEL, updated_at=NOW + timedelta(minutes=1))
    response, _ = by_hand(policy, Given("BFBS", "yes"), old, incident())
    assert response.incident_id == "in-peat"


@pytest.mark.kafka
def test_the_command_reads_the_snapshots_and_writes_the_answer(
    kafka: str, tmp_path: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a real broker the answer stands on the partition of its incident, and a dry run writes nothing."""
    values: dict[str, Any] = {"bootstrap": kafka, "partitions": PARTITIONS, "home": tmp_path}
    settings = Settings(**values)
    monkeypatch.setattr("console.respond.connection", lambda _: settings)
    now = datetime.now(UTC)
    code = reply_code(partition_for("in-respond", PARTITIONS), "in-respond", 0)
    state = incident(
        code=code, opened_at=now, updated_at=now, expires_at=now + timedelta(hours=1), incident_id="in-respond"
    )
    before = asyncio.run(_prepared(settings, policy, state))

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(build(["respond"]), ["respond", *arguments])

    dry = run(code, "TAIP", "1", "autocisterna", "--dry-run")
    assert dry.exit_code == 0
    assert "nothing was written" in dry.output
    assert asyncio.run(_responses(settings)) == before
    done = run(code.lower(), "TAIP", "20", "min", "--as", "birzai-chief")
    assert done.exit_code == 0, done.output
    assert "understood: accept, in 20 min" in done.output
    found = asyncio.run(_responses(settings))
    assert len(found) == len(before) + 1
    partition, response = found[-1]
    assert partition == partition_for("in-respond", PARTITIONS)
    assert (response.incident_id, response.contact_id, response.eta_min) == ("in-respond", "birzai-chief", 20)
    assert run(code[:3] + "?", "yes").exit_code == Exit.NO_INPUT
    assert run(code, "maybe").exit_code == Exit.DATA


async def _prepared(settings: Settings, policy: Policy, state: IncidentState) -> list[tuple[int, Response]]:
    """Topics with the policy active and ``state`` on its partition (and an older snapshot of it)."""
    await create_topics(settings)
    at = datetime.now(UTC)
    active = ActivePolicy(policy_version=policy.version, note="", activated_by="test", activated_at=at)
    published = PublishedPolicy(policy_version=policy.version, policy=policy, published_at=at)
    older = state.model_copy(update={"closed_by": EventKind.CANCEL})
    producer = make_producer(settings)
    await producer.start()
    try:
        for key, record in ((policy.version, published), ("active", active)):
            encoded = encode(POLICY, record, source="test", at=at)
            await producer.send_and_wait(POLICY.name, encoded.value, key=key.encode(), headers=encoded.headers)
        for snapshot in (older, state):
            encoded = encode(INCIDENTS, snapshot, source="test", at=at)
            place = partition_for(state.incident_id, settings.partitions)
            key = state.incident_id
            await producer.send_and_wait(INCIDENTS.name, encoded.value, key=key.encode(), partition=place)
    finally:
        await producer.stop()
    return await _responses(settings)


async def _responses(settings: Settings) -> list[tuple[int, Response]]:
    """Every answer on the log with its partition, oldest first."""
    consumer = make_consumer(settings)
    await consumer.start()
    try:
        places = [TopicPartition(RESPONSES.name, number) for number in range(settings.partitions)]
        consumer.assign(places)
        begins = await consumer.beginning_offsets(places)
        records = await read_range(consumer, begins, await consumer.end_offsets(places))
    finally:
        await consumer.stop()
    decoded = [(record.timestamp, record.partition, decode(RESPONSES, record.value)) for record in records]
    return [
        (place, found) for _, place, found in sorted(decoded, key=lambda one: one[0]) if isinstance(found, Response)
    ]
