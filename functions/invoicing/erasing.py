"""Erasing a person's contacts at their request, from one biller's settled invoices and from its notices.

A person is known by one contact, an e-mail address or a number. Every recipient of a paid or archived invoice who has
it loses name and all addresses, and the notices that went to them lose address and name. What is money stays: number,
payer's name, amounts, account, payment, and that a notice was sent when and what became of it. An open invoice keeps
its contacts, since somebody must still be told of it; it is answered as still needed.

Two ways lead to all of it, and a call goes a bounded part of them: the notices that went to the contact (also of
invoices that have another by now), and the invoices themselves (also those of which nobody was told on this channel).
An account is done in one transaction with its entry in the trail, notices still under way first being waited for: so a
call that dies, comes twice or meets a payment leaves nothing half done, and the same contact finds what is left.

The trail has the erasure's random id, never the contact, nor a hash of it: numbers could be tried against one.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import orjson
from ulid import ULID

from invoicing import clock
from invoicing.contacts import parse_emails, parse_phone
from invoicing.errors import BusyError, ContactError, CursorError
from invoicing.invoice_lists import find_by_va_numbers
from invoicing.invoices import InvoiceStatus
from invoicing.notices import PAYER_CHANNELS, is_under_way, list_addresses, normalise_address
from invoicing.store import invoices, notices, suppressions
from invoicing.store.audit import add_audit_entry, build_audit_write
from invoicing.store.billers import load_biller
from invoicing.store.invoice_changes import build_erasure_writes
from invoicing.store.invoices import STATUS_SHARDS, Span
from invoicing.store.transactions import Change, commit_each
from invoicing.typed_text import InvalidValueError

MAX_EXAMINED = 4_000
"""After so many entries of an index, or ..."""
MAX_ACCOUNTS = 50
"""... so many accounts that had something of the contact, a call ends with a cursor."""
_PAGE = 100
_TRIES = 6
_NOTICES_AT_ONCE = 90
"""With invoice and trail under the 100 members of a transaction."""
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(9998, 12, 31)
_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}", re.ASCII)
_MAX_CURSOR = 1_000

Record = Mapping[str, Any]
_Address = tuple[str, str]
"""Channel and normalised address."""


class _Walk(StrEnum):
    """What is walked through, in this order: an invoice moves from open to paid to archived, never back."""

    NOTICES = "notices"
    OPEN = "open"
    PAID = "paid"
    ARCHIVED = "archived"


_WALKS = tuple(_Walk)


@dataclass(slots=True)
class Erasure:
    """What one call did; ``cursor`` is there as long as there is more."""

    erasure_id: str
    invoices: int = 0
    notices: int = 0
    waiting: list[str] = field(default_factory=list)
    """VA numbers of settled invoices of which a message is just under way: to be asked for again, a day later."""
    still_needed: list[str] = field(default_factory=list)
    """VA numbers of open invoices that name the contact: archive them or correct the contact, then ask again."""
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    biller_id: str
    address: str
    """Normalised."""
    by: str
    reason: str
    erasure_id: str


@dataclass(frozen=True, slots=True)
class _Position:
    walk: _Walk
    shard: int
    after: str = ""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done with one account."""

    change: Change
    notices: int
    has_invoice: bool
    is_last: bool
    """False: there are more notices than one transaction can hold."""


def erase_contact(biller_id: str, contact: str, *, by: str, reason: str, cursor: str | None = None) -> Erasure:
    """Go on with an erasure from ``cursor``, or begin one. Safe to repeat, from any cursor or from the beginning.

    ``contact`` as people type it. Raises ContactError, CursorError, BillerNotFoundError, BusyError.
    """
    load_biller(biller_id)
    address = _read_contact(contact)
    erasure_id, position = _read_cursor(cursor) if cursor else (str(ULID()), _Position(_Walk.NOTICES, 0))
    request = _Request(biller_id, address, by, reason, erasure_id)
    if not cursor:
        at = clock.to_text(clock.now())
        add_audit_entry(biller_id, user_id=by, action="begin_erasure", subject=request.erasure_id, at=at, reason=reason)
        # Whoever asked not to be written to stays so by the hash; what could be read of the address goes.
        for channel in PAYER_CHANNELS:
            suppressions.blank_address(biller_id, channel, address)
    return _walk(request, position)


def show_erasure(erasure: Erasure) -> dict[str, Any]:
    shown = {
        "erasure_id": erasure.erasure_id,
        "invoices": erasure.invoices,
        "notices": erasure.notices,
        "waiting": erasure.waiting,
        "still_needed": erasure.still_needed,
    }
    return shown | ({"cursor": erasure.cursor} if erasure.cursor else {})


def _walk(request: _Request, position: _Position) -> Erasure:
    erasure = Erasure(request.erasure_id)
    examined = accounts = 0
    while examined < MAX_EXAMINED and accounts < MAX_ACCOUNTS:
        found, seen, after = _read_page(request, position)
        for va_number in found:
            if position.walk is _Walk.OPEN:
                erasure.still_needed.append(va_number)
            else:
                _erase_account(request, va_number, erasure)
        examined += seen
        accounts += len(found)
        following = _Position(position.walk, position.shard, after) if after else _find_following(position)
        if following is None:
            return erasure
        position = following
    erasure.cursor = _write_cursor(request.erasure_id, position)
    return erasure


def _read_page(request: _Request, position: _Position) -> tuple[list[str], int, str]:
    """Accounts of the walk's next page that have to do with the contact; how many were seen; where to go on."""
    if position.walk is _Walk.NOTICES:
        told, after = notices.list_told(request.biller_id, request.address, position.shard, position.after, _PAGE)
        return list(dict.fromkeys(ref.va_number for ref in told)), len(told), after
    status = InvoiceStatus(position.walk)
    span = Span(_FIRST_DAY, _LAST_DAY, position.after or None)
    page = invoices.read_status_page(request.biller_id, status, position.shard, span, _PAGE)
    after = page.invoices[-1]["by_status_sk"] if page.more and page.invoices else ""
    found = [invoice["va_number"] for invoice in page.invoices if _find_named(invoice, request.address)]
    return found, len(page.invoices), after


def _find_following(position: _Position) -> _Position | None:
    """The beginning of the next shard, or of the next walk; None after the last."""
    shards = notices.RECIPIENT_SHARDS if position.walk is _Walk.NOTICES else STATUS_SHARDS
    if position.shard + 1 < shards:
        return _Position(position.walk, position.shard + 1)
    place = _WALKS.index(position.walk) + 1
    return _Position(_WALKS[place], 0) if place < len(_WALKS) else None


def _erase_account(request: _Request, va_number: str, erasure: Erasure) -> None:
    for _ in range(_TRIES):
        invoice = find_by_va_numbers(request.biller_id, [va_number]).get(va_number)
        if invoice is None:
            # Seen at neither of its places while it moved to the archive: look again.
            continue
        plan, is_waiting = _plan_account(request, invoice)
        if plan is not None:
            if not commit_each([plan.change])[0]:
                # A payment, an archive or a delivery report came between: look again.
                continue
            erasure.notices += plan.notices
            erasure.invoices += plan.has_invoice
            if not plan.is_last:
                continue
        if is_waiting and va_number not in erasure.waiting:
            erasure.waiting.append(va_number)
        return
    raise BusyError("the account was changed by others each time")


def _plan_account(request: _Request, invoice: Record) -> tuple[_Plan | None, bool]:
    """What to write, if anything; and whether messages under way must end first."""
    named = _find_named(invoice, request.address)
    if named and invoice["status"] == InvoiceStatus.OPEN:
        return None, False
    gone, shared = _split_addresses(invoice, named)
    gone |= {(channel, request.address) for channel in PAYER_CHANNELS}
    mine = [
        (record, to in gone)
        for record in notices.list_records(invoice["bank_code"], invoice["va_number"])
        if record["biller_id"] == request.biller_id
        and (to := (record["channel"], normalise_address(record.get("recipient", "")))) in gone | shared
        and (to in gone or "recipient_name" in record)
    ]
    settled = [(record, is_gone) for record, is_gone in mine if not is_under_way(record)]
    is_waiting = len(settled) < len(mine)
    at = clock.to_text(clock.now())
    now = settled[:_NOTICES_AT_ONCE]
    writes = [notices.build_erasure_write(record, at, name_only=not is_gone) for record, is_gone in now]
    is_last = len(now) == len(settled)
    # The invoice goes last: it says which other addresses are the same person's.
    has_invoice = bool(named) and is_last and not is_waiting
    if not writes and not has_invoice:
        return None, is_waiting
    change = {"at": at, "by": request.by, "action": "erase_contact", "reason": request.reason}
    if has_invoice:
        kept = [{} if place in named else recipient for place, recipient in enumerate(invoice["recipients"])]
        writes += build_erasure_writes(invoice, change, kept)
    audit = build_audit_write(
        request.biller_id,
        user_id=request.by,
        action="erase_contact",
        subject=invoice["va_number"],
        at=at,
        after={"erasure_id": request.erasure_id, "invoice": has_invoice, "notices": len(now)},
        reason=request.reason,
    )
    return _Plan([*writes, audit], len(now), has_invoice, is_last), is_waiting


def _find_named(invoice: Record, address: str) -> set[int]:
    """Places of the recipients who have this address on any channel."""
    return {
        place
        for place, recipient in enumerate(invoice["recipients"])
        if any(address == own for _, own in list_addresses([recipient]))
    }


def _split_addresses(invoice: Record, named: set[int]) -> tuple[set[_Address], set[_Address]]:
    """Where the named recipients are written to: they alone, and together with others of the invoice."""
    own, others = (
        set[_Address](
            list_addresses([one for place, one in enumerate(invoice["recipients"]) if (place in named) == is_named])
        )
        for is_named in (True, False)
    )
    return own - others, own & others


def _read_contact(typed: str) -> str:
    try:
        addresses: Sequence[str] = parse_emails(typed) if "@" in typed else [parse_phone(typed)]
    except InvalidValueError as error:
        raise ContactError(error.code) from error
    if len(addresses) > 1:
        raise ContactError("email_too_many")
    return normalise_address(addresses[0])


def _write_cursor(erasure_id: str, position: _Position) -> str:
    """Opaque and unsigned: whoever makes one up moves within the own biller's records."""
    content = orjson.dumps([erasure_id, position.walk, position.shard, position.after])
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[str, _Position]:
    """Raises CursorError for what no call gave out."""
    if len(cursor) > _MAX_CURSOR:
        raise CursorError
    try:
        content = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        erasure_id, walk, shard, after = orjson.loads(content)
        position = _Position(_Walk(walk), shard, after)
    except (binascii.Error, ValueError, TypeError) as error:
        raise CursorError from error
    is_typed = isinstance(erasure_id, str) and isinstance(after, str) and type(shard) is int
    if not is_typed or not _ULID.fullmatch(erasure_id) or not 0 <= shard < STATUS_SHARDS:
        raise CursorError
    if position.walk is _Walk.NOTICES and after and not notices.is_told_position(after):
        raise CursorError
    return erasure_id, position
