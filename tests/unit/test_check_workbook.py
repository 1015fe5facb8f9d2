import ast
import string
import sys
from pathlib import Path
from subprocess import run
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from invoicing.modules import e_invoice, pintu_kelas
from invoicing.modules.columns import Kind
from invoicing.money import format_rupiah
from invoicing.texts.en.columns import TEXTS as ENGLISH_GUIDE
from invoicing.texts.en.refusals import TEXTS as ENGLISH_REFUSALS
from invoicing.texts.en.uploads import TEXTS as ENGLISH
from invoicing.texts.id.columns import TEXTS as INDONESIAN_GUIDE
from invoicing.texts.id.uploads import TEXTS as INDONESIAN
from invoicing.workbooks.refusal import WorkbookRefused
from tests.unit.workbook_files import E_INVOICE_HEADERS, SCHOOL_HEADERS, check_file, check_invoices, check_rows

FUNCTIONS = Path(__file__).parents[2] / "functions"


def row(number="INV-1", amount=1000):
    return [number, "PT Maju", amount, "31/12/2026", "", f"{number}@contoh.co.id"]


# --- footers ---


@pytest.mark.parametrize(
    "footer",
    [
        ["TOTAL", "", 3000],
        ["", "Jumlah", 3000],
        ["", "", 3000],
        ["Grand Total:", "", "Rp 3.000"],
        ["Mengetahui,", "", "", "Jakarta, 1 Desember 2026"],
        ["Catatan: bayar sebelum jatuh tempo ke VA masing-masing"],
    ],
)
def test_total_signature_and_note_rows_below_the_data_are_passed_over(tmp_path, footer):
    checked = check_invoices(tmp_path, row("INV-1"), row("INV-2", 2000), [], footer, ["", "Budi Santoso"])
    assert (checked.answer["rows"], checked.answer["invoices"], checked.answer["bad_rows"]) == (2, 2, 0)
    assert set(checked.codes()) == {"footer_row_ignored"}
    assert checked.issues[0]["severity"] == "note"


def test_total_that_disagrees_with_the_rows_is_a_warning(tmp_path):
    checked = check_invoices(tmp_path, row("INV-1"), row("INV-2", 2000), ["TOTAL", "", 2500])
    assert checked.answer["warnings"] == {"total_differs": 1}
    assert checked.issue("total_differs")["params"] == {"total": format_rupiah(2500), "sum": format_rupiah(3000)}


def test_total_amid_the_data_is_one_error(tmp_path):
    checked = check_invoices(tmp_path, row("INV-1"), ["TOTAL", "", 1000], row("INV-2"))
    assert checked.codes(3) == ["total_row_inside"]
    assert (checked.answer["rows"], checked.answer["invoices"], checked.answer["bad_rows"]) == (3, 2, 1)


@pytest.mark.parametrize(
    "last",
    [["INV-2"], ["INV-2", "Budi"], ["", "Budi", 1000], ["", "Budi", "", "31/12/2026"], ["", "", "", "", "", "b@c.id"]],
)
def test_unfinished_last_row_is_an_error_and_not_a_footer(tmp_path, last):
    checked = check_invoices(tmp_path, row("INV-1"), last)
    assert (checked.answer["rows"], checked.answer["bad_rows"]) == (2, 1)


def test_merged_total_label_is_a_total(tmp_path):
    workbook = Workbook()
    for cells in (E_INVOICE_HEADERS, row("INV-1"), ["TOTAL", "", 1000]):
        workbook.active.append(cells)
    workbook.active.merge_cells("A3:B3")
    assert check_file(tmp_path, workbook).answer["bad_rows"] == 0


def test_formatted_rows_and_blank_rows_are_no_rows(tmp_path):
    workbook = Workbook()
    for cells in (E_INVOICE_HEADERS, row("INV-1"), [], ["\u00a0", " ", "\u200b"], row("INV-2")):
        workbook.active.append(cells)
    for number in range(6, 60):
        workbook.active.cell(number, 1).number_format = "@"
    checked = check_file(tmp_path, workbook)
    assert (checked.answer["rows"], [line["row"] for line in checked.plan]) == (2, [2, 5])


# --- the whole ---


def test_more_rows_than_the_limit_are_refused(tmp_path):
    with pytest.raises(WorkbookRefused) as caught:
        check_invoices(tmp_path, *[row(f"INV-{i}") for i in range(12)], max_rows=10)
    assert caught.value.code == "too_many_rows"


def test_findings_are_in_row_order_over_many_batches_with_those_of_the_file_first(tmp_path):
    rows = [row("INV-1") if i % 700 == 0 else row(f"INV-{i}", -1 if i % 97 == 0 else 1000) for i in range(2500)]
    checked = check_invoices(
        tmp_path,
        *([*cells, "x"] for cells in rows),
        headers=[*E_INVOICE_HEADERS, "Entah"],
        max_rows=5000,
        today="2027-01-01",
    )
    numbers = [issue.get("row", 0) for issue in checked.issues]
    assert numbers == sorted(numbers)
    assert checked.codes()[0] == "unknown_column"
    assert [line["row"] for line in checked.plan] == sorted(line["row"] for line in checked.plan)
    assert checked.answer["warnings"]["due_date_past"] == checked.answer["invoices"]


CELLS = {
    "No. Invoice": ["INV-1", "inv-1", "INV-2", "INV-3", 7, "", "TOTAL", "Mengetahui"],
    "Nama Pelanggan": ["Budi", "", "Budi Santoso", "x" * 101],
    "Jumlah Tagihan": [100, 150, "1.000", "1,5", "", -5, "#N/A"],
    "Jatuh Tempo": ["31/12/2026", "", "besok", "1/1/2026"],
    "Email": ["a@b.co.id", "", "salah"],
    "No. WhatsApp": ["081234567890", "", 81234567890, "021"],
    "Nama Barang": ["", "", "A"],
    "Qty": ["", "", 1, "=A1"],
    "Harga Satuan": ["", "", 100, 50],
    "Kanal": ["", "", "EMAIL", "SMS"],
}
SCHOOL_CELLS = {
    "NIS": ["001", "002", 3, ""],
    "Nama Siswa": ["Alya", ""],
    "Kelas": ["7A", 8],
    "Jenis Tagihan": ["SPP", "spp", "SPP Cicilan 1/2", "SPP Cicilan 3/2", ""],
    "Periode": ["Juli 2026", "2026-07", "Sem 1", "Cicilan 1/2", 1, ""],
    "Tahun Ajaran": ["2026/2027", "2026/2028", ""],
    "Nominal": [1000, "", 0],
    "Jatuh Tempo": ["31/12/2026", "x"],
    "Email Wali": ["a@b.co.id", ""],
    "Potongan": ["", "10%", 1000],
    "No. Tagihan": ["", "", "T-1"],
}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([("e_invoice", CELLS), ("pintu_kelas", SCHOOL_CELLS)]), st.data())
def test_every_row_is_planned_or_bad_and_every_bad_row_has_an_error(module_cells, data):
    module, cells = module_cells
    drawn = st.lists(st.tuples(*(st.sampled_from(values) for values in cells.values())), max_size=12)
    # The first value of each column makes a good row: without any data row a file is refused.
    rows = [next(zip(*cells.values(), strict=False)), *data.draw(drawn)]
    with TemporaryDirectory() as folder:
        checked = check_rows(Path(folder), [list(cells), *rows], sheet="Data", module=module)
    answer = checked.answer
    planned = [number for line in checked.plan for number in (line["row"], *line.get("more_rows", []))]
    bad = {issue["row"] for issue in checked.issues if issue["severity"] == "error"}
    ignored = {issue["row"] for issue in checked.issues if issue["code"] == "footer_row_ignored"}
    assert len(planned) == len(set(planned))
    assert not bad & set(planned)
    assert answer["rows"] == len(planned) + len(bad)
    assert answer["bad_rows"] == len(bad)
    assert answer["invoices"] == len(checked.plan)
    assert answer["amount"] == sum(invoice["amount"] for invoice in checked.invoices)
    filled = {number for number, values in enumerate(rows, start=2) if any(value != "" for value in values)}
    assert filled == bad | set(planned) | ignored
    assert 0 <= answer["bad_invoices"] <= answer["bad_rows"]
    numbers = [invoice["number"].upper() for invoice in checked.invoices]
    assert len(numbers) == len(set(numbers))
    for issue in checked.issues:
        for texts in (INDONESIAN, ENGLISH):
            for part in ("what", "mend"):
                assert texts[f"{issue['code']}.{part}"].format_map(issue.get("params", {}))


def test_check_loads_no_slow_library(tmp_path):
    workbook = Workbook()
    for cells in (
        SCHOOL_HEADERS,
        ["1", "A", "7", "SPP", "Juli 2026", "2026/2027", 1, "31/12/2026", "", "0812345678901"],
    ):
        workbook.active.append(cells)
    workbook.save(tmp_path / "workbook.xlsx")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from upload.check_workbook import check_workbook; "
        "check_workbook({'path': sys.argv[2] + '/workbook.xlsx', 'out_dir': sys.argv[2], 'module': 'pintu_kelas',"
        "'channels': [], 'today': '2026-11-23', 'now': '2026-11-23T00:00:00Z', 'max_rows': 9, 'max_bytes': 99999,"
        "'last_amounts': None}); print(*sys.modules)"
    )
    answer = run(
        [sys.executable, "-c", script, str(FUNCTIONS), str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert not {"openpyxl", "pydantic", "phonenumbers", "boto3", "jinja2"} & set(answer.stdout.split())


# --- texts ---


def _list_codes() -> set[str]:
    """Every code that the sources raise or report, found by reading them."""
    callers = {"InvalidValueError", "WorkbookRefused", "Issue", "add", "warn"}
    sources = [FUNCTIONS / "invoicing" / f"{name}.py" for name in ("money", "contacts", "calendar")]
    sources += [FUNCTIONS / "invoicing/modules/school_terms.py"]
    names = ("cells", "sheets", "rows", "batches", "e_invoice_rows", "school_rows", "duplicates")
    sources += [FUNCTIONS / "upload" / f"{name}.py" for name in names]
    codes = set()
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in callers:
                    codes |= {
                        leaf.value
                        for leaf in ast.walk(node.args[0])
                        if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str) and leaf.value.isidentifier()
                    }
    # "{column}_unsupported" is put together from the column's key.
    unsupported = {f"{column.key}_unsupported" for column in e_invoice.COLUMNS if column.kind is Kind.UNSUPPORTED}
    return (codes | unsupported) - {"error", "_unsupported"}


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_code_is_explained_in_both_languages():
    codes = _list_codes()
    assert {"amount_decimals", "missing_value", "several_data_sheets", "due_date_past"} <= codes
    for code in codes:
        known = [texts for texts in (ENGLISH, ENGLISH_REFUSALS) if f"{code}.what" in texts]
        assert known, code


def test_both_languages_have_the_same_texts_with_the_same_placeholders():
    for indonesian, english in ((INDONESIAN, ENGLISH), (INDONESIAN_GUIDE, ENGLISH_GUIDE)):
        assert indonesian.keys() == english.keys()
        for key in indonesian:
            assert _placeholders(indonesian[key]) == _placeholders(english[key]), key
            assert indonesian[key] != english[key], key
    assert {key.partition(".")[2] for key in INDONESIAN} == {"what", "mend"}


def test_every_column_has_a_guide():
    keys = {f"{spec.module}.{column.key}" for spec in (e_invoice.SPEC, pintu_kelas.SPEC) for column in spec.columns}
    assert keys == INDONESIAN_GUIDE.keys()


@pytest.mark.parametrize("spec", [e_invoice.SPEC, pintu_kelas.SPEC], ids=lambda spec: spec.module)
def test_examples_of_the_template_are_good_rows(tmp_path, spec):
    headers = [column.header for column in spec.columns if column.in_template]
    keys = [column.key for column in spec.columns if column.in_template]
    rows = [[example.get(key, "") for key in keys] for example in spec.examples]
    checked = check_rows(tmp_path, [headers, *rows], sheet=spec.data_sheet, module=spec.module.value)
    assert checked.issues == []
