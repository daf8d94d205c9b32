"""A decision in plain lines, for a duty officer or an administrator at a terminal."""

from collections.abc import Iterator

from schemas.decision import SERVICE_AGREEMENT, Decision, Recipient, Route, SharedFacts
from schemas.policy.models import Policy
from schemas.vocabulary import Judgement

_MARKS = {Judgement.PASS: "✓", Judgement.WARN: "!", Judgement.STOP: "✗"}
_STAGE_WIDTH, _REASON_WIDTH = 11, 17


class _Names:
    """What parties and roles are called; whoever reads a decision needs no outlines, which take long to load."""

    def __init__(self, policy: Policy) -> None:
        self._parties = {party.id: party.short.en for party in policy.parties}
        self._roles = {role.id: role.names.en for role in policy.roles}

    def party(self, party: str) -> str:
        return self._parties.get(party, party)

    def role(self, role: str) -> str:
        return self._roles.get(role, role)


def explain(decision: Decision, policy: Policy) -> list[str]:
    """What each stage said and why; then, for each agreement, who is told, what crosses and what does not."""
    names = _Names(policy)
    lines = [f"{decision.kind.value} {decision.event_id} of {decision.reporting_party}: {decision.outcome.value}"]
    for verdict in decision.verdicts:
        mark, stage = _MARKS[verdict.judgement], verdict.stage.value
        lines.append(f"{mark} {stage:<{_STAGE_WIDTH}} {verdict.reason:<{_REASON_WIDTH}} {verdict.detail}")
    for route in decision.routes:
        lines += _route(route, names)
    return lines


def _route(route: Route, names: _Names) -> Iterator[str]:
    if route.agreement == SERVICE_AGREEMENT:
        yield f"→ {route.partner}: {route.clause} (about the system itself), {route.lane.value}, in {route.language}"
        for recipient in route.recipients:
            yield f"    tell      {_recipient(recipient, names)}"
        return
    partner = names.party(route.partner)
    what = route.action.value if route.action else "follow-up to those already told"
    under = f"agreement {route.agreement}" + (f", clause {route.clause}" if route.clause else "")
    answer = f", answer within {route.reply_within_s} s" if route.reply_within_s else ""
    yield f"→ {partner}: {what} ({under}), {route.lane.value}, in {route.language}{answer}"
    for recipient in route.recipients:
        yield f"    tell      {_recipient(recipient, names)}"
    yield f"    crosses   {', '.join(_crossing(route.shared)) or 'nothing but that it is over or changed'}"
    yield f"    withheld  {', '.join(route.withheld) or 'nothing'}"
    for step in route.plan:
        roles = ", ".join(names.role(role) for role in step.roles)
        wait = f", answer within {step.answer_within_s} s" if step.answer_within_s else ""
        yield f"    step {step.step + 1}    {roles}: send within {step.send_within_s} s{wait}"


def _recipient(recipient: Recipient, names: _Names) -> str:
    channels = ", ".join(channel.value for channel in recipient.channels)
    return f"{names.role(recipient.role)} ({recipient.contact_id}) by {channels}"


def _crossing(shared: SharedFacts | None) -> Iterator[str]:
    """The names of the facts that cross; of the place, which parts."""
    if shared is None:
        return
    for name in SharedFacts.model_fields:
        value = getattr(shared, name)
        if name == "place" and shared.place is not None:
            yield "municipality"
            parts = ("parish", shared.place.parish), ("place_name", shared.place.name), ("point", shared.place.point)
            yield from (part for part, held in parts if held)
        elif value is not None and value != ():
            yield name
