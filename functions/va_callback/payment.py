"""Service 25: the bank tells of a payment; the answer decides whether its payer keeps the money."""

from dataclasses import replace
from typing import Any

from invoicing.bill_labels import label_payer
from invoicing.errors import StoreBusyError
from invoicing.payments import post_payment
from invoicing.postings import BankPayment, Outcome, OutcomeKind, PaymentChannel
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
    except BodyError as error:
        return refuse_body(call, error)
    more = {} if additional_info is None else {"additionalInfo": additional_info}

    def answer(outcome: Outcome) -> Answer:
        data = _describe_payment(body, outcome)
        return build_answer(Service.PAYMENT, _choose_case(call, outcome), data, outcome.verdict, **more)

    build_record = call.build_record
    kept: list[Answer] = []

    def build_call_record(outcome: Outcome) -> dict[str, Any]:
        kept[:] = [answer(outcome)]
        return build_record(kept[0]) if build_record else {}

    try:
        outcome = post_payment(
            _read_payment(call, body),
            read_request(call),
            build_call_record=build_call_record if build_record else None,
        )
    except StoreBusyError:
        return answer_busy()
    payment_counts.count(outcome, _choose_case(call, outcome).code, call.call_id)
    # The bank hears the very answer that stands beside its call.
    return replace(kept[0], is_kept=True) if outcome.is_call_kept else answer(outcome)


def _read_payment(call: VerifiedCall, body: PaymentBody) -> BankPayment:
    return BankPayment(
        bank_code=call.client.bank_code,
        payment_request_id=body.payment_request_id,
        va_number=body.va_number,
        amount=body.paid.rupiah,
        stated_amount=body.paid.stated if body.paid.rupiah is None else None,
        channel=_find_channel(call, body),
        bank_reference=body.bank_reference,
        source_bank=body.source_bank,
        transaction_at=body.transaction_at,
    )


def _find_channel(call: VerifiedCall, body: PaymentBody) -> PaymentChannel:
    client = call.client
    if body.source_bank and body.source_bank not in (client.bank_code, *client.own_bank_codes):
        return PaymentChannel.OTHER_BANK
    for channels, code in ((client.channels_by_id, call.channel_id), (client.channels_by_code, body.channel_code)):
        if code in channels:
            # As stored they are plain texts; a payment must not fail for one that means nothing.
            return next((channel for channel in PaymentChannel if channel == channels[code]), PaymentChannel.UNKNOWN)
    return PaymentChannel.UNKNOWN


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
