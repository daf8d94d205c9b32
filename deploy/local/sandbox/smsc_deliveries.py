"""What the SMPP server of the sandbox has for its clients: receipts and replies, until somebody answers for them."""

import asyncio
import time
from collections import deque
from collections.abc import Collection, Coroutine
from dataclasses import dataclass, field

from aiosmpplib.protocol import DeliverSm

from deploy.local.sandbox.ledger import Ledger
from runtime.smpp_pdu import Command, Status

ANSWERED_WITHIN_S = 5.0
AGAIN_AFTER_S = 0.5
MAX_TRIES = 200
MAX_WAITING = 20_000
RECEIVING = frozenset({Command.BIND_RECEIVER, Command.BIND_TRANSCEIVER})


@dataclass(eq=False)
class Client:
    """A connection, and what it is bound as: 0 while it is not."""

    writer: asyncio.StreamWriter
    bound: int = 0
    sequence: int = 0
    answers: dict[int, asyncio.Future[int]] = field(default_factory=dict)


class Deliveries:
    """What waits for a receiver, at most ``MAX_WAITING``; whichever client is bound as one has it."""

    def __init__(self, clients: Collection[Client], ledger: Ledger) -> None:
        self._clients, self._ledger = clients, ledger
        self._waiting: deque[DeliverSm] = deque(maxlen=MAX_WAITING)
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()

    def start(self) -> None:
        """Begin to deliver."""
        self.spawn(self._pump())

    async def stop(self) -> None:
        """Give up what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def add(self, pdu: DeliverSm) -> None:
        """Have ``pdu`` delivered."""
        self._waiting.append(pdu)
        self.announce()

    def announce(self) -> None:
        """Look again: something waits, or somebody bound."""
        self._news.set()
        self._news = asyncio.Event()

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Do ``work`` beside everything else, until ``stop``."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _receiver(self) -> Client | None:
        return next((one for one in self._clients if one.bound in RECEIVING), None)

    async def _pump(self) -> None:
        """Hand what waits to a receiver, whichever is there; each is delivered until somebody answers for it."""
        while True:
            client = self._receiver()
            if client is None or not self._waiting:
                news = self._news
                await news.wait()
                continue
            while self._waiting:
                self.spawn(self._deliver(self._waiting.popleft()))
            await asyncio.sleep(0)

    async def _deliver(self, pdu: DeliverSm) -> None:
        for _ in range(MAX_TRIES):
            client = self._receiver()
            status = await self._deliver_once(client, pdu) if client is not None else None
            if client is not None:
                receipt = bool(pdu.esm_class & 0x3C)
                self._ledger.append(time.time(), "smpp_delivered", status=status, receipt=receipt)
            if status in (Status.OK, Status.REFUSED_FOR_GOOD):
                return
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _deliver_once(self, client: Client, pdu: DeliverSm) -> int | None:
        client.sequence += 1
        pdu.sequence_num = client.sequence
        raw = pdu.pdu()
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        client.answers[client.sequence] = answer
        try:
            client.writer.write(raw)
            await client.writer.drain()
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                return await answer
        except (OSError, TimeoutError):
            return None
        except asyncio.CancelledError:
            if answer.cancelled() and client not in self._clients:
                return None  # its session ended
            raise
        finally:
            client.answers.pop(pdu.sequence_num, None)
