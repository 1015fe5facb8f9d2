"""The invoice as the words of its notices need it."""

from typing import Any

from invoicing.notices import Notice, NoticeKind
from invoicing.store import invoices


def load_told_invoice(notice: Notice) -> dict[str, Any] | None:
    """The invoice that a notice to people is about: of "please ignore" the archived one."""
    if notice.kind is NoticeKind.ARCHIVED:
        return invoices.load_archived_invoice(notice.biller_id, notice.number, notice.ref.va_number)
    return load_issued_invoice(notice.biller_id, notice.number)


def load_issued_invoice(biller_id: str, number: str) -> dict[str, Any] | None:
    """The open or paid invoice; where it replaces an earlier one, ``replaced_because`` says why that was archived."""
    invoice = invoices.load_current_invoice(biller_id, number)
    if invoice is not None and "replaces" in invoice:
        invoice["replaced_because"] = load_reason_of_replaced(biller_id, number, invoice["replaces"])
    return invoice


def load_reason_of_replaced(biller_id: str, number: str, va_number: str) -> str | None:
    """Why the bill that had this number before was archived."""
    replaced = invoices.load_archived_invoice(biller_id, number, va_number) or {}
    return replaced.get("archive_reason")
