"""Lists of a biller's invoices by due date, filtered and in pages; and the search for one bill.

The indexes are sharded, so a page reads the next invoices of every shard and merges them: as many requests for a biller
with a million invoices as for one with ten. Filters that no index knows are applied to what was read, and a page ends
where it has read enough: it may be short, or empty, and yet have a cursor.
"""

import base64
import binascii
import hashlib
import heapq
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import orjson

from invoicing import archiving, clock
from invoicing.contacts import parse_emails, parse_phone
from invoicing.errors import CursorError
from invoicing.invoices import InvoiceStatus, find_payer_key, has_expired
from invoicing.settings import get_settings
from invoicing.store import invoices, notices, uploads
from invoicing.store.invoices import STATUS_SHARDS, Page, Span
from invoicing.typed_text import InvalidValueError

MAX_PAGE = 100
MAX_EXAMINED = 2_000
"""Invoices read for one page at most (but for the last requests), however few of them the filters let through."""
MAX_FOUND = 50
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(9998, 12, 31)
_MAX_CURSOR = 400
_POSITION = re.compile(r"\d{4}-\d{2}-\d{2}#.{1,200}", re.DOTALL)
_BATCH = 50
"""Accounts whose invoices one BatchGetItem loads: two keys each."""


class Show(StrEnum):
    """Which invoices a list has. Overdue and expired are open ones: derived, never stored."""

    OPEN = "open"
    PAID = "paid"
    ARCHIVED = "archived"
    OVERDUE = "overdue"
    """Open and due before today, in Jakarta."""
    EXPIRED = "expired"
    """Open, and its virtual account can no longer be paid."""
    WAITING = "waiting"
    """A payment outside the VA, or a reversal, waits for a second person."""


@dataclass(frozen=True, slots=True)
class Filters:
    show: Show | None = None
    """None: in every status."""
    due_from: date | None = None
    due_to: date | None = None
    class_name: str | None = None
    fee_type: str | None = None
    payer_key: str | None = None
    """As ``find_payer_key`` gives it."""
    upload_id: str | None = None
    latest_first: bool = False


@dataclass(frozen=True, slots=True)
class InvoicePage:
    invoices: list[dict[str, Any]]
    """As they are stored."""
    cursor: str | None
    """Where to go on; None: that was all."""


def list_invoices(biller_id: str, filters: Filters, *, cursor: str | None = None, limit: int = MAX_PAGE) -> InvoicePage:
    """The next ``limit`` invoices at most, by due date and number; those of an upload by row.

    Index reads may lag behind by moments. Raises CursorError, UploadNotFoundError.
    """
    limit = max(1, min(limit, MAX_PAGE))
    if filters.upload_id is not None:
        return _list_upload(biller_id, filters, cursor, limit)
    span = _build_span(filters, _read_cursor(filters, cursor) if cursor else None)
    found: list[dict[str, Any]] = []
    examined, position, done = 0, "", True
    with ThreadPoolExecutor(STATUS_SHARDS) as pool:
        for invoice in _merge(pool, _list_readers(biller_id, filters), span, limit):
            if len(found) == limit or examined >= MAX_EXAMINED:
                done = False
                break
            examined += 1
            position = _position_of(invoice)
            if _matches(invoice, filters):
                found.append(invoice)
    return InvoicePage(found, None if done else _write_cursor(filters, position))


def search_invoices(biller_id: str, wanted: str) -> list[dict[str, Any]]:
    """The invoices with exactly this number, VA number, phone number or e-mail address, archived ones too.

    By contact those of which a notice went there, the latest ``MAX_FOUND``. Another biller's look like none.
    """
    wanted = wanted.strip()
    if not wanted or len(wanted) > 254:
        return []
    found = {invoice["va_number"]: invoice for invoice in invoices.load_invoices_of_number(biller_id, wanted)}
    digits = wanted.replace(" ", "")
    if digits.isascii() and digits.isdigit():
        found |= find_by_va_numbers(biller_id, [digits])
    for address in _read_addresses(wanted):
        told = notices.list_accounts_told(biller_id, address, MAX_FOUND)
        found |= find_by_va_numbers(biller_id, told[:MAX_FOUND])
    return list(found.values())[:MAX_FOUND]


def find_by_va_numbers(biller_id: str, va_numbers: list[str]) -> dict[str, dict[str, Any]]:
    """The biller's invoices of these accounts (at most 100), consistently read, in their order, archived ones too."""
    if not va_numbers:
        return {}
    accounts = invoices.load_virtual_accounts(get_settings().bank_code, list(dict.fromkeys(va_numbers)))
    own = [account for account in accounts.values() if account["biller_id"] == biller_id]
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(own), _BATCH):
        found |= invoices.load_invoices_of_accounts(own[start : start + _BATCH])
    return {va_number: found[va_number] for va_number in va_numbers if va_number in found}


Reader = Callable[[Span, int], Page]


def _list_readers(biller_id: str, filters: Filters) -> list[Reader]:
    """One per partition of the index that the filters go through."""

    def read_payer(shard: int) -> Reader:
        payer = filters.payer_key or ""
        return lambda span, limit: invoices.read_payer_page(biller_id, payer, shard, span, limit)

    def read_status(status: InvoiceStatus, shard: int) -> Reader:
        return lambda span, limit: invoices.read_status_page(biller_id, status, shard, span, limit)

    if filters.payer_key is not None:
        return [read_payer(shard) for shard in range(STATUS_SHARDS)]
    return [read_status(status, shard) for status in _list_statuses(filters) for shard in range(STATUS_SHARDS)]


def _list_statuses(filters: Filters) -> list[InvoiceStatus]:
    match filters.show:
        case None:
            return list(InvoiceStatus)
        case Show.OVERDUE | Show.EXPIRED:
            return [InvoiceStatus.OPEN]
        case Show.WAITING:
            return [InvoiceStatus.OPEN, InvoiceStatus.PAID]
        case _:
            return [InvoiceStatus(filters.show)]


def _build_span(filters: Filters, after: str | None) -> Span:
    last = filters.due_to or _LAST_DAY
    if filters.show is Show.OVERDUE:
        last = min(last, date.fromordinal(clock.today_in_jakarta().toordinal() - 1))
    return Span(filters.due_from or _FIRST_DAY, last, after, filters.latest_first)


def _merge(pool: ThreadPoolExecutor, readers: list[Reader], span: Span, limit: int) -> Iterator[dict[str, Any]]:
    """The invoices of all partitions in one order. The first requests, one each, are made at once."""
    # A whole page of each, so that the number of requests does not hang on how the invoices spread over the shards.
    firsts = list(pool.map(lambda read: read(span, limit), readers))
    streams = [_iterate(read, first, span, limit) for read, first in zip(readers, firsts, strict=True)]
    yield from (invoice for _, invoice in heapq.merge(*streams, key=lambda entry: entry[0], reverse=span.descending))


def _iterate(read: Reader, page: Page, span: Span, limit: int) -> Iterator[tuple[str, dict[str, Any]]]:
    while True:
        position = ""
        for invoice in page.invoices:
            position = _position_of(invoice)
            yield position, invoice
        if not page.more or not position:
            return
        page = read(Span(span.first, span.last, position, span.descending), limit)


def _position_of(invoice: Mapping[str, Any]) -> str:
    # by_status and by_payer have the same sort key in every item.
    position: str = invoice["by_status_sk"]
    return position


def _matches(invoice: Mapping[str, Any], filters: Filters) -> bool:
    student = invoice.get("student", {})
    if filters.class_name is not None and student.get("class_name") != filters.class_name:
        return False
    if filters.fee_type is not None and invoice.get("fee_type") != filters.fee_type:
        return False
    return _is_shown(invoice, filters)


def _is_shown(invoice: Mapping[str, Any], filters: Filters) -> bool:
    match filters.show:
        case None:
            return True
        case Show.OVERDUE:
            today = clock.today_in_jakarta().isoformat()
            return bool(invoice["status"] == InvoiceStatus.OPEN and invoice["due_date"] < today)
        case Show.EXPIRED:
            now = clock.to_text(clock.now())
            return bool(invoice["status"] == InvoiceStatus.OPEN and has_expired(invoice, now))
        case Show.WAITING:
            return find_waiting(invoice) is not None
        case _:
            return bool(invoice["status"] == filters.show)


def find_waiting(invoice: Mapping[str, Any]) -> str | None:
    """The member that says what of an invoice waits for a second person."""
    status = invoice["status"]
    if status == InvoiceStatus.OPEN and "outside_payment" in invoice:
        return "outside_payment"
    # An archived invoice keeps the reversal that was approved.
    return "reversal" if status == InvoiceStatus.PAID and "reversal" in invoice else None


def _list_upload(biller_id: str, filters: Filters, cursor: str | None, limit: int) -> InvoicePage:
    """By the range of VA numbers that the upload drew: no index, no scan, and no plan that may have expired."""
    upload = uploads.load_upload(biller_id, filters.upload_id or "")
    start = 0
    if cursor:
        text = _read_cursor(filters, cursor)
        if not text.isascii() or not text.isdigit():
            raise CursorError
        start = int(text)
    found: list[dict[str, Any]] = []
    examined, more = 0, True
    while more and len(found) < limit and examined < MAX_EXAMINED:
        # Never more than there is room for, so that the cursor is a plain line number.
        va_numbers, more = archiving.list_va_numbers(upload, start, limit - len(found))
        start += len(va_numbers)
        examined += len(va_numbers)
        of_batch = find_by_va_numbers(biller_id, va_numbers)
        found += [invoice for invoice in of_batch.values() if _is_in_upload_list(invoice, filters)]
    return InvoicePage(found, _write_cursor(filters, str(start)) if more else None)


def _is_in_upload_list(invoice: Mapping[str, Any], filters: Filters) -> bool:
    first, last = (filters.due_from or _FIRST_DAY).isoformat(), (filters.due_to or _LAST_DAY).isoformat()
    payer = filters.payer_key
    return (
        first <= invoice["due_date"] <= last
        and (payer is None or find_payer_key(invoice) == payer)
        and _matches(invoice, filters)
    )


def _read_addresses(wanted: str) -> list[str]:
    try:
        return list(parse_emails(wanted)) if "@" in wanted else [parse_phone(wanted)]
    except InvalidValueError:
        return []


def _write_cursor(filters: Filters, position: str) -> str:
    """Opaque: the last position, and for which filters. Unsigned: whoever makes one up moves within the own list."""
    content = orjson.dumps([_hash_filters(filters), position])
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _read_cursor(filters: Filters, cursor: str) -> str:
    """The position. Raises CursorError for what this list did not give out."""
    if len(cursor) > _MAX_CURSOR * 2:
        raise CursorError
    try:
        content = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        given_for, position = orjson.loads(content)
    except (binascii.Error, ValueError, TypeError) as error:
        raise CursorError from error
    if given_for != _hash_filters(filters) or not isinstance(position, str):
        raise CursorError
    if filters.upload_id is None and not _POSITION.fullmatch(position):
        raise CursorError
    return position


def _hash_filters(filters: Filters) -> str:
    return hashlib.sha256(orjson.dumps(asdict(filters))).hexdigest()[:12]
