"""Read a workbook's sheets: python-calamine for the values, and a second look where it would hide something.

calamine shows an error cell (#N/A) and a formula without a cached value as '', like an empty cell. Where the guard saw
either in a sheet, the sheet's XML is searched for such cells and they are laid over calamine's rows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from posixpath import join, normpath
from typing import Any, Literal, cast
from xml.parsers import expat
from xml.sax.saxutils import unescape
from zipfile import ZipFile

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from invoicing.workbooks.guard import MAX_COLUMNS, GuardReport
from invoicing.workbooks.refusal import WorkbookRefused

_MAX_SHEETS = 100
_MAX_TEXT = 200
_BLOCK = 1 << 20
_MAX_ROW_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class UnreadableCell:
    """A cell that shows something in Excel but has no usable value in the file."""

    kind: Literal["error", "formula"]
    """``error``: the value is #N/A, #REF! …; ``formula``: nobody calculated the formula before saving."""
    text: str
    """The error's name, or the formula with its ``=``; cut to 200 characters."""


Cell = str | int | float | bool | datetime | date | time | timedelta | UnreadableCell
"""'' is an empty cell. Every number is a float (1500000.0), and a float may be nan or inf: workbooks can hold those."""


class Sheet:
    """One worksheet, read when ``rows`` or ``merged_ranges`` is first asked for and then held in memory."""

    def __init__(
        self, path: Path, workbook: CalamineWorkbook, metadata: SheetMetadata, last_row: int, careful_part: str | None
    ) -> None:
        self.name = metadata.name
        self.visible = metadata.visible == SheetVisibleEnum.Visible
        self._path = path
        self._workbook = workbook
        self._last_row = last_row
        self._careful_part = careful_part

    @cached_property
    def _data(self) -> CalamineSheet:
        try:
            data = self._workbook.get_sheet_by_name(self.name)
        except CalamineError as error:
            raise WorkbookRefused("workbook_damaged") from error
        row, column = data.end or (0, 0)
        # Before anybody walks over rows that a single far cell made up.
        if row >= self._last_row or column >= MAX_COLUMNS:
            raise WorkbookRefused("value_far_away", cell=f"{_name_column(column)}{row + 1}")
        return data

    @property
    def merged_ranges(self) -> list[tuple[int, int, int, int]]:
        """(first row, first column, last row, last column); rows from 1, columns from 0, as in the sheet."""
        ranges = self._data.merged_cell_ranges or []
        return [(top + 1, left, bottom + 1, right) for (top, left), (bottom, right) in ranges]

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """(Excel's row number, cells from column A) from row 1 to the last row that holds a value.

        Rows between are given even when blank. Rows may differ in length: what is missing on the right is empty.
        """
        rows = self._plain_rows()
        if self._careful_part:
            unreadable = _find_unreadable_cells(self._path, self._careful_part, self._last_row)
            if unreadable:
                return _lay_over(rows, unreadable)
        return rows

    def _plain_rows(self) -> Iterator[tuple[int, list[Cell]]]:
        data = self._data
        # calamine gives rows from row 1, but cells from the first column that holds anything.
        padding: list[Cell] = [""] * (data.start[1] if data.start else 0)
        rows = cast(Iterator[tuple[int, list[Cell]]], enumerate(data.iter_rows(), start=1))
        try:
            if padding:
                for number, cells in rows:
                    yield number, padding + cells
            else:
                yield from rows
        except CalamineError as error:
            raise WorkbookRefused("workbook_damaged") from error


def read_sheets(path: Path, report: GuardReport) -> list[Sheet]:
    """The worksheets in workbook order, hidden ones too (chart and macro sheets left out), none of them read yet.

    Raises WorkbookRefused when the workbook's frame cannot be read; ``Sheet.rows`` does for a sheet.
    """
    try:
        workbook = CalamineWorkbook.from_path(path)
    except CalamineError as error:
        raise WorkbookRefused("workbook_damaged") from error
    if len(workbook.sheets_metadata) > _MAX_SHEETS:
        raise WorkbookRefused("workbook_too_complex")
    careful = {name.lower() for name, scan in report.parts.items() if scan.has_errors or scan.has_valueless_formulas}
    parts = _name_parts(path) if careful else {}
    sheets = []
    for metadata in workbook.sheets_metadata:
        if metadata.typ != SheetTypeEnum.WorkSheet:
            continue
        part = parts.get(metadata.name)
        careful_part = part if part and part.lower() in careful else None
        sheets.append(Sheet(path, workbook, metadata, report.last_row, careful_part))
    return sheets


def _name_column(index: int) -> str:
    name = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        name = chr(65 + letter) + name
    return name


def _lay_over(
    rows: Iterator[tuple[int, list[Cell]]], unreadable: dict[int, list[tuple[int, UnreadableCell]]]
) -> Iterator[tuple[int, list[Cell]]]:
    """Consumes ``unreadable``; its rows below calamine's last row (only such cells in them) come at the end."""
    number = 0
    for number, cells in rows:
        found = unreadable.pop(number, None)
        yield number, _overwrite(cells, found) if found else cells
    for below in sorted(unreadable):
        for blank in range(number + 1, below):
            yield blank, []
        yield below, _overwrite([], unreadable[below])
        number = below


def _overwrite(cells: list[Cell], found: list[tuple[int, UnreadableCell]]) -> list[Cell]:
    for column, cell in found:
        if column >= len(cells):
            cells.extend([""] * (column + 1 - len(cells)))
        cells[column] = cell
    return cells


# --- which part of the zip is which sheet --------------------------------------------------------------------------


def _name_parts(path: Path) -> dict[str, str]:
    """Sheet name -> part name."""
    with ZipFile(path) as archive:
        targets = {
            attributes["Id"]: attributes["Target"]
            for element, attributes in _list_elements(archive.read("xl/_rels/workbook.xml.rels"))
            if element == "Relationship" and {"Id", "Target"} <= attributes.keys()
        }
        parts = {}
        for element, attributes in _list_elements(archive.read("xl/workbook.xml")):
            relation = next((value for name, value in attributes.items() if name.endswith(":id")), "")
            if element == "sheet" and relation in targets:
                # join() drops "xl" when the target is absolute.
                parts[attributes.get("name", "")] = normpath(join("/xl", targets[relation])).lstrip("/")
    return parts


def _list_elements(document: bytes) -> list[tuple[str, dict[str, str]]]:
    """(local name, attributes) of every element. The guard has seen to it that there is no document type."""
    elements: list[tuple[str, dict[str, str]]] = []

    def note(name: str, attributes: dict[str, Any]) -> None:
        elements.append((name.rpartition(":")[2], attributes))

    parser = expat.ParserCreate()
    parser.StartElementHandler = note
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise WorkbookRefused("workbook_damaged") from error
    return elements


# --- cells that calamine would hide --------------------------------------------------------------------------------

_ROOT_PREFIX = re.compile(rb"<([\w.-]+):worksheet[\s>]")
_ROW = re.compile(rb"<row(?=[\s/>])([^<>]*)")
_ROW_NUMBER = re.compile(rb'\sr="([0-9]{1,7})"')
_AFTER_NAME = b" >/\t\r\n"
_CELL_COLUMN = re.compile(rb'\sr="([A-Z]{1,3})[0-9]+"')
_FORMULA = re.compile(rb"<f(?:\s[^<>]*?)?(?:/>|>([^<]*))")
_VALUE = re.compile(rb"<v(?:\s[^<>]*)?>([^<]+)")


def _find_unreadable_cells(path: Path, part: str, last_row: int) -> dict[int, list[tuple[int, UnreadableCell]]]:
    """Row number -> (column index, cell) of error cells and formulas without a cached value."""
    found: dict[int, list[tuple[int, UnreadableCell]]] = {}
    same: dict[UnreadableCell, UnreadableCell] = {}
    number = 0
    for chunk in _split_rows(path, part):
        for row in _ROW.finditer(chunk):
            given = _ROW_NUMBER.search(row[1])
            number = int(given[1]) if given else number + 1
        if b' t="e"' not in chunk and b"<f" not in chunk:
            continue
        # One object for equal cells: a workbook may hold the same #N/A a million times.
        cells = [(column, same.setdefault(cell, cell)) for column, cell in _list_unreadable(chunk)]
        if cells and number > last_row:
            raise WorkbookRefused("value_far_away", cell=f"{_name_column(cells[0][0])}{number}")
        if cells:
            found.setdefault(number, []).extend(cells)
    return found


def _split_rows(path: Path, part: str) -> Iterator[bytes]:
    """The sheet's XML cut behind each ``</row>``, brought to the common form: no prefix, double quotes."""
    with ZipFile(path) as archive, archive.open(part) as file:
        block = file.read(_BLOCK)
        root = _ROOT_PREFIX.search(block)
        prefix = root[1] + b":" if root else b""
        rest = b""
        while block:
            *chunks, rest = (rest + block).split(b"</" + prefix + b"row>")
            if len(rest) > _BLOCK:
                # Formatted rows without cells (`<row …/>`) go on to row 1,048,576 and close nothing.
                cut = max(0, rest.rfind(b"<" + prefix + b"row"))
                chunks.append(rest[:cut])
                rest = rest[cut:]
            if len(rest) > _MAX_ROW_BYTES:
                raise WorkbookRefused("workbook_too_complex")
            for chunk in chunks:
                yield _normalise(chunk, prefix)
            block = file.read(_BLOCK)


def _normalise(chunk: bytes, prefix: bytes) -> bytes:
    if prefix:
        chunk = chunk.replace(b"<" + prefix, b"<").replace(b"</" + prefix, b"</")
    return chunk.replace(b"'", b'"') if b"='" in chunk else chunk


def _list_unreadable(row: bytes) -> Iterator[tuple[int, UnreadableCell]]:
    # Other elements begin with <c too: <color>, in texts of several styles.
    pieces = [piece for piece in row.split(b"<c")[1:] if piece[:1] in _AFTER_NAME]
    for index, piece in enumerate(pieces):
        if b"<f" not in piece and b' t="e"' not in piece:
            continue
        attributes, _, content = piece.partition(b">")
        cell = _judge_cell(attributes, content)
        column = _locate_cell(pieces, index) if cell else 0
        if cell and column < MAX_COLUMNS:
            yield column, cell


def _judge_cell(attributes: bytes, content: bytes) -> UnreadableCell | None:
    value = _VALUE.search(content)
    if b' t="e"' in attributes:
        return UnreadableCell("error", _decode(value[1]) if value else "")
    # A text formula may well have the empty text as its value: =IF(A1="","",A1).
    if value or (b' t="str"' in attributes and b"<v" in content):
        return None
    formula = _FORMULA.search(content)
    return UnreadableCell("formula", "=" + _decode(formula[1] or b"")) if formula else None


def _locate_cell(pieces: list[bytes], index: int) -> int:
    """The column's index. A cell without a reference stands right of the one before it."""
    for steps in range(min(index + 1, MAX_COLUMNS)):
        reference = _CELL_COLUMN.search(pieces[index - steps].partition(b">")[0])
        if reference:
            return _index_column(reference[1]) + steps
    return index


def _index_column(letters: bytes) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + letter - 64
    return index - 1


def _decode(content: bytes) -> str:
    text = content.decode("utf-8", errors="replace")
    return (unescape(text, {"&quot;": '"', "&apos;": "'"}) if "&" in text else text)[:_MAX_TEXT]
