"""Whether a bill may be paid now, and why not: the same answer to the bank's question and to its payment."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from invoicing.billers import Biller, BillerState
from invoicing.invoices import has_expired
from invoicing.virtual_accounts import ClosedReason, VirtualAccountState


class Verdict(StrEnum):
    """What becomes of a payment. All but the first refuse it: no money is held, nothing but the attempt is kept."""

    ACCEPTED = "accepted"
    UNKNOWN_BILLER = "unknown_biller"
    """No biller has the number's company code."""
    NOT_FOUND = "not_found"
    ARCHIVED = "archived"
    REVERSED = "reversed"
    """The bank took the payment back; the bill has another number now."""
    BILLER_SUSPENDED = "biller_suspended"
    EXPIRED = "expired"
    PAID = "paid"
    """By another payment, or outside the virtual account."""
    WRONG_AMOUNT = "wrong_amount"
    INCONSISTENT = "inconsistent"
    """An id that was used before, with another account or amount."""
    ID_REUSED = "id_reused"
    """The call's id was used today for another payment."""


_OF_CLOSED = {ClosedReason.PAID_OUTSIDE: Verdict.PAID, ClosedReason.PAYMENT_REVERSED: Verdict.REVERSED}


def judge_account(account: Mapping[str, Any] | None) -> Verdict | None:
    """What a virtual account's own state forbids; None: it is open."""
    if account is None:
        return Verdict.NOT_FOUND
    match account["state"]:
        case VirtualAccountState.OPEN:
            return None
        case VirtualAccountState.PAID:
            return Verdict.PAID
    return _OF_CLOSED.get(account.get("closed_reason", ""), Verdict.ARCHIVED)


def judge_bill(account: Mapping[str, Any], biller: Biller, now: str) -> Verdict | None:
    """What else forbids to pay an open account at ``now``; overdue is no reason, the end of its validity is."""
    if biller.state is not BillerState.ACTIVE:
        return Verdict.BILLER_SUSPENDED
    return Verdict.EXPIRED if has_expired(account, now) else None
