"""What a slot is owed next: the follow-up of its current notification, and which fields changed."""

from datetime import datetime

from schemas import ids
from schemas.decision import Decision, SharedFacts
from schemas.incident import Obligation, Slot
from schemas.notification import AnswerNews, Notification
from schemas.vocabulary import Action, EventKind, Lane, Template

CLOSING = frozenset({Template.CANCEL, Template.ALL_CLEAR})
"""Templates that end an incident for the reader."""

FOR_THE_TOLD = CLOSING | {Template.ENOUGH}
"""Templates that mean nothing to somebody who was not told of the event."""

ALERTS: dict[Action, Template] = {
    Action.HELP: Template.HELP,
    Action.INFORM: Template.INFORM,
    Action.REFER: Template.REFER,
}

_BY_IMPORTANCE = (
    "place",
    "event_type",
    "severity",
    "needs",
    "casualties",
    "hazards",
    "occurred_at",
    "text",
    "urgency",
    "certainty",
    "callback_role",
    "psap_notified",
)


def changed_fields(before: SharedFacts, after: SharedFacts) -> tuple[str, ...]:
    """Names of the fields that differ, most important first."""
    return tuple(name for name in _BY_IMPORTANCE if getattr(before, name) != getattr(after, name))


def follow_up(slot: Slot, decision: Decision, obligation: Obligation, *, revision: int, lane: Lane) -> Notification:
    """The notification that ``decision`` owes to ``slot``: a cancel, an all-clear, or an update.

    Written for a reader who was told; ``as_first_alert`` rewrites it for one who was not. It cites the policy its facts
    are from: the decision's where it renewed them, and else an older one, since the party, the agreement and the places
    it speaks of may be gone from the policy that is active by now.
    """
    current = slot.current
    return current.model_copy(
        update={
            "notification_id": ids.notification_id(
                decision.event_id, current.step, slot.contact_id, slot.channel.value
            ),
            "attempt": 1,
            "repetition": False,
            "event_id": decision.event_id,
            "revision": revision,
            "policy_version": obligation.policy_version,
            "lane": lane,
            "template": _template(slot, decision.kind, obligation.action),
            "action": obligation.action,
            "facts": obligation.facts,
            "answer": None,
            "resend": None,
            "changed": () if decision.kind in _CLOSING_KINDS else changed_fields(current.facts, obligation.facts),
            "reply_within_s": obligation.reply_within_s,
            "decided_at": decision.recorded_at,
            "expires_at": decision.expires_at,
        }
    )


def thanks(slot: Slot, about: AnswerNews, lane: Lane, expires_at: datetime, now: datetime) -> Notification:
    """Word to one of a group that enough others come."""
    current = slot.current
    return current.model_copy(
        update={
            "notification_id": ids.notification_id(
                thanks_of(current.event_id), current.step, slot.contact_id, slot.channel.value
            ),
            "attempt": 1,
            "repetition": False,
            "lane": lane,
            "template": Template.ENOUGH,
            "changed": (),
            "reply_within_s": None,
            "answer": about,
            "resend": None,
            "decided_at": now,
            "expires_at": expires_at,
        }
    )


def thanks_of(event: str) -> str:
    """What stands for the event in the id of such a word about it."""
    return f"{event}.enough"


def as_first_alert(notification: Notification) -> Notification:
    """The same news for a contact that has not been told yet: an alert, not a change of one."""
    if notification.template is not Template.UPDATE:
        return notification
    return notification.model_copy(update={"template": ALERTS[notification.action], "changed": ()})


def carry_changes(unsent: Notification, update: Notification) -> Notification:
    """``update`` with the changes of the one it replaces, which its reader never saw."""
    if unsent.template is not Template.UPDATE or update.template is not Template.UPDATE:
        return update
    both = {*unsent.changed, *update.changed}
    return update.model_copy(update={"changed": tuple(name for name in _BY_IMPORTANCE if name in both)})


def again(notification: Notification, *, repetition: bool, now: datetime) -> Notification:
    """The next attempt at the same notification; once a repetition, always one."""
    return notification.model_copy(
        update={
            "attempt": notification.attempt + 1,
            "repetition": notification.repetition or repetition,
            "decided_at": now,
        }
    )


_CLOSING_KINDS = {EventKind.CANCEL: Template.CANCEL, EventKind.ALL_CLEAR: Template.ALL_CLEAR}


def _template(slot: Slot, kind: EventKind, action: Action) -> Template:
    if kind in _CLOSING_KINDS:
        return _CLOSING_KINDS[kind]
    if slot.current.template in CLOSING:
        return ALERTS[action]  # they were told it is over: what follows is a new alert, not a change
    return Template.UPDATE
