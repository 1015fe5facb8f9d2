"""Money that the bank has settled but never told us of, posted by two people (from the reconciliation)."""

from typing import Any

from invoicing.billers import Biller
from invoicing.errors import SamePersonError
from invoicing.payments import post_payment
from invoicing.postings import Approval, BankPayment, Outcome
from invoicing.store import audit


def post_settled_payment(payment: BankPayment, approval: Approval) -> Outcome:
    """Post it to its account if the bill is open and this amount is due, else say why not; nothing else is recorded.

    The money is there already, so neither an expired account nor a suspended biller stands in its way. Raises
    SamePersonError, and StoreBusyError (it may be tried again).
    """
    if approval.recorded_by == approval.approved_by:
        raise SamePersonError(payment.payment_id)

    def build_audit_entry(biller: Biller, now: str) -> dict[str, Any]:
        return audit.build_audit_write(
            biller.biller_id,
            user_id=approval.approved_by,
            action="post_payment",
            subject=payment.va_number,
            at=now,
            after={
                "payment_id": payment.payment_id,
                "amount": payment.amount,
                "recorded_by": approval.recorded_by,
            },
            reason=approval.reason,
        )

    return post_payment(payment, approval, build_entry=build_audit_entry)
