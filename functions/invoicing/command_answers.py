"""Answers to commands that are refused, in both languages."""

from typing import Any

from pydantic import ValidationError

from invoicing.texts import LANGUAGES, text


def answer_error(code: str, detail: str) -> dict[str, Any]:
    # What is wrong with a notice, a webhook's address or a change of keys has words of its own.
    specific = code in ("notice_not_resendable", "webhook_address", "rotation")
    key = f"commands.{code}.{detail}" if specific else f"commands.{code}"
    message = {language: text(key, language, detail=detail) for language in LANGUAGES}
    return {"error": {"code": code, "detail": detail, "message": message}}


def answer_bad_command(error: ValidationError) -> dict[str, Any]:
    """Names the members that do not fit, never their values."""
    fields = ", ".join(sorted({".".join(map(str, problem["loc"])) for problem in error.errors()}))
    return answer_error("bad_command", fields)
