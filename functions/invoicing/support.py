"""The bank's support looks a bill up: by virtual account, the bank's reference, or number; read only, contacts masked.

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
"""Of one reference: a bank's is unique, what is told again has it too."""


def find_by_virtual_account(va_number: str, *, reason: str, by: str) -> list[dict[str, Any]]:
    _record(f"va:{va_number}", reason, by)
    return _find_bill(get_settings().bank_code, va_number)


def _find_bill(bank_code: str, va_number: str) -> list[dict[str, Any]]:
    account = invoices.load_virtual_accounts(bank_code, [va_number]).get(va_number)
    if account is None:
        return []
    found = invoices.load_invoice_of_account(account["biller_id"], account["bills"][0]["number"], account["va_number"])
    return [] if found is None else [_show(found, account)]


def find_by_bank_reference(reference: str, *, reason: str, by: str) -> list[dict[str, Any]]:
    """Bills to which the bank posted, or tried to post, a payment of this reference; the latest first."""
    _record(f"reference:{reference}", reason, by)
    bank_code = get_settings().bank_code
    told = islice(payments.list_payments_by_reference(bank_code, reference), _MAX_PAYMENTS)
    numbers = list(dict.fromkeys(payment["va_number"] for payment in told))
    return [bill for number in numbers for bill in _find_bill(bank_code, number)]


def find_by_number(biller_id: str, number: str, *, reason: str, by: str) -> list[dict[str, Any]]:
    """Raises BillerNotFoundError."""
    _record(f"number:{biller_id}:{number}", reason, by)
    billers.load_biller(biller_id)
    found = invoices.load_current_invoice(biller_id, number)
    if found is None:
        return []
    account = invoices.load_virtual_accounts(found["bank_code"], [found["va_number"]])[found["va_number"]]
    return [_show(found, account)]


def _record(subject: str, reason: str, by: str) -> None:
    add_audit_entry(
        BANK, user_id=by, action="search_bill", subject=subject, at=clock.to_text(clock.now()), reason=reason
    )


def _show(invoice: dict[str, Any], account: dict[str, Any]) -> dict[str, Any]:
    biller_id = invoice["biller_id"]
    recipients = [
        mask_address(address)
        for recipient in invoice["recipients"]
        for address in (recipient.get("email"), recipient.get("phone"))
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
