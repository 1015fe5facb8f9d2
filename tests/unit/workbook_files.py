"""Small workbooks for tests of the upload check, and one call that checks them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from upload.check_workbook import check_workbook

E_INVOICE_HEADERS = ["No. Invoice", "Nama Pelanggan", "Jumlah Tagihan", "Jatuh Tempo", "No. WhatsApp", "Email"]
SCHOOL_HEADERS = [
    "NIS",
    "Nama Siswa",
    "Kelas",
    "Jenis Tagihan",
    "Periode",
    "Tahun Ajaran",
    "Nominal",
    "Jatuh Tempo",
    "Nama Wali",
    "WA Wali",
    "Email Wali",
]


class Checked:
    """The answer of a check with its files."""

    def __init__(self, answer: dict[str, Any], folder: Path) -> None:
        self.answer = answer
        self.plan = [json.loads(line) for line in (folder / "plan.ndjson").read_text("utf-8").splitlines()]
        self.issues = [json.loads(line) for line in (folder / "issues.ndjson").read_text("utf-8").splitlines()]

    @property
    def invoices(self) -> list[dict[str, Any]]:
        return [line["invoice"] for line in self.plan]

    def codes(self, row: int | None = None) -> list[str]:
        return [issue["code"] for issue in self.issues if row is None or issue.get("row") == row]

    def issue(self, code: str) -> dict[str, Any]:
        return next(issue for issue in self.issues if issue["code"] == code)


def check_rows(
    folder: Path,
    rows: Sequence[Sequence[Any]],
    *,
    sheet: str = "Tagihan Umum",
    module: str = "e_invoice",
    **request: Any,
) -> Checked:
    """Write ``rows`` (header included) to a workbook and check it."""
    workbook = Workbook()
    workbook.active.title = sheet
    for row in rows:
        workbook.active.append(list(row))
    return check_file(folder, workbook, module=module, **request)


def check_school(
    folder: Path, *rows: Sequence[Any], headers: Sequence[str] = SCHOOL_HEADERS, **request: Any
) -> Checked:
    return check_rows(folder, [headers, *rows], sheet="Tagihan Sekolah", module="pintu_kelas", **request)


def check_invoices(
    folder: Path, *rows: Sequence[Any], headers: Sequence[str] = E_INVOICE_HEADERS, **request: Any
) -> Checked:
    return check_rows(folder, [headers, *rows], **request)


def check_file(folder: Path, workbook: Workbook, **request: Any) -> Checked:
    path = folder / "workbook.xlsx"
    workbook.save(path)
    return check_path(path, **request)


def check_path(path: Path, *, module: str = "e_invoice", **request: Any) -> Checked:
    """Check the workbook at ``path``; plan and issues are written beside it."""
    answer = check_workbook(
        {
            "path": str(path),
            "out_dir": str(path.parent),
            "module": module,
            "channels": ["email", "whatsapp"],
            "today": "2026-11-23",
            "now": "2026-11-23T03:00:00Z",
            "max_rows": 1000,
            "max_bytes": 10 << 20,
            "last_amounts": None,
        }
        | request
    )
    return Checked(answer, path.parent)
