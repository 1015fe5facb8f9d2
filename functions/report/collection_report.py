"""The money that came in during a period, VA money and what billers took themselves apart; and refused attempts."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from invoicing.billers import Biller
from invoicing.invoice_totals import Sum
from invoicing.reports import ReportOrder
from invoicing.store import payments
from report.document import Document, Row, Table
from report.labels import Labels, is_school


def build_collection_report(order: ReportOrder, biller: Biller, as_of: str, labels: Labels) -> Document:
    """Days are those of Jakarta, by which the bank settles, whatever the biller's zone."""
    days = list_days(order)
    by_day: dict[str, dict[str, Sum]] = {day.isoformat(): {kind: Sum() for kind in _KINDS} for day in days}
    names = ["accepted_at", "transaction_at", "number", "va_number"]
    names += ["class_name", "fee_type"] if is_school(biller) else []
    names += ["amount", "paid_via", "payment_state", "channel", "bank_reference", "giro_account"]
    words = {key: labels.say(key) for key in ("via.va", "via.outside", "payment.posted", "payment.reversed")}
    received = [0]

    def list_rows() -> Iterator[Row]:
        for day in days:
            for payment in payments.list_payments_of_day(biller.biller_id, day):
                if not payments.is_posting(payment) or payment["accepted_at"] > as_of:
                    continue
                is_reversed = was_reversed(payment, as_of)
                kind = "reversed" if is_reversed else payment["kind"]
                by_day[day.isoformat()][kind].add(payment["amount"])
                received[0] += 0 if is_reversed else payment["amount"]
                state = "payment.reversed" if is_reversed else "payment.posted"
                shown = payment | {"paid_via": words[f"via.{payment['kind']}"], "payment_state": words[state]}
                yield [shown.get(name, "") for name in names]

    def list_refused() -> Iterator[Row]:
        for day in days:
            for payment in payments.list_payments_of_day(biller.biller_id, day):
                if not payments.is_posting(payment) and payment["refused_at"] <= as_of:
                    yield [payment.get(name, "") for name in refused_names]

    refused_names = ("refused_at", "va_number", "number", "amount", "verdict", "channel", "bank_reference")
    title = labels.say("sheet.refused")
    return Document(
        title=labels.say(f"title.{order.kind}"),
        facts=[*labels.describe(order, biller, as_of), (labels.say("fact.note"), labels.say("note.collections"))],
        details=Table(
            labels.say("sheet.details"),
            labels.columns(*names),
            list_rows(),
            lambda: [{"accepted_at": labels.say("total"), "amount": received[0]}.get(name, "") for name in names],
        ),
        summarise=lambda: [_sum_days(by_day, labels)],
        zone=labels.zone,
        summary_name=labels.say("sheet.summary"),
        details_name=labels.say("sheet.details"),
        more=(Table(title, labels.columns(*refused_names), list_refused()),),
    )


_KINDS = ("va", "outside", "reversed")


def was_reversed(payment: Mapping[str, Any], as_of: str) -> bool:
    return bool(payment["state"] == "reversed" and payment.get("reversed_at", "") <= as_of)


def list_days(order: ReportOrder) -> list[date]:
    if order.since is None or order.until is None:
        raise ValueError("a report about a period needs its first and last day")
    return [order.since + timedelta(days=step) for step in range((order.until - order.since).days + 1)]


def _sum_days(by_day: Mapping[str, Mapping[str, Sum]], labels: Labels) -> Table:
    rows = [_sum_day(day, sums) for day, sums in by_day.items() if any(given.count for given in sums.values())]
    total = [labels.say("total"), *(sum(row[place] for row in rows) for place in range(1, 6))]
    columns = labels.columns("day", "count", "paid_va", "paid_outside", "total", "reversed")
    return Table(labels.say("table.collected"), columns, rows, total)


def _sum_day(day: str, sums: Mapping[str, Sum]) -> list[Any]:
    """The count and the total are of the money that stayed."""
    va, outside = sums["va"], sums["outside"]
    return [
        day,
        va.count + outside.count,
        va.amount,
        outside.amount,
        va.amount + outside.amount,
        sums["reversed"].amount,
    ]
