"""Every error of the API as a problem document (RFC 9457), in both languages: the one place that maps errors."""

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
from invoicing.texts import LANGUAGES, text

logger = Logger(utc=True)

PROBLEM_TYPE = "application/problem+json"

_CODES: dict[type[Exception], tuple[HTTPStatus, str]] = {
    errors.NotSignedInError: (HTTPStatus.UNAUTHORIZED, "not_signed_in"),
    errors.AccessDeniedError: (HTTPStatus.FORBIDDEN, "access_denied"),
    errors.UserNotFoundError: (HTTPStatus.NOT_FOUND, "user_not_found"),
    errors.BillerNotFoundError: (HTTPStatus.NOT_FOUND, "biller_not_found"),
    errors.BillerNotActiveError: (HTTPStatus.CONFLICT, "biller_not_active"),
    errors.UploadNotFoundError: (HTTPStatus.NOT_FOUND, "upload_not_found"),
    errors.UploadStateError: (HTTPStatus.CONFLICT, "upload_state"),
    errors.SamePersonError: (HTTPStatus.CONFLICT, "same_person"),
    errors.WarningsNotAcknowledgedError: (HTTPStatus.CONFLICT, "warnings_not_acknowledged"),
    errors.VirtualAccountRangeError: (HTTPStatus.CONFLICT, "virtual_accounts_used_up"),
    errors.FilenameError: (HTTPStatus.UNPROCESSABLE_ENTITY, "filename"),
    errors.NoticePolicyError: (HTTPStatus.UNPROCESSABLE_ENTITY, "notice_policy"),
    errors.SendingTimeError: (HTTPStatus.UNPROCESSABLE_ENTITY, "sending_time"),
    errors.InvoiceNotFoundError: (HTTPStatus.NOT_FOUND, "invoice_not_found"),
    errors.SuppressionNotFoundError: (HTTPStatus.NOT_FOUND, "suppression_not_found"),
    errors.FilesExpiredError: (HTTPStatus.GONE, "files_expired"),
    errors.UploadOutdatedError: (HTTPStatus.CONFLICT, "upload_outdated"),
    errors.UploadTooLargeError: (HTTPStatus.CONFLICT, "upload_too_large"),
    errors.CounterBusyError: (HTTPStatus.SERVICE_UNAVAILABLE, "busy"),
    errors.CompanyCodeError: (HTTPStatus.UNPROCESSABLE_ENTITY, "company_code"),
    errors.CompanyCodeTakenError: (HTTPStatus.CONFLICT, "company_code_taken"),
    errors.BillerExistsError: (HTTPStatus.CONFLICT, "biller_exists"),
    errors.BillerStateError: (HTTPStatus.CONFLICT, "biller_state"),
    errors.ContactPhoneError: (HTTPStatus.UNPROCESSABLE_ENTITY, "contact_phone"),
    errors.SettingsChangedError: (HTTPStatus.CONFLICT, "settings_changed"),
    errors.ChangeNotFoundError: (HTTPStatus.NOT_FOUND, "change_not_found"),
    errors.ChangeStateError: (HTTPStatus.CONFLICT, "change_state"),
    errors.ChangeValueError: (HTTPStatus.UNPROCESSABLE_ENTITY, "change_value"),
    errors.BankClientNotFoundError: (HTTPStatus.NOT_FOUND, "bank_client_not_found"),
    errors.BankClientInvalidError: (HTTPStatus.UNPROCESSABLE_ENTITY, "bank_client_invalid"),
    errors.RotationError: (HTTPStatus.CONFLICT, "rotation"),
    errors.BankChangeUnfinishedError: (HTTPStatus.SERVICE_UNAVAILABLE, "bank_change_unfinished"),
    errors.UserExistsError: (HTTPStatus.CONFLICT, "user_exists"),
    errors.UserEmailError: (HTTPStatus.UNPROCESSABLE_ENTITY, "user_email"),
    errors.UserStateError: (HTTPStatus.CONFLICT, "user_state"),
    errors.RolesError: (HTTPStatus.UNPROCESSABLE_ENTITY, "roles"),
    errors.LastAdminError: (HTTPStatus.CONFLICT, "last_admin"),
    errors.TooManyProgramsError: (HTTPStatus.CONFLICT, "too_many_programs"),
    errors.BusyError: (HTTPStatus.SERVICE_UNAVAILABLE, "invoice_busy"),
    errors.StoreBusyError: (HTTPStatus.SERVICE_UNAVAILABLE, "busy"),
    errors.InvoiceStateError: (HTTPStatus.CONFLICT, "invoice_state"),
    errors.InvoiceChangedError: (HTTPStatus.CONFLICT, "invoice_changed"),
    errors.InquiredRecentlyError: (HTTPStatus.CONFLICT, "inquired_recently"),
    errors.DueDateError: (HTTPStatus.UNPROCESSABLE_ENTITY, "due_date"),
    errors.ContactError: (HTTPStatus.UNPROCESSABLE_ENTITY, "contact"),
    errors.OutsidePaymentError: (HTTPStatus.UNPROCESSABLE_ENTITY, "outside_payment"),
    errors.TwoPeopleError: (HTTPStatus.CONFLICT, "two_people"),
    errors.CursorError: (HTTPStatus.UNPROCESSABLE_ENTITY, "cursor"),
    errors.InvoiceRowsError: (HTTPStatus.UNPROCESSABLE_ENTITY, "invoice_rows"),
    errors.IdempotencyKeyError: (HTTPStatus.UNPROCESSABLE_ENTITY, "key_reused"),
    errors.NoticeNotFoundError: (HTTPStatus.NOT_FOUND, "notice_not_found"),
    errors.NoticeNotResendableError: (HTTPStatus.CONFLICT, "notice_not_resendable"),
    errors.ResendPeriodError: (HTTPStatus.UNPROCESSABLE_ENTITY, "resend_period"),
    errors.ChangedMeanwhileError: (HTTPStatus.CONFLICT, "changed_meanwhile"),
    errors.WebhookAddressError: (HTTPStatus.UNPROCESSABLE_ENTITY, "webhook_address"),
    errors.WebhookExistsError: (HTTPStatus.CONFLICT, "webhook_exists"),
    errors.WebhookLimitError: (HTTPStatus.CONFLICT, "webhook_limit"),
    errors.WebhookNotFoundError: (HTTPStatus.NOT_FOUND, "webhook_not_found"),
    errors.WordingError: (HTTPStatus.UNPROCESSABLE_ENTITY, "wording"),
    errors.WordingChangedError: (HTTPStatus.CONFLICT, "wording_changed"),
    errors.PreviewFailedError: (HTTPStatus.SERVICE_UNAVAILABLE, "preview_failed"),
    errors.ReportRequestError: (HTTPStatus.UNPROCESSABLE_ENTITY, "report_request"),
    errors.ReportNotFoundError: (HTTPStatus.NOT_FOUND, "report_not_found"),
    errors.ScheduleNotFoundError: (HTTPStatus.NOT_FOUND, "schedule_not_found"),
    errors.TooManyReportsError: (HTTPStatus.CONFLICT, "too_many_reports"),
    errors.ReconciliationNotFoundError: (HTTPStatus.NOT_FOUND, "reconciliation_not_found"),
    errors.SettledLineNotFoundError: (HTTPStatus.NOT_FOUND, "settled_line_not_found"),
    errors.SettledLineStateError: (HTTPStatus.CONFLICT, "settled_line_state"),
    errors.TooManyAttemptsError: (HTTPStatus.TOO_MANY_REQUESTS, "too_many_attempts"),
    errors.SignInRefusedError: (HTTPStatus.UNAUTHORIZED, "sign_in_refused"),
    errors.CodeRefusedError: (HTTPStatus.UNPROCESSABLE_ENTITY, "code_refused"),
    errors.PasswordRuleError: (HTTPStatus.UNPROCESSABLE_ENTITY, "password_rule"),
    errors.BodyTooLargeError: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large"),
    errors.BodyUnreadableError: (HTTPStatus.BAD_REQUEST, "body_unreadable"),
    NotFoundError: (HTTPStatus.NOT_FOUND, "route_not_found"),
    RequestValidationError: (HTTPStatus.UNPROCESSABLE_ENTITY, "bad_request"),
    RequestUnsupportedContentType: (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content_type"),
    IdempotencyAlreadyInProgressError: (HTTPStatus.CONFLICT, "still_running"),
    IdempotencyValidationError: (HTTPStatus.UNPROCESSABLE_ENTITY, "key_reused"),
}
"""Other slices' errors: one line here, their words in texts/{id,en}/problems.py."""


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
    message = {language: _find_words(code, language, detail) for language in LANGUAGES}
    return Response(
        status_code=status,
        content_type=PROBLEM_TYPE,
        body=json.dumps(problem | {"detail": message["en"], "message": message}, ensure_ascii=False),
    )


def _find_words(code: str, language: str, detail: str) -> str:
    # Of some codes each detail has words of its own.
    for name in (f"commands.{code}.{detail}", f"problems.{code}", f"commands.{code}"):
        try:
            return text(name, language, detail=detail)
        except KeyError:
            continue
    raise KeyError(code)
