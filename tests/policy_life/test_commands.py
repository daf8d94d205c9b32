"""The life of a policy by the commands that people type, on a real broker."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from console.logs.live import LiveLog
from console.policy.history import UNKNOWN_ACCOUNT, read_history
from console.policy.judge import NotAllowed
from console.policy.pen import Pen, TakenAway
from console.policy.people import Person
from console.policy.steps import put_in_force
from console.policy.unconfirmed import unconfirmed_lines
from console.publish import publish, published
from runtime.kafka import make_producer
from runtime.policies import PolicyFollower
from runtime.settings import Settings
from schemas.base import Record
from schemas.codec import encode
from schemas.control import ACTIVE_KEY, ActivePolicy, ChangeKind
from schemas.policy.models import Policy
from schemas.topics import POLICY
from tests.policy_life.conftest import SHIPPED, Run

pytestmark = pytest.mark.kafka

Edition = Callable[..., Path]
SIX_DAYS = ("policy.yaml", "repeat_window: 7 d", "repeat_window: 6 d")
FIVE_DAYS = ("policy.yaml", "repeat_window: 7 d", "repeat_window: 5 d")
TWO_PEOPLE = ("policy.yaml", "limits:", "change:\n  people: 2\n  proposal_expires: 2 h\nlimits:")


def log_of(borderlands: Run) -> list[dict[str, Any]]:
    """The steps that ``policy log`` tells, the newest last."""
    done = borderlands("log", "--json")
    assert done.exit_code == 0, done.output
    steps: list[dict[str, Any]] = json.loads(done.stdout)["changes"]
    return steps


def active_of(borderlands: Run) -> str:
    """The active version."""
    return str(json.loads(borderlands("log", "--json").stdout)["active"])


def test_a_change_is_shown_before_it_is_made_and_stands_in_the_log(borderlands: Run, edition: Edition) -> None:
    """The difference to the active policy is told, a dry run writes nothing, and each step keeps who, why, from, to."""
    first = borderlands("activate", SHIPPED, "--note", "first evening", "--by", "Rūta")
    assert first.exit_code == 0, first.output
    shorter = edition("shorter", *SIX_DAYS)
    dry = borderlands("activate", shorter, "--dry-run", "--by", "Jānis")
    assert dry.exit_code == 0, dry.output
    assert "reports are refused when older than: 7 d → 6 d" in dry.stdout
    assert "no incident is open" in dry.stdout
    assert f"borderlands replay --policy {shorter}" in dry.stdout.replace("\n", " ")
    assert len(log_of(borderlands)) == 1
    done = borderlands("activate", shorter, "--note", "the partners agreed on six days", "--by", "Jānis")
    assert done.exit_code == 0, done.output
    older, newer = log_of(borderlands)
    assert (older["kind"], older["by"], older["note"], older.get("base")) == (
        "activated",
        "Rūta",
        "first evening",
        None,
    )
    assert (newer["by"], newer["note"], newer["base"]) == (
        "Jānis",
        "the partners agreed on six days",
        older["policy_version"],
    )
    again = borderlands("activate", shorter, "--note", "once more")
    assert "is active already, nothing was written" in again.stdout
    assert len(log_of(borderlands)) == 2


def test_a_change_without_a_reason_is_refused_and_personal_data_in_it_are_masked(borderlands: Run) -> None:
    """The log of years says why and names nobody's number."""
    refused = borderlands("activate", SHIPPED)
    assert refused.exit_code == 2
    assert "a note has 1 to 500 characters" in refused.stderr
    done = borderlands("activate", SHIPPED, "--note", "asked by +371 20001101")
    assert done.exit_code == 0, done.output
    assert "personal data were masked" in done.stderr
    assert "20001101" not in json.dumps(log_of(borderlands))


def test_rolling_back_goes_further_back_each_time(borderlands: Run, edition: Edition) -> None:
    """The files need not be here; twice never returns to what was left."""
    versions = []
    for number, folder in enumerate([SHIPPED, edition("six", *SIX_DAYS), edition("five", *FIVE_DAYS)]):
        assert borderlands("activate", folder, "--note", f"edition {number}").exit_code == 0
        versions.append(active_of(borderlands))
    assert len(set(versions)) == 3
    for expected in (versions[1], versions[0]):
        done = borderlands("rollback", "--note", "texts came twice")
        assert done.exit_code == 0, done.output
        assert active_of(borderlands) == expected
    nowhere = borderlands("rollback", "--note", "once more")
    assert nowhere.exit_code == 66
    assert "no policy was active before this one" in nowhere.stderr
    assert borderlands("diff", "previous", versions[1]).exit_code == 0, "what was active right before this"
    named = borderlands("rollback", versions[2][:10], "--note", "it was right after all")
    assert named.exit_code == 0, named.output
    assert active_of(borderlands) == versions[2]
    files = borderlands("rollback", SHIPPED, "--note", "from files")
    assert files.exit_code == 65
    assert "does not stand on the topic" in files.stderr


def test_policies_are_told_apart_by_every_name_they_have(borderlands: Run, edition: Edition) -> None:
    """``diff`` takes directories, versions, ``active`` and ``previous``; its exit code says whether they differ."""
    assert borderlands("activate", SHIPPED, "--note", "one").exit_code == 0
    first = active_of(borderlands)
    six = edition("six", *SIX_DAYS)
    assert borderlands("activate", six, "--note", "two").exit_code == 0
    for names in (("previous", "active"), (first[:8], six), (SHIPPED, active_of(borderlands))):
        done = borderlands("diff", *names)
        assert done.exit_code == 1, done.output
        assert "reports are refused when older than: 7 d → 6 d" in done.stdout
    assert borderlands("diff", six).exit_code == 0
    told = json.loads(borderlands("diff", "previous", "active", "--json").stdout)
    assert told["old"] == first
    assert [one["part"] for one in told["differences"]] == ["limits"]
    unknown = borderlands("diff", "0123456789", "active")
    assert unknown.exit_code == 66
    assert "no version on the topic begins with 0123456789" in unknown.stderr
    shown = borderlands("show", "--version", "previous")
    assert f"version     {first}" in shown.stdout


def test_two_people_where_the_active_policy_asks_for_them(borderlands: Run, edition: Edition) -> None:
    """One proposes, another activates; a proposal cannot lower the bar for itself, and a refused one is none."""
    two = edition("two", *TWO_PEOPLE)
    assert borderlands("activate", two, "--note", "the first is free", "--by", "Rūta").exit_code == 0
    one = edition("one", *SIX_DAYS)  # wants one person only: the active policy decides
    directly = borderlands("activate", one, "--note", "quickly", "--by", "Jānis")
    assert directly.exit_code == 65
    assert "wants two people, and nobody has proposed" in directly.stderr
    proposed = borderlands("propose", one, "--note", "six days", "--by", "Rūta")
    assert proposed.exit_code == 0, proposed.output
    version = proposed.stdout.split()[2]
    own = borderlands("activate", version[:12], "--note", "my own", "--by", "  rūta ")
    assert own.exit_code == 65
    assert "and Rūta proposed" in own.stderr
    assert "six days" in borderlands("proposals").stdout
    assert borderlands("withdraw", version, "--note", "not mine", "--by", "Jānis").exit_code == 65
    assert borderlands("reject", version, "--note", "not agreed yet", "--by", "Jānis").exit_code == 0
    assert "no proposal waits" in borderlands("proposals").stdout
    assert borderlands("activate", version, "--note", "anyway", "--by", "Jānis").exit_code == 65
    assert borderlands("propose", one, "--note", "agreed now", "--by", "Rūta").exit_code == 0
    done = borderlands("activate", version, "--note", "checked", "--by", "Jānis")
    assert done.exit_code == 0, done.output
    assert "from one account" in done.stderr, "two names from one account are no proof, and that is said"
    assert active_of(borderlands) == version
    kinds = [step["kind"] for step in log_of(borderlands)]
    assert kinds == ["activated", "proposed", "rejected", "proposed", "activated"]


def test_a_proposal_holds_against_the_policy_it_was_made_against(
    borderlands: Run, settings: Settings, edition: Edition
) -> None:
    """When another became active meanwhile, somebody must look again; alone it goes in an emergency, visibly."""
    two = edition("two", *TWO_PEOPLE)
    assert borderlands("activate", two, "--note", "start", "--by", "Rūta").exit_code == 0
    six = edition("six", *SIX_DAYS, of=two)
    five = edition("five", *FIVE_DAYS, of=two)
    version = borderlands("propose", six, "--note", "six days", "--by", "Rūta").stdout.split()[2]
    alone = borderlands("activate", five, "--note", "the texts were wrong at night", "--by", "Jānis", "--alone")
    assert alone.exit_code == 0, alone.output
    assert log_of(borderlands)[-1]["alone"]
    (line,) = asyncio.run(unconfirmed_lines(settings))
    assert "was made active by Jānis alone" in line
    stale = borderlands("activate", version, "--note", "agreed", "--by", "Jānis")
    assert stale.exit_code == 65
    assert f"borderlands policy diff active {version[:12]}" in stale.stderr
    assert "must be proposed again" in borderlands("proposals").stdout
    assert borderlands("confirm", "--note", "mine", "--by", "Jānis").exit_code == 65
    assert borderlands("confirm", "--note", "seen, and right", "--by", "Rūta").exit_code == 0
    assert borderlands("confirm", "--note", "twice", "--by", "Rūta").exit_code == 65
    assert asyncio.run(unconfirmed_lines(settings)) == []


async def test_of_two_activations_at_once_one_is_told(settings: Settings, shipped: Policy) -> None:
    """Who takes the pen later writes; who held it has written nothing and hears so. Who was shown an older policy is
    told what is active now."""
    await publish(settings, shipped, note="start", by="tests")
    other = shipped.with_parts(limits=shipped.limits.model_copy(update={"repeat_window": 86400}))
    third = shipped.with_parts(limits=shipped.limits.model_copy(update={"repeat_window": 2 * 86400}))
    now = datetime.now(UTC)
    async with Pen(settings) as slow:
        await slow.history()
        step, _ = await put_in_force(
            settings, other, other.version, kind=ChangeKind.ACTIVATED, shown=shipped.version, note="quick",
            person=Person("Rūta", "ruta (uid)"),
        )  # fmt: skip
        with pytest.raises(TakenAway):
            await slow.write(published(third, now))
    history = await read_history(LiveLog(settings))
    assert history.active == step.policy_version == other.version
    assert third.version not in history.policies
    with pytest.raises(NotAllowed, match="meanwhile another policy became active"):
        await put_in_force(
            settings, third, third.version, kind=ChangeKind.ACTIVATED, shown=shipped.version, note="slow",
            person=Person("Jānis", "janis (uid)"),
        )  # fmt: skip


async def test_many_activations_at_once_leave_one_history(settings: Settings, shipped: Policy) -> None:
    """Each step names the version before it: none is lost, none stands twice, whoever failed is not among them."""
    await publish(settings, shipped, note="start", by="tests")
    editions = [
        shipped.with_parts(limits=shipped.limits.model_copy(update={"repeat_window": 86400 + number}))
        for number in range(6)
    ]

    async def change(policy: Policy) -> str | None:
        try:
            step, _ = await put_in_force(
                settings, policy, policy.version, kind=ChangeKind.ACTIVATED, shown=shipped.version, note="at once",
                person=Person("Rūta", "ruta (uid)"),
            )  # fmt: skip
        except (TakenAway, NotAllowed):
            return None
        return step.policy_version

    done = [version for version in await asyncio.gather(*map(change, editions)) if version is not None]
    history = await read_history(LiveLog(settings))
    assert len(done) == 1
    assert [step.policy_version for step in history.changes] == [shipped.version, *done]
    assert history.active == done[0]
    async with PolicyFollower(settings) as policies:
        assert (await policies.wait_active(5)).version == done[0]


async def test_what_earlier_releases_wrote_is_in_the_history(settings: Settings, shipped: Policy) -> None:
    """An activation without a step of its own is one, and what follows names it as its base."""
    at = datetime(2026, 10, 1, tzinfo=UTC)
    await _write(settings, published(shipped, at), shipped.version, at)
    other = shipped.with_parts(limits=shipped.limits.model_copy(update={"repeat_window": 86400}))
    await publish(settings, other, note="by this release", by="tests")
    history = await read_history(LiveLog(settings))
    first, second = history.changes
    assert (first.account, first.policy_version, first.at) == (UNKNOWN_ACCOUNT, shipped.version, at)
    assert second.base == shipped.version
    assert history.before() == shipped.version


async def _write(settings: Settings, whole: dict[str, Record], version: str, at: datetime) -> None:
    active = ActivePolicy(policy_version=version, note="", activated_by="admin", activated_at=at)
    producer = make_producer(settings)
    await producer.start()
    try:
        for key, record in {**whole, ACTIVE_KEY: active}.items():
            value = encode(POLICY, record, source="console", at=at).value
            await producer.send_and_wait(POLICY.name, value, key=key.encode(), partition=0)
    finally:
        await producer.stop()
