"""A stand-in for the outside world on one machine: an SMS provider that speaks Twilio's Messages API, one that speaks
SMPP, phones that can reply, and an SMTP inbox. Real clients run against it; only addresses and credentials differ."""

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
    SmppFault,
    SmppFaultKind,
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
    "SmppFault",
    "SmppFaultKind",
    "running_sandbox",
]
