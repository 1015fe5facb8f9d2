"""Commands invoked directly: read, run, and what is refused answered in both languages."""

from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools import Logger
from pydantic import TypeAdapter, ValidationError

from invoicing.changing_wording import describe_problem
from invoicing.error_words import find_words
from invoicing.errors import ErrorKind, InvoicingError, WordingError
from invoicing.texts import LANGUAGES

logger = Logger(utc=True, child=True)
Command = TypeVar("Command")


def answer_command(
    event: dict[str, Any], commands: TypeAdapter[Command], run: Callable[[Command], dict[str, Any]]
) -> dict[str, Any]:
    """What ``run`` answers, or ``{"error"}``; a defect is raised on."""
    try:
        command = commands.validate_python(event)
    except ValidationError as error:
        # Names the members that do not fit, never their values.
        return answer_bad_command(*(".".join(map(str, problem["loc"])) for problem in error.errors()))
    facts: dict[str, Any] = {name: event[name] for name in ("operation", "user_id") if name in event}
    try:
        answer = run(command)
    except InvoicingError as error:
        if error.kind is ErrorKind.DEFECT:
            raise
        logger.info("refused", extra={**facts, "code": error.code})
        return _answer_error(error)
    logger.info("done", extra=facts)
    return answer


def answer_bad_command(*members: str) -> dict[str, Any]:
    return _answer("bad_command", ", ".join(sorted(set(members))))


def _answer_error(error: InvoicingError) -> dict[str, Any]:
    answer = _answer(error.code, str(error))
    if isinstance(error, WordingError):
        answer["error"]["problems"] = [
            {"of": name, "code": problem.code, "detail": problem.detail, "message": describe_problem(problem)}
            for name, problems in error.problems.items()
            for problem in problems
        ]
    return answer


def _answer(code: str, detail: str) -> dict[str, Any]:
    message = {language: find_words(code, detail, language) for language in LANGUAGES}
    return {"error": {"code": code, "detail": detail, "message": message}}
