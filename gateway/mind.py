"""How the gateway reads replies: by the words of the active policy, and by what is open for the contact."""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.inbound import Meaning, Meant, NotMeant, Reading
from schemas.incident import IncidentState, Slot
from schemas.policy.models import Policy
from schemas.vocabulary import ReplyProblem
from streams.rules.replies.lexicon import default_lexicon, lexicon_of
from streams.rules.replies.understand import Understood, understand

ZONE = ZoneInfo("Europe/Riga")
"""A time of day in a reply ("18.30") is of both sides of the border: Vilnius has the time of Riga."""


class RulesMind:
    """Reads replies by ``streams.rules``. ``policy`` gives the active one, whose words count besides the project's."""

    def __init__(self, policy: Callable[[], Policy | None]) -> None:
        self._policy = policy

    def understand(self, text: str, now: datetime) -> Understood:
        """What ``text``, sent at ``now``, says."""
        policy = self._policy()
        lexicon = lexicon_of(policy) if policy else default_lexicon()
        return understand(text, lexicon, now=now, zone=ZONE)

    def resolve(self, reading: Reading, contact_id: str, states: Sequence[IncidentState], now: datetime) -> Meaning:
        """The open request of ``contact_id`` among ``states`` that the reply means, or why it means none."""
        mine = [state for state in states if state.code is not None and _slot_of(state, contact_id) is not None]
        open_ = [state for state in mine if is_open(state, now)]
        named = _named(reading, mine)
        if named is not None:
            return _answering(reading, contact_id, named) if named in open_ else _too_late(named)
        if reading.code is not None and getattr(reading, "code_sure", True):
            return NotMeant(ReplyProblem.UNKNOWN_CODE, (reading.code,))
        if len(open_) == 1:
            return _answering(reading, contact_id, open_[0])
        codes = tuple(state.code for state in open_ if state.code is not None)
        if open_:
            return NotMeant(ReplyProblem.WHICH_REQUEST if reading.answer else ReplyProblem.NOT_UNDERSTOOD, codes)
        if mine and reading.answer:
            return _too_late(max(mine, key=lambda state: state.updated_at))
        return NotMeant(ReplyProblem.NOTHING_OPEN)


def is_open(state: IncidentState, now: datetime) -> bool:
    """Whether a reply to the incident still counts: it is not closed, and has not expired by ``now``."""
    return (
        state.closed_by is None and state.quarantined is None and (state.expires_at is None or state.expires_at > now)
    )


def _named(reading: Reading, mine: Sequence[IncidentState]) -> IncidentState | None:
    """The incident of the contact whose code stands in the reply, also where that was no sure code."""
    near: tuple[str, ...] = getattr(reading, "near_codes", ())
    for code in (reading.code, *near):
        hit = next((state for state in mine if state.code == code), None)
        if hit is not None:
            return hit
    return None


def _answering(reading: Reading, contact_id: str, state: IncidentState) -> Meaning:
    slot = _slot_of(state, contact_id)
    if reading.answer is None or slot is None:
        return NotMeant(ReplyProblem.NOT_UNDERSTOOD, (state.code,) if state.code else ())
    return Meant(contact_id, state.incident_id, state.code, slot.party, slot.role)


def _too_late(state: IncidentState) -> NotMeant:
    return NotMeant(ReplyProblem.TOO_LATE, (state.code,) if state.code else ())


def _slot_of(state: IncidentState, contact_id: str) -> Slot | None:
    return next((slot for slot in state.slots if slot.contact_id == contact_id), None)
