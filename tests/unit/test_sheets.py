from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from invoicing.modules import e_invoice, pintu_kelas
from invoicing.modules.columns import normalise_header
from invoicing.workbooks.refusal import WorkbookRefused
from tests.unit.workbook_files import (
    E_INVOICE_HEADERS,
    SCHOOL_HEADERS,
    check_file,
    check_invoices,
    check_rows,
    check_school,
)

GOOD = ["INV-1", "PT Maju", 1_500_000, "31/12/2026", "081234567890", "a@contoh.co.id"]
SPECS = [e_invoice.SPEC, pintu_kelas.SPEC]
NAMES = [
    (spec, column, name)
    for spec in SPECS
    for column in spec.columns
    for name in (column.header, column.header_en, column.key, *column.aliases)
]
DECORATIONS = [
    str,
    str.upper,
    str.lower,
    lambda name: name.replace(" ", "_"),
    lambda name: f"  {name}  ",
    lambda name: f"{name}*",
    lambda name: name.replace(" ", "\u00a0"),
    lambda name: f"\u200b{name}",
    lambda name: name.replace(" ", "\n"),
    lambda name: f"{name} (wajib diisi)",
]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.data_sheet)
def test_no_header_means_two_columns(spec):
    meanings: dict[str, str] = {}
    for owner, column, name in NAMES:
        if owner is spec:
            assert meanings.setdefault(normalise_header(name), column.key) == column.key


@pytest.mark.parametrize("decorate", DECORATIONS)
def test_header_however_written_means_its_column(decorate):
    for spec, column, name in NAMES:
        assert spec.find_column(decorate(name)) is column, decorate(name)


@given(st.sampled_from(NAMES))
def test_header_in_both_languages_means_its_column(entry):
    spec, column, _ = entry
    assert spec.find_column(f"{column.header}\n{column.header_en}") is column
    assert spec.find_column(f"{column.header} | {column.header_en}") is column


def test_english_headers_and_aliases_in_one_file_are_understood(tmp_path):
    headers = ["order_number", "Customer Name", "TOTAL", "due date", "wa", "e-mail"]
    assert check_invoices(tmp_path, GOOD, headers=headers).answer["invoices"] == 1


def test_title_rows_above_and_translation_below_the_header_are_no_data(tmp_path):
    rows = [["DAFTAR TAGIHAN PT CONTOH"], ["Per 1 Desember 2026"], [], E_INVOICE_HEADERS]
    rows += [["Invoice Number", "Customer Name", "Amount", "Due Date", "WhatsApp Number", "Email Address"], GOOD]
    checked = check_rows(tmp_path, rows)
    assert (checked.answer["header_row"], checked.answer["rows"], checked.plan[0]["row"]) == (4, 1, 6)


def test_two_line_header_with_merged_groups_is_understood(tmp_path):
    workbook = Workbook()
    sheet = workbook.active
    sheet.append(["No. Invoice", "Nama Pelanggan", "Jumlah Tagihan", "Jatuh Tempo", "Kontak", None])
    sheet.append([None, None, None, None, "WA", "Email"])
    sheet.append(GOOD)
    for cells in ("A1:A2", "B1:B2", "C1:C2", "D1:D2", "E1:F1"):
        sheet.merge_cells(cells)
    checked = check_file(tmp_path, workbook)
    assert checked.invoices[0]["recipients"][0]["whatsapp"] == "+6281234567890"
    assert checked.answer["errors"] == {}


def test_guide_example_and_hidden_sheets_are_passed_over(tmp_path):
    workbook = Workbook()
    workbook.active.title = "Petunjuk"
    for name in ("versi", "Contoh", "Tagihan Umum"):
        workbook.create_sheet(name)
        workbook[name].append(E_INVOICE_HEADERS)
        workbook[name].append(GOOD)
    workbook["versi"].sheet_state = "hidden"
    assert check_file(tmp_path, workbook).answer["sheet"] == "Tagihan Umum"


def _refusal(act) -> WorkbookRefused:
    with pytest.raises(WorkbookRefused) as caught:
        act()
    return caught.value


def test_two_visible_sheets_with_bills_are_refused_by_name(tmp_path):
    workbook = Workbook()
    workbook.active.title = "Januari"
    workbook.create_sheet("Februari")
    for sheet in workbook:
        sheet.append(E_INVOICE_HEADERS)
        sheet.append(GOOD)
    refusal = _refusal(lambda: check_file(tmp_path, workbook))
    assert refusal.code == "several_data_sheets"
    assert "Januari" in refusal.params["sheets"]
    assert "Februari" in refusal.params["sheets"]


def test_empty_copy_of_the_template_beside_a_filled_sheet_is_passed_over(tmp_path):
    workbook = Workbook()
    workbook.active.title = "Tagihan Umum"
    workbook.active.append(E_INVOICE_HEADERS)
    workbook.create_sheet("Desember").append(E_INVOICE_HEADERS)
    workbook["Desember"].append(GOOD)
    assert check_file(tmp_path, workbook).answer["sheet"] == "Desember"


def test_bills_on_a_hidden_sheet_only_are_refused_by_name(tmp_path):
    workbook = Workbook()
    workbook.active.title = "Rahasia"
    workbook.active.append(E_INVOICE_HEADERS)
    workbook.active.append(GOOD)
    workbook.active.sheet_state = "hidden"
    workbook.create_sheet("Rekap").append(["Bulan", "Orang"])
    refusal = _refusal(lambda: check_file(tmp_path, workbook))
    assert (refusal.code, refusal.params["sheet"]) == ("only_hidden_sheet", "Rahasia")


def test_missing_headers_are_named(tmp_path):
    refusal = _refusal(
        lambda: check_rows(tmp_path, [["No. Invoice", "Nama Pelanggan", "Tagihannya"], ["INV-1", "PT Maju", 1000]])
    )
    assert refusal.code == "missing_headers"
    for header in ("Jumlah Tagihan", "Jatuh Tempo", "Email"):
        assert header in refusal.params["headers"]
    assert "Tagihannya" in refusal.params["unknown"]


def test_two_headers_of_one_meaning_are_refused_by_name(tmp_path):
    refusal = _refusal(lambda: check_invoices(tmp_path, [*GOOD, 5], headers=[*E_INVOICE_HEADERS, "Total"]))
    assert refusal.code == "repeated_headers"
    assert "Jumlah Tagihan" in refusal.params["headers"]
    assert "Total" in refusal.params["headers"]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], "empty_sheet"),
        ([E_INVOICE_HEADERS], "empty_sheet"),
        ([E_INVOICE_HEADERS, [" ", "\u00a0"]], "empty_sheet"),
        ([["Nama barang di gudang", "Rak"], ["Sapu", "A1"]], "no_data_sheet"),
        ([SCHOOL_HEADERS], "other_module"),
    ],
)
def test_file_without_bills_is_refused_with_its_reason(tmp_path, rows, code):
    assert _refusal(lambda: check_rows(tmp_path, rows)).code == code


def test_unknown_column_with_content_is_a_warning_that_names_the_nearest_header(tmp_path):
    checked = check_invoices(
        tmp_path, [*GOOD, "", "x", ""], headers=[*E_INVOICE_HEADERS, "Kosong", "Keteranganya", "Juga Kosong"]
    )
    assert checked.answer["warnings"] == {"unknown_column": 1}
    assert checked.issue("unknown_column")["params"] == {"letter": "H", "nearest": "Keterangan"}


def test_filled_column_without_header_is_a_warning(tmp_path):
    assert check_invoices(tmp_path, [*GOOD, "catatan"]).answer["warnings"] == {"column_without_header": 1}


def test_running_numbers_and_our_own_columns_are_ignored(tmp_path):
    headers = ["No.", *E_INVOICE_HEADERS, "Alasan (Reason)"]
    checked = check_invoices(tmp_path, [1, *GOOD, "jatuh tempo salah"], headers=headers)
    assert (checked.answer["warnings"], checked.answer["invoices"]) == ({}, 1)


def test_school_sheet_is_read_with_its_own_columns(tmp_path):
    row = ["00231", "Alya", "7A", "SPP", "Juli 2026", "2026/2027", 350000, "31/12/2026", "Budi", "", "b@contoh.id"]
    assert check_school(tmp_path, row).invoices[0]["number"] == "00231-SPP-2627-202607"


def test_row_of_bills_that_holds_words_of_headers_is_no_second_header(tmp_path):
    headers = [*E_INVOICE_HEADERS, "Nama Barang", "Qty", "Harga Satuan", "Cabang"]
    row = [1001, "Customer", 2000, datetime(2026, 12, 31), 81234567890, "", "Item", 2, 1000, "Branch"]  # noqa: DTZ001
    checked = check_invoices(tmp_path, row, headers=headers)
    assert (checked.answer["rows"], checked.answer["invoices"]) == (1, 1)


def test_row_with_words_of_headers_only_is_checked_as_a_row(tmp_path):
    checked = check_invoices(tmp_path, ["", "Customer", "", "", "", "Email"], GOOD)
    assert (checked.answer["rows"], checked.answer["bad_rows"]) == (2, 1)


def test_second_sheet_with_a_misspelt_header_is_refused_by_name(tmp_path):
    row = ["00231", "Alya", "7A", "SPP", "Juli 2026", "2026/2027", 350000, "31/12/2026", "Budi", "", "b@contoh.id"]
    workbook = Workbook()
    workbook.active.title = "Kelas 7"
    workbook.active.append(SCHOOL_HEADERS)
    workbook.active.append(row)
    workbook.create_sheet("Kelas 8").append(
        ["Jatuh Tmpo" if name == "Jatuh Tempo" else name for name in SCHOOL_HEADERS]
    )
    workbook["Kelas 8"].append(row)
    refusal = _refusal(lambda: check_file(tmp_path, workbook, module="pintu_kelas"))
    assert (refusal.code, refusal.params["sheet"]) == ("sheet_incomplete", "Kelas 8")
    assert "Jatuh Tempo" in refusal.params["headers"]
    assert "Jatuh Tmpo" in refusal.params["unknown"]
    workbook["Kelas 7"].delete_rows(2)
    refusal = _refusal(lambda: check_file(tmp_path, workbook, module="pintu_kelas"))
    assert (refusal.code, refusal.params["sheet"]) == ("missing_headers", "Kelas 8")


@pytest.mark.parametrize(
    "rows",
    [
        [["Kode Pelanggan", "Nama Pelanggan", "No. WhatsApp", "Email"], ["C-1", "PT Maju", "0812345678901", "a@b.id"]],
        [["Nama", "Jumlah"], ["Januari", 5_000_000]],
        [["No. Invoice", "Nama Pelanggan", "Jumlah Tagihan", "Tempo"]],
    ],
)
def test_customers_sums_and_empty_sheets_beside_the_bills_are_passed_over(tmp_path, rows):
    workbook = Workbook()
    workbook.active.append(E_INVOICE_HEADERS)
    workbook.active.append(GOOD)
    other = workbook.create_sheet("Lain")
    for row in rows:
        other.append(row)
    assert check_file(tmp_path, workbook).answer["invoices"] == 1
