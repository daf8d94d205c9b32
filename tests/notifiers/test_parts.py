"""The small parts of the notifiers, one by one."""

import os
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from notifiers.message import Message
from notifiers.outcome import Retry
from notifiers.service import is_this_machine
from notifiers.sms_twilio import TwilioSms
from runtime.directory import DirectoryFile, anybody, for_real_people
from runtime.process import ConfigurationMistake
from runtime.quoting import bounded
from runtime.settings import Settings, SmtpSettings, TwilioSettings
from runtime.status_callback import about, about_of, callback_url
from schemas.vocabulary import Channel, ReceiptReason
from tests.notifiers.stage import DIRECTORY, ROUTINE, URGENT, order


@pytest.mark.parametrize(
    "text", ["to +370 612 00001 failed", "whatsapp:+37061200001", "00(371)2000-1101", "<ruta@birzai.example.org>"]
)
def test_details_name_nobody(text: str) -> None:
    """Whatever a provider quotes, no number or mailbox is left in a detail."""
    left = bounded(text * 20)
    assert len(left) <= 200
    assert "@" not in left
    assert "61200001" not in left.replace(" ", "")
    assert "20001101" not in left.replace("-", "")


def test_a_changed_directory_counts_and_a_broken_one_does_not(tmp_path: Path) -> None:
    """The newest good version is used; one with mistakes changes nothing."""
    path = tmp_path / "directory.yaml"
    path.write_text(DIRECTORY, encoding="utf-8")
    directory = DirectoryFile(path, anybody)
    path.write_text(DIRECTORY.replace("+37061200001", "+37061200077"), encoding="utf-8")
    os.utime(path, ns=(1, 1))
    directory.refresh()
    assert directory.current().contacts["ruta"].sms == "+37061200077"
    path.write_text("contacts: [", encoding="utf-8")
    directory.refresh()
    path.unlink()
    directory.refresh()
    assert directory.current().contacts["ruta"].sms == "+37061200077"


def test_mistakes_of_a_directory_are_named_without_its_numbers(tmp_path: Path) -> None:
    """What is wrong goes into the log, whose number it is does not."""
    path = tmp_path / "directory.yaml"
    path.write_text(DIRECTORY.replace("+37061200001", "+370612000018888888"), encoding="utf-8")
    with pytest.raises(ConfigurationMistake, match=r"directory.yaml") as caught:
        DirectoryFile(path, anybody)
    assert "61200001" not in str(caught.value)


def test_made_up_people_are_refused_for_a_real_provider(tmp_path: Path) -> None:
    """A directory marked fictional keeps a real provider from starting, and is not taken up later either."""
    path = tmp_path / "directory.yaml"
    path.write_text(DIRECTORY, encoding="utf-8")
    with pytest.raises(ConfigurationMistake, match="marked fictional"):
        DirectoryFile(path, for_real_people("the sms provider"))
    path.write_text(DIRECTORY.replace("fictional: true", "fictional: false"), encoding="utf-8")
    directory = DirectoryFile(path, for_real_people("the sms provider"))
    path.write_text(DIRECTORY, encoding="utf-8")
    os.utime(path, ns=(1, 1))
    directory.refresh()
    assert not directory.current().fictional


@pytest.mark.parametrize(
    ("base_url", "local"),
    [
        (None, False),
        ("https://api.twilio.com", False),
        ("http://127.0.0.1:8025", True),
        ("http://localhost:1", True),
        ("http://127.0.0.1.example.org", False),
        ("http://[::1]:9", True),
    ],
)
def test_only_a_loopback_address_is_this_machine(base_url: str | None, local: bool) -> None:
    """A provider anywhere else reaches real people."""
    settings = Settings(twilio=TwilioSettings(base_url=base_url), smtp=SmtpSettings(host="mail.example.org"))
    assert is_this_machine(settings, Channel.SMS) is local
    assert not is_this_machine(settings, Channel.EMAIL)


def test_a_delivery_report_says_what_it_is_about() -> None:
    """The callback's address names all a receipt needs, behind what the setting already holds."""
    told = about(order("a" * 64, incident_id="in-1", event_id="ev-1", notification_id="nt-1", attempt=2), 5)
    address = callback_url("https://example.org/sms?v=1#rc=3", told)
    assert address == (
        "https://example.org/sms?v=1&incident=in-1&event=ev-1&notification=nt-1&attempt=2&contact=ruta"
        "&channel=sms&partition=5#rc=3"
    )
    assert about_of(dict(parse_qsl(urlsplit(address).query))) == told


async def test_missing_settings_are_named() -> None:
    """Every missing variable at once."""
    with pytest.raises(ConfigurationMistake, match=r"ACCOUNT_SID.*AUTH_TOKEN.*FROM_URGENT.*FROM_ROUTINE"):
        TwilioSms(TwilioSettings(), reconcile_pause_s=1)


async def test_an_unreachable_provider_certainly_took_nothing() -> None:
    """Connection refused is worth another try, not a question."""
    settings = TwilioSettings(
        account_sid="AC" + "0" * 32,
        auth_token="token",
        base_url="http://127.0.0.1:9",
        from_urgent=URGENT,
        from_routine=ROUTINE,
    )
    provider = TwilioSms(settings, reconcile_pause_s=0.1)
    outcome = await provider.send(Message(order("a" * 64), "+37061200001", "Tests"), datetime.now(UTC))
    await provider.close()
    assert outcome == Retry(ReceiptReason.CONNECTION, "ClientConnectorError")
