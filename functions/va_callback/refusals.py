"""SNAP answers: what the transport refuses and in which words, and every answer as API Gateway wants it."""

from collections.abc import Mapping
from typing import Any

import orjson

from invoicing import clock
from va_callback.calls import Answer, Service
from va_callback.strict_json import write_decimal

_BASE_MEMBERS = ("partnerServiceId", "customerNo", "virtualAccountNo", "virtualAccountName")
_REQUEST_ID = {
    Service.INQUIRY: "inquiryRequestId",
    Service.PAYMENT: "paymentRequestId",
    Service.STATUS: "inquiryRequestId",
}
_OUTCOME = {Service.INQUIRY: "inquiry", Service.PAYMENT: "paymentFlag", Service.STATUS: "paymentFlag"}
"""What the members with the status and its reason begin with."""
_REASON = {"english": "Rejected", "indonesia": "Ditolak"}


class RefusedError(Exception):
    """The transport refuses the call; ``answer`` says it to the bank."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.http_status}..{answer.case} {answer.message}")
        self.answer = answer


def refuse_bad_request() -> RefusedError:
    return RefusedError(Answer(400, "00", "Bad Request"))


def refuse_format(field: str) -> RefusedError:
    return RefusedError(Answer(400, "01", f"Invalid Field Format [{field}]"))


def refuse_missing(field: str) -> RefusedError:
    return RefusedError(Answer(400, "02", f"Invalid Mandatory Field [{field}]"))


def refuse_unauthorized(what: str) -> RefusedError:
    return RefusedError(Answer(401, "00", f"Unauthorized. [{what}]"))


def refuse_token() -> RefusedError:
    return RefusedError(Answer(401, "01", "Invalid Token (B2B)"))


def refuse_method() -> RefusedError:
    return RefusedError(Answer(405, "00", "Requested Function Is Not Supported"))


GENERAL_ERROR = Answer(500, "00", "General Error")
TIMEOUT = Answer(504, "00", "Timeout")
UNKNOWN_PATH = Answer(404, "00", "Not Found")
"""Beside the standard, which has no code for a path that is no service."""
NO_SERVICE = "00"


def add_status(answer: Answer, service: Service, body: Mapping[str, Any] | None) -> Answer:
    """A refusal with status 01 and the ids of the call, which banks read; none where nothing is to be told (401, 5xx).

    Args:
        body: None while it must not be read: no signature has been seen to fit.
    """
    if service is Service.ACCESS_TOKEN or answer.http_status not in (400, 403, 404, 409) or answer.members:
        return answer
    names = (*_BASE_MEMBERS, _REQUEST_ID[service])
    given = {name: (body or {}).get(name) for name in names}
    start = _OUTCOME[service]
    data = {
        f"{start}Status": "01",
        f"{start}Reason": _REASON,
        **{name: value if isinstance(value, str) else "" for name, value in given.items()},
    }
    return Answer(answer.http_status, answer.case, answer.message, {"virtualAccountData": data})


def write_body(answer: Answer, service: str) -> str:
    """The JSON text of the answer; codes are text, as the standard has it."""
    code = f"{answer.http_status}{service}{answer.case}"
    body = {"responseCode": code, "responseMessage": answer.message[:150], **answer.members}
    return orjson.dumps(body, default=write_decimal).decode()


def write_response(answer: Answer, body: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """For API Gateway's proxy integration."""
    now = clock.now().astimezone(clock.JAKARTA).isoformat(timespec="seconds")
    return {
        "statusCode": answer.http_status,
        "headers": {"Content-Type": "application/json", "X-TIMESTAMP": now, "Cache-Control": "no-store", **headers},
        "body": body,
        "isBase64Encoded": False,
    }
