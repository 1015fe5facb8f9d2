"""What a bank's call needs to know of a bill, read together and consistently: one or two requests."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from invoicing.bank_requests import BankRequest
from invoicing.billers import Biller
from invoicing.settings import get_settings
from invoicing.store import bank_requests, billers, dynamodb, invoices, payments
from invoicing.virtual_accounts import VirtualAccountState

MEMORY_SECONDS = 60
"""How long a payer takes from seeing the bill to paying it; and how long a biller's suspension may go unnoticed."""
_MAX_REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class BillView:
    """Each member is as of its own moment: whoever acts on it states what it relies on."""

    account: dict[str, Any] | None
    invoice: dict[str, Any] | None
    """The current invoice of an open account's number; None for any other account."""
    biller: Biller | None
    """Of an open account."""
    posting: dict[str, Any] | None
    request: dict[str, Any] | None
    """What the call's id was used for earlier today."""

    @property
    def is_whole(self) -> bool:
        """Whether an open account's invoice and biller were found, and the invoice is this account's."""
        return bool(
            self.account and self.biller and self.invoice and self.invoice["va_number"] == self.account["va_number"]
        )


def load_bill_view(
    bank_code: str, va_number: str, *, request: BankRequest | None = None, payment_request_id: str | None = None
) -> BillView:
    """Raises StoreBusyError."""
    accounts_table, account_key = invoices.locate_account(bank_code, va_number)
    keys = {accounts_table: account_key}
    if request:
        requests_table, request_key = bank_requests.locate_request(request)
        keys[requests_table] = request_key
    if payment_request_id:
        payments_table, posting_key = payments.locate_posting(bank_code, payment_request_id)
        keys[payments_table] = posting_key
    found = dynamodb.load_together(keys)
    account = found.get(accounts_table)
    invoice, biller = None, None
    if account and account["state"] == VirtualAccountState.OPEN:
        invoice, biller = _load_bill(account)
    return BillView(
        account,
        invoice,
        biller,
        posting=found.get(payments_table) if payment_request_id else None,
        request=found.get(requests_table) if request else None,
    )


def remember_bill(bank_code: str, view: BillView) -> None:
    """Keep an open bill in this process for the payment that mostly follows the bank's inquiry."""
    if view.account:
        memory = _get_memory()
        memory[bank_code, view.account["va_number"]] = (time.monotonic() + MEMORY_SECONDS, view)
        if len(memory) > _MAX_REMEMBERED:
            memory.popitem(last=False)


def recall_bill(bank_code: str, va_number: str) -> BillView | None:
    """What was remembered a moment ago, once: whoever writes by it states all that it relies on, or reads again."""
    until, view = _get_memory().pop((bank_code, va_number), (0.0, None))
    return view if view and time.monotonic() < until else None


@lru_cache(maxsize=1)
def _get_memory() -> OrderedDict[tuple[str, str], tuple[float, BillView]]:
    return OrderedDict()


def _load_bill(account: dict[str, Any]) -> tuple[dict[str, Any] | None, Biller | None]:
    settings = get_settings()
    # An account collects one bill today.
    (bill,) = account["bills"]
    found = dynamodb.load_together(
        dict(
            (
                invoices.locate_current(account["biller_id"], bill["number"]),
                billers.locate_biller(account["biller_id"]),
            )
        )
    )
    record = found.get(settings.billers_table)
    return found.get(settings.invoices_table), billers.read_biller(record) if record else None
