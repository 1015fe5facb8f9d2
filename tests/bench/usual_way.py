"""The way in which such a workbook is usually read, to compare with: openpyxl, and one pydantic model per row.

Every check is a library's: ``EmailStr`` (email-validator) and ``phonenumbers`` on each row. It reads the same columns
as our check and understands the sample's spellings, but gathers no invoices, finds no duplicates and writes nothing.
"""

import re
import warnings
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import phonenumbers
from openpyxl import load_workbook
from pydantic import AfterValidator, BaseModel, BeforeValidator, EmailStr, Field, ValidationError

from infra.local.sample_workbooks import MONTHS

_MONTH_NUMBERS = {name: number for number, name in enumerate(MONTHS, start=1)}


def _read_amount(cell: Any) -> Any:
    return re.sub(r"[^0-9]", "", cell.removesuffix(",-")) if isinstance(cell, str) else cell


def _read_date(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return cell.date()
    if not isinstance(cell, str):
        return cell
    day, month, year = re.split(r"[ /-]", cell)
    return date(int(year), _MONTH_NUMBERS.get(month) or int(month), int(day))


def _read_text(cell: Any) -> Any:
    return str(int(cell)) if isinstance(cell, int | float) else cell.strip() if isinstance(cell, str) else cell


def _read_phone(typed: str) -> str:
    number = phonenumbers.parse(typed, "ID")
    if not phonenumbers.is_valid_number(number):
        raise ValueError("no valid number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


_Text = Annotated[str, BeforeValidator(_read_text), Field(min_length=1, max_length=140)]
_Date = Annotated[date, BeforeValidator(_read_date)]


class Row(BaseModel):
    """One data row of either e-invoice workbook, by header."""

    number: _Text = Field(alias="No. Invoice")
    payer_name: _Text = Field(alias="Nama Pelanggan")
    amount: Annotated[int, BeforeValidator(_read_amount), Field(gt=0)] = Field(alias="Jumlah Tagihan")
    due_date: _Date = Field(alias="Jatuh Tempo")
    whatsapp: Annotated[str, BeforeValidator(_read_text), AfterValidator(_read_phone)] = Field(alias="No. WhatsApp")
    email: Annotated[EmailStr, BeforeValidator(_read_text)] = Field(alias="Email")
    description: _Text = Field(alias="Keterangan")
    payer_code: _Text = Field(alias="Kode Pelanggan")
    branch: _Text = Field(alias="Cabang")
    item_name: _Text | None = Field(alias="Nama Barang", default=None)
    item_quantity: Annotated[Decimal, Field(gt=0)] | None = Field(alias="Qty", default=None)
    item_unit_price: Annotated[int, Field(ge=0)] | None = Field(alias="Harga Satuan", default=None)
    issue_date: _Date | None = Field(alias="Tanggal Invoice", default=None)
    language: Literal["ID", "EN"] | None = Field(alias="Bahasa", default=None)
    internal_note: _Text | None = Field(alias="Catatan Internal", default=None)
    erp_reference: _Text | None = Field(alias="Ref ERP", default=None)


def read_usual_way(path: str) -> dict[str, int]:
    # The sample names no default cell style.
    warnings.filterwarnings("ignore", module="openpyxl")
    sheet = load_workbook(path, read_only=True).worksheets[0]
    lines = sheet.iter_rows(values_only=True)
    headers = [str(header) for header in next(lines)]
    rows, bad = [], 0
    for cells in lines:
        try:
            rows.append(Row.model_validate(dict(zip(headers, cells, strict=False))))
        except ValidationError:
            bad += 1
    return {"rows": len(rows) + bad, "bad_rows": bad}
