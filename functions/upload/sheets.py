"""Find the data in a workbook: which sheet, which row is the header, and what each column means."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NoReturn

from invoicing.modules import e_invoice, pintu_kelas
from invoicing.modules.columns import (
    EXAMPLE_SHEET,
    GUIDE_SHEET,
    Column,
    WorkbookSpec,
    is_ignored_header,
    normalise_header,
)
from invoicing.typed_text import clean_text
from invoicing.workbooks.reader import Cell, Sheet
from invoicing.workbooks.refusal import WorkbookRefused

HEADER_SEARCH_ROWS = 30
"""Title, address and date rows may stand above the header, but not more than fit on a page."""
_LEAST_KNOWN_HEADERS = 2
_MAX_HEADER = 100
"""Characters of a cell that are looked at as a header."""
_MAX_SHOWN, _MAX_LISTED = 60, 20
"""Characters of a header or sheet name that a message or an answer shows, and how many of them."""

_SPECS = {spec.module.value: spec for spec in (e_invoice.SPEC, pintu_kelas.SPEC)}
_HELP_SHEETS = frozenset(
    normalise_header(name) for name in (GUIDE_SHEET, EXAMPLE_SHEET, "Guide", "Example", "Examples")
)


@dataclass(frozen=True, slots=True)
class Field:
    """One column of the user's sheet."""

    index: int
    header: str
    """As typed, cut to 100 characters; empty for a column without a header."""
    column: Column | None
    """None: not known to us."""

    @property
    def is_ignored(self) -> bool:
        return self.column is None and is_ignored_header(self.header)


@dataclass(frozen=True, slots=True)
class DataSheet:
    sheet: Sheet
    header_row: int
    first_row: int
    """The first row below the header and its translation."""
    fields: tuple[Field, ...]

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """(Excel row number, cells) of everything below the header, blank rows too."""
        return islice(self.sheet.rows(), self.first_row - 1, None)


def get_spec(module: str) -> WorkbookSpec:
    return _SPECS[module]


def is_filled(cell: Cell) -> bool:
    return cell != "" and not (isinstance(cell, str) and not clean_text(cell))


def find_data_sheet(sheets: Sequence[Sheet], spec: WorkbookSpec) -> DataSheet:
    """The sheet to read, with its header understood.

    Raises WorkbookRefused when there is none, when two visible sheets both hold bills, when required headers are
    missing or repeated, and when there is no row below the header: nothing of such a file can be taken. Nor may a
    second sheet that looks like bills be left out because a header of it is misspelt.
    """
    visible = [sheet for sheet in sheets if sheet.visible and normalise_header(sheet.name) not in _HELP_SHEETS]
    found = [data for sheet in visible if (data := _read_header(sheet, spec))]
    complete = [data for data in found if not _list_missing(data.fields, spec)]
    if complete:
        with_rows = [data for data in complete if _has_rows(data)]
        if len(with_rows) > 1:
            raise WorkbookRefused("several_data_sheets", sheets=_quote(data.sheet.name for data in with_rows))
        chosen = (with_rows or _prefer_template(complete, spec))[0]
        _refuse_repeated(chosen)
        for data in found:
            if data not in complete and _looks_like_bills(data, spec) and _has_rows(data):
                _refuse_headers("sheet_incomplete" if with_rows else "missing_headers", data, spec)
        if not with_rows:
            raise WorkbookRefused("empty_sheet", sheet=shorten(chosen.sheet.name))
        return chosen
    _refuse_hidden(sheets, spec)
    _refuse_other_module(visible, spec)
    if found:
        nearest = max(_prefer_template(found, spec), key=_count_known)
        _refuse_repeated(nearest)
        _refuse_headers("missing_headers", nearest, spec)
    if not any(_has_cells(sheet) for sheet in visible):
        raise WorkbookRefused("empty_sheet", sheet=shorten(visible[0].name if visible else spec.data_sheet))
    raise WorkbookRefused("no_data_sheet", sheet=spec.data_sheet, found=_quote(sheet.name for sheet in visible))


def _quote(names: Iterable[str]) -> str:
    return ", ".join(f"“{shorten(name)}”" for name in islice(filter(None, names), _MAX_LISTED))


def shorten(name: str) -> str:
    """A header or sheet name as messages show it: both may be as long as their author liked."""
    return name if len(name) <= _MAX_SHOWN else f"{name[: _MAX_SHOWN - 1]}…"


def _prefer_template(found: list[DataSheet], spec: WorkbookSpec) -> list[DataSheet]:
    return sorted(found, key=lambda data: normalise_header(data.sheet.name) != normalise_header(spec.data_sheet))


def _count_known(data: DataSheet) -> int:
    return len({field.column.key for field in data.fields if field.column})


def _list_missing(fields: Sequence[Field], spec: WorkbookSpec) -> list[str]:
    known = {field.column.key for field in fields if field.column}
    missing = [column.header for column in spec.columns if column.required and column.key not in known]
    contacts = [column for column in spec.columns if column.contact]
    if not any(column.key in known for column in contacts):
        missing.append(" / ".join(column.header for column in contacts))
    return missing


def _looks_like_bills(data: DataSheet, spec: WorkbookSpec) -> bool:
    """True if most of what every bill states has its column: a list of customers or a price list has not."""
    needed = sum(column.required for column in spec.columns) + 1
    return 2 * len(_list_missing(data.fields, spec)) < needed


def _refuse_headers(code: str, data: DataSheet, spec: WorkbookSpec) -> NoReturn:
    raise WorkbookRefused(
        code,
        sheet=shorten(data.sheet.name),
        row=data.header_row,
        headers=_quote(_list_missing(data.fields, spec)),
        unknown=_quote(field.header for field in data.fields if not field.column and not field.is_ignored) or "-",
    )


def _refuse_repeated(data: DataSheet) -> None:
    headers: dict[str, list[str]] = {}
    for field in data.fields:
        if field.column:
            headers.setdefault(field.column.key, []).append(field.header)
    for same in headers.values():
        if len(same) > 1:
            name = shorten(data.sheet.name)
            raise WorkbookRefused("repeated_headers", sheet=name, row=data.header_row, headers=_quote(same))


def _refuse_hidden(sheets: Sequence[Sheet], spec: WorkbookSpec) -> None:
    for sheet in sheets:
        if not sheet.visible and normalise_header(sheet.name) not in _HELP_SHEETS:
            data = _read_header(sheet, spec)
            if data and not _list_missing(data.fields, spec):
                raise WorkbookRefused("only_hidden_sheet", sheet=shorten(sheet.name))


def _refuse_other_module(visible: Sequence[Sheet], spec: WorkbookSpec) -> None:
    for other in _SPECS.values():
        if other is spec:
            continue
        for sheet in visible:
            data = _read_header(sheet, other)
            if data and not _list_missing(data.fields, other):
                raise WorkbookRefused("other_module", sheet=shorten(sheet.name), expected=spec.data_sheet)


def _has_cells(sheet: Sheet) -> bool:
    return any(is_filled(cell) for _, cells in sheet.rows() for cell in cells)


def _has_rows(data: DataSheet) -> bool:
    return any(is_filled(cell) for _, cells in data.rows() for cell in cells)


def _read_header(sheet: Sheet, spec: WorkbookSpec) -> DataSheet | None:
    """The row among the first with most known headers, completed from the rows right below and above it.

    The row below may translate the header, or hold the second line of a two-line one; it is then no data.
    """
    lines = [_read_line(cells, spec) for _, cells in islice(sheet.rows(), HEADER_SEARCH_ROWS + 1)]
    known = [len({column.key for _, column in line if column}) for line in lines]
    best = max(range(min(len(lines), HEADER_SEARCH_ROWS)), key=lambda index: known[index], default=None)
    if best is None:
        return None
    below = lines[best + 1] if best + 1 < len(lines) and _is_second_line(lines[best], lines[best + 1]) else []
    above = lines[best - 1] if best else []
    fields = _merge_lines(lines[best], below, above)
    if len({field.column.key for field in fields if field.column}) < _LEAST_KNOWN_HEADERS:
        return None
    return DataSheet(sheet, best + 1, best + (3 if below else 2), fields)


_NO_TEXT = "\0"
"""Stands for a cell that holds a number, a date …: no header, but not empty either."""
_Line = list[tuple[str, Column | None]]


def _read_line(cells: Sequence[Cell], spec: WorkbookSpec) -> _Line:
    headers = [cell.strip()[:_MAX_HEADER] if isinstance(cell, str) else _NO_TEXT for cell in cells]
    return [(header, spec.find_column(header) if clean_text(header) else None) for header in headers]


def _is_second_line(first: _Line, line: _Line) -> bool:
    """True if the row can be no bill: nothing but headers, each below its own translation or where none is yet.

    "Customer", "Item" or "Branch" may well stand in a bill, too, but not alone.
    """
    repeated = added = 0
    for index, (header, column) in enumerate(line):
        above = first[index][1] if index < len(first) else None
        if header != _NO_TEXT and (not clean_text(header) or is_ignored_header(header)):
            continue
        if column is None or (above is not None and above is not column):
            return False
        repeated += above is column
        added += above is None
    known = sum(column is not None for _, column in first)
    return repeated + added >= _LEAST_KNOWN_HEADERS and (added > 0 or 2 * repeated >= known)


def _merge_lines(line: _Line, below: _Line, above: _Line) -> tuple[Field, ...]:
    fields = []
    taken = {column.key for _, column in line if column}
    for index in range(max(len(line), len(below), len(above))):
        header, column = line[index] if index < len(line) else ("", None)
        for other in (below, above):
            if column is None and index < len(other):
                other_header, other_column = other[index]
                if other_column and other_column.key not in taken:
                    header, column = other_header, other_column
                    taken.add(column.key)
        fields.append(Field(index, clean_text(header), column))
    return tuple(fields)
