"""Plan one biller's reminders of a day: each open invoice with a step due gets that step's notices, once.

A notice's id follows from invoice, step, channel and recipient, and it is put only if it is not there: a run may be
killed anywhere, run twice, or overlap another one of the same day.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from invoicing import clock
from invoicing.billers import Biller, BillerState
from invoicing.invoices import InvoiceDraft
from invoicing.notices import plan_reminder_notices
from invoicing.reminders import find_first_day, format_step, is_to_be_reminded, list_due_ranges
from invoicing.sending_hours import find_next_sending_time
from invoicing.store import invoices, notices, reminder_pauses
from invoicing.store.billers import load_biller, record_reminded
from remind.runs import Position, Run

MIN_TIME_LEFT = timedelta(seconds=30)
"""No further page of invoices is begun with less of the function's time left."""


def plan_reminders(run: Run, measure_time_left: Callable[[], timedelta]) -> tuple[int, Run | None]:
    """Plan until done or short of time: how many notices are new, and the run that must go on, if any.

    A run of another day than today is dropped: today's run catches up on the days that are not recorded as done.
    Raises BillerNotFoundError.
    """
    biller = load_biller(run.biller_id)
    is_done = biller.reminded_until is not None and biller.reminded_until >= run.day
    if biller.state is not BillerState.ACTIVE or is_done or run.day != clock.today_in(biller.policy.zone):
        return 0, None
    leaves_at = find_next_sending_time(biller.policy, clock.now())
    position = run.position or _find_start(biller, run.day, leaves_at)
    paused = reminder_pauses.list_pauses(biller.biller_id)
    written = 0
    for count, (start, offset, page) in enumerate(_iterate_pages(biller.biller_id, position)):
        # The first page is always done, so that every continuation comes further than the one before.
        if count and measure_time_left() < MIN_TIME_LEFT:
            return written, Run(run.biller_id, run.day, start)
        for invoice in page:
            if is_to_be_reminded(invoice, offset, biller.policy, leaves_at, paused):
                written += _write_notices(biller, invoice, offset, leaves_at)
    record_reminded(biller.biller_id, run.day)
    return written, None


def _find_start(biller: Biller, day: date, leaves_at: datetime) -> Position:
    first_day = find_first_day(biller.reminded_until, day)
    sending_day = leaves_at.astimezone(ZoneInfo(biller.policy.zone)).date()
    return Position(tuple(list_due_ranges(biller.policy.reminder_offsets, first_day, day, sending_day)), 0, None)


def _iterate_pages(biller_id: str, position: Position) -> Iterator[tuple[Position, int, list[dict[str, Any]]]]:
    """Pages of open invoices, each with the position it begins at and the offset of the step that is due for them."""
    for index, step in enumerate(position.ranges):
        for shard in range(position.shard if index == 0 else 0, invoices.STATUS_SHARDS):
            after = position.after if (index, shard) == (0, position.shard) else None
            for page in invoices.list_open_invoices(biller_id, shard, step.first, step.last, after):
                yield Position(position.ranges[index:], shard, after), step.offset, page
                after = page[-1]["by_status_sk"] if page else after


def _write_notices(biller: Biller, invoice: Mapping[str, Any], offset: int, leaves_at: datetime) -> int:
    """Put the notices of one invoice's step; how many were not there yet."""
    draft = cast(InvoiceDraft, invoice)
    now = clock.now()
    written = 0
    for planned in plan_reminder_notices(biller, draft, invoice["va_number"], format_step(offset)):
        item = notices.notice_item(
            planned,
            bank_code=invoice["bank_code"],
            va_number=invoice["va_number"],
            biller_id=biller.biller_id,
            number=invoice["number"],
            upload_id=invoice["upload_id"],
            created_at=clock.to_text(now),
            not_before=clock.to_text(leaves_at) if leaves_at > now else None,
            in_hours=True,
        )
        written += notices.create_notice(item)
    return written
