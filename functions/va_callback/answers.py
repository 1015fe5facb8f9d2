"""Answers to calls 24, 25 and 26: the code of each verdict, and the members that every answer holds."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from invoicing import clock
from invoicing.bank_requests import BankRequest, BankService
from invoicing.texts import text
from invoicing.verdicts import Verdict
from va_callback.bodies import BodyError, echo_ids
from va_callback.calls import Answer, Service, VerifiedCall


class Case(NamedTuple):
    """HTTP status, case code and message of an answer."""

    http_status: int
    code: str
    message: str


SUCCESS = Case(200, "00", "Successful")
INCONSISTENT = Case(404, "18", "Inconsistent Request")
NOT_TOLD = Case(404, "01", "Transaction Not Found")
_TIMEOUT = Case(504, "00", "Timeout")
CASES: Mapping[Verdict, Case] = {
    Verdict.ACCEPTED: SUCCESS,
    Verdict.UNKNOWN_BILLER: Case(404, "16", "Partner Not Found"),
    Verdict.NOT_FOUND: Case(404, "12", "Invalid Bill/Virtual Account [Not Found]"),
    Verdict.ARCHIVED: Case(404, "12", "Invalid Bill/Virtual Account [Cancelled]"),
    Verdict.REVERSED: Case(404, "12", "Invalid Bill/Virtual Account [Replaced]"),
    Verdict.BILLER_SUSPENDED: Case(404, "12", "Invalid Bill/Virtual Account [Suspended]"),
    Verdict.EXPIRED: Case(404, "19", "Invalid Bill/Virtual Account"),
    Verdict.PAID: Case(404, "14", "Paid Bill"),
    Verdict.WRONG_AMOUNT: Case(404, "13", "Invalid Amount"),
    Verdict.INCONSISTENT: INCONSISTENT,
    Verdict.ID_REUSED: Case(409, "00", "Conflict"),
}
SUCCEEDED, FAILED = "00", "01"

_STATUS_MEMBERS = {
    Service.INQUIRY: ("inquiryStatus", "inquiryReason"),
    Service.PAYMENT: ("paymentFlagStatus", "paymentFlagReason"),
    Service.STATUS: ("paymentFlagStatus", "paymentFlagReason"),
}
_REQUEST_IDS = {
    Service.INQUIRY: ("inquiryRequestId",),
    Service.PAYMENT: ("paymentRequestId",),
    Service.STATUS: ("inquiryRequestId", "paymentRequestId"),
}
_SERVICES = {
    Service.INQUIRY: BankService.INQUIRY,
    Service.PAYMENT: BankService.PAYMENT,
    Service.STATUS: BankService.STATUS,
}
_MAX_REASON = 64


def read_request(call: VerifiedCall) -> BankRequest:
    today = clock.today_in_jakarta()
    return BankRequest(call.client.client_id, _SERVICES[call.service], call.external_id, today, call.call_id)


def build_answer(service: Service, case: Case, data: Mapping[str, Any], verdict: Verdict, **more: Any) -> Answer:
    """``verdict`` gives status and reasons, ``case`` the code: a repeated call is answered by its first verdict."""
    status = SUCCEEDED if verdict is Verdict.ACCEPTED else FAILED
    return _build(service, case, data, status, describe(verdict), more)


def describe(reason: str, **params: str) -> dict[str, str]:
    """The words for a verdict, or another key of the texts, in both languages."""
    return {
        "english": text(f"va.{reason}", "en", **params)[:_MAX_REASON],
        "indonesia": text(f"va.{reason}", "id", **params)[:_MAX_REASON],
    }


def refuse_body(call: VerifiedCall, error: BodyError) -> Answer:
    """A missing or malformed field; the call's ids stay free."""
    case = (
        Case(400, "02", f"Invalid Mandatory Field [{error.field}]")
        if error.is_missing
        else Case(400, "01", f"Invalid Field Format [{error.field}]")
    )
    reason = describe("missing_field" if error.is_missing else "invalid_format", field=error.field)
    return _build(call.service, case, echo_call(call), FAILED, reason, {})


def answer_not_told(call: VerifiedCall, data: Mapping[str, Any]) -> Answer:
    """Nobody told us of such a payment."""
    return _build(call.service, NOT_TOLD, data, FAILED, describe("not_told"), {})


def answer_busy() -> Answer:
    """Nothing is known to be done, and the ids of the call stay free: the bank may send the very same again."""
    return Answer(*_TIMEOUT)


def echo_call(call: VerifiedCall) -> dict[str, str]:
    return echo_ids(call.body, _REQUEST_IDS[call.service])


def _build(
    service: Service,
    case: Case,
    data: Mapping[str, Any],
    status: str,
    reason: Mapping[str, str],
    more: Mapping[str, Any],
) -> Answer:
    status_member, reason_member = _STATUS_MEMBERS[service]
    members = {"virtualAccountData": {reason_member: reason, **data, status_member: status}, **more}
    return Answer(case.http_status, case.code, case.message, members)
