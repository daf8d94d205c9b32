"""The Message resource and the store of all messages, with the two orders a listing needs."""

import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from deploy.local.sandbox.errors import DELIVERY_TEXTS

API_VERSION = "2010-04-01"
TWILIO, SMPP = "twilio", "smpp"


class StoreFullError(Exception):
    """The store holds as many messages as it may; reset the sandbox."""


@dataclass(slots=True)
class Message:
    """One message as a provider knows it. Times are seconds since the epoch; ``via`` names the provider: what went
    through one is not in the lists of another."""

    serial: int
    sid: str
    to: str
    sender: str
    body: str
    segments: int
    direction: str
    status: str
    created_at: float
    updated_at: float
    sent_at: float | None = None
    error_code: int | None = None
    validity_s: int = 0
    status_callback: str | None = None
    deleted: bool = False
    via: str = TWILIO

    def record(self) -> dict[str, object]:
        """What the ledger keeps of a new message, enough to have it back after a restart."""
        return {
            "sid": self.sid,
            "to": self.to,
            "from": self.sender,
            "body": self.body,
            "segments": self.segments,
            "created_at": self.created_at,
            "validity_s": self.validity_s,
            "status_callback": self.status_callback,
            "via": self.via,
        }

    def resource(self, account_sid: str) -> dict[str, object]:
        """The JSON representation, every field of the provider's description."""
        base = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{self.sid}"
        return {
            "account_sid": account_sid,
            "api_version": API_VERSION,
            "body": self.body,
            "date_created": rfc2822(self.created_at),
            "date_sent": None if self.sent_at is None else rfc2822(self.sent_at),
            "date_updated": rfc2822(self.updated_at),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None if self.error_code is None else error_text(self.error_code),
            "from": self.sender,
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": str(self.segments),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{base}/Media.json"},
            "to": self.to,
            "uri": f"{base}.json",
        }


def error_text(code: int) -> str:
    """What a delivery error means."""
    return DELIVERY_TEXTS.get(code, "Unknown error")


def rfc2822(epoch_s: float) -> str:
    """`epoch_s` as the provider writes dates: whole seconds, GMT."""
    return _rfc2822(int(epoch_s))


@lru_cache(maxsize=4096)
def _rfc2822(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))


def new_sid() -> str:
    """A fresh message identifier."""
    return f"SM{uuid.uuid4().hex}"


class MessageStore:
    """Every message of the account, at most `limit`; deleted ones count until a reset."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._by_sid: dict[str, Message] = {}
        self._all: list[Message] = []
        self._by_to: defaultdict[str, list[Message]] = defaultdict(list)
        self._by_sender: defaultdict[str, list[Message]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._all)

    @property
    def full(self) -> bool:
        """Whether no further message fits."""
        return len(self._all) >= self._limit

    @property
    def next_serial(self) -> int:
        """The number of the next message; serials give the order of a listing."""
        return len(self._all)

    def add(self, message: Message) -> None:
        """Keep a message; `StoreFullError` when there is no room."""
        if self.full:
            raise StoreFullError(f"the sandbox holds its {self._limit} messages: reset it")
        self._by_sid[message.sid] = message
        self._all.append(message)
        self._by_to[message.to].append(message)
        self._by_sender[message.sender].append(message)

    def get(self, sid: str) -> Message | None:
        """The message, unless it is unknown or deleted."""
        return self._by_sid.get(sid)

    def delete(self, message: Message) -> None:
        """Take a message out of the account."""
        message.deleted = True
        message.body = ""
        self._by_sid.pop(message.sid, None)

    def newest_first(self, *, to: str | None, sender: str | None, below: int | None) -> Iterator[Message]:
        """Messages of the Messages API by recipient and sender, with a serial under `below`."""
        if to is not None:
            column = self._by_to.get(to, [])
        elif sender is not None:
            column = self._by_sender.get(sender, [])
        else:
            column = self._all
        for message in reversed(column):
            if message.via != TWILIO or message.deleted or (below is not None and message.serial >= below):
                continue
            if sender is None or message.sender == sender:
                yield message

    def in_flight(self) -> list[Message]:
        """Outbound messages that still have a way to go, oldest first."""
        return [m for m in self._all if not m.deleted and m.status in {"queued", "sending", "sent"}]
