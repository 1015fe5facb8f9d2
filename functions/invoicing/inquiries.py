"""What the bank is told of a bill before its payer pays it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from invoicing import clock
from invoicing.bank_requests import BankRequest
from invoicing.billers import Biller
from invoicing.payments import judge_unknown_account
from invoicing.store import bank_requests, invoices
from invoicing.store.bill_views import BillView, load_bill_view, remember_bill
from invoicing.store.settling import settle
from invoicing.verdicts import Verdict, judge_account, judge_bill


@dataclass(frozen=True, slots=True)
class PayableBill:
    account: Mapping[str, Any]
    invoice: Mapping[str, Any]
    biller: Biller


@dataclass(frozen=True, slots=True)
class Inquiry:
    verdict: Verdict
    """What a payment of the amount due would be answered now."""
    bill: PayableBill | None = None
    """There when the verdict is ACCEPTED."""


def inquire_bill(bank_code: str, va_number: str, request: BankRequest) -> Inquiry:
    """The bill that may be paid to this account now, else why not.

    The account remembers when the bank last asked: a payment may follow within minutes. Raises StoreBusyError.
    """
    now = clock.to_text(clock.now())
    return settle(partial(_inquire_once, bank_code, va_number, request, now))


def _inquire_once(bank_code: str, va_number: str, request: BankRequest, now: str) -> Inquiry | None:
    view = load_bill_view(bank_code, va_number, request=request)
    if view.request and view.request["call_id"] != request.call_id:
        return Inquiry(Verdict.ID_REUSED)
    inquiry = _judge(bank_code, va_number, view, now)
    if inquiry and inquiry.bill and not invoices.mark_inquired(bank_code, va_number, now):
        # Archived or paid meanwhile.
        return None
    if inquiry is None or view.request:
        return inquiry
    # Last, so that a call that fails leaves its id free.
    if not bank_requests.create_request(request, now, {"va_number": va_number, "verdict": inquiry.verdict}):
        return None
    if inquiry.bill:
        remember_bill(bank_code, view)
    return inquiry


def _judge(bank_code: str, va_number: str, view: BillView, now: str) -> Inquiry | None:
    """None: its parts do not fit together, so it changed while they were read."""
    verdict = judge_account(view.account)
    if verdict is Verdict.NOT_FOUND:
        verdict = judge_unknown_account(bank_code, va_number)
    if verdict is not None:
        return Inquiry(verdict)
    account, invoice, biller = view.account, view.invoice, view.biller
    if not view.is_whole or account is None or invoice is None or biller is None:
        return None
    verdict = judge_bill(account, biller, now)
    return Inquiry(verdict) if verdict else Inquiry(Verdict.ACCEPTED, PayableBill(account, invoice, biller))
