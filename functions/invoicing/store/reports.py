"""Reports table: ``pk = biller_id``; the only place that builds its keys and conditions.

| sk | item |
| report#ULID | a report: what was asked for, its state, its file |
| schedule#ULID | a schedule; while it is not ended, ``due_shard``/``due_at`` (index ``due``, sparse) say when it runs |
| summary | the dashboard's figures as at an instant |
| notices#YYYY-MM-DD | what became of the notices of one local day, as the summary counted them |
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zlib import crc32

from invoicing import clock
from invoicing.errors import ReportNotFoundError, ScheduleNotFoundError
from invoicing.reports import Every, Report, ReportOrder, ReportState, Schedule
from invoicing.settings import get_settings
from invoicing.store import bulk, dynamodb

DUE_SHARDS = tuple(f"{shard}" for shard in range(4))
PAGE_SIZE = 25


# --- reports -------------------------------------------------------------------------------------------------------


def create_report(report: Report) -> bool:
    """False when it is there already: a schedule's run of one day is one report."""
    item = {
        "pk": report.biller_id,
        "sk": f"report#{report.report_id}",
        "state": report.state,
        "as_of": report.as_of,
        "deadline": report.deadline,
        "requested_by": report.requested_by,
        "schedule_id": report.schedule_id or None,
        "send_to": list(report.send_to) or None,
        "asked": {name: value for name, value in report.order.as_record().items() if value is not None},
    }
    return _put_new(item)


def load_report(biller_id: str, report_id: str) -> Report:
    """Raises ReportNotFoundError, also for another biller's."""
    record = _load(biller_id, f"report#{report_id}")
    if record is None:
        raise ReportNotFoundError(report_id)
    return _read_report(record)


def list_reports(biller_id: str, before: str | None) -> tuple[list[Report], str | None]:
    """A page, newest first, and the id to go on before (None: that was all)."""
    upper = f"report#{before}" if before else "report#~"
    values = dynamodb.to_item({":biller": biller_id, ":from": "report#", ":to": upper})
    pages = bulk.query_pages(
        get_settings().reports_table,
        "pk = :biller AND sk BETWEEN :from AND :to",
        values,
        # One more, since the range holds the report that the page before ended with.
        limit=PAGE_SIZE + 1,
        descending=True,
    )
    items, more = next(pages)
    reports = [_read_report(dynamodb.from_item(item)) for item in items]
    reports = [report for report in reports if report.report_id != before][:PAGE_SIZE]
    return reports, reports[-1].report_id if more and reports else None


def start_report(report: Report, now: datetime) -> bool:
    """False when it is done or has failed for good: then there is nothing to make."""
    return _move_report(
        report, (ReportState.QUEUED, ReportState.RUNNING), {"state": ReportState.RUNNING, "started_at": _at(now)}
    )


def finish_report(report: Report, now: datetime, *, file_version: str, file_bytes: int, rows: int) -> bool:
    """False when another run finished first; its file then counts, and shows the same."""
    values = {
        "state": ReportState.DONE,
        "done_at": _at(now),
        "file_version": file_version,
        "file_bytes": file_bytes,
        "rows": rows,
    }
    # A last try may have been recorded as failed before it began, and then have gone well.
    return _move_report(report, (ReportState.QUEUED, ReportState.RUNNING, ReportState.FAILED), values)


def fail_report(report: Report, now: datetime, reason: str) -> bool:
    values = {"state": ReportState.FAILED, "failure": reason, "failed_at": _at(now)}
    return _move_report(report, (ReportState.QUEUED, ReportState.RUNNING), values)


def claim_mail(report: Report, now: datetime, free_before: datetime) -> bool:
    """Become the one who tells of a report; a claim older than ``free_before`` that told nobody is free again."""
    return _update(
        report.biller_id,
        f"report#{report.report_id}",
        "SET mail_claimed_at = :now",
        (
            "#state = :done AND attribute_not_exists(mailed_at)"
            " AND (attribute_not_exists(mail_claimed_at) OR mail_claimed_at < :free)"
        ),
        {":now": _at(now), ":done": ReportState.DONE, ":free": _at(free_before)},
        names={"#state": "state"},
    )


def record_mail_outcomes(report: Report, outcomes: Mapping[str, str]) -> bool:
    """What became of the addresses so far; False when the claim that the report was loaded with is over."""
    return _update(
        report.biller_id,
        f"report#{report.report_id}",
        "SET mail_outcomes = :outcomes",
        "mail_claimed_at = :claimed",
        {":outcomes": outcomes, ":claimed": report.mail_claimed_at},
    )


def record_mail(report: Report, now: datetime) -> bool:
    """Everybody has been told who can be."""
    return _move_report(report, (ReportState.DONE,), {"mailed_at": _at(now)})


def _move_report(report: Report, origins: tuple[ReportState, ...], values: Mapping[str, Any]) -> bool:
    states = {f":from{place}": state for place, state in enumerate(origins)}
    return _update(
        report.biller_id,
        f"report#{report.report_id}",
        "SET " + ", ".join(f"#{name} = :{name}" for name in values),
        f"#state IN ({', '.join(states)})",
        {**states, **{f":{name}": value for name, value in values.items()}},
        names={f"#{name}": name for name in {*values, "state"}},
    )


def _read_report(record: Mapping[str, Any]) -> Report:
    return Report(
        biller_id=record["pk"],
        report_id=record["sk"].removeprefix("report#"),
        order=ReportOrder.from_record(record["asked"]),
        state=ReportState(record["state"]),
        as_of=record["as_of"],
        deadline=record["deadline"],
        requested_by=record["requested_by"],
        failure=record.get("failure", ""),
        file_version=record.get("file_version", ""),
        file_bytes=record.get("file_bytes", 0),
        rows=record.get("rows", 0),
        done_at=record.get("done_at", ""),
        schedule_id=record.get("schedule_id", ""),
        send_to=tuple(record.get("send_to", ())),
        mail_claimed_at=record.get("mail_claimed_at", ""),
        mail_outcomes=record.get("mail_outcomes", {}),
        mailed_at=record.get("mailed_at", ""),
    )


# --- schedules -----------------------------------------------------------------------------------------------------


def create_schedule(schedule: Schedule) -> bool:
    item = {
        "pk": schedule.biller_id,
        "sk": f"schedule#{schedule.schedule_id}",
        "asked": {name: value for name, value in schedule.order.as_record().items() if value is not None},
        "every": schedule.every,
        "send_to": list(schedule.send_to),
        "created_by": schedule.created_by,
        "due_shard": DUE_SHARDS[crc32(schedule.schedule_id.encode()) % len(DUE_SHARDS)],
        "due_at": schedule.next_at,
    }
    return _put_new(item)


def list_schedules(biller_id: str) -> list[Schedule]:
    """Those that are not ended."""
    values = dynamodb.to_item({":biller": biller_id, ":kind": "schedule#"})
    pages = bulk.query_pages(get_settings().reports_table, "pk = :biller AND begins_with(sk, :kind)", values)
    found = [_read_schedule(dynamodb.from_item(item)) for items, _ in pages for item in items]
    return [schedule for schedule in found if not schedule.ended]


def end_schedule(biller_id: str, schedule_id: str, *, ended_by: str, at: str) -> None:
    """Raises ScheduleNotFoundError, also when it is ended already."""
    ended = _update(
        biller_id,
        f"schedule#{schedule_id}",
        "SET ended_at = :at, ended_by = :by REMOVE due_shard, due_at",
        "attribute_exists(pk) AND attribute_not_exists(ended_at)",
        {":at": at, ":by": ended_by},
    )
    if not ended:
        raise ScheduleNotFoundError(schedule_id)


def list_due_schedules(now: datetime) -> Iterator[Schedule]:
    """Schedules whose time has come, longest waiting first within a shard; consistently read, so as they are now."""
    table = get_settings().reports_table
    for shard in DUE_SHARDS:
        values = dynamodb.to_item({":shard": shard, ":now": _at(now)})
        condition = "due_shard = :shard AND due_at <= :now"
        for items, _ in bulk.query_pages(table, condition, values, index="due", limit=dynamodb.MAX_BATCH_GET_KEYS):
            keys = [{"pk": item["pk"], "sk": item["sk"]} for item in items]
            for item in bulk.get_items(table, keys, consistent=True):
                schedule = _read_schedule(dynamodb.from_item(item))
                if not schedule.ended and schedule.next_at <= _at(now):
                    yield schedule


def advance_schedule(schedule: Schedule, next_at: str) -> bool:
    """Its run of ``next_at`` is queued; False when somebody else advanced or ended it."""
    return _update(
        schedule.biller_id,
        f"schedule#{schedule.schedule_id}",
        "SET due_at = :next",
        "due_at = :seen",
        {":next": next_at, ":seen": schedule.next_at},
    )


def _read_schedule(record: Mapping[str, Any]) -> Schedule:
    return Schedule(
        biller_id=record["pk"],
        schedule_id=record["sk"].removeprefix("schedule#"),
        order=ReportOrder.from_record(record["asked"]),
        every=Every(record["every"]),
        send_to=tuple(record["send_to"]),
        created_by=record["created_by"],
        next_at=record.get("due_at", ""),
        ended="ended_at" in record,
    )


# --- summaries -----------------------------------------------------------------------------------------------------


def load_summary(biller_id: str) -> dict[str, Any] | None:
    """``{"as_of", "figures", "asked_at"}``, some of them absent; None when nobody ever asked."""
    return _load(biller_id, "summary")


def load_asked_at(biller_id: str) -> str:
    """When the summary was last asked for; empty: never."""
    stored = load_summary(biller_id) or {}
    asked: str = stored.get("asked_at", "")
    return asked


def ask_for_summary(biller_id: str, now: datetime, lost_before: datetime, seen: str | None) -> bool:
    """Note that somebody wants a newer one than that of ``seen``; False when it is on its way already.

    What was asked for before ``lost_before`` does not count as on its way.
    """
    condition = "attribute_not_exists(asked_at) OR asked_at < :lost"
    values = {":now": _at(now), ":lost": _at(lost_before)}
    if seen:
        # Whoever asked before the figures' own instant has got what was asked for.
        condition += " OR asked_at <= :seen"
        values[":seen"] = seen
    return _update(biller_id, "summary", "SET asked_at = :now", condition, values)


def save_summary(biller_id: str, as_of: str, figures: Mapping[str, Any]) -> bool:
    """False when a later one is there."""
    return _update(
        biller_id,
        "summary",
        "SET as_of = :as_of, figures = :figures",
        "attribute_not_exists(as_of) OR as_of < :as_of",
        {":as_of": as_of, ":figures": figures},
    )


def load_notice_days(biller_id: str, first: str) -> dict[str, dict[str, Any]]:
    """The counts of days from ``first`` on, by day."""
    values = dynamodb.to_item({":biller": biller_id, ":from": f"notices#{first}", ":to": "notices#~"})
    pages = bulk.query_pages(get_settings().reports_table, "pk = :biller AND sk BETWEEN :from AND :to", values)
    records = [dynamodb.from_item(item) for items, _ in pages for item in items]
    return {record["sk"].removeprefix("notices#"): record for record in records}


def save_notice_day(biller_id: str, day: str, counted_at: str, counts: Mapping[str, Any]) -> bool:
    """False when a later count is there."""
    return _update(
        biller_id,
        f"notices#{day}",
        "SET counted_at = :at, counts = :counts",
        "attribute_not_exists(counted_at) OR counted_at < :at",
        {":at": counted_at, ":counts": counts},
    )


def _put_new(item: Mapping[str, Any]) -> bool:
    return dynamodb.put_new(get_settings().reports_table, dynamodb.to_item(item))


def _update(
    biller_id: str,
    sort_key: str,
    expression: str,
    condition: str,
    values: Mapping[str, Any],
    *,
    names: Mapping[str, str] | None = None,
) -> bool:
    """False when the condition does not hold."""
    key = _key(biller_id, sort_key)
    return dynamodb.update_if(get_settings().reports_table, key, expression, condition, values, names=names)


def _load(biller_id: str, sort_key: str) -> dict[str, Any] | None:
    return dynamodb.load_item(get_settings().reports_table, _key(biller_id, sort_key))


def _at(instant: datetime) -> str:
    return clock.to_text(instant)


def _key(biller_id: str, sort_key: str) -> Any:
    return {"pk": {"S": biller_id}, "sk": {"S": sort_key}}
