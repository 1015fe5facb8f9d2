"""Service 25: the bank tells of a payment; the answer decides whether its payer keeps the money."""

from typing import Any

from invoicing.bank_clients import find_channel
from invoicing.bill_labels import label_payer
from invoicing.errors import StoreBusyError
from invoicing.payments import post_payment
from invoicing.postings import BankPayment, Outcome, OutcomeKind
from invoicing.verdicts import Verdict
from va_callback import payment_counts
from va_callback.answers import (
    CASES,
    FAILED,
    INCONSISTENT,
    SUCCEEDED,
    SUCCESS,
    Case,
    answer_busy,
    build_answer,
    describe,
    read_request,
    refuse_body,
)
from va_callback.bodies import BodyError, PaymentBody, parse_payment, read_additional_info
from va_callback.calls import Answer, Service, VerifiedCall
from va_callback.inquiry import format_amount


def answer_payment(call: VerifiedCall) -> Answer:
    try:
        body = parse_payment(call.body)
        additional_info = read_additional_info(call.body)
        outcome = post_payment(_read_payment(call, body), read_request(call))
    except BodyError as error:
        return refuse_body(call, error)
    except StoreBusyError:
        return answer_busy()
    case = _choose_case(call, outcome)
    payment_counts.count(outcome, case.code, call.call_id)
    data = _describe_payment(body, outcome)
    more = {} if additional_info is None else {"additionalInfo": additional_info}
    return build_answer(Service.PAYMENT, case, data, outcome.verdict, **more)


def _read_payment(call: VerifiedCall, body: PaymentBody) -> BankPayment:
    return BankPayment(
        bank_code=call.client.bank_code,
        payment_request_id=body.payment_request_id,
        va_number=body.va_number,
        amount=body.paid.rupiah,
        stated_amount=body.paid.stated if body.paid.rupiah is None else None,
        channel=find_channel(call.client, call.channel_id, body.channel_code, body.source_bank),
        bank_reference=body.bank_reference,
        source_bank=body.source_bank,
        transaction_at=body.transaction_at,
    )


def _choose_case(call: VerifiedCall, outcome: Outcome) -> Case:
    match outcome.kind:
        case OutcomeKind.POSTED | OutcomeKind.REPLAYED:
            return SUCCESS
        case OutcomeKind.REPEATED:
            return SUCCESS if call.client.replay_code_success else INCONSISTENT
        case OutcomeKind.INCONSISTENT:
            return INCONSISTENT
    return CASES[outcome.verdict]


def _describe_payment(body: PaymentBody, outcome: Outcome) -> dict[str, Any]:
    """Everything as it was received, and what the bank may have left out."""
    data = dict(body.echo)
    if not data["virtualAccountName"] and outcome.invoice:
        data["virtualAccountName"] = label_payer(outcome.invoice)
    if "totalAmount" not in data and outcome.amount_due is not None:
        data["totalAmount"] = format_amount(outcome.amount_due)
    if body.bills:
        is_accepted = outcome.verdict is Verdict.ACCEPTED
        state = {"status": SUCCEEDED if is_accepted else FAILED, "reason": describe(outcome.verdict)}
        data["billDetails"] = [{**bill, **state} for bill in body.bills]
    return data
