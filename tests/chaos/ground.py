"""What a fault has to work with in its round, and what it tells the judge."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer

from deploy.local.sandbox.control import SandboxControl
from runtime.kafka import make_producer
from runtime.settings import Settings
from schemas.policy.directory import Directory
from schemas.policy.directory_file import load_directory
from schemas.vocabulary import Channel
from tests.chaos.books import Arrived, Owed, missing
from tests.chaos.ledgers import Ledgers
from tests.chaos.load import Load
from tests.chaos.rig import Rig
from tests.chaos.settled import Foreign

PATIENCE_S = 240.0
"""How long anything may take before a round counts it as lost: a bound for busy machines, not a promise."""


@dataclass
class Ground:
    """One round's system, load and dice. The lower fields are what the fault tells the judge.

    ``explains`` are channels on which the fault could leave a sending unknown, so that a marked repetition may come;
    ``refused`` pairs of contact and channel that a provider refused for good, so that nothing need arrive there;
    ``besides`` are texts that belong to no event, by contact (or the party its name begins with) and words in them,
    with those to whom each has come;
    ``foreign`` is what was written past every door; ``partition_of`` where a forged record must stand by its key;
    ``did`` says what was done exactly, so that a failed round can be understood.
    """

    rig: Rig
    load: Load
    ledgers: Ledgers
    dice: random.Random
    partition_of: dict[str, int] = field(default_factory=dict)
    explains: set[Channel] = field(default_factory=set)
    refused: set[tuple[str, Channel]] = field(default_factory=set)
    foreign: Foreign = field(default_factory=Foreign)
    besides: dict[tuple[str, str], set[tuple[str, Channel]]] = field(default_factory=dict)
    did: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """Settings of a client of the system, as it runs now."""
        return self.rig.system.settings

    @property
    def directory(self) -> Directory:
        """Who has which number and mailbox."""
        return load_directory(self.rig.system.running.directory)

    async def until_arrived(self, within_s: float = PATIENCE_S) -> list[Owed]:
        """Wait until everything owed by now has arrived; what has not when ``within_s`` seconds are over."""
        deadline, now_s = time.monotonic() + within_s, time.time()
        while True:
            self.ledgers.read()
            absent = [
                one
                for one in missing(self.load.owed(), self.ledgers.arrived)
                if one.since_s <= now_s and (one.contact, one.channel) not in self.refused
            ]
            if not absent or time.monotonic() > deadline:
                return absent
            await asyncio.sleep(0.2)

    def is_beside(self, one: Arrived) -> bool:
        """Whether ``one`` belongs to no event and yet was to come, once to each contact and channel."""
        for (whom, words), there in self.besides.items():
            if one.marker is None and one.contact.startswith(whom) and words in one.body:
                first = (one.contact, one.channel) not in there
                there.add((one.contact, one.channel))
                return first
        return False

    async def until_beside(self, whom: str, words: str, since_s: float, within_s: float = PATIENCE_S) -> None:
        """Wait until a text with ``words`` has come to ``whom`` after ``since_s``, seconds since the epoch."""
        self.besides[whom, words] = set()
        deadline = time.monotonic() + within_s
        while not any(
            one.contact.startswith(whom) and words in one.body and one.at_s >= since_s for one in self.ledgers.arrived
        ):
            assert time.monotonic() < deadline, f"{whom} never reads {words!r}"
            await asyncio.sleep(0.2)
            self.ledgers.read()

    def note(self, what: str) -> None:
        """Say what is being done."""
        self.did.append(what)

    @contextlib.asynccontextmanager
    async def sandbox(self) -> AsyncIterator[SandboxControl]:
        """The provider's and the mail server's control port, as it is now."""
        url = self.rig.system.running.sandbox
        assert url is not None
        async with SandboxControl(url) as control:
            yield control

    @contextlib.asynccontextmanager
    async def producer(self) -> AsyncIterator[AIOKafkaProducer]:
        """A client that writes whatever it is told to."""
        producer = make_producer(self.settings)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()
