"""The JSON API: one function behind an HTTP API, for dashboards (``/v1``) and for billers' programs (``/erp/v1``).

How to add routes: write ``routes/your_area.py`` with ``area = Area("your area")`` and functions decorated by
``@area.get("/v1/things/<thing_id>", {Role.VIEWER})`` and its likes; ``area.caller`` says who calls, and its
``biller_id`` is the only tenant that a route may name. Add the module to ``_MODULES`` below, new errors with their
status to ``problems._CODES`` and their words to ``texts/{id,en}/problems.py``, then run ``python -m api.openapi`` in
``functions/`` (a test holds ``docs/openapi.json`` against the code). Everything else comes from here: who may call,
problem documents, correlation id, limits, headers, and the tests that try every route with every role.
"""

import base64
import binascii
import json
import re
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from api.areas import Access
from api.callers import ERP_PREFIX, identify_caller
from api.problems import answer_problem
from api.routes import (
    audit,
    bank_clients,
    billers,
    changes,
    contacts,
    invoices,
    notices,
    reconciliations,
    reports,
    settings,
    support,
    uploads,
    users,
    webhooks,
    wording,
)
from invoicing.errors import BodyTooLargeError, BodyUnreadableError

logger = Logger(utc=True)

_MODULES = (
    *(uploads, invoices, notices, contacts, wording, webhooks, reports, reconciliations),
    *(billers, changes, bank_clients, users, settings, audit, support),
)

app = APIGatewayHttpResolver(
    enable_validation=True,
    # An answer of another shape than promised is a defect, not the caller's mistake.
    response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
    strip_prefixes=[ERP_PREFIX],
)
app.exception_handler(Exception)(answer_problem)
ACCESS: dict[tuple[str, str], Access] = {}
for _module in _MODULES:
    app.include_router(_module.area.router)
    ACCESS |= _module.area.access

_CORRELATION_ID = re.compile(r"[A-Za-z0-9=_-]{1,64}")
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
}


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    correlation_id = _choose_correlation_id(event)
    logger.set_correlation_id(correlation_id)
    answer = _answer(event, context)
    headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
    answer["headers"] = headers | _HEADERS | {"x-correlation-id": correlation_id}
    return answer


def _answer(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Roles are checked before the request is read any further, and a route that has none is no route."""
    try:
        access = _find_access(event)
        _check_body(event, access)
        caller = identify_caller(event, access.roles, reads=access.reads)
    except Exception as error:
        problem = answer_problem(error)
        return {
            "statusCode": int(problem.status_code),
            "headers": {"content-type": problem.content_type},
            "body": problem.body,
            "isBase64Encoded": False,
        }
    app.append_context(caller=caller)  # type: ignore[no-untyped-call]
    logger.append_keys(user_id=caller.user_id)
    return app.resolve(event, context)


def _find_access(event: dict[str, Any]) -> Access:
    method = event["requestContext"]["http"]["method"]
    path = event["rawPath"].removeprefix(ERP_PREFIX)
    for known_method, pattern, access in _compile_paths():
        if method == known_method and pattern.fullmatch(path):
            return access
    raise NotFoundError


@lru_cache(maxsize=1)
def _compile_paths() -> list[tuple[str, re.Pattern[str], Access]]:
    return [
        (method, re.compile(re.sub(r"<\w+>", "[^/]+", path)), access)
        # A path without parameters goes before one whose parameter would take the same text, as in the resolver.
        for (method, path), access in sorted(ACCESS.items(), key=lambda item: "<" in item[0][1])
    ]


def _check_body(event: dict[str, Any], access: Access) -> None:
    """What the resolver's parser would stumble over. JSON that is merely wrong it refuses itself."""
    body = event.get("body") or ""
    # Base64 is longer than what it holds, so that nothing slips through.
    if len(body) > access.max_body_bytes:
        raise BodyTooLargeError(str(access.max_body_bytes))
    try:
        json.loads(base64.b64decode(body).decode() if event.get("isBase64Encoded") else body)
    except json.JSONDecodeError:
        return
    except (UnicodeDecodeError, RecursionError, binascii.Error) as error:
        raise BodyUnreadableError(type(error).__name__) from error


def _choose_correlation_id(event: dict[str, Any]) -> str:
    """The caller's own, if it is one that may stand in a log; else API Gateway's request id."""
    given = event.get("headers", {}).get("x-correlation-id", "")
    chosen: str = given if _CORRELATION_ID.fullmatch(given) else event["requestContext"]["requestId"]
    return chosen
