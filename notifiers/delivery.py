"""One notification from claim to outcome: who may send it, the call, and what is done when the call is unclear."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from notifiers.checks import Refusal, expired, forbidden, prepare, silenced
from notifiers.claims import ClaimDesk, InHand, Taken, log_claim_lost
from notifiers.gate import Gate, HeldBack
from notifiers.ledger import Done, Ended, Held, Standing
from notifiers.message import Message, Provider
from notifiers.outcome import NotSent, Outcome, Reconciled, Refused, Retry, Sent, Unknown
from notifiers.pace import Pace, Stopping
from notifiers.rates import LaneRate
from notifiers.tries import BACKOFF_S, Again, Tries, Windows
from runtime import metrics
from runtime.log import logger
from schemas.notification import Receipt
from schemas.policy.directory import Directory
from schemas.policy.models import Policy
from schemas.vocabulary import Channel, Delivery, ReceiptKind, ReceiptReason

CLOCK_SLACK = timedelta(seconds=60)
"""How far a provider's clock may lag behind Kafka's when it is asked what it took since a claim."""

ASK_TIMES = 3

NO_CLAIM = "none"
"""Stands for a claim in the receipt of what was held before it was claimed: it takes nobody's claim away."""


class Policies(Protocol):
    """Where policies are had from by hash; None as long as one is not known."""

    def get(self, version: str) -> Policy | None:
        """The policy of that hash, or None."""


class Courier:
    """Delivers notifications through one provider, each at most once at a time."""

    def __init__(
        self,
        provider: Provider,
        desk: ClaimDesk,
        policies: Policies,
        directory: Callable[[], Directory],
        windows: Windows,
        pace: Pace,
        gate: Gate,
        stop: asyncio.Event,
        on_waiting_for_policy: Callable[[str, float], None],
        rate: LaneRate,
        only_to: str | None = None,
    ) -> None:
        """``pace`` bounds how many are under way at once; ``gate`` says what must not be sent at all;
        ``on_waiting_for_policy`` hears the hash and the seconds waited, again and again. ``rate`` is the lane's by the
        policy. With ``only_to`` everything goes there."""
        self._provider, self._desk, self._policies, self._directory = provider, desk, policies, directory
        self._windows, self._pace, self._stop, self._on_waiting = windows, pace, stop, on_waiting_for_policy
        self._gate, self._rate, self._only_to = gate, rate, only_to

    async def deliver(self, hand: InHand) -> None:
        """Bring ``hand`` to an outcome that stands on the log, or see that it has one.

        Raises:
            Stopping: asked to stop before anything was handed over; it stays to be done.
            HeldBack: a stop switch covers it, which its receipt says; it stays to be done.
            KafkaError, TimeoutError, ReadingStopped: the log failed; the process must end and start anew.
        """
        refusal = forbidden(hand.notification)
        if hand.notification.replayid is not None and refusal is not None:
            await self._refuse(hand, refusal, None)  # without a claim: its receipts count for nothing real
            return
        try:
            await self._gate.pass_by(hand.notification)
            await self._deliver(hand)
        except HeldBack as held:
            await self._say_held(hand, held)
            raise

    async def say_if_held(self, hand: InHand) -> None:
        """Leave on the log that a switch holds ``hand``, where one does."""
        switch = self._gate.switch_over(hand.notification)
        if switch is not None:
            await self._say_held(hand, HeldBack(switch))

    async def _deliver(self, hand: InHand) -> None:
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
                    await self._repeat_if_needed(hand, turn)
                    return
                case Ended():
                    return
                case Again():
                    release = await self._pause_holding(hand, turn)
                case Held():
                    if await self._outwait(hand, turn):
                        if await self._settle_foreign(hand, self._ready(hand, policy), turn):
                            return
                        release = turn.claim_id
            turn = await self._turn(hand, policy, tries, release=release)

    def stop(self) -> None:
        """Begin nothing more; what waits for its turn raises ``Stopping``."""
        self._pace.stop()

    async def _turn(
        self, hand: InHand, policy: Policy | Refusal, tries: Tries, *, release: str | None
    ) -> Standing | Again | None:
        """Claim and, where the claim holds, act: None when an outcome stands on the log."""
        began_s = time.monotonic()
        async with self._pace:
            await self._must_pass(hand, release)
            tries.waited(time.monotonic() - began_s)
            taken = await self._desk.take(hand, release=release)
            if not taken.ours:
                log_claim_lost(hand, taken.standing)
                return taken.standing
            ready = silenced(hand.notification, self._gate.control) or self._ready(hand, policy)
            if isinstance(ready, Refusal):
                await self._refuse(hand, ready, taken.claim.claim_id)
                return None
            said = await self._call(hand, ready, taken, tries)
        if said is None:
            return Again(taken.claim.claim_id, 0.0)
        if isinstance(said, Refusal):
            await self._refuse(hand, said, taken.claim.claim_id)
            return None
        return await self._heard(hand, ready, said, taken, tries)

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

    async def _call(self, hand: InHand, message: Message, taken: Taken, tries: Tries) -> Outcome | Refusal | None:
        """What the holder of a claim does: send, or refuse what is late; None when the claim grew too old for it."""
        async with self._pace.calls:
            await self._must_pass(hand, taken.claim.claim_id)
            waited_s = taken.claim.age_s()
            if waited_s >= self._windows.claim_fresh_s:
                logger().warning("claim_too_old", notification=hand.notification.notification_id)
                self._pace.too_early()
                return None
            now, called_s = self._desk.now(), time.monotonic()
            refusal = expired(hand.notification, now)
            if refusal is not None:
                return refusal
            if not tries.called and self._rate.in_segments:
                self._rate.more(message.segments or 1)
            tries.called = True
            outcome = await self._provider.send(message, now)
        self._pace.learn(outcome, called_s=called_s, waited_s=waited_s)
        return outcome

    async def _heard(
        self, hand: InHand, message: Message, outcome: Outcome, taken: Taken, tries: Tries
    ) -> Again | None:
        """Bring an answer onto the log, or come back with a new claim."""
        if isinstance(outcome, Unknown):
            outcome = await self._resolve(hand, message, outcome)
        if isinstance(outcome, Retry):
            after_s = tries.next_in_s(outcome)
            if after_s is not None:
                self._note("attempt_failed_retrying", hand, outcome)
                return Again(taken.claim.claim_id, after_s)
        await self.conclude(hand, message, outcome, taken.claim.claim_id)
        return None

    async def _resolve(self, hand: InHand, message: Message, unclear: Unknown) -> Outcome:
        """Ask the provider at once what became of an unclear call."""
        answer = await self._ask(hand, message)
        match answer:
            case NotSent():
                return Retry(unclear.reason, f"{unclear.detail}; asked: not sent")
            case Unknown():
                return Unknown(unclear.reason, f"{unclear.detail}; {answer.detail}")
            case _:
                return answer

    async def _ask(self, hand: InHand, message: Message) -> Reconciled:
        """Reconcile, a few times where asking itself fails."""
        for wait_s in BACKOFF_S[: ASK_TIMES - 1]:
            answer = await self._ask_once(hand, message)
            if not isinstance(answer, Unknown) or self._provider.channel is Channel.EMAIL:
                return answer
            await asyncio.sleep(wait_s)
        return await self._ask_once(hand, message)

    async def _ask_once(self, hand: InHand, message: Message) -> Reconciled:
        ledger, notification_id = self._desk.ledger(hand), hand.notification.notification_id
        since_ms = ledger.first_claim_ms(notification_id)
        if since_ms is None:
            since_ms = hand.at_ms
        since = datetime.fromtimestamp(since_ms / 1000, UTC) - CLOCK_SLACK
        return await self._provider.reconcile(message, since, ledger.refs())

    async def _outwait(self, hand: InHand, foreign: Held) -> bool:
        """Leave a foreign claim alone; True when it lapsed without a word, False when the order moved on."""
        lapse_s = self._windows.claim_fresh_s + self._provider.call_timeout_s + self._windows.slack_s
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
                await self.conclude(hand, None, lapsed, foreign.claim_id)
                return True
            return False
        answer = await self._ask(hand, ready)
        match answer:
            case NotSent():
                return False
            case Unknown():
                await self.conclude(hand, ready, Unknown(ReceiptReason.CLAIM_LAPSED, answer.detail), foreign.claim_id)
            case _:
                await self.conclude(hand, ready, answer, foreign.claim_id)
        return True

    async def _repeat_if_needed(self, hand: InHand, done: Done) -> None:
        """Write the last receipt again where the order came after it: whoever ordered had not seen it."""
        log_claim_lost(hand, done)
        if hand.at_ms > done.at_ms:
            await self._desk.write(hand, [done.receipt])

    async def _refuse(self, hand: InHand, refusal: Refusal, claim_id: str | None) -> None:
        bare = self._desk.receipt(hand, ReceiptKind.END, claim_id=claim_id, delivery=refusal.delivery)
        await self._finish(hand, bare.model_copy(update={"reason": refusal.reason, "detail": refusal.detail[:400]}))

    async def conclude(
        self, hand: InHand, message: Message | None, outcome: Outcome, claim_id: str, **more: object
    ) -> None:
        """Bring ``outcome`` of ``hand`` onto the log; ``more`` are fields of the receipt that say something else."""
        bare = self._desk.receipt(hand, ReceiptKind.OUTCOME, claim_id=claim_id, delivery=_DELIVERIES[type(outcome)])
        said = {
            "reason": outcome.reason,
            "detail": self._only_me(hand) if isinstance(outcome, Sent) else outcome.detail[:400],
            "provider": self._provider.name,
            "provider_ref": outcome.provider_ref if isinstance(outcome, Sent) else None,
            **_text_of(message),
            **more,
        }
        if isinstance(outcome, Sent) and message is not None and message.segments is not None:
            metrics.SEGMENTS.labels(message.encoding or "").inc(message.segments)
        await self._finish(hand, bare.model_copy(update=said))

    def _only_me(self, hand: InHand) -> str | None:
        return None if self._only_to is None else f"text only me: not sent to {hand.notification.contact_id} itself"

    async def _finish(self, hand: InHand, receipt: Receipt) -> None:
        await self._desk.write(hand, [receipt])
        delivery, reason = receipt.delivery or Delivery.SUPPRESSED, receipt.reason
        reason_text = reason.value if reason else ""
        metrics.DELIVERIES.labels(self._provider.channel.value, delivery.value, reason_text).inc()
        logger().info(
            "notification_" + delivery.value,
            notification=receipt.notification_id,
            incident=receipt.incident_id,
            attempt=receipt.attempt,
            contact=receipt.contact_id,
            reason=reason_text,
            detail=receipt.detail,
        )

    async def _pause_holding(self, hand: InHand, again: Again) -> str | None:
        """Pause between tries; the claim to release with the next one.

        When asked to stop, or where the next turn may be long in coming, the claim is given back first: nothing was
        handed over under it, and whoever comes after must not have to find that out.
        """
        try:
            await self._pause(again.after_s)
        except Stopping:
            await self._give_back(hand, again.claim_id)
            raise
        if self._pace.open:
            return again.claim_id
        await self._give_back(hand, again.claim_id)
        return None

    async def _must_pass(self, hand: InHand, claim_id: str | None) -> None:
        """Go on only where nothing forbids sending; ``claim_id`` is the claim that stands on ``hand``, if one does."""
        try:
            await self._gate.pass_by(hand.notification, claim_id)
        except Stopping:
            if claim_id is not None:
                await self._give_back(hand, claim_id)
            raise

    async def _say_held(self, hand: InHand, held: HeldBack) -> None:
        """Leave on the log that a switch holds ``hand``, and give back the claim where one was made."""
        bare = self._desk.receipt(hand, ReceiptKind.RELEASE, claim_id=held.claim_id or NO_CLAIM)
        said = {"reason": ReceiptReason.STOPPED_BY_SWITCH, "detail": f"{held.switch.by}: {held.switch.reason}"[:400]}
        await self._desk.write(hand, [bare.model_copy(update=said)])

    async def _give_back(self, hand: InHand, claim_id: str) -> None:
        await self._desk.write(hand, [self._desk.receipt(hand, ReceiptKind.RELEASE, claim_id=claim_id)])

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return
        raise Stopping

    def _note(self, action: str, hand: InHand, outcome: Retry) -> None:
        logger().warning(
            action,
            notification=hand.notification.notification_id,
            reason=outcome.reason.value,
            detail=outcome.detail,
            after_s=outcome.after_s,
        )


def _text_of(message: Message | None) -> dict[str, int | str | None]:
    if message is None:
        return {}
    return {"segments": message.segments, "encoding": message.encoding, "body_sha256": message.body_sha256}


_DELIVERIES: dict[type[Outcome], Delivery] = {
    Sent: Delivery.SENT,
    Retry: Delivery.FAILED_TEMP,
    Refused: Delivery.FAILED_PERM,
    Unknown: Delivery.UNKNOWN,
}
