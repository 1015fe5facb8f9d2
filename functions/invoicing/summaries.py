"""The dashboard's figures of a biller, as a snapshot that is counted anew when somebody looks and it has grown old.

Counted by one walk over the biller's invoices, as reports are: exact by construction, and no counter to contend for or
to drift. What a walk costs grows with the invoices, so the figures of a large biller may be older (``find_patience``).
Notices are counted by day; a day is counted anew ever more rarely, and after four days no more.
"""

import heapq
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from invoicing import clock
from invoicing.invoice_snapshot import InvoiceLine, take_snapshot
from invoicing.invoice_totals import PAID, UNPAID, InvoiceTotals, Standing, Sum, count_days_overdue
from invoicing.notice_outcomes import class_state
from invoicing.store import notices, report_queue, reports
from invoicing.store.billers import load_biller

COLLECTED_DAYS = 30
NOTICE_DAYS = 7
TOP_OVERDUE = 10
MAX_CLASSES = 200
"""Of a school; those that owe least are left out."""
_SETTLED_AFTER = timedelta(days=4)
"""Carriers report up to 72 hours late; then a notice's state stays."""
_LOST_AFTER = timedelta(minutes=15)
"""A message of the queue that was asked for so long ago has got lost, or ended in the dead-letter queue."""


def find_patience(count: int) -> timedelta:
    """How old figures over so many invoices, or notices of a day, may grow before they are counted again."""
    if count <= 20_000:
        return timedelta(minutes=5)
    if count <= 200_000:
        return timedelta(minutes=30)
    return timedelta(hours=2)


def show_summary(biller_id: str) -> dict[str, Any]:
    """The latest figures with their instant, and whether newer ones are on their way. Never waits for a count.

    ``figures`` is absent until the first count is done.
    """
    load_biller(biller_id)
    stored = reports.load_summary(biller_id) or {}
    now = clock.now()
    figures = stored.get("figures")
    is_old = figures is None or clock.from_text(stored["as_of"]) + find_patience(figures["invoices"]) < now
    counting = is_old and stored.get("asked_at", "") > max(stored.get("as_of", ""), clock.to_text(now - _LOST_AFTER))
    if is_old and not counting and reports.ask_for_summary(biller_id, now, now - _LOST_AFTER, stored.get("as_of")):
        report_queue.send_summary(biller_id)
        counting = True
    shown = {"as_of": stored.get("as_of"), "figures": figures, "is_being_counted": counting}
    return {name: value for name, value in shown.items() if value is not None}


def refresh_summary(biller_id: str) -> None:
    """Count and keep. Safe to run twice: the later instant stays."""
    biller = load_biller(biller_id)
    # The queue has let some seconds pass since it was asked for, so that the indexes show all of that instant.
    as_of = reports.load_asked_at(biller_id) or clock.to_text(clock.now())
    today = clock.from_text(as_of).astimezone(clock.JAKARTA).date()
    figures = count_invoices(biller_id, as_of, today)
    figures["delivery"] = _count_deliveries(biller.biller_id, today)
    reports.save_summary(biller_id, as_of, figures)


def count_invoices(biller_id: str, as_of: str, today: date) -> dict[str, Any]:
    totals = InvoiceTotals(today)
    top: list[tuple[int, str, InvoiceLine]] = []
    with take_snapshot(biller_id, as_of) as snapshot:
        for line in snapshot:
            if totals.add(line) is Standing.OVERDUE:
                entry = (line.amount, line.va_number, line)
                _keep_largest(top, entry)
    first = (today - timedelta(days=COLLECTED_DAYS - 1)).isoformat()
    unpaid, paid = totals.sum_of(UNPAID), totals.sum_of(PAID)
    return {
        "invoices": totals.sum_of(Standing).count,
        "standing": {
            standing: {"count": given.count, "amount": given.amount} for standing, given in totals.standing.items()
        },
        "ages": {age: {"count": given.count, "amount": given.amount} for age, given in totals.ages.items()},
        "unpaid": {"count": unpaid.count, "amount": unpaid.amount},
        "paid": {"count": paid.count, "amount": paid.amount},
        "collected": {
            day: {
                kind: {"count": sums[standing].count, "amount": sums[standing].amount}
                for kind, standing in (("va", Standing.PAID_VA), ("outside", Standing.PAID_OUTSIDE))
            }
            for day, sums in sorted(totals.collected.items())
            if day >= first
        },
        "classes": _sum_classes(totals),
        "top_overdue": [_show_overdue(line, today) for _, _, line in sorted(top, reverse=True)],
    }


def _sum_classes(totals: InvoiceTotals) -> list[dict[str, Any]]:
    """What each class owes, the most overdue first; none for billers whose invoices name no classes."""
    classes: dict[str, dict[str, Sum]] = {}
    for (class_name, _), standing in totals.groups.items():
        if class_name:
            sums = classes.setdefault(class_name, {"unpaid": Sum(), "overdue": Sum()})
            for name, standings in (("unpaid", UNPAID), ("overdue", (Standing.OVERDUE,))):
                added = totals.sum_of(standings, standing)
                sums[name] = Sum(sums[name].count + added.count, sums[name].amount + added.amount)
    owing = [(name, sums) for name, sums in classes.items() if sums["unpaid"].count]
    owing.sort(key=lambda entry: (-entry[1]["overdue"].amount, entry[0]))
    return [
        {"class_name": name, **{kind: {"count": given.count, "amount": given.amount} for kind, given in sums.items()}}
        for name, sums in owing[:MAX_CLASSES]
    ]


def _keep_largest(top: list[tuple[int, str, InvoiceLine]], entry: tuple[int, str, InvoiceLine]) -> None:
    if len(top) < TOP_OVERDUE:
        heapq.heappush(top, entry)
    else:
        heapq.heappushpop(top, entry)


def _show_overdue(line: InvoiceLine, today: date) -> dict[str, Any]:
    return {
        "number": line.number,
        "va_number": line.va_number,
        "payer_name": line.payer_name,
        "amount": line.amount,
        "due_date": line.due_date,
        "days_overdue": count_days_overdue(line.due_date, today),
    }


# --- notices -------------------------------------------------------------------------------------------------------


def _count_deliveries(biller_id: str, today: date) -> dict[str, Any]:
    """Channel -> outcome -> notices of the last days; as of the oldest of the days' counts."""
    days = [(today - timedelta(days=back)).isoformat() for back in range(NOTICE_DAYS)]
    known = reports.load_notice_days(biller_id, days[-1])
    channels: dict[str, Counter[str]] = {}
    for day in days:
        record = known.get(day)
        if record is None or not is_day_fresh(day, record, clock.now()):
            record = _count_day(biller_id, day)
        for channel, outcomes in record["counts"].items():
            channels.setdefault(channel, Counter()).update(outcomes)
        known[day] = record
    oldest = min(known[day]["counted_at"] for day in days[:4])
    return {"since": days[-1], "as_of": oldest, "channels": {name: dict(sums) for name, sums in channels.items()}}


def is_day_fresh(day: str, record: Mapping[str, Any], now: datetime) -> bool:
    """Whether a day's count needs no repetition: it is young enough for its size, or was made when all was settled."""
    counted = clock.from_text(record["counted_at"])
    end = datetime.combine(date.fromisoformat(day) + timedelta(days=1), datetime.min.time(), clock.JAKARTA)
    if counted >= end + _SETTLED_AFTER:
        return True
    notices_counted = sum(sum(outcomes.values()) for outcomes in record["counts"].values())
    # Reading a notice costs more than reading an invoice, and large days belong to one upload.
    return now - counted < find_patience(notices_counted) * 4


def _count_day(biller_id: str, day: str) -> dict[str, Any]:
    counted_at = clock.to_text(clock.now())
    counts: dict[str, Counter[str]] = {}
    keys = notices.walk_day(biller_id, date.fromisoformat(day))
    for item in notices.read_items(keys, ("channel", "state")):
        counts.setdefault(item["channel"]["S"], Counter())[class_state(item["state"]["S"])] += 1
    plain = {channel: dict(outcomes) for channel, outcomes in counts.items()}
    reports.save_notice_day(biller_id, day, counted_at, plain)
    return {"counted_at": counted_at, "counts": plain}
