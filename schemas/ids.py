"""Identifiers that need no store: the same input gives the same id, so a repeat is recognised by itself."""

import base64
import hashlib

_CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_DIGITS = "23456789"
CANARY_PREFIX = "cn-"
_PARTITION_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def _digest(*parts: str) -> bytes:
    hasher = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        hasher.update(len(raw).to_bytes(4, "big") + raw)  # lengths keep ("ab","c") apart from ("a","bc")
    return hasher.digest()


def _short(*parts: str) -> str:
    return base64.b32encode(_digest(*parts)).decode().lower()[:26]


def event_id(sender: str, idempotency_key: str) -> str:
    """Event id of a sender's idempotency key: 130 bits, lower-case base 32."""
    return "ev-" + _short("event", sender, idempotency_key)


def incident_id(sender: str, incident_key: str) -> str:
    """Incident id of a sender's own name for an incident."""
    return "in-" + _short("incident", sender, incident_key)


def canary_id(partition: int, slot: int, attempt: int) -> str:
    """Incident id of a partition's canary of one slot of time. ``attempt`` gives the next candidate: which partition
    an id falls on is found by trying."""
    return CANARY_PREFIX + _short("canary", str(partition), str(slot), str(attempt))


def is_canary(incident: str) -> bool:
    """Whether ``incident`` is a canary's: over as soon as it has expired, and of no interest to anybody then."""
    return incident.startswith(CANARY_PREFIX)


def notification_id(event: str, step: int, contact: str, channel: str) -> str:
    """Notification id: one text, of one event, on one rung, to one contact, by one channel."""
    return "nt-" + _short("notification", event, str(step), contact, channel)


def resend_id(notification: str, attempt: int) -> str:
    """Id of the order to send an attempt's text once more: however often it is given, it is one order."""
    return "rs-" + _short("resend", notification, str(attempt))


def exercise_id(*parts: str) -> str:
    """Id of one run of an exercise made of past events."""
    return "ex-" + _short("exercise", *parts)


def response_id(provider: str, ref: str, contact: str | None = None) -> str:
    """Response id of an inbound text, by what its provider calls it; ``contact`` where it is kept for several."""
    return "re-" + _short("response", provider, ref, contact or "")


def smpp_reference(notification: str, attempt: int) -> int:
    """The 16 bits that an SMPP provider may give back in its receipts: they tell few texts apart, not many."""
    return int.from_bytes(_digest("smpp", notification, str(attempt))[:2], "big")


def reply_code(partition: int, incident: str, attempt: int) -> str:
    """Candidate reply code of an incident: the first letter names the partition; ``attempt`` gives the next
    candidate when one is taken.

    A digit stands in each, so that no code is a word: ``LABA`` or ``KURA`` before a yes would be read as one.

    Raises:
        ValueError: ``partition`` has no letter (there are 24).
    """
    if not 0 <= partition < len(_PARTITION_LETTERS):
        raise ValueError(f"partition {partition} has no letter: at most {len(_PARTITION_LETTERS)} partitions")
    digest = _digest("code", incident, str(attempt))
    tail = "".join(_CODE_ALPHABET[byte % len(_CODE_ALPHABET)] for byte in digest[:3])
    if tail.isalpha():
        place, digit = digest[3] % len(tail), _CODE_DIGITS[digest[4] % len(_CODE_DIGITS)]
        tail = tail[:place] + digit + tail[place + 1 :]
    return _PARTITION_LETTERS[partition] + tail


def partition_of_code(code: str) -> int | None:
    """The partition a reply code names, or None if its first letter names none."""
    index = _PARTITION_LETTERS.find(code[0].upper()) if code else -1
    return index if index >= 0 else None
