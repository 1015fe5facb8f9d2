"""The two reports about notices: how far those of each invoice came, by channel; and every single one of a period."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from invoicing.billers import Biller
from invoicing.invoice_snapshot import Snapshot
from invoicing.invoice_totals import find_jakarta_day, find_standing
from invoicing.notice_outcomes import Outcome, class_state
from invoicing.notices import Channel, NoticeState, mask_address
from invoicing.reports import ReportOrder
from invoicing.store import notices
from invoicing.store.bulk import RawItem
from report.collection_report import list_days
from report.document import Document, Row, Table
from report.labels import Labels, find_today

_WITH_REASON = frozenset(
    {NoticeState.UNKNOWN, NoticeState.FAILED, NoticeState.BOUNCED, NoticeState.CANCELLED, NoticeState.SUPPRESSED}
)


def walk_notices(biller_id: str, days: Iterable[date], as_of: str, members: tuple[str, ...]) -> Iterator[RawItem]:
    """Notices that were created on these days, not later than ``as_of``, by time; in the state that they have now."""
    for day in days:
        for item in notices.read_items(notices.walk_day(biller_id, day), ("created_at", *members)):
            if item["created_at"]["S"] <= as_of:
                yield item


# --- every notice --------------------------------------------------------------------------------------------------

_TRANSACTION = ("number", "kind", "step", "channel", "recipient", "state", "reason")
_TIMES = ("sent_at", "delivered_at", "read_at")


def build_transaction_report(order: ReportOrder, biller: Biller, as_of: str, labels: Labels) -> Document:
    names = ("created_at", "number", "va_number", "kind", "step", "channel", "recipient", "state", "reason")
    counts: Counter[tuple[str, str, str]] = Counter()
    words = _Words(labels)

    def list_rows() -> Iterator[Row]:
        found = walk_notices(biller.biller_id, list_days(order), as_of, (*_TRANSACTION, *_TIMES, "attempt"))
        for item in found:
            kind, channel, state = item["kind"]["S"], item["channel"]["S"], item["state"]["S"]
            counts[kind, channel, state] += 1
            recipient = item.get("recipient")
            yield (
                item["created_at"]["S"],
                item["number"]["S"],
                item["pk"]["S"].partition("#")[2],
                words.of("kind", kind),
                item["step"]["S"] if "step" in item else "",
                words.of("channel", channel),
                mask_address(recipient["S"]) if recipient else "",
                words.of("state", state),
                item["reason"]["S"] if state in _WITH_REASON and "reason" in item else "",
                *(item[name]["S"] if name in item else "" for name in _TIMES),
                int(item["attempt"]["N"]) if "attempt" in item else 0,
            )

    columns = labels.columns(*names, *_TIMES, "attempts")
    return Document(
        title=labels.say(f"title.{order.kind}"),
        facts=[*labels.describe(order, biller, as_of), (labels.say("fact.note"), labels.say("note.states"))],
        details=Table(
            labels.say("sheet.details"),
            columns,
            list_rows(),
            lambda: [labels.say("total"), labels.say("notices", count=counts.total()), *[""] * (len(columns) - 2)],
        ),
        summarise=lambda: [_count_kinds(counts, labels, words)],
        zone=labels.zone,
        summary_name=labels.say("sheet.summary"),
        details_name=labels.say("sheet.details"),
    )


def _count_kinds(counts: Counter[tuple[str, str, str]], labels: Labels, words: "_Words") -> Table:
    rows = [
        (words.of("kind", kind), words.of("channel", channel), words.of("state", state), count)
        for (kind, channel, state), count in sorted(counts.items())
    ]
    total = (labels.say("total"), "", "", counts.total())
    return Table(labels.say("table.notices"), labels.columns("kind", "channel", "state", "count"), rows, total)


class _Words:
    """Words looked up once, not once a row."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._known: dict[tuple[str, str], str] = {}

    def of(self, what: str, value: str) -> str:
        word = self._known.get((what, value))
        if word is None:
            word = self._known[what, value] = self._labels.say(f"{what}.{value}")
        return word


# --- by invoice and channel ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Delivery:
    """The notices of one invoice on one channel."""

    notices: int = 0
    arrived: int = 0
    failed: int = 0
    waiting: int = 0
    last_state: str = ""
    last_at: str = ""
    reason: str = ""

    def add(self, state: str, created_at: str, reason: str) -> None:
        self.notices += 1
        outcome = class_state(state)
        self.arrived += outcome is Outcome.ARRIVED
        self.failed += outcome is Outcome.FAILED
        self.waiting += outcome is Outcome.WAITING
        if created_at >= self.last_at:
            self.last_state, self.last_at = state, created_at
            self.reason = reason if state in _WITH_REASON else ""


def build_status_report(order: ReportOrder, biller: Biller, as_of: str, snapshot: Snapshot, labels: Labels) -> Document:
    """Invoices that were created in the period, one row for each channel on which something went, or was to go."""
    names = ("number", "va_number", "payer_name", "amount", "due_date", "standing", "created_at", "channel")
    columns = labels.columns(*names, "notices", "arrived", "failed", "waiting", "last_state", "last_at", "reason")
    words = _Words(labels)
    sums: dict[str, _Delivery] = defaultdict(_Delivery)
    counted = [0, 0]
    today = find_today(as_of, labels.zone).isoformat()
    first, last = str(order.since), str(order.until)

    def list_rows() -> Iterator[Row]:
        deliveries = _gather(biller.biller_id, order, as_of)
        for line in snapshot:
            if not first <= find_jakarta_day(line.created_at) <= last:
                continue
            counted[0] += 1
            counted[1] += line.amount
            standing = words.of("standing", find_standing(line, today))
            start = (line.number, line.va_number, line.payer_name, line.amount, line.due_date, standing)
            found = deliveries.get(line.va_number)
            if not found:
                yield (*start, line.created_at, labels.say("no_notice"), 0, 0, 0, 0, "", "", "")
                continue
            for channel, given in sorted(found.items()):
                _add_delivery(sums[channel], given)
                yield (
                    *(*start, line.created_at, words.of("channel", channel)),
                    *(given.notices, given.arrived, given.failed, given.waiting),
                    *(words.of("state", given.last_state), given.last_at, given.reason),
                )

    def add_totals() -> Row:
        whole = _Delivery()
        for given in sums.values():
            _add_delivery(whole, given)
        numbers = (whole.notices, whole.arrived, whole.failed, whole.waiting)
        return (labels.say("total"), labels.say("invoices", count=counted[0]), *[""] * 6, *numbers, "", "", "")

    return Document(
        title=labels.say(f"title.{order.kind}"),
        facts=[*labels.describe(order, biller, as_of), (labels.say("fact.note"), labels.say("note.states"))],
        details=Table(labels.say("sheet.details"), columns, list_rows(), add_totals),
        summarise=lambda: [_sum_channels(sums, labels, words)],
        zone=labels.zone,
        summary_name=labels.say("sheet.summary"),
        details_name=labels.say("sheet.details"),
    )


def _gather(biller_id: str, order: ReportOrder, as_of: str) -> dict[str, dict[str, _Delivery]]:
    """VA number -> channel -> its notices, from the first day of the period to the report's instant.

    By day and not by invoice: a hundred notices a request instead of one invoice a request.
    """
    until = date.fromisoformat(find_jakarta_day(as_of))
    since = order.since or until
    days = [since + timedelta(days=step) for step in range((until - since).days + 1)]
    found: dict[str, dict[str, _Delivery]] = defaultdict(dict)
    for item in walk_notices(biller_id, days, as_of, ("channel", "state", "reason")):
        by_channel = found[item["pk"]["S"].partition("#")[2]]
        channel = item["channel"]["S"]
        delivery = by_channel.get(channel) or by_channel.setdefault(channel, _Delivery())
        delivery.add(item["state"]["S"], item["created_at"]["S"], item["reason"]["S"] if "reason" in item else "")
    return found


def _add_delivery(whole: _Delivery, given: _Delivery) -> None:
    whole.notices += given.notices
    whole.arrived += given.arrived
    whole.failed += given.failed
    whole.waiting += given.waiting


def _sum_channels(sums: dict[str, _Delivery], labels: Labels, words: _Words) -> Table:
    known = [channel for channel in Channel if channel in sums]
    rows: list[list[Any]] = []
    for channel in [*known, *sorted(set(sums) - set(known))]:
        given = sums[channel]
        rate = f"{100 * given.arrived / given.notices:.1f} %".replace(".", "," if labels.language == "id" else ".")
        rows.append([words.of("channel", channel), given.notices, given.arrived, given.failed, given.waiting, rate])
    total = [labels.say("total"), *(sum(row[place] for row in rows) for place in range(1, 5)), ""]
    names = ("channel", "notices", "arrived", "failed", "waiting", "rate")
    return Table(labels.say("table.channels"), labels.columns(*names), rows, total)
