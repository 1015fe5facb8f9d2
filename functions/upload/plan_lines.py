"""The plan in the making: encoded lines on disk, and in memory only what the file-wide rules need.

Keys that those rules compare are kept as 64-bit hashes, so that a million invoices fit into memory; a match of hashes
is verified on the lines themselves before anything is said about it.
"""

from array import array
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice, repeat
from operator import lt
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


def escape_texts(texts: Sequence[str]) -> Sequence[str]:
    """The texts as they stand between the quotes of a JSON string: nearly always as they are."""
    joined = "".join(texts)
    if '"' not in joined and "\\" not in joined and joined.isprintable():
        return texts
    return [orjson.dumps(text)[1:-1].decode() for text in texts]


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
        """Hash of every contact of every line."""
        self._contact_counts = array("H")

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, planned: Sequence[Planned]) -> None:
        if not planned:
            return
        rows, drafts, bills, payers, contacts, more_rows = zip(*planned, strict=True)
        lines = []
        for index, (row, draft, more) in enumerate(zip(rows, drafts, more_rows, strict=True), start=len(self)):
            line: dict[str, Any] = {"row": row, "invoice": draft}
            if more:
                line["more_rows"] = more
                self._more_rows[index] = len(more)
            lines.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        self._spool.write(b"".join(lines))
        self._note_ends(map(len, lines))
        self.rows.extend(rows)
        self._amounts.extend(draft["amount"] for draft in drafts)
        self.bills.extend(map(hash, bills))
        self.payers.extend(map(hash, payers))
        self.contacts.extend(map(hash, chain.from_iterable(contacts)))
        self._contact_counts.extend(map(len, contacts))

    def add_lines(
        self,
        rows: Sequence[int],
        lines: Sequence[str],
        amounts: Sequence[int],
        bills: Iterable[Hashable],
        payers: Iterable[Hashable],
        contacts: Sequence[Sequence[str]],
    ) -> None:
        """Lines that are JSON already, column by column; "" among a line's contacts is none."""
        text = "".join(lines)
        self._note_ends(map(len, lines if text.isascii() else map(str.encode, lines)))
        self._spool.write(text.encode())
        self.rows.extend(rows)
        self._amounts.extend(amounts)
        self.bills.extend(map(hash, bills))
        self.payers.extend(map(hash, payers))
        self.contacts.extend(map(hash, filter(None, chain.from_iterable(contacts))))
        self._contact_counts.extend(len(found) - found.count("") for found in contacts)

    def _note_ends(self, sizes: Iterable[int]) -> None:
        self._ends.extend(islice(accumulate(sizes, initial=self._ends[-1]), 1, None))

    def contact_lines(self) -> Iterator[int]:
        """The line of each entry of ``contacts``."""
        return chain.from_iterable(map(repeat, range(len(self.rows)), self._contact_counts))

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
        if len(good) == len(self.rows) and all(map(lt, self.rows, islice(self.rows, 1, None))):
            self._spool.flush()
            self._path.replace(path)
        else:
            # Invoices with product rows were only complete at the end of the sheet.
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
