"""What the bank is told of a bill before its payer pays it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from invoicing import clock
from invoicing.bank_requests import BankRequest
from invoicing.billers import Biller
from invoicing.payments import judge_unknown_account
from invoicing.store import bank_requests, invoices
from invoicing.store.bill_views import BillView, load_bill_view
from invoicing.store.settling import settle
from invoicing.verdicts import Verdict, judge_account, judge_bill


@dataclass(frozen=True, slots=True)
class PayableBill:
    account: Mapping[str, Any]
    invoice: Mapping[str, Any]
    biller: Biller


def inquire_bill(bank_code: str, va_number: str, request: BankRequest) -> PayableBill | Verdict:
    """The bill that may be paid to this account now, else why not.

    The account remembers when the bank last asked: a payment may follow within minutes. Raises StoreBusyError.
    """
    now = clock.to_text(clock.now())
    step: Callable[[], PayableBill | Verdict | None] = partial(_inquire_once, bank_code, va_number, request, now)
    return settle(step)


def _inquire_once(bank_code: str, va_number: str, request: BankRequest, now: str) -> PayableBill | Verdict | None:
    view = load_bill_view(bank_code, va_number, request=request)
    if view.request and view.request["call_id"] != request.call_id:
        return Verdict.ID_REUSED
    answer = _judge(bank_code, va_number, view, now)
    if isinstance(answer, PayableBill) and not invoices.mark_inquired(bank_code, va_number, now):
        # Archived or paid meanwhile.
        return None
    if answer is None or view.request:
        return answer
    # Last, so that a call that fails leaves its id free.
    verdict = answer if isinstance(answer, Verdict) else Verdict.ACCEPTED
    is_new = bank_requests.create_request(request, now, {"va_number": va_number, "verdict": verdict})
    return answer if is_new else None


def _judge(bank_code: str, va_number: str, view: BillView, now: str) -> PayableBill | Verdict | None:
    """None: its parts do not fit together, so it changed while they were read."""
    verdict = judge_account(view.account)
    if verdict is not None:
        return judge_unknown_account(bank_code, va_number) if verdict is Verdict.NOT_FOUND else verdict
    if not view.is_whole or view.account is None or view.invoice is None or view.biller is None:
        return None
    return judge_bill(view.account, view.biller, now) or PayableBill(view.account, view.invoice, view.biller)
