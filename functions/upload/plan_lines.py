"""The plan in the making: encoded lines on disk, and in memory only what the file-wide rules need.

Keys that those rules compare are kept as 64-bit hashes, so that a million invoices fit into memory; a match of hashes
is verified on the lines themselves before anything is said about it.
"""

from array import array
from collections.abc import Hashable, Sequence
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


Planned = tuple[int, dict[str, Any], Hashable, Hashable, Sequence[str], list[int]]
"""Row, invoice draft, what makes it the same bill, who pays, contacts, further rows. Plain, as a million are made."""


class PlanLines:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "plan.spool"
        self._spool = self._path.open("w+b")
        self._ends = array("Q", [0])
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
        return len(self.rows)

    def add(self, planned: Sequence[Planned]) -> None:
        write, end = self._spool.write, self._ends[-1]
        for index, (row, draft, _, _, contacts, more_rows) in enumerate(planned, start=len(self.rows)):
            line: dict[str, Any] = {"row": row, "invoice": draft}
            if more_rows:
                line["more_rows"] = more_rows
                self._more_rows[index] = len(more_rows)
            # Written one by one: orjson's lines are small parts of large buffers, many at a time would fill memory.
            end += write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            self._ends.append(end)
            self.contacts.extend(map(hash, contacts))
            self.contact_lines.extend([index] * len(contacts))
        self.rows.extend(entry[0] for entry in planned)
        self._amounts.extend(entry[1]["amount"] for entry in planned)
        self.bills.extend(hash(entry[2]) for entry in planned)
        self.payers.extend(hash(entry[3]) for entry in planned)

    def decode(self, index: int) -> dict[str, Any]:
        """The invoice draft of a line."""
        draft: dict[str, Any] = orjson.loads(self._read(index))["invoice"]
        return draft

    def _read(self, index: int) -> bytes:
        self._spool.seek(self._ends[index])
        return self._spool.read(self._ends[index + 1] - self._ends[index])

    def write(self, path: Path, bad_rows: set[int]) -> PlanTotals:
        """Write the lines in row order, without those whose row is bad."""
        good = [index for index, row in enumerate(self.rows) if row not in bad_rows]
        if len(good) == len(self.rows) and not self._more_rows:
            self._spool.flush()
            self._path.replace(path)
        else:
            # Invoices of several product rows were only complete at the end of the sheet.
            good.sort(key=self.rows.__getitem__)
            with path.open("wb") as file:
                file.writelines(map(self._read, good))
        if not good:
            return PlanTotals()
        amounts = [self._amounts[index] for index in good]
        rows = len(good) + sum(self._more_rows.get(index, 0) for index in good)
        return PlanTotals(len(good), rows, sum(amounts), min(amounts), max(amounts))

    def close(self) -> None:
        """Remove the spool file."""
        self._spool.close()
        self._path.unlink(missing_ok=True)
