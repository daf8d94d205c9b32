"""A stand-in for the outside world on one machine: an SMS provider that speaks Twilio's Messages API, phones
that can reply, and an SMTP inbox. Real clients run against it; only addresses and credentials differ."""

from deploy.local.sandbox.control import SandboxControl, SandboxError
from deploy.local.sandbox.models import (
    Fault,
    FaultKind,
    Mail,
    MailFault,
    MailFaultKind,
    NumberStatus,
    NumberTrouble,
    Operation,
    PhoneText,
    Settings,
)
from deploy.local.sandbox.running import RunningSandbox, running_sandbox

__all__ = [
    "Fault",
    "FaultKind",
    "Mail",
    "MailFault",
    "MailFaultKind",
    "NumberStatus",
    "NumberTrouble",
    "Operation",
    "PhoneText",
    "RunningSandbox",
    "SandboxControl",
    "SandboxError",
    "Settings",
    "running_sandbox",
]
