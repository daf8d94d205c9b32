"""A trace reads as a story: who was told what, when, and why; texts only where their hash proves them."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from console.explain.story import Teller
from console.explain.texts_sent import TextsSent
from console.logs.logged import Logged
from notifiers.texts.sms import render_sms
from schemas.notification import Notification, Receipt
from schemas.policy.directory import Script
from schemas.policy.models import Policy
from schemas.upkeep import check_event, holders_of
from schemas.vocabulary import Delivery
from tests.console.conftest import SHIPPED
from tests.console.story import HASH, PEAT, START, Log, answer, night

PEOPLE = SHIPPED / "directory.example.yaml"


def told(log: list[Logged], policy: Policy, people: Path = PEOPLE, known: str = HASH) -> list[str]:
    """The trace of ``log``."""

    def policy_of(version: str) -> Policy | None:
        return policy if version == known else None

    return Teller(log, policy_of, TextsSent(people, policy_of)).lines()


@pytest.fixture
def peat(policy: Policy) -> list[Logged]:
    """The night's peat fire with an answer; the duty desk's receipt carries the hash of the text it was sent."""
    log = [one for one in night() if getattr(one.record, "incident_id", None) == PEAT]
    order = next(one.record for one in log if isinstance(one.record, Notification))
    body = render_sms(order, policy, language="lt", script=Script.NATIVE).body
    sha256 = hashlib.sha256(body.encode()).hexdigest()
    log = [
        replace(one, record=one.record.model_copy(update={"body_sha256": sha256}))
        if isinstance(one.record, Receipt)
        and one.record.delivery is Delivery.SENT
        and one.record.contact_id == order.contact_id
        else one
        for one in log
    ]
    last = Log()
    last.add("responses", answer())
    return [*log, *last.all]


def test_every_step_is_a_line_in_local_time(peat: list[Logged], policy: Policy) -> None:
    """Each record begins with its moment on the clocks of Riga and Vilnius, to the millisecond."""
    lines = told(peat, policy)
    assert lines[0].startswith(f"Incident {PEAT}, partition ")
    starts = [line for line in lines if line.startswith("2026-07-04 21:00:")]
    assert len(starts) == len(peat)
    assert starts[0] == "2026-07-04 21:00:00.000  event     report by vecumnieki: peat fire [ev-peat]"
    words = [line[25:].split()[0] for line in starts]
    assert words == [
        "event", "decision", "order", "order", "order", "claim", "sent", "claim", "end", "claim", "failed_temp",
        "order", "claim", "sent", "event", "decision", "end", "answer",
    ]  # fmt: skip


def test_reasons_stand_with_the_steps(peat: list[Logged], policy: Policy) -> None:
    """Why somebody was told, or not, or told again, is on the page."""
    story = "\n".join(told(peat, policy))
    for said in (
        "birzai-duty",
        "agreement birzai-vecumnieki, clause fire-help",
        "email to birzai-duty: expired",
        "sms to birzai-chief: provider_error",
        "(birzai-chief), attempt 2",
        "2 × UCS-2, SM0123",
        "event ev-cancel: nothing_owed",
        "nobody was told of it",
        "accept by birzai fire_chief (sms)",
        "“1 A7F2”",
    ):
        assert said in story


def test_a_text_is_shown_as_sent_only_where_its_hash_agrees(peat: list[Logged], policy: Policy) -> None:
    """The duty desk's text is proven; the chief's, of which the hash differs, is marked as today's wording."""
    lines = told(peat, policy)
    assert sum(line.strip().startswith("“") and "REIKIA PAGALBOS" in line for line in lines) == 1
    assert sum("(was sent in other words; today's would be: “" in line for line in lines) == 1


def test_without_directory_or_policy_the_trace_tells_all_but_the_texts(
    peat: list[Logged], policy: Policy, tmp_path: Path
) -> None:
    """Whoever may not see the people still sees the path."""
    without_people = told(peat, policy, people=tmp_path / "none.yaml")
    assert sum("(the text needs the private directory to be shown)" in line for line in without_people) == 2
    without_policy = told(peat, policy, known="b" * 64)
    assert sum("(the text needs its policy to be shown)" in line for line in without_policy) == 2
    assert any("decision  routed under policy aaaaaaaaaaaa [ev-peat]" in line for line in without_policy)


def test_a_refusal_says_what_to_do(policy: Policy) -> None:
    """The rejection of a report stands in its trace with the way to mend it."""
    lines = told([one for one in night() if getattr(one.record, "incident_id", None) == "in-old"], policy)
    assert any("refused   expired: it is expired" in line for line in lines)
    assert any(line.strip() == "→ report it anew" for line in lines)


def test_no_number_and_no_mailbox_is_in_a_trace(peat: list[Logged], policy: Policy) -> None:
    """A trace may be sent to a neighbour: contacts are ids."""
    story = "\n".join(told(peat, policy))
    assert "@" not in story
    for line in PEOPLE.read_text(encoding="utf-8").splitlines():
        if line.strip().startswith("sms:"):
            assert line.split(":", 1)[1].strip().strip("\"'") not in story


def test_a_check_of_a_contact_is_called_one(policy: Policy) -> None:
    """Whoever reads the log sees at once that nothing has happened."""
    holder = holders_of(policy, party="birzai", role="fire_chief")[0]
    log = Log()
    log.add("events", check_event(holder, "2026-11", START))
    lines = told(log.all, policy)
    assert any("report by birzai: check of birzai-chief, about the system itself" in line for line in lines)
