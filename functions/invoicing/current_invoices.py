"""The invoice that a change is about: loaded, held against what the caller saw, changed as it was read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from invoicing.errors import BusyError, InvoiceChangedError, InvoiceNotFoundError, InvoiceStateError
from invoicing.invoices import InvoiceStatus
from invoicing.settings import get_settings
from invoicing.store.invoices import load_current_invoice, load_invoices_of_accounts, load_virtual_accounts
from invoicing.store.transactions import Change, commit_each

_TRIES = 4


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person looked at when deciding; every member that is given must still hold."""

    va_number: str | None = None
    revision: int | None = None
    """0 of an invoice that nobody has changed."""


ANY = Seen()


def find_number(biller_id: str, va_number: str) -> str:
    """The number of the bill that this account is, or was, for. Raises InvoiceNotFoundError, for another biller's."""
    account = load_virtual_accounts(get_settings().bank_code, [va_number]).get(va_number)
    if account is None or account["biller_id"] != biller_id:
        raise InvoiceNotFoundError(va_number)
    number: str = account["bills"][0]["number"]
    return number


def load_invoice(biller_id: str, number: str, status: InvoiceStatus | None, seen: Seen = ANY) -> dict[str, Any]:
    """The current invoice of this number in this status; None: open or paid.

    Raises InvoiceNotFoundError, for another biller's too, and what ``require`` raises.
    """
    invoice = load_current_invoice(biller_id, number)
    if invoice is None:
        raise InvoiceNotFoundError(number)
    require(invoice, status, seen)
    return invoice


def require(invoice: Mapping[str, Any], status: InvoiceStatus | None, seen: Seen) -> None:
    """Raises InvoiceChangedError when it is not what was seen; InvoiceStateError when its status is another."""
    number = invoice["number"]
    if seen.va_number is not None and invoice["va_number"] != seen.va_number:
        raise InvoiceChangedError(number)
    if status is not None and invoice["status"] != status:
        raise InvoiceStateError(f"{number}: {invoice['status']}")
    if seen.revision is not None and invoice.get("revision", 0) != seen.revision:
        raise InvoiceChangedError(number)


def change_invoice(
    load: Callable[[], dict[str, Any]], build: Callable[[Mapping[str, Any]], Change | None]
) -> dict[str, Any]:
    """Make one change of an invoice; the invoice as it stands then. None of ``build``: there is nothing left to do.

    When something else happened in between, ``load`` says whether the change still makes sense. Raises what both raise,
    and BusyError when others were faster each time.
    """
    for _ in range(_TRIES):
        invoice = load()
        change = build(invoice)
        if change is None:
            return invoice
        if commit_each([change])[0]:
            # By its VA number: it may have been paid or archived by now, and that is no failure of this change.
            return load_by_va_number(invoice["biller_id"], invoice["number"], invoice["va_number"])
    raise BusyError("the invoice was changed by others each time")


def load_by_va_number(biller_id: str, number: str, va_number: str) -> dict[str, Any]:
    """An invoice that exists, current or archived."""
    account = {"biller_id": biller_id, "va_number": va_number, "bills": [{"number": number}]}
    return load_invoices_of_accounts([account])[va_number]
