"""Payments to virtual accounts: one transaction posts a payment, or nothing does.

The posting, the account, the invoice, the receipts to be sent and the use of the call's id stand or fall together. What
is refused leaves an attempt, never money. Everything may be killed at any point and run again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

from invoicing import clock
from invoicing.bank_requests import BankRequest
from invoicing.billers import Biller
from invoicing.invoices import InvoiceDraft
from invoicing.notices import plan_paid_notices
from invoicing.postings import Approval, BankPayment, Outcome, OutcomeKind, PaymentKind, PostingState
from invoicing.settings import get_settings
from invoicing.store import bank_requests, billers, dynamodb, invoices, payments
from invoicing.store.bill_views import BillView, load_bill_view, recall_bill
from invoicing.store.dynamodb import build_put, to_item
from invoicing.store.notices import notice_item
from invoicing.store.settling import require_transient, settle
from invoicing.verdicts import Verdict, judge_account, judge_bill

BuildEntry = Callable[[Biller, str], dict[str, Any]]
"""From the biller and the time of the posting to a transaction member."""
BuildCallRecord = Callable[[Outcome], dict[str, Any]]
"""From what came of a payment to a transaction member that keeps the bank's call, with what it will be answered."""


@dataclass(slots=True)
class _Post:
    """A payment on its way, over all tries."""

    payment: BankPayment
    via: BankRequest | Approval
    now: str
    build_entry: BuildEntry | None
    build_call_record: BuildCallRecord | None
    known_receipts: set[str] = field(default_factory=set)
    """Ids of notices that turned out to exist."""

    @property
    def request(self) -> BankRequest | None:
        return self.via if isinstance(self.via, BankRequest) else None


def post_payment(
    payment: BankPayment,
    via: BankRequest | Approval,
    *,
    build_entry: BuildEntry | None = None,
    build_call_record: BuildCallRecord | None = None,
) -> Outcome:
    """Post a payment to its account if the bill is open and this amount is due, else say why not.

    ``via`` a call of the bank: its payer can still be given the money back, so everything is checked, and a refused
    attempt is recorded. ``via`` an approval: only ``settled_payments`` posts so.

    Args:
        build_entry: one more member of the transaction that posts.
        build_call_record: the call itself, which a posting or an attempt rests on, for the same transaction; left out
            if it is what stands in the way (``Outcome.is_call_kept`` says so).

    Raises StoreBusyError: nothing is known to be posted, and the same call may come again.
    """
    now = clock.to_text(clock.now())
    return settle(partial(_post_once, _Post(payment, via, now, build_entry, build_call_record)))


def look_up_payment(bank_code: str, payment_request_id: str, request: BankRequest) -> dict[str, Any] | Verdict | None:
    """``find_payment`` for a call of the bank; ID_REUSED when the call's id was used today. Raises StoreBusyError."""
    now = clock.to_text(clock.now())

    def look_up() -> tuple[dict[str, Any] | Verdict | None]:
        found = find_payment(bank_code, payment_request_id)
        is_new = bank_requests.create_request(request, now, {"payment_request_id": payment_request_id})
        used = None if is_new else bank_requests.load_request(request)
        return (Verdict.ID_REUSED if used and used["call_id"] != request.call_id else found,)

    return settle(look_up)[0]


def find_payment(bank_code: str, payment_request_id: str) -> dict[str, Any] | None:
    """The posting of this payment, else its latest refused attempt (it has a ``verdict``), else None."""
    posting = payments.load_posting(bank_code, payment_request_id)
    if posting is not None:
        return posting
    attempts = payments.list_attempts(bank_code, payment_request_id)
    return attempts[0] if attempts else None


def judge_unknown_account(bank_code: str, va_number: str) -> Verdict:
    """Why there is no such account: nobody has its company code, or its biller never gave the number."""
    known = billers.has_company_code(bank_code, va_number[: get_settings().va_company_code_digits])
    return Verdict.NOT_FOUND if known else Verdict.UNKNOWN_BILLER


def _post_once(post: _Post) -> Outcome | None:
    """Read, decide, write; None: the world has moved, look again."""
    payment = post.payment
    remembered = recall_bill(payment.bank_code, payment.va_number)
    if remembered:
        # Asked about a moment ago: the transaction states all that matters, so it may be tried without reading again.
        judged = _judge(post, remembered)
        outcome = _write_posting(post, remembered, *judged) if isinstance(judged, tuple) else None
        if outcome:
            return outcome
    view = load_bill_view(
        payment.bank_code, payment.va_number, request=post.request, payment_request_id=payment.payment_request_id
    )
    if post.request and view.request:
        return _answer_used_id(post, post.request, view, view.request)
    if view.posting:
        return _answer_posted(post, view, view.posting)
    if view.account and view.account.get("paid_by") == payment.payment_id:
        # Posted between our reading of the posting and of the account.
        return None
    judged = _judge(post, view)
    if isinstance(judged, Verdict):
        return _refuse(post, view, judged)
    return _write_posting(post, view, *judged) if judged else None


def _judge(post: _Post, view: BillView) -> tuple[Mapping[str, Any], Biller] | Verdict | None:
    """The invoice to be paid and its biller, or why it must not be; None: what was read does not fit together."""
    verdict = judge_account(view.account)
    if verdict is not None:
        unknown = verdict is Verdict.NOT_FOUND
        return judge_unknown_account(post.payment.bank_code, post.payment.va_number) if unknown else verdict
    account, invoice, biller = view.account, view.invoice, view.biller
    if not view.is_whole or account is None or invoice is None or biller is None:
        # Archived or paid between our reading of the account and of its invoice.
        return None
    verdict = judge_bill(account, biller, post.now) if post.request else None
    if verdict is None and post.payment.amount != account["amount_due"]:
        verdict = Verdict.WRONG_AMOUNT
    return verdict or (invoice, biller)


def _answer_used_id(post: _Post, request: BankRequest, view: BillView, used: Mapping[str, Any]) -> Outcome:
    """The call's id was used today: by this very call, by the same payment, or by another one."""
    payment, first = post.payment, Verdict(used["verdict"])
    if used["call_id"] == request.call_id:
        # Our own write, whose answer was lost.
        return _build_outcome(OutcomeKind(used["outcome"]), first, view)
    if used["payment_request_id"] != payment.payment_request_id:
        payments.record_attempt(payment, Verdict.ID_REUSED, request, post.now, view.account)
        return _build_outcome(OutcomeKind.ID_REUSED, Verdict.ID_REUSED, view)
    # What contradicted a posting is kept with its own account and amount: told again, it contradicts it still.
    if not payment.pays_the_same_as(used) or used["outcome"] == OutcomeKind.INCONSISTENT:
        payments.record_attempt(payment, Verdict.INCONSISTENT, request, post.now, view.account)
        return _build_outcome(OutcomeKind.INCONSISTENT, first, view)
    return _build_outcome(OutcomeKind.REPEATED, first, view)


def _answer_posted(post: _Post, view: BillView, posting: Mapping[str, Any]) -> Outcome | None:
    """A payment that was posted before; the bank may have lost our answer."""
    if not post.payment.pays_the_same_as(posting):
        outcome = _build_outcome(OutcomeKind.INCONSISTENT, Verdict.ACCEPTED, view)
        return _write_refusal(post, view, outcome, Verdict.INCONSISTENT)
    if posting["state"] == PostingState.REVERSED:
        return _refuse(post, view, Verdict.REVERSED)
    outcome = _build_outcome(OutcomeKind.REPLAYED, Verdict.ACCEPTED, view)
    if post.request:
        described = _describe_call(post.payment, outcome)
        return outcome if bank_requests.create_request(post.request, post.now, described) else None
    return outcome


def _refuse(post: _Post, view: BillView, verdict: Verdict) -> Outcome | None:
    return _write_refusal(post, view, _build_outcome(OutcomeKind.REFUSED, verdict, view), verdict)


def _write_refusal(post: _Post, view: BillView, outcome: Outcome, recorded_as: Verdict) -> Outcome | None:
    request = post.request
    if request is None:
        return outcome
    writes = [
        bank_requests.build_request_write(request, post.now, _describe_call(post.payment, outcome)),
        payments.build_attempt_write(post.payment, recorded_as, request, post.now, view.account),
    ]
    written, codes = _commit(post, outcome, writes)
    require_transient(codes)
    return written


def _write_posting(post: _Post, view: BillView, invoice: Mapping[str, Any], biller: Biller) -> Outcome | None:
    payment, via, now = post.payment, post.via, post.now
    outcome = _build_outcome(OutcomeKind.POSTED, Verdict.ACCEPTED, view)
    kept = {
        "payment_id": payment.payment_id,
        "channel": payment.channel,
        "bank_reference": payment.bank_reference,
        "transaction_at": payment.transaction_at,
    }
    if isinstance(via, Approval):
        kept |= {"recorded_by": via.recorded_by, "approved_by": via.approved_by}
    money = [
        payments.build_posting_write(payment, invoice, giro_account=biller.giro_account, accepted_at=now, via=via),
        *invoices.build_paid_writes(
            invoice,
            {name: value for name, value in kept.items() if value is not None},
            paid_at=now,
            paid_via=PaymentKind.VA,
        ),
    ]
    if isinstance(via, BankRequest):
        money.append(bank_requests.build_request_write(via, now, _describe_call(payment, outcome)))
    if post.build_entry:
        money.append(post.build_entry(biller, now))
    receipts = _build_receipts(post, invoice, biller)
    written, codes = _commit(post, outcome, money + list(receipts.values()))
    if written:
        return written
    require_transient(codes)
    if set(codes[: len(money)]) == {"None"}:
        # A receipt that is there already must not keep money from being posted.
        post.known_receipts.update(
            notice_id
            for notice_id, code in zip(receipts, codes[len(money) :], strict=True)
            if code == "ConditionalCheckFailed"
        )
    return None


def _commit(post: _Post, outcome: Outcome, writes: list[dict[str, Any]]) -> tuple[Outcome | None, list[str]]:
    """Write all, with the call; the outcome when it stands, else a code for each of ``writes``."""
    record = [post.build_call_record(outcome)] if post.build_call_record else []
    codes = dynamodb.commit(writes + record)
    if codes is None:
        return (replace(outcome, is_call_kept=True) if record else outcome), []
    if record and codes[-1] != "None":
        # Money must not wait for the evidence: the call is kept by itself, or rings.
        post.build_call_record = None
    return None, codes[: len(writes)]


def _build_receipts(post: _Post, invoice: Mapping[str, Any], biller: Biller) -> dict[str, dict[str, Any]]:
    """Transaction members by notice id."""
    writes = {}
    # A stored invoice has all members of the draft that it was made from.
    for planned in plan_paid_notices(biller, cast(InvoiceDraft, invoice), invoice["va_number"]):
        if planned.notice_id not in post.known_receipts:
            item = notice_item(
                planned,
                bank_code=invoice["bank_code"],
                va_number=invoice["va_number"],
                biller_id=biller.biller_id,
                number=invoice["number"],
                upload_id=invoice["upload_id"],
                created_at=post.now,
            )
            writes[planned.notice_id] = build_put(get_settings().notices_table, to_item(item))
    return writes


def _describe_call(payment: BankPayment, outcome: Outcome) -> dict[str, Any]:
    """What is kept with a call's id: a repetition is compared with it, and answered by it."""
    return {
        "payment_request_id": payment.payment_request_id,
        "va_number": payment.va_number,
        "amount": payment.amount,
        "stated_amount": payment.stated_amount,
        "outcome": outcome.kind,
        "verdict": outcome.verdict,
    }


def _build_outcome(kind: OutcomeKind, verdict: Verdict, view: BillView) -> Outcome:
    due = view.account["amount_due"] if view.account else None
    return Outcome(kind, verdict, view.invoice or {}, view.biller, due)
