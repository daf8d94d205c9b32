"""STOP and START: the wish goes onto ``control``, and its municipality hears that it lost a contact, or has it back."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from gateway.inbound import InboundText
from gateway.log import SOURCE, Log
from gateway.people import post_of
from runtime.control import Control
from runtime.kafka import partition_for
from runtime.log import logger
from schemas import ids
from schemas.control import ContactStop
from schemas.event import EmergencyEvent, PsapNotified, Service
from schemas.policy.directory import Contact
from schemas.policy.models import Policy
from schemas.topics import CONTROL, EVENTS
from schemas.vocabulary import EventKind, Origin, ServiceKind, Status

Command = Literal["stop", "start"]

TOLD_FOR = timedelta(hours=24)
"""How long the word to the municipality may be on its way."""

EXERCISE_ID = "contacts"
"""The exercise of events about contacts who take part in exercises only: an event of such origin must name one."""

_REMEMBERED = 10_000


@dataclass(frozen=True)
class _Wish:
    at: datetime
    stopped: bool


class Stops:
    """Puts the wishes of contacts onto the log. Repeats change nothing, and an older wish never undoes a newer one."""

    def __init__(
        self, log: Log, control: Callable[[], Control], policy: Callable[[], Policy | None], partitions: int
    ) -> None:
        self._log, self._control, self._policy, self._partitions = log, control, policy, partitions
        self._wishes: OrderedDict[str, _Wish] = OrderedDict()

    async def heed(self, text: InboundText, command: Command, contacts: Mapping[str, Contact]) -> None:
        """Write what ``text`` asks for each of ``contacts``, all that one number reaches.

        Raises:
            LogAway: not all of it is known to be written; heed it again.
        """
        for name, contact in contacts.items():
            await self._heed_one(text, _Wish(text.at, command == "stop"), name, contact)

    async def _heed_one(self, text: InboundText, wish: _Wish, name: str, contact: Contact) -> None:
        known = self._wishes.get(name)
        if known is not None and known.at > wish.at:
            return  # a later wish came first, by another way
        before = known.stopped if known else name in self._control().stopped_contacts
        if before is not wish.stopped:
            # First: were it written second and lost, a repeat would find the wish heeded and tell nobody.
            await self._tell(text, wish, name, contact)
        record = ContactStop(contact_id=name, stopped=wish.stopped, at=wish.at)
        await self._log.write(CONTROL, record, partition=0, key=record.key, cause=text.ref)
        self._wishes[name] = wish
        self._wishes.move_to_end(name)
        while len(self._wishes) > _REMEMBERED:
            self._wishes.popitem(last=False)
        logger().info("contact_stop" if wish.stopped else "contact_start", contact=name)

    async def _tell(self, text: InboundText, wish: _Wish, name: str, contact: Contact) -> None:
        post = post_of(self._policy(), name, contact.purpose)
        if post is None:
            logger().warning("contact_of_no_party", contact=name, stopped=wish.stopped)
            return
        event = contact_event(text, name, post.party, contact.purpose, lost=wish.stopped)
        partition = partition_for(event.incident_id, self._partitions)
        await self._log.write(EVENTS, event, partition=partition, key=event.incident_id, cause=text.ref)


def contact_event(text: InboundText, contact: str, party: str, purpose: Origin, *, lost: bool) -> EmergencyEvent:
    """What tells ``party`` that ``contact`` wants no more texts, or wants them again. A repeat has the same ids."""
    name = f"{text.provider}:{text.ref}:{contact}"
    return EmergencyEvent(
        event_id=ids.event_id(SOURCE, name),
        incident_id=ids.incident_id(SOURCE, name),
        kind=EventKind.REPORT,
        status=Status.SYSTEM,
        origin=purpose,
        exerciseid=EXERCISE_ID if purpose is Origin.EXERCISE else None,
        reporting_party=party,
        psap_notified=PsapNotified(notified=False),
        reported_at=text.at,
        expires_at=text.at + TOLD_FOR,
        service=Service(kind=ServiceKind.CONTACT_LOST if lost else ServiceKind.CONTACT_BACK, contact_id=contact),
    )
