"""A trace in full: the records, who was told and who was not, the ladders, the hops; as lines and as one document."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from console.explain.climbs import Refolded, Standing, ended_words, refold, standing_lines, standings_of
from console.explain.messages import HOPS, Message, messages_of
from console.explain.reading import Found
from console.explain.story import Teller
from console.explain.texts_sent import TextsSent
from console.explain.times import ZONE, clock, took
from console.explain.untold import Untold, untold_of
from console.logs.logged import Logged
from schemas.decision import Decision
from streams.rules.routing.explain import explain


@dataclass(frozen=True)
class Report:
    """Everything that is said of one incident. ``texts`` renders what was sent, ``now`` is when it is asked."""

    found: Found
    texts: TextsSent
    now: datetime

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """What became of each text."""
        return messages_of(self.found.records, self.refolded.orders)

    @cached_property
    def refolded(self) -> Refolded:
        """The records through the rules again."""
        return refold(self.found)

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        """How far up each ladder is."""
        return standings_of(self.refolded.state)

    @cached_property
    def untold(self) -> tuple[Untold, ...]:
        """Who was not told, and why not."""
        return untold_of(self.found, self.messages, self.standings)

    def lines(self) -> list[str]:
        """The trace for people."""
        teller = Teller(self.found.records, self.found.policy, self.texts)
        teller.recall(self.refolded.orders)
        story = teller.lines()
        return [*story, *self._told(), *self._not_told(), *self._ladders(), *self._hops()]

    def _told(self) -> Iterator[str]:
        yield ""
        yield "Who was told"
        told = [one for one in self.messages if one.told]
        for one in told:
            order = one.order
            answer = f", answered {one.answer.answer or 'something not understood'}" if one.answer else ""
            sent = one.moments.get("accepted")
            yield (
                f"✓ {order.party} {order.role} ({order.contact_id}): {order.template.value} by {order.channel.value}"
                f"{f' at {clock(sent)}' if sent else ''}, {one.delivery.value}{answer}"
            )
        if not told:
            yield "nobody"

    def _not_told(self) -> Iterator[str]:
        yield ""
        yield "Who was not, and why not"
        yield from (one.line for one in self.untold)
        if not self.untold:
            yield "nobody was left out"

    def _ladders(self) -> Iterator[str]:
        if self.standings:
            yield ""
            yield "Ladders"
        for one in self.standings:
            yield from standing_lines(one, self.now, clock)

    def _hops(self) -> Iterator[str]:
        """How long each hop took, for each text, from the records' own append times."""
        timed = [one for one in self.messages if one.hops]
        if timed:
            yield ""
            yield "How long each hop took"
        for one in timed:
            order = one.order
            steps = ", ".join(f"{a} → {b} {took(length)}" for a, b, length in one.hops)
            yield f"{order.contact_id} {order.channel.value} {order.template.value}: {steps}"

    def document(self) -> dict[str, Any]:
        """The same as one JSON document; times are in UTC."""
        return {
            "incident": self.found.incident,
            "partition": self.found.records[0].partition,
            "time_zone": ZONE.key,
            "records": [self._record(one) for one in self.found.records],
            "messages": [self._message(one) for one in self.messages],
            "not_told": [_untold(one) for one in self.untold],
            "ladders": [_ladder(one) for one in self.standings],
        }

    def _record(self, one: Logged) -> dict[str, Any]:
        value = one.record.model_dump(mode="json", exclude_none=True) if one.record is not None else None
        told: dict[str, Any] = {
            "topic": one.topic,
            "partition": one.partition,
            "offset": one.offset,
            "appended_at": one.appended_at.isoformat(),
            "value": value,
        }
        if one.fault is not None:
            told["fault"] = one.fault.detail
        if isinstance(one.record, Decision) and (policy := self.found.policy(one.record.policy_version)):
            told["explained"] = explain(one.record, policy)
        return told

    def _message(self, one: Message) -> dict[str, Any]:
        order = one.order
        return {
            "notification": order.notification_id,
            "party": order.party,
            "role": order.role,
            "contact": order.contact_id,
            "channel": order.channel.value,
            "template": order.template.value,
            "step": order.step + 1,
            "attempts": order.attempt,
            "order_kept": not one.recalled,
            "told": one.told,
            "delivery": one.delivery.value,
            "reason": one.reason.value if one.reason else None,
            "held_by_a_stop_switch": one.held,
            "answer": one.answer.answer.value if one.answer and one.answer.answer else None,
            "text": self.texts.lines(order, one.sha256)[0] if one.sha256 else None,
            "at": {hop: one.moments[hop].isoformat() for hop in HOPS if hop in one.moments},
            "hops_ms": {f"{before}_{after}": round(length, 3) for before, after, length in one.hops},
        }


def _untold(one: Untold) -> dict[str, Any]:
    return {
        "party": one.party,
        "role": one.role,
        "contact": one.contact,
        "stopped": one.stopped.value,
        "stage": one.stage,
        "reason": one.reason,
        "detail": one.detail,
        "at": one.at.isoformat() if one.at else None,
    }


def _ladder(one: Standing) -> dict[str, Any]:
    climb = one.climb
    return {
        "ladder": climb.ladder,
        "partner": one.partner,
        "agreement": one.agreement,
        "step": climb.rung + 1,
        "steps": len(climb.plan),
        "asked_at": climb.rung_at.isoformat() if climb.rung_at else None,
        "ended": climb.ended.value if climb.ended else None,
        "ended_words": ended_words(climb.ended) if climb.ended else None,
        "ended_at": climb.ended_at.isoformat() if climb.ended_at else None,
        "waits_for": list(one.waits_for) if climb.ended is None else [],
        "waits_until": climb.next_at.isoformat() if climb.next_at and climb.ended is None else None,
        "next_roles": list(one.next_roles) if climb.ended is None else [],
    }
