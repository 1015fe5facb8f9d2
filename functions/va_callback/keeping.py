"""What is kept of each call, so that a dispute can be settled and a day replayed."""

import contextlib
import json
import re
import time
from typing import Any

from aws_lambda_powertools import Logger

from invoicing import clock, defects
from invoicing.bank_clients import BankClient
from invoicing.store import bank_calls
from invoicing.store.bank_calls import BankCall
from va_callback.bodies import IDS, BodyError, read_va_number
from va_callback.calls import Answer, Service
from va_callback.counting import count_not_kept
from va_callback.http_call import MAX_BODY_BYTES, HttpCall
from va_callback.refusals import write_body
from va_callback.verification import Verification

logger = Logger(utc=True, child=True)

_SECRET_HEADER = re.compile("authorization|signature|cookie|token|secret|api-?key")
_LONGEST_HEADER = 256
_MOST_HEADERS = 40
_LONGEST_ID = 128
_LONGEST_ANSWER = 65_536
_NOT_DIGITS = re.compile(r"[^0-9]")


def build_call_write(
    call: HttpCall, verification: Verification, call_id: str, began: float, answer: Answer
) -> dict[str, Any]:
    """A member of the transaction that does what ``answer`` says: no payment without the call that it rests on."""
    return bank_calls.build_call_write(_build_call(call, verification, call_id, began, answer))


def keep_call(call: HttpCall, verification: Verification, call_id: str, began: float, answer: Answer) -> None:
    """Keep what no transaction kept.

    Never raises, and gives up within a second or so: the answer is decided, money may be posted. A call that could not
    be kept is counted and rings; what it did stands in the payments.

    Args:
        began: by the monotonic clock.
    """
    try:
        bank_calls.keep_call(_build_call(call, verification, call_id, began, answer))
    except Exception as error:
        logger.error("call_not_kept", extra={"call_id": call_id, **defects.describe(error)})
        count_not_kept()


def _build_call(call: HttpCall, verification: Verification, call_id: str, began: float, answer: Answer) -> BankCall:
    text, is_text = _read_text(call.body[:MAX_BODY_BYTES])
    return BankCall(
        call_id=call_id,
        at=clock.to_text(clock.now()),
        service=str(call.service),
        method=call.method,
        path=call.path,
        source_ip=call.source_ip,
        headers=mask_headers(call.headers),
        body=text,
        is_text=is_text,
        http_status=answer.http_status,
        answer=_write_answer(call, answer)[:_LONGEST_ANSWER],
        milliseconds=round((time.monotonic() - began) * 1000),
        is_signed=verification.is_signed,
        client_id=verification.client.client_id if verification.client else "",
        **(_find_ids(call, verification.client, verification.body) if verification.client else {}),
    )


def mask_headers(headers: Any) -> dict[str, str]:
    """At most so many, so long; of secret ones only how long they were."""
    kept = list(headers.items())[:_MOST_HEADERS]
    return {
        name[:_LONGEST_HEADER]: f"*** ({len(value)} characters)"
        if _SECRET_HEADER.search(name)
        else value[:_LONGEST_HEADER]
        for name, value in kept
    }


def _write_answer(call: HttpCall, answer: Answer) -> str:
    """As the bank gets it, but for a token."""
    body = write_body(answer, str(call.service))
    if call.service is Service.ACCESS_TOKEN and "accessToken" in answer.members:
        return json.dumps({**json.loads(body), "accessToken": "***"})
    return body


def _find_ids(call: HttpCall, client: BankClient, body: dict[str, object] | None) -> dict[str, str]:
    """What a signed call was about; an unsigned one could put itself among another's."""
    if body is None:
        return {}
    return {
        "bank_code": client.bank_code,
        "external_id": call.headers.get("x-external-id", ""),
        "va_number": _find_va_number(body),
        "reference": _read_id(body, "referenceNo"),
        "request_id": _read_id(body, "paymentRequestId") or _read_id(body, "inquiryRequestId"),
    }


def _find_va_number(body: dict[str, object]) -> str:
    """As we write it, however the bank pads it; of a number that is none, its digits."""
    if all(name in body for name in IDS):
        with contextlib.suppress(BodyError):
            return read_va_number(body)
    return _NOT_DIGITS.sub("", _read_id(body, "virtualAccountNo"))


def _read_id(body: dict[str, object], name: str) -> str:
    value = body.get(name)
    return value[:_LONGEST_ID] if isinstance(value, str) else ""


def _read_text(raw: bytes) -> tuple[str, bool]:
    try:
        return raw.decode(), True
    except UnicodeDecodeError:
        return raw.decode("latin-1"), False
