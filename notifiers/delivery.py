"""One notification from claim to outcome: who may send it, the call, and what is done when the call is unclear."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from notifiers.chain import Chain, Link, Wishes
from notifiers.checks import Refusal, expired, forbidden, prepare, silenced
from notifiers.claims import ClaimDesk, InHand, Taken, log_claim_lost
from notifiers.gate import Gate, HeldBack
from notifiers.ledger import Done, Ended, Held, Standing
from notifiers.message import Message
from notifiers.outcome import NotSent, Outcome, Reconciled, Refused, Retry, Sent, Unknown
from notifiers.pace import Stopping
from notifiers.rates import LaneRate
from notifiers.reporter import Reporter
from notifiers.tries import Again, Tries, Windows
from runtime import metrics
from runtime.log import logger
from schemas.policy.directory import Directory
from schemas.policy.models import Policy
from schemas.vocabulary import ReceiptReason

CLOCK_SLACK = timedelta(seconds=60)
"""How far a provider's clock may lag behind Kafka's when it is asked what it took since a claim."""


class Policies(Protocol):
    """Where policies are had from by hash; None as long as one is not known."""

    def get(self, version: str) -> Policy | None:
        """The policy of that hash, or None."""


class Courier:
    """Delivers notifications through one channel's providers, each by one at a time."""

    def __init__(
        self,
        chain: Chain,
        desk: ClaimDesk,
        reporter: Reporter,
        policies: Policies,
        directory: Callable[[], Directory],
        windows: Windows,
        gate: Gate,
        stop: asyncio.Event,
        on_waiting_for_policy: Callable[[str, float], None],
        rate: LaneRate,
        only_to: str | None = None,
    ) -> None:
        """``gate`` says what must not be sent at all; ``reporter`` writes what became of it. ``on_waiting_for_policy``
        hears the hash and the seconds waited, again and again. ``rate`` is the lane's by the policy. With ``only_to``
        everything goes there."""
        self._chain, self._desk, self._policies, self._directory = chain, desk, policies, directory
        self._windows, self._stop, self._on_waiting = windows, stop, on_waiting_for_policy
        self._gate, self._rate, self._only_to = gate, rate, only_to
        self._reporter = reporter

    async def deliver(self, hand: InHand) -> None:
        """Bring ``hand`` to an outcome that stands on the log, or see that it has one.

        Raises:
            HeldBack: a stop switch covers it, which its receipt says; it stays to be done.
            Stopping: asked to stop before anything was handed over; it stays to be done.
            KafkaError, TimeoutError, ReadingStopped: the log failed; the process must end and start anew.
        """
        try:
            await self._gate.pass_by(hand.notification)
            await self._deliver(hand)
        except HeldBack as held:
            await self._reporter.say_held(hand, held)
            raise

    async def say_if_held(self, hand: InHand) -> None:
        """Leave on the log that a switch holds ``hand``, where one does."""
        switch = self._gate.switch_over(hand.notification)
        if switch is not None:
            await self._reporter.say_held(hand, HeldBack(switch))

    async def _deliver(self, hand: InHand) -> None:
        refusal = forbidden(hand.notification)
        if hand.notification.replayid is not None and refusal is not None:
            await self._reporter.refuse(hand, refusal, None)  # without a claim: its receipts count for nothing real
            return
        self._desk.follow(hand)
        tries = Tries(time.monotonic() + self._windows.try_for_s)
        policy = await self._policy(hand)
        await self._rate.take()
        try:
            await self._until_settled(hand, policy, tries)
        finally:
            if not tries.called:
                self._rate.give_back()

    async def _until_settled(self, hand: InHand, policy: Policy | Refusal, tries: Tries) -> None:
        turn = await self._turn(hand, policy, tries, release=None)
        while turn is not None:
            release: str | None = None
            match turn:
                case Done():
                    await self._reporter.repeat_if_needed(hand, turn)
                    return
                case Ended():
                    return
                case Again():
                    release = await self._pause_holding(hand, turn, tries)
                case Held():
                    if await self._outwait(hand, turn):
                        if await self._settle_foreign(hand, self._ready(hand, policy), turn):
                            return
                        release = turn.claim_id
            turn = await self._turn(hand, policy, tries, release=release)

    def stop(self) -> None:
        """Begin nothing more; what waits for its turn raises ``Stopping``."""
        self._chain.stop()

    async def _turn(
        self, hand: InHand, policy: Policy | Refusal, tries: Tries, *, release: str | None
    ) -> Standing | Again | None:
        """Claim and, where the claim holds, act: None when an outcome stands on the log."""
        began_s = time.monotonic()
        async with self._chain.turn(self._wishes(hand, tries)) as link:
            await self._must_pass(hand, release)
            tries.waited(time.monotonic() - began_s)
            taken = await self._desk.take(hand, provider=link.name, release=release)
            if not taken.ours:
                log_claim_lost(hand, taken.standing)
                return taken.standing
            ready = silenced(hand.notification, self._gate.control) or self._ready(hand, policy)
            if isinstance(ready, Refusal):
                await self._reporter.refuse(hand, ready, taken.claim.claim_id)
                return None
            said = await self._call(hand, ready, taken, tries, link)
        if said is None:
            return Again(taken.claim.claim_id, 0.0)
        if isinstance(said, Refusal):
            await self._reporter.refuse(hand, said, taken.claim.claim_id)
            return None
        return await self._heard(hand, ready, said, taken, tries, link.name)

    async def _policy(self, hand: InHand) -> Policy | Refusal:
        """The decision's policy. An unknown one is waited for until the notification expires."""
        began_s = time.monotonic()
        while True:
            policy = self._policies.get(hand.notification.policy_version)
            if policy is not None:
                return policy
            late = forbidden(hand.notification) or expired(hand.notification, self._desk.now())
            if late is not None:
                return late
            self._on_waiting(hand.notification.policy_version, time.monotonic() - began_s)
            await self._pause(self._windows.policy_poll_s)

    def _ready(self, hand: InHand, policy: Policy | Refusal) -> Message | Refusal:
        """The message as it is to go out now, or why there is none."""
        if isinstance(policy, Refusal):
            return policy
        ready = prepare(hand.notification, policy, self._directory(), self._only_to)
        return ready if isinstance(ready, Refusal) else replace(ready, partition=hand.partition)

    async def _call(
        self, hand: InHand, message: Message, taken: Taken, tries: Tries, link: Link
    ) -> Outcome | Refusal | None:
        """What the holder of a claim does: send, or refuse what is late; None when the claim grew too old for it."""
        async with link.pace.calls:
            await self._must_pass(hand, taken.claim.claim_id)
            waited_s = taken.claim.age_s()
            if waited_s >= self._windows.claim_fresh_s:
                logger().warning("claim_too_old", notification=hand.notification.notification_id)
                link.pace.too_early()
                return None
            now, called_s = self._desk.now(), time.monotonic()
            refusal = expired(hand.notification, now)
            if refusal is not None:
                return refusal
            if not tries.called and self._rate.in_segments:
                self._rate.more(message.segments or 1)
            tries.called = True
            outcome = await link.provider.send(message, now)
        link.pace.learn(outcome, called_s=called_s, waited_s=waited_s)
        return outcome

    async def _heard(
        self, hand: InHand, message: Message, outcome: Outcome, taken: Taken, tries: Tries, provider: str
    ) -> Again | None:
        """Bring an answer onto the log, or come back with a new claim, for the same provider or for the next."""
        if isinstance(outcome, Unknown):
            outcome = await self._resolve(hand, message, outcome, provider)
        if isinstance(outcome, Unknown) and await self._reported_meanwhile(hand):
            return None
        after_s = self._again_in_s(hand, outcome, tries, provider)
        if after_s is not None:
            self._note("attempt_failed_retrying", hand, outcome, provider, after_s)
            return Again(taken.claim.claim_id, after_s)
        await self._reporter.conclude(hand, message, outcome, taken.claim.claim_id, provider)
        return None

    def _again_in_s(self, hand: InHand, outcome: Outcome, tries: Tries, provider: str) -> float | None:
        """In how many seconds to try again, 0 with another provider; None where ``outcome`` stands.

        Only what was certainly not taken is tried again. A provider that takes texts, only not so many, is waited for.
        """
        if not isinstance(outcome, Retry) and not self._may_go_elsewhere(outcome):
            return None
        after_s = tries.next_in_s(outcome) if isinstance(outcome, Retry) else None
        if outcome.reason is ReceiptReason.RATE_LIMITED and after_s is not None:
            return after_s
        tries.failed.add(provider)
        if self._chain.another(self._wishes(hand, tries)):
            metrics.PROVIDER_SWITCHES.labels(self._chain.channel.value, provider, outcome.reason.value).inc()
            return 0.0
        tries.failed.clear()
        return after_s

    def _may_go_elsewhere(self, outcome: Outcome) -> bool:
        """Whether another provider may be tried with what one refused for good: a text it filters, and no number
        that is wrong everywhere, unless it is set so."""
        match outcome:
            case Refused(reason=ReceiptReason.CONTENT_REFUSED):
                return True
            case Refused(reason=ReceiptReason.INVALID_ADDRESS):
                return self._windows.refused_number_elsewhere
            case _:
                return False

    def _wishes(self, hand: InHand, tries: Tries) -> Wishes:
        """What is known of the providers for this order: earlier attempts that never arrived, this round's failures."""
        notification = hand.notification
        left_unknown = self._desk.ledger(hand).left_unknown_by(notification.notification_id)
        return Wishes(frozenset(notification.not_by) | left_unknown, frozenset(tries.failed))

    async def _resolve(self, hand: InHand, message: Message, unclear: Unknown, provider: str) -> Outcome:
        """Ask the provider at once what became of an unclear call."""
        answer = await self._ask(hand, message, provider)
        match answer:
            case NotSent():
                return Retry(unclear.reason, f"{unclear.detail}; asked: not sent")
            case Unknown():
                return Unknown(unclear.reason, f"{unclear.detail}; {answer.detail}")
            case _:
                return answer

    async def _ask(self, hand: InHand, message: Message, provider: str | None) -> Reconciled:
        ledger, notification_id = self._desk.ledger(hand), hand.notification.notification_id
        since_ms = ledger.first_claim_ms(notification_id)
        if since_ms is None:
            since_ms = hand.at_ms
        since = datetime.fromtimestamp(since_ms / 1000, UTC) - CLOCK_SLACK
        return await self._chain.reconcile(provider, message, since, ledger.refs())

    async def _outwait(self, hand: InHand, foreign: Held) -> bool:
        """Leave a foreign claim alone; True when it lapsed without a word, False when the order moved on."""
        lapse_s = self._windows.claim_fresh_s + self._chain.call_timeout_s(foreign.provider) + self._windows.slack_s
        lapses_ms = foreign.at_ms + int(lapse_s * 1000)
        while True:
            if self._desk.ledger(hand).standing(hand.order) != foreign:
                return False
            left_s = lapses_ms / 1000 - self._desk.now().timestamp()
            if left_s <= 0:
                return True
            if self._stop.is_set():
                raise Stopping
            await self._desk.news(min(left_s, 0.5))

    async def _settle_foreign(self, hand: InHand, ready: Message | Refusal, foreign: Held) -> bool:
        """Find out what a lapsed claim came to; True when that is the outcome, False when it was not sent."""
        if isinstance(ready, Refusal):
            if forbidden(hand.notification) is None:  # it could be sent when it was claimed: nobody can be asked now
                lapsed = Unknown(ReceiptReason.CLAIM_LAPSED, f"cannot be asked any more: {ready.reason.value}")
                await self._reporter.conclude(hand, None, lapsed, foreign.claim_id, foreign.provider)
                return True
            return False
        answer = await self._ask(hand, ready, foreign.provider)
        match answer:
            case NotSent():
                return False
            case Unknown():
                if await self._reported_meanwhile(hand):
                    return True
                lapsed = Unknown(ReceiptReason.CLAIM_LAPSED, answer.detail)
                await self._reporter.conclude(hand, ready, lapsed, foreign.claim_id, foreign.provider)
            case _:
                await self._reporter.conclude(hand, ready, answer, foreign.claim_id, foreign.provider)
        return True

    async def _reported_meanwhile(self, hand: InHand) -> bool:
        """Whether a delivery report has settled what its provider could not be asked about."""
        standing = self._desk.ledger(hand).standing(hand.order)
        if not isinstance(standing, Done):
            return False
        await self._reporter.repeat_if_needed(hand, standing)
        return True

    async def _pause_holding(self, hand: InHand, again: Again, tries: Tries) -> str | None:
        """Pause between tries; the claim to release with the next one.

        When asked to stop, or where the next turn may be long in coming, the claim is given back first: nothing was
        handed over under it, and whoever comes after must not have to find that out.
        """
        try:
            await self._pause(again.after_s)
        except Stopping:
            await self._reporter.give_back(hand, again.claim_id)
            raise
        if self._chain.open(self._wishes(hand, tries)):
            return again.claim_id
        await self._reporter.give_back(hand, again.claim_id)
        return None

    async def _must_pass(self, hand: InHand, claim_id: str | None) -> None:
        """Go on only where nothing forbids sending; ``claim_id`` is the claim that stands on ``hand``, if one does."""
        try:
            await self._gate.pass_by(hand.notification, claim_id)
        except Stopping:
            if claim_id is not None:
                await self._reporter.give_back(hand, claim_id)
            raise

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return
        raise Stopping

    def _note(self, action: str, hand: InHand, outcome: Outcome, provider: str, after_s: float) -> None:
        logger().warning(
            action,
            notification=hand.notification.notification_id,
            provider=provider,
            reason=outcome.reason.value,
            detail=None if isinstance(outcome, Sent) else outcome.detail,
            after_s=after_s,
        )
