"""Policies become active in the middle of a storm, and processes are killed meanwhile: nothing is lost or doubled."""

import asyncio
import json
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from schemas.event import EmergencyEvent
from schemas.incident import Ending
from schemas.policy.directory_file import load_directory
from schemas.vocabulary import Delivery
from tests.acceptance.ladders import Field
from tests.acceptance.system import System
from tests.policy_life.town import EXPECTED, Storm, only_texts, texts_taken, versions_of

pytestmark = pytest.mark.kafka

PAUSE_S = 0.15
AT_MOST = 900
BY_EACH = 15
"""So many events at least are judged by each policy before the next becomes active."""

SETTLED_WITHIN_S = 240
TAKEN = {Delivery.SENT, Delivery.DELIVERED}


async def _policy(field: Field, *arguments: str | Path) -> str:
    done = await field.borderlands("policy", *map(str, arguments))
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


async def test_policies_in_the_middle_of_a_storm(system: System, field: Field, folders: dict[str, Path]) -> None:
    """Every decision cites one of the policies, every text it expects arrives once, open ladders finish by their own,
    the log of the policy has every step, and the audit finds no hole."""
    names = versions_of(folders)
    version = {name: one for one, name in names.items()}
    climbing = [await field.ask("akniste", "ice_rescue", "Gārsene") for _ in range(3)]
    storm = Storm(field)
    blowing = asyncio.create_task(storm.blow(PAUSE_S, AT_MOST))
    try:
        await storm.decided_by(version["first"], BY_EACH)
        frozen = system.signal("notifier-sms-urgent", signal.SIGSTOP)  # it will be asked for a policy it has not read
        told = await _policy(field, "activate", folders["second"], "--note", "only the duty desk")
        assert "step 1, roles: duty_desk, fire_chief → duty_desk" in told
        await storm.decided_by(version["second"], BY_EACH)
        os.kill(frozen, signal.SIGKILL)
        await _policy(field, "activate", folders["third"], "--note", "the delegate as well")
        system.signal("dispatcher", signal.SIGKILL)
        await storm.decided_by(version["third"], BY_EACH)
        before = len(storm.incidents)
        await _policy(field, "rollback", "--note", "the delegate was woken for nothing")
        system.signal("router", signal.SIGKILL)
        seconds = sum(one.policy_version == version["second"] for one in (await storm.decisions()).values())
        await storm.decided_by(version["second"], seconds + BY_EACH)
        assert len(storm.incidents) > before
    finally:
        storm.over.set()
        await blowing
    await _everything_arrived_once(field, storm, names)
    for event in climbing:
        await _climbed_by_its_own(field, event, version["first"])
    steps = json.loads(await _policy(field, "log", "--json"))["changes"]
    assert [names[step["policy_version"]] for step in steps] == ["first", "second", "third", "second"]
    assert [step["base"] and names[step["base"]] for step in steps] == [None, "first", "second", "third"]
    audit = await field.borderlands("audit")
    assert audit.returncode == 0, audit.stdout


async def _everything_arrived_once(field: Field, storm: Storm, names: dict[str, str]) -> None:
    orders, ends = await storm.ended(SETTLED_WITHIN_S)
    decisions = await storm.decisions()
    assert decisions.keys() == storm.incidents
    cited = Counter(names[one.policy_version] for one in decisions.values())
    assert min(cited[name] for name in EXPECTED) >= BY_EACH, cited
    outcomes = {end.notification_id: end for end in ends}
    numbers = {name: contact.sms for name, contact in load_directory(field.settings.directory).contacts.items()}
    taken = await texts_taken(field)
    for incident, decision in decisions.items():
        assert tuple(only_texts(orders[incident])) == EXPECTED[names[decision.policy_version]], decision.policy_version
        for order in orders[incident]:
            assert order.policy_version == decision.policy_version
            assert outcomes[order.notification_id].delivery in TAKEN
            arrived = [one for one in taken if one["to"] == numbers[order.contact_id] and order.code in one["body"]]
            assert len(arrived) == 1, (order.contact_id, arrived)


async def _climbed_by_its_own(field: Field, event: EmergencyEvent, version: str) -> None:
    """The ladder was climbed to its end by the policy it began with, though no other has it."""
    assert await field.ends(event, Ending.UNANSWERED, within_s=SETTLED_WITHIN_S)
    await field.settled(event)
    state = await field.state(event)
    assert state is not None
    climbs = [duty.climb for duty in state.obligations if duty.climb is not None]
    assert [(climb.policy_version, climb.ladder) for climb in climbs] == [(version, "quick")]
    orders = await field.orders(event)
    expected = Counter({"rokiskis-duty": 1, "rokiskis-chief": 1, "rokiskis-delegate": 1, "akniste-duty": 1})
    assert Counter(order.contact_id for order in orders if order.attempt == 1) == expected
    assert {order.policy_version for order in orders} == {version}
