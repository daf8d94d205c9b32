"""An SMS provider that speaks SMPP 3.4, with the phones and the ledger of the sandbox: bind, take texts in one message
or in parts, deliver receipts and replies until somebody answers for them, go wrong on demand."""

import asyncio
import contextlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime

from aiosmpplib.protocol import DeliverSm
from aiosmpplib.state import MESSAGE_STATE, NPI, RECEIPTED_MESSAGE_ID, TON, USER_MESSAGE_REFERENCE, OptionalParam
from aiosmpplib.state import PhoneNumber as Address

from deploy.local.sandbox.allowance import Allowance
from deploy.local.sandbox.carrier import Carrier
from deploy.local.sandbox.errors import MAX_VALIDITY_S, ApiError, CreateRequest
from deploy.local.sandbox.faults import FaultBoard
from deploy.local.sandbox.ledger import Ledger
from deploy.local.sandbox.messages import SMPP, Message, new_sid
from deploy.local.sandbox.models import SmppFault, SmppFaultKind
from deploy.local.sandbox.smsc_deliveries import RECEIVING, Client, Deliveries
from runtime.smpp_pdu import (
    HEADER_BYTES,
    RESPONSE,
    Command,
    Delivered,
    Header,
    NoSmpp,
    Status,
    Tag,
    Unreadable,
    bare,
    read_delivered,
    read_header,
)
from runtime.smpp_text import GSM, UCS2, decoded, encoding_of, number_of, part_of, parts_of, with_header

DEMO_SYSTEM_ID = "borderlands"
DEMO_PASSWORD = "sandbox"  # noqa: S105 # opens nothing but the sandbox on this machine
SUBMIT_FAILED, QUEUE_FULL = 0x45, 0x14
MAX_WANTED = 20_000
MAX_PARTIAL = 1000

_BINDS = RECEIVING | {Command.BIND_TRANSMITTER}
_WRONG_NUMBER = frozenset({21211, 21266, 21604, 21612, 21614})
_ENDS = {"delivered": ("DELIVRD", 2), "undelivered": ("UNDELIV", 5), "failed": ("REJECTD", 8)}
_BEFORE = {SmppFaultKind.THROTTLE, SmppFaultKind.STATUS, SmppFaultKind.HANG_BEFORE, SmppFaultKind.DROP_BEFORE}
_AFTER = {SmppFaultKind.HANG_AFTER, SmppFaultKind.LATE, SmppFaultKind.DROP_AFTER, SmppFaultKind.NO_RECEIPT}


@dataclass(frozen=True)
class _Wanted:
    """Of an accepted text: what its receipt repeats, None where none was asked for."""

    reference: int | None


class SmscServer:
    """The SMPP server on 127.0.0.1, with one account."""

    def __init__(
        self, carrier: Carrier, faults: FaultBoard[SmppFault], ledger: Ledger, senders: frozenset[str]
    ) -> None:
        """``senders`` are the numbers to which replies come in here."""
        self._carrier, self._faults, self._ledger, self._senders = carrier, faults, ledger, senders
        self._clients: set[Client] = set()
        self._wanted: OrderedDict[str, _Wanted] = OrderedDict()
        self._partial: OrderedDict[tuple[str, str, int, int], dict[int, bytes]] = OrderedDict()
        self._allowance, self._deliveries = Allowance(), Deliveries(self._clients, ledger)
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> int:
        """Listen; the answer is the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self._deliveries.start()
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the door and every connection."""
        if self._server is not None:
            self._server.close()
        self.drop()
        await self._deliveries.stop()

    def drop(self) -> None:
        """End every session without a word."""
        for client in self._clients:
            client.writer.transport.abort()

    def clear(self) -> None:
        """Forget what waits."""
        self._wanted.clear()
        self._partial.clear()
        self._deliveries.clear()

    def owns(self, number: str) -> bool:
        """Whether replies to ``number`` come in here."""
        return number in self._senders

    def received(self, message: Message) -> None:
        """A phone sent a text: it waits for a receiver, in parts where it is long."""
        encoding, parts = encoding_of(message.body), parts_of(message.body)
        raws = parts if len(parts) == 1 else with_header(parts, message.serial)
        for raw in raws:
            pdu = DeliverSm(
                short_message=message.body,
                source=_address(message.sender),
                destination=_address(message.to),
                esm_class=0x40 if len(parts) > 1 else 0,
                encoding=UCS2 if encoding == UCS2 else GSM,
                registered_delivery=0,
            )
            pdu.set_encoded_message(raw)
            self._deliveries.add(pdu)

    def moved(self, message: Message) -> None:
        """A text of ours has another status: its end is a receipt, where one was asked for."""
        if message.status not in _ENDS or message.sid not in self._wanted:
            return
        wanted, (state, number) = self._wanted.pop(message.sid), _ENDS[message.status]
        optional = [OptionalParam(RECEIPTED_MESSAGE_ID, message.sid), OptionalParam(MESSAGE_STATE, number)]
        if wanted.reference is not None:
            optional.append(OptionalParam(USER_MESSAGE_REFERENCE, wanted.reference))
        at = datetime.fromtimestamp(message.created_at, UTC).strftime("%y%m%d%H%M%S")
        done = datetime.fromtimestamp(message.updated_at, UTC).strftime("%y%m%d%H%M%S")
        arrived = int(message.status == "delivered")
        error = f"{message.error_code or 0:03d}"
        text = (
            f"id:{message.sid} sub:001 dlvrd:{arrived:03d} submit date:{at} done date:{done} stat:{state} err:{error}"
        )
        self._deliveries.add(
            DeliverSm(
                short_message=text,
                source=_address(message.to),
                destination=_address(message.sender),
                esm_class=0x04,
                registered_delivery=0,
                optional_params=optional,
            )
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(writer)
        if self._faults.take(lambda f: f.kind is SmppFaultKind.REFUSE_CONNECTION) is not None:
            self._note("refused_connection")
            writer.transport.abort()
            return
        self._clients.add(client)
        try:
            while await self._one(client, reader):
                pass
        except (OSError, asyncio.IncompleteReadError, NoSmpp):
            pass
        finally:
            self._clients.discard(client)
            for answer in client.answers.values():
                answer.cancel()
            writer.transport.abort()

    async def _one(self, client: Client, reader: asyncio.StreamReader) -> bool:
        """Deal with the next message; False when it was the last."""
        header = read_header(await reader.readexactly(HEADER_BYTES))
        body = await reader.readexactly(header.length - HEADER_BYTES)
        match header.command:
            case command if command in _BINDS:
                return await self._bind(client, header, body)
            case Command.SUBMIT_SM if client.bound in _BINDS - {Command.BIND_RECEIVER}:
                return await self._submit(client, header, body)
            case Command.DELIVER_SM_RESP:
                answer = client.answers.pop(header.sequence, None)
                if answer is not None and not answer.done():
                    answer.set_result(header.status)
            case Command.ENQUIRE_LINK:
                await _write(client, bare(Command.ENQUIRE_LINK_RESP, 0, header.sequence))
            case Command.UNBIND:
                await _write(client, bare(Command.UNBIND_RESP, 0, header.sequence))
                return False
            case command if not command & RESPONSE:
                status = Status.WRONG_BIND_STATE if command == Command.SUBMIT_SM else Status.INVALID_COMMAND
                await _write(client, bare(Command.GENERIC_NACK, status, header.sequence))
        return True

    async def _bind(self, client: Client, header: Header, body: bytes) -> bool:
        system_id, _, rest = body.partition(b"\0")
        known = (system_id, rest.partition(b"\0")[0]) == (DEMO_SYSTEM_ID.encode(), DEMO_PASSWORD.encode())
        status = Status.OK if known else Status.INVALID_PASSWORD
        if self._faults.take(lambda f: f.kind is SmppFaultKind.REFUSE_BIND) is not None:
            status = Status.BIND_FAILED
        self._note("bind", bind=Command(header.command).name.lower(), status=int(status))
        await _write(client, bare(header.command | RESPONSE, status, header.sequence, b"SANDBOX\0"))
        if status is Status.OK:
            client.bound = header.command
            self._deliveries.announce()
        return status is Status.OK

    async def _submit(self, client: Client, header: Header, body: bytes) -> bool:
        try:
            text = read_delivered(body)
        except Unreadable:
            await _answer(client, header, Status.INVALID_MESSAGE_LENGTH)
            return True
        to = number_of(text.to, text.to_ton)
        fault = self._faults.take(lambda f: f.kind in _BEFORE | _AFTER and f.to in {None, to})
        kind = fault.kind if fault is not None else None
        self._note("submit", to=to, fault=kind)
        if fault is not None and kind in _BEFORE:
            return await _refuse(client, header, fault)
        if not self._allowance.take(time.monotonic(), self._carrier.settings.takes_per_s):
            await _answer(client, header, Status.THROTTLED)
            return True
        taken = self._take(text, to, receipt=kind is not SmppFaultKind.NO_RECEIPT)
        if isinstance(taken, int):
            await _answer(client, header, taken)
        elif kind is SmppFaultKind.LATE and fault is not None:
            self._deliveries.spawn(_answer_late(client, header, taken, fault.delay_s))
        elif kind in (None, SmppFaultKind.NO_RECEIPT):
            await _answer(client, header, 0, taken)
        return kind is not SmppFaultKind.DROP_AFTER

    def _take(self, text: Delivered, to: str, *, receipt: bool) -> str | int:
        """The message id of a text or part that is accepted, or the status of its refusal."""
        part, raw = part_of(text)
        if part is not None:
            key = (text.sender, to, part.reference, part.total)
            parts = self._partial.setdefault(key, {})
            parts[part.number] = raw
            while len(self._partial) > MAX_PARTIAL:
                self._partial.popitem(last=False)
            if len(parts) < part.total:
                return new_sid()
            raw = b"".join(raw for _, raw in sorted(self._partial.pop(key).items()))
        body = decoded(raw, text.coding)
        if body is None or not body:
            return SUBMIT_FAILED
        sender = number_of(text.sender, text.sender_ton)
        message = self._carrier.accept(CreateRequest(to, sender, body, _validity_s(text.validity), None), SMPP)
        if isinstance(message, ApiError):
            full = QUEUE_FULL if message.status >= 500 else SUBMIT_FAILED
            return int(Status.INVALID_DESTINATION) if message.code in _WRONG_NUMBER else full
        if receipt and text.registered & 0x03:
            self._wanted[message.sid] = _Wanted(text.number(Tag.USER_MESSAGE_REFERENCE))
            while len(self._wanted) > MAX_WANTED:
                self._wanted.popitem(last=False)
        return message.sid

    def _note(self, what: str, **fields: object) -> None:
        self._ledger.append(time.time(), "smpp", what=what, **fields)


async def _refuse(client: Client, header: Header, fault: SmppFault) -> bool:
    match fault.kind:
        case SmppFaultKind.THROTTLE:
            await _answer(client, header, Status.THROTTLED)
        case SmppFaultKind.STATUS:
            await _answer(client, header, fault.status)
    return fault.kind is not SmppFaultKind.DROP_BEFORE


async def _answer(client: Client, header: Header, status: int, message_id: str = "") -> None:
    body = message_id.encode() + b"\0" if status == 0 else b""
    await _write(client, bare(Command.SUBMIT_SM_RESP, status, header.sequence, body))


async def _answer_late(client: Client, header: Header, message_id: str, delay_s: float) -> None:
    await asyncio.sleep(delay_s)
    with contextlib.suppress(OSError):
        await _answer(client, header, 0, message_id)


async def _write(client: Client, raw: bytes) -> None:
    client.writer.write(raw)
    await client.writer.drain()


def _address(number: str) -> Address:
    if number.startswith("+"):
        return Address(number[1:], TON.INTERNATIONAL, NPI.ISDN)
    return Address(number, TON.NETWORK_SPECIFIC if number.isdigit() else TON.ALPHANUMERIC, NPI.UNKNOWN)


def _validity_s(text: str) -> int:
    """Seconds of a relative validity period (7.1.1); an absolute one or none counts as the longest."""
    if not text.endswith("R") or not text[:12].isdigit():
        return MAX_VALIDITY_S
    years, months, days, hours, minutes, seconds = (int(text[at : at + 2]) for at in range(0, 12, 2))
    total = (((years * 365 + months * 30 + days) * 24 + hours) * 60 + minutes) * 60 + seconds
    return max(1, min(total, MAX_VALIDITY_S))
