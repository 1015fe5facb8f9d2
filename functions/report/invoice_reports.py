"""The two reports about invoices as at an instant: the list of all, and what is paid, unpaid and overdue."""

from collections.abc import Iterator
from typing import Any

from invoicing.billers import Biller
from invoicing.invoice_snapshot import InvoiceLine, Snapshot
from invoicing.invoice_totals import PAID, UNPAID, Age, InvoiceTotals, Standing, count_days_overdue, find_age
from invoicing.reports import ReportKind, ReportOrder
from report.document import Document, Row, Table
from report.labels import Labels, find_today, is_school

_SCHOOL = ("class_name", "fee_type", "period")


def build_invoice_list(order: ReportOrder, biller: Biller, as_of: str, snapshot: Snapshot, labels: Labels) -> Document:
    """Every invoice, archived ones too."""
    totals = InvoiceTotals(find_today(as_of, labels.zone))
    school = is_school(biller)
    names = ["number", "va_number", "payer_name", "payer_code", *(_SCHOOL if school else ("description",))]
    names += ["amount", "due_date", "standing", "days_overdue", "paid_at", "paid_amount", "paid_via"]
    names += ["bank_reference", "created_at", "archived_at", "archive_reason", "upload_id"]
    words = _Words(labels)
    billed = [0, 0]

    def list_rows() -> Iterator[Row]:
        for line in snapshot:
            standing = totals.add(line)
            billed[0] += line.amount
            billed[1] += line.paid_amount
            extra = (line.class_name, line.fee_type, line.period) if school else (line.description,)
            yield (
                *(line.number, line.va_number, line.payer_name, line.payer_code, *extra),
                *(line.amount, line.due_date, words.standing(standing)),
                *(_count_overdue(line, standing, totals), line.paid_at, line.paid_amount or "", words.via(line)),
                *(line.bank_reference, line.created_at, line.archived_at),
                *(words.reason(line.archive_reason), line.upload_id),
            )

    def add_totals() -> Row:
        row: list[Any] = [""] * len(names)
        row[0] = labels.say("total")
        row[names.index("amount")], row[names.index("paid_amount")] = billed
        return row

    columns = [labels.column(name) for name in names]
    details = Table(labels.say("sheet.details"), columns, list_rows(), add_totals)
    return _finish(order, biller, as_of, details, totals, labels)


def build_payment_report(
    order: ReportOrder, biller: Biller, as_of: str, snapshot: Snapshot, labels: Labels
) -> Document:
    """Invoices that are or were to be paid; archived ones only in the summary."""
    totals = InvoiceTotals(find_today(as_of, labels.zone))
    school = is_school(biller)
    names = ["number", "va_number", "payer_name", *(_SCHOOL if school else ()), "due_date", "standing"]
    names += ["days_overdue", "age", "billed", "paid_va", "paid_outside", "outstanding", "paid_at", "bank_reference"]
    words = _Words(labels)
    sums = [0, 0, 0, 0]

    def list_rows() -> Iterator[Row]:
        for line in snapshot:
            standing = totals.add(line)
            if standing is Standing.ARCHIVED:
                continue
            money = (
                line.amount,
                line.paid_amount if standing is Standing.PAID_VA else 0,
                line.paid_amount if standing is Standing.PAID_OUTSIDE else 0,
                line.amount if standing in UNPAID else 0,
            )
            for place, amount in enumerate(money):
                sums[place] += amount
            days = count_days_overdue(line.due_date, totals.today) if standing in UNPAID else 0
            yield (
                *(line.number, line.va_number, line.payer_name),
                *((line.class_name, line.fee_type, line.period) if school else ()),
                *(line.due_date, words.standing(standing), days or ""),
                words.age(find_age(days)) if standing in UNPAID else "",
                *money,
                *(line.paid_at, line.bank_reference),
            )

    def add_totals() -> Row:
        row: list[Any] = [""] * len(names)
        row[0] = labels.say("total")
        first = names.index("billed")
        row[first : first + len(sums)] = sums
        return row

    columns = [labels.column(name) for name in names]
    details = Table(labels.say("sheet.details"), columns, list_rows(), add_totals)
    return _finish(order, biller, as_of, details, totals, labels)


class _Words:
    """Words looked up once, not once a row."""

    def __init__(self, labels: Labels) -> None:
        self._standings = {standing: labels.say(f"standing.{standing}") for standing in Standing}
        self._ages = {age: labels.say(f"age.{age}") for age in Age}
        self._vias = {"va": labels.say("via.va"), "outside": labels.say("via.outside")}
        self._reversed = labels.say("archive_reason.payment_reversed")

    def standing(self, standing: Standing) -> str:
        return self._standings[standing]

    def age(self, age: Age) -> str:
        return self._ages[age]

    def via(self, line: InvoiceLine) -> str:
        return self._vias.get(line.paid_via, line.paid_via)

    def reason(self, reason: str) -> str:
        """A person's own words, or ours for the one that the product gives."""
        return self._reversed if reason == "payment_reversed" else reason


def _count_overdue(line: InvoiceLine, standing: Standing, totals: InvoiceTotals) -> int | str:
    return count_days_overdue(line.due_date, totals.today) if standing is Standing.OVERDUE else ""


def _finish(
    order: ReportOrder, biller: Biller, as_of: str, details: Table, totals: InvoiceTotals, labels: Labels
) -> Document:
    return Document(
        title=labels.say(f"title.{order.kind}"),
        facts=labels.describe(order, biller, as_of),
        details=details,
        summarise=lambda: list_summary_tables(totals, labels, with_ages=order.kind is ReportKind.PAYMENTS),
        zone=labels.zone,
        summary_name=labels.say("sheet.summary"),
        details_name=labels.say("sheet.details"),
    )


def list_summary_tables(totals: InvoiceTotals, labels: Labels, *, with_ages: bool) -> list[Table]:
    tables = [_sum_standings(totals, labels)]
    if with_ages:
        tables.append(_sum_ages(totals, labels))
    if any(group != ("", "") for group in totals.groups):
        tables.append(_sum_groups(totals, labels))
    return tables


def _sum_standings(totals: InvoiceTotals, labels: Labels) -> Table:
    rows = [
        (labels.say(f"standing.{standing}"), given.count, given.amount) for standing, given in totals.standing.items()
    ]
    total = totals.sum_of(Standing)
    columns = labels.columns("standing", "count", "amount")
    return Table(labels.say("table.standing"), columns, rows, (labels.say("total"), total.count, total.amount))


def _sum_ages(totals: InvoiceTotals, labels: Labels) -> Table:
    rows = [(labels.say(f"age.{age}"), given.count, given.amount) for age, given in totals.ages.items()]
    total = totals.sum_of(UNPAID)
    columns = labels.columns("age", "count", "amount")
    return Table(labels.say("table.ages"), columns, rows, (labels.say("total"), total.count, total.amount))


def _sum_groups(totals: InvoiceTotals, labels: Labels) -> Table:
    """By class and fee type; what was archived is in none of the amounts."""
    rows = []
    for (class_name, fee_type), sums in sorted(totals.groups.items()):
        paid, unpaid = totals.sum_of(PAID, sums), totals.sum_of(UNPAID, sums)
        rows.append(
            (
                *(class_name or "-", fee_type or "-", paid.count + unpaid.count, paid.amount + unpaid.amount),
                *(sums[Standing.PAID_VA].amount, sums[Standing.PAID_OUTSIDE].amount, unpaid.amount),
            )
        )
    paid, unpaid = totals.sum_of(PAID), totals.sum_of(UNPAID)
    total = (
        *(labels.say("total"), "", paid.count + unpaid.count, paid.amount + unpaid.amount),
        *(totals.standing[Standing.PAID_VA].amount, totals.standing[Standing.PAID_OUTSIDE].amount, unpaid.amount),
    )
    names = ("class_name", "fee_type", "count", "total", "paid_va", "paid_outside", "outstanding")
    return Table(labels.say("table.groups"), labels.columns(*names), rows, total)
