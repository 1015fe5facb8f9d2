"""What people do with reports: ask for one, look at them, have them made on a schedule."""

from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from ulid import ULID

from invoicing import clock
from invoicing.billers import Biller, BillerState
from invoicing.errors import BillerNotActiveError, ReportRequestError, TooManyReportsError
from invoicing.reports import (
    MAKING_TIME,
    MAX_ADDRESSES,
    MAX_SCHEDULES,
    MAX_WAITING,
    Every,
    Report,
    ReportOrder,
    ReportState,
    Schedule,
    check_order,
    fill_period,
    find_next_run,
)
from invoicing.settings import get_settings
from invoicing.store import files, report_queue, reports
from invoicing.store.billers import load_biller


def request_report(biller_id: str, user_id: str, order: ReportOrder) -> Report:
    """Have a report made. Raises ReportRequestError, TooManyReportsError and the biller's errors."""
    biller = load_biller(biller_id)
    check_order(order, clock.today_in(biller.policy.zone))
    now = clock.now()
    recent, _ = reports.list_reports(biller_id, None)
    waiting = [report for report in recent if show_state(report) in (ReportState.QUEUED, ReportState.RUNNING)]
    if len(waiting) >= MAX_WAITING:
        raise TooManyReportsError(str(MAX_WAITING))
    report = _plan_report(biller_id, str(ULID.from_datetime(now)), order, now, user_id)
    reports.create_report(report)
    report_queue.send_report(biller_id, report.report_id)
    return report


def _plan_report(
    biller_id: str,
    report_id: str,
    order: ReportOrder,
    now: datetime,
    user_id: str,
    *,
    schedule_id: str = "",
    send_to: tuple[str, ...] = (),
) -> Report:
    return Report(
        biller_id,
        report_id,
        order,
        ReportState.QUEUED,
        as_of=clock.to_text(now),
        deadline=clock.to_text(now + MAKING_TIME),
        requested_by=user_id,
        schedule_id=schedule_id,
        send_to=send_to,
    )


def show_state(report: Report) -> ReportState:
    retention = timedelta(days=get_settings().report_retention_days)
    return report.show_state(clock.to_text(clock.now()), retention)


def show_report(report: Report, *, link: bool = False) -> dict[str, Any]:
    """The report as its biller sees it; ``link``: with a short-lived link to its file, if it has one."""
    state = show_state(report)
    shown: dict[str, Any] = {
        "report_id": report.report_id,
        "state": state,
        **{name: value for name, value in report.order.as_record().items() if value is not None},
        "as_of": report.as_of,
        "deadline": report.deadline,
        "requested_by": report.requested_by,
    }
    if report.schedule_id:
        shown["schedule_id"] = report.schedule_id
    if state is ReportState.FAILED:
        shown["failure"] = report.failure or "timed_out"
    if state in (ReportState.DONE, ReportState.EXPIRED):
        shown |= {"done_at": report.done_at, "rows": report.rows, "bytes": report.file_bytes}
    if state is ReportState.DONE and link:
        shown["file"] = sign_file(report)
    return shown


def sign_file(report: Report) -> str:
    """A link for a few minutes. The key names the biller, which is the one whose report was loaded."""
    order = report.order
    key = files.report_key(report.biller_id, report.report_id, order.format)
    return files.sign_download(key, report.file_version, f"{order.kind}-{report.as_of[:10]}.{order.format}")


# --- schedules -----------------------------------------------------------------------------------------------------


def create_schedule(
    biller_id: str, user_id: str, order: ReportOrder, every: Every, send_to: tuple[str, ...]
) -> Schedule:
    """Raises ReportRequestError, TooManyReportsError, BillerNotActiveError."""
    biller = load_biller(biller_id)
    if biller.state is not BillerState.ACTIVE:
        raise BillerNotActiveError(biller_id)
    today = clock.today_in(biller.policy.zone)
    if order.since or order.until:
        raise ReportRequestError("since, until")
    check_order(fill_period(order, every, today), today)
    if not 0 < len(send_to) <= MAX_ADDRESSES:
        raise ReportRequestError("send_to")
    if len(reports.list_schedules(biller_id)) >= MAX_SCHEDULES:
        raise TooManyReportsError(str(MAX_SCHEDULES))
    next_run = find_next_run(every, biller.policy.zone, clock.now())
    schedule = Schedule(biller_id, str(ULID()), order, every, send_to, user_id, clock.to_text(next_run))
    reports.create_schedule(schedule)
    return schedule


def show_schedule(schedule: Schedule) -> dict[str, Any]:
    return {
        "schedule_id": schedule.schedule_id,
        **{name: value for name, value in schedule.order.as_record().items() if value is not None},
        "every": schedule.every,
        "send_to": list(schedule.send_to),
        "created_by": schedule.created_by,
        "next_at": schedule.next_at,
    }


def end_schedule(biller_id: str, schedule_id: str, user_id: str) -> None:
    """Raises ScheduleNotFoundError."""
    reports.end_schedule(biller_id, schedule_id, ended_by=user_id, at=clock.to_text(clock.now()))


def run_schedule(schedule: Schedule) -> bool:
    """Queue the report of a schedule whose time has come, and set its next time; safe to repeat at any point.

    What was missed for longer than a period is not made up for: the last period's report is the one wanted. Suspended
    billers get none.
    """
    biller = load_biller(schedule.biller_id)
    now = clock.now()
    if biller.state is BillerState.ACTIVE:
        _queue_scheduled_report(biller, schedule, now)
    next_run = find_next_run(schedule.every, biller.policy.zone, now)
    return reports.advance_schedule(schedule, clock.to_text(next_run)) and biller.state is BillerState.ACTIVE


def _queue_scheduled_report(biller: Biller, schedule: Schedule, now: datetime) -> None:
    due = clock.from_text(schedule.next_at)
    run_day = _find_run_day(biller, schedule, due, now)
    report = _plan_report(
        schedule.biller_id,
        _build_report_id(schedule, due),
        fill_period(schedule.order, schedule.every, run_day),
        now,
        schedule.created_by,
        schedule_id=schedule.schedule_id,
        send_to=schedule.send_to,
    )
    reports.create_report(report)
    # Sent again after a crash between the two: making a report twice is harmless.
    report_queue.send_report(report.biller_id, report.report_id)


def _find_run_day(biller: Biller, schedule: Schedule, due: datetime, now: datetime) -> date:
    """The local day of the latest run that is due, the earlier ones having been missed."""
    zone = biller.policy.zone
    while (later := find_next_run(schedule.every, zone, due)) <= now:
        due = later
    return due.astimezone(ZoneInfo(zone)).date()


def _build_report_id(schedule: Schedule, due: datetime) -> str:
    """A ULID of the run's time, the same whenever the run is repeated."""
    random = sha256(f"{schedule.biller_id}|{schedule.schedule_id}|{schedule.next_at}".encode()).digest()[:10]
    return str(ULID(int(due.timestamp() * 1000).to_bytes(6) + random))
