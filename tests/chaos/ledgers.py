"""Reads the emulator's and the inbox's own files: every text the provider took, every mail the inbox took.

The files and not the sandbox's control port, so that the judge sees also what a dead sandbox had taken.
"""

import email
import email.policy
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from schemas.policy.directory import Directory
from schemas.vocabulary import Channel
from tests.chaos.books import Arrived


class Ledgers:
    """The files of one sandbox, read on from where the last reading ended.

    ``home`` is the system's home; ``directory`` says whose number or mailbox an address is.
    """

    def __init__(self, home: Path, directory: Directory) -> None:
        self._folder = home / "sandbox"
        self._place = 0
        contacts = directory.contacts.items()
        self._names = {contact.sms: name for name, contact in contacts if contact.sms}
        self._names |= {contact.email: name for name, contact in contacts if contact.email}
        self._of_code: dict[str, str] = {}
        self.arrived: list[Arrived] = []
        """Everything read so far, in the order it was taken."""

    def skip(self) -> None:
        """Begin here: what was taken before is not looked at."""
        path = self._folder / "ledger.jsonl"
        self._place = path.stat().st_size if path.exists() else 0
        self.arrived = []

    def read(self) -> list[Arrived]:
        """What was taken since the last reading; also added to ``arrived``."""
        path = self._folder / "ledger.jsonl"
        fresh: list[Arrived] = []
        if path.exists():
            with path.open("rb") as file:
                file.seek(self._place)
                for line in file:
                    if not line.endswith(b"\n"):
                        break  # just being written
                    self._place += len(line)
                    fresh += map(self._meant, self._understood(json.loads(line)))
        self.arrived += fresh
        return fresh

    def _meant(self, one: Arrived) -> Arrived:
        """``one`` with the event it means by its code: the newest in whose texts that code stood."""
        if one.marker is not None:
            self._of_code |= dict.fromkeys(one.codes, one.marker)
            return one
        meant = next((self._of_code[code] for code in one.codes if code in self._of_code), None)
        return replace(one, meant=meant)

    def _understood(self, entry: dict[str, Any]) -> list[Arrived]:
        if entry["kind"] == "accepted":
            contact = self._names.get(entry["to"], entry["to"])
            return [Arrived(contact, Channel.SMS, entry["body"], entry["created_at"], entry["sid"])]
        if entry["kind"] == "mail":
            body, at_s = self._mail(entry["number"]), datetime.fromisoformat(entry["at"]).timestamp()
            return [
                Arrived(self._names.get(mailbox, mailbox), Channel.EMAIL, body, at_s, entry["message_id"])
                for mailbox in entry["recipients"]
            ]
        return []

    def _mail(self, number: int) -> str:
        """Subject and text as a mail program would show them."""
        raw = (self._folder / "mails" / f"{number:06d}.eml").read_bytes()
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        plain = mail.get_body(("plain",))
        text = "" if plain is None else plain.get_content()
        return f"{mail['Subject']}\n{text}".replace("\r\n", "\n")
