"""The small parts of the gateway, one by one."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gateway import reading
from gateway.courtesy import Allowance, language_of
from gateway.inbound import InboundText, inbound_of
from gateway.log import LogAway
from gateway.people import Post, holders_of, post_of
from gateway.reading import Meaning, Reader, settled
from gateway.recent import Did, Once, Recent
from gateway.reports import receipt_of
from gateway.requests import Requests
from gateway.signature import Form
from gateway.stops import contact_event
from notifiers.ledger import Done, Ledger, Order
from runtime.status_callback import about
from schemas.codec import encode
from schemas.incident import IncidentState
from schemas.policy.directory import Contact, Directory
from schemas.policy.models import Policy
from schemas.topics import EVENTS, INCIDENTS
from schemas.vocabulary import Answer, Delivery, EventKind, Origin, ReceiptReason, ReplyProblem, Status
from streams.rules.replies.resolve import Resolved, Sender, Unresolved
from streams.rules.replies.understand import Understood
from tests.gateway.stage import open_incident
from tests.notifiers.stage import order

NOW = datetime(2026, 7, 4, 18, 0, tzinfo=UTC)
SID = "SM" + "0123456789abcdef" * 2


def text(**changes: str) -> InboundText:
    """A text from Rūta's phone."""
    values = {"provider": "twilio", "ref": SID, "sender": "+37061200001", "to": "+37167000001", "body": "Taip"}
    return InboundText(**{**values, **changes}, at=NOW)


@pytest.mark.parametrize(
    ("sender", "number"),
    [
        ("+37061200001", "+37061200001"),
        ("+370 612 00001", "+37061200001"),
        ("0037061200001", "+37061200001"),
        ("Twilio", None),
        ("1188", None),
        ("whatsapp:+37061200001", None),
        ("", None),
    ],
)
def test_numbers_are_compared_in_international_form(sender: str, number: str | None) -> None:
    """However a provider writes a number, it is one; names and short numbers are none."""
    assert text(sender=sender).number == number


def test_a_form_without_a_message_is_no_text() -> None:
    """What names no message of the provider's, or nobody who sent it, cannot be told from its repeat."""
    form = {"MessageSid": SID, "From": "+37061200001", "To": "+37167000001", "Body": "Taip"}
    assert inbound_of(Form(form), NOW) == text()
    for field, value in (("MessageSid", ""), ("MessageSid", "SM1"), ("MessageSid", SID + "\n"), ("From", "")):
        assert inbound_of(Form({**form, field: value}), NOW) is None


RUTA, DRILL = Sender("ruta", "birzai", "duty_desk", Origin.LIVE), Sender("ruta-drill", None, None, Origin.EXERCISE)


def meant(sender: Sender, code: str = "A7KX") -> Resolved:
    """A request that a reply of ``sender`` means."""
    return Resolved(sender.contact_id, f"in-{code}", code, "birzai", "duty_desk", Answer.ACCEPT)


WHICH = ReplyProblem.WHICH_REQUEST


@pytest.mark.parametrize(
    ("meanings", "expected"),
    [
        ({}, (Unresolved(ReplyProblem.UNKNOWN_NUMBER), None)),
        ({RUTA: meant(RUTA)}, (meant(RUTA), RUTA)),
        ({RUTA: Unresolved(ReplyProblem.NOTHING_OPEN), DRILL: meant(DRILL)}, (meant(DRILL), DRILL)),
        ({RUTA: Unresolved(ReplyProblem.TOO_LATE, ("A7KX",)), DRILL: meant(DRILL)}, (meant(DRILL), DRILL)),
        ({RUTA: meant(RUTA), DRILL: meant(DRILL, "B222")}, (Unresolved(WHICH, ("A7KX", "B222")), RUTA)),
        (
            {RUTA: meant(RUTA), DRILL: Unresolved(WHICH, ("B222", "B333"))},
            (Unresolved(WHICH, ("A7KX", "B222", "B333")), RUTA),
        ),
        (
            {RUTA: Unresolved(ReplyProblem.NOTHING_OPEN), DRILL: Unresolved(ReplyProblem.TOO_LATE, ("A7KX",))},
            (Unresolved(ReplyProblem.TOO_LATE, ("A7KX",)), DRILL),
        ),
    ],
)
def test_all_contacts_of_a_number_are_considered(
    meanings: dict[Sender, Meaning], expected: tuple[Meaning, Sender | None]
) -> None:
    """One of them who is meant is meant; two are asked about; of nobody the most telling word is said."""
    assert settled(meanings) == expected


def test_a_text_that_breaks_the_rules_is_not_understood_and_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect in the rules costs one text its meaning; it can be kept, and read by people."""

    def broken(*_: object, **__: object) -> Understood:
        raise KeyError("a defect")

    contacts = {"ruta": Contact(name="A", language="lt", sms="+37061200001")}
    reader = Reader(lambda: None)
    with monkeypatch.context() as scope:
        scope.setattr(reading, "understand", broken)
        assert reader.understand("Taip", NOW) == Understood()
        scope.setattr(reading, "resolve", broken)
        meaning, sender = reader.meaning(Understood(), contacts, Requests(), NOW)
    assert meaning == Unresolved(ReplyProblem.NOT_UNDERSTOOD)
    assert sender == Sender("ruta", None, None, Origin.LIVE)


def test_the_contact_for_real_events_comes_first() -> None:
    """Who has two contact ids is spoken to as the one for real events."""
    drill = Contact(name="A", language="lt", purpose=Origin.EXERCISE, sms="+37061200001")
    people = {"a-drill": drill, "real": drill.model_copy(update={"purpose": Origin.LIVE})}
    found = holders_of("+37061200001", Directory(fictional=True, contacts=people))
    assert list(found) == ["real", "a-drill"]
    assert holders_of(None, Directory(fictional=True, contacts=people)) == {}


@pytest.mark.parametrize(
    ("status", "delivery", "reason", "detail"),
    [
        ("delivered", Delivery.DELIVERED, ReceiptReason.DELIVERED, None),
        ("read", Delivery.READ, ReceiptReason.DELIVERED, None),
        ("undelivered", Delivery.FAILED_PERM, ReceiptReason.UNDELIVERED, "undelivered, error 30003"),
        ("failed", Delivery.FAILED_PERM, ReceiptReason.UNDELIVERED, "failed, error 30003"),
    ],
)
def test_a_report_becomes_a_receipt(status: str, delivery: Delivery, reason: ReceiptReason, detail: str | None) -> None:
    """What the provider says of a text names the attempt, with its error where it failed."""
    note = order("a" * 64, attempt=3)
    form = Form({"MessageSid": SID, "MessageStatus": status, "ErrorCode": "30003"})
    receipt = receipt_of(about(note, 2), form, NOW)
    assert receipt is not None
    assert (receipt.delivery, receipt.reason, receipt.detail) == (delivery, reason, detail)
    assert (receipt.notification_id, receipt.attempt, receipt.provider_ref) == (note.notification_id, 3, SID)


@pytest.mark.parametrize("status", ["accepted", "queued", "sending", "sent", "canceled", "partially_delivered", ""])
def test_what_says_nothing_new_is_passed_over(status: str) -> None:
    """The notifier's own receipt has said that the provider took it."""
    assert receipt_of(about(order("a" * 64), 0), Form({"MessageSid": SID, "MessageStatus": status}), NOW) is None


def test_a_made_up_error_code_is_not_repeated() -> None:
    """A receipt quotes numbers of errors only."""
    form = Form({"MessageSid": SID, "MessageStatus": "failed", "ErrorCode": "call +37061200001"})
    receipt = receipt_of(about(order("a" * 64), 0), form, NOW)
    assert receipt is not None
    assert receipt.detail == "failed"


def test_a_report_that_overtakes_the_notifiers_own_receipt_settles_its_claim() -> None:
    """Nobody sends again what the provider has already said arrived, though no notifier has said that it was sent."""
    note = order("a" * 64)
    ledger = Ledger()
    receipt = receipt_of(about(note, 0), Form({"MessageSid": SID, "MessageStatus": "delivered"}), NOW)
    assert receipt is not None
    ledger.fold(receipt, 5)
    assert isinstance(ledger.standing(Order(note.notification_id, note.attempt)), Done)


def test_the_newest_snapshot_of_an_incident_counts() -> None:
    """By contact and by code, until it changes or ends; the one that changed last comes first."""
    requests, first, second = Requests(), open_incident("in-1", "ruta", "A7KX"), open_incident("in-2", "ruta", "B222")
    for state in (first, second):
        put(requests, state)
    assert [state.incident_id for state in requests.of_contact("ruta")] == ["in-2", "in-1"]
    closed = first.model_copy(update={"closed_by": EventKind.CANCEL, "code": "A222"})
    put(requests, closed)
    assert requests.of_contact("ruta") == (closed, second)
    assert requests.of_code("A7KX") == ()
    assert requests.of_code("A222") == (closed,)
    assert requests.partition_of("in-1") == 1
    requests.apply(1, "in-1", None)
    assert requests.of_contact("ruta") == (second,)
    assert requests.partition_of("in-1") is None
    assert requests.of_contact("nobody") == ()


def test_a_view_has_a_bound() -> None:
    """The incident that changed longest ago makes room, and leaves nothing behind."""
    requests = Requests(max_incidents=2)
    for number in range(4):
        put(requests, open_incident(f"in-{number}", f"contact-{number}", f"A22{number + 2}"))
    assert len(requests) == 2
    assert [len(requests.of_contact(f"contact-{number}")) for number in range(4)] == [0, 0, 1, 1]
    assert requests.of_code("A222") == ()


def test_a_snapshot_that_cannot_be_read_hides_no_other() -> None:
    """Rubbish under the key of an incident is that incident's loss alone."""
    requests = Requests()
    put(requests, open_incident("in-1", "ruta", "A7KX"))
    requests.apply(0, "in-2", b"{}")
    requests.apply(0, "in-3", b'{"record": "incident_state", "code": "B222", "slots": [{"contact_id": "ruta"}]}')
    assert [state.incident_id for state in requests.of_contact("ruta")] == ["in-1"]


def put(requests: Requests, state: IncidentState) -> None:
    """Apply ``state`` as it is written."""
    requests.apply(1, state.incident_id, encode(INCIDENTS, state, source="test", at=NOW).value)


def test_a_memory_has_a_bound() -> None:
    """What was added longest ago is forgotten first."""
    recent: Recent[int] = Recent(2)
    for number in (1, 2, 1, 3):
        recent.add(number)
    assert [number in recent for number in (1, 2, 3)] == [True, False, True]
    assert len(recent) == 2


async def test_work_is_done_once_for_a_key() -> None:
    """Who asks while it is done waits for it; who asks later hears that it was."""
    once: Once[str] = Once(remembered=10, at_once=10)
    go, done = asyncio.Event(), list[str]()

    async def work() -> None:
        await go.wait()
        done.append("x")

    asking = [asyncio.create_task(once.do("a", work, within_s=5)) for _ in range(3)]
    await asyncio.sleep(0)
    go.set()
    assert await asyncio.gather(*asking) == [Did.NOW, Did.BEFORE, Did.BEFORE]
    assert await once.do("a", work, within_s=5) is Did.BEFORE
    assert done == ["x"]


async def test_work_that_takes_longer_goes_on_and_is_found_done() -> None:
    """The one who waited is told to come again; then it is done, and not a second time."""
    once: Once[str] = Once(remembered=10, at_once=10)
    go, done = asyncio.Event(), list[str]()

    async def work() -> None:
        await go.wait()
        done.append("x")

    with pytest.raises(LogAway):
        await once.do("a", work, within_s=0.01)
    go.set()
    assert await once.do("a", work, within_s=5) is Did.BEFORE
    assert done == ["x"]


async def test_work_that_failed_may_be_tried_again() -> None:
    """Only what was done is remembered."""
    once: Once[str] = Once(remembered=10, at_once=10)

    async def fail() -> None:
        raise LogAway("not now")

    async def work() -> None:
        return None

    with pytest.raises(LogAway):
        await once.do("a", fail, within_s=5)
    assert await once.do("a", work, within_s=5) is Did.NOW


async def test_only_so_much_work_is_under_way() -> None:
    """A flood is turned away, not piled up; what was begun is given up at the end."""
    once: Once[int] = Once(remembered=10, at_once=2)

    async def work() -> None:
        await asyncio.Event().wait()

    for number in (1, 2):
        with pytest.raises(LogAway):
            await once.do(number, work, within_s=0.01)
    with pytest.raises(LogAway, match="2 callbacks"):
        await once.do(3, work, within_s=5)
    await once.close()
    with pytest.raises(LogAway, match="not written within"):
        await once.do(3, work, within_s=0.01)
    await once.close()


def test_replies_are_few_to_one_number_and_to_all() -> None:
    """A day and a minute pass, and it may be written again."""
    clock = [0.0]
    allowance = Allowance(2, 3, lambda: clock[0])
    assert [allowance.refuses("a") for _ in range(3)] == [None, None, "enough_for_this_number"]
    assert [allowance.refuses("b") for _ in range(2)] == [None, "enough_for_now"]
    clock[0] = 61
    assert allowance.refuses("b") is None
    assert allowance.refuses("a") == "enough_for_this_number"
    clock[0] = 86_401
    assert allowance.refuses("a") is None


@pytest.mark.parametrize(
    ("number", "language"), [("+37126000001", "lv"), ("+37061200001", "lt"), ("+4915112345678", "en")]
)
def test_an_unknown_number_is_written_to_in_its_countrys_language(number: str, language: str) -> None:
    """Latvian, Lithuanian, else English."""
    assert language_of(number) == language


def test_a_contact_holds_the_post_that_the_policy_names_it_for(policy: Policy) -> None:
    """For real events and for exercises apart; nobody is lost where no role names the contact."""
    assert post_of(policy, "birzai-duty", Origin.LIVE) == Post("birzai", "duty_desk")
    assert post_of(policy, "birzai-duty", Origin.EXERCISE) is None
    assert post_of(policy, "nobody", Origin.LIVE) is None
    assert post_of(None, "birzai-duty", Origin.LIVE) is None


@pytest.mark.parametrize("purpose", list(Origin))
def test_word_of_a_lost_contact_is_a_service_event_with_ids_of_its_own(purpose: Origin) -> None:
    """The same text gives the same ids, another text or contact others; it fits the contract."""
    event = contact_event(text(), "ruta", "birzai", purpose, lost=True)
    assert contact_event(text(), "ruta", "birzai", purpose, lost=True) == event
    assert contact_event(text(), "jonas", "birzai", purpose, lost=True).event_id != event.event_id
    assert contact_event(text(ref="SM" + "1" * 32), "ruta", "birzai", purpose, lost=True).event_id != event.event_id
    assert event.status is Status.SYSTEM
    assert event.expires_at - event.reported_at == timedelta(hours=24)
    encode(EVENTS, event, source="test", at=NOW)
