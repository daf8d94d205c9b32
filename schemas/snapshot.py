"""An ``IncidentState`` as it stands on ``incidents``: in a large one, what several texts say alike is written once.

A contact and channel hold up to two texts, and an incident may have three hundred of them; written out, each would
repeat the facts shared with its partner, and the whole would pass its topic's bound. Who reads a state finds whole
texts in it: this is a matter of the written form alone. The many small ones, and those of earlier releases, hold whole
texts as they are: nothing is gained there, and a third more time is spent.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import ValidationError, create_model

from schemas.base import Model
from schemas.decision import SharedFacts
from schemas.incident import IncidentState, Obligation, Slot
from schemas.notification import Notification

_T = TypeVar("_T")

FEW = 12
"""Up to so many slots every text is written whole."""

ALIKE = (
    "incident_id",
    "event_id",
    "revision",
    "status",
    "origin",
    "exerciseid",
    "replayid",
    "policy_version",
    "agreement",
    "clause",
    "asking_party",
    "party",
    "language",
    "lane",
    "action",
    "code",
    "reply_within_s",
    "subject",
)
"""Fields of a notification that follow from its event and the request, so that many contacts' texts share them."""


def _fields(model: type[Model], names: Sequence[str]) -> Any:
    return {name: (model.model_fields[name].annotation, model.model_fields[name]) for name in names}


_APART = tuple(name for name in Notification.model_fields if name not in {*ALIKE, "facts"})
Content = create_model("Content", __base__=Model, **_fields(Notification, ALIKE), facts=(int, ...))
"""What texts share; ``facts`` is a place in the table of facts."""

Words = create_model("Words", __base__=Model, **_fields(Notification, _APART))
"""What is left of a text: whose it is, its attempt, what an update changes, the answer it tells of."""


class Once(Model):
    """What is written once, and who says it: each list names places in the tables, in the order of the state's own.

    ``slots`` and ``news`` name for each slot the content of the text in hand, and of the one that waits;
    ``obligations`` the facts last shared with each partner.
    """

    facts: tuple[SharedFacts, ...]
    contents: tuple[Content, ...]
    slots: tuple[tuple[int, ...], ...] = ()
    news: tuple[tuple[int, ...], ...] = ()
    obligations: tuple[int, ...] = ()


_SLOT = _fields(Slot, tuple(Slot.model_fields))
_SLOT |= {"current": (Notification | Words, ...), "waiting": (Notification | Words | None, None)}
WrittenSlot = create_model("WrittenSlot", __base__=Model, __doc__=Slot.__doc__, **_SLOT)
_OBLIGATION = _fields(Obligation, tuple(Obligation.model_fields)) | {"facts": (SharedFacts | None, None)}
WrittenObligation = create_model("WrittenObligation", __base__=Model, __doc__=Obligation.__doc__, **_OBLIGATION)
WrittenState = create_model(
    "IncidentState",
    __base__=Model,
    __doc__=IncidentState.__doc__,
    **_fields(IncidentState, tuple(IncidentState.model_fields))
    | {
        "once": (Once | None, None),
        "slots": (tuple[WrittenSlot, ...], ()),
        "news": (tuple[WrittenSlot, ...], ()),
        "obligations": (tuple[WrittenObligation, ...], ()),
    },
)
"""The written form as a model, for its JSON Schema."""

_LEFT_OUT = {*ALIKE, "facts"}
_SLOTS = {"__all__": {"current": _LEFT_OUT, "waiting": _LEFT_OUT}}
_EXCLUDED: Any = {"slots": _SLOTS, "news": _SLOTS, "obligations": {"__all__": {"facts"}}}


class NotWhole(ValueError):
    """A written state that names content it does not have."""


class _Table:
    """Facts and contents met so far, each with its place."""

    def __init__(self) -> None:
        self.facts: list[SharedFacts] = []
        self.first: list[Notification] = []
        self._places: dict[tuple[object, ...], int] = {}
        self._facts_places: dict[int, int] = {}

    def facts_place(self, facts: SharedFacts) -> int:
        """The place of ``facts``; the same object is known by its identity, an equal one by what it says."""
        place = self._facts_places.get(id(facts))
        if place is None:
            place = next((known for known, one in enumerate(self.facts) if one == facts), len(self.facts))
            if place == len(self.facts):
                self.facts.append(facts)
            self._facts_places[id(facts)] = place
        return place

    def place(self, note: Notification) -> int:
        """The place of what ``note`` shares with others."""
        values = note.__dict__
        key = (self.facts_place(note.facts), *[values[name] for name in ALIKE])
        place = self._places.setdefault(key, len(self.first))
        if place == len(self.first):
            self.first.append(note)
        return place

    def places(self, slots: Sequence[Slot]) -> list[list[int]]:
        """For each slot the places of its one or two texts."""
        return [
            [self.place(slot.current)] if slot.waiting is None else [self.place(slot.current), self.place(slot.waiting)]
            for slot in slots
        ]


def written(state: IncidentState) -> bytes:
    """``state`` as JSON; if it is large, each content once."""
    if len(state.slots) + len(state.news) <= FEW:
        return state.model_dump_json(exclude_none=True).encode()
    return _once(state)


def _once(state: IncidentState) -> bytes:
    table = _Table()
    places = {
        "slots": table.places(state.slots),
        "news": table.places(state.news),
        "obligations": [table.facts_place(duty.facts) for duty in state.obligations],
    }
    shared = ",".join(_content(note, table.facts_place(note.facts)) for note in table.first)
    facts = ",".join(one.model_dump_json(exclude_none=True) for one in table.facts)
    named = ",".join(f'"{name}":{str(found).replace(" ", "")}' for name, found in places.items() if found)
    once = f'"facts":[{facts}],"contents":[{shared}]' + (f",{named}" if named else "")
    rest = state.model_dump_json(exclude_none=True, exclude=_EXCLUDED)
    return f'{rest[:-1]},"once":{{{once}}}}}'.encode()


_CONTENT = set(ALIKE)


def _content(note: Notification, facts: int) -> str:
    return f'{note.model_dump_json(exclude_none=True, include=_CONTENT)[:-1]},"facts":{facts}}}'


def whole(body: dict[str, Any]) -> dict[str, Any]:
    """``body``, a parsed written state, with every text whole: what ``IncidentState`` validates.

    Raises:
        NotWhole: it names content that it does not have, or not for each of its texts.
    """
    if "once" not in body:
        return body
    body = dict(body)
    try:
        once = Once.model_validate(body.pop("once"))
        contents = [_spoken(content, once.facts) for content in once.contents]
        for name, places in (("slots", once.slots), ("news", once.news)):
            body[name] = [_slot(slot, own, contents) for slot, own in zip(body.get(name, ()), places, strict=True)]
        duties = zip(body.get("obligations", ()), once.obligations, strict=True)
        body["obligations"] = [duty | {"facts": _at(once.facts, place)} for duty, place in duties]
    except (ValidationError, ValueError, TypeError, IndexError) as error:
        raise NotWhole(f"once: {str(error)[:300]}") from error
    return body


def _spoken(content: Model, facts: Sequence[SharedFacts]) -> dict[str, Any]:
    shared = {name: value for name, value in content.__dict__.items() if name in content.model_fields_set}
    return shared | {"facts": _at(facts, shared["facts"])}


def _slot(slot: dict[str, Any], places: Sequence[int], contents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    texts = ["current"] if slot.get("waiting") is None else ["current", "waiting"]
    return slot | {name: slot[name] | _at(contents, place) for name, place in zip(texts, places, strict=True)}


def _at(table: Sequence[_T], place: int) -> _T:
    if place < 0:
        raise IndexError(f"no place {place}")
    return table[place]
