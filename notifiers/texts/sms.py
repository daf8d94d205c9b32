"""The SMS of a notification: its text, how it is encoded, how many parts it takes, what fell away to fit.

What falls first is what a reader can do without: a place name that the parish already says, severity, time,
hazards (each comes back where a later fall made room), needs beyond the first, the rest of the place name, the note
of a referral; what an update changed comes last, item by item. Before the first need, the lead service or a changed
severity falls, the diacritics do: plain letters give more than twice the room. Prefix, code, event type, parish,
coordinates, call-back number and reply line never fall. Room that is left over in the last part names the asking side.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from notifiers.texts.answer_draft import answer_parts
from notifiers.texts.gsm import MAX_SEGMENTS, is_gsm, measure
from notifiers.texts.letters import UNKNOWN, to_ascii
from notifiers.texts.lookup import party_of
from notifiers.texts.parts import Part, Sms, fitted, sms_of
from notifiers.texts.service_draft import service_parts
from notifiers.texts.sms_draft import Draft, Items, asker_name, draft_of
from notifiers.texts.wording import Unrenderable, texts_of
from schemas.base import Lang
from schemas.notification import Notification
from schemas.policy.directory import Script
from schemas.policy.models import Policy
from schemas.vocabulary import ANSWER_TEMPLATES, SERVICE_TEMPLATES

__all__ = ["Sms", "render_sms"]

Write = Callable[[Draft], str]

_RESTORABLE = {"time": "time", "severity": "severity", "hazards": "hazards", "place_name": "name_shown"}
"""What may come back when something longer has fallen after it, the most useful first, and its part of a draft."""


def render_sms(
    notification: Notification, policy: Policy, *, language: Lang, script: Script, in_front: str | None = None
) -> Sms:
    """The SMS for ``notification`` in the reader's language and letters, at most three parts long.

    Times are those of the reader's party. ``policy`` is the one the decision was made by. ``in_front`` stands before
    everything else and never falls away.

    Raises:
        Unrenderable: the policy lacks something the text needs, or its words are too long for three parts.
    """
    texts = texts_of(policy, language)
    if notification.template in ANSWER_TEMPLATES:
        return _fronted(answer_parts(notification, policy, texts), script, in_front)
    if notification.template in SERVICE_TEMPLATES:
        return _fronted(service_parts(notification, policy, texts), script, in_front)
    full = draft_of(notification, policy, texts, party_of(policy, notification.party))
    if in_front:
        full = replace(full, head=f"{in_letters_of(full.body(), in_front)} {full.head}")
    asker = asker_name(notification, policy, language)
    if script is Script.NATIVE:
        draft, dropped = _fitted(full, Draft.body, _native_steps)
        if _segments(draft.body()) <= MAX_SEGMENTS:
            return sms_of(_with_asker(draft, asker, Draft.body), dropped)
    draft, dropped = _fitted(full, _ascii_body, _ascii_steps)
    if script is Script.NATIVE:
        dropped = (*dropped, "diacritics")
    if UNKNOWN in _ascii_body(draft) and UNKNOWN not in draft.body():
        dropped = (*dropped, "letters")
    if _segments(_ascii_body(draft)) > MAX_SEGMENTS:
        raise Unrenderable(f"the policy's words in {language} are too long: the shortest text exceeds 3 SMS parts")
    return sms_of(_with_asker(draft, asker, _ascii_body), dropped)


def in_letters_of(body: str, in_front: str) -> str:
    """``in_front`` so that its signs do not make a text of plain letters twice as long."""
    return to_ascii(in_front) if is_gsm(body) else in_front


def _fronted(parts: list[Part], script: Script, in_front: str | None) -> Sms:
    """``parts`` as one SMS, behind ``in_front``."""
    if in_front:
        head = replace(parts[0], text=f"{in_letters_of(fitted(parts, script).body, in_front)} {parts[0].text}")
        parts = [head, *parts[1:]]
    return fitted(parts, script)


def _with_asker(draft: Draft, asker: str | None, write: Write) -> str:
    """The text of ``draft``, naming the asking side where that takes no further part."""
    body, named = write(draft), write(replace(draft, asker=asker))
    return named if _segments(named) <= _segments(body) else body


def _ascii_body(draft: Draft) -> str:
    return to_ascii(draft.body())


def _segments(body: str) -> int:
    return measure(body).segments


def _fitted(
    full: Draft, write: Write, steps: Callable[[Draft], Iterator[tuple[str, Draft]]]
) -> tuple[Draft, tuple[str, ...]]:
    """``full`` with as much taken away as three parts demand, and the names of what was."""
    draft, dropped = full, list[str]()
    if draft.name_in_area and _segments(write(_nameless(draft))) < _segments(write(draft)):
        draft, dropped = _nameless(draft), ["place_name"]
    remaining = steps(draft)
    while _segments(write(draft)) > MAX_SEGMENTS:
        step = next(remaining, None)
        if step is None:
            break
        fallen, draft = step
        if fallen not in dropped:
            dropped.append(fallen)
    return _restored(full, draft, dropped, write)


def _restored(full: Draft, draft: Draft, dropped: list[str], write: Write) -> tuple[Draft, tuple[str, ...]]:
    """``draft`` with what fell and yet fits now that something longer has fallen, the most useful first."""
    for name, attribute in _RESTORABLE.items():
        if name not in dropped or (name == "place_name" and not full.name_in_area):
            continue
        fuller = replace(draft, **{attribute: getattr(full, attribute)})
        if _segments(write(fuller)) <= MAX_SEGMENTS and not _costs_a_part_for_nothing(name, fuller, draft, write):
            draft, dropped = fuller, [part for part in dropped if part != name]
    return draft, tuple(dropped)


def _costs_a_part_for_nothing(name: str, fuller: Draft, draft: Draft, write: Write) -> bool:
    return name == "place_name" and _segments(write(fuller)) > _segments(write(draft))


def _native_steps(draft: Draft) -> Iterator[tuple[str, Draft]]:
    """Ever shorter drafts, each with the name of the part that fell; what an update changed stays."""
    if draft.name_shown and draft.name_in_area:
        draft = _nameless(draft)
        yield "place_name", draft
    if draft.severity and "severity" not in draft.changed:
        draft = replace(draft, severity=None)
        yield "severity", draft
    if draft.time and "occurred_at" not in draft.changed:
        draft = replace(draft, time=None)
        yield "time", draft
    if draft.hazards and "hazards" not in draft.changed:
        draft = replace(draft, hazards=None)
        yield "hazards", draft
    if "needs" not in draft.changed:
        for needs in _fewer(draft.needs):
            draft = replace(draft, needs=needs)
            yield "needs", draft
    for shown in range(draft.name_shown - 1, -1, -1):
        draft = replace(draft, name_shown=shown)
        yield "place_name", draft
    if draft.notice:
        draft = replace(draft, notice=None)
        yield "notice", draft
    if draft.changes and draft.first:
        draft = replace(draft, changes=None)
        yield "changes", draft
    for hazards in _fewer(draft.hazards):
        draft = replace(draft, hazards=hazards)
        yield "hazards", draft
    for needs in _fewer(draft.needs):
        draft = replace(draft, needs=needs)
        yield "needs", draft


def _ascii_steps(draft: Draft) -> Iterator[tuple[str, Draft]]:
    """The same, and then everything that a text can be without."""
    for fallen, shorter in _native_steps(draft):
        draft = shorter
        yield fallen, draft
    for part in ("changes", "hazards", "time", "severity", "lead_service", "needs", "needs_ended"):
        if getattr(draft, part):
            draft = _without(draft, part)
            yield part, draft


def _nameless(draft: Draft) -> Draft:
    return replace(draft, name_shown=0)


def _without(draft: Draft, part: str) -> Draft:
    return replace(draft, **{part: None})  # type: ignore[arg-type] # only optional parts are named


def _fewer(items: Items | None) -> Iterator[Items]:
    """The list with ever fewer items shown, down to one."""
    for shown in range((items.shown if items else 1) - 1, 0, -1):
        if items:
            yield replace(items, shown=shown)
