"""Service 26: the bank asks what became of a payment."""

from typing import Any

from invoicing import clock
from invoicing.errors import StoreBusyError
from invoicing.payments import look_up_payment
from invoicing.postings import PostingState
from invoicing.verdicts import Verdict
from va_callback.answers import (
    CASES,
    SUCCESS,
    answer_busy,
    answer_not_told,
    build_answer,
    echo_call,
    read_request,
    refuse_body,
)
from va_callback.bodies import BodyError, parse_status
from va_callback.calls import Answer, Service, VerifiedCall
from va_callback.inquiry import format_amount


def answer_status(call: VerifiedCall) -> Answer:
    try:
        body = parse_status(call.body)
        found = look_up_payment(call.client.bank_code, body.payment_request_id, read_request(call))
    except BodyError as error:
        return refuse_body(call, error)
    except StoreBusyError:
        return answer_busy()
    data = {name: value for name, value in echo_call(call).items() if value or name != "virtualAccountName"}
    if isinstance(found, Verdict):
        return build_answer(Service.STATUS, CASES[found], data, found)
    if found is None or found["va_number"] != body.va_number:
        return answer_not_told(call, data)
    data["paymentRequestId"] = body.payment_request_id
    return build_answer(Service.STATUS, SUCCESS, {**data, **_describe_record(found)}, _read_verdict(found))


def _read_verdict(record: dict[str, Any]) -> Verdict:
    """Of a posting or a refused attempt."""
    if "verdict" in record:
        return Verdict(record["verdict"])
    return Verdict.REVERSED if record["state"] == PostingState.REVERSED else Verdict.ACCEPTED


def _describe_record(record: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if "amount" in record:
        data["paidAmount"] = format_amount(record["amount"])
    if "bank_reference" in record:
        data["referenceNo"] = record["bank_reference"]
    if "accepted_at" in record:
        local = clock.from_text(record["accepted_at"]).astimezone(clock.JAKARTA)
        data["transactionDate"] = local.isoformat(timespec="seconds")
    return data
