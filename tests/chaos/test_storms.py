"""A small storm: hundreds of events at once, everything of ours killed half-way, all of it posted again."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.logs.logged import Logged
from runtime.settings import load_settings
from schemas.notification import Receipt
from schemas.policy.load import load_policy
from schemas.policy.models import Policy
from schemas.topics import RECEIPTS
from schemas.vocabulary import Channel, Delivery, Lane, ReceiptKind
from streams.rules.routing.route import route
from tests.chaos.load import Kind, Load, Markers
from tests.chaos.storms.__main__ import play
from tests.chaos.storms.claims import Sending, still_open
from tests.chaos.storms.reports import FIRES, FLOODS
from tests.chaos.storms.scenarios import SCENARIOS
from tests.chaos.storms.tally import Tally

EVENTS = 200


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The shipped policy."""
    return load_policy(Path("deploy/policy"))


@pytest.mark.kafka
@pytest.mark.chaos
async def test_a_kill_in_the_middle_of_a_burst_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 of all our processes at half of the texts, and everything posted again twice: each text arrives once."""
    # A claim of the dead is left alone for these seconds; nothing else depends on them here.
    monkeypatch.setenv("BORDERLANDS_NOTIFIER__CLAIM_FRESH_S", "3")
    monkeypatch.setenv("BORDERLANDS_TWILIO__TIMEOUT_S", "3")
    monkeypatch.setenv("BORDERLANDS_SMTP__TIMEOUT_S", "3")
    options = ("--partitions", "3", "--session-timeout", "6")
    result = await play(SCENARIOS["again"], tmp_path / "system", EVENTS, 1, options)
    assert result.failures == []
    assert (result.accepted, result.owed) == (EVENTS, 2 * EVENTS)
    assert len(result.arrivals[Channel.SMS]) >= EVENTS
    assert result.open_claims > 0, "the kill met nobody sending: it proves nothing"


@pytest.mark.parametrize("kind", [*FLOODS, *FIRES], ids=lambda kind: kind.name)
@pytest.mark.parametrize("number", [0, 599, 12_000])
def test_reports_wake_whom_the_storms_expect(policy: Policy, kind: Kind, number: int) -> None:
    """Wherever in its grid a report lies, the rules tell whom the judge expects, on the lane it expects."""
    event, marker = Load(load_settings(), "storms", markers=Markers(number)).make(kind)
    decision = route(event, policy)
    told = {(one.contact_id, one.channels) for way in decision.routes for one in way.recipients}
    assert told == {(one.contact, one.channels) for one in kind.told}
    assert {way.lane for way in decision.routes} == {Lane.URGENT if kind in FIRES else Lane.ROUTINE}
    shared = decision.routes[0].shared
    assert shared is not None
    assert shared.place is not None
    assert shared.place.point is not None
    assert marker == f"{shared.place.point.lat:.4f},{shared.place.point.lon:.4f}"


def test_the_tally_counts_whole_lines_once(tmp_path: Path) -> None:
    """Texts and mails are counted, other entries are not, and a line still being written waits."""
    (tmp_path / "sandbox").mkdir()
    ledger = tmp_path / "sandbox" / "ledger.jsonl"
    tally = Tally(tmp_path)
    assert tally.count() == 0
    whole = '{"n":1,"at":"x","kind":"accepted","body":"b"}\n{"n":2,"at":"x","kind":"request","body":"b"}\n'
    mail = '{"n":3,"at":"x","kind":"mail","number":1}\n'
    ledger.write_text(whole + mail[:30])
    assert tally.count() == 1
    ledger.write_text(whole + mail)
    assert (tally.count(), tally.sms, tally.mails) == (2, 1, 1)


def test_only_what_was_being_sent_at_the_kill_may_be_repeated() -> None:
    """A claim counts until its outcome, its end or its own release; a later claim of another takes no part."""
    log = [
        _said(1, ReceiptKind.CLAIM, "open", "c1"),
        _said(2, ReceiptKind.CLAIM, "done", "c2"),
        _said(3, ReceiptKind.OUTCOME, "done", "c2"),
        _said(4, ReceiptKind.CLAIM, "released", "c3"),
        _said(5, ReceiptKind.RELEASE, "released", "c3"),
        _said(6, ReceiptKind.CLAIM, "contested", "c4"),
        _said(7, ReceiptKind.CLAIM, "contested", "c5"),
        _said(8, ReceiptKind.RELEASE, "contested", "c5"),
        _said(20, ReceiptKind.OUTCOME, "open", "c1"),
        _said(21, ReceiptKind.CLAIM, "later", "c6"),
    ]
    assert still_open(log, 10.0) == {_sending("open"), _sending("contested")}
    assert still_open(log, 30.0) == {_sending("contested"), _sending("later")}


def _sending(name: str) -> Sending:
    return f"ev-{name}", "birzai-duty", Channel.SMS


def _said(at_s: float, kind: ReceiptKind, name: str, claim_id: str) -> Logged:
    at = datetime.fromtimestamp(at_s, UTC)
    receipt = Receipt(
        kind=kind, incident_id=f"in-{name}", event_id=f"ev-{name}", notification_id=f"nt-{name}", attempt=1,
        contact_id="birzai-duty", channel=Channel.SMS, claim_id=claim_id, incarnation="notifier-1",
        delivery=Delivery.SENT if kind is ReceiptKind.OUTCOME else None, at=at,
    )  # fmt: skip
    return Logged(RECEIPTS.name, 0, int(at_s), at, None, None, receipt)
