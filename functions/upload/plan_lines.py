"""The plan in the making: one encoded line per invoice, and beside it only what the file-wide rules need.

A million invoices are held at once, hence bytes and arrays of numbers instead of objects. Keys that the file-wide rules
compare are kept as 64-bit hashes; a match of hashes is verified on the line itself before anything is said about it.
"""

from array import array
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson


@dataclass(slots=True)
class PlanTotals:
    """Of the lines that were written; ``rows`` counts product rows one by one. Amounts in rupiah."""

    invoices: int = 0
    rows: int = 0
    amount: int = 0
    smallest: int | None = None
    largest: int | None = None


class PlanLines:
    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self.rows = array("I")
        """Workbook row of each line (its first row)."""
        self._amounts = array("q")
        self._more_rows: dict[int, int] = {}
        self.bills = array("q")
        """Hash of what makes two lines the same bill."""
        self.payers = array("q")
        """Hash of who pays."""
        self.contacts = array("q")
        """Hash of every contact of every line, and in ``contact_lines`` the line that it stands in."""
        self.contact_lines = array("I")

    def __len__(self) -> int:
        return len(self._lines)

    def add(
        self,
        row: int,
        draft: dict[str, Any],
        *,
        bill: Hashable,
        payer: Hashable,
        contacts: list[str],
        more_rows: list[int] | None = None,
    ) -> None:
        index = len(self._lines)
        line: dict[str, Any] = {"row": row, "invoice": draft}
        if more_rows:
            line = {"row": row, "more_rows": more_rows, "invoice": draft}
            self._more_rows[index] = len(more_rows)
        self._lines.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        self.rows.append(row)
        self._amounts.append(draft["amount"])
        self.bills.append(hash(bill))
        self.payers.append(hash(payer))
        for contact in contacts:
            self.contacts.append(hash(contact))
            self.contact_lines.append(index)

    def decode(self, index: int) -> dict[str, Any]:
        """The invoice draft of a line."""
        draft: dict[str, Any] = orjson.loads(self._lines[index])["invoice"]
        return draft

    def write(self, path: Path, bad_rows: set[int]) -> PlanTotals:
        """Write the lines in row order, without those whose row is bad."""
        totals = PlanTotals()
        order: Iterator[int] | range = range(len(self._lines))
        if self._more_rows:
            # Invoices of several product rows were only complete at the end of the sheet.
            order = iter(sorted(order, key=self.rows.__getitem__))
        amounts = array("q")
        with path.open("wb") as file:
            for index in order:
                if self.rows[index] in bad_rows:
                    continue
                file.write(self._lines[index])
                amounts.append(self._amounts[index])
                totals.rows += 1 + self._more_rows.get(index, 0)
        if amounts:
            totals.invoices, totals.amount = len(amounts), sum(amounts)
            totals.smallest, totals.largest = min(amounts), max(amounts)
        return totals
