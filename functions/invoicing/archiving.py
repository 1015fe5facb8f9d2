"""Archive invoices: the virtual account closes, the payer is told, and the number is free for a corrected upload.

All of one invoice is one transaction; many invoices are as many changes, each with an outcome of its own. Archiving
again what is archived changes nothing, so a call that died anywhere is simply made again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, cast

from invoicing import clock
from invoicing.billers import Biller
from invoicing.errors import (
    BusyError,
    InquiredRecentlyError,
    InvoiceChangedError,
    InvoiceNotFoundError,
    InvoiceStateError,
    UploadStateError,
)
from invoicing.invoices import InvoiceDraft, InvoiceStatus, normalise_number
from invoicing.notices import PAYER_CHANNELS, plan_archived_notices
from invoicing.settings import get_settings
from invoicing.store import invoices, uploads
from invoicing.store.audit import build_audit_write
from invoicing.store.billers import load_active_biller
from invoicing.store.dynamodb import MAX_BATCH_GET_KEYS
from invoicing.store.invoice_changes import build_archive_writes
from invoicing.store.notices import build_notice_writes
from invoicing.store.transactions import Change, commit_each
from invoicing.uploads import Upload, UploadStatus
from invoicing.virtual_accounts import ClosedReason, VirtualAccountState, build_va_number

INQUIRY_WINDOW = timedelta(minutes=15)
"""After a bank's inquiry somebody may be about to pay."""
MAX_INVOICES = 200
"""Per call: some 15 transactions of 100 members, seconds of work."""
_ROUNDS = 4


class ArchiveOutcome(StrEnum):
    ARCHIVED = "archived"
    ALREADY_ARCHIVED = "already_archived"
    PAID = "paid"
    """Paid before: it stays as it is."""
    PAYMENT_WAITS = "payment_waits"
    """Somebody has recorded a payment outside the VA that waits for approval; decide on that first."""
    INQUIRED_RECENTLY = "inquired_recently"
    """A bank asked for it within ``INQUIRY_WINDOW``: archived only when confirmed."""
    CHANGED = "changed"
    """The number belongs to another invoice than the one that was named, or somebody changed it since."""
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Target:
    """An invoice to archive. The VA number, when given, keeps a repeat from taking the invoice that came after it."""

    number: str
    va_number: str | None = None
    upload_id: str | None = None
    """Only if it is of this upload."""
    revision: int | None = None
    """Only as it was seen; 0 of an invoice that nobody has changed."""


@dataclass(frozen=True, slots=True)
class ArchiveResult:
    number: str
    va_number: str | None
    outcome: ArchiveOutcome


@dataclass(frozen=True, slots=True)
class _Order:
    biller: Biller
    by: str
    reason: str
    notify: bool
    confirmed: bool


def archive_invoice(
    biller_id: str,
    number: str,
    *,
    by: str,
    reason: str,
    notify: bool = True,
    va_number: str | None = None,
    revision: int | None = None,
    confirmed: bool = False,
) -> ArchiveResult:
    """Archive one open invoice; archived already is fine.

    Raises InvoiceNotFoundError, InvoiceStateError (paid, or a payment waits for approval), InvoiceChangedError,
    InquiredRecentlyError unless ``confirmed``, BillerNotActiveError, BusyError.
    """
    targets = [Target(number, va_number, revision=revision)]
    (result,) = archive_invoices(biller_id, targets, by=by, reason=reason, notify=notify, confirmed=confirmed)
    match result.outcome:
        case ArchiveOutcome.NOT_FOUND:
            raise InvoiceNotFoundError(number)
        case ArchiveOutcome.PAID | ArchiveOutcome.PAYMENT_WAITS:
            raise InvoiceStateError(f"{number}: {result.outcome}")
        case ArchiveOutcome.CHANGED:
            raise InvoiceChangedError(number)
        case ArchiveOutcome.INQUIRED_RECENTLY:
            raise InquiredRecentlyError(number)
    return result


def archive_invoices(
    biller_id: str, targets: Sequence[Target], *, by: str, reason: str, notify: bool = True, confirmed: bool = False
) -> list[ArchiveResult]:
    """Archive up to ``MAX_INVOICES``; what became of each, in their order. Raises BillerNotActiveError, BusyError."""
    if len(targets) > MAX_INVOICES:
        raise ValueError(f"{len(targets)} invoices at once")
    order = _Order(load_active_biller(biller_id), by, reason, notify, confirmed)
    by_number = {normalise_number(target.number): target for target in targets}
    results: dict[str, ArchiveResult] = {}
    todo = list(by_number.values())
    for _ in range(_ROUNDS):
        ready: list[tuple[Target, dict[str, Any]]] = []
        for start in range(0, len(todo), MAX_BATCH_GET_KEYS):
            ready += _sift(order, todo[start : start + MAX_BATCH_GET_KEYS], results)
        at = clock.to_text(clock.now())
        made = commit_each([_build_change(order, invoice, at) for _, invoice in ready])
        for (target, invoice), is_made in zip(ready, made, strict=True):
            if is_made:
                outcome = ArchiveOutcome.ARCHIVED
                results[normalise_number(target.number)] = ArchiveResult(target.number, invoice["va_number"], outcome)
        # Paid, inquired, changed or archived in between: looked at again.
        todo = [target for (target, _), is_made in zip(ready, made, strict=True) if not is_made]
        if not todo:
            return [results[normalise_number(target.number)] for target in targets]
    raise BusyError(f"{len(todo)} invoices were changed by others {_ROUNDS} times")


def archive_accounts(
    biller_id: str, va_numbers: Sequence[str], *, by: str, reason: str, notify: bool = True, confirmed: bool = False
) -> list[ArchiveResult]:
    """Archive the invoices of up to ``MAX_INVOICES`` virtual accounts; what became of each, in their order.

    Raises as ``archive_invoices``.
    """
    wanted = list(dict.fromkeys(va_numbers))
    accounts = {
        account["va_number"]: account for account in _load_accounts(wanted) if account["biller_id"] == biller_id
    }
    results: dict[str, ArchiveResult] = {}
    targets = []
    for va_number in wanted:
        if va_number not in accounts:
            results[va_number] = ArchiveResult("", va_number, ArchiveOutcome.NOT_FOUND)
            continue
        account = accounts[va_number]
        number = account["bills"][0]["number"]
        if account["state"] == VirtualAccountState.CLOSED and account.get("closed_reason") != ClosedReason.PAID_OUTSIDE:
            results[va_number] = ArchiveResult(number, va_number, ArchiveOutcome.ALREADY_ARCHIVED)
        else:
            targets.append(Target(number, va_number))
    made = archive_invoices(biller_id, targets, by=by, reason=reason, notify=notify, confirmed=confirmed)
    results |= {target.va_number or "": result for target, result in zip(targets, made, strict=True)}
    return [results[va_number] for va_number in wanted]


def archive_upload(
    biller_id: str,
    upload_id: str,
    *,
    by: str,
    reason: str,
    notify: bool = True,
    confirmed: bool = False,
    cursor: int = 0,
) -> tuple[list[ArchiveResult], int | None]:
    """Archive the next ``MAX_INVOICES`` of an upload: what became of each, and the cursor to go on with, if any.

    Needs no plan: the accounts of an upload are a range of numbers, and each names its invoice. Raises UploadStateError
    while the upload is still being written, and what ``archive_invoices`` raises.
    """
    upload = uploads.load_upload(biller_id, upload_id)
    if upload.status is not UploadStatus.DONE:
        raise UploadStateError(f"{upload_id} is {upload.status}, not {UploadStatus.DONE}")
    va_numbers, more = list_va_numbers(upload, cursor, MAX_INVOICES)
    targets = [
        # The invoice that took its place after a reversal has another VA, but is still of this upload.
        Target(account["bills"][0]["number"], None, upload_id)
        if account.get("closed_reason") == "payment_reversed"
        else Target(account["bills"][0]["number"], account["va_number"], upload_id)
        for account in _load_accounts(va_numbers)
    ]
    results = archive_invoices(biller_id, targets, by=by, reason=reason, notify=notify, confirmed=confirmed)
    return results, cursor + len(va_numbers) if more else None


def list_va_numbers(upload: Upload, start: int, count: int) -> tuple[list[str], bool]:
    """The VA numbers of ``count`` plan lines of a released upload from line ``start`` on, and whether more follow."""
    if upload.va_first is None or upload.company_code is None or not upload.chunks:
        return [], False
    total = upload.chunks[-1].first + upload.chunks[-1].count
    digits = get_settings().va_customer_number_digits
    lines = range(start, min(start + count, total))
    return [build_va_number(upload.company_code, upload.va_first + line, digits) for line in lines], lines.stop < total


def _load_accounts(va_numbers: list[str]) -> list[dict[str, Any]]:
    """Those of the accounts that exist, in order: a row may have been a conflict or already there."""
    bank_code = get_settings().bank_code
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(va_numbers), MAX_BATCH_GET_KEYS):
        found |= invoices.load_virtual_accounts(bank_code, va_numbers[start : start + MAX_BATCH_GET_KEYS])
    return [found[va_number] for va_number in va_numbers if va_number in found]


def _sift(
    order: _Order, targets: list[Target], results: dict[str, ArchiveResult]
) -> list[tuple[Target, dict[str, Any]]]:
    """The invoices that can be archived now; the outcome of all others goes to ``results``."""
    biller_id = order.biller.biller_id
    current, archived = invoices.look_up_numbers(biller_id, [target.number for target in targets], consistent=True)
    wanted = {
        va_number
        for target in targets
        if (va_number := target.va_number or _get_va_number(current.get(normalise_number(target.number))))
    }
    accounts = {
        account["va_number"]: account for account in _load_accounts(sorted(wanted)) if account["biller_id"] == biller_id
    }
    ready = []
    for target in targets:
        number = normalise_number(target.number)
        invoice = current.get(number)
        outcome = _judge(order, target, invoice, archived.get(number), accounts)
        if invoice is not None and outcome is None:
            ready.append((target, invoice))
        else:
            shown = target.va_number or _get_va_number(invoice) or archived.get(number)
            results[number] = ArchiveResult(target.number, shown, outcome or ArchiveOutcome.NOT_FOUND)
    return ready


def _judge(
    order: _Order,
    target: Target,
    invoice: Mapping[str, Any] | None,
    archived: str | None,
    accounts: Mapping[str, Mapping[str, Any]],
) -> ArchiveOutcome | None:
    """Why an invoice is not to be archived; None when it is."""
    if invoice is None or (target.va_number is not None and invoice["va_number"] != target.va_number):
        account = accounts.get(target.va_number or "")
        is_closed = account is not None and account["state"] == VirtualAccountState.CLOSED
        if is_closed or (target.va_number is None and archived is not None):
            return ArchiveOutcome.ALREADY_ARCHIVED
        return ArchiveOutcome.NOT_FOUND if invoice is None else ArchiveOutcome.CHANGED
    if target.upload_id is not None and invoice["upload_id"] != target.upload_id:
        return ArchiveOutcome.ALREADY_ARCHIVED
    if invoice["status"] == InvoiceStatus.PAID:
        return ArchiveOutcome.PAID
    if target.revision is not None and invoice.get("revision", 0) != target.revision:
        return ArchiveOutcome.CHANGED
    if "outside_payment" in invoice:
        return ArchiveOutcome.PAYMENT_WAITS
    inquired_at = accounts.get(invoice["va_number"], {}).get("inquired_at", "")
    if not order.confirmed and inquired_at >= clock.to_text(clock.now() - INQUIRY_WINDOW):
        return ArchiveOutcome.INQUIRED_RECENTLY
    return None


def _get_va_number(invoice: Mapping[str, Any] | None) -> str | None:
    return None if invoice is None else invoice["va_number"]


def _build_change(order: _Order, invoice: Mapping[str, Any], at: str) -> Change:
    va_number = invoice["va_number"]
    change = {"at": at, "by": order.by, "action": "archive_invoice", "reason": order.reason}
    planned = plan_archived_notices(order.biller, cast(InvoiceDraft, invoice), va_number)
    if not order.notify:
        # Programs are told all the same: their books must agree.
        planned = [notice for notice in planned if notice.channel not in PAYER_CHANNELS]
    # An inquiry between the look and this transaction counts too.
    threshold = None if order.confirmed else clock.to_text(clock.from_text(at) - INQUIRY_WINDOW)
    return [
        *build_archive_writes(invoice, change, inquired_before=threshold),
        *build_notice_writes(planned, invoice, created_at=at),
        build_audit_write(
            order.biller.biller_id,
            user_id=order.by,
            action="archive_invoice",
            subject=va_number,
            at=at,
            before={"number": invoice["number"], "status": invoice["status"], "amount": invoice["amount"]},
            after={"status": InvoiceStatus.ARCHIVED, "payer_is_told": order.notify},
            reason=order.reason,
        ),
    ]
