"""Open a bank's settlement file, CSV or xlsx, and write its rows as JSON lines; runs inside the sandbox."""

import csv
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import orjson

from invoicing.workbooks.refusal import WorkbookRefused

MAX_COLUMNS = 60
MAX_CELL = 200
MAX_CSV_CELL = 4096
_XLSX_MAGIC = b"PK\x03\x04"


def write_rows(request: dict[str, Any]) -> dict[str, Any]:
    """Request: ``path``, ``out_path``, ``delimiter``, ``encoding``, ``max_bytes``, ``max_rows``. Answer: ``rows``."""
    path = Path(request["path"])
    count = 0
    with Path(request["out_path"]).open("wb") as out:
        for cells in _open_rows(path, request):
            count += 1
            if count > request["max_rows"]:
                raise WorkbookRefused("workbook_too_complex")
            out.write(orjson.dumps(cells) + b"\n")
    return {"rows": count}


def _open_rows(path: Path, request: dict[str, Any]) -> Iterator[list[Any]]:
    with path.open("rb") as file:
        is_workbook = file.read(4) == _XLSX_MAGIC
    if path.stat().st_size > request["max_bytes"]:
        raise WorkbookRefused("file_too_large", max_mb=request["max_bytes"] >> 20)
    return _read_workbook(path, request) if is_workbook else _read_csv(path, request)


def _read_csv(path: Path, request: dict[str, Any]) -> Iterator[list[Any]]:
    csv.field_size_limit(MAX_CSV_CELL)
    try:
        with path.open(encoding=request["encoding"], newline="") as file:
            for row in csv.reader(file, delimiter=request["delimiter"]):
                if len(row) > MAX_COLUMNS:
                    raise WorkbookRefused("workbook_too_complex")
                yield [cell[:MAX_CELL] for cell in row]
    except (UnicodeError, csv.Error) as error:
        # Also everything that is neither CSV nor a workbook: an image, a PDF, an old .xls.
        raise WorkbookRefused("workbook_damaged") from error


def _read_workbook(path: Path, request: dict[str, Any]) -> Iterator[list[Any]]:
    from invoicing.workbooks.guard import inspect_file
    from invoicing.workbooks.reader import read_sheets

    report = inspect_file(path, max_bytes=request["max_bytes"], max_rows=request["max_rows"])
    sheets = [sheet for sheet in read_sheets(path, report) if sheet.visible]
    if not sheets:
        raise WorkbookRefused("workbook_damaged")
    for _, cells in sheets[0].rows():
        yield [_show(cell) for cell in cells[:MAX_COLUMNS]]


def _show(cell: Any) -> Any:
    """Instants as ``2026-11-27T10:00:00``, times as ``T10:00:00``: told apart from text that a person typed."""
    if isinstance(cell, datetime):
        return cell.replace(microsecond=0, tzinfo=None).isoformat()
    if isinstance(cell, date):
        return f"{cell.isoformat()}T00:00:00"
    if isinstance(cell, time):
        return f"T{cell:%H:%M:%S}"
    if isinstance(cell, str):
        return cell[:MAX_CELL]
    if isinstance(cell, int | float) and abs(cell) < float("inf"):
        return cell
    # Errors, formulas without a value, nan: no line can be made of it.
    return "#"
