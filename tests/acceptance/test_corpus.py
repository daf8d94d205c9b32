"""All incidents of the corpus go through the running system in one test."""

import asyncio
import time
from collections import defaultdict

import pytest

from console.audit import balance, read_books
from console.logs.live import read_log
from console.logs.logged import Logged
from schemas.decision import Decision
from schemas.notification import Notification, Receipt
from schemas.topics import DECISIONS, NOTIFY, RECEIPTS
from schemas.vocabulary import DecisionOutcome, Delivery, ReceiptKind
from tests.acceptance import corpus
from tests.acceptance.night import Night

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(not corpus.CORPUS.exists(), reason="the corpus of real incidents is not here"),
]

ALL_WITHIN_S = 90.0


async def test_every_real_incident_reaches_the_party_it_must_and_no_other(night: Night) -> None:
    """Each ends with a decision; its partner is told where the hand-made rules say so, and nobody else is."""
    incidents = corpus.load()
    by_id: dict[str, corpus.Incident] = {}
    for incident in incidents:
        event = await night.report(**incident.event)
        by_id[event.incident_id] = incident
    records = await _until_done(night, set(by_id))
    wrong = [
        f"{incident.number}: told {sorted(told) or 'nobody'}, must be {incident.must_be_told}; {reasons}"
        for incident, told, reasons in _told(by_id, records)
        if told != ({incident.must_be_told} if incident.must_be_told else set())
    ]
    assert not wrong, "\n".join(wrong)


def _told(
    by_id: dict[str, corpus.Incident], records: dict[str, list[Logged]]
) -> list[tuple[corpus.Incident, set[str], str]]:
    found = []
    for number, incident in by_id.items():
        own = [one.record for one in records[number]]
        decisions = [record for record in own if isinstance(record, Decision)]
        assert len(decisions) == 1, f"{incident.number} has {len(decisions)} decisions"
        assert decisions[0].outcome is not DecisionOutcome.REJECTED, f"{incident.number}: {decisions[0].verdicts[-1]}"
        orders = {record.notification_id: record for record in own if isinstance(record, Notification)}
        sent = {
            orders[record.notification_id].party
            for record in own
            if isinstance(record, Receipt) and record.delivery is Delivery.SENT and record.notification_id in orders
        }
        assert sent == {order.party for order in orders.values()}, f"{incident.number}: not everything ordered was sent"
        found.append((incident, sent, decisions[0].verdicts[-1].detail))
    return found


async def _until_done(night: Night, wanted: set[str]) -> dict[str, list[Logged]]:
    """Every record of the incidents, once each has a decision and each order an outcome."""
    deadline = time.monotonic() + ALL_WITHIN_S
    while True:
        records: dict[str, list[Logged]] = defaultdict(list)
        for one in await read_log(night.settings, [DECISIONS, *NOTIFY.values(), RECEIPTS]):
            number = getattr(one.record, "incident_id", None)
            if number in wanted:
                records[number].append(one)
        open_ = [number for number in wanted if not _done(records[number])]
        if not open_:
            return records
        assert time.monotonic() < deadline, f"{len(open_)} incidents are not done, among them {open_[:3]}"
        await asyncio.sleep(0.5)


def _done(records: list[Logged]) -> bool:
    decided = [one.record for one in records if isinstance(one.record, Decision)]
    planned = sum(len(to.channels) for decision in decided for route in decision.routes for to in route.recipients)
    orders = {one.record.notification_id for one in records if isinstance(one.record, Notification)}
    ended = {
        one.record.notification_id
        for one in records
        if isinstance(one.record, Receipt) and one.record.kind is ReceiptKind.OUTCOME
    }
    return bool(decided) and len(orders) == planned and orders <= ended


async def test_the_audit_of_all_that_finds_nothing_missing(night: Night) -> None:
    """The sets of ids at both ends agree for everything this folder's stories have done."""
    from datetime import UTC, datetime, timedelta

    now = datetime.now(UTC)
    books = await read_books(night.settings, now - timedelta(hours=1))
    assert books.events
    assert list(balance(books, now - timedelta(hours=1), now, now)) == []
