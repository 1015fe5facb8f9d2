"""What a teller's screen shows of a bill: short enough, and one child's is never another's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.bill_labels import (
    PAYER_LENGTH,
    label_bill,
    label_bill_shortly,
    label_due_date,
    label_number,
    label_payer,
    label_valid_until,
)
from invoicing.texts import LANGUAGES

NAMES = st.text(st.characters(categories=("Lu", "Ll", "Zs")), min_size=1, max_size=100).filter(str.strip)
CODES = st.text("0123456789ABC./-", min_size=1, max_size=20)


def child(name: str, class_name: str, nis: str) -> dict[str, Any]:
    return {"payer_name": name, "student": {"nis": nis, "class_name": class_name}, "number": "1"}


@pytest.mark.parametrize(
    ("invoice", "label"),
    [
        (child("Alya Putri", "7A", "00231"), "Alya Putri 7A 00231"),
        (child("Muhammad Rizky Ramadhan Al-Fatih", "10 IPA 1", "00231"), "Muhammad Rizky Ramadhan 00231"),
        (child("Bima", "Kelas Sepuluh Ilmu Alam Satu", "00231"), "Bima 00231"),
        (child("Muhammad Rizky", "7A", "12345678901234567890"), "Muhammad 12345678901234567890"),
        ({"number": "INV-1"}, ""),
        ({"number": "INV-1", "student": {}}, ""),
        ({"payer_name": "PT Maju Jaya", "payer_code": "C-0012", "number": "INV-1"}, "PT Maju Jaya"),
        (
            {"payer_name": "PT Sumber Alam Sejahtera Abadi Cabang Bogor", "payer_code": "C-12", "number": "INV-1"},
            "PT Sumber Alam Sejahtera  C-12".replace("  ", " "),
        ),
        (
            {"payer_name": "PT Sumber Alam Sejahtera Abadi Cabang Bogor", "number": "INV-1"},
            "PT Sumber Alam Sejahtera INV-1",
        ),
    ],
)
def test_payer_is_named_by_what_tells_payers_apart(invoice: dict[str, Any], label: str) -> None:
    assert label_payer(invoice) == label


@given(NAMES, NAMES, st.text("789ABC ", max_size=30), CODES, CODES)
def test_children_of_other_nis_have_other_labels_in_thirty_characters(
    name: str, other_name: str, class_name: str, nis: str, other_nis: str
) -> None:
    label, other = label_payer(child(name, class_name, nis)), label_payer(child(other_name, class_name, other_nis))
    assert len(label) <= PAYER_LENGTH
    assert label.endswith(f" {nis}")
    assert label != other or nis == other_nis


@pytest.mark.parametrize(
    ("invoice", "language", "length", "label"),
    [
        ({"fee_type": "SPP", "period": "2026-07"}, "id", 18, "SPP Jul 2026"),
        ({"fee_type": "SPP", "period": "2026-08"}, "id", 18, "SPP Agu 2026"),
        ({"fee_type": "SPP", "period": "2026-08"}, "en", 18, "SPP Aug 2026"),
        ({"fee_type": "Uang Kegiatan Tahunan", "period": "S2"}, "id", 18, "Uang Ke Semester 2"),
        ({"fee_type": "Uang Pangkal", "period": "Gelombang pertama tahun ini"}, "id", 18, "Uang ma tahun ini"),
        ({"fee_type": "Seragam"}, "id", 18, "Seragam"),
        ({"description": "Sewa alat bulan Januari 2027"}, "id", 18, "Sewa alat bulan Ja"),
        ({}, "id", 18, "Tagihan"),
        ({}, "en", 18, "Bill"),
    ],
)
def test_bill_is_named_by_fee_and_period_or_description(
    invoice: dict[str, Any], language: str, length: int, label: str
) -> None:
    assert label_bill(invoice, language, length) == label


@given(
    st.fixed_dictionaries(
        {"number": st.text(min_size=1, max_size=40)},
        optional={
            "fee_type": st.text(min_size=1, max_size=60),
            "period": st.text(max_size=40),
            "description": st.text(min_size=1, max_size=140),
        },
    ),
    st.sampled_from(LANGUAGES),
)
def test_no_label_is_longer_than_its_field(invoice: dict[str, Any], language: str) -> None:
    for length in (18, 20, 32):
        assert len(label_bill(invoice, language, length)) <= length
        assert len(label_number(invoice, length)) <= length
    assert len(label_bill_shortly(invoice, language, 10)) <= 10


@given(st.dates(), st.sampled_from(LANGUAGES))
def test_dates_fit_a_free_text(day: Any, language: str) -> None:
    assert len(label_due_date({"due_date": day.isoformat()}, language)) <= 32


@pytest.mark.parametrize("language", LANGUAGES)
def test_longest_end_of_validity_fits_a_free_text(language: str) -> None:
    assert len(label_valid_until({"valid_until": "2026-12-31T10:00:00Z"}, language)) <= 32
