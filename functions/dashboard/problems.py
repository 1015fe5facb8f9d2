"""Errors of the domain in words for people: one table for all pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from invoicing import errors
from invoicing.texts import text


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
    errors.SamePersonError: ("same_person", HTTPStatus.FORBIDDEN),
    errors.WarningsNotAcknowledgedError: ("warnings_not_acknowledged", HTTPStatus.CONFLICT),
    errors.SendingTimeError: ("sending_time", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.UploadOutdatedError: ("upload_outdated", HTTPStatus.CONFLICT),
    errors.FilenameError: ("filename", HTTPStatus.UNPROCESSABLE_ENTITY),
    errors.FilesExpiredError: ("files_expired", HTTPStatus.GONE),
    errors.CounterBusyError: ("busy", HTTPStatus.SERVICE_UNAVAILABLE),
    errors.VirtualAccountRangeError: ("virtual_accounts_used_up", HTTPStatus.CONFLICT),
}


def find_problem(error: Exception) -> Problem | None:
    """None for what nobody raised on purpose."""
    for kind in type(error).__mro__:
        if kind in _CODES:
            code, status = _CODES[kind]
            return Problem(code, int(status), str(error))
    return None


def find_words(problem: Problem, language: str) -> str:
    for area in ("dashboard.problem", "problems", "commands"):
        try:
            return text(f"{area}.{problem.code}", language, detail=problem.detail)
        except KeyError:
            continue
    raise KeyError(problem.code)
