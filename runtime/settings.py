"""Settings of a process, from the environment (``BORDERLANDS_…``) and from a directory of secret files.

Read once when a process starts and handed on; nothing reads the environment at import.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from schemas.base import E164
from schemas.topics import DEFAULT_PARTITIONS, MAX_PARTITIONS

Seconds = Annotated[float, Field(gt=0, le=3600)]


def _empty_is_none(given: object) -> object:
    """What is left empty in the environment or in a secret file is not set."""
    return None if isinstance(given, str) and not given.strip() else given


OrNone = BeforeValidator(_empty_is_none)
Mailbox = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
PublicUrl = Annotated[str, Field(pattern=r"^https?://[^?#\s]+$")]


def _listed(given: object) -> object:
    return [part.strip() for part in given.split(",")] if isinstance(given, str) else given


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or len(set(names)) < len(names):
        raise ValueError("name at least one provider, and each only once")
    return names


Order = (NoDecode, BeforeValidator(_listed), AfterValidator(_each_once))
"""Providers in the order in which they are tried, with commas between them."""


class SettingsMistake(Exception):
    """The settings do not hold together; the text names every mistake and the variable to mend."""


def _web_address(url: SecretStr | None) -> SecretStr | None:
    if url is None:
        return None
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not an address that begins with https:// (or http://) and names a host")
    return url


class UpkeepSettings(BaseModel):
    """How the system watches itself. ``dead_man_url`` is called while canaries come through; it is a secret.

    ``contact_checks`` false leaves the policy's checks of contacts to be started by hand.
    """

    model_config = ConfigDict(extra="forbid")

    dead_man_url: Annotated[SecretStr | None, OrNone, AfterValidator(_web_address)] = None
    contact_checks: bool = True


class TwilioSettings(BaseModel):
    """The SMS provider. ``base_url`` None is the provider's own address; otherwise scheme, host and port.

    A sender number per lane: a provider queues per sender, so urgent texts never stand behind routine ones.
    """

    model_config = ConfigDict(extra="forbid")

    account_sid: str = ""
    auth_token: SecretStr = SecretStr("")
    base_url: Annotated[str | None, OrNone] = None
    from_urgent: Annotated[E164 | None, OrNone] = None
    from_routine: Annotated[E164 | None, OrNone] = None
    status_callback: Annotated[str | None, OrNone] = None
    timeout_s: Seconds = 10.0


class SmtpSettings(BaseModel):
    """The mail server. ``security``: none (loopback only), starttls or tls."""

    model_config = ConfigDict(extra="forbid")

    host: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Annotated[str, Field(pattern="^(none|starttls|tls)$")] = "starttls"
    username: Annotated[str | None, OrNone] = None
    password: Annotated[SecretStr | None, OrNone] = None
    sender: str = ""
    sender_name: str = "Safe Borderlands"
    timeout_s: Seconds = 20.0


class SmppSettings(BaseModel):
    """An SMS provider that speaks SMPP 3.4. ``password`` has at most 8 characters, as the protocol wants it.

    Senders per lane as for Twilio: an international number, a short number or a name, each with the type of number and
    numbering plan that ``from_ton`` and ``from_npi`` say, or that its form says where they are None (5.2.5 and 5.2.6 of
    SMPP 3.4). ``plus`` sends numbers with their plus. ``long_texts``: one message with ``message_payload`` that the
    provider splits, or parts of our own. ``reference``: texts carry a ``user_message_reference``.

    Notifiers bind as ``bind``; the one receiver of replies and delivery receipts, in the gateway, as ``receiver_bind``.
    ``window`` bounds the texts that wait for their answer at once. A text without an answer is waited for another
    ``unknown_wait_s`` before nobody knows.
    """

    model_config = ConfigDict(extra="forbid")

    host: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 2775
    tls: bool = False
    system_id: Annotated[str, Field(max_length=15)] = ""
    password: Annotated[SecretStr, Field(max_length=8)] = SecretStr("")
    system_type: Annotated[str, Field(max_length=12)] = ""
    bind: Literal["transmitter", "transceiver"] = "transmitter"
    receiver_bind: Literal["receiver", "transceiver"] = "receiver"
    from_urgent: Annotated[str, Field(max_length=20)] = ""
    from_routine: Annotated[str, Field(max_length=20)] = ""
    from_ton: Literal[0, 1, 2, 3, 4, 5, 6] | None = None
    from_npi: Literal[0, 1, 3, 4, 6, 8, 9, 10, 14, 18] | None = None
    plus: bool = False
    long_texts: Literal["payload", "parts"] = "payload"
    reference: bool = True
    enquire_link_s: Seconds = 30.0
    window: Annotated[int, Field(ge=1, le=1000)] = 10
    timeout_s: Seconds = 10.0
    unknown_wait_s: Seconds = 10.0


class NotifierSettings(BaseModel):
    """How notifiers claim and try. A claim older than ``claim_fresh_s`` may not be acted on any more.

    ``only_to`` and ``only_to_email`` (*text only me*): every text goes to that one number and every mail to that one
    mailbox, with its true addressee in front. ``refused_number_elsewhere``: a number that one provider refuses for good
    is tried by the next one as well.
    """

    model_config = ConfigDict(extra="forbid")

    claim_fresh_s: Seconds = 5.0
    reconcile_pause_s: Seconds = 3.0
    try_for_s: Seconds = 10.0
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 100
    refused_number_elsewhere: bool = False
    only_to: Annotated[E164 | None, OrNone] = None
    only_to_email: Annotated[Mailbox | None, OrNone] = None


class GatewaySettings(BaseModel):
    """The door for providers. ``public_url`` is what stands before ``/twilio/…`` in the address they call and sign.

    A callback is answered within ``answer_within_s``, 503 where the log has not taken it by then. The provider's list
    of received texts is read every ``poll_s``, at start back to ``look_back_s`` ago. Courtesy replies are at most
    ``replies_a_day`` to one number and ``replies_a_minute`` to all.
    """

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8090
    public_url: Annotated[PublicUrl | None, OrNone] = None
    answer_within_s: Seconds = 4.0
    poll_s: Seconds = 60.0
    look_back_s: Annotated[float, Field(gt=0, le=7 * 86_400)] = 86_400.0
    max_body_bytes: Annotated[int, Field(ge=1024, le=1024**2)] = 65_536
    connections: Annotated[int, Field(ge=1, le=10_000)] = 500
    replies_a_day: Annotated[int, Field(ge=0, le=100)] = 5
    replies_a_minute: Annotated[int, Field(ge=0, le=1000)] = 30


class Settings(BaseSettings):
    """All settings of one process; unknown ``BORDERLANDS_`` variables are ignored, wrong values are not."""

    model_config = SettingsConfigDict(env_prefix="BORDERLANDS_", env_nested_delimiter="__", extra="ignore", frozen=True)

    bootstrap: str = "127.0.0.1:9092"
    partitions: Annotated[int, Field(ge=1, le=MAX_PARTITIONS)] = DEFAULT_PARTITIONS
    replication: Annotated[int, Field(ge=1, le=5)] = 1
    home: Path = Path("var")
    directory: Path = Path("deploy/policy/directory.example.yaml")
    instance: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")] | None = None
    session_timeout_s: Seconds = 10.0
    request_timeout_s: Seconds = 15.0
    health_port: Annotated[int, Field(ge=0, le=65535)] = 0
    log_format: Annotated[str, Field(pattern="^(auto|text|json)$")] = "auto"
    upkeep: UpkeepSettings = UpkeepSettings()
    sms_providers: Annotated[tuple[Literal["twilio", "smpp"], ...], *Order] = ("twilio",)
    email_providers: Annotated[tuple[Literal["smtp", "smtp2"], ...], *Order] = ("smtp",)
    twilio: TwilioSettings = TwilioSettings()
    smpp: SmppSettings = SmppSettings()
    smtp: SmtpSettings = SmtpSettings()
    smtp2: SmtpSettings = SmtpSettings()
    notifier: NotifierSettings = NotifierSettings()
    gateway: GatewaySettings = GatewaySettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then secret files, one value each: ``borderlands_twilio__auth_token``."""
        secrets = NestedSecretsSettingsSource(file_secret_settings, secrets_dir_missing="error")
        return init_settings, env_settings, secrets


def load_settings(**overrides: Any) -> Settings:
    """Read the settings, with secrets from ``BORDERLANDS_SECRETS_DIR`` where that names a directory.

    Raises:
        SettingsMistake: naming every wrong variable at once.
    """
    secrets = os.environ.get("BORDERLANDS_SECRETS_DIR")
    try:
        return Settings(_secrets_dir=secrets or None, **overrides)
    except ValidationError as error:
        lines = [
            f"BORDERLANDS_{'__'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise SettingsMistake("settings: " + "; ".join(lines)) from error
    except SettingsError as error:
        cause = f" ({error.__cause__})" if error.__cause__ else ""
        raise SettingsMistake(
            f"settings: {error}{cause}; mend BORDERLANDS_SECRETS_DIR or the variable named"
        ) from error
