"""What answers the upkeep in its tests: receipts as notifiers write them, replies as the gateway does."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Self

from console.logs.live import read_log
from runtime.kafka import make_producer, partition_for
from runtime.settings import Settings
from schemas.base import Record
from schemas.codec import encode
from schemas.control import ContactStop
from schemas.event import EmergencyEvent
from schemas.notification import Receipt, Response
from schemas.topics import CONTROL, EVENTS, RECEIPTS, RESPONSES, Topic
from schemas.vocabulary import Answer, Delivery, ReceiptKind, ReceiptReason, ServiceKind

WITHIN_S = 20.0


class Town:
    """Reads the service events on the log and answers them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer = make_producer(settings)
        self._begun = datetime.now(UTC)

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def events(self, kind: ServiceKind) -> list[EmergencyEvent]:
        """Service events of ``kind`` since this story began, oldest first."""
        found = [one.record for one in await read_log(self._settings, [EVENTS], since=self._begun)]
        events = [event for event in found if isinstance(event, EmergencyEvent) and event.service]
        return [event for event in events if event.service and event.service.kind is kind]

    async def wait_events(self, kind: ServiceKind, count: int) -> list[EmergencyEvent]:
        """Wait until ``count`` of them are there."""
        async with asyncio.timeout(WITHIN_S):
            while len(found := await self.events(kind)) < count:  # noqa: ASYNC110 - Kafka has no event for this
                await asyncio.sleep(0.05)
        return found

    async def receipt(self, event: EmergencyEvent, delivery: Delivery) -> None:
        """What a notifier says of the text of ``event``."""
        reasons = {Delivery.SENT: ReceiptReason.ACCEPTED, Delivery.DELIVERED: ReceiptReason.DELIVERED}
        said = Receipt(
            kind=ReceiptKind.OUTCOME,
            incident_id=event.incident_id,
            event_id=event.event_id,
            delivery=delivery,
            reason=reasons.get(delivery, ReceiptReason.PROVIDER_ERROR),
            at=datetime.now(UTC),
        )
        await self._write(RECEIPTS, said, event.incident_id)

    async def reply(self, event: EmergencyEvent) -> None:
        """The contact of ``event`` texts its code and OK."""
        assert event.service is not None
        said = Response(
            response_id=f"re-{event.event_id}",
            incident_id=event.incident_id,
            contact_id=event.service.contact_id,
            party=event.reporting_party,
            channel="sms",
            answer=Answer.RECEIVED,
            at=datetime.now(UTC),
        )
        await self._write(RESPONSES, said, event.incident_id)

    async def stop(self, contact: str, *, stopped: bool = True) -> None:
        """``contact`` texts STOP, or START."""
        record = ContactStop(contact_id=contact, stopped=stopped, at=datetime.now(UTC))
        encoded = encode(CONTROL, record, source="test", at=record.at)
        await self._producer.send_and_wait(CONTROL.name, encoded.value, key=record.key.encode(), partition=0)

    async def _write(self, topic: Topic, record: Record, incident: str) -> None:
        encoded = encode(topic, record, source="test", at=datetime.now(UTC))
        where = partition_for(incident, self._settings.partitions)
        await self._producer.send_and_wait(topic.name, encoded.value, key=incident.encode(), partition=where)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until ``holds`` is true."""
    async with asyncio.timeout(WITHIN_S):
        while not holds():  # noqa: ASYNC110 - what is looked at is a value, as its readers see it
            await asyncio.sleep(0.02)
