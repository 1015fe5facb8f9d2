"""Payments made outside the virtual account: cash at the counter, a transfer to the giro account.

Recorded by one person and approved by another, unless the biller's setting lets one do. The posting, the invoice paid,
its account closed and the receipts are one transaction: from then on no bank can take the money a second time and no
reminder goes. Until it is approved nothing changes: the account can be paid, and reminders go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from invoicing import clock
from invoicing.billers import Biller, OutsidePayments
from invoicing.current_invoices import ANY, Seen, change_invoice, load_invoice
from invoicing.errors import InvoiceStateError, OutsidePaymentError, TwoPeopleError
from invoicing.invoices import InvoiceDraft, InvoiceStatus
from invoicing.notices import plan_paid_notices
from invoicing.store.audit import build_change_audit
from invoicing.store.billers import load_active_biller
from invoicing.store.invoice_changes import build_note_writes, build_outside_payment_writes
from invoicing.store.notices import build_notice_writes
from invoicing.store.transactions import Change
from invoicing.typed_text import clean_text

MAX_NOTE = 200
OLDEST = timedelta(days=366)
"""How long ago a payment may have been made that is recorded only now."""


class Method(StrEnum):
    CASH = "cash"
    TRANSFER = "transfer"
    CARD = "card"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class OutsidePayment:
    """What the person at the counter says."""

    method: Method
    amount: int
    """Whole rupiah; exactly what is due."""
    transaction_at: datetime | None = None
    """When the money came; None: just now."""
    note: str = ""
    """A receipt's number, a transfer's reference."""


def record_outside_payment(
    biller_id: str, number: str, payment: OutsidePayment, *, by: str, seen: Seen = ANY
) -> dict[str, Any]:
    """Note that an open invoice was paid outside its VA, or post it at once where one person may; the invoice after it.

    The same again by the same person changes nothing. Raises OutsidePaymentError (wrong amount, time or note),
    InvoiceStateError (paid, or another record waits), InvoiceNotFoundError, InvoiceChangedError, BillerNotActiveError,
    BusyError.
    """
    biller = load_active_biller(biller_id)
    told = _read_payment(payment)

    def build(invoice: Mapping[str, Any]) -> Change | None:
        if _is_posted(invoice, told, by):
            return None
        _require_open(invoice)
        if payment.amount != invoice["amount"]:
            raise OutsidePaymentError("amount_differs")
        at = clock.to_text(clock.now())
        if biller.outside_payments is OutsidePayments.BY_ONE:
            return _post(biller, invoice, told, at=at, recorded_by=by, approved_by=None)
        waiting = invoice.get("outside_payment")
        if waiting is not None:
            if waiting["recorded_by"] == by and told.items() <= waiting.items():
                return None
            raise InvoiceStateError(f"{number}: payment_waits")
        record = {**told, "recorded_by": by, "recorded_at": at}
        change = {"at": at, "by": by, "action": "record_outside_payment", "after": told}
        return [
            *build_note_writes(invoice, change, "outside_payment", record),
            build_change_audit(invoice, change),
        ]

    return change_invoice(lambda: load_invoice(biller_id, number, None, seen), build)


def approve_outside_payment(biller_id: str, number: str, *, by: str, seen: Seen = ANY) -> dict[str, Any]:
    """Post what another person recorded; the paid invoice. The same again by the same person changes nothing.

    Raises TwoPeopleError, InvoiceStateError (nothing waits, or it was paid meanwhile), InvoiceNotFoundError,
    InvoiceChangedError, BillerNotActiveError, BusyError.
    """
    biller = load_active_biller(biller_id)

    def build(invoice: Mapping[str, Any]) -> Change | None:
        if invoice.get("paid_via") == "outside" and invoice["payment"].get("approved_by") == by:
            return None
        _require_open(invoice)
        waiting = _get_waiting(invoice)
        if waiting["recorded_by"] == by:
            raise TwoPeopleError(number)
        told = {name: value for name, value in waiting.items() if name not in ("recorded_by", "recorded_at")}
        at = clock.to_text(clock.now())
        return _post(biller, invoice, told, at=at, recorded_by=waiting["recorded_by"], approved_by=by)

    return change_invoice(lambda: load_invoice(biller_id, number, None, seen), build)


def reject_outside_payment(biller_id: str, number: str, *, by: str, reason: str, seen: Seen = ANY) -> dict[str, Any]:
    """Take back what was recorded and not approved, by anybody; the open invoice.

    Raises InvoiceStateError (nothing waits), InvoiceNotFoundError, InvoiceChangedError, BillerNotActiveError,
    BusyError.
    """
    load_active_biller(biller_id)

    def build(invoice: Mapping[str, Any]) -> Change:
        before = _get_waiting(invoice)
        at = clock.to_text(clock.now())
        change = {"at": at, "by": by, "action": "reject_outside_payment", "before": before, "reason": reason}
        return [*build_note_writes(invoice, change, "outside_payment", None), build_change_audit(invoice, change)]

    return change_invoice(lambda: load_invoice(biller_id, number, InvoiceStatus.OPEN, seen), build)


def _post(
    biller: Biller,
    invoice: Mapping[str, Any],
    told: Mapping[str, Any],
    *,
    at: str,
    recorded_by: str,
    approved_by: str | None,
) -> Change:
    payment = {
        "payment_id": f"outside#{invoice['bank_code']}#{invoice['va_number']}",
        "channel": "outside",
        **{name: value for name, value in told.items() if name != "amount"},
        "recorded_by": recorded_by,
        "approved_by": approved_by,
    }
    change = {"at": at, "by": approved_by or recorded_by, "action": "post_outside_payment", "after": payment}
    planned = plan_paid_notices(biller, cast(InvoiceDraft, invoice), invoice["va_number"])
    return [
        *build_outside_payment_writes(invoice, change, payment=payment, giro_account=biller.giro_account),
        *build_notice_writes(planned, invoice, created_at=at),
        build_change_audit(invoice, {**change, "after": {**payment, "amount": invoice["amount"]}}),
    ]


def _require_open(invoice: Mapping[str, Any]) -> None:
    if invoice["status"] != InvoiceStatus.OPEN:
        raise InvoiceStateError(f"{invoice['number']}: {invoice['status']}")


def _get_waiting(invoice: Mapping[str, Any]) -> dict[str, Any]:
    waiting: dict[str, Any] | None = invoice.get("outside_payment")
    if waiting is None:
        raise InvoiceStateError(f"{invoice['number']}: no_payment_waits")
    return waiting


def _is_posted(invoice: Mapping[str, Any], told: Mapping[str, Any], by: str) -> bool:
    """Whether this very record is what the invoice was paid by: the answer to an earlier call was lost."""
    if invoice.get("paid_via") != "outside" or invoice["payment"]["recorded_by"] != by:
        return False
    paid = {**invoice["payment"], "amount": invoice["paid_amount"]}
    return told.items() <= paid.items()


def _read_payment(payment: OutsidePayment) -> dict[str, Any]:
    """What was told, as it is stored. Raises OutsidePaymentError."""
    note = clean_text(payment.note)
    if len(note) > MAX_NOTE:
        raise OutsidePaymentError("note_too_long")
    told: dict[str, Any] = {"method": payment.method, "amount": payment.amount}
    if note:
        told["note"] = note
    if payment.transaction_at is not None:
        if payment.transaction_at.tzinfo is None:
            raise OutsidePaymentError("time_without_zone")
        if not clock.now() - OLDEST <= payment.transaction_at <= clock.now():
            raise OutsidePaymentError("time_out_of_range")
        told["transaction_at"] = clock.to_text(payment.transaction_at)
    return told
