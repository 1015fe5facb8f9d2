"""Invoices given as JSON, one or many: written as the workbook that they could have been, and uploaded.

So they take the very same way: every rule and message of the check, the same plan, the release by a second person. The
members of a row are the keys of the module's columns. Findings name rows of that workbook: the first invoice is row 2,
each product of an invoice is a row of its own.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from ulid import ULID

from invoicing import clock
from invoicing.errors import IdempotencyKeyError, InvoiceRowsError
from invoicing.modules import e_invoice, pintu_kelas
from invoicing.modules.columns import Column, Kind, WorkbookSpec
from invoicing.store import files, uploads
from invoicing.store.billers import load_active_biller
from invoicing.uploads import Upload, UploadStatus

MAX_INVOICES = 1_000
MAX_ROWS = 5_000
"""With product rows."""
MAX_TEXT = 1_000
_ITEM_KEYS = {"name": "item_name", "quantity": "item_quantity", "unit_price": "item_unit_price"} | {
    "discount": "item_discount",
    "tax": "item_tax",
}
_SPECS = {spec.module: spec for spec in (e_invoice.SPEC, pintu_kelas.SPEC)}
_MAX_INT = 10**15
# What a workbook cannot hold.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_EXPIRY_FORMAT = "%d/%m/%Y %H:%M:%S"


def create_invoices(biller_id: str, user_id: str, invoices: Sequence[Mapping[str, Any]], *, key: str) -> Upload:
    """An upload of these invoices, whose check begins by itself. The same key and invoices again: the same upload.

    An invoice of the general module may have ``items``, each ``name``, ``quantity``, ``unit_price``, ``discount`` and
    ``tax``. Raises InvoiceRowsError for what is no row at all (what is wrong with a row, the check tells),
    IdempotencyKeyError when the key was used for other invoices, BillerNotActiveError.
    """
    biller = load_active_biller(biller_id)
    spec = _SPECS[biller.module]
    rows = _read_rows(spec, invoices)
    fingerprint = hashlib.sha256(orjson.dumps(invoices, option=orjson.OPT_SORT_KEYS)).hexdigest()
    upload_id, used_for = uploads.claim_key(biller_id, key, str(ULID()), fingerprint)
    if used_for != fingerprint:
        raise IdempotencyKeyError(key)
    upload = uploads.create_upload_once(
        Upload(
            biller_id=biller_id,
            upload_id=upload_id,
            module=biller.module,
            on_errors=biller.on_errors,
            filename=f"{key}.json",
            status=UploadStatus.AWAITING_FILE,
            uploaded_by=user_id,
            created_at=clock.to_text(clock.now()),
        )
    )
    if upload.status is UploadStatus.AWAITING_FILE:
        # Put again by a repeat, it changes nothing: the oldest version counts.
        with TemporaryDirectory(prefix="json-") as folder:
            workbook = Path(folder) / "invoices.xlsx"
            _write_workbook(workbook, spec, rows)
            files.store(files.inbox_key(biller_id, upload_id), workbook, files.WORKBOOK_TYPE)
    return upload


def _read_rows(spec: WorkbookSpec, invoices: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The cells of each row by column key. Raises InvoiceRowsError, which names the place."""
    if not 1 <= len(invoices) <= MAX_INVOICES:
        raise InvoiceRowsError(f"1 to {MAX_INVOICES} invoices")
    rows = [row for index, invoice in enumerate(invoices) for row in _spread_items(spec, index, invoice)]
    if len(rows) > MAX_ROWS:
        raise InvoiceRowsError(f"at most {MAX_ROWS} products")
    return rows


def _spread_items(spec: WorkbookSpec, index: int, invoice: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """One row, or one for each product."""
    members = {name: value for name, value in invoice.items() if name != "items"}
    items = invoice.get("items") or [{}]
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise InvoiceRowsError(f"{index}.items")
    for position, item in enumerate(items):
        unknown = set(item) - set(_ITEM_KEYS)
        if unknown:
            raise InvoiceRowsError(f"{index}.items.{position}.{min(map(str, unknown))}")
        cells = members | {_ITEM_KEYS[name]: value for name, value in item.items()}
        yield {name: _write_cell(spec, f"{index}.{name}", name, value) for name, value in cells.items()}


def _write_cell(spec: WorkbookSpec, place: str, name: str, value: Any) -> str:
    """As a person would type it; always text, so that no digit is lost and nothing is a formula."""
    column = spec.by_key.get(name)
    if column is None:
        raise InvoiceRowsError(place)
    match value:
        case None:
            return ""
        case bool():
            return "ya" if value else "tidak"
        case int() if abs(value) <= _MAX_INT:
            return str(value)
        case str() if len(value) <= MAX_TEXT and not _ILLEGAL.search(value):
            return _localise(column, value)
        case list() if column.kind in (Kind.CHANNELS, Kind.EMAIL) and all(isinstance(part, str) for part in value):
            return _write_cell(spec, place, name, ", ".join(value))
    # Money is never a fraction, and nothing else is a member of its own.
    raise InvoiceRowsError(place)


def _localise(column: Column, value: str) -> str:
    """An instant with its offset, as the local time of Jakarta that the column is read in."""
    if column.kind is not Kind.EXPIRY:
        return value
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return value
    return instant.astimezone(clock.JAKARTA).strftime(_EXPIRY_FORMAT) if instant.tzinfo else value


def _write_workbook(path: Path, spec: WorkbookSpec, rows: Sequence[Mapping[str, str]]) -> None:
    # Slow to import, and needed by few calls.
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    used = [column for column in spec.columns if any(column.key in row for row in rows)]
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(spec.data_sheet)
    sheet.append([column.header for column in used])
    for row in rows:
        cells = []
        for column in used:
            cell = WriteOnlyCell(sheet, row.get(column.key, ""))
            cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    workbook.save(path)
