"""Check every row below the header in one pass: batches of rows in, plan lines and findings out."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from invoicing.billers import Module
from invoicing.issues import Issue, Severity
from invoicing.modules.columns import normalise_header
from invoicing.money import format_rupiah, parse_rupiah
from invoicing.typed_text import InvalidValueError
from invoicing.workbooks.reader import Cell
from invoicing.workbooks.refusal import WorkbookRefused
from upload.batches import Batch, Checks
from upload.cells import ColumnReader
from upload.e_invoice_rows import EInvoiceRows
from upload.findings import show_cell
from upload.footers import Footer, FooterFilter, FooterKind, Row
from upload.school_rows import SchoolRows
from upload.sheets import Field, is_filled, shorten

BATCH_ROWS = 500


class RowCheck:
    """``rows`` is the number of data rows met."""

    def __init__(self, checks: Checks, now: datetime, max_rows: int) -> None:
        self.rows = 0
        self._checks = checks
        self._max_rows = max_rows
        self._module = EInvoiceRows(checks) if checks.spec.module is Module.E_INVOICE else SchoolRows(checks)
        self._width = len(checks.data.fields)
        self._readers = [
            (field, field.column.key, ColumnReader(field.column, field.header, now))
            for field in checks.data.fields
            if field.column
        ]
        self._unknown = [field for field in checks.data.fields if not field.column and not field.is_ignored]
        self._footers = FooterFilter(checks.data, checks.spec)
        self._amount_sum: int | None = 0
        self._about_file: list[Issue] = []

    def run(self) -> None:
        """Raises WorkbookRefused when there is no data row, or more than ``max_rows``."""
        rows = self._checks.data.rows()
        if self._checks.data.sheet.merged_ranges:
            rows = _fill_merged_cells(rows, self._checks.data.sheet.merged_ranges, self._checks.data.first_row)
        while chunk := list(islice(rows, BATCH_ROWS)):
            data = self._footers.sift(_even_out(chunk, self._width))
            if data:
                self._check_rows(data)
        if not self.rows:
            raise WorkbookRefused("empty_sheet", sheet=shorten(self._checks.data.sheet.name))
        self._module.finish()
        for issue in self._about_file:
            self._checks.findings.add(issue)
        for footer in self._footers.held:
            self._note_footer(footer)

    def _check_rows(self, rows: list[Row]) -> None:
        self.rows += len(rows)
        if self.rows > self._max_rows:
            raise WorkbookRefused("too_many_rows", cell=f"A{rows[-1][0]}", max_rows=self._max_rows)
        inside = self._footers.totals_inside
        if inside and not inside.isdisjoint(number for number, _ in rows):
            for number, _ in rows:
                if number in inside:
                    self._checks.findings.add(Issue("total_row_inside", Severity.ERROR, number))
            rows = [entry for entry in rows if entry[0] not in inside]
        if rows:
            self._check_batch(rows)
        self._checks.findings.spool()

    def _check_batch(self, rows: list[Row]) -> None:
        columns = list(zip(*(cells for _, cells in rows), strict=True))
        cells: dict[str, tuple[Cell, ...]] = {key: columns[field.index] for field, key, _ in self._readers}
        values = {key: reader.read(cells[key]) for _, key, reader in self._readers}
        self._warn_about_unknown(columns)
        self._sum_amounts(values["amount"])
        self._module.check_batch(Batch([number for number, _ in rows], cells, values, self._checks))

    def _warn_about_unknown(self, columns: list[tuple[Cell, ...]]) -> None:
        """Name every column that holds something but means nothing to us, once."""
        for field in list(self._unknown):
            if len(set(columns[field.index])) > 1 or is_filled(columns[field.index][0]):
                first = next((cell for cell in columns[field.index] if is_filled(cell)), None)
                if first is None:
                    continue
                self._unknown.remove(field)
                code = "unknown_column" if field.header else "column_without_header"
                params = {"letter": _name_letter(field.index), "nearest": self._find_nearest(field)}
                issue = Issue(code, Severity.WARNING, None, field.header or None, show_cell(first), params)
                self._about_file.append(issue)

    def _find_nearest(self, field: Field) -> str:
        # Only needed for unknown headers.
        from difflib import get_close_matches

        spec = self._checks.spec
        close = get_close_matches(normalise_header(field.header), list(spec.by_header), n=1, cutoff=0.6)
        return spec.by_header[close[0]].header if close else "-"

    def _sum_amounts(self, amounts: list[int | str | Exception]) -> None:
        """What the user's own SUM over the column would give; unknown as soon as one amount cannot be read."""
        if self._amount_sum is None:
            return
        whole = [amount for amount in amounts if isinstance(amount, int)]
        unreadable = len(whole) + amounts.count("") < len(amounts)
        self._amount_sum = None if unreadable else self._amount_sum + sum(whole)

    def _note_footer(self, footer: Footer) -> None:
        checks = self._checks
        shown = next(show_cell(cell) for cell in footer.cells if is_filled(cell))
        checks.findings.add(Issue("footer_row_ignored", Severity.NOTE, footer.row, value=shown))
        if footer.kind is not FooterKind.TOTAL or self._amount_sum is None:
            return
        index = next(field.index for field in checks.data.fields if field.column and field.column.key == "amount")
        try:
            total = parse_rupiah(footer.cells[index], zero=True)
        except InvalidValueError:
            return
        if total != self._amount_sum:
            params = {"total": format_rupiah(total), "sum": format_rupiah(self._amount_sum)}
            checks.warn("total_differs", footer.row, "amount", value=show_cell(footer.cells[index]), **params)


def _even_out(rows: list[Row], width: int) -> list[Row]:
    """Every row as wide as the header; the reader gives a blank row no cells at all."""
    if all(len(cells) == width for _, cells in rows):
        return rows
    return [(number, (cells + [""] * (width - len(cells)))[:width]) for number, cells in rows]


def _fill_merged_cells(rows: Iterator[Row], ranges: list[tuple[int, int, int, int]], first_row: int) -> Iterator[Row]:
    """Give every cell of a merged range the value of its first cell, as a person reads it."""
    waiting = sorted((merged for merged in ranges if merged[2] >= first_row), reverse=True)
    active: list[tuple[int, int, int, Cell]] = []
    for number, cells in rows:
        while waiting and waiting[-1][0] <= number:
            _, left, bottom, right = waiting.pop()
            if left < len(cells):
                active.append((left, bottom, right, cells[left]))
        if active:
            active = [merged for merged in active if merged[1] >= number]
            cells = list(cells)
            for left, _, right, value in active:
                for index in range(left, min(right + 1, len(cells))):
                    cells[index] = value
        yield number, cells


def _name_letter(index: int) -> str:
    """The column's letter in Excel, A to AZ."""
    return chr(65 + index) if index < 26 else f"A{chr(65 + index - 26)}"
