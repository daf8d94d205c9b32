"""The emulated provider behind its door: a queue per sender, the way of a text to the phone and back."""

import asyncio
import heapq
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from deploy.local.sandbox.callbacks import Callback, CallbackSender, inbound_form, status_form
from deploy.local.sandbox.errors import ApiError, CreateRequest, api_error
from deploy.local.sandbox.faults import FaultBoard
from deploy.local.sandbox.ledger import Ledger
from deploy.local.sandbox.messages import SMPP, TWILIO, Message, MessageStore, new_sid
from deploy.local.sandbox.models import NumberStatus, NumberTrouble, Settings
from deploy.local.sandbox.phones import Phones
from deploy.local.sandbox.segments import measure

VALIDITY_EXPIRED = 30036
_SWEEP_S = 0.25


class Smsc(Protocol):
    """The provider beside the Messages API, which tells of its texts and takes replies in its own way."""

    def moved(self, message: Message) -> None:
        """One of its texts has another status."""

    def owns(self, number: str) -> bool:
        """Whether replies to `number` are its own to deliver."""

    def received(self, message: Message) -> None:
        """A phone sent a text to one of its numbers."""


@dataclass(slots=True)
class _SenderQueue:
    waiting: deque[Message] = field(default_factory=deque)
    free_at: float = 0.0
    timer: asyncio.TimerHandle | None = None


class Carrier:
    """Takes messages and moves each along queued, sending, sent, delivered, or to where its number's trouble
    ends."""

    def __init__(
        self,
        account_sid: str,
        store: MessageStore,
        phones: Phones,
        troubles: FaultBoard[NumberTrouble],
        callbacks: CallbackSender,
        ledger: Ledger,
        settings: Settings,
    ) -> None:
        self._account_sid = account_sid
        self._store = store
        self._phones = phones
        self._troubles = troubles
        self._callbacks = callbacks
        self._ledger = ledger
        self._settings = settings
        self._queues: dict[str, _SenderQueue] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self._validities: list[tuple[float, int, Message]] = []
        self._sweeping = False
        self.smsc: Smsc | None = None
        """Set once, where there is one."""

    @property
    def settings(self) -> Settings:
        """How the provider behaves now."""
        return self._settings

    @property
    def full(self) -> bool:
        """Whether no further message can be kept."""
        return self._store.full or self._ledger.full

    def change(self, settings: Settings) -> None:
        """Behave differently from now on; queues go on at the new pace at once."""
        self._settings = settings
        for sender, queue in self._queues.items():
            queue.free_at = _now()
            self._pump(sender)

    def stop(self) -> None:
        """Let nothing move any more."""
        for timer in self._timers:
            timer.cancel()
        for queue in self._queues.values():
            if queue.timer is not None:
                queue.timer.cancel()
        self._timers.clear()
        self._queues.clear()
        self._validities.clear()
        self._sweeping = False

    def accept(self, request: CreateRequest, via: str = TWILIO) -> Message | ApiError:
        """Take a message into the sender's queue, or refuse it for its recipient's sake."""
        if self.full:
            return api_error(20507)
        if via == TWILIO and self._phones.has_stopped(request.to, request.sender):
            return api_error(21610)
        refusal = self._troubles.take(lambda t: t.number == request.to and t.refuse_code is not None)
        if refusal is not None and refusal.refuse_code is not None:
            return api_error(refusal.refuse_code, request.to)
        length = measure(request.body)
        message = self._keep(
            to=request.to,
            sender=request.sender,
            body=request.body,
            segments=length.segments,
            direction="outbound-api",
            status="queued",
            validity_s=request.validity_s,
            status_callback=request.status_callback,
            via=via,
        )
        self._ledger.append(message.created_at, "accepted", **message.record(), encoding=length.encoding)
        self._enqueue(message)
        return message

    def receive(self, phone: str, to: str, body: str) -> Message | ApiError:
        """A phone sends a text to a number of ours: a resource, and a call to the inbound webhook."""
        if self.full:
            return api_error(20507)
        smsc = self.smsc if self.smsc is not None and self.smsc.owns(to) else None
        message = self._keep(
            via=SMPP if smsc is not None else TWILIO,
            to=to,
            sender=phone,
            body=body,
            segments=measure(body).segments,
            direction="inbound",
            status="received",
        )
        message.sent_at = message.created_at
        self._ledger.append(message.created_at, "inbound", **message.record())
        self._phones.add(phone, "out", message, message.created_at)
        if smsc is not None:
            smsc.received(message)
        else:
            self._call_back(message.sid, self._settings.inbound_webhook, inbound_form(self._account_sid, message))
        return message

    def _keep(
        self,
        *,
        to: str,
        sender: str,
        body: str,
        segments: int,
        direction: str,
        status: str,
        validity_s: int = 0,
        status_callback: str | None = None,
        via: str = TWILIO,
    ) -> Message:
        now = time.time()
        message = Message(
            serial=self._store.next_serial,
            sid=new_sid(),
            to=to,
            sender=sender,
            body=body,
            segments=segments,
            direction=direction,
            status=status,
            created_at=now,
            updated_at=now,
            validity_s=validity_s,
            status_callback=status_callback,
            via=via,
        )
        self._store.add(message)
        return message

    def resume(self) -> None:
        """After a restart: every message that was under way goes on from where it was."""
        for message in self._store.in_flight():
            if message.status == "queued":
                self._enqueue(message)
            elif message.status == "sending":
                self._later(self._settings.sending_s, partial(self._sent, message, None))
            else:
                self._later(self._settings.delivery_s, partial(self._arrive, message, None))

    def cancel(self, message: Message) -> bool:
        """Take a message back that is still queued."""
        if message.status != "queued":
            return False
        self._move(message, "canceled")
        return True

    def _enqueue(self, message: Message) -> None:
        queue = self._queues.setdefault(message.sender, _SenderQueue())
        if not queue.waiting:
            queue.free_at = max(queue.free_at, _now())
        queue.waiting.append(message)
        heapq.heappush(self._validities, (message.created_at + message.validity_s, message.serial, message))
        if not self._sweeping:
            self._sweeping = True
            self._later(_SWEEP_S, self._sweep)
        if queue.timer is None:
            self._arm(message.sender, queue)

    def _arm(self, sender: str, queue: _SenderQueue) -> None:
        if queue.waiting and not self._settings.paused:
            queue.timer = asyncio.get_running_loop().call_at(queue.free_at, self._pump, sender)

    def _pump(self, sender: str) -> None:
        queue = self._queues[sender]
        if queue.timer is not None:
            queue.timer.cancel()
            queue.timer = None
        rate = self._settings.rate_segments_per_s
        while queue.waiting and queue.free_at <= _now() and not self._settings.paused:
            message = queue.waiting.popleft()
            if message.status != "queued" or message.deleted or self._expire(message):
                continue
            if rate > 0:
                queue.free_at += message.segments / rate
            self._leave(message)
        self._arm(sender, queue)

    def _leave(self, message: Message) -> None:
        trouble = self._troubles.take(lambda t: t.number == message.to and t.status is not None)
        self._move(message, "sending")
        self._later(self._settings.sending_s, partial(self._sent, message, trouble))

    def _sent(self, message: Message, trouble: NumberTrouble | None) -> None:
        if trouble is not None and trouble.status is NumberStatus.FAILED:
            self._move(message, "failed", trouble.error_code or 30008)
            return
        message.sent_at = time.time()
        self._move(message, "sent")
        self._later(self._settings.delivery_s, partial(self._arrive, message, trouble))

    def _arrive(self, message: Message, trouble: NumberTrouble | None) -> None:
        if trouble is not None and trouble.status is NumberStatus.UNDELIVERED:
            self._move(message, "undelivered", trouble.error_code or 30003)
        elif trouble is None:
            self._move(message, "delivered")

    def _sweep(self) -> None:
        while self._validities and self._validities[0][0] <= time.time():
            self._expire(heapq.heappop(self._validities)[2])
        self._sweeping = any(queue.waiting for queue in self._queues.values())
        if self._sweeping:
            self._later(_SWEEP_S, self._sweep)

    def _expire(self, message: Message) -> bool:
        late = time.time() >= message.created_at + message.validity_s
        if late and message.status == "queued" and not message.deleted:
            self._move(message, "failed", VALIDITY_EXPIRED)
        return late

    def _move(self, message: Message, status: str, error_code: int | None = None) -> None:
        now = time.time()
        message.status, message.error_code, message.updated_at = status, error_code, now
        self._ledger.append(now, "status", sid=message.sid, status=status, error_code=error_code, at_s=now)
        if status == "delivered":
            self._phones.add(message.to, "in", message, now)
        if self._settings.reports_back:
            self._call_back(message.sid, message.status_callback, status_form(self._account_sid, message))
        if message.via == SMPP and self.smsc is not None:
            self.smsc.moved(message)

    def _call_back(self, sid: str, url: str | None, form: dict[str, str]) -> None:
        if url is not None and self._settings.calls_back:
            self._callbacks.submit(Callback(sid, url, form))

    def _later(self, delay_s: float, act: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(timer)
            act()

        timer = asyncio.get_running_loop().call_later(max(0.0, delay_s), run)
        self._timers.add(timer)


def _now() -> float:
    return asyncio.get_running_loop().time()
