"""Several routine texts to one contact as one: each is claimed, one carries the text, the others' receipts name it.

Best effort: where anything is unclear before the call, they are left to go out one by one. After a crash in the middle
of it each is found by its own claim, not found at the provider under its own text, and sent by itself.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from notifiers.chain import Chain, Link, Wishes
from notifiers.checks import Refusal, expired, forbidden, prepare, silenced
from notifiers.claims import ClaimDesk, InHand, Taken
from notifiers.delivery import CLOCK_SLACK, Policies
from notifiers.gate import Gate, HeldBack
from notifiers.message import Message, render_together
from notifiers.outcome import NotSent, Outcome, Retry, Sent, Unknown
from notifiers.pace import Stopping
from notifiers.rates import LaneRate
from notifiers.reporter import Reporter
from notifiers.texts import Unrenderable
from notifiers.tries import Windows
from runtime.log import logger
from schemas.policy.directory import Directory
from schemas.policy.models import Policy
from schemas.vocabulary import Channel, ReceiptKind, ReceiptReason

AT_MOST = 50
"""So many are told together; more go with the next text."""

_NAMED = 8
"""So many of the others does the receipt of the one that carries the text name."""

Claimed = list[tuple[InHand, Taken]]


@dataclass(frozen=True)
class Together:
    """Delivers a group of notifications to one contact (oldest first) with one call."""

    reporter: Reporter
    chain: Chain
    desk: ClaimDesk
    policies: Policies
    directory: Callable[[], Directory]
    windows: Windows
    gate: Gate
    rate: LaneRate
    only_to: str | None = None

    async def deliver(self, hands: Sequence[InHand]) -> list[InHand]:
        """Bring ``hands`` to an outcome that stands on the log; returns those that must go out by themselves.

        Raises:
            Stopping: asked to stop before anything was handed over; all stay to be done.
            KafkaError, TimeoutError, ReadingStopped: the log failed; the process must end and start anew.
        """
        policy = self.policies.get(hands[-1].notification.policy_version)
        if policy is None or any(self.gate.switch_over(hand.notification) for hand in hands):
            return list(hands)
        for hand in hands:
            self.desk.follow(hand)
        await self.rate.take()
        done: set[str] = set()
        try:
            async with self.chain.turn(Wishes()) as link:
                done = await self._claim_and_send(hands, policy, link)
        finally:
            if not done:
                self.rate.give_back()
        return [hand for hand in hands if hand.notification.notification_id not in done]

    async def _claim_and_send(self, hands: Sequence[InHand], policy: Policy, link: Link) -> set[str]:
        """The ids of those that have an outcome now."""
        taken = await asyncio.gather(*(self.desk.take(hand, provider=link.name) for hand in hands))
        ours = [(hand, one) for hand, one in zip(hands, taken, strict=True) if one.ours]
        if not ours:
            return set()
        try:
            message = self._message([hand for hand, _ in ours], policy) if len(ours) > 1 else None
            outcome = None if message is None else await self._call(ours, message, link)
        except (HeldBack, Stopping) as stopped:
            await self._release(ours)
            if isinstance(stopped, Stopping):
                raise
            return set()
        if message is None or outcome is None:
            await self._release(ours)
            return set()
        await self._conclude(ours, message, outcome, link.name)
        return {hand.notification.notification_id for hand, _ in ours}

    def _message(self, hands: Sequence[InHand], policy: Policy) -> Message | None:
        """The one text, or None where one of them must not go out or the words for it are missing."""
        notifications, directory = [hand.notification for hand in hands], self.directory()
        for notification in notifications:
            refused = forbidden(notification) or silenced(notification, self.gate.control)
            if refused or isinstance(prepare(notification, policy, directory), Refusal):
                return None
        contact = directory.contacts[notifications[-1].contact_id]
        try:
            return render_together(
                notifications, policy, contact, contact.address(Channel.SMS) or "", only_to=self.only_to
            )
        except Unrenderable as problem:
            logger().warning("digest_unrenderable", detail=problem.detail)
            return None

    async def _call(self, ours: Claimed, message: Message, link: Link) -> Outcome | None:
        """Send, and ask what became of it where that is unclear; None where it must not or need not be sent."""
        async with link.pace.calls:
            for hand, one in ours:
                await self.gate.pass_by(hand.notification, one.claim.claim_id)
            waited_s, now = max(one.claim.age_s() for _, one in ours), self.desk.now()
            if waited_s >= self.windows.claim_fresh_s:
                link.pace.too_early()
                return None
            if any(expired(hand.notification, now) for hand, _ in ours):
                return None
            if self.rate.in_segments:
                self.rate.more(message.segments or 1)
            called_s = asyncio.get_running_loop().time()
            outcome = await link.provider.send(message, now)
        link.pace.learn(outcome, called_s=called_s, waited_s=waited_s)
        if not isinstance(outcome, Unknown):
            return outcome
        refs = frozenset[str]().union(*(self.desk.ledger(hand).refs() for hand, _ in ours))
        answer = await self.chain.reconcile(link.name, message, now - CLOCK_SLACK, refs)
        return Retry(outcome.reason, f"{outcome.detail}; asked: not sent") if isinstance(answer, NotSent) else answer

    async def _conclude(self, ours: Claimed, message: Message, outcome: Outcome, provider: str) -> None:
        """The newest carries the text; the receipts of the others name it."""
        (*others, (carrier, claimed)) = ours
        carried_by = f"told in the text of {carrier.notification.notification_id}"
        names = [hand.notification.notification_id for hand, _ in others]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        if isinstance(outcome, Sent):
            tells = f"one text for {len(ours)}, also for {', '.join(names[:_NAMED])}{more}"
            await self.reporter.conclude(
                carrier, message, outcome, claimed.claim.claim_id, provider, detail=tells[:400]
            )
            said: dict[str, object] = {
                "reason": ReceiptReason.DIGESTED,
                "detail": carried_by,
                "provider_ref": None,
            }
        else:
            await self.reporter.conclude(carrier, message, outcome, claimed.claim.claim_id, provider)
            said = {"detail": f"{carried_by}: {outcome.detail}"[:400]}
        await asyncio.gather(
            *(self.reporter.conclude(hand, None, outcome, one.claim.claim_id, None, **said) for hand, one in others)
        )

    async def _release(self, ours: Claimed) -> None:
        for hand, one in ours:
            released = self.desk.receipt(hand, ReceiptKind.RELEASE, claim_id=one.claim.claim_id)
            await self.desk.write(hand, [released])
