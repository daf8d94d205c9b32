"""What the log says of each contact: asked when, arrived or not, answered when, never."""

from datetime import UTC, datetime, timedelta

from console.contact_checks import Standing, standings
from console.logs.logged import Logged
from schemas.base import Record
from schemas.event import EmergencyEvent
from schemas.ids import notification_id
from schemas.notification import Receipt, Response
from schemas.policy.models import Policy
from schemas.upkeep import Holder, check_event, holders_of
from schemas.vocabulary import Answer, Channel, Delivery, Origin, ReceiptKind, ReceiptReason

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DESK = Holder("birzai-duty", "birzai", Origin.LIVE, ("duty_desk",))
CHIEF = Holder("birzai-chief", "birzai", Origin.LIVE, ("fire_chief",))


class Story:
    """Records an hour apart."""

    def __init__(self) -> None:
        self.logged: list[Logged] = []

    def add(self, topic: str, record: Record) -> datetime:
        """Append ``record``; gives its time."""
        at = START + timedelta(hours=len(self.logged))
        self.logged.append(Logged(topic, 0, len(self.logged), at, None, b"?", record))
        return at

    def check(self, holder: Holder, period: str) -> EmergencyEvent:
        """Ask ``holder``."""
        event = check_event(holder, period, START)
        self.add("events", event)
        return event

    def receipt(self, event: EmergencyEvent, delivery: Delivery | None, reason: ReceiptReason) -> None:
        """A word on the text of ``event``."""
        contact = event.service.contact_id if event.service else None
        self.add(
            "receipts",
            Receipt(
                kind=ReceiptKind.OUTCOME,
                incident_id=event.incident_id,
                event_id=event.event_id,
                notification_id=notification_id(event.event_id, 0, str(contact), Channel.SMS),
                attempt=1,
                contact_id=contact,
                delivery=delivery,
                reason=reason,
                at=START,
            ),
        )

    def answer(self, holder: Holder, incident: str | None) -> datetime:
        """A text from ``holder``."""
        name = f"re-{len(self.logged)}"
        said = Response(
            response_id=name, incident_id=incident, contact_id=holder.contact, channel="sms",
            answer=Answer.RECEIVED if incident else None, at=START,
        )  # fmt: skip
        return self.add("responses", said)

    def of(self, *holders: Holder, silent: frozenset[str] = frozenset()) -> list[Standing]:
        """How they stand."""
        return standings(self.logged, holders, silent)


def test_who_was_never_asked_has_not_failed_to_answer() -> None:
    """Without a check there is nothing to answer."""
    (desk,) = Story().of(DESK)
    assert (desk.asked_at, desk.answered, desk.never) == (None, False, False)


def test_an_answer_counts_for_the_check_it_belongs_to() -> None:
    """The desk answers, the chief does not; what the chief texts about something else was heard, and is no answer."""
    story = Story()
    desk, chief = story.check(DESK, "2026-11"), story.check(CHIEF, "2026-11")
    story.receipt(desk, Delivery.SENT, ReceiptReason.ACCEPTED)
    story.receipt(chief, Delivery.FAILED_PERM, ReceiptReason.INVALID_ADDRESS)
    answered = story.answer(DESK, desk.incident_id)
    heard = story.answer(CHIEF, None)
    first, second = story.of(DESK, CHIEF)
    assert (first.answered, first.answered_at, first.delivery, first.never) == (True, answered, "sent", False)
    assert (second.answered, second.heard_at, second.never) == (False, heard, True)
    assert second.delivery == "failed_perm: invalid_address"


def test_a_newer_check_wants_a_newer_answer() -> None:
    """Somebody who answered in October and not in November has answered once, and not the last one."""
    story = Story()
    october = story.check(DESK, "2026-10")
    answered = story.answer(DESK, october.incident_id)
    story.check(DESK, "2026-11")
    (desk,) = story.of(DESK)
    assert (desk.checks, desk.answered, desk.never, desk.answered_at) == (2, False, False, answered)
    assert desk.delivery == "on its way"


def test_a_repeat_is_the_same_check() -> None:
    """The same month gives the same event, which asks nobody twice and starts no new wait."""
    story = Story()
    first = story.check(DESK, "2026-11")
    asked = story.logged[0].appended_at
    story.answer(DESK, first.incident_id)
    assert story.check(DESK, "2026-11").event_id == first.event_id
    (desk,) = story.of(DESK)
    assert (desk.checks, desk.asked_at, desk.answered) == (1, asked, True)


def test_what_has_arrived_stays_arrived() -> None:
    """A later word about another attempt does not take back a proof of delivery."""
    story = Story()
    check = story.check(DESK, "2026-11")
    story.receipt(check, Delivery.DELIVERED, ReceiptReason.DELIVERED)
    story.receipt(check, Delivery.UNKNOWN, ReceiptReason.TIMEOUT)
    assert story.of(DESK)[0].delivery == "delivered"


def test_another_contacts_answer_is_none() -> None:
    """A text with the desk's code from the chief's phone proves nothing about the desk."""
    story = Story()
    check = story.check(DESK, "2026-11")
    story.answer(CHIEF, check.incident_id)
    desk, chief = story.of(DESK, CHIEF, silent=frozenset({"birzai-desk", "birzai-duty"}))
    assert (desk.answered, desk.silent, chief.answered) == (False, True, False)


def test_everybody_who_holds_a_role_is_found_once(policy: Policy) -> None:
    """Each contact of the policy, live and exercise, with its party and all its roles."""
    holders = holders_of(policy)
    named = [
        member.contact
        for by_role in policy.staff.values()
        for staff in by_role.values()
        for member in (*staff.live, *staff.exercise)
    ]
    assert sorted(holder.contact for holder in holders) == sorted(set(named))
    assert {holder.party for holder in holders_of(policy, party="birzai")} == {"birzai"}
    assert {holder.roles for holder in holders_of(policy, role="fire_chief")} == {("fire_chief",)}
    drills = {holder.contact for holder in holders if holder.origin is Origin.EXERCISE}
    assert drills == {name for name in named if "-exercise-" in name}
