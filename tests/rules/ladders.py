"""A policy with short ladders, and an incident that climbs one, for tests of answers and escalation."""

from datetime import datetime
from typing import Any

from schemas.decision import Decision, PlanStep, Recipient, Route
from schemas.event import Need
from schemas.incident import Climb, IncidentState
from schemas.notification import Notification, Receipt, Response
from schemas.policy.models import Ladder, LadderStep, Member, Policy, RoleInfo, Staff
from schemas.vocabulary import Answer, Channel, Delivery, EventKind, NeedKind, ReceiptReason, Template
from streams.rules.incidents.crews import Crews
from streams.rules.incidents.due import due
from streams.rules.incidents.effects import Effect, Emit, Folded, Say
from streams.rules.incidents.fold import fold
from tests.dispatcher.builders import T0, at, decision, facts, outcome, route
from tests.rules.policy_fixture import names, party, policy

SMS, BOTH = (Channel.SMS,), (Channel.SMS, Channel.EMAIL)
SEND_S, ANSWER_S = 60, 300
ASKER, PARTNER = "vecumnieki", "birzai"

DESK = Recipient(role="duty_desk", contact_id="birzai-desk", channels=SMS)
CHIEF = Recipient(role="fire_chief", contact_id="birzai-chief", channels=SMS)
DELEGATE = Recipient(role="delegate", contact_id="birzai-delegate", channels=SMS)
VOLUNTEERS = tuple(f"birzai-volunteer-{number}" for number in range(1, 5))


def _rung(*roles: str, answer_within: int | None = ANSWER_S, **changes: Any) -> LadderStep:
    values: dict[str, Any] = {"roles": roles, "channels": SMS, "send_within": SEND_S, "answer_within": answer_within}
    return LadderStep(**{**values, **changes})


FIRE = Ladder(
    id="fire",
    steps=(_rung("duty_desk", "fire_chief"), _rung("volunteers"), _rung("delegate", answer_within=None)),
    tell_if_nobody=("duty_desk",),
)
"""First the desk and the chief, then four volunteers of whom three are enough, then the delegate."""

CROWD = Ladder(id="crowd", steps=(_rung("volunteers"), _rung("delegate")), tell_if_nobody=("duty_desk",))
PROVEN = Ladder(id="proven", steps=(_rung("duty_desk", deliver_within=30),))
INFORM = Ladder(id="inform", steps=(_rung("duty_desk", answer_within=None),))
LADDERS = {ladder.id: ladder for ladder in (FIRE, CROWD, PROVEN, INFORM)}


def _members(*contacts: str, channels: tuple[Channel, ...] = SMS) -> tuple[Member, ...]:
    return tuple(Member(contact=contact, channels=channels) for contact in contacts)


def staff(**live: tuple[str, ...]) -> dict[str, dict[str, Staff]]:
    """Who holds which role at Biržai, with changes; at Vecumnieki one duty officer with telephone and e-mail."""
    people: dict[str, tuple[str, ...]] = {
        "duty_desk": (DESK.contact_id,),
        "fire_chief": (CHIEF.contact_id,),
        "volunteers": VOLUNTEERS,
        "delegate": (DELEGATE.contact_id,),
        **live,
    }
    there = {
        role: Staff(live=_members(*contacts), exercise=_members(*(f"{contact}-x" for contact in contacts)))
        for role, contacts in people.items()
    }
    here = Staff(live=_members("vecumnieki-desk", channels=BOTH), exercise=_members("vecumnieki-desk-x"))
    return {PARTNER: there, ASKER: {"duty_desk": here}}


def rules(**changes: Any) -> Policy:
    """The policy of these ladders, with some of its parts replaced."""
    roles = (
        RoleInfo(id="duty_desk", names=names("duty desk")),
        RoleInfo(id="fire_chief", names=names("fire chief")),
        RoleInfo(id="volunteers", names=names("volunteers"), group=True, enough=3),
        RoleInfo(id="delegate", names=names("delegate")),
    )
    parts: dict[str, Any] = {
        "roles": roles,
        "ladders": tuple(LADDERS.values()),
        "staff": staff(),
        "parties": (party(ASKER, "LV", "Bauska", "bauska"), party(PARTNER, "LT", "Biržai", "birzai")),
    }
    return policy(**(parts | changes))


RULES = rules()


def crews_of(*policies: Policy, swaps: Any = ()) -> Crews:
    """Crews that know these policies."""
    known = {one.version: one for one in policies}
    return Crews(known.get, swaps)


def plan_of(ladder: Ladder) -> tuple[PlanStep, ...]:
    """The ladder as a route plans it."""
    return tuple(
        PlanStep(
            step=number,
            roles=step.roles,
            channels=step.channels,
            send_within_s=step.send_within,
            deliver_within_s=step.deliver_within,
            answer_within_s=step.answer_within,
        )
        for number, step in enumerate(ladder.steps)
    )


def asking(*recipients: Recipient, ladder: Ladder = FIRE, tankers: int = 1, **changes: Any) -> Route:
    """The route of a request for help by ``ladder``; its first step reaches ``recipients``."""
    values: dict[str, Any] = {
        "agreement": f"{ASKER}-{PARTNER}",
        "asking_party": ASKER,
        "partner": PARTNER,
        "ladder": ladder.id,
        "plan": plan_of(ladder),
        "reply_within_s": 1800,
        "shared": facts(tankers=tankers),
    }
    return route(*recipients, **(values | changes))


def asked(event: str, *routes: Route, kind: EventKind = EventKind.REPORT, **changes: Any) -> Decision:
    """The decision on a request, by ``RULES``."""
    values: dict[str, Any] = {"reporting_party": ASKER, "policy_version": RULES.version}
    return decision(event, *routes, kind=kind, **(values | changes))


def says(contact: str, answer: Answer = Answer.ACCEPT, *, name: str | None = None, **changes: Any) -> Response:
    """An answer of somebody at Biržai."""
    values: dict[str, Any] = {
        "response_id": name or f"rs-{contact}-{answer}",
        "incident_id": "in-peat-fire",
        "contact_id": contact,
        "party": PARTNER,
        "channel": "sms",
        "answer": answer,
        "at": T0,
    }
    return Response(**(values | changes))


def need(count: int) -> tuple[Need, ...]:
    """So many fire tankers."""
    return (Need(kind=NeedKind.FIRE_TANKER, count=count),)


class Climbing:
    """An incident that climbs: every record and moment is applied as the dispatcher does it."""

    def __init__(self, *, crews: Crews | None = None) -> None:
        self.crews = crews or crews_of(RULES)
        self.state: IncidentState | None = None
        self.emitted: list[Notification] = []
        self.said: list[Receipt] = []
        self.seconds = 0.0

    @property
    def known(self) -> IncidentState:
        """The state, which must be there."""
        assert self.state is not None
        return self.state

    @property
    def climb(self) -> Climb:
        """The climb of the only obligation."""
        (duty,) = self.known.obligations
        assert duty.climb is not None
        return duty.climb

    @property
    def now(self) -> datetime:
        """The present moment of the story."""
        return at(self.seconds)

    def apply(self, *records: Decision | Receipt | Response) -> "Climbing":
        """Fold ``records`` now, then look at what is due, as a batch does; forgets what was emitted before."""
        self.emitted, self.said = [], []
        for record in records:
            folded = fold(self.state, record, partition=1, codes_in_use=frozenset(), now=self.now)
            self._take(folded)
            again = fold(self.state, record, partition=1, codes_in_use=frozenset(), now=self.now)
            assert (again.state, again.effects) == (self.state, ())
        self._look()
        return self

    def unread(self, record: Decision) -> "Climbing":
        """Fold ``record`` alone, as a dispatcher does that has not read everything yet."""
        self._take(fold(self.state, record, partition=1, codes_in_use=frozenset(), now=self.now))
        return self

    def wait(self, seconds: float) -> "Climbing":
        """Let time pass, and look at what is due then; forgets what was emitted before."""
        self.emitted, self.said = [], []
        self.seconds += seconds
        self._look()
        return self

    def accepted(self, *notes: Notification, by: str = "twilio") -> "Climbing":
        """A provider takes ``notes``, or everything just emitted."""
        return self.apply(*(outcome(note, Delivery.SENT, provider=by) for note in notes or self.emitted))

    def failed(self, *notes: Notification) -> "Climbing":
        """A provider refuses ``notes`` for good, or everything just emitted."""
        return self.apply(*(outcome(note, Delivery.FAILED_PERM) for note in notes or self.emitted))

    def alerts(self) -> list[str]:
        """Who was just sent a first alert."""
        return [note.contact_id for note in self.emitted if note.template is Template.HELP]

    def news(self) -> list[Notification]:
        """What the asking side was just told, by SMS."""
        told = (Template.ANSWERED, Template.UNANSWERED)
        return [note for note in self.emitted if note.template in told and note.channel is Channel.SMS]

    def reasons(self) -> list[ReceiptReason | None]:
        """The reasons just written to the log."""
        return [receipt.reason for receipt in self.said]

    def _look(self) -> None:
        folded = due(self.known, self.now, self.crews)
        self._take(folded)
        if folded.state is not None:
            assert due(folded.state, self.now, self.crews) == Folded(folded.state)

    def _take(self, folded: Folded) -> None:
        self.state = folded.state
        if self.state is not None:  # as it is after a restart
            assert IncidentState.model_validate_json(self.state.model_dump_json(exclude_none=True)) == self.state
        self._note(folded.effects)

    def _note(self, effects: tuple[Effect, ...]) -> None:
        self.emitted += [effect.notification for effect in effects if isinstance(effect, Emit)]
        self.said += [effect.receipt for effect in effects if isinstance(effect, Say)]


def begun(*recipients: Recipient, ladder: Ladder = FIRE, **changes: Any) -> Climbing:
    """A request for help whose first texts have just been ordered."""
    story = Climbing()
    return story.apply(asked("ev-1", asking(*(recipients or (DESK, CHIEF)), ladder=ladder, **changes)))
