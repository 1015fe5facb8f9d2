"""Every error of the API as a problem document (RFC 9457), in both languages."""

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestUnsupportedContentType, RequestValidationError
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)
from pydantic import BaseModel, Field

from invoicing import errors
from invoicing.changing_wording import describe_problem
from invoicing.defects import describe
from invoicing.error_words import STATUSES, find_words
from invoicing.texts import LANGUAGES

logger = Logger(utc=True)

PROBLEM_TYPE = "application/problem+json"

_CODES: dict[type[Exception], tuple[HTTPStatus, str]] = {
    NotFoundError: (HTTPStatus.NOT_FOUND, "route_not_found"),
    RequestValidationError: (HTTPStatus.UNPROCESSABLE_ENTITY, "bad_request"),
    RequestUnsupportedContentType: (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content_type"),
    IdempotencyAlreadyInProgressError: (HTTPStatus.CONFLICT, "still_running"),
    IdempotencyValidationError: (HTTPStatus.UNPROCESSABLE_ENTITY, "key_reused"),
}
"""Of the libraries' errors; the domain's bring their own."""


class Message(BaseModel):
    id: str = Field(description="Bahasa Indonesia")
    en: str


class FieldProblem(BaseModel):
    field: str = Field(description="where it is: body.filename, query.cursor; of a wording, which words")
    code: str
    message: Message | None = None


class Problem(BaseModel):
    """RFC 9457; ``message`` says it in both languages, ``code`` is for programs."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    message: Message
    instance: str = Field(description="correlation id of the call; tell it to the bank's support")
    errors: list[FieldProblem] | None = None


def find_code(error: Exception) -> tuple[HTTPStatus, str]:
    """Status and code; of an error that nobody foresaw, 500."""
    if isinstance(error, errors.InvoicingError):
        return STATUSES[error.kind], error.code
    for kind in type(error).__mro__:
        if kind in _CODES:
            return _CODES[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR, "defect"


def answer_problem(error: Exception) -> Response[str]:
    """The answer for any exception. What nobody foresaw is logged as a defect and says nothing of itself."""
    if isinstance(error, IdempotencyPersistenceLayerError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    status, code = find_code(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("defect", extra=describe(error))
    else:
        logger.info("refused", extra={"code": code})
    problem: dict[str, Any] = {
        "type": f"urn:invoicing:problem:{code}",
        "title": status.phrase,
        "status": int(status),
        "code": code,
        "instance": f"urn:invoicing:call:{logger.get_correlation_id() or 'unknown'}",
    }
    detail = str(error)
    if isinstance(error, RequestValidationError | RequestUnsupportedContentType):
        fields = [{"field": ".".join(map(str, given["loc"])), "code": given["type"]} for given in error.errors()]
        # Pydantic's own words quote what was sent; place and kind are enough.
        detail = ", ".join(sorted({given["field"] for given in fields}))
        problem["errors"] = fields
    if isinstance(error, errors.WordingError):
        problem["errors"] = [
            {"field": name, "code": found.code, "message": describe_problem(found)}
            for name, problems in error.problems.items()
            for found in problems
        ]
    message = {language: find_words(code, detail, language) for language in LANGUAGES}
    return Response(
        status_code=status,
        content_type=PROBLEM_TYPE,
        body=json.dumps(problem | {"detail": message["en"], "message": message}, ensure_ascii=False),
    )
