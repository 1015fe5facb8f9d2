"""The invoice as the words of its notices need it."""

from typing import Any

from invoicing.store import invoices


def load_issued_invoice(biller_id: str, number: str) -> dict[str, Any] | None:
    """The open or paid invoice; where it replaces an earlier one, ``replaced_because`` says why that was archived."""
    invoice = invoices.load_current_invoice(biller_id, number)
    if invoice is not None and "replaces" in invoice:
        replaced = invoices.load_archived_invoice(biller_id, number, invoice["replaces"]) or {}
        invoice["replaced_because"] = replaced.get("archive_reason")
    return invoice
