"""Commands about notices, their wording and suppressed addresses, invoked directly by an authenticated caller."""

from typing import Annotated, Any, Literal

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from invoicing import errors, suppressions
from invoicing.changing_wording import Change, describe_problem, set_wording, show_wording
from invoicing.notice_policy import MAX_REMINDER_DISTANCE
from invoicing.notice_status import describe_notices
from invoicing.notices import NoticeKind
from invoicing.occasions import Tone
from invoicing.store.billers import load_biller
from invoicing.texts import LANGUAGES, text

logger = Logger(utc=True)

_REFUSALS = {
    errors.SuppressionNotFoundError: "suppression_not_found",
    errors.BillerNotFoundError: "biller_not_found",
    errors.InvoiceNotFoundError: "invoice_not_found",
    errors.WordingChangedError: "wording_changed",
}

_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
_Name = Annotated[str, Field(pattern=r"^[a-z_.]{1,80}$")]
_Offset = Annotated[str, Field(pattern=r"^(0|-?[1-9][0-9]?)$")]
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


class _Change(BaseModel):
    """Of a biller's wording; null takes the biller's own choice back. What the words may be, the domain says."""

    model_config = ConfigDict(extra="forbid")
    words: dict[_Name, Annotated[str, Field(max_length=1000)] | None] = Field(default={}, max_length=100)
    tones: dict[_Offset, Tone | None] = Field(default={}, max_length=20)
    templates: dict[_Name, _Name | None] = Field(default={}, max_length=20)

    def to_domain(self) -> Change:
        tones = {int(offset): tone for offset, tone in self.tones.items()}
        return Change(words=dict(self.words), tones=tones, templates=dict(self.templates))


class ShowWording(_Command):
    operation: Literal["show_wording"]


class SetWording(_Command):
    operation: Literal["set_wording"]
    change: _Change
    version: int | None = Field(default=None, ge=0)


class PreviewNotice(_Command):
    operation: Literal["preview_notice"]
    kind: NoticeKind = NoticeKind.ISSUED
    language: Literal["id", "en"] = "id"
    offset: int = Field(default=0, ge=-MAX_REMINDER_DISTANCE, le=MAX_REMINDER_DISTANCE)
    names: Literal["short", "long"] = "short"
    number: str | None = Field(default=None, min_length=1, max_length=64)
    change: _Change | None = None


Command = Annotated[
    DescribeNotices | ListSuppressions | LiftSuppression | ShowWording | SetWording | PreviewNotice,
    Field(discriminator="operation"),
]
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
    except errors.WordingError as error:
        logger.info("refused", extra={"operation": command.operation, "code": "wording"})
        return _answer_problems(error)
    except tuple(_REFUSALS) as error:
        code = _REFUSALS[type(error)]
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
        case ShowWording():
            return show_wording(load_biller(command.biller_id).wording)
        case SetWording():
            change = command.change.to_domain()
            return show_wording(set_wording(command.biller_id, change, by=command.user_id, version=command.version))
        case PreviewNotice():
            # Rendering is slow to import, and no other command needs it.
            from notify.previewing import Names, preview_notice

            return preview_notice(
                command.biller_id,
                command.kind,
                command.language,
                offset=command.offset,
                names=Names(command.names),
                number=command.number,
                change=command.change.to_domain() if command.change else None,
            )


def _answer_problems(error: errors.WordingError) -> dict[str, Any]:
    """As every refusal, and each problem by what it is of."""
    answer = _answer_error("wording", str(error))
    answer["error"]["problems"] = [
        {"of": name, "code": problem.code, "detail": problem.detail, "message": describe_problem(problem)}
        for name, problems in error.problems.items()
        for problem in problems
    ]
    return answer


def _answer_error(code: str, detail: str) -> dict[str, Any]:
    message = {language: text(f"commands.{code}", language, detail=detail) for language in LANGUAGES}
    return {"error": {"code": code, "detail": detail, "message": message}}
