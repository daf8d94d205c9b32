"""The command over a real Kafka: its exit code says whether anything differs, however many processes look."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from console.replay.findings import WhatIf
from console.replay.page import Speaker, page
from console.replay.words import WORDS
from runtime.kafka import make_producer, partition_for
from runtime.settings import Settings
from runtime.topics import create_topics
from schemas.codec import encode
from schemas.control import ActivePolicy, PublishedPolicy
from schemas.policy.load import load_policy
from schemas.policy.models import Policy
from schemas.topics import DECISIONS, EVENTS, POLICY
from schemas.vocabulary import Answer, Channel
from streams.rules.routing.route import route
from tests.bench.reports import by_code
from tests.console.conftest import SHIPPED
from tests.replay.evening import Evening, later
from tests.replay.policies import with_clauses, with_first_step
from tests.rules.ladders import CHIEF, DESK, RULES
from tests.rules.policy_fixture import NOW

PARTITIONS = 3
PAST = 12


async def _fill(settings: Settings, policy: Policy) -> None:
    await create_topics(settings)
    now = datetime.now(UTC)
    published = PublishedPolicy(policy_version=policy.version, policy=policy, published_at=now)
    active = ActivePolicy(policy_version=policy.version, note="n", activated_by="t", activated_at=now)
    async with make_producer(settings) as producer:
        for name, record in ((policy.version, published), ("active", active)):
            value = encode(POLICY, record, source="test", at=now).value
            await producer.send_and_wait(POLICY.name, value, key=name.encode(), partition=0)
        for _, event in zip(range(PAST), by_code(policy), strict=False):
            place = partition_for(event.incident_id, PARTITIONS)
            key = event.incident_id.encode()
            bare = event.model_copy(update={"recorded_at": None})
            sent = await producer.send_and_wait(
                EVENTS.name, encode(EVENTS, bare, source="test", at=now).value, key=key, partition=place
            )
            at = datetime.fromtimestamp(sent.timestamp / 1000, tz=UTC)
            decided = route(event.model_copy(update={"recorded_at": at}), policy)
            value = encode(DECISIONS, decided, source="test", at=now).value
            await producer.send_and_wait(DECISIONS.name, value, key=key, partition=place)
        await producer.send_and_wait(EVENTS.name, b"{", key=b"k", partition=0)


def _run(settings: Settings, *arguments: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    env = {
        "BORDERLANDS_BOOTSTRAP": settings.bootstrap,
        "BORDERLANDS_PARTITIONS": str(PARTITIONS),
        "PATH": "/usr/bin:/bin",
    }
    command = [sys.executable, "-m", "console", "replay", "--home", str(settings.home), *arguments]
    here = {"PYTHONPATH": str(SHIPPED.parents[1])}
    return subprocess.run(command, env=env | here, capture_output=True, text=True, timeout=120, check=False, cwd=cwd)


@pytest.mark.kafka
async def test_the_command_over_a_real_log(kafka: str, tmp_path: Path) -> None:
    """The active policy changes nothing; one whose clauses for help say another time changes every request."""
    settings = Settings(bootstrap=kafka, partitions=PARTITIONS, home=tmp_path / "home")
    policy = load_policy(SHIPPED)
    since = ("--from", datetime.now(UTC).isoformat())  # the broker is shared: other tests have their events before
    await _fill(settings, policy)
    same = _run(settings, *since, "--json")
    assert same.returncode == 0, same.stderr
    answer = json.loads(same.stdout)
    assert (answer["format"], answer["differs"]) == ("borderlands-whatif-1", False)
    assert answer["counts"]["events"] == PAST
    assert [one["kind"] for one in answer["problems"]] == ["unreadable"]

    repository = _changed_in_a_repository(tmp_path / "repository")
    html = tmp_path / "page.html"
    changed = _run(settings, *since, "--git", "HEAD", "--html", str(html), "--language", "lt", cwd=repository)
    assert changed.returncode == 1, changed.stderr
    assert f"✗ {PAST} incidents would go otherwise" in changed.stdout
    assert "Kas būtų pasikeitę" in html.read_text(encoding="utf-8")
    by = (*since, "--to", _soon(), "--policy", str(repository / "deploy" / "policy"), "--json")
    one = _run(settings, *by)
    two = _run(settings, *by, "--jobs", "2")
    assert (one.returncode, two.returncode) == (1, 1), two.stderr
    apart = {"since", "until"}
    first, second = json.loads(one.stdout), json.loads(two.stdout)
    assert {k: v for k, v in first.items() if k not in apart} == {k: v for k, v in second.items() if k not in apart}

    known = _run(settings, *since, "--policy-version", policy.version[:8])
    assert known.returncode == 0, known.stderr
    assert _run(settings, "--policy-version", "f" * 64).returncode == 66
    assert _run(settings, "--git", "no-such-branch", cwd=repository).returncode == 66
    assert _run(settings, "--agreement", "birzai").returncode == 2
    assert _run(settings, "--play", "--policy", "x").returncode == 2


def _soon() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="hours")


def _changed_in_a_repository(folder: Path) -> Path:
    """A repository whose policy is the shipped one with another time to reply in every clause that asks."""
    for source in SHIPPED.rglob("*"):
        if source.is_file() and "schema" not in source.parts:
            target = folder / "deploy" / "policy" / source.relative_to(SHIPPED)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes().replace(b"reply_within: 30 min", b"reply_within: 20 min"))
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    for arguments in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "another time to reply")):
        subprocess.run(["git", *arguments], cwd=folder, check=True, timeout=60)
    return folder


async def _told(other: Policy = RULES) -> WhatIf:
    log = Evening(RULES)
    decided = log.report(needs=({"kind": "fire_tanker", "count": 1},), incident_id="in-1")
    log.taken(decided, DESK.contact_id, Channel.SMS, 3)
    log.taken(decided, CHIEF.contact_id, Channel.SMS, 4)
    log.says(CHIEF.contact_id, "fire_chief", Answer.ACCEPT, 60)
    log.raw(EVENTS, b'{"event_id": "<script>alert(1)</script>"}', later(7))
    return await log.under(other)


@pytest.mark.parametrize("language", ["lv", "lt", "en"])
async def test_a_page_stands_by_itself(language: Any) -> None:
    """No script, no address of anything elsewhere, and what comes from the log is only ever text."""
    found = await _told(with_clauses("police"))
    made = page(found, language, (RULES,), made_at=NOW)
    assert WORDS[language].title in made
    assert WORDS[language].left_out in made
    assert f'<html lang="{language}">' in made
    for forbidden in ("<script", "http:", "https:", "src=", "<link", "@import", "url("):
        assert forbidden not in made
    assert WORDS[language].nothing in page(await _told(), language, (RULES,), made_at=NOW)
    assert page(await _told(with_first_step(answer_within=60)), language, (RULES,), made_at=NOW)


def test_every_language_has_every_word() -> None:
    """What one language says, all say; and every word of the records that the page may meet has its own."""
    for name in ("kinds", "asked", "fields", "values", "problems", "assumptions"):
        keys = {language: set(getattr(words, name)) for language, words in WORDS.items()}
        assert keys["lv"] == keys["lt"] == keys["en"], name


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("lv", {0: "0 notikumu", 1: "1 notikums", 2: "2 notikumi", 11: "11 notikumu", 21: "21 notikums"}),
        ("lt", {0: "0 įvykių", 1: "1 įvykis", 2: "2 įvykiai", 11: "11 įvykių", 21: "21 įvykis", 22: "22 įvykiai"}),
        ("en", {0: "0 incidents", 1: "1 incident", 2: "2 incidents", 21: "21 incidents"}),
    ],
)
def test_numbers_take_the_right_form(language: Any, expected: dict[int, str]) -> None:
    """Latvian and Lithuanian count by the last digits."""
    say = Speaker(language, ())
    assert {number: say.count(number, say.words.incidents) for number in expected} == expected
