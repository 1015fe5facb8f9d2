"""The failed-rows workbook: only the bad rows, nothing lost, nothing made runnable, and good again once mended."""

import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from infra.local.sample_workbooks import MISTAKES, write_sample
from invoicing.billers import Module
from invoicing.issues import Issue, Severity
from invoicing.modules import e_invoice
from invoicing.modules.columns import REASON_ENGLISH_HEADER, REASON_HEADER, SOURCE_ROW_HEADER
from upload.check_workbook import check_workbook
from upload.failed_rows import BadRow, FailedRowsWriter, build_failed_rows

MADE_HEADERS = [REASON_HEADER, REASON_ENGLISH_HEADER, SOURCE_ROW_HEADER]
HEADERS = ["No. Invoice", "Nama Pelanggan", "Jumlah Tagihan", "Jatuh Tempo", "No. WhatsApp", "Email", "Keterangan"]
GOOD_ROW = ["0001", "Ibu Sari", 150_000, date(2027, 1, 31), "081100000001", "sari@example.com", "Iuran"]
LIMITS = {"max_rows": 200_000, "max_bytes": 50 << 20}


@dataclass
class Checked:
    answer: dict[str, Any]
    issues: list[dict[str, Any]]
    plan: list[dict[str, Any]]
    failed_rows: Path

    @property
    def error_codes(self) -> Counter[str]:
        return Counter(issue["code"] for issue in self.issues if issue["severity"] == "error")


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., Checked]:
    """Check a workbook and build its failed-rows workbook, as the upload check does."""
    runs = iter(range(100))

    def run(path: Path, module: Module = Module.E_INVOICE) -> Checked:
        out_dir = tmp_path / f"run-{next(runs)}"
        out_dir.mkdir()
        answer = check_workbook(
            {
                "path": str(path),
                "out_dir": str(out_dir),
                "module": module.value,
                "channels": ["email"],
                "today": "2026-11-23",
                "now": "2026-11-23T03:00:00Z",
                "last_amounts": None,
                **LIMITS,
            }
        )
        issues_path = out_dir / "issues.ndjson"
        failed_rows = out_dir / "failed-rows.xlsx"
        built = build_failed_rows(
            {
                "path": str(path),
                "out_path": str(failed_rows),
                "module": module.value,
                "issues_path": str(issues_path),
                **LIMITS,
            }
        )
        assert built == {"rows": answer["bad_rows"]}
        issues = [orjson.loads(line) for line in issues_path.read_bytes().splitlines()]
        plan = [orjson.loads(line) for line in (out_dir / "plan.ndjson").read_bytes().splitlines()]
        return Checked(answer, issues, plan, failed_rows)

    return run


def write_workbook(path: Path, *rows: list[Any], headers: list[str] = HEADERS) -> Path:
    workbook = Workbook()
    workbook.worksheets[0].title = "Tagihan Umum"
    for row in [headers, *rows]:
        workbook.worksheets[0].append(row)
    workbook.save(path)
    return path


def open_sheet(path: Path) -> Worksheet:
    return load_workbook(path).worksheets[0]


def cells_by_header(sheet: Worksheet, row: int) -> dict[str, Cell]:
    return {str(head.value): cell for head, cell in zip(sheet[1], sheet[row], strict=True)}


def fill_of(cell: Cell) -> str | None:
    return cell.fill.start_color.rgb[2:] if cell.fill.fill_type else None


@pytest.mark.parametrize("module", list(Module))
def test_sample_with_every_mistake_gives_back_exactly_its_bad_rows(
    check: Callable[..., Checked], tmp_path: Path, module: Module
) -> None:
    rows = 20 * len(MISTAKES[module])
    sample = write_sample(module, tmp_path / "in.xlsx", rows, bad_share=1 / 20, first_due=date(2027, 1, 4))
    checked = check(tmp_path / "in.xlsx", module)
    sheet = open_sheet(checked.failed_rows)
    original = open_sheet(tmp_path / "in.xlsx")
    headers = [cell.value for cell in sheet[1]]
    assert headers == [cell.value for cell in original[1]] + MADE_HEADERS
    source_rows = [row[-1] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert set(sample.mistakes) <= set(source_rows)
    assert source_rows == sorted({issue["row"] for issue in checked.issues if issue["severity"] == "error"})
    for row in sheet.iter_rows(min_row=2, values_only=True):
        assert len({row[-3], row[-2], None}) == 3


@pytest.mark.parametrize("module", list(Module))
def test_unmended_file_fails_again_for_the_same_reasons(
    check: Callable[..., Checked], tmp_path: Path, module: Module
) -> None:
    rows = 20 * len(MISTAKES[module])
    write_sample(module, tmp_path / "in.xlsx", rows, bad_share=1 / 20, first_due=date(2027, 1, 4))
    first = check(tmp_path / "in.xlsx", module)
    second = check(first.failed_rows, module)
    assert second.answer["rows"] == second.answer["bad_rows"] == first.answer["bad_rows"]
    assert second.plan == []
    assert second.error_codes == first.error_codes
    third = check(second.failed_rows, module)
    assert [cell.value for cell in open_sheet(third.failed_rows)[1]] == [
        cell.value for cell in open_sheet(first.failed_rows)[1]
    ]


def test_mended_row_is_planned_and_nothing_else(check: Callable[..., Checked], tmp_path: Path) -> None:
    bad = ["0002", "Pak Budi", "satu juta", date(2027, 1, 31), 81_100_000_002.0, "b@example.com", "+ ongkos"]
    first = check(write_workbook(tmp_path / "in.xlsx", GOOD_ROW, bad))
    assert [line["invoice"]["number"] for line in first.plan] == ["0001"]
    workbook = load_workbook(first.failed_rows)
    cells_by_header(workbook.worksheets[0], 2)["Jumlah Tagihan"].value = "1.000.000"
    workbook.save(tmp_path / "mended.xlsx")
    second = check(tmp_path / "mended.xlsx")
    assert second.issues == []
    (line,) = second.plan
    assert line["invoice"]["number"] == "0002"
    assert line["invoice"]["amount"] == 1_000_000
    assert line["invoice"]["due_date"] == "2027-01-31"
    assert line["invoice"]["description"] == "+ ongkos"
    assert line["invoice"]["recipients"] == [
        {"name": "Pak Budi", "email": "b@example.com", "whatsapp": "+6281100000002"}
    ]


def test_cells_keep_their_kind_and_ids_become_text(check: Callable[..., Checked], tmp_path: Path) -> None:
    bad = ["00420", "", 1_500_000, date(2027, 1, 31), 81_100_000_003.0, "x@example.com", "Rp 5"]
    checked = check(write_workbook(tmp_path / "in.xlsx", bad))
    cells = cells_by_header(open_sheet(checked.failed_rows), 2)
    assert (cells["No. Invoice"].value, cells["No. Invoice"].number_format) == ("00420", "@")
    assert cells["Jumlah Tagihan"].value == 1_500_000
    assert cells["Jatuh Tempo"].value.date() == date(2027, 1, 31)
    assert cells["Jatuh Tempo"].number_format == "dd/mm/yyyy"
    assert (cells["No. WhatsApp"].value, cells["No. WhatsApp"].number_format) == ("81100000003", "@")


def test_cells_with_errors_are_red_with_warnings_amber_and_others_plain(tmp_path: Path) -> None:
    issues = [
        Issue("already_there_same", Severity.WARNING, row=7, column="Email", params={"number": "1"}),
        Issue("already_there_same", Severity.ERROR, row=7, column="Jumlah Tagihan", params={"number": "1"}),
        Issue("already_there_same", Severity.WARNING, row=7, column="Jumlah Tagihan", params={"number": "1"}),
    ]
    FailedRowsWriter(e_invoice.SPEC, HEADERS).write(tmp_path / "out.xlsx", [BadRow(7, list(GOOD_ROW), issues)])
    sheet = open_sheet(tmp_path / "out.xlsx")
    cells = cells_by_header(sheet, 2)
    fills = {header: fill_of(cell) for header, cell in cells.items() if fill_of(cell)}
    assert fills == {"Jumlah Tagihan": "F8C9C9", "Email": "FCE8B2"}
    reasons = cells[REASON_HEADER].value.split("\n")
    assert [reason.startswith("Peringatan: ") for reason in reasons] == [False, True, True]
    assert cells[REASON_ENGLISH_HEADER].value.startswith("Jumlah Tagihan: ")
    assert cells[SOURCE_ROW_HEADER].value == 7
    assert sheet.freeze_panes == "A2"


def test_error_cells_and_formulas_without_value_stay_unreadable(check: Callable[..., Checked], tmp_path: Path) -> None:
    """As texts they would pass for a name when the file comes back unmended."""
    rows = [["1", "#N/A", *GOOD_ROW[2:]], ["2", "=A2&A3", *GOOD_ROW[2:]], ["3", "#REF!", *GOOD_ROW[2:]]]
    first = check(write_workbook(tmp_path / "in.xlsx", *rows))
    assert first.answer["bad_rows"] == 3
    sheet = open_sheet(first.failed_rows)
    assert [(sheet.cell(row, 2).value, sheet.cell(row, 2).data_type) for row in (2, 3, 4)] == [
        ("#N/A", "e"),
        ("#N/A", "e"),
        ("#REF!", "e"),
    ]
    assert check(first.failed_rows).answer["bad_rows"] == 3


def test_number_too_long_for_excel_is_not_made_a_clean_looking_id(
    check: Callable[..., Checked], tmp_path: Path
) -> None:
    first = check(write_workbook(tmp_path / "in.xlsx", [3_201_234_567_890_123_456, *GOOD_ROW[1:]]))
    assert first.answer["bad_rows"] == 1
    assert check(first.failed_rows).error_codes == first.error_codes


DANGEROUS = ["=cmd|' /C calc'!A0", "+62 811-0000-0004", "-1+1", "@SUM(A1:A9)", "=1+1", "#N/A", "=", "<f>1+1</f>"]


def test_no_text_becomes_a_formula(tmp_path: Path) -> None:
    rows = [BadRow(number, [value] * len(HEADERS), []) for number, value in enumerate(DANGEROUS, start=2)]
    headers = ["=HYPERLINK(1)", *HEADERS[1:]]
    assert FailedRowsWriter(e_invoice.SPEC, headers).write(tmp_path / "out.xlsx", rows) == len(DANGEROUS)
    with zipfile.ZipFile(tmp_path / "out.xlsx") as package:
        sheet = package.read("xl/worksheets/sheet1.xml")
        assert b'quotePrefix="1"' in package.read("xl/styles.xml")
    assert b"<f>" not in sheet
    assert b't="str"' not in sheet
    assert b't="e"' not in sheet
    read = open_sheet(tmp_path / "out.xlsx")
    assert [read.cell(row, 1).value for row in range(1, len(DANGEROUS) + 2)] == ["=HYPERLINK(1)", *DANGEROUS]
    for row, value in enumerate(DANGEROUS, start=2):
        assert read.cell(row, 1).data_type == "s"
        assert read.cell(row, 1).quotePrefix is value.startswith(("=", "+", "-", "@"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_any_text_makes_a_file_that_opens_with_that_text(tmp_path: Path, values: list[str]) -> None:
    headers = [f"Kolom {index}" for index in range(len(values))]
    FailedRowsWriter(e_invoice.SPEC, headers).write(tmp_path / "any.xlsx", [BadRow(2, list(values), [])])
    read = [cell.value or "" for cell in open_sheet(tmp_path / "any.xlsx")[2]][: len(values)]
    # XML turns carriage returns into newlines, and cannot hold control characters.
    kept = [value.replace("\r\n", "\n").replace("\r", "\n") for value in values]
    legal = ["".join(c for c in value if c in "\n\t" or (c >= " " and c not in "\ufffe\uffff")) for value in kept]
    assert read == legal


def test_many_bad_rows_need_little_memory(tmp_path: Path) -> None:
    """The rows go straight to the file: ten times the rows, no more memory."""
    peaks = []
    for count in (500, 5_000):
        rows = (BadRow(number, list(GOOD_ROW), []) for number in range(2, count + 2))
        writer = FailedRowsWriter(e_invoice.SPEC, HEADERS)
        tracemalloc.start()
        writer.write(tmp_path / "many.xlsx", rows)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
