"""Commands of bank officers about reconciliation, invoked directly by an authenticated caller."""

from typing import Annotated, Any, Literal

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from invoicing import clock, reconciling
from invoicing.asserted_people import require_second_person_by_command
from invoicing.command_answers import answer_command
from invoicing.reconciliation import ATTENTION, Result
from invoicing.settings import get_settings
from invoicing.settlements import AmountForm, SettlementFormat
from invoicing.store import reconciliations

logger = Logger(utc=True)

_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
_Words = Annotated[str, Field(min_length=1, max_length=500)]
_Head = Annotated[str, Field(min_length=1, max_length=100)]
_Mark = Annotated[str, Field(min_length=1, max_length=30)]
_Cursor = Annotated[str, Field(min_length=1, max_length=300)]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid")
    user_id: _Id


class ListReconciliations(_Command):
    operation: Literal["list_reconciliations"]
    cursor: _Cursor | None = None


class DescribeReconciliation(_Command):
    operation: Literal["describe_reconciliation"]
    file_hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class ListLines(_Command):
    operation: Literal["list_lines"]
    result: Literal[tuple(sorted(ATTENTION))]  # type: ignore[valid-type]
    cursor: _Cursor | None = None


class _OnLine(_Command):
    va_number: str = Field(pattern=r"^[0-9]{8,23}$")
    line: str = Field(pattern=r"^(settled|missing_there|line#.{1,250})$")


class ProposeLine(_OnLine):
    operation: Literal["propose_line"]
    reason: _Words


class WithdrawLine(_OnLine):
    operation: Literal["withdraw_line"]
    reason: _Words


class ApproveLine(_OnLine):
    operation: Literal["approve_line"]


class ResolveLine(_OnLine):
    operation: Literal["resolve_line"]
    note: _Words


class SetFormat(_Command):
    operation: Literal["set_settlement_format"]
    columns: dict[_Mark, _Head] = Field(max_length=10)
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: Literal["utf-8-sig", "cp1252", "utf-16"] = "utf-8-sig"
    date_form: str = Field(default="%Y-%m-%d", max_length=40)
    time_form: str = Field(default="%H:%M:%S", max_length=40)
    amount_form: AmountForm = AmountForm.PLAIN
    reversal_marks: list[_Mark] = Field(default_factory=lambda: ["R", "REV", "REVERSAL"], max_length=10)
    cut_off: str = Field(default="23:00", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")


Command = Annotated[
    ListReconciliations
    | DescribeReconciliation
    | ListLines
    | ProposeLine
    | WithdrawLine
    | ApproveLine
    | ResolveLine
    | SetFormat,
    Field(discriminator="operation"),
]
_parse: TypeAdapter[Command] = TypeAdapter(Command)


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return answer_command(event, _parse, _run)


def _run(command: Command) -> dict[str, Any]:
    match command:
        case ListReconciliations():
            found, cursor = reconciling.list_files(command.cursor)
            return {"files": found} | ({"cursor": cursor} if cursor else {})
        case DescribeReconciliation():
            return reconciling.describe_file(command.file_hash)
        case ListLines():
            found, cursor = reconciling.list_lines(Result(command.result), command.cursor)
            return {"lines": found} | ({"cursor": cursor} if cursor else {})
        case SetFormat():
            return _set_format(command)
        case _:
            return _change(command)


def _change(command: ProposeLine | WithdrawLine | ApproveLine | ResolveLine) -> dict[str, Any]:
    ids, by = (command.va_number, command.line), command.user_id
    match command:
        case ProposeLine():
            return reconciling.propose_line(*ids, by=by, reason=command.reason)
        case WithdrawLine():
            return reconciling.withdraw_line(*ids, by=by, reason=command.reason)
        case ApproveLine():
            require_second_person_by_command()
            return reconciling.approve_line(*ids, by=by)
        case ResolveLine():
            return reconciling.resolve_line(*ids, by=by, note=command.note)


def _set_format(command: SetFormat) -> dict[str, Any]:
    members = command.model_dump(exclude={"user_id", "operation"})
    form = SettlementFormat.from_record(members)
    now = clock.to_text(clock.now())
    reconciliations.save_format(get_settings().bank_code, form, user_id=command.user_id, at=now)
    return form.as_record()
