"""Settings come from the environment and from secret files, and every mistake names its variable."""

import os
from pathlib import Path

import pytest

from runtime.settings import SettingsMistake, load_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine that runs the tests."""
    for name in [name for name in os.environ if name.startswith("BORDERLANDS_")]:
        monkeypatch.delenv(name)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a setting are joined by two underscores."""
    monkeypatch.setenv("BORDERLANDS_BOOTSTRAP", "kafka:9092")
    monkeypatch.setenv("BORDERLANDS_TWILIO__TIMEOUT_S", "7.5")
    settings = load_settings()
    assert (settings.bootstrap, settings.twilio.timeout_s) == ("kafka:9092", 7.5)
    assert load_settings(bootstrap="other:9092").bootstrap == "other:9092"


def test_providers_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order they are tried; a name that is none, or given twice, is a mistake."""
    assert (load_settings().sms_providers, load_settings().email_providers) == (("twilio",), ("smtp",))
    monkeypatch.setenv("BORDERLANDS_SMS_PROVIDERS", "smpp, twilio")
    assert load_settings().sms_providers == ("smpp", "twilio")
    for wrong in ("pigeon", "smpp,smpp", ""):
        monkeypatch.setenv("BORDERLANDS_SMS_PROVIDERS", wrong)
        with pytest.raises(SettingsMistake, match="BORDERLANDS_SMS_PROVIDERS"):
            load_settings()


def test_every_mistake_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator mends all of them in one go."""
    monkeypatch.setenv("BORDERLANDS_PARTITIONS", "25")
    monkeypatch.setenv("BORDERLANDS_INSTANCE", "Router 1")
    monkeypatch.setenv("BORDERLANDS_TWILIO__FROM_URGENT", "112")
    monkeypatch.setenv("BORDERLANDS_SMTP__HSOT", "mail")
    with pytest.raises(SettingsMistake) as caught:
        load_settings()
    for name in ("PARTITIONS", "INSTANCE", "TWILIO__FROM_URGENT", "SMTP__HSOT"):
        assert f"BORDERLANDS_{name}: " in str(caught.value)


def test_a_value_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group given as one variable must be JSON; the mistake is a sentence, not a traceback."""
    monkeypatch.setenv("BORDERLANDS_TWILIO", "hunter2")
    with pytest.raises(SettingsMistake, match='"twilio"') as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


def test_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One file a secret, named like its variable, without the line end an editor adds."""
    (tmp_path / "borderlands_twilio__auth_token").write_text("hunter2\n")
    (tmp_path / "borderlands_smtp__password").write_text("hunter3\n")
    (tmp_path / "unrelated").write_text("x")
    monkeypatch.setenv("BORDERLANDS_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("BORDERLANDS_TWILIO__ACCOUNT_SID", "AC1")
    settings = load_settings()
    assert settings.twilio.auth_token.get_secret_value() == "hunter2"
    assert settings.twilio.account_sid == "AC1"
    assert settings.smtp.password is not None
    assert settings.smtp.password.get_secret_value() == "hunter3"
    assert "hunter" not in repr(settings)


def test_a_secrets_directory_that_is_not_there_is_a_mistake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A process does not start without the secrets it was told to use."""
    monkeypatch.setenv("BORDERLANDS_SECRETS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsMistake, match="BORDERLANDS_SECRETS_DIR"):
        load_settings()


def test_no_mistake_repeats_a_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A secret in the wrong place is not printed."""
    (tmp_path / "borderlands_smtp__port").write_text("hunter2")
    monkeypatch.setenv("BORDERLANDS_SECRETS_DIR", str(tmp_path))
    with pytest.raises(SettingsMistake, match="BORDERLANDS_SMTP__PORT") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)
