"""Which reminders are due on a day, for which due dates; and pauses, of one invoice or of all of a payer's.

A step is the day so many days from an invoice's due date, ``due-3`` or ``due+7``, a local date in the biller's zone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from invoicing import clock
from invoicing.invoices import find_payer_key, has_expired
from invoicing.notice_policy import NoticePolicy
from invoicing.store import invoices, reminder_pauses

MAX_CATCH_UP = timedelta(days=7)
"""Reminders missed for longer are not sent any more."""
SINCE_ISSUED = timedelta(hours=24)
"""No reminder follows an invoice's first notice within this time."""


@dataclass(frozen=True, slots=True)
class DueRange:
    """The due dates, both included, of the invoices for which one step is due."""

    offset: int
    first: date
    last: date


def format_step(offset: int) -> str:
    return f"due{offset:+d}"


def find_first_day(reminded_until: date | None, today: date) -> date:
    """The first day whose reminders are still to be planned; a biller's first run looks at no day before."""
    if reminded_until is None:
        return today
    return max(reminded_until + timedelta(days=1), today - MAX_CATCH_UP)


def list_due_ranges(offsets: Sequence[int], first_day: date, today: date, sending_day: date) -> list[DueRange]:
    """For each step (``offsets`` in order), the due dates for which it fell on a day from ``first_day`` to ``today``.

    No due date is in two ranges: a step is left out where the next one is due by ``sending_day``, the day on which a
    reminder planned today leaves, so that missed days or a long weekend do not end in two reminders at once.
    """
    ranges = []
    for offset, following in zip_longest(offsets, offsets[1:]):
        first, last = first_day - timedelta(days=offset), today - timedelta(days=offset)
        if following is not None:
            first = max(first, sending_day - timedelta(days=following - 1))
        if first <= last:
            ranges.append(DueRange(offset, first, last))
    return ranges


def is_to_be_reminded(
    invoice: Mapping[str, Any], offset: int, policy: NoticePolicy, leaves_at: datetime, paused: Mapping[str, Any]
) -> bool:
    """Whether an open invoice whose step is due gets its reminder, which would leave at ``leaves_at``.

    Not while paused (``paused``: the biller's pauses by payer key), not after its virtual account has expired, and not
    where the step came before the invoice's first notice or within a day of it.
    """
    issued_at = clock.from_text(invoice.get("notices_from", invoice["created_at"]))
    step_day = date.fromisoformat(invoice["due_date"]) + timedelta(days=offset)
    if step_day <= issued_at.astimezone(ZoneInfo(policy.zone)).date() or leaves_at - issued_at < SINCE_ISSUED:
        return False
    if has_expired(invoice, clock.to_text(leaves_at)):
        return False
    day = leaves_at.astimezone(ZoneInfo(policy.zone)).date()
    pauses = (invoice.get("reminders_paused"), paused.get(find_payer_key(invoice) or ""))
    return not any(_holds(pause, day) for pause in pauses)


def is_paused(biller_id: str, invoice: Mapping[str, Any], policy: NoticePolicy) -> bool:
    """Whether reminders of an invoice, as just read, are paused today, by itself or by its payer."""
    day = clock.today_in(policy.zone)
    if _holds(invoice.get("reminders_paused"), day):
        return True
    payer = find_payer_key(invoice)
    return payer is not None and _holds(reminder_pauses.load_pause(biller_id, payer), day)


def pause_invoice_reminders(biller_id: str, number: str, *, by: str, until: date | None = None) -> None:
    """No more reminders of this invoice before the local day ``until``, or at all; those that wait are not sent.

    What the pause left out is not made up for. Pausing again replaces the pause. Raises InvoiceNotFoundError.
    """
    invoices.pause_reminders(biller_id, number, _write_pause(by, until))


def resume_invoice_reminders(biller_id: str, number: str, *, by: str) -> None:
    """Reminders again, from the next step on. Raises InvoiceNotFoundError."""
    invoices.resume_reminders(biller_id, number, _write_act(by))


def pause_payer_reminders(biller_id: str, payer_key: str, *, by: str, until: date | None = None) -> None:
    """The same for all invoices of a payer, also later ones; ``payer_key`` as ``find_payer_key`` gives it."""
    reminder_pauses.save_pause(biller_id, payer_key, _write_pause(by, until))


def resume_payer_reminders(biller_id: str, payer_key: str, *, by: str) -> None:
    """Reminders again, from the next step on, but for invoices that are paused themselves."""
    reminder_pauses.save_resumption(biller_id, payer_key, _write_act(by))


def _write_pause(by: str, until: date | None) -> dict[str, str]:
    return _write_act(by) | ({"until": until.isoformat()} if until else {})


def _write_act(by: str) -> dict[str, str]:
    return {"by": by, "at": clock.to_text(clock.now())}


def _holds(pause: Mapping[str, str] | None, day: date) -> bool:
    return pause is not None and ("until" not in pause or day.isoformat() < pause["until"])
