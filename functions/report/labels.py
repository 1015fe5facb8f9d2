"""The words of reports in one language."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from invoicing.billers import Biller, Module
from invoicing.reports import WITH_PERIOD, ReportOrder
from invoicing.texts import text
from report.cells import to_local
from report.document import Cells, Column

_WIDTHS = {
    **{"payer_name": 30, "description": 30, "number": 22, "va_number": 20, "bank_reference": 22, "recipient": 26},
    **{
        "upload_id": 30,
        "reason": 26,
        "class_name": 12,
        "period": 12,
        "standing": 32,
        "paid_via": 24,
        "result": 24,
        "explanation": 40,
    },
}
_MONEY = frozenset(
    {
        "amount",
        "paid_amount",
        "paid_va",
        "paid_outside",
        "outstanding",
        "total",
        "billed",
        "reversed",
        "bank_amount",
        "our_amount",
    }
)
_NUMBERS = frozenset({"count", "days_overdue", "attempts", "notices", "arrived", "failed", "waiting", "line"})


@dataclass(frozen=True, slots=True)
class Labels:
    language: str
    zone: str

    def say(self, key: str, **params: Any) -> str:
        return text(f"reports.{key}", self.language, **params)

    def column(self, name: str, *, width: int = 0) -> Column:
        """What the cells are follows from the name: ``…_at`` is an instant, ``…_date`` and ``day`` a local date."""
        cells = Cells.TEXT
        if name in _MONEY:
            cells = Cells.MONEY
        elif name in _NUMBERS:
            cells = Cells.NUMBER
        elif name.endswith("_at"):
            cells = Cells.INSTANT
        elif name.endswith("_date") or name == "day":
            cells = Cells.DATE
        default = {Cells.INSTANT: 19, Cells.DATE: 12, Cells.MONEY: 18, Cells.NUMBER: 12}.get(cells, 18)
        return Column(self.say(f"column.{name}"), cells, width or _WIDTHS.get(name, default))

    def columns(self, *names: str) -> tuple[Column, ...]:
        return tuple(self.column(name) for name in names)

    def format_day(self, day: date) -> str:
        return f"{day:%d/%m/%Y}"

    def describe(self, order: ReportOrder, biller: Biller, as_of: str) -> list[tuple[str, str]]:
        """The facts above a report: of whom, as of when, of which period, filtered by what."""
        instant = f"{to_local(as_of, self.zone):%d/%m/%Y %H:%M:%S} ({self.zone})"
        facts = [(self.say("fact.biller"), biller.name), (self.say("fact.as_of"), instant)]
        if order.kind in WITH_PERIOD and order.since and order.until:
            period = f"{self.format_day(order.since)} - {self.format_day(order.until)}"
            facts.append((self.say(f"fact.period.{order.kind}"), period))
        chosen = order.chosen
        filters = [
            (self.say("filter.due_from"), self.format_day(chosen.due_from) if chosen.due_from else ""),
            (self.say("filter.due_to"), self.format_day(chosen.due_to) if chosen.due_to else ""),
            (self.say("filter.upload_id"), chosen.upload_id),
            (self.say("filter.class_name"), chosen.class_name),
            (self.say("filter.fee_type"), chosen.fee_type),
        ]
        given = "; ".join(f"{label} {value}" for label, value in filters if value)
        return [*facts, (self.say("fact.filter"), given or self.say("filter.none"))]


def is_school(biller: Biller) -> bool:
    return biller.module is Module.PINTU_KELAS


def find_today(as_of: str, zone: str) -> date:
    """The local date of the report's instant."""
    return to_local(as_of, zone).date()
