"""Reports: asked for, looked at, put on a schedule; and the dashboard's figures."""

from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import Field

from api import shapes
from api.areas import Area
from api.replays import IdempotencyKey, run_once
from api.requests import Request, Ulid, build_page
from invoicing import reporting, summaries
from invoicing.invoice_snapshot import InvoiceFilter
from invoicing.reports import MAX_ADDRESSES, Every, ReportFormat, ReportKind, ReportOrder
from invoicing.roles import Role
from invoicing.store import reports as store

area = Area("reports")

_LOOK = {Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER, Role.VIEWER}
_SCHEDULE = {Role.BILLER_ADMIN, Role.CHECKER}
"""People: a schedule writes to addresses that nobody checks again."""
_Address = Annotated[str, Field(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}$")]


class _Order(Request):
    kind: ReportKind
    format: ReportFormat = ReportFormat.XLSX
    language: Literal["id", "en"] = "id"
    due_from: date | None = None
    due_to: date | None = None
    upload_id: str | None = Field(default=None, pattern=Ulid)
    class_name: str = Field(default="", max_length=100)
    fee_type: str = Field(default="", max_length=100)

    def build_order(self, since: date | None = None, until: date | None = None) -> ReportOrder:
        chosen = InvoiceFilter(self.due_from, self.due_to, self.upload_id or "", self.class_name, self.fee_type)
        return ReportOrder(self.kind, self.format, self.language, since, until, chosen)


class RequestReport(_Order):
    since: date | None = Field(default=None, description="first day of the period, for kinds about one")
    until: date | None = None


class CreateSchedule(_Order):
    every: Every
    send_to: list[_Address] = Field(min_length=1, max_length=MAX_ADDRESSES)


@area.post("/v1/reports", _LOOK, answers=shapes.Report, status=HTTPStatus.ACCEPTED)
def request_report(request: Annotated[RequestReport, Body()], key: IdempotencyKey = None) -> dict[str, Any]:
    """Have a report made; ask for it by its id until it is done."""
    caller = area.caller

    def ask() -> dict[str, Any]:
        order = request.build_order(request.since, request.until)
        return reporting.show_report(reporting.request_report(caller.biller_id, caller.user_id, order))

    return run_once(area, "request_report", key, request.model_dump(mode="json"), ask)


@area.get("/v1/reports", _LOOK, answers=shapes.ReportPage)
def list_reports(cursor: Annotated[str | None, Query(pattern=Ulid)] = None) -> dict[str, Any]:
    """The biller's reports, newest first."""
    found, more = store.list_reports(area.caller.biller_id, cursor)
    return build_page("reports", [reporting.show_report(report) for report in found], more)


@area.get("/v1/reports/<report_id>", _LOOK, answers=shapes.Report)
def describe_report(report_id: Annotated[str, Path(pattern=Ulid)]) -> dict[str, Any]:
    """A report, and a link to its file for a few minutes once it is done."""
    return reporting.show_report(store.load_report(area.caller.biller_id, report_id), link=True)


@area.get("/v1/report-schedules", _LOOK, answers=shapes.ReportScheduleList)
def list_report_schedules() -> dict[str, Any]:
    """The biller's running schedules."""
    return {"schedules": [reporting.show_schedule(found) for found in store.list_schedules(area.caller.biller_id)]}


@area.post("/v1/report-schedules", _SCHEDULE, answers=shapes.ReportSchedule, status=HTTPStatus.CREATED)
def create_report_schedule(request: Annotated[CreateSchedule, Body()], key: IdempotencyKey = None) -> dict[str, Any]:
    """Have a report made every day, week or month, and these addresses told when it is ready."""
    caller = area.caller

    def create() -> dict[str, Any]:
        schedule = reporting.create_schedule(
            caller.biller_id, caller.user_id, request.build_order(), request.every, tuple(request.send_to)
        )
        return reporting.show_schedule(schedule)

    return run_once(area, "create_report_schedule", key, request.model_dump(mode="json"), create)


@area.delete("/v1/report-schedules/<schedule_id>", _SCHEDULE, answers=shapes.Done)
def end_report_schedule(schedule_id: Annotated[str, Path(pattern=Ulid)]) -> dict[str, Any]:
    """No more reports of this schedule."""
    reporting.end_schedule(area.caller.biller_id, schedule_id, area.caller.user_id)
    return {"done": True}


@area.get("/v1/summary", _LOOK, answers=shapes.Summary)
def show_summary() -> dict[str, Any]:
    """The dashboard's figures with their instant; older ones are counted anew meanwhile."""
    return summaries.show_summary(area.caller.biller_id)
