"""States at rest are packed, and what is known of them before they are read is what reading them says."""

import json
from datetime import timedelta

import pytest

from schemas.codec import encode
from schemas.decision import Decision
from schemas.incident import IncidentState
from schemas.notification import Receipt
from schemas.topics import INCIDENTS
from schemas.vocabulary import Delivery, EventKind
from streams.dispatcher.ledger import Ledger
from streams.dispatcher.states import AT_WORK_MAX, outline_of
from streams.rules.incidents.due import due, next_due
from streams.rules.incidents.effects import Emit, Folded
from streams.rules.incidents.fold import fold
from tests.dispatcher.builders import CHIEF, DUTY, INCIDENT, at, claim, decision, outcome, release, route
from tests.rules.ladders import ANSWER_S, DESK, begun, says


def opened(incident: str = INCIDENT) -> Folded:
    """An incident of which two people are just being told."""
    first = decision("ev-1", route(CHIEF, DUTY), incident_id=incident)
    return fold(None, first, partition=0, codes_in_use=(), now=at(0))


def story() -> list[IncidentState]:
    """The states of an incident on its way: opened, claimed, given back, failed, updated, expired, cancelled."""
    folded, states = opened(), []
    notes = [effect.notification for effect in folded.effects if isinstance(effect, Emit)]
    records: list[Decision | Receipt] = [
        claim(notes[0]),
        release(notes[0]),
        outcome(notes[0], Delivery.FAILED_TEMP),
        claim(notes[1]),
        decision("ev-2", route(CHIEF, DUTY), kind=EventKind.UPDATE),
        outcome(notes[1], Delivery.UNKNOWN),
        decision("ev-3", kind=EventKind.CANCEL),
    ]
    for record in records:
        assert folded.state is not None
        states.append(folded.state)
        folded = fold(folded.state, record, partition=0, codes_in_use=(), now=at(len(states)))
    assert folded.state is not None
    late = due(folded.state, at(5 * 3600))
    return [*states, folded.state, *([late.state] if late.state else [])]


def snapshot(state: IncidentState) -> bytes:
    """``state`` as it stands on the log."""
    return encode(INCIDENTS, state, source="test", at=at(0)).value


@pytest.mark.parametrize("state", story(), ids=lambda state: f"revision{state.revision}-{len(state.slots)}")
def test_an_outline_has_the_timer_and_the_code_of_the_whole(state: IncidentState) -> None:
    """Wherever an incident stands, its next timer is the same before and after it has been read in full."""
    outline = outline_of(snapshot(state))
    assert outline is not None
    assert (outline.incident_id, outline.code) == (state.incident_id, state.code)
    assert next_due(outline) == next_due(state)


@pytest.mark.parametrize("state", story(), ids=lambda state: f"revision{state.revision}-{len(state.slots)}")
def test_a_state_taken_over_from_the_log_is_the_state_that_was_written(state: IncidentState) -> None:
    """A ledger restored from snapshots answers as the one that wrote them, code and timer included."""
    wrote, restored = Ledger(0), Ledger(0)
    wrote.accept((state,))
    outline = outline_of(snapshot(state))
    assert outline is not None
    restored.accept_snapshot(snapshot(state), outline)
    assert restored.state_of(INCIDENT) == wrote.state_of(INCIDENT) == state
    assert restored.next_due() == wrote.next_due()
    assert restored.incident_of_code(state.code) == wrote.incident_of_code(state.code) == INCIDENT


def test_states_at_rest_are_packed_and_come_back_whole() -> None:
    """However many incidents there are, each is given back as it was taken over, and an older state never again."""
    ledger = Ledger(0)
    states = [opened(f"in-{number}").state for number in range(3 * AT_WORK_MAX)]
    known = [state for state in states if state is not None]
    ledger.accept(known)
    changed = known[0].model_copy(update={"updated_at": at(60)})
    ledger.accept((changed,))
    ledger.accept(known[1:])
    assert len(ledger.incidents) == len(known)
    assert [ledger.state_of(state.incident_id) for state in known] == [changed, *known[1:]]


def test_a_forgotten_incident_is_gone_wherever_its_state_was_kept() -> None:
    """Forgetting takes state, code and timer, of an incident at work and of one at rest."""
    ledger = Ledger(0)
    ledger.accept(state for number in range(2 * AT_WORK_MAX) if (state := opened(f"in-{number}").state))
    code = (ledger.state_of("in-0") or pytest.fail("unknown")).code
    ledger.forget(f"in-{number}" for number in range(2 * AT_WORK_MAX))
    assert (len(ledger.incidents), ledger.next_due(), ledger.incident_of_code(code)) == (0, None, None)
    assert ledger.state_of("in-0") is ledger.state_of(f"in-{2 * AT_WORK_MAX - 1}") is None


def test_a_snapshot_that_cannot_be_read_is_quarantined_when_it_is_asked_for() -> None:
    """A wrong field that no timer depends on sets the incident aside, once, and no timer fires for it any more."""
    (state, *_) = story()
    wrong = snapshot(state).replace(b'"role":"duty"', b'"role":"no such name!"')
    outline = outline_of(wrong)
    assert wrong != snapshot(state)
    assert outline is not None
    ledger = Ledger(0)
    ledger.accept_snapshot(wrong, outline)
    found = ledger.state_of(INCIDENT)
    assert found is not None
    assert "its snapshot cannot be read: " in (found.quarantined or "")
    assert "role" in (found.quarantined or "")
    assert (ledger.state_of(INCIDENT), ledger.next_due()) == (found, None)


@pytest.mark.parametrize("change", [{"version": 2}, {"record": "cursor"}, {"updated_at": "yesterday"}, {"slots": 3}])
def test_a_snapshot_whose_timers_cannot_be_told_has_no_outline(change: dict[str, object]) -> None:
    """What is no state of this version, or lacks its times, is not taken over unread."""
    (state, *_) = story()
    assert outline_of(json.dumps(json.loads(snapshot(state)) | change).encode()) is None
    assert outline_of(b"\xff{") is None


def test_superseded_timers_do_not_pile_up() -> None:
    """An incident whose timer moves again and again keeps a bounded number of entries."""
    ledger = Ledger(0)
    state = opened().state
    assert state is not None
    for number in range(5000):
        expires = at(3600 + number)
        slots = tuple(
            slot.model_copy(update={"current": slot.current.model_copy(update={"expires_at": expires})})
            for slot in state.slots
        )
        ledger.accept((state.model_copy(update={"slots": slots}),))
    assert ledger.next_due() == at(3600) + timedelta(seconds=4999)
    assert len(ledger._timers) < 200


def test_an_outline_knows_the_timers_of_ladders_and_of_news() -> None:
    """While a rung waits, when an answer is to be told, and when a text to the asking side is tried again."""
    climbing = begun().accepted()
    waiting = climbing.known
    climbing.apply(says(DESK.contact_id))
    climbing.apply(outcome(climbing.emitted[0], Delivery.FAILED_TEMP))
    for state in (waiting, climbing.known):
        outline = outline_of(state.model_dump_json(exclude_none=True).encode())
        assert outline is not None
        assert next_due(outline) == next_due(state)
    assert (next_due(waiting), next_due(climbing.known)) == (at(ANSWER_S), at(10))
