"""The report of a running system: what its topics hold gives the figures that the same records give in a list."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.logs.live import LiveLog
from console.logs.source import read_all
from console.publish import publish
from console.report.cases import Outcome
from console.report.figures import figures_of
from console.report.month import Month
from console.report.read import read_months
from deploy.local.kafka import EmbeddedKafka
from runtime.kafka import make_producer
from runtime.settings import Settings, load_settings
from runtime.topics import create_topics
from schemas.base import Record
from schemas.codec import encode
from schemas.decision import Decision
from schemas.event import EmergencyEvent
from schemas.topics import DECISIONS, EVENTS, POLICY, RECEIPTS, RESPONSES, TOPICS
from tests.report.october import october
from tests.report.scene import PARTITIONS, ListLog, policy


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """A broker of its own: other tests' events are in no figure."""
    kafka = EmbeddedKafka(tmp_path / "kafka")
    yield kafka.start()
    kafka.stop()


def today(record: Record, now: datetime) -> Record:
    """``record`` as if it were reported now, so that its time is not over."""
    if isinstance(record, EmergencyEvent):
        return record.model_copy(update={"reported_at": now, "expires_at": now + timedelta(hours=6)})
    return (
        record.model_copy(update={"expires_at": now + timedelta(hours=6)}) if isinstance(record, Decision) else record
    )


async def write(settings: Settings) -> None:
    """Put the small October on the topics; the broker stamps each record with the present time."""
    await create_topics(settings)
    await publish(settings, policy(), note="test", by="test")
    async with make_producer(settings) as producer:
        for one in october():
            topic = TOPICS[one.topic]
            if one.record is None or topic is POLICY:
                continue
            now = datetime.now(UTC)
            encoded = encode(topic, today(one.record, now), source="test", at=now)
            incident = getattr(one.record, "incident_id", None) or ""
            partition = one.partition
            await producer.send_and_wait(
                topic.name, encoded.value, key=incident.encode(), partition=partition, headers=encoded.headers
            )


@pytest.mark.kafka
async def test_topics_and_a_list_of_their_records_give_the_same_figures(broker: str, tmp_path: Path) -> None:
    """All incidents are of the present month here; which they are, and how each ended, is as it was written."""
    settings = load_settings(bootstrap=broker, partitions=PARTITIONS, home=tmp_path)
    month = Month.of(datetime.now(UTC))
    await write(settings)
    now = datetime.now(UTC) + timedelta(days=60)
    live = LiveLog(settings)
    records = await read_all(live, [EVENTS, DECISIONS, RECEIPTS, RESPONSES, POLICY])
    records += await read_all(live, [TOPICS["control"]])
    found = await read_months(live, month)
    listed = await read_months(ListLog(records), month)
    assert figures_of(found.ledger, month, now) == figures_of(listed.ledger, month, now)
    assert found.policy == policy()
    real = figures_of(found.ledger, month, now).real
    assert real.incidents == 11  # the nine, and those of September and November, which were written today as well
    assert real.outcomes[Outcome.ACCEPTED.value] == 2
    assert real.outcomes[Outcome.CALLED_OFF.value] == 1
    assert real.repetitions.total() == 1
