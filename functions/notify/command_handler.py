"""Commands about notices and suppressed addresses, invoked directly by an authenticated caller."""

from typing import Annotated, Any, Literal

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from invoicing import errors, suppressions
from invoicing.notice_status import describe_notices
from invoicing.texts import LANGUAGES, text

logger = Logger(utc=True)

_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
_SuppressionId = Annotated[str, Field(pattern=r"^(email|whatsapp|sms)-[0-9a-f]{16}$")]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid")
    biller_id: _Id
    user_id: _Id


class DescribeNotices(_Command):
    operation: Literal["describe_notices"]
    va_number: str = Field(pattern=r"^[0-9]{9,23}$")


class ListSuppressions(_Command):
    operation: Literal["list_suppressions"]
    cursor: _SuppressionId | None = None


class LiftSuppression(_Command):
    operation: Literal["lift_suppression"]
    suppression_id: _SuppressionId


Command = Annotated[DescribeNotices | ListSuppressions | LiftSuppression, Field(discriminator="operation")]
_parse: TypeAdapter[Command] = TypeAdapter(Command)


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    try:
        command = _parse.validate_python(event)
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, problem["loc"])) for problem in error.errors()}))
        return _answer_error("bad_command", fields)
    try:
        return _run(command)
    except errors.SuppressionNotFoundError as error:
        logger.info("refused", extra={"operation": command.operation, "code": "suppression_not_found"})
        return _answer_error("suppression_not_found", str(error))


def _run(command: Command) -> dict[str, Any]:
    match command:
        case DescribeNotices():
            return {"notices": describe_notices(command.biller_id, command.va_number)}
        case ListSuppressions():
            found, cursor = suppressions.list_suppressions(command.biller_id, command.cursor)
            shown = [suppressions.show_suppression(suppression) for suppression in found]
            return {"suppressions": shown} | ({"cursor": cursor} if cursor else {})
        case LiftSuppression():
            lifted = suppressions.lift_suppression(command.biller_id, command.suppression_id, command.user_id)
            return suppressions.show_suppression(lifted)


def _answer_error(code: str, detail: str) -> dict[str, Any]:
    message = {language: text(f"commands.{code}", language, detail=detail) for language in LANGUAGES}
    return {"error": {"code": code, "detail": detail, "message": message}}
