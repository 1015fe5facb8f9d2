"""An earlier upload as a sheet for the next period: what the check makes of it again."""

from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.billers import Module
from invoicing.modules.next_period import add_months, build_next_rows
from invoicing.modules.template_workbook import build_template
from tests.unit.workbook_files import Checked, check_invoices, check_path, check_school


def check_next(folder: Path, checked: Checked, module: Module) -> Checked:
    rows = [row for draft in read_drafts(folder) for row in build_next_rows(module, draft)]
    path = folder / "next" / "next.xlsx"
    path.parent.mkdir()
    build_template(module, path, rows)
    return check_path(path, module=module)


def read_drafts(folder: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line)["invoice"] for line in (folder / "plan.ndjson").read_bytes().splitlines()]


def test_invoices_keep_payer_contacts_products_and_amount_and_get_a_later_date_and_number(tmp_path: Path) -> None:
    headers = (
        *("No. Invoice", "Nama Pelanggan", "Jumlah Tagihan", "Jatuh Tempo", "No. WhatsApp", "Email", "Kode Pelanggan"),
        *("Nama Barang", "Qty", "Harga Satuan", "Bahasa", "Kanal", "Berlaku Sampai"),
    )
    two = "a@b.example, c@d.example"
    first = ("INV-1", "PT Maju", 300_000, "31/01/2027", "0812345678901", two, "007", "Sewa", "2", 100_000)
    checked = check_invoices(
        tmp_path,
        (*first, "EN", "WA,EMAIL", "28/02/2027 17:00"),
        ("INV-1", None, None, None, None, None, None, "Kirim", "1", 100_000, None, None, None),
        headers=headers,
    )
    assert checked.issues == []
    before = read_drafts(tmp_path)
    again = check_next(tmp_path, checked, Module.E_INVOICE)
    assert [issue for issue in again.issues if issue["severity"] == "error"] == []
    (after,) = read_drafts(tmp_path / "next")
    moved = {"number": "INV-1-202702", "due_date": "2027-02-28", "valid_until": "2027-03-31T10:00:00Z"}
    assert after == before[0] | moved


@pytest.mark.parametrize(
    ("period", "year", "due", "following"),
    [
        ("Juli 2026", "2026/2027", "31/12/2026", ("2026-08", "2026/2027", "2027-01-31")),
        ("Juni 2027", "2026/2027", "10/06/2027", ("2027-07", "2027/2028", "2027-07-10")),
        ("Sem 1", "2026/2027", "15/12/2026", ("S2", "2026/2027", "2027-06-15")),
        ("Sem 2", "2026/2027", "15/01/2027", ("S1", "2027/2028", "2027-07-15")),
    ],
)
def test_school_bills_keep_student_guardians_and_fee_and_move_on_a_period(
    tmp_path: Path, period: str, year: str, due: str, following: tuple[str, str, str]
) -> None:
    headers = (
        *("NIS", "Nama Siswa", "Kelas", "Jenis Tagihan", "Periode", "Tahun Ajaran", "Nominal", "Jatuh Tempo"),
        *("Nama Wali", "WA Wali", "Email Wali", "Nama Wali 2", "Email Wali 2", "Potongan / Beasiswa"),
    )
    row = ("00231", "Alya", "7A", "SPP", period, year, 350_000, due, "Budi", "081234567890")
    guardians = ("budi@a.example; b2@a.example", "Sari", "sari@a.example", "10%")
    checked = check_school(tmp_path, (*row, *guardians), headers=headers)
    assert [issue for issue in checked.issues if issue["severity"] == "error"] == []
    (before,) = read_drafts(tmp_path)
    again = check_next(tmp_path, checked, Module.PINTU_KELAS)
    assert [issue for issue in again.issues if issue["severity"] == "error"] == []
    (after,) = read_drafts(tmp_path / "next")
    assert (after["period"], after["school_year"], after["due_date"]) == following
    moved = {"number", "period", "school_year", "due_date"}
    assert {name: after[name] for name in after if name not in moved} == {
        name: before[name] for name in before if name not in moved
    }
    assert after["number"] != before["number"]


def test_bill_that_does_not_recur_leaves_its_period_to_be_filled_in() -> None:
    draft = {
        "number": "X",
        "payer_name": "Bima",
        "amount": 1,
        "due_date": "2027-02-15",
        "recipients": [],
        "student": {"nis": "1", "class_name": "8B"},
        "fee_type": "Uang Pangkal",
        "period": "",
        "school_year": "2026/2027",
        "installment": "2/3",
    }
    (row,) = build_next_rows(Module.PINTU_KELAS, draft)
    assert row["period"] == ""


def test_number_that_had_a_month_gets_the_next_one_and_one_too_long_none() -> None:
    draft = {"payer_name": "A", "amount": 1, "due_date": "2027-01-15", "recipients": [{"email": "a@b.example"}]}
    numbers = {
        given: build_next_rows(Module.E_INVOICE, draft | {"number": given})[0]["number"]
        for given in (
            "INV-7",
            "INV-7-202701",
            "X" * 33,
            "X" * 34,
        )
    }
    assert list(numbers.values()) == ["INV-7-202702", "INV-7-202702", "X" * 33 + "-202702", ""]


@given(st.dates(date(2020, 1, 1), date(2090, 1, 1)), st.integers(1, 12))
def test_later_day_is_in_the_month_that_many_months_on_and_a_last_day_stays_one(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    tomorrow = date.fromordinal(day.toordinal() + 1)
    if tomorrow.month != day.month:
        assert date.fromordinal(later.toordinal() + 1).month != later.month
    else:
        assert later.day <= day.day
