"""However many people an incident has, its snapshot fits its topic, and says what the state says."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.base import LINE_MAX, TEXT_MAX
from schemas.codec import Undecodable, decode, encode
from schemas.decision import Recipient, SharedFacts
from schemas.event import Casualties, FreeText, Need, PsapNotified
from schemas.incident import IncidentState
from schemas.notification import AnswerNews, Notification
from schemas.place import Point, ResolvedPlace
from schemas.snapshot import FEW, WrittenState
from schemas.topics import DECISIONS, INCIDENTS
from schemas.vocabulary import Answer, Channel, Delivery, EventKind, Hazard, NeedKind, Template
from streams.dispatcher.batch import KEPT_FOR_THE_END
from streams.dispatcher.states import States, outline_of
from streams.rules.incidents.asker import NEWS_MAX
from streams.rules.incidents.due import next_due
from streams.rules.incidents.effects import Emit
from streams.rules.incidents.fold import fold
from streams.rules.incidents.opening import SLOTS_MAX
from streams.rules.incidents.parking import ANSWERS_MAX, PARKED_MAX
from tests.dispatcher.builders import T0, at, claim, decision, outcome, response, route

ROOM = INCIDENTS.max_bytes - INCIDENTS.max_bytes // KEPT_FOR_THE_END


def long_id(*parts: object) -> str:
    """An id as long as an id may be."""
    return ".".join(map(str, parts)).ljust(64, "x")


def full_facts(sign: str, revision: int) -> SharedFacts:
    """Everything that may cross a border, each field as long as it may be; ``sign`` fills what people write."""
    return SharedFacts.model_validate(
        {
            "event_type": "peat_fire",
            "place": ResolvedPlace(
                country="LV",
                unit=long_id("unit"),
                former_unit=long_id("former"),
                parish=long_id("parish"),
                place=long_id("place"),
                name=sign * LINE_MAX,
                point=Point(lat=56.123456, lon=24.123456),
                areas=(long_id("here"), long_id("there")),
                certainty="side_uncertain",
                explanation=sign * 400,
            ),
            "severity": "Extreme",
            "urgency": "Immediate",
            "certainty": "Observed",
            "occurred_at": T0,
            "needs": tuple(Need(kind=kind, count=9_000 + revision) for kind in list(NeedKind)[:12]),
            "casualties": Casualties(dead=1000, injured=1000, missing=1000, trapped=1000, evacuated=1000),
            "hazards": tuple(Hazard)[:13],
            "text": FreeText(text=sign * TEXT_MAX, language="lv"),
            "callback_role": long_id("role"),
            "psap_notified": PsapNotified(notified=True, at=T0, reference=sign * LINE_MAX),
            "lead_service": long_id("lead"),
        }
    )


class Crowd:
    """An incident with ``partners``, each with groups of 100, told by ``channels``; all ids as long as they may be."""

    def __init__(self, partners: int, roles: int, channels: tuple[Channel, ...], sign: str) -> None:
        self.shape, self.channels, self.sign = (partners, roles), channels, sign
        self.state: IncidentState | None = None
        self.emitted: list[Notification] = []

    def decide(self, event: int, kind: EventKind = EventKind.REPORT) -> None:
        """A report or update of everything there is to say; a request of each partner beside the next one's."""
        partners, roles = self.shape
        for number in range(partners):
            people = tuple(
                Recipient(role=long_id("role", role), contact_id=long_id(number, role, one), channels=self.channels)
                for role in range(roles)
                for one in range(100)
            )
            names = {name: long_id(name, number) for name in ("agreement", "clause", "partner")}
            shared = full_facts(self.sign, 10 * event + number)
            one = route(*people, shared=shared, asking_party=long_id("asker"), **names)
            record = decision(
                long_id("ev", event, number),
                one,
                kind=kind,
                incident_id=long_id("in"),
                reporting_party=long_id("asker"),
                exerciseid=long_id("drill"),
                origin="exercise",
            )
            assert len(encode(DECISIONS, record, source="test", at=T0).value) <= DECISIONS.max_bytes
            self.apply(record)

    def apply(self, record: Any, now: datetime = T0) -> None:
        """Fold one record."""
        folded = fold(self.state, record, partition=0, codes_in_use=(), now=now)
        self.state = folded.state
        self.emitted += [effect.notification for effect in folded.effects if isinstance(effect, Emit)]

    @property
    def known(self) -> IncidentState:
        """Its state."""
        assert self.state is not None
        return self.state


def crowd(partners: int, roles: int, channels: tuple[Channel, ...], sign: str = "ā") -> Crowd:
    """One in which everybody is being told, while an update waits for each, and all has been said that is kept."""
    story = Crowd(partners, roles, channels, sign)
    story.decide(1)
    for number, note in enumerate(list(story.emitted)):
        story.apply(claim(note, long_id("claim", number)))
    story.decide(2, EventKind.UPDATE)
    contacts = list(dict.fromkeys(slot.contact_id for slot in story.known.slots))
    for number in range(ANSWERS_MAX):
        contact = contacts[number % len(contacts)]
        story.apply(
            response(
                long_id("rs", number),
                long_id("in"),
                contact_id=contact,
                party=long_id("partner", 0),
                text=sign * TEXT_MAX,
                role=long_id("role"),
                answer=Answer.DECLINE,
                provider=long_id("sms"),
                provider_ref="r" * 200,
            )
        )
    for number in range(PARKED_MAX):
        strange = story.emitted[0].model_copy(update={"notification_id": long_id("nt", number)})
        story.apply(outcome(strange, Delivery.SENT, detail=sign * 400, provider=long_id("p"), provider_ref="r" * 200))
    return story


def with_news(state: IncidentState) -> IncidentState:
    """``state`` with as many texts to its asking side as there may be, each a different one."""
    first = state.slots[0]
    news = (
        first.model_copy(
            update={
                "waiting": None,
                "current": first.current.model_copy(
                    update={
                        "notification_id": long_id("nt", number),
                        "template": Template.ANSWERED,
                        "answer": AnswerNews(
                            party=long_id("partner"),
                            at=at(number),
                            tried=tuple(long_id("role", one) for one in range(9)),
                        ),
                        "decided_at": at(number),
                    }
                ),
            }
        )
        for number in range(NEWS_MAX)
    )
    return state.model_copy(update={"news": tuple(news)})


def bytes_of(state: IncidentState) -> bytes:
    """``state`` as it stands on the log."""
    return encode(INCIDENTS, state, source="test", at=T0).value


@settings(deadline=None, max_examples=20)
@given(
    partners=st.integers(1, 4),
    roles=st.integers(1, 3),
    channels=st.sampled_from([(Channel.SMS,), (Channel.EMAIL,), (Channel.SMS, Channel.EMAIL)]),
    sign=st.sampled_from("aā🔥"),
)
def test_the_largest_incident_fits_its_topic(
    partners: int, roles: int, channels: tuple[Channel, ...], sign: str
) -> None:
    """Partners, roles, groups of a hundred, channels: an update waiting for each, every text as long as it may be."""
    state = with_news(crowd(partners, roles, channels, sign).known)
    assert len(state.slots) == min(SLOTS_MAX, partners * roles * 100 * len(channels))
    assert all(slot.waiting is not None for slot in state.slots)
    assert (len(state.answers), len(state.parked)) == (ANSWERS_MAX, PARKED_MAX)
    value = bytes_of(state)
    assert len(value) < ROOM
    assert decode(INCIDENTS, value) == state


@pytest.fixture(scope="module")
def large() -> IncidentState:
    """A state of two partners with a hundred people each."""
    return crowd(2, 1, (Channel.SMS,)).known


def test_a_written_state_is_read_as_it_was(large: IncidentState) -> None:
    """The log, a dispatcher's memory and what is known before reading all say what the state says."""
    value = bytes_of(large)
    assert b'"once"' in value
    assert decode(INCIDENTS, value) == large
    WrittenState.model_validate_json(value)  # which the JSON Schema describes
    outline = outline_of(value)
    assert outline is not None
    assert (outline.code, next_due(outline)) == (large.code, next_due(large))
    states = States()
    states.put_snapshot(large.incident_id, value)
    assert states.get(large.incident_id) == large


def test_texts_of_a_state_read_from_the_log_share_their_facts(large: IncidentState) -> None:
    """In memory, too, facts are held once for each partner and event."""
    read = decode(INCIDENTS, bytes_of(large))
    assert isinstance(read, IncidentState)
    assert len({id(slot.current.facts) for slot in read.slots}) == len(read.obligations) == 2


def test_a_small_state_is_written_whole(large: IncidentState) -> None:
    """Most incidents are small: what they take on the log reads as ever, also by an earlier release."""
    few = large.model_copy(update={"slots": large.slots[:FEW]})
    assert bytes_of(few) == few.model_dump_json(exclude_none=True).encode()
    assert decode(INCIDENTS, bytes_of(few)) == few


def test_a_large_state_of_an_earlier_release_is_read(large: IncidentState) -> None:
    """It holds every text whole, and takes less room once it is written again."""
    some = large.model_copy(update={"slots": large.slots[: 5 * FEW], "parked": ()})
    earlier = some.model_dump_json(exclude_none=True).encode()
    assert decode(INCIDENTS, earlier) == some == decode(INCIDENTS, bytes_of(some))
    assert len(bytes_of(some)) < len(earlier) / 3


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"obligations":[1,3]', b'"obligations":[1,9]'),
        (b'"obligations":[1,3]', b'"obligations":[1,-1]'),
        (b'"obligations":[1,3]', b'"obligations":[1]'),
        (b'"slots":[[0,1],', b'"slots":[[0],'),
        (b'"slots":[[0,1],', b'"slots":[[0,77],'),
        (b'"facts":0}', b'"facts":12}'),
    ],
)
def test_a_state_that_names_what_it_does_not_have_is_refused(large: IncidentState, before: bytes, after: bytes) -> None:
    """A damaged table never makes a text say another partner's facts by chance: the incident is set aside."""
    value = bytes_of(large)
    assert before in value
    with pytest.raises(Undecodable, match="once"):
        decode(INCIDENTS, value.replace(before, after, 1))
