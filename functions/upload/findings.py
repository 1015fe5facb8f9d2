"""Collect what a check finds: issues spooled to disk in row order, and the set of rows that are bad.

Warnings and notes of a row that turns out bad later (a duplicate number further down, say) are dropped at the end: the
row is not created, so there is nothing to acknowledge.
"""

import heapq
from array import array
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson

from invoicing.issues import Issue, Severity
from invoicing.workbooks.reader import Cell, UnreadableCell

_SHOWN = 200
_ROW_OF = itemgetter(0)


class Findings:
    """``errors`` and ``warnings`` (code -> number of issues) are complete after ``write``."""

    def __init__(self, folder: Path) -> None:
        self.bad_rows: set[int] = set()
        self.errors: Counter[str] = Counter()
        self.warnings: Counter[str] = Counter()
        self._spool_path = folder / "issues.spool"
        self._spool = self._spool_path.open("wb")
        self._rows = array("I")
        self._kinds = array("H")
        self._known_kinds: dict[tuple[str, Severity], int] = {}
        self._pending: list[tuple[int, int, bytes]] = []

    def add(self, issue: Issue) -> None:
        """An error makes its row bad at once."""
        if issue.severity is Severity.ERROR and issue.row is not None:
            self.bad_rows.add(issue.row)
        kind = self._known_kinds.setdefault((issue.code, issue.severity), len(self._known_kinds))
        line = orjson.dumps(issue.as_json(), option=orjson.OPT_APPEND_NEWLINE)
        self._pending.append((issue.row or 0, kind, line))

    def spool(self) -> None:
        """Move what was added since the last time to disk: issues of rows below all rows before them."""
        self._pending.sort(key=_ROW_OF)
        for row, kind, line in self._pending:
            self._rows.append(row)
            self._kinds.append(kind)
            self._spool.write(line)
        self._pending.clear()

    def write(self, path: Path) -> None:
        """All issues in row order, those of the whole file first; what was not spooled may be of any row."""
        self._spool.flush()
        self._pending.sort(key=_ROW_OF)
        kinds = list(self._known_kinds)
        with path.open("wb") as file:
            for row, kind, line in heapq.merge(self._read_spool(), self._pending, key=_ROW_OF):
                code, severity = kinds[kind]
                if severity is Severity.ERROR:
                    self.errors[code] += 1
                elif row in self.bad_rows:
                    continue
                elif severity is Severity.WARNING:
                    self.warnings[code] += 1
                file.write(line)

    def close(self) -> None:
        """Remove the spool file."""
        self._spool.close()
        self._spool_path.unlink(missing_ok=True)

    def _read_spool(self) -> Iterator[tuple[int, int, bytes]]:
        with self._spool_path.open("rb") as spool:
            yield from zip(self._rows, self._kinds, spool, strict=True)


def show_cell(cell: Cell | Any) -> str:
    """The cell as the user sees it, cut to 200 characters."""
    if isinstance(cell, str):
        return cell[:_SHOWN]
    if isinstance(cell, UnreadableCell):
        return cell.text[:_SHOWN]
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell))[:_SHOWN] if cell.is_integer() else f"{cell:.15g}"
    if isinstance(cell, datetime):
        return f"{cell:%d/%m/%Y %H:%M}" if cell.time() != time() else f"{cell:%d/%m/%Y}"
    return f"{cell:%d/%m/%Y}" if isinstance(cell, date) else str(cell)[:_SHOWN]
