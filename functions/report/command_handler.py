"""Commands about reports and summaries, invoked directly by an authenticated caller -> one domain function each."""

from datetime import date
from typing import Annotated, Any, Literal

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from invoicing import reporting, summaries
from invoicing.command_answers import answer_command
from invoicing.invoice_snapshot import InvoiceFilter
from invoicing.reports import MAX_ADDRESSES, Every, ReportFormat, ReportKind, ReportOrder
from invoicing.store import reports

logger = Logger(utc=True)

_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
_Ulid = Annotated[str, Field(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")]
_Address = Annotated[str, Field(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}$")]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid")
    biller_id: _Id
    user_id: _Id


class _Order(_Command):
    kind: ReportKind
    format: ReportFormat = ReportFormat.XLSX
    language: Literal["id", "en"] = "id"
    due_from: date | None = None
    due_to: date | None = None
    upload: _Ulid | None = Field(default=None, alias="upload_id")
    class_name: str = Field(default="", max_length=100)
    fee_type: str = Field(default="", max_length=100)

    def build_order(self, since: date | None = None, until: date | None = None) -> ReportOrder:
        chosen = InvoiceFilter(self.due_from, self.due_to, self.upload or "", self.class_name, self.fee_type)
        return ReportOrder(self.kind, self.format, self.language, since, until, chosen)


class RequestReport(_Order):
    operation: Literal["request_report"]
    since: date | None = None
    until: date | None = None


class DescribeReport(_Command):
    operation: Literal["describe_report"]
    report_id: _Ulid


class ListReports(_Command):
    operation: Literal["list_reports"]
    cursor: _Ulid | None = None


class CreateSchedule(_Order):
    operation: Literal["create_schedule"]
    every: Every
    send_to: list[_Address] = Field(min_length=1, max_length=MAX_ADDRESSES)


class ListSchedules(_Command):
    operation: Literal["list_schedules"]


class EndSchedule(_Command):
    operation: Literal["end_schedule"]
    schedule_id: _Ulid


class ShowSummary(_Command):
    operation: Literal["show_summary"]


Command = Annotated[
    RequestReport | DescribeReport | ListReports | CreateSchedule | ListSchedules | EndSchedule | ShowSummary,
    Field(discriminator="operation"),
]
_parse: TypeAdapter[Command] = TypeAdapter(Command)


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return answer_command(event, _parse, _run)


def _run(command: Command) -> dict[str, Any]:
    biller_id, user_id = command.biller_id, command.user_id
    match command:
        case RequestReport():
            order = command.build_order(command.since, command.until)
            return reporting.show_report(reporting.request_report(biller_id, user_id, order))
        case DescribeReport():
            return reporting.show_report(reports.load_report(biller_id, command.report_id), link=True)
        case ListReports():
            found, cursor = reports.list_reports(biller_id, command.cursor)
            return {"reports": [reporting.show_report(report) for report in found]} | (
                {"cursor": cursor} if cursor else {}
            )
        case CreateSchedule():
            send_to = tuple(command.send_to)
            schedule = reporting.create_schedule(biller_id, user_id, command.build_order(), command.every, send_to)
            return reporting.show_schedule(schedule)
        case ListSchedules():
            return {"schedules": [reporting.show_schedule(given) for given in reports.list_schedules(biller_id)]}
        case EndSchedule():
            reporting.end_schedule(biller_id, command.schedule_id, user_id)
            return {"schedule_id": command.schedule_id}
        case ShowSummary():
            return summaries.show_summary(biller_id)
