from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.modules.school_terms import frame_number, parse_period, parse_school_year, place_period
from invoicing.typed_text import InvalidValueError
from tests.unit.workbook_files import SCHOOL_HEADERS, check_school


def row(nis="00231", fee="SPP", period="Juli 2026", year="2026/2027", amount=350_000, **fields):
    cells = {
        "name": "Alya Putri",
        "class": "7A",
        "due": "31/12/2026",
        "guardian": "Budi",
        "wa": "",
        "email": "b@c.co.id",
    }
    cells |= fields
    return [
        nis,
        cells["name"],
        cells["class"],
        fee,
        period,
        year,
        amount,
        cells["due"],
        cells["guardian"],
        cells["wa"],
        cells["email"],
    ]


def test_good_row_becomes_a_bill_with_all_it_says(tmp_path):
    headers = [*SCHOOL_HEADERS, "Nama Wali 2", "WA Wali 2", "Email Wali 2", "Potongan / Beasiswa", "Tunggakan Lalu"]
    headers += ["Kode Keluarga", "NISN", "Jurusan", "Unit", "Keterangan"]
    extra = ["Sari", "0812-9876-5432", "", "12,5%", "Rp 200.000", "K-1", "0123456789", "IPA", "SMP", "Lunasi ya"]
    checked = check_school(tmp_path, [*row(amount=350_001, wa=6281234567890), *extra], headers=headers)
    assert checked.issues == []
    assert checked.invoices == [
        {
            "number": "SMP-00231-SPP-2627-202607",
            "payer_name": "Alya Putri",
            "payer_code": "00231",
            "amount": 306_251,
            "due_date": "2026-12-31",
            "recipients": [
                {"name": "Budi", "email": "b@c.co.id", "whatsapp": "+6281234567890"},
                {"name": "Sari", "whatsapp": "+6281298765432"},
            ],
            "fee_type": "SPP",
            "school_year": "2026/2027",
            "student": {"nis": "00231", "class_name": "7A", "nisn": "0123456789", "major": "IPA", "unit": "SMP"},
            "family_code": "K-1",
            "description": "Lunasi ya",
            "arrears": 200_000,
            "period": "2026-07",
            "discount": 43_750,
        }
    ]


@pytest.mark.parametrize(
    ("cell", "period"),
    [
        ("2026-07", "2026-07"),
        ("07/2026", "2026-07"),
        ("Juli 2026", "2026-07"),
        ("JUL-26", "2026-07"),
        ("Bulan Juli", "2026-07"),
        ("Juli 2026/2027", "2026-07"),
        ("januari", "2027-01"),
        ("Januari 2026/2027", "2027-01"),
        ("01/07/2026", "2026-07"),
        (date(2026, 7, 15), "2026-07"),
        (202607.0, "2026-07"),
        (46204.0, "2026-07"),
        (7.0, "2026-07"),
        ("Sem 1", "S1"),
        ("Semester Ganjil", "S1"),
        ("semester II", "S2"),
        ("Genap 2026/2027", "S2"),
        ("Kelulusan", "KELULUSAN"),
        ("2026/2027", "2026-2027"),
    ],
)
def test_period_however_written_has_one_form(cell, period):
    assert place_period(parse_period(cell), "2026/2027") == period


@pytest.mark.parametrize("header", ["semester", "bulan"])
def test_bare_one_takes_its_meaning_from_the_header(header):
    assert place_period(parse_period(1.0, header=header), "2026/2027") == {"semester": "S1", "bulan": "2027-01"}[header]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (1.0, "period_ambiguous"),
        ("2", "period_ambiguous"),
        ("2/3", "period_invalid"),
        (True, "period_invalid"),
        (13.0, "period_invalid"),
        ("Cicilan 4/3", "installment_invalid"),
        ("Juli 2026/2028", "school_year_not_consecutive"),
    ],
)
def test_period_that_means_nothing_certain_is_refused(cell, code):
    with pytest.raises(InvalidValueError, match=code):
        parse_period(cell)


@given(
    st.integers(2000, 2097), st.sampled_from(["{}/{}", "{}-{}", "{} / {}", "TA {}/{}", "{}{}", "Tahun Ajaran {}/{}"])
)
def test_school_year_however_written_has_one_form(first, form):
    assert parse_school_year(form.format(first, first + 1)) == f"{first}/{first + 1}"


@given(st.text(max_size=15) | st.floats() | st.integers())
def test_accepted_school_year_is_consecutive(cell):
    try:
        first, last = parse_school_year(cell).split("/")
    except InvalidValueError:
        return
    assert int(last) == int(first) + 1


words = st.text(alphabet="abAB12 .-/é學", min_size=1, max_size=30).filter(lambda text: text.strip() == text)
identities = st.tuples(
    st.just("") | words,
    words,
    words,
    st.sampled_from(["2026/2027", "2027/2028"]),
    st.just("") | words,
    st.sampled_from(["", "2/3"]),
)


def _number(unit, nis, *terms):
    return frame_number(unit, *terms).complete(nis)


def _meaning(unit, nis, fee, year, period, installment):
    def fold(text):
        folded = "".join(filter(str.isalnum, text)).upper()
        return folded or text

    return fold(unit), nis.upper(), fold(fee), year, fold(period), installment


@given(identities, identities)
def test_derived_numbers_are_short_stable_and_tell_bills_apart(one, other):
    first, second = _number(*one), _number(*other)
    assert len(first) <= 40
    assert first == _number(*one)
    assert (first == second) == (_meaning(*one) == _meaning(*other))


def test_same_semester_of_the_next_year_is_another_bill(tmp_path):
    checked = check_school(tmp_path, row(period="Sem 1"), row(period="Semester 1", year="2027/2028"))
    assert [invoice["number"] for invoice in checked.invoices] == ["00231-SPP-2627-S1", "00231-SPP-2728-S1"]


@pytest.mark.parametrize(
    "cells",
    [{"fee": "Uang Pangkal Cicilan {}/3", "period": "Juli 2026"}, {"fee": "Uang Pangkal", "period": "Cicilan {}/3"}],
)
def test_each_instalment_is_its_own_invoice(tmp_path, cells):
    rows = [row(**{key: value.format(part) for key, value in cells.items()}) for part in (1, 2, 3)]
    checked = check_school(tmp_path, *rows)
    assert [invoice["installment"] for invoice in checked.invoices] == ["1/3", "2/3", "3/3"]
    assert {invoice["fee_type"] for invoice in checked.invoices} == {"Uang Pangkal"}
    assert len({invoice["number"] for invoice in checked.invoices}) == 3
    assert checked.issues == []


def test_same_bill_twice_is_an_error_however_it_was_written(tmp_path):
    checked = check_school(tmp_path, row(fee="Antar-Jemput"), row(fee="antar jemput", period="2026-07"))
    assert checked.answer["errors"] == {"duplicate_school_bill": 2}


def test_same_bill_under_another_number_is_a_warning(tmp_path):
    headers = [*SCHOOL_HEADERS, "No. Tagihan"]
    checked = check_school(tmp_path, [*row(), ""], [*row(period="Jul-26"), "SPP-1"], headers=headers)
    assert checked.answer["warnings"] == {"likely_double_bill": 2}
    assert checked.issue("likely_double_bill")["params"] == {"other_row": 3, "other_number": "SPP-1"}
    assert checked.answer["invoices"] == 2


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        ({"amount": ""}, ["no_tariff"]),
        ({"year": "2026/2028"}, ["school_year_not_consecutive"]),
        ({"year": ""}, ["missing_value"]),
        ({"period": "Juli 2027/2028"}, ["period_other_school_year"]),
        ({"fee": "SPP Cicilan 1/3", "period": "Cicilan 2/3"}, ["installment_differs"]),
        ({"email": "", "wa": "-"}, ["missing_contact"]),
        ({"class": date(2026, 1, 7)}, ["text_became_date"]),
        ({"period": "", "fee": "", "nis": ""}, ["missing_value"] * 3),
    ],
)
def test_row_that_cannot_be_billed_is_an_error(tmp_path, cells, codes):
    checked = check_school(tmp_path, row(**cells))
    assert checked.codes(2) == codes
    assert checked.answer["bad_rows"] == 1


def test_scholarship_that_leaves_nothing_is_an_error(tmp_path):
    headers = [*SCHOOL_HEADERS, "Beasiswa"]
    assert check_school(tmp_path, [*row(), "100%"], headers=headers).codes() == ["nothing_left_to_pay"]
    assert check_school(tmp_path, [*row(), 0.1], headers=headers).invoices[0]["amount"] == 315_000


def test_month_outside_the_school_year_is_a_warning(tmp_path):
    checked = check_school(tmp_path, row(period="Juni 2026"))
    assert checked.answer["warnings"] == {"period_outside_school_year": 1}


def test_numeric_nis_keeps_the_digits_it_shows(tmp_path):
    checked = check_school(tmp_path, row(nis=231), row(nis="000231"))
    assert [invoice["payer_code"] for invoice in checked.invoices] == ["231", "000231"]


def test_nisn_must_have_ten_digits(tmp_path):
    checked = check_school(tmp_path, [*row(), 123456789], headers=[*SCHOOL_HEADERS, "NISN"])
    assert checked.codes() == ["nisn_invalid"]


def test_brothers_and_sisters_share_a_contact_without_warning(tmp_path):
    rows = [[*row(nis=f"{i:05d}"), "K-1"] for i in range(7)]
    assert check_school(tmp_path, *rows, headers=[*SCHOOL_HEADERS, "Kode Keluarga"]).answer["warnings"] == {}
    strangers = [[*row(nis=f"{i:05d}"), f"K-{i}"] for i in range(7)]
    checked = check_school(tmp_path, *strangers, headers=[*SCHOOL_HEADERS, "Kode Keluarga"])
    assert checked.answer["warnings"] == {"contact_shared": 7}


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan"), 1e300, -5.0])
def test_number_that_is_no_month_is_no_period(number):
    with pytest.raises(InvalidValueError, match="period_invalid"):
        parse_period(number)
