"""Whom an exercise would reach, said before it is sent; whoever is not there for exercises is a reason to refuse it."""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.decision import Decision, Recipient, Route
from schemas.policy.directory import Contact, Directory
from schemas.policy.models import Policy
from schemas.vocabulary import Channel, Origin
from streams.rules.duty.crew import rung

DUTY_DESK = "duty_desk"
"""Who hears at the asking side what became of a request where its ladder names nobody."""

AT_ONCE = "at once"


@dataclass(frozen=True)
class Reach:
    """``lines`` say who would be told, ``warnings`` what is worth knowing, ``faults`` whom it must not reach.

    ``at_once`` counts the texts and mails it begins with, ``in_all`` those of every step and of one answer to each.
    """

    lines: tuple[str, ...]
    warnings: tuple[str, ...]
    faults: tuple[str, ...]
    at_once: int = 0
    in_all: int = 0


def reach_of(decision: Decision, policy: Policy, directory: Directory) -> Reach:
    """Whom the exercise of ``decision`` reaches on every step of its ladders, and at the asking side."""
    lines: list[str] = []
    warnings: list[str] = []
    faults: list[str] = []
    seen: set[tuple[str, str]] = set()
    at_once = in_all = 0
    for route in decision.routes:
        for party, when, recipient in (*_asked(route, decision, policy), *_told_back(route, decision, policy)):
            if (party, recipient.contact_id) in seen:
                continue
            seen.add((party, recipient.contact_id))
            at_once += len(recipient.channels) if when == AT_ONCE else 0
            in_all += len(recipient.channels)
            contact = directory.contacts.get(recipient.contact_id)
            by = ", ".join(channel.value for channel in recipient.channels)
            lines.append(f"exercise  {party}: {recipient.role} ({recipient.contact_id}) by {by}, {when}")
            if contact is None:
                faults.append(f"{recipient.contact_id} ({party} {recipient.role}) is not in the directory")
            elif contact.purpose is not Origin.EXERCISE:
                faults.append(f"{recipient.contact_id} ({party} {recipient.role}) is there for real events")
            else:
                warnings += _shared(recipient.contact_id, contact, directory)
        warnings += _nobody(route, decision, policy)
    return Reach(tuple(lines), tuple(warnings), tuple(faults), at_once, in_all)


def _asked(route: Route, decision: Decision, policy: Policy) -> Iterator[tuple[str, str, Recipient]]:
    for recipient in route.recipients:
        yield route.partner, AT_ONCE, recipient
    for step in route.plan:
        found = rung(
            policy, party=route.partner, roles=step.roles, channels=step.channels, origin=Origin.EXERCISE,
            at=decision.recorded_at,
        )  # fmt: skip
        for recipient in found.recipients:
            yield route.partner, f"on step {step.step + 1} of its ladder", recipient


def _told_back(route: Route, decision: Decision, policy: Policy) -> Iterator[tuple[str, str, Recipient]]:
    """The asking side's own exercise contacts, who hear what came of a request."""
    if route.reply_within_s is None:
        return
    ladder = next((one for one in policy.ladders if one.id == route.ladder), None)
    roles = (ladder.tell_if_nobody if ladder else ()) or (DUTY_DESK,)
    found = rung(
        policy, party=route.asking_party, roles=roles, channels=tuple(Channel), origin=Origin.EXERCISE,
        at=decision.recorded_at,
    )  # fmt: skip
    for recipient in found.recipients:
        yield route.asking_party, "with the answer", recipient


def _nobody(route: Route, decision: Decision, policy: Policy) -> Iterator[str]:
    for step in route.plan:
        found = rung(
            policy, party=route.partner, roles=step.roles, channels=step.channels, origin=Origin.EXERCISE,
            at=decision.recorded_at,
        )  # fmt: skip
        for role in found.unfilled:
            yield f"{route.partner} has nobody for exercises as {role}: step {step.step + 1} of the ladder skips it"


def _shared(contact_id: str, contact: Contact, directory: Directory) -> Iterator[str]:
    for name, other in directory.contacts.items():
        if contact.sms is not None and other.sms == contact.sms and other.purpose is Origin.LIVE:
            yield (
                f"{contact_id} has the number of {name}, who is there for real events: that phone gets both, and only "
                "the first words tell them apart"
            )
