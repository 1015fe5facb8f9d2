"""API Gateway -> SNAP services: verify, answer, keep the call. The bank's answer never waits for what only we need."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from ulid import ULID

from invoicing import defects
from va_callback.calls import Answer, Service, VerifiedCall
from va_callback.counting import count_unauthorized
from va_callback.http_call import HttpCall, read_event
from va_callback.keeping import build_call_write, keep_call
from va_callback.refusals import (
    GENERAL_ERROR,
    NO_SERVICE,
    TIMEOUT,
    UNKNOWN_PATH,
    RefusedError,
    add_status,
    write_body,
    write_response,
)
from va_callback.verification import Verification

logger = Logger(utc=True)

_SERVICES = {
    Service.INQUIRY: ("va_callback.inquiry", "answer_inquiry"),
    Service.PAYMENT: ("va_callback.payment", "answer_payment"),
    Service.STATUS: ("va_callback.status", "answer_status"),
}


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    began = time.monotonic()
    call = read_event(event)
    if call.service is None:
        logger.info("unknown_path")
        return write_response(UNKNOWN_PATH, write_body(UNKNOWN_PATH, NO_SERVICE), {})
    call_id = str(ULID())
    verification = Verification(call, call.service, call_id)
    record = (call, verification, call_id, began)
    answer = add_status(
        _answer(call, verification, partial(build_call_write, *record)), call.service, verification.body
    )
    if not answer.is_kept:
        keep_call(*record, answer)
    if answer.http_status == 401:
        count_unauthorized()
    client_id = verification.client.client_id if verification.client else None
    milliseconds = round((time.monotonic() - began) * 1000)
    facts = {"call_id": call_id, "snap_service": call.service, "client_id": client_id, "milliseconds": milliseconds}
    logger.info("answered", extra={**facts, "code": f"{answer.http_status}{call.service}{answer.case}"})
    return write_response(answer, write_body(answer, call.service), _build_headers(call, answer))


def _answer(call: HttpCall, verification: Verification, build_record: Callable[[Answer], dict[str, Any]]) -> Answer:
    try:
        if call.service is Service.ACCESS_TOKEN:
            return verification.issue_token()
        return call_service(replace(verification.run(), build_record=build_record))
    except RefusedError as refusal:
        return refusal.answer
    except (ConnectTimeoutError, ReadTimeoutError, EndpointConnectionError) as error:
        logger.error("timed_out", extra=defects.describe(error))
        return TIMEOUT
    except Exception as error:
        logger.error("failed", extra=defects.describe(error))
        return GENERAL_ERROR


def call_service(call: VerifiedCall) -> Answer:
    """The service that the call asks for; each is imported with its first call."""
    module, function = _SERVICES[call.service]
    answer: Answer = getattr(import_module(module), function)(call)
    return answer


def _build_headers(call: HttpCall, answer: Answer) -> dict[str, str]:
    """A token's answer names its client, as the standard asks."""
    if call.service is Service.ACCESS_TOKEN and answer.http_status == 200:
        return {"X-CLIENT-KEY": call.headers["x-client-key"]}
    return {}
