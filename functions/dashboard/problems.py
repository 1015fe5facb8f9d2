"""Errors of the domain in words for people: one table for all pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from invoicing import errors
from invoicing.texts import has_text, text


@dataclass(frozen=True, slots=True)
class Problem:
    code: str
    status: int
    detail: str


_CODES: Mapping[type[Exception], tuple[str, HTTPStatus]] = {
    errors.AccessDeniedError: ("access_denied", HTTPStatus.FORBIDDEN),
    errors.BillerNotActiveError: ("biller_not_active", HTTPStatus.FORBIDDEN),
    errors.FormRefusedError: ("form_refused", HTTPStatus.FORBIDDEN),
    errors.UploadNotFoundError: ("upload_not_found", HTTPStatus.NOT_FOUND),
    errors.InvoiceNotFoundError: ("invoice_not_found", HTTPStatus.NOT_FOUND),
    errors.UploadStateError: ("upload_state", HTTPStatus.CONFLICT),
    errors.InvoiceStateError: ("invoice_state", HTTPStatus.CONFLICT),
    errors.InvoiceChangedError: ("invoice_changed", HTTPStatus.CONFLICT),
    errors.InquiredRecentlyError: ("inquired_recently", HTTPStatus.CONFLICT),
    errors.DueDateError: ("due_date", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.ContactError: ("contact", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.OutsidePaymentError: ("outside_payment", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.TwoPeopleError: ("two_people", HTTPStatus.FORBIDDEN),
    errors.CursorError: ("cursor", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.BusyError: ("invoice_busy", HTTPStatus.SERVICE_UNAVAILABLE),
    errors.StoreBusyError: ("busy", HTTPStatus.SERVICE_UNAVAILABLE),
    errors.NoticeNotFoundError: ("notice_not_found", HTTPStatus.NOT_FOUND),
    errors.NoticeNotResendableError: ("notice_not_resendable", HTTPStatus.CONFLICT),
    errors.ResendPeriodError: ("resend_period", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.ReportNotFoundError: ("report_not_found", HTTPStatus.NOT_FOUND),
    errors.ReportRequestError: ("report_request", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.TooManyReportsError: ("too_many_reports", HTTPStatus.CONFLICT),
    errors.SamePersonError: ("same_person", HTTPStatus.FORBIDDEN),
    errors.WarningsNotAcknowledgedError: ("warnings_not_acknowledged", HTTPStatus.CONFLICT),
    errors.SendingTimeError: ("sending_time", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.UploadOutdatedError: ("upload_outdated", HTTPStatus.CONFLICT),
    errors.FilenameError: ("filename", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.FilesExpiredError: ("files_expired", HTTPStatus.GONE),
    errors.CounterBusyError: ("busy", HTTPStatus.SERVICE_UNAVAILABLE),
    errors.VirtualAccountRangeError: ("virtual_accounts_used_up", HTTPStatus.CONFLICT),
    errors.BillerNotFoundError: ("biller_not_found", HTTPStatus.NOT_FOUND),
    errors.BillerExistsError: ("biller_exists", HTTPStatus.CONFLICT),
    errors.BillerStateError: ("biller_state", HTTPStatus.CONFLICT),
    errors.CompanyCodeError: ("company_code", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.CompanyCodeTakenError: ("company_code_taken", HTTPStatus.CONFLICT),
    errors.ContactPhoneError: ("contact_phone", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.NoticePolicyError: ("notice_policy", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.SettingsChangedError: ("settings_changed", HTTPStatus.CONFLICT),
    errors.ChangeNotFoundError: ("change_not_found", HTTPStatus.NOT_FOUND),
    errors.ChangeStateError: ("change_state", HTTPStatus.CONFLICT),
    errors.ChangeValueError: ("change_value", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.BankClientNotFoundError: ("bank_client_not_found", HTTPStatus.NOT_FOUND),
    errors.BankClientInvalidError: ("bank_client_invalid", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.RotationError: ("rotation", HTTPStatus.CONFLICT),
    errors.BankChangeUnfinishedError: ("bank_change_unfinished", HTTPStatus.SERVICE_UNAVAILABLE),
    errors.UserNotFoundError: ("user_not_found", HTTPStatus.NOT_FOUND),
    errors.UserExistsError: ("user_exists", HTTPStatus.CONFLICT),
    errors.UserEmailError: ("user_email", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.UserStateError: ("user_state", HTTPStatus.CONFLICT),
    errors.RolesError: ("roles", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.LastAdminError: ("last_admin", HTTPStatus.CONFLICT),
    errors.TooManyProgramsError: ("too_many_programs", HTTPStatus.CONFLICT),
    errors.SuppressionNotFoundError: ("suppression_not_found", HTTPStatus.NOT_FOUND),
    errors.WordingChangedError: ("wording_changed", HTTPStatus.CONFLICT),
    errors.ChangedMeanwhileError: ("changed_meanwhile", HTTPStatus.CONFLICT),
    errors.WebhookNotFoundError: ("webhook_not_found", HTTPStatus.NOT_FOUND),
    errors.WebhookAddressError: ("webhook_address", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.WebhookExistsError: ("webhook_exists", HTTPStatus.CONFLICT),
    errors.WebhookLimitError: ("webhook_limit", HTTPStatus.CONFLICT),
    errors.QueueNotFoundError: ("queue_not_found", HTTPStatus.NOT_FOUND),
    errors.RedriveError: ("redrive", HTTPStatus.CONFLICT),
}


_AREAS = ("dashboard.problem", "biller_pages.problem", "problems", "commands")


def find_problem(error: Exception) -> Problem | None:
    """None for what nobody raised on purpose."""
    for kind in type(error).__mro__:
        if kind in _CODES:
            code, status = _CODES[kind]
            return Problem(code, int(status), str(error))
    return None


def find_words(problem: Problem, language: str) -> str:
    # The words of what exactly is wrong, where there are any.
    for code in (f"{problem.code}.{problem.detail}", problem.code):
        for area in _AREAS:
            if has_text(f"{area}.{code}"):
                return text(f"{area}.{code}", language, detail=problem.detail)
    raise KeyError(problem.code)
