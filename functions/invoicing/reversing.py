"""Money that went back: the posting is marked, and the invoice opens again under a new virtual account.

For money that the bank reversed and for payments recorded by mistake as made outside the VA; always by two people. An
account is never opened a second time: what was paid once stays a fact, under the old VA number, in the archive.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from invoicing import clock
from invoicing.current_invoices import ANY, Seen, change_invoice, load_by_va_number, load_invoice, require
from invoicing.errors import InvoiceChangedError, InvoiceNotFoundError, InvoiceStateError, TwoPeopleError
from invoicing.invoices import InvoiceDraft, InvoiceStatus, has_expired
from invoicing.notices import Lane, plan_issued_notices
from invoicing.sending_hours import find_next_sending_time
from invoicing.settings import get_settings
from invoicing.store import counters, invoices
from invoicing.store.audit import build_change_audit
from invoicing.store.billers import load_biller
from invoicing.store.invoice_changes import build_note_writes, build_reversal_writes
from invoicing.store.notices import build_notice_writes
from invoicing.store.transactions import Change
from invoicing.virtual_accounts import build_va_number

REOPENED_VALIDITY = timedelta(days=7)
"""How long a reopened bill can be paid at least, where its own end of validity has passed or is nearer."""


def propose_reversal(biller_id: str, number: str, *, by: str, reason: str, seen: Seen = ANY) -> dict[str, Any]:
    """Ask for the reversal of a paid invoice's money; another person approves it. The invoice after it.

    The same again by the same person changes nothing. Raises InvoiceStateError (not paid, or another proposal waits),
    InvoiceNotFoundError, InvoiceChangedError, BillerNotFoundError, BusyError.
    """
    load_biller(biller_id)

    def build(invoice: Mapping[str, Any]) -> Change | None:
        waiting = invoice.get("reversal")
        if waiting is not None:
            if (waiting["proposed_by"], waiting["reason"]) == (by, reason):
                return None
            raise InvoiceStateError(f"{number}: reversal_waits")
        at = clock.to_text(clock.now())
        change = {"at": at, "by": by, "action": "propose_reversal", "reason": reason}
        note = {"proposed_by": by, "proposed_at": at, "reason": reason}
        return [*build_note_writes(invoice, change, "reversal", note), build_change_audit(invoice, change)]

    return change_invoice(lambda: load_invoice(biller_id, number, InvoiceStatus.PAID, seen), build)


def reject_reversal(biller_id: str, number: str, *, by: str, reason: str, seen: Seen = ANY) -> dict[str, Any]:
    """Take a proposal back, by anybody; the paid invoice. Raises InvoiceStateError when none waits, and as above."""
    load_biller(biller_id)

    def build(invoice: Mapping[str, Any]) -> Change:
        change = {
            "at": clock.to_text(clock.now()),
            "by": by,
            "action": "reject_reversal",
            "before": _get_waiting(invoice),
            "reason": reason,
        }
        return [*build_note_writes(invoice, change, "reversal", None), build_change_audit(invoice, change)]

    return change_invoice(lambda: load_invoice(biller_id, number, InvoiceStatus.PAID, seen), build)


def approve_reversal(biller_id: str, number: str, *, by: str, seen: Seen = ANY) -> dict[str, Any]:
    """Reverse what another person proposed; the invoice that is open again. Raises what ``reverse_payment`` raises."""
    invoice = load_invoice(biller_id, number, None)
    if invoice["status"] == InvoiceStatus.OPEN and _is_reversed(invoice, by, seen.va_number):
        return invoice
    require(invoice, InvoiceStatus.PAID, seen)
    waiting = _get_waiting(invoice)
    return reverse_payment(
        biller_id,
        number,
        proposed_by=waiting["proposed_by"],
        approved_by=by,
        reason=waiting["reason"],
        va_number=invoice["va_number"],
    )


def reverse_payment(
    biller_id: str, number: str, *, proposed_by: str, approved_by: str, reason: str, va_number: str | None = None
) -> dict[str, Any]:
    """Mark the payment of a paid invoice as reversed and open the invoice again; the new invoice, with its new VA.

    The old one stays in the archive and the two name each other; the payer gets the bill with its new number in the
    biller's hours. One transaction; the VA number is drawn in it. ``va_number``, the one that was paid, makes the call
    safe to repeat, whatever has become of the new invoice since. Raises TwoPeopleError, InvoiceStateError (not paid),
    InvoiceNotFoundError, InvoiceChangedError, VirtualAccountRangeError, BusyError.
    """
    if proposed_by == approved_by:
        raise TwoPeopleError(number)
    biller = load_biller(biller_id)

    def load() -> dict[str, Any]:
        try:
            return load_invoice(biller_id, number, InvoiceStatus.PAID, Seen(va_number))
        except (InvoiceNotFoundError, InvoiceStateError, InvoiceChangedError):
            # Looked for in the archive only now: whoever was faster has put it there.
            replaced = invoices.load_archived_invoice(biller_id, number, va_number) if va_number else None
            if replaced is None or "payment" not in replaced:
                raise
            # A reversal is the one way for a paid bill into the archive.
            return replaced

    def build(invoice: Mapping[str, Any]) -> Change | None:
        if invoice["status"] == InvoiceStatus.ARCHIVED:
            return None
        settings = get_settings()
        at = clock.to_text(clock.now())
        first = counters.load_next(biller.company_code)
        new_va = build_va_number(biller.company_code, first, settings.va_customer_number_digits)
        draft = _copy_draft(invoice)
        people = {"proposed_by": proposed_by, "approved_by": approved_by}
        change = {"at": at, "by": approved_by, "action": "reverse_payment", "reason": reason, "after": people}
        new_writes = invoices.build_invoice_writes(
            biller_id=biller_id,
            upload_id=invoice["upload_id"],
            row=invoice["row"],
            bank_code=invoice["bank_code"],
            va_number=new_va,
            draft=draft,
            created_at=at,
        )
        leaves_at = clock.to_text(find_next_sending_time(biller.policy, clock.from_text(at)))
        return [
            *build_reversal_writes(invoice, change, new_writes, people=people),
            counters.build_draw(biller.company_code, first, 1),
            *build_notice_writes(
                plan_issued_notices(biller, draft, new_va, Lane.EXPRESS),
                {**invoice, "va_number": new_va},
                created_at=at,
                not_before=leaves_at if leaves_at > at else None,
                in_hours=True,
            ),
            build_change_audit(
                invoice,
                {
                    **change,
                    "before": {"status": InvoiceStatus.PAID, "payment_id": invoice["payment"]["payment_id"]},
                    "after": {**people, "status": InvoiceStatus.OPEN, "va_number": new_va},
                },
            ),
        ]

    invoice = change_invoice(load, build)
    return load_by_va_number(biller_id, number, invoice["replaced_by"])


def _copy_draft(invoice: Mapping[str, Any]) -> InvoiceDraft:
    """What the bill says, with a validity that leaves time to pay it."""
    draft = cast(InvoiceDraft, {name: invoice[name] for name in InvoiceDraft.__annotations__ if name in invoice})
    soon = clock.now() + REOPENED_VALIDITY
    if has_expired(invoice, clock.to_text(soon)):
        draft["valid_until"] = clock.to_text(soon)[:19] + "Z"
    return draft


def _is_reversed(invoice: Mapping[str, Any], by: str, va_number: str | None) -> bool:
    """Whether this person's own reversal opened the invoice: the answer to an earlier call was lost."""
    if va_number not in (None, invoice.get("replaces")):
        return False
    opened = invoice.get("changes", [{}])[0]
    return (opened.get("action"), opened.get("by")) == ("reverse_payment", by)


def _get_waiting(invoice: Mapping[str, Any]) -> dict[str, Any]:
    waiting: dict[str, Any] | None = invoice.get("reversal")
    if waiting is None:
        raise InvoiceStateError(f"{invoice['number']}: no_reversal_waits")
    return waiting
