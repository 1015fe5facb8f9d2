"""A batch of rows read column by column, and what every check of rows shares: settings, findings, the plan."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any

from invoicing.issues import Issue, Severity
from invoicing.modules.columns import WorkbookSpec
from invoicing.money import MAX_RUPIAH, format_rupiah
from invoicing.notices import Channel
from invoicing.typed_text import InvalidValueError
from invoicing.workbooks.reader import Cell
from upload.findings import Findings, show_cell
from upload.plan_lines import PlanLines
from upload.sheets import DataSheet

FAR_FACTOR = 5
"""An amount more than so many times the largest, or less than that part of the smallest, of the last upload is far."""


class Batch:
    """Some rows of the sheet: their numbers, cells as typed, and parsed values by column key."""

    def __init__(
        self, rows: Sequence[int], cells: dict[str, tuple[Cell, ...]], values: dict[str, list[Any]], checks: "Checks"
    ) -> None:
        self.rows = rows
        self._cells = cells
        self._values = values
        self._checks = checks
        self._nothing = [""] * len(rows)
        for key, column in values.items():
            if InvalidValueError in set(map(type, column)):
                for position, value in enumerate(column):
                    if isinstance(value, InvalidValueError):
                        self.add(value.code, position, key, **value.params)

    def column(self, key: str) -> list[Any]:
        """Parsed values; "" for an empty cell, all "" for a column that the sheet does not have."""
        return self._values.get(key, self._nothing)

    def has_values(self, key: str) -> bool:
        return key in self._values and any(value != "" for value in self._values[key])

    def zip_columns(self, keys: Sequence[str]) -> Iterable[tuple[Any, ...]]:
        return zip(*map(self.column, keys), strict=True) if keys else repeat((), len(self.rows))

    def find_empty(self, key: str) -> list[int]:
        column = self.column(key)
        return [position for position, value in enumerate(column) if value == ""] if "" in column else []

    def find_filled(self, keys: Sequence[str]) -> set[int]:
        """Positions with a value in any of the columns."""
        if any("" not in self._values.get(key, self._nothing) for key in keys):
            return set(range(len(self.rows)))
        return {
            position
            for key in keys
            if self.has_values(key)
            for position, value in enumerate(self._values[key])
            if value != ""
        }

    def find_unreadable(self, keys: Iterable[str]) -> set[int]:
        """Positions with an unreadable cell in any of the columns."""
        return {
            position
            for key in keys
            if InvalidValueError in set(map(type, self.column(key)))
            for position, value in enumerate(self.column(key))
            if isinstance(value, InvalidValueError)
        }

    def find_without_contact(self) -> list[int]:
        columns = [self._values[key] for key in self._checks.contact_keys]
        if any("" not in column for column in columns):
            return []
        return [position for position, row in enumerate(zip(*columns, strict=True)) if row.count("") == len(row)]

    def add(self, code: str, position: int, key: str | None = None, **params: Any) -> None:
        """An error of one row, about one of its cells if a key is given."""
        value = show_cell(self._cells[key][position]) if key in self._cells else ""
        header = self._checks.name_column(key) if key else None
        self._checks.findings.add(Issue(code, Severity.ERROR, self.rows[position], header, value, params))


@dataclass
class Checks:
    """One run over one sheet."""

    spec: WorkbookSpec
    data: DataSheet
    findings: Findings
    plan: PlanLines
    channels: tuple[Channel, ...]
    """Channels active for the biller."""
    today: str
    """Local date of Jakarta."""
    last_amounts: dict[str, int] | None
    bad_rows_merged: int = 0
    """Bad rows that belong to an invoice which another bad row already stands for."""

    @cached_property
    def headers(self) -> dict[str, str]:
        """Column key -> header as typed, for the columns that the sheet has."""
        return {entry.column.key: entry.header for entry in self.data.fields if entry.column}

    @cached_property
    def contact_keys(self) -> list[str]:
        return [column.key for column in self.spec.columns if column.contact and column.key in self.headers]

    @cached_property
    def near_amounts(self) -> tuple[int, int]:
        """Amounts from the first to the second are not far from the last upload."""
        if not self.last_amounts:
            return 0, MAX_RUPIAH
        return -(-self.last_amounts["smallest"] // FAR_FACTOR), self.last_amounts["largest"] * FAR_FACTOR

    def name_column(self, key: str) -> str:
        """The header as typed, or ours where the sheet lacks the column."""
        return self.headers.get(key) or self.spec.by_key[key].header

    def name_contact_column(self, channel: str) -> str | None:
        """The header of the column with such contacts; None where the sheet has several (two guardians)."""
        keys = [key for key in self.contact_keys if key.endswith(channel)]
        return self.headers[keys[0]] if len(keys) == 1 else None

    def add(self, code: str, row: int, key: str | None = None, value: str = "", **params: Any) -> None:
        """An error."""
        header = self.name_column(key) if key else None
        self.findings.add(Issue(code, Severity.ERROR, row, header, value, params))

    def add_missing_contact(self, row: int) -> None:
        self.add("missing_contact", row, columns=", ".join(self.headers[key] for key in self.contact_keys))

    def warn(self, code: str, row: int, key: str | None = None, value: str = "", **params: Any) -> None:
        header = self.name_column(key) if key else None
        self.findings.add(Issue(code, Severity.WARNING, row, header, value, params))

    def are_unremarkable(self, amounts: Sequence[int], due_dates: Sequence[str]) -> bool:
        """True if ``warn_about_amount_and_date`` has nothing to say about any of them."""
        least, most = self.near_amounts
        return min(due_dates) >= self.today and least <= min(amounts) and max(amounts) <= most

    def warn_about_amount_and_date(self, row: int, amount: int, due_date: str) -> None:
        if due_date < self.today:
            self.warn("due_date_past", row, "due_date", due_date, today=self.today)
        least, most = self.near_amounts
        if self.last_amounts and not least <= amount <= most:
            limits = {name: format_rupiah(limit) for name, limit in self.last_amounts.items()}
            self.warn("amount_far_from_last", row, "amount", format_rupiah(amount), **limits)
