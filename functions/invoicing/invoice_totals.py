"""Sums over invoices, one way for every report and summary: so that their figures cannot disagree."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache

from invoicing import clock
from invoicing.invoice_snapshot import InvoiceLine
from invoicing.invoices import InvoiceStatus


class Standing(StrEnum):
    """Where a bill stands; each invoice counts in exactly one of these."""

    NOT_DUE = "not_due"
    OVERDUE = "overdue"
    PAID_VA = "paid_va"
    PAID_OUTSIDE = "paid_outside"
    """Money that the biller took itself and told us of; it never went through a virtual account."""
    ARCHIVED = "archived"


UNPAID = (Standing.NOT_DUE, Standing.OVERDUE)
PAID = (Standing.PAID_VA, Standing.PAID_OUTSIDE)


class Age(StrEnum):
    """Days past the due date of unpaid bills."""

    NOT_DUE = "not_due"
    UP_TO_30 = "0_30"
    UP_TO_60 = "31_60"
    UP_TO_90 = "61_90"
    OVER_90 = "over_90"


@dataclass(slots=True)
class Sum:
    count: int = 0
    amount: int = 0
    """Whole rupiah."""

    def add(self, amount: int) -> None:
        self.count += 1
        self.amount += amount


def add_up(sums: Iterable[Sum]) -> Sum:
    total = Sum()
    for given in sums:
        total.count += given.count
        total.amount += given.amount
    return total


def find_standing(line: InvoiceLine, today: str) -> Standing:
    """``today``: local date, ISO text."""
    if line.status == InvoiceStatus.PAID:
        return Standing.PAID_OUTSIDE if line.paid_via == "outside" else Standing.PAID_VA
    if line.status == InvoiceStatus.ARCHIVED:
        return Standing.ARCHIVED
    return Standing.OVERDUE if line.due_date < today else Standing.NOT_DUE


@lru_cache(maxsize=4096)
def count_days_overdue(due_date: str, today: date) -> int:
    return max(0, (today - date.fromisoformat(due_date)).days)


def find_age(days_overdue: int) -> Age:
    if days_overdue <= 0:
        return Age.NOT_DUE
    if days_overdue <= 30:
        return Age.UP_TO_30
    if days_overdue <= 60:
        return Age.UP_TO_60
    return Age.UP_TO_90 if days_overdue <= 90 else Age.OVER_90


def _by_standing() -> dict[Standing, Sum]:
    return {standing: Sum() for standing in Standing}


@dataclass(slots=True)
class InvoiceTotals:
    """Sums of the invoices added so far. Paid bills count with what was paid, all others with what they ask for."""

    today: date
    standing: dict[Standing, Sum] = field(default_factory=_by_standing)
    ages: dict[Age, Sum] = field(default_factory=lambda: {age: Sum() for age in Age})
    """Of unpaid bills; adds up to the unpaid ones of ``standing``."""
    groups: dict[tuple[str, str], dict[Standing, Sum]] = field(default_factory=lambda: defaultdict(_by_standing))
    """By class and fee type; adds up to ``standing``."""
    collected: dict[str, dict[Standing, Sum]] = field(
        default_factory=lambda: defaultdict(lambda: {standing: Sum() for standing in PAID})
    )
    """By local day of Jakarta on which a payment was accepted; adds up to the paid ones of ``standing``."""

    def add(self, line: InvoiceLine) -> Standing:
        standing = find_standing(line, self.today.isoformat())
        amount = line.paid_amount if standing in PAID else line.amount
        self.standing[standing].add(amount)
        self.groups[line.class_name, line.fee_type][standing].add(amount)
        if standing in UNPAID:
            self.ages[find_age(count_days_overdue(line.due_date, self.today))].add(amount)
        elif standing in PAID:
            self.collected[find_jakarta_day(line.paid_at)][standing].add(amount)
        return standing

    def sum_of(self, standings: Iterable[Standing], group: Mapping[Standing, Sum] | None = None) -> Sum:
        return add_up((group or self.standing)[standing] for standing in standings)


def find_jakarta_day(instant: str) -> str:
    """The local date of a text of ``clock.to_text``."""
    return _find_day(instant[:13])


@lru_cache(maxsize=4096)
def _find_day(hour: str) -> str:
    """Jakarta is whole hours ahead of UTC, so that the hour settles the day."""
    return clock.from_text(f"{hour}:00:00Z").astimezone(clock.JAKARTA).date().isoformat()
