"""A document's details as CSV (RFC 4180): text in quotes, numbers bare, dates ISO, UTF-8 with the mark Excel looks for.

Title and facts stand before the head row, the totals row is the last.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from report.cells import neutralise, to_local
from report.document import Cells, Column, Document, Row


def write_csv(document: Document, path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        write = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        write.writerow([neutralise(document.title)])
        write.writerows([neutralise(label), neutralise(text)] for label, text in document.facts)
        for place, table in enumerate([document.details, *document.more]):
            if place:
                write.writerows([[], [neutralise(table.title)]])
            write.writerow([])
            write.writerow([neutralise(column.name) for column in table.columns])
            write.writerows(_show_row(table.columns, row, document.zone) for row in table.rows)
            totals = table.read_totals()
            if totals is not None:
                write.writerow(["" if value is None else value for value in totals])


def _show_row(columns: Any, row: Row, zone: str) -> Iterator[Any]:
    for column, value in zip(columns, row, strict=True):
        yield _show_cell(column, value, zone)


def _show_cell(column: Column, value: Any, zone: str) -> Any:
    if value == "" or value is None:
        return ""
    if column.cells is Cells.INSTANT:
        return to_local(value, zone).isoformat(" ")
    return neutralise(value) if isinstance(value, str) else value
