"""The invoice that a change is about: loaded, held against what the caller saw, changed as it was read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from invoicing.errors import BusyError, InvoiceChangedError, InvoiceNotFoundError, InvoiceStateError
from invoicing.invoices import InvoiceStatus
from invoicing.store.invoices import load_current_invoice
from invoicing.store.transactions import Change, commit_each

_TRIES = 4


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person looked at when deciding; every member that is given must still hold."""

    va_number: str | None = None
    revision: int | None = None
    """0 of an invoice that nobody has changed."""


ANY = Seen()


def load_invoice(biller_id: str, number: str, status: InvoiceStatus | None, seen: Seen = ANY) -> dict[str, Any]:
    """The current invoice of this number in this status; None: open or paid.

    Raises InvoiceNotFoundError, for another biller's too; InvoiceChangedError when it is not what was seen;
    InvoiceStateError when its status is another.
    """
    invoice = load_current_invoice(biller_id, number)
    if invoice is None:
        raise InvoiceNotFoundError(number)
    if seen.va_number is not None and invoice["va_number"] != seen.va_number:
        raise InvoiceChangedError(number)
    if status is not None and invoice["status"] != status:
        raise InvoiceStateError(f"{number}: {invoice['status']}")
    if seen.revision is not None and invoice.get("revision", 0) != seen.revision:
        raise InvoiceChangedError(number)
    return invoice


def change_invoice(
    load: Callable[[], dict[str, Any]], build: Callable[[Mapping[str, Any]], Change | None]
) -> dict[str, Any]:
    """Make one change of an invoice; the invoice as it was read. None of ``build``: there is nothing left to do.

    When something else happened in between, ``load`` says whether the change still makes sense. Raises what both raise,
    and BusyError when others were faster each time.
    """
    for _ in range(_TRIES):
        invoice = load()
        change = build(invoice)
        if change is None or commit_each([change])[0]:
            return invoice
    raise BusyError("the invoice was changed by others each time")
