"""Commands about notices and suppressed addresses, invoked directly by an authenticated caller."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from invoicing import errors, notice_holds, suppressions
from invoicing.notice_status import describe_notices
from invoicing.texts import LANGUAGES, text

logger = Logger(utc=True)

_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
_UploadId = Annotated[str, Field(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")]
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


class HoldNotices(_Command):
    operation: Literal["hold_notices"]
    upload_id: _UploadId
    reason: str | None = Field(default=None, min_length=1, max_length=500)


class ResumeNotices(_Command):
    operation: Literal["resume_notices"]
    upload_id: _UploadId


class CountNotices(_Command):
    operation: Literal["count_notices"]
    upload_id: _UploadId


Command = Annotated[
    DescribeNotices | ListSuppressions | LiftSuppression | HoldNotices | ResumeNotices | CountNotices,
    Field(discriminator="operation"),
]
_parse: TypeAdapter[Command] = TypeAdapter(Command)

_ERROR_CODES: dict[type[errors.InvoicingError], str] = {
    errors.SuppressionNotFoundError: "suppression_not_found",
    errors.UploadNotFoundError: "upload_not_found",
    errors.UploadStateError: "upload_state",
}


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    try:
        command = _parse.validate_python(event)
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, problem["loc"])) for problem in error.errors()}))
        return _answer_error("bad_command", fields)
    try:
        return _run(command)
    except errors.InvoicingError as error:
        code = _ERROR_CODES.get(type(error))
        if code is None:
            raise
        logger.info("refused", extra={"operation": command.operation, "code": code})
        return _answer_error(code, str(error))


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
        case HoldNotices():
            hold = notice_holds.hold_notices(
                command.biller_id, command.upload_id, by=command.user_id, reason=command.reason
            )
            return notice_holds.show_hold(hold)
        case ResumeNotices():
            return notice_holds.show_hold(
                notice_holds.resume_notices(command.biller_id, command.upload_id, by=command.user_id)
            )
        case CountNotices():
            counts = asdict(notice_holds.count_notices(command.biller_id, command.upload_id))
            return counts | {"held": notice_holds.is_held(command.biller_id, command.upload_id)}


def _answer_error(code: str, detail: str) -> dict[str, Any]:
    message = {language: text(f"commands.{code}", language, detail=detail) for language in LANGUAGES}
    return {"error": {"code": code, "detail": detail, "message": message}}
