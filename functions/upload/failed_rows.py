"""The failed-rows workbook: the user's own columns with only the bad rows, cells marked, reasons beside them.

Mended and uploaded again it must be read as the user's file would: text stays text, dates stay dates, and nothing that
came from outside ever becomes a formula.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

import orjson
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel
from openpyxl.worksheet.properties import PageSetupProperties

from invoicing.issues import Issue, Severity
from invoicing.modules.columns import (
    REASON_ENGLISH_HEADER,
    REASON_HEADER,
    SOURCE_ROW_HEADER,
    Column,
    Kind,
    WorkbookSpec,
)
from invoicing.texts import LANGUAGES, describe_finding, text
from invoicing.workbooks.guard import inspect_file
from invoicing.workbooks.reader import Cell, UnreadableCell, read_sheets
from upload.sheets import find_data_sheet, get_spec

GENERAL_FORMAT, TEXT_FORMAT, MONEY_FORMAT = "General", "@", "#,##0"
DATE_FORMAT, DATE_TIME_FORMAT, TIME_FORMAT = "dd/mm/yyyy", "dd/mm/yyyy hh:mm:ss", "[hh]:mm:ss"
FONT = "Arial"
FILLS = {Severity.ERROR: "F8C9C9", Severity.WARNING: "FCE8B2"}
HEADER_FILL, REASON_FILL = "E4E7EC", "1F2A44"
REASON_WIDTH, SOURCE_ROW_WIDTH, UNKNOWN_WIDTH = 60, 14, 18
LINE_HEIGHT, MAX_ROW_HEIGHT = 13, 400
REASON = "reason"
MADE_HEADERS = (REASON_HEADER, REASON_ENGLISH_HEADER, SOURCE_ROW_HEADER)
SHEET_PART = "xl/worksheets/sheet1.xml"
MAX_CELL_LENGTH = 32_767
"""Excel's own limit of one cell."""

# What XML 1.0 cannot hold, and what spreadsheet programs take for the start of a formula.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class ErrorName(Enum):
    """An error as a cell's value. As a text it would pass for a name when the file comes back unmended."""

    NULL = "#NULL!"
    DIVISION = "#DIV/0!"
    VALUE = "#VALUE!"
    REFERENCE = "#REF!"
    NAME = "#NAME?"
    NUMBER = "#NUM!"
    NOT_AVAILABLE = "#N/A"


_ERRORS = {error.value: error for error in ErrorName}
Presented = str | int | float | datetime | date | time | timedelta | ErrorName | None


@dataclass(frozen=True, slots=True)
class BadRow:
    number: int
    """Its row in the user's workbook."""
    cells: list[Cell]
    """In the order of the user's headers."""
    issues: list[Issue]


class FailedRowsWriter:
    """Writes the sheet row by row, in little memory.

    openpyxl makes the workbook around the rows, styles and all; the rows are then set into its sheet as XML, in a
    fifth of the time that openpyxl's own cells take: a column that is wrong throughout makes every row a bad one.
    """

    def __init__(self, spec: WorkbookSpec, headers: list[str]) -> None:
        # Columns that an earlier failed-rows workbook added would pile up.
        self._kept = [index for index, header in enumerate(headers) if header not in MADE_HEADERS]
        self._headers = [headers[index] for index in self._kept]
        self._columns = [spec.find_column(header) for header in self._headers]
        width = len(self._kept) + len(MADE_HEADERS)
        self._letters = [get_column_letter(index) for index in range(1, width + 1)]
        self._workbook = Workbook()
        self._styles: dict[tuple[str, str, bool], int] = {}
        self._write_headers(spec.data_sheet)

    def _write_headers(self, title: str) -> None:
        sheet = self._workbook.worksheets[0]
        sheet.title = title
        sheet.freeze_panes = "A2"
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.print_title_rows = "1:1"
        sheet.row_dimensions[1].height = 32
        widths = [column.width if column else UNKNOWN_WIDTH for column in self._columns]
        widths += [REASON_WIDTH, REASON_WIDTH, SOURCE_ROW_WIDTH]
        for number, header in enumerate((*self._headers, *MADE_HEADERS), start=1):
            fill, ink = (REASON_FILL, "FFFFFF") if header in MADE_HEADERS else (HEADER_FILL, "222222")
            cell = sheet.cell(1, number, _clean(header))
            cell.data_type = "s"  # also where the header looks like a formula
            cell.fill = PatternFill("solid", start_color=fill)
            cell.font = Font(name=FONT, size=10, bold=True, color=ink)
            cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
            cell.quotePrefix = True
            sheet.column_dimensions[self._letters[number - 1]].width = widths[number - 1]
        for number_format in (TEXT_FORMAT, MONEY_FORMAT, DATE_FORMAT, DATE_TIME_FORMAT, TIME_FORMAT, GENERAL_FORMAT):
            for mark in ("", *FILLS):
                self._add_style(number_format, mark)
        self._add_style(GENERAL_FORMAT, REASON)

    def _add_style(self, number_format: str, mark: str) -> None:
        for quoted in (False, True):
            cell = WriteOnlyCell(self._workbook.worksheets[0])
            cell.number_format = number_format
            cell.font = Font(name=FONT, size=10)
            cell.alignment = Alignment(vertical="top", wrap_text=mark == REASON)
            if mark in FILLS:
                cell.fill = PatternFill("solid", start_color=FILLS[Severity(mark)])
            # Editing the cell in Excel keeps it a text, as the apostrophe does that people type.
            cell.quotePrefix = quoted
            self._styles[number_format, mark, quoted] = cell.style_id

    def write(self, path: Path, rows: Iterable[BadRow]) -> int:
        """Save the workbook with these rows; how many there were."""
        frame = BytesIO()
        self._workbook.save(frame)
        count = 0
        with ZipFile(frame) as source, ZipFile(path, "w", ZIP_DEFLATED, compresslevel=3) as target:
            for name in source.namelist():
                if name != SHEET_PART:
                    target.writestr(name, source.read(name))
                    continue
                head, end, tail = source.read(name).partition(b"</sheetData>")
                with target.open(name, "w", force_zip64=True) as part:
                    part.write(head)
                    for count, row in enumerate(rows, start=1):
                        part.write(self._render_row(count + 1, row).encode())
                    part.write(end + tail)
        return count

    def _render_row(self, number: int, row: BadRow) -> str:
        marks = _choose_marks(row.issues)
        reasons = _explain(row.issues)
        # Programs do not all grow a row for its wrapped text when they open a file.
        lines = max(sum(1 + len(line) // REASON_WIDTH for line in reason.split("\n")) for reason in reasons)
        rendered = [f'<row r="{number}" ht="{min(LINE_HEIGHT * lines + 2, MAX_ROW_HEIGHT)}" customHeight="1">']
        letters = iter(self._letters)
        for header, column, index in zip(self._headers, self._columns, self._kept, strict=True):
            value, number_format = _present(row.cells[index] if index < len(row.cells) else "", column)
            rendered.append(self._render_cell(f"{next(letters)}{number}", value, number_format, marks.get(header, "")))
        for reason in reasons:
            rendered.append(self._render_cell(f"{next(letters)}{number}", reason, GENERAL_FORMAT, REASON))
        rendered.append(self._render_cell(f"{next(letters)}{number}", row.number, GENERAL_FORMAT, ""))
        rendered.append("</row>")
        return "".join(rendered)

    def _render_cell(self, reference: str, value: Presented, number_format: str, mark: str) -> str:
        if isinstance(value, str):
            # Always a text, whatever it begins with: never a formula.
            style = self._styles[number_format, mark, value.startswith(FORMULA_STARTS)]
            body = f'<is><t xml:space="preserve">{escape(value)}</t></is>'
            return f'<c r="{reference}" s="{style}" t="inlineStr">{body}</c>'
        style = self._styles[number_format, mark, False]
        if value is None:
            return f'<c r="{reference}" s="{style}"/>'
        if isinstance(value, bool):
            return f'<c r="{reference}" s="{style}" t="b"><v>{value:d}</v></c>'
        if isinstance(value, ErrorName):
            return f'<c r="{reference}" s="{style}" t="e"><v>{value.value}</v></c>'
        number = value if isinstance(value, int | float) else to_excel(value)  # type: ignore[no-untyped-call]
        return f'<c r="{reference}" s="{style}"><v>{number!r}</v></c>'


def build_failed_rows(request: dict[str, Any]) -> dict[str, Any]:
    """Write the failed-rows workbook of a checked upload; runs inside the sandbox. Answers ``{"rows": how many}``.

    Request: path, out_path, module, issues_path, max_rows, max_bytes. Raises WorkbookRefused as the check does.
    """
    path = Path(request["path"])
    report = inspect_file(path, max_bytes=request["max_bytes"], max_rows=request["max_rows"])
    spec = get_spec(request["module"])
    data = find_data_sheet(read_sheets(path, report), spec)
    writer = FailedRowsWriter(spec, [field.header for field in data.fields])
    rows = _pick_bad_rows(data.rows(), _read_bad_issues(Path(request["issues_path"])))
    return {"rows": writer.write(Path(request["out_path"]), rows)}


def _pick_bad_rows(
    rows: Iterator[tuple[int, list[Cell]]], bad_issues: Iterator[tuple[int, list[Issue]]]
) -> Iterator[BadRow]:
    """The rows with an error, by walking along both lists, which are in the order of the sheet."""
    for bad_number, issues in bad_issues:
        cells = next((cells for number, cells in rows if number == bad_number), [])
        yield BadRow(bad_number, cells, issues)


def _choose_marks(issues: list[Issue]) -> dict[str, str]:
    """Header -> severity of its worst issue."""
    marks: dict[str, str] = {}
    for issue in issues:
        if issue.column and issue.severity in FILLS and marks.get(issue.column) != Severity.ERROR:
            marks[issue.column] = issue.severity
    return marks


def _present(cell: Cell, column: Column | None) -> tuple[Presented, str]:
    """The value to write and its number format: of the same kind as it was, unless Excel had spoilt an id."""
    if isinstance(cell, UnreadableCell):
        return _ERRORS.get(cell.text, ErrorName.NOT_AVAILABLE), GENERAL_FORMAT
    if isinstance(cell, str):
        return (_clean(cell), TEXT_FORMAT) if cell else (None, _empty_format(column))
    if isinstance(cell, bool):
        return cell, GENERAL_FORMAT
    if isinstance(cell, int | float):
        return _present_number(cell, column)
    if isinstance(cell, datetime):
        return (cell.date(), DATE_FORMAT) if cell.time() == time.min else (cell, DATE_TIME_FORMAT)
    if isinstance(cell, date):
        return cell, DATE_FORMAT
    return cell, TIME_FORMAT


def _present_number(number: int | float, column: Column | None) -> tuple[Presented, str]:
    if isinstance(number, float):
        if not math.isfinite(number):
            return ErrorName.NUMBER, GENERAL_FORMAT
        # Excel keeps 15 digits: a longer number stays one, so that it is refused again until the user mends it.
        if number.is_integer() and abs(number) < 10**15:
            number = int(number)
    if column and column.text_formatted and isinstance(number, int) and number >= 0:
        return str(number), TEXT_FORMAT
    is_money = column is not None and column.kind is Kind.MONEY and isinstance(number, int)
    return number, MONEY_FORMAT if is_money else GENERAL_FORMAT


def _empty_format(column: Column | None) -> str:
    """What is typed into an empty id cell must stay text; elsewhere the program may understand it."""
    return TEXT_FORMAT if column and column.text_formatted else GENERAL_FORMAT


def _clean(typed: str) -> str:
    return _ILLEGAL.sub("", typed)[:MAX_CELL_LENGTH]


def _explain(issues: list[Issue]) -> list[str]:
    """All reasons of a row in each language, errors first, one per line."""
    reasons: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    for issue in sorted(issues, key=lambda issue: issue.severity != Severity.ERROR):
        words = describe_finding(issue.code, issue.params)
        for language, lines in reasons.items():
            reason = f"{words['what'][language]} {words['mend'][language]}"
            if issue.column:
                reason = f"{issue.column}: {reason}"
            if issue.severity is not Severity.ERROR:
                reason = text("workbooks.failed.warning", language, reason=reason)
            lines.append(reason)
    return [_clean("\n".join(lines)) for lines in reasons.values()]


def _read_bad_issues(issues_path: Path) -> Iterator[tuple[int, list[Issue]]]:
    """Row number and issues of each row with an error, in the order of the rows, as the file has them."""
    with issues_path.open("rb") as lines:
        issues = (Issue.from_json(orjson.loads(line)) for line in lines)
        about_rows = (issue for issue in issues if issue.row is not None and issue.severity in FILLS)
        for row, group in groupby(about_rows, key=lambda issue: issue.row):
            found = list(group)
            if row is not None and any(issue.severity is Severity.ERROR for issue in found):
                yield row, found
