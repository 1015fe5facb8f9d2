"""One invoice as its biller sees it: what it says, and everything that happened to it in one list by time."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from invoicing import clock
from invoicing.amending import mask_recipient
from invoicing.errors import InvoiceNotFoundError
from invoicing.invoices import InvoiceDraft, InvoiceStatus, has_expired
from invoicing.notice_status import describe_notices
from invoicing.settings import get_settings
from invoicing.store import invoices, payments

_MAX_PAYMENTS = 200
"""One posting, and attempts; a bank that tries more often shows its first ones."""
_SHOWN = (
    *InvoiceDraft.__annotations__,
    "status",
    "va_number",
    "bank_code",
    "upload_id",
    "row",
    "created_at",
    "paid_at",
    "paid_amount",
    "paid_via",
    "payment",
    "outside_payment",
    "reversal",
    "archived_at",
    "archived_by",
    "archive_reason",
    "replaces",
    "replaced_by",
    "reminders_paused",
    "contacts_erased_at",
)
_NOTICE_EVENTS = frozenset(
    {"created", "sent", "delivered", "read", "failed", "bounced", "cancelled", "suppressed", "unknown"}
)
_PAYMENT_FACTS = (
    "payment_id",
    "kind",
    "amount",
    "channel",
    "bank_reference",
    "source_bank",
    "transaction_at",
    "method",
)


def show_invoice(invoice: Mapping[str, Any], *, show_contacts: bool = False) -> dict[str, Any]:
    """JSON form of a stored invoice. ``revision``, given with a change, holds it against what was seen."""
    shown = {name: invoice[name] for name in _SHOWN if name in invoice}
    if not show_contacts:
        shown["recipients"] = [
            {**({"name": recipient["name"]} if "name" in recipient else {}), **mask_recipient(recipient)}
            for recipient in invoice["recipients"]
        ]
    is_open = invoice["status"] == InvoiceStatus.OPEN
    shown["overdue"] = is_open and invoice["due_date"] < clock.today_in_jakarta().isoformat()
    shown["expired"] = is_open and has_expired(invoice, clock.to_text(clock.now()))
    shown["revision"] = invoice.get("revision", 0)
    return shown


def describe_invoice(
    biller_id: str, *, number: str | None = None, va_number: str | None = None, show_contacts: bool = False
) -> dict[str, Any]:
    """The invoice of this VA number, or the latest of this number, with ``timeline``, oldest first.

    ``others``: VA numbers of the other invoices that had its number. Raises InvoiceNotFoundError, for another biller's.
    """
    invoice = _find_invoice(biller_id, number, va_number)
    bank_code, va_number = invoice["bank_code"], str(invoice["va_number"])
    namesakes = invoices.load_invoices_of_number(biller_id, invoice["number"])
    events = [
        *_list_changes(invoice),
        *_list_notice_events(biller_id, va_number),
        *_list_payment_events(biller_id, bank_code, va_number),
    ]
    return {
        **show_invoice(invoice, show_contacts=show_contacts),
        "others": [other["va_number"] for other in namesakes if other["va_number"] != va_number],
        "timeline": sorted(events, key=lambda event: (event["at"], event["event"] != "created")),
    }


def _find_invoice(biller_id: str, number: str | None, va_number: str | None) -> dict[str, Any]:
    if va_number is None:
        found = invoices.load_invoices_of_number(biller_id, number or "")
        if not found:
            raise InvoiceNotFoundError(number)
        return found[0]
    accounts = invoices.load_virtual_accounts(get_settings().bank_code, [va_number])
    account = accounts.get(va_number)
    if account is None or account["biller_id"] != biller_id:
        raise InvoiceNotFoundError(va_number)
    invoice = invoices.load_invoices_of_accounts([account]).get(va_number)
    if invoice is None:
        raise InvoiceNotFoundError(va_number)
    return invoice


def _list_changes(invoice: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"at": invoice["created_at"], "event": "created", "upload_id": invoice["upload_id"], "row": invoice["row"]}
    for change in invoice.get("changes", []):
        yield {"event": change["action"], **{name: value for name, value in change.items() if name != "action"}}
    for name in ("reminders_paused", "reminders_resumed"):
        if name in invoice:
            yield {"event": name, **invoice[name]}


def _list_notice_events(biller_id: str, va_number: str) -> Iterator[dict[str, Any]]:
    for notice in describe_notices(biller_id, va_number):
        facts: dict[str, Any] = {}
        for name in ("notice_id", "kind", "step", "channel", "recipient"):
            if name in notice:
                facts[name] = notice[name]
        for event, at in notice["times"].items():
            if event in _NOTICE_EVENTS:
                why = {"reason": notice["reason"]} if event == notice["state"] and "reason" in notice else {}
                yield {"at": at, "event": f"notice_{event}", **facts, **why}


def _list_payment_events(biller_id: str, bank_code: str, va_number: str) -> Iterator[dict[str, Any]]:
    records = payments.list_payments_of_account(bank_code, va_number, oldest_first=True)
    for record in islice(records, _MAX_PAYMENTS):
        if record["biller_id"] != biller_id:
            continue
        facts = {name: record[name] for name in _PAYMENT_FACTS if name in record}
        if payments.is_posting(record):
            yield {"at": record["accepted_at"], "event": "payment_posted", **facts}
            if "reversed_at" in record:
                yield {"at": record["reversed_at"], "event": "payment_reversed", **facts}
        else:
            yield {"at": record["refused_at"], "event": "payment_refused", "verdict": record["verdict"], **facts}
