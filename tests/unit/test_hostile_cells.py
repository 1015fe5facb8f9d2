"""Cells that nobody types but anybody can put into a workbook: the check stays quick, bounded and on its feet."""

import json
from contextlib import suppress
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from zipfile import ZIP_STORED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.writer.excel import ExcelWriter

from invoicing.modules import e_invoice, pintu_kelas
from invoicing.workbooks.refusal import WorkbookRefused
from tests.unit.workbook_files import E_INVOICE_HEADERS, check_invoices, check_path, check_rows

SPECS = [e_invoice.SPEC, pintu_kelas.SPEC]
PIECES = ["(", " ", "0", ".", "1.", "a@", "[", "a.", "T", "-", "08", "total ", "Jakarta, "]
HOSTILE = [(piece * 32_000)[:32_000] + end for piece in PIECES for end in ("", "!")]
MAX_CPU_SECONDS = 2


def measure_check(folder, rows, spec):
    """CPU seconds of the check of these rows."""
    workbook = Workbook()
    for row in rows:
        workbook.active.append(row)
    path = folder / "workbook.xlsx"
    # Not compressed: the guard would refuse the file for what it inflates to.
    ExcelWriter(workbook, ZipFile(path, "w", ZIP_STORED)).save()
    start = process_time()
    with suppress(WorkbookRefused):
        check_path(path, module=spec.module.value, max_bytes=100 << 20)
    return process_time() - start


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.module)
def test_long_cells_in_every_column_are_read_in_time(tmp_path, spec):
    headers = [column.header for column in spec.columns]
    good = [spec.examples[0].get(column.key, "") for column in spec.columns]
    cells = cycle(HOSTILE)
    rows = [headers, good, *(list(islice(cells, len(headers))) for _ in range(50))]
    assert measure_check(tmp_path, rows, spec) < MAX_CPU_SECONDS


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.module)
def test_long_cells_below_the_data_are_told_from_footers_in_time(tmp_path, spec):
    headers = [column.header for column in spec.columns]
    good = [spec.examples[0].get(column.key, "") for column in spec.columns]
    amount = next(index for index, column in enumerate(spec.columns) if column.key == "amount")
    rows = [headers, good, *([*[""] * amount, cell] for cell in HOSTILE)]
    assert measure_check(tmp_path, rows, spec) < MAX_CPU_SECONDS


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.module)
def test_long_cells_in_place_of_headers_are_read_in_time(tmp_path, spec):
    cells = cycle(HOSTILE)
    rows = [list(islice(cells, 49)) for _ in range(30)]
    assert measure_check(tmp_path, rows, spec) < MAX_CPU_SECONDS


def test_long_headers_and_names_stay_short_in_answers_and_refusals(tmp_path):
    long = [f"{index} " + "x" * 32_000 for index in range(40)]
    good = ["INV-1", "PT Maju", 1_500_000, "31/12/2026", "081234567890", "a@contoh.co.id", *["x"] * 40]
    checked = check_invoices(tmp_path, good, headers=[*E_INVOICE_HEADERS, *long])
    assert len(checked.answer["columns"]) == 46
    assert max(map(len, checked.answer["columns"])) <= 60
    assert len(json.dumps(checked.issues)) < 40 * 1000
    with pytest.raises(WorkbookRefused) as caught:
        check_invoices(tmp_path, good, headers=[*E_INVOICE_HEADERS[:3], *long])
    assert caught.value.code == "missing_headers"
    assert len(json.dumps(caught.value.params)) < 3000


def test_header_with_a_long_remark_in_brackets_is_understood(tmp_path):
    headers = [f"{header} (wajib diisi, {'persis seperti di kontrak ' * 20})" for header in E_INVOICE_HEADERS]
    good = ["INV-1", "PT Maju", 1_500_000, "31/12/2026", "081234567890", "a@contoh.co.id"]
    assert check_invoices(tmp_path, good, headers=headers).answer["invoices"] == 1


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.module)
def test_no_column_takes_a_text_of_any_length(tmp_path, spec):
    headers = [column.header for column in spec.columns]
    rows = [["x " * 400 if index == place else "" for index in range(len(headers))] for place in range(len(headers))]
    good = [spec.examples[0].get(column.key, "") for column in spec.columns]
    checked = check_rows(tmp_path, [headers, good, *rows], module=spec.module.value)
    for number, header in enumerate(headers, start=3):
        assert (header, "text_longer") in {
            (found.get("column"), found["code"]) for found in checked.issues if found.get("row") == number
        }


ODD_CELLS = [
    "", "-", " ", 0, -1, 1, 2, 0.5, 1e15, 1e300, -1e300, 1e-300, 46_000, 81234567890, 20261231, True, False,
    "1e400", "1e-400", "nan", "inf", "=1/0", "#N/A", "١٢٣", "０１２", "²", "½", "1.000,5", "Rp 1.500", "(5)", "10%",
    "999999999", 9_999_999_999_999, "100%", "INV-1", "inv-1", "ß", "ﷺ" * 30, "SPP Cicilan 1/2", "Cicilan 3/2", "Sem 1",
    "Juli 2026", "2026/2027", "2026-07", "31/12/2026", "31/02/2026", "31/12/2026 17:00", "WA,EMAIL", "SMS", "ya",
    "tidak", "ID", "081234567890", "+15005550006", "00", "a@b.co.id", "a@b.id, c@d.id", "é@ü.id", "a@" + "ü" * 90,
    "TOTAL", "Mengetahui", "Nama Pelanggan", "x" * 600, datetime(2026, 12, 31), datetime(1900, 1, 1, 5),  # noqa: DTZ001
]  # fmt: skip


def write_odd_number(path, typed):
    """Replace the number 424242 in the sheet by what no program would write."""
    with ZipFile(path) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    with ZipFile(path, "w") as target:
        for name, content in parts.items():
            target.writestr(name, content.replace(b"<v>424242</v>", f"<v>{typed}</v>".encode()))


@pytest.mark.parametrize("typed", ["1e400", "-1e400", "NaN", "1e308", "-0.0"])
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.module)
def test_number_beyond_all_numbers_is_an_error_of_its_row_in_every_column(tmp_path, spec, typed):
    workbook = Workbook()
    headers = [column.header for column in spec.columns]
    good = [spec.examples[0].get(column.key, "") for column in spec.columns]
    workbook.active.append(headers)
    workbook.active.append(good)
    for place in range(len(headers)):
        workbook.active.append([424242 if index == place else value for index, value in enumerate(good)])
    path = tmp_path / "workbook.xlsx"
    workbook.save(path)
    write_odd_number(path, typed)
    checked = check_path(path, module=spec.module.value)
    assert checked.answer["rows"] == len(headers) + 1


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SPECS), st.data())
def test_any_columns_with_any_cells_are_checked_or_refused(spec, data):
    columns = data.draw(st.permutations(spec.columns).map(list))
    optional = data.draw(st.lists(st.booleans(), min_size=len(columns), max_size=len(columns)))
    columns = [column for column, kept in zip(columns, optional, strict=True) if kept or column.required]
    example = st.builds(lambda row: [row.get(column.key, "") for column in columns], st.sampled_from(spec.examples))
    change = st.lists(st.tuples(st.integers(0, len(columns) - 1), st.sampled_from(ODD_CELLS)), max_size=6)
    rows = []
    for row, changes in data.draw(st.lists(st.tuples(example, change), min_size=1, max_size=8)):
        for index, cell in changes:
            row[index] = cell
        rows.append(row)
    with TemporaryDirectory() as folder:
        headers = [column.header for column in columns]
        # Whatever else it raises would be a defect.
        with suppress(WorkbookRefused):
            checked = check_rows(Path(folder), [headers, *rows], module=spec.module.value)
            assert checked.answer["rows"] <= len(rows)
