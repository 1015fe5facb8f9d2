"""Errors of the domain in words for people."""

from dataclasses import dataclass

from invoicing import error_words
from invoicing.errors import ErrorKind, InvoicingError

_AREAS = ("dashboard.problem", "biller_pages.problem")
"""Words that pages say in their own way."""


@dataclass(frozen=True, slots=True)
class Problem:
    code: str
    status: int
    detail: str


def find_problem(error: Exception) -> Problem | None:
    """None for what nobody raised on purpose."""
    if not isinstance(error, InvoicingError) or error.kind is ErrorKind.DEFECT:
        return None
    return Problem(error.code, int(error_words.STATUSES[error.kind]), str(error))


def find_words(problem: Problem, language: str) -> str:
    return error_words.find_words(problem.code, problem.detail, language, _AREAS)
