"""The bank's people look a bill up: by virtual account, bank reference, or biller and number; contacts masked.

Every search says why, and the trail has it before anything is shown.
"""

from itertools import islice
from typing import Any

from invoicing import clock
from invoicing.notice_status import describe_notices
from invoicing.notices import mask_address
from invoicing.settings import get_settings
from invoicing.store import billers, invoices, payments
from invoicing.store.audit import BANK, add_audit_entry

_MAX_PAYMENTS = 20
"""A reference is the bank's own for one payment; what claims more is not looked through."""


def find_by_virtual_account(va_number: str, *, reason: str, by: str) -> list[dict[str, Any]]:
    _record(f"va:{va_number}", reason, by)
    return _find(va_number)


def find_by_bank_reference(bank_reference: str, *, reason: str, by: str) -> list[dict[str, Any]]:
    """The bills that payments with this reference of the bank were for, also those that were refused."""
    _record(f"reference:{bank_reference}", reason, by)
    records = islice(payments.list_payments_by_reference(get_settings().bank_code, bank_reference), _MAX_PAYMENTS)
    numbers = dict.fromkeys(record["va_number"] for record in records)
    return [bill for va_number in numbers for bill in _find(va_number)]


def find_by_number(biller_id: str, number: str, *, reason: str, by: str) -> list[dict[str, Any]]:
    """Raises BillerNotFoundError."""
    _record(f"number:{biller_id}:{number}", reason, by)
    billers.load_biller(biller_id)
    found = invoices.load_current_invoice(biller_id, number)
    if found is None:
        return []
    account = invoices.load_virtual_accounts(found["bank_code"], [found["va_number"]])[found["va_number"]]
    return [_show(found, account)]


def _find(va_number: str) -> list[dict[str, Any]]:
    account = invoices.load_virtual_accounts(get_settings().bank_code, [va_number]).get(va_number)
    if account is None:
        return []
    found = invoices.load_invoice_of_account(account["biller_id"], account["bills"][0]["number"], account["va_number"])
    return [] if found is None else [_show(found, account)]


def _record(subject: str, reason: str, by: str) -> None:
    add_audit_entry(
        BANK, user_id=by, action="search_bill", subject=subject, at=clock.to_text(clock.now()), reason=reason
    )


def _show(invoice: dict[str, Any], account: dict[str, Any]) -> dict[str, Any]:
    biller_id = invoice["biller_id"]
    recipients = [
        mask_address(address)
        for recipient in invoice["recipients"]
        for address in (recipient.get("email"), recipient.get("whatsapp"), recipient.get("sms"))
        if address
    ]
    shown = {
        "biller_id": biller_id,
        "biller_name": billers.load_biller(biller_id).name,
        "number": invoice["number"],
        "payer_name": invoice["payer_name"],
        "amount": invoice["amount"],
        "due_date": invoice["due_date"],
        "va_number": invoice["va_number"],
        "status": invoice["status"],
        "va_state": account["state"],
        "paid_at": invoice.get("paid_at"),
        "recipients": recipients,
        "notices": describe_notices(biller_id, invoice["va_number"]),
    }
    return {name: value for name, value in shown.items() if value is not None}
