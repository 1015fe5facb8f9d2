"""Reports of a biller: asked for, made by a queue's function, kept as files for a while. And the schedules of such."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from invoicing import clock
from invoicing.errors import ReportRequestError
from invoicing.invoice_snapshot import InvoiceFilter

MAKING_TIME = timedelta(hours=2)
"""Past it a report that is not done has failed: every try of the queue's function is over by then."""
MAX_WAITING = 5
"""Reports that one biller may have in the making at once."""
MAX_PERIOD = timedelta(days=366)
SCHEDULE_HOUR = time(6)
"""Local time at which scheduled reports are made: the day before is over in every sense, and people begin at eight."""
MAX_SCHEDULES = 20
MAX_ADDRESSES = 5


class ReportKind(StrEnum):
    INVOICES = "invoices"
    """Every invoice, one a row."""
    PAYMENTS = "payments"
    """What is paid, unpaid and overdue, by age, class and fee."""
    COLLECTIONS = "collections"
    """The money that came in during a period, and what was refused."""
    STATUS = "status"
    """How far the notices of each invoice came, by channel."""
    TRANSACTIONS = "transactions"
    """Every notice of a period."""


WITH_PERIOD = frozenset({ReportKind.COLLECTIONS, ReportKind.STATUS, ReportKind.TRANSACTIONS})
"""Kinds about a period (of payment, of issue, of notice); the others are about all invoices at an instant."""


class ReportFormat(StrEnum):
    XLSX = "xlsx"
    CSV = "csv"
    PDF = "pdf"
    """Only the summary."""


class ReportState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    """Its file has been deleted; never stored."""


class MailOutcome(StrEnum):
    """Of one address that is told of a report. None: nothing has left, or not surely."""

    TOLD = "told"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """The call ended ambiguously, once: it is told a second time, and then no more."""


class Every(StrEnum):
    DAY = "day"
    WEEK = "week"
    """Mondays, about the week before."""
    MONTH = "month"
    """The first of the month, about the month before."""


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """What is asked for. Dates are local, both ends included."""

    kind: ReportKind
    format: ReportFormat = ReportFormat.XLSX
    language: str = "id"
    since: date | None = None
    """First day of the period."""
    until: date | None = None
    chosen: InvoiceFilter = field(default_factory=InvoiceFilter)

    def as_record(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "format": self.format,
            "language": self.language,
            "since": _text(self.since),
            "until": _text(self.until),
            "due_from": _text(self.chosen.due_from),
            "due_to": _text(self.chosen.due_to),
            "upload_id": self.chosen.upload_id or None,
            "class_name": self.chosen.class_name or None,
            "fee_type": self.chosen.fee_type or None,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "ReportOrder":
        chosen = InvoiceFilter(
            due_from=_date(record.get("due_from")),
            due_to=_date(record.get("due_to")),
            upload_id=record.get("upload_id") or "",
            class_name=record.get("class_name") or "",
            fee_type=record.get("fee_type") or "",
        )
        return cls(
            ReportKind(record["kind"]),
            ReportFormat(record["format"]),
            record["language"],
            _date(record.get("since")),
            _date(record.get("until")),
            chosen,
        )


@dataclass(frozen=True, slots=True)
class Report:
    biller_id: str
    report_id: str
    order: ReportOrder
    state: ReportState
    as_of: str
    """The instant that it shows: when it was asked for (UTC text). It does not move with when it is made."""
    deadline: str
    requested_by: str
    failure: str = ""
    file_version: str = ""
    file_bytes: int = 0
    rows: int = 0
    done_at: str = ""
    schedule_id: str = ""
    send_to: tuple[str, ...] = ()
    mail_claimed_at: str = ""
    mail_outcomes: Mapping[str, str] = field(default_factory=dict)
    """By place in ``send_to`` (as text): ``MailOutcome`` of those who were written to."""
    mailed_at: str = ""

    def show_state(self, now: str, retention: timedelta) -> ReportState:
        """The state as of now: what is not done by its deadline has failed, what outlived its file has expired."""
        if self.state in (ReportState.QUEUED, ReportState.RUNNING) and now > self.deadline:
            return ReportState.FAILED
        if self.state is ReportState.DONE and clock.from_text(now) > clock.from_text(self.done_at) + retention:
            return ReportState.EXPIRED
        return self.state


@dataclass(frozen=True, slots=True)
class Schedule:
    biller_id: str
    schedule_id: str
    order: ReportOrder
    """Without a period: that follows from the day on which it runs."""
    every: Every
    send_to: tuple[str, ...]
    """E-mail addresses that are told when it is ready."""
    created_by: str
    next_at: str
    ended: bool = False


def check_order(order: ReportOrder, today: date) -> None:
    """Raises ReportRequestError naming the member that does not fit."""
    if order.kind in WITH_PERIOD:
        if order.since is None or order.until is None:
            raise ReportRequestError("since, until")
        if not order.since <= order.until <= today or order.until - order.since > MAX_PERIOD:
            raise ReportRequestError("since, until")
    elif order.since or order.until:
        raise ReportRequestError("since, until")
    chosen = order.chosen
    if chosen.due_from and chosen.due_to and chosen.due_from > chosen.due_to:
        raise ReportRequestError("due_from, due_to")
    if order.kind in (ReportKind.COLLECTIONS, ReportKind.TRANSACTIONS) and chosen != InvoiceFilter():
        raise ReportRequestError("due_from, due_to, upload_id, class_name, fee_type")


def find_next_run(every: Every, zone: str, after: datetime) -> datetime:
    """The first local six o'clock of a day, Monday or first of a month that lies after ``after``."""
    local = after.astimezone(ZoneInfo(zone))
    day = local.date() + timedelta(days=local.time() >= SCHEDULE_HOUR)
    if every is Every.WEEK:
        day += timedelta(days=-day.weekday() % 7)
    elif every is Every.MONTH and day.day != 1:
        day = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return datetime.combine(day, SCHEDULE_HOUR, ZoneInfo(zone))


def fill_period(order: ReportOrder, every: Every, run_day: date) -> ReportOrder:
    """The order of one run: the day, week or month that ended before it, for kinds about a period."""
    if order.kind not in WITH_PERIOD:
        return order
    until = run_day - timedelta(days=1)
    since = {
        Every.DAY: until,
        Every.WEEK: run_day - timedelta(days=7),
        Every.MONTH: until.replace(day=1),
    }[every]
    return ReportOrder(order.kind, order.format, order.language, since, until, order.chosen)


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
