"""The bank's daily settlement file, written from payments: as it should be, and with differences on request."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from invoicing import clock

HEAD = ("VA Number", "Amount", "Date", "Time", "Reference", "Payment Request ID", "Type")
UNKNOWN_ACCOUNT = "8800199999999999"
DIFFERENCES = ("missing_there", "amount_differs", "duplicate", "reversed", "missing_here", "unidentified", "unreadable")


@dataclass(frozen=True, slots=True)
class SettledPayment:
    """One line of the bank's file."""

    va_number: str
    amount: int | str
    paid_at: datetime
    """Jakarta time."""
    reference: str
    request_id: str = ""
    mark: str = "C"

    def as_row(self) -> list[Any]:
        moment = self.paid_at
        return [
            *(self.va_number, self.amount, f"{moment:%Y-%m-%d}", f"{moment:%H:%M:%S}"),
            *(self.reference, self.request_id, self.mark),
        ]


def settle_postings(postings: Iterable[Mapping[str, Any]]) -> list[SettledPayment]:
    """Lines for money that came through accounts and stayed."""
    return [
        SettledPayment(
            posting["va_number"],
            posting["amount"],
            clock.from_text(posting.get("transaction_at") or posting["accepted_at"]).astimezone(clock.JAKARTA),
            posting.get("bank_reference", ""),
            posting["payment_id"].partition("#")[2],
        )
        for posting in postings
        if posting["kind"] == "va" and posting["state"] == "posted"
    ]


def distort(
    lines: Sequence[SettledPayment], differences: Iterable[str], open_accounts: Sequence[tuple[str, int]]
) -> list[SettledPayment]:
    """The lines with these differences put in, each on a line of its own.

    Args:
        open_accounts: (VA number, amount due) of unpaid bills, for money that we were never told of.

    Raises ValueError when there are too few lines, or open accounts, to show them all.
    """
    given, wanted = list(lines), [name for name in DIFFERENCES if name in set(differences)]
    of_lines = [name for name in wanted if name in DIFFERENCES[:4]]
    if len(given) < len(of_lines) or ("missing_here" in wanted and not open_accounts):
        raise ValueError("too few payments, or open bills, for so many differences")
    dropped: list[SettledPayment] = []
    for line, name in zip(list(given), of_lines, strict=False):
        place = given.index(line)
        match name:
            case "missing_there":
                dropped.append(line)
            case "amount_differs":
                given[place] = replace(line, amount=int(line.amount) + 1)
            case "duplicate":
                given.append(replace(line, reference=f"{line.reference}X", paid_at=line.paid_at + timedelta(minutes=1)))
            case "reversed":
                given.append(replace(line, mark="R", paid_at=line.paid_at + timedelta(minutes=2)))
    given = [line for line in given if line not in dropped]
    moment = max((line.paid_at for line in lines), default=clock.now().astimezone(clock.JAKARTA))
    if "missing_here" in wanted:
        va_number, amount = open_accounts[0]
        given.append(SettledPayment(va_number, amount, moment, "LATE000001", "LATEREQUEST1"))
    if "unidentified" in wanted:
        given.append(SettledPayment(UNKNOWN_ACCOUNT, 123_456, moment, "STRANGE0001"))
    if "unreadable" in wanted:
        given.append(SettledPayment(UNKNOWN_ACCOUNT, "12,5 juta", moment, "BROKEN00001"))
    return given


def write_settlement(lines: Sequence[SettledPayment], path: Path) -> Path:
    """As .csv or .xlsx, by the path's ending, with what banks put above and below the table."""
    total = sum(line.amount for line in lines if isinstance(line.amount, int))
    rows = [["LAPORAN SETTLEMENT VIRTUAL ACCOUNT"], [], list(HEAD), *(line.as_row() for line in lines)]
    rows += [[], ["", total, "TOTAL"]]
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        return path
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Settlement")
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path
