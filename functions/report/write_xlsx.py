"""A document as an Excel workbook: sheets for the summary, the details and what more there is.

Rows go to a temporary file as they come (``constant_memory``), so that memory does not grow with them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import xlsxwriter

from report.cells import clean, count_days, count_moment, is_risky
from report.document import Cells, Column, Document, Row, Table

_HEAD = "#1F4E78"
_BAND = "#DDEBF7"
_HEAD_HEIGHT = 32
"""Points: two lines."""
MAX_ROWS = 1_048_000
"""Of one sheet; Excel has room for some hundred more."""
MAX_TEXT = 32_767
"""Characters of a cell (Excel)."""

Write = Callable[[int, int, Any], object]


def write_xlsx(document: Document, path: Path) -> None:
    workbook = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
    workbook.set_properties({"title": document.title})
    try:
        formats = _Formats(workbook)
        summary = workbook.add_worksheet(document.summary_name)
        details = [document.details, *document.more]
        for name, table in zip([document.details_name, *(more.title for more in document.more)], details, strict=True):
            sheet = workbook.add_worksheet(name)
            _write_long_table(sheet, formats, document, table)
        _write_summary(summary, formats, document)
    finally:
        workbook.close()


class _Formats:
    def __init__(self, workbook: Any) -> None:
        numbers = {
            Cells.TEXT: {"num_format": "@"},
            Cells.NUMBER: {"num_format": "#,##0"},
            Cells.MONEY: {"num_format": "#,##0"},
            Cells.DATE: {"num_format": "dd/mm/yyyy", "align": "left"},
            Cells.INSTANT: {"num_format": "dd/mm/yyyy hh:mm:ss", "align": "left"},
        }
        self.plain = {cells: workbook.add_format(given) for cells, given in numbers.items()}
        total = {"bold": True, "top": 1, "bg_color": _BAND}
        self.total = {cells: workbook.add_format({**given, **total}) for cells, given in numbers.items()}
        # With this mark the cell stays text even when somebody edits it.
        self.risky = workbook.add_format({"num_format": "@", "quote_prefix": True})
        self.title = workbook.add_format({"bold": True, "font_size": 14})
        self.label = workbook.add_format({"font_color": "#555555"})
        self.heading = workbook.add_format({"bold": True, "font_size": 12})
        head = {"bold": True, "font_color": "#FFFFFF", "bg_color": _HEAD, "text_wrap": True, "valign": "vcenter"}
        self.head = workbook.add_format(head)
        self.number_head = workbook.add_format({**head, "align": "right"})


def _write_head(sheet: Any, formats: _Formats, document: Document) -> int:
    """Title and facts; the first free row."""
    sheet.write_string(0, 0, document.title, formats.title)
    for row, (label, text) in enumerate(document.facts, start=1):
        sheet.write_string(row, 0, label, formats.label)
        sheet.write_string(row, 1, text)
    return len(document.facts) + 2


def _write_long_table(sheet: Any, formats: _Formats, document: Document, table: Table) -> None:
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, column.width)
    first = _write_head(sheet, formats, document)
    _write_column_names(sheet, formats, first, table)
    sheet.freeze_panes(first + 1, 0)
    row = _write_rows(sheet, formats, document, table, first + 1)
    if row > first + 1:
        sheet.autofilter(first, 0, row - 1, len(table.columns) - 1)
    _write_totals(sheet, formats, document, table, row)
    _set_page(sheet, first)


def _set_page(sheet: Any, head_row: int | None = None) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    if head_row is not None:
        sheet.repeat_rows(head_row)


def _write_summary(sheet: Any, formats: _Formats, document: Document) -> None:
    tables = document.summarise()
    widths = [28, 20]
    for table in tables:
        for place, column in enumerate(table.columns):
            if place == len(widths):
                widths.append(0)
            widths[place] = max(widths[place], column.width)
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)
    row = _write_head(sheet, formats, document)
    for table in tables:
        sheet.write_string(row, 0, table.title, formats.heading)
        _write_column_names(sheet, formats, row + 1, table)
        row = _write_rows(sheet, formats, document, table, row + 2)
        row = _write_totals(sheet, formats, document, table, row) + 1
    _set_page(sheet)


def _write_column_names(sheet: Any, formats: _Formats, row: int, table: Table) -> None:
    # Programs do not fit the height of wrapped text by themselves when the row says nothing of it.
    sheet.set_row(row, _HEAD_HEIGHT)
    for place, column in enumerate(table.columns):
        is_number = column.cells in (Cells.NUMBER, Cells.MONEY)
        sheet.write_string(row, place, column.name, formats.number_head if is_number else formats.head)


def _write_rows(sheet: Any, formats: _Formats, document: Document, table: Table, row: int) -> int:
    writers = [_choose_writer(sheet, formats, column, document.zone) for column in table.columns]
    for given in table.rows:
        if row >= MAX_ROWS:
            raise ReportTooLongError(table.title)
        for place, value in enumerate(given):
            if value != "" and value is not None:
                writers[place](row, place, value)
        row += 1
    return row


class ReportTooLongError(Exception):
    """A sheet cannot hold so many rows; a CSV file can."""


def _write_totals(sheet: Any, formats: _Formats, document: Document, table: Table, row: int) -> int:
    """The first free row."""
    totals: Row | None = table.read_totals()
    if totals is None:
        return row
    for place, (column, value) in enumerate(zip(table.columns, totals, strict=True)):
        style = formats.total[column.cells]
        if value == "" or value is None:
            sheet.write_blank(row, place, None, style)
        elif isinstance(value, str):
            sheet.write_string(row, place, value, formats.total[Cells.TEXT])
        else:
            sheet.write_number(row, place, value, style)
    return row + 1


def _choose_writer(sheet: Any, formats: _Formats, column: Column, zone: str) -> Write:
    style = formats.plain[column.cells]
    string, number = sheet.write_string, sheet.write_number
    match column.cells:
        case Cells.TEXT:
            risky = formats.risky

            def write_text(row: int, place: int, value: str) -> None:
                # What begins with a letter or digit and holds nothing odd, as nearly everything.
                if value[0].isalnum() and value.isprintable() and len(value) <= MAX_TEXT:
                    string(row, place, value, style)
                    return
                text = clean(value)[:MAX_TEXT]
                string(row, place, text, risky if is_risky(text) else style)

            return write_text
        case Cells.DATE:
            return lambda row, place, value: number(row, place, count_days(value), style)
        case Cells.INSTANT:
            return lambda row, place, value: number(row, place, count_moment(value, zone), style)
        case _:
            return lambda row, place, value: number(row, place, value, style)
