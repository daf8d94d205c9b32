"""*Text only me*: the first day with a real provider reaches one number and one mailbox, and says whom it is for."""

import json

import pytest
from pydantic import ValidationError

from notifiers.only_me import only_me
from runtime.process import ConfigurationMistake
from runtime.settings import NotifierSettings, Settings, SmtpSettings, TwilioSettings
from schemas.vocabulary import Channel, Delivery, Origin, Status
from tests.notifiers.stage import Stage, eventually

ME, MINE = "+37126123456", "me@example.org"
TWILIO, SMTP = TwilioSettings(account_sid="AC1"), SmtpSettings(host="mail.example.org")


def settings(twilio: TwilioSettings, smtp: SmtpSettings, **only: str) -> Settings:
    """Settings with providers, and with where everything goes."""
    return Settings(twilio=twilio, smtp=smtp, notifier=NotifierSettings.model_validate(only))


def test_the_mode_is_off_without_settings() -> None:
    """Everything goes where it is addressed."""
    assert only_me(settings(TWILIO, SMTP)) is None
    assert only_me(settings(TWILIO, SMTP, only_to="", only_to_email="")) is None


@pytest.mark.parametrize(
    ("only", "missing"), [({"only_to": ME}, "ONLY_TO_EMAIL"), ({"only_to_email": MINE}, "ONLY_TO")]
)
def test_one_channel_alone_is_no_reason_to_start(only: dict[str, str], missing: str) -> None:
    """The other would reach everybody; the variable to set is named."""
    with pytest.raises(ConfigurationMistake, match=f"BORDERLANDS_NOTIFIER__{missing} as well"):
        only_me(settings(TWILIO, SMTP, **only))


def test_a_channel_without_a_provider_needs_no_address() -> None:
    """It reaches nobody."""
    only = only_me(settings(TWILIO, SmtpSettings(), only_to=ME))
    assert only is not None
    assert (only.address(Channel.SMS), only.address(Channel.EMAIL)) == (ME, None)
    assert ME not in only.line
    assert ME not in repr(only)


def test_a_number_in_another_form_is_refused() -> None:
    """A mistyped number must not be found out by whom it rings."""
    with pytest.raises(ValidationError):
        NotifierSettings(only_to="26123456")


@pytest.mark.kafka
async def test_everything_goes_to_one_number_and_one_mailbox_with_its_addressee_in_front(stage: Stage) -> None:
    """No other phone rings; receipts and health say so; an exercise is still marked as one."""
    only = stage.settings.notifier.model_copy(update={"only_to": ME, "only_to_email": MINE})
    changed = stage.settings.model_copy(update={"notifier": only})
    text, plain = stage.order(), stage.order(contact_id="jonas", role="fire_chief")
    drill = stage.order(contact_id="drill", status=Status.EXERCISE, origin=Origin.EXERCISE, exerciseid="ex-1")
    mail = stage.order(channel=Channel.EMAIL)
    async with stage.notifier(settings=changed) as health, stage.notifier(Channel.EMAIL, settings=changed):
        await stage.emit(text, plain, drill, mail)
        for order in (text, plain, drill, mail):
            receipt = await stage.outcome(order)
            assert receipt.delivery is Delivery.SENT
            assert receipt.detail == f"text only me: not sent to {order.contact_id} itself"
        assert "TEXT ONLY ME" in str(health.facts["only_to"])
    phones = await stage.sandbox.phones()
    assert {number for number, texts in phones.items() if texts} == {ME}
    bodies = [one.body for one in phones[ME]]
    assert sum(body.startswith("[→ ruta, duty_desk] REIKIA PAGALBOS") for body in bodies) == 1
    assert sum(body.startswith("[-> jonas, fire_chief] REIKIA PAGALBOS") for body in bodies) == 1
    assert sum(body.startswith("[→ drill, duty_desk] PRATYBOS!") for body in bodies) == 1
    (letter,) = await stage.sandbox.mails()
    assert letter.recipients == (MINE,)
    assert letter.subject.startswith("[→ ruta, duty_desk] ")


@pytest.mark.kafka
@pytest.mark.chaos
async def test_made_up_people_and_a_real_provider_go_together_where_only_i_am_reached(stage: Stage) -> None:
    """The fictional directory is refused by a provider of real people, but not in this mode."""
    twilio = json.dumps({"account_sid": "AC1", "auth_token": "x", "from_urgent": "+37167000001"})
    notifier = json.dumps({"only_to": ME, "only_to_email": MINE})
    process = stage.process("sms", TWILIO=twilio, NOTIFIER=notifier)
    assert await eventually(lambda: process.poll() is not None, 20)
    # It goes on to the next mistake of these settings: the provider lacks its routine number.
    assert process.returncode == 78
    assert "marked fictional" not in stage.logs()
    assert "FROM_ROUTINE" in stage.logs()
