"""Report: what is paid, unpaid and overdue, with files to ask for; and money that needs somebody's look."""

import json
from datetime import date, timedelta
from itertools import islice
from typing import Any

from dashboard.areas import LOOK, Area
from dashboard.rendering import leave_blank, show
from dashboard.views.home import describe_figures
from dashboard.views.invoices import read_day
from dashboard.visits import Visit
from invoicing import clock, reconciling, reporting, summaries
from invoicing.errors import ReportRequestError
from invoicing.invoice_snapshot import InvoiceFilter
from invoicing.reconciliation import Result
from invoicing.reports import WITH_PERIOD, ReportFormat, ReportKind, ReportOrder, ReportState
from invoicing.store import payments
from invoicing.store import reports as store
from webpages.answers import answer_redirect, answer_text

area = Area()

_MOVING = (ReportState.QUEUED, ReportState.RUNNING)
_REFUSED_DAYS = 7
_LONGEST_PERIOD = 31
_EXAMINED = 5_000
"""Payments of a period that a page looks through for refused attempts; the report goes through all."""
_MAX_REFUSED = 200
_UNIDENTIFIED = (Result.UNIDENTIFIED, Result.DUPLICATE)
"""Money that came and belongs to no open bill."""
_DIFFERENCES = (Result.MISSING_HERE, Result.MISSING_THERE, Result.AMOUNT_DIFFERS, Result.REVERSED)


@area.get("/reports", LOOK)
def show_reports(visit: Visit) -> dict[str, Any]:
    found, more = store.list_reports(visit.biller_id, visit.query.get("before") or None)
    today = clock.today_in(visit.own_biller.policy.zone)
    summary = summaries.show_summary(visit.biller_id)
    shown = [reporting.show_report(report, link=True) for report in found]
    return show(
        visit,
        "reports.html.j2",
        **describe_figures(visit, summary),
        reports=[leave_blank(report) for report in shown],
        more=more,
        kinds=list(ReportKind),
        formats=list(ReportFormat),
        today=today.isoformat(),
        month=today.replace(day=1).isoformat(),
        watch="reports/state" if any(report["state"] in _MOVING for report in shown) else "",
        state=_describe_state(shown),
    )


@area.get("/reports/state", LOOK)
def show_reports_state(visit: Visit) -> dict[str, Any]:
    found, _ = store.list_reports(visit.biller_id, None)
    state = _describe_state([reporting.show_report(report) for report in found])
    return answer_text(200, json.dumps({"state": state}), "application/json")


@area.post("/reports", LOOK)
def request_report(visit: Visit) -> dict[str, Any]:
    reporting.request_report(visit.biller_id, visit.user_id, _read_order(visit))
    return answer_redirect("reports?done=report_asked")


@area.get("/reports/attention", LOOK)
def show_attention(visit: Visit) -> dict[str, Any]:
    """Two lists that are never one: attempts that moved no money, and money that came without a bill."""
    since, until = _read_period(visit)
    refused, is_all = _list_refused(visit.biller_id, since, until)
    unidentified, differences = (_list_lines(visit, results) for results in (_UNIDENTIFIED, _DIFFERENCES))
    return show(
        visit,
        "attention.html.j2",
        since=since.isoformat(),
        until=until.isoformat(),
        today=clock.today_in_jakarta().isoformat(),
        refused=[leave_blank(attempt) for attempt in refused],
        is_all=is_all,
        unidentified=unidentified,
        differences=differences,
    )


@area.get("/reports/{report_id}", LOOK)
def open_report(visit: Visit) -> dict[str, Any]:
    """Where a mail about a report leads to: its file, for whoever is signed in as a user of its biller."""
    report = store.load_report(visit.biller_id, visit.parameters["report_id"])
    shown = reporting.show_report(report, link=True)
    return answer_redirect(shown.get("file", "../reports"))


def _describe_state(reports: list[dict[str, Any]]) -> str:
    return ".".join(f"{report['report_id'][-6:]}{report['state'][0]}" for report in reports[:10])


def _read_order(visit: Visit) -> ReportOrder:
    """Raises ReportRequestError."""
    kind, form = visit.read("kind"), visit.read("format")
    if kind not in list(ReportKind) or form not in list(ReportFormat):
        raise ReportRequestError("kind, format")
    try:
        since, until, due_from, due_to = (
            read_day(visit.read(name, 10)) for name in ("since", "until", "due_from", "due_to")
        )
    except ValueError as error:
        raise ReportRequestError("since, until") from error
    if kind not in WITH_PERIOD:
        # The form has one pair of dates for every kind.
        since = until = None
    chosen = InvoiceFilter(due_from=due_from, due_to=due_to, class_name=visit.read("class", 100))
    return ReportOrder(ReportKind(kind), ReportFormat(form), visit.language, since, until, chosen)


def _read_period(visit: Visit) -> tuple[date, date]:
    """Raises ReportRequestError."""
    today = clock.today_in_jakarta()
    try:
        until = read_day(visit.query.get("until", "")) or today
        since = read_day(visit.query.get("since", "")) or until - timedelta(days=_REFUSED_DAYS - 1)
    except (ValueError, OverflowError) as error:
        raise ReportRequestError("since, until") from error
    if not since <= until <= today or (until - since).days >= _LONGEST_PERIOD:
        raise ReportRequestError("since, until")
    return since, until


def _list_refused(biller_id: str, since: date, until: date) -> tuple[list[dict[str, Any]], bool]:
    """Refused attempts of a period, latest day first, and whether these are all of it."""
    days = [until - timedelta(days=back) for back in range((until - since).days + 1)]
    found: list[dict[str, Any]] = []
    walk = (payment for day in days for payment in payments.list_payments_of_day(biller_id, day))
    for payment in islice(walk, _EXAMINED):
        if not payments.is_posting(payment):
            found.append(payment)
            if len(found) == _MAX_REFUSED:
                break
    return found, next(walk, None) is None


def _list_lines(visit: Visit, results: tuple[Result, ...]) -> dict[str, Any]:
    """Lines of the bank's files about this biller, and whether that is all."""
    pages = [reconciling.list_lines_of(visit.biller_id, result) for result in results]
    lines = [leave_blank(line) for found, _ in pages for line in found]
    return {"lines": lines, "is_all": all(is_all for _, is_all in pages)}
