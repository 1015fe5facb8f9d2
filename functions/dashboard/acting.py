"""Carrying out what a form asks for: a refusal comes back on the form's own page, in words, with what was typed."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from dashboard.problems import find_problem, find_words
from dashboard.rendering import say
from dashboard.visits import Visit
from invoicing.errors import ChangeValueError, InvoicingError
from webpages.answers import answer_redirect

Choice = TypeVar("Choice", bound=StrEnum)
SHORTEST_REASON, _LONGEST_REASON = 3, 500
Form = Callable[[Visit, str, int], dict[str, Any]]
"""Shows the form's page with a problem (empty: none) and a status."""


def act(visit: Visit, action: Callable[[], object], done: str, form: Form) -> dict[str, Any]:
    """Run ``action``, then go to ``done``, an address from the dashboard's root on."""
    try:
        action()
    except InvoicingError as error:
        return refuse(visit, error, form)
    return answer_redirect(f"{visit.root}{done}")


def refuse(visit: Visit, error: InvoicingError, form: Form) -> dict[str, Any]:
    """The form's page again, with why not. What nobody foresaw is raised on."""
    problem = find_problem(error)
    if problem is None:
        raise error
    return form(visit, find_words(problem, visit.language), problem.status)


def read_line(visit: Visit, name: str, limit: int = 100) -> str:
    """A line that may not be empty. Raises ChangeValueError that names the field."""
    value = visit.read(name, limit)
    if not value or not value.isprintable():
        raise ChangeValueError(say(visit, f"field.{name}"))
    return value


def read_choice(visit: Visit, name: str, choices: type[Choice]) -> Choice:
    """One of these. Raises ChangeValueError that names the field."""
    try:
        return choices(visit.read(name))
    except ValueError as error:
        raise ChangeValueError(say(visit, f"field.{name}")) from error


def read_reason(visit: Visit) -> str:
    """Why somebody does what the trail keeps; as the API asks for it. Raises ChangeValueError."""
    reason = read_line(visit, "reason", _LONGEST_REASON).strip()
    if len(reason) < SHORTEST_REASON:
        raise ChangeValueError(say(visit, "field.reason"))
    return reason
