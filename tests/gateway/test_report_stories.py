"""What the provider says of a text stands on the partition of its notification, however often and late it says it."""

from urllib.parse import urlsplit

import pytest

from deploy.local.sandbox.models import NumberStatus, NumberTrouble
from gateway.addresses import STATUS_PATH
from runtime.kafka import partition_for
from runtime.status_callback import about, callback_url
from schemas.notification import Notification
from schemas.vocabulary import Delivery, ReceiptReason
from tests.gateway.stage import PARTITIONS, RUTA, Stage
from tests.notifiers.stage import order

pytestmark = pytest.mark.kafka


async def test_an_arrived_text_is_known_to_have_arrived(stage: Stage) -> None:
    """The whole way: ordered, sent, reported; the receipt names the attempt, the provider and its message."""
    async with stage.gateway(), stage.notifier():
        note = await stage.order()
        partition, receipt = await stage.reported(note, Delivery.DELIVERED)
        _, sent = await stage.reported(note, Delivery.SENT)
    assert partition == partition_for(note.incident_id, PARTITIONS)
    assert (receipt.attempt, receipt.contact_id, receipt.event_id) == (1, stage.ruta, note.event_id)
    assert (receipt.provider, receipt.provider_ref) == (sent.provider, sent.provider_ref)
    assert receipt.claim_id is None


async def test_a_text_that_was_taken_and_never_arrived_is_a_failure_for_good(stage: Stage) -> None:
    """The provider's error is in the receipt, so that the ladder can move on and people can see why."""
    await stage.sandbox.add_trouble(NumberTrouble(number=RUTA, status=NumberStatus.UNDELIVERED, error_code=30005))
    async with stage.gateway(), stage.notifier():
        note = await stage.order()
        _, receipt = await stage.reported(note, Delivery.FAILED_PERM)
    assert (receipt.reason, receipt.detail) == (ReceiptReason.UNDELIVERED, "undelivered, error 30005")


async def test_repeated_and_late_reports_do_no_harm(stage: Stage) -> None:
    """A report said three times is one receipt; one that comes after its successor is written as it is."""
    note = order(stage.policy.version)
    path = _path(stage, note, 1)
    async with stage.gateway():
        for status in ("delivered", "delivered", "sent", "queued", "delivered"):
            assert await stage.call(path, {"MessageSid": "SM" + "a" * 32, "MessageStatus": status}) == 200
        assert await stage.call(path, {"MessageSid": "SM" + "a" * 32, "MessageStatus": "undelivered"}) == 200
    said = [(at, one.delivery) for at, one in await stage.receipts() if one.notification_id == note.notification_id]
    assert said == [(1, Delivery.DELIVERED), (1, Delivery.FAILED_PERM)]


async def test_a_report_on_a_partition_there_is_not_is_refused(stage: Stage) -> None:
    """Signed or not, nothing is written to where no incident can stand."""
    note = order(stage.policy.version)
    form = {"MessageSid": "SM" + "b" * 32, "MessageStatus": "delivered"}
    async with stage.gateway():
        assert await stage.call(_path(stage, note, PARTITIONS), form) == 400
        assert await stage.call(_path(stage, note, 0), form | {"MessageSid": "SM1"}) == 400
        with stage.kafka_away():
            assert await stage.call(_path(stage, note, 0), form) == 503
        _, receipt = await stage.reported(note, Delivery.DELIVERED)
    assert receipt.provider_ref == form["MessageSid"]


def _path(stage: Stage, note: Notification, partition: int) -> str:
    parts = urlsplit(callback_url(stage.url + STATUS_PATH, about(note, partition)))
    return f"{parts.path}?{parts.query}"
