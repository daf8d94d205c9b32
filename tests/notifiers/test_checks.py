"""The last look before sending: which statuses may go out with which texts."""

from itertools import product

from notifiers.checks import Refusal, forbidden, prepare
from notifiers.message import Message
from schemas.notification import Notification
from schemas.policy.directory import Contact, Directory
from schemas.vocabulary import SERVICE_TEMPLATES, Delivery, Origin, ReceiptReason, Status, Template
from tests.texts.policy_fixture import POLICY, notification

REAL = {Status.ACTUAL, Status.TEST}


def _order(status: Status, template: Template, origin: Origin = Origin.LIVE) -> Notification:
    return notification(
        status=status, template=template, origin=origin, exerciseid="ex-1" if origin is Origin.EXERCISE else None
    )


def test_status_system_goes_out_with_the_texts_about_the_system_alone() -> None:
    """Of every status with every template, System passes with four templates, and these with nothing else."""
    for status, template in product(Status, Template):
        refusal = forbidden(_order(status, template))
        may = status is Status.SYSTEM if template in SERVICE_TEMPLATES else status in REAL
        assert (refusal is None) == may, (status, template)
        assert refusal is None or refusal.reason is ReceiptReason.NOT_FOR_SENDING


def test_an_exercise_goes_out_as_an_exercise_a_test_or_a_word_about_the_system() -> None:
    """Under origin exercise nothing of status Actual passes; System passes with its own texts only."""
    for status, template in product(Status, Template):
        may = status is Status.SYSTEM if template in SERVICE_TEMPLATES else status in {Status.EXERCISE, Status.TEST}
        assert (forbidden(_order(status, template, Origin.EXERCISE)) is None) == may, (status, template)


def test_a_canary_reaches_a_test_phone_and_never_a_person() -> None:
    """Whatever a policy names, the notifier looks into the directory at the last moment."""
    canary = _order(Status.SYSTEM, Template.CANARY).model_copy(update={"contact_id": "phone"})
    for test_phone in (True, False):
        phone = Contact(name="Phone", language="lv", sms="+37120001999", test_phone=test_phone)
        prepared = prepare(canary, POLICY, Directory(fictional=True, contacts={"phone": phone}))
        if test_phone:
            assert isinstance(prepared, Message)
            assert prepared.body.startswith("SISTĒMAS SIGNĀLS 7F2K.")
        else:
            assert isinstance(prepared, Refusal)
            assert (prepared.delivery, prepared.reason) == (Delivery.FAILED_PERM, ReceiptReason.NOT_FOR_SENDING)
