from datetime import date, datetime

import pytest
from openpyxl import Workbook

from tests.unit.workbook_files import E_INVOICE_HEADERS, check_file, check_invoices

ITEM_HEADERS = [*E_INVOICE_HEADERS, "Nama Barang", "Qty", "Harga Satuan", "Diskon", "Pajak"]


def row(number="INV-1", name="PT Maju", amount=1_500_000, due="31/12/2026", phone="081234567890", email="a@b.co.id"):
    return [number, name, amount, due, phone, email]


def with_column(header, value, **fields):
    return {"headers": [*E_INVOICE_HEADERS, header]}, [*row(**fields), value]


def test_good_row_becomes_an_invoice_with_all_it_says(tmp_path):
    headers = [*E_INVOICE_HEADERS, "No. HP (SMS)", "Keterangan", "Kode Pelanggan", "Tanggal Invoice", "Berlaku Sampai"]
    headers += ["Bahasa", "Cabang", "Catatan Internal", "Ref ERP"]
    cells = [
        *row(email="A@B.co.id; c@d.co.id"),
        81298765432,
        " Sewa  alat ",
        12.0,
        date(2026, 12, 1),
        "31/12/2026 17:00",
    ]
    cells += ["English", "Bogor", "rahasia", "SO-1"]
    checked = check_invoices(tmp_path, cells, headers=headers)
    assert checked.issues == []
    assert checked.plan == [
        {
            "row": 2,
            "invoice": {
                "number": "INV-1",
                "payer_name": "PT Maju",
                "amount": 1_500_000,
                "due_date": "2026-12-31",
                "recipients": [
                    {"name": "PT Maju", "email": "A@b.co.id", "whatsapp": "+6281234567890", "sms": "+6281298765432"},
                    {"name": "PT Maju", "email": "c@d.co.id"},
                ],
                "description": "Sewa alat",
                "payer_code": "12",
                "issue_date": "2026-12-01",
                "valid_until": "2026-12-31T10:00:00Z",
                "language": "en",
                "branch": "Bogor",
                "internal_note": "rahasia",
                "erp_reference": "SO-1",
            },
        }
    ]


def test_every_error_of_every_row_is_reported_with_cell_and_value(tmp_path):
    checked = check_invoices(
        tmp_path,
        row(amount="1,5", due="31/02/2026", phone="(021) 5551234", email="salah"),
        row(number="INV-2"),
        row(number=None, name="\u00a0", amount=0, phone=None, email=None),
    )
    found = {(issue["row"], issue["code"], issue.get("column"), issue.get("value")) for issue in checked.issues}
    assert found == {
        (2, "amount_decimals", "Jumlah Tagihan", "1,5"),
        (2, "date_impossible", "Jatuh Tempo", "31/02/2026"),
        (2, "phone_landline", "No. WhatsApp", "(021) 5551234"),
        (2, "email_invalid", "Email", "salah"),
        (4, "missing_value", "No. Invoice", None),
        (4, "missing_value", "Nama Pelanggan", "\u00a0"),
        (4, "amount_zero", "Jumlah Tagihan", "0"),
        (4, "missing_contact", None, None),
    }
    assert [issue["row"] for issue in checked.issues] == sorted(issue["row"] for issue in checked.issues)
    assert (checked.answer["rows"], checked.answer["bad_rows"], checked.answer["invoices"]) == (3, 2, 1)


def test_names_keep_every_letter_but_no_trickery(tmp_path):
    name = "\u202eJose\u0301\u00a0 \u200b王小明\tأحمد\u2066 O'Neill"
    assert check_invoices(tmp_path, row(name=name)).invoices[0]["payer_name"] == "José 王小明 أحمد O'Neill"


def test_number_typed_as_number_keeps_its_digits_and_a_long_one_is_refused(tmp_path):
    checked = check_invoices(tmp_path, row(number=20260001), row(number=1234567890123456789), row(number="1,23E+15"))
    assert [invoice["number"] for invoice in checked.invoices] == ["20260001"]
    assert checked.answer["errors"] == {"digits_lost": 2}


def test_same_number_twice_is_an_error_on_every_row_even_beside_other_errors(tmp_path):
    checked = check_invoices(
        tmp_path, row("inv-7"), row("INV-7", amount=2), row("INV-8"), row("INV-7", phone="1", email=None)
    )
    duplicates = [issue for issue in checked.issues if issue["code"] == "duplicate_number"]
    assert [(issue["row"], issue["params"]["other_row"]) for issue in duplicates] == [(2, 3), (3, 2), (5, 2)]
    assert (checked.answer["invoices"], checked.answer["bad_rows"], checked.answer["bad_invoices"]) == (1, 3, 3)


def test_product_rows_of_one_number_form_one_invoice(tmp_path):
    checked = check_invoices(
        tmp_path,
        [*row(amount=1_831_500), "Genset", 2, 750_000, "10%", "11%"],
        ["INV-2", "CV Lain", 10, "31/12/2026", "", "x@y.co.id", "Paku", 10, 1, "", ""],
        ["inv-1", "", "", "", "", "", "Ongkos kirim", "1,5", "222.000", "", ""],
        headers=ITEM_HEADERS,
    )
    assert checked.issues == []
    first = checked.plan[0]
    assert (first["row"], first["more_rows"]) == (2, [4])
    assert first["invoice"]["items"] == [
        {
            "name": "Genset",
            "quantity": "2",
            "unit_price": 750_000,
            "discount": 150_000,
            "tax": 148_500,
            "total": 1_498_500,
        },
        {"name": "Ongkos kirim", "quantity": "1.5", "unit_price": 222_000, "total": 333_000},
    ]
    assert [line["row"] for line in checked.plan] == [2, 3]
    assert checked.answer["rows"] == 3


def test_merged_number_covers_its_product_rows(tmp_path):
    workbook = Workbook()
    sheet = workbook.active
    sheet.append(ITEM_HEADERS)
    sheet.append([*row(amount=300), "A", 1, 100, "", ""])
    sheet.append(["", "", "", "", "", "", "B", 2, 100, "", ""])
    for letter in "ABCDEF":
        sheet.merge_cells(f"{letter}2:{letter}3")
    checked = check_file(tmp_path, workbook)
    assert (checked.answer["invoices"], checked.plan[0].get("more_rows")) == (1, [3])


@pytest.mark.parametrize(
    ("second", "codes"),
    [
        (["INV-1", "", "", "", "", "", "B", 1, 100, "", ""], {2: ["items_total_differs"], 3: ["invoice_has_bad_row"]}),
        (
            ["INV-1", "Orang Lain", 100, "", "", "", "B", 1, 50, "", ""],
            {2: ["invoice_has_bad_row"], 3: ["product_row_differs", "product_row_differs"]},
        ),
        (["INV-1", "", "", "", "", "", "B", "", 50, "", ""], {2: ["invoice_has_bad_row"], 3: ["item_incomplete"]}),
        (["INV-1", "", "", "x", "", "", "B", 1, 50, "", ""], {2: ["invoice_has_bad_row"], 3: ["date_invalid"]}),
        (["", "", "", "", "", "", "B", 1, 50, "", ""], {2: ["items_total_differs"], 3: None}),
        (row(amount=100), {2: ["duplicate_number"], 3: ["duplicate_number"]}),
        (
            ["INV-1", "", "", "", "", "", "B", 1, 50, 60, ""],
            {2: ["invoice_has_bad_row"], 3: ["reduction_ambiguous"]},
        ),
        (
            ["INV-1", "", "", "", "", "", "B", 1, 50, 500, ""],
            {2: ["items_total_differs"], 3: ["item_total_negative"]},
        ),
    ],
)
def test_product_rows_that_do_not_agree_make_the_whole_invoice_bad(tmp_path, second, codes):
    checked = check_invoices(tmp_path, [*row(amount=150), "A", 1, 100, "", ""], second, headers=ITEM_HEADERS)
    for number, expected in codes.items():
        if expected is None:
            assert checked.codes(number)[0] == "product_row_without_number"
        else:
            assert checked.codes(number) == expected
    assert (checked.answer["invoices"], checked.answer["bad_rows"]) == (0, 2)


def test_first_product_row_must_state_the_invoice(tmp_path):
    checked = check_invoices(
        tmp_path,
        ["INV-1", "", "", "", "", "", "A", 1, 100, "", ""],
        [*row(amount=200), "B", 1, 100, "", ""],
        headers=ITEM_HEADERS,
    )
    assert {"missing_value", "missing_contact"} <= set(checked.codes(2))
    assert checked.answer["bad_rows"] == 2


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("Boleh Cicil", "ya", "partial_payment_unsupported"),
        ("Boleh Cicil", True, "partial_payment_unsupported"),
        ("Minimal Bayar", 50_000, "partial_minimum_unsupported"),
        ("VA Tetap", "8808123456789", "fixed_va_unsupported"),
        ("Kanal", "SMS", "channel_not_active"),
        ("Kanal", "telegram", "channel_unknown"),
        ("Kirim SMS", "ya", "channel_not_active"),
        ("Kirim Email", "mungkin", "yes_no_invalid"),
        ("Bahasa", "Jawa", "language_unknown"),
        ("Berlaku Sampai", "23/11/2026 10:05", "expiry_too_soon"),
        ("Berlaku Sampai", "30/12/2026", "expiry_before_due"),
        ("Keterangan", "x" * 141, "text_longer"),
        ("Kode Pelanggan", date(2026, 3, 1), "text_became_date"),
        ("Keterangan", True, "text_became_other"),
    ],
)
def test_filled_cell_that_cannot_be_honoured_is_an_error(tmp_path, header, value, code):
    options, cells = with_column(header, value)
    checked = check_invoices(tmp_path, cells, **options)
    assert checked.codes(2) == [code]
    assert checked.issues[0]["column"] == header
    assert checked.answer["invoices"] == 0


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Boleh Cicil", "Tidak"),
        ("Boleh Cicil", False),
        ("Minimal Bayar", 0),
        ("VA Tetap", "-"),
        ("Keterangan", "-"),
        ("Berlaku Sampai", "31/12/2026"),
        ("Kirim Email", "Ya"),
        ("Kanal", "WA + email"),
    ],
)
def test_cell_that_asks_for_nothing_special_is_fine(tmp_path, header, value):
    options, cells = with_column(header, value)
    assert check_invoices(tmp_path, cells, **options).issues == []


def test_channels_named_in_a_row_are_planned(tmp_path):
    options, cells = with_column("Kanal", "EMAIL")
    assert check_invoices(tmp_path, cells, **options).invoices[0]["channels"] == ["email"]
    options, cells = with_column("Kirim WhatsApp", "tidak")
    assert check_invoices(tmp_path, cells, **options).invoices[0]["channels"] == ["email"]


def test_contact_of_an_inactive_channel_is_kept_and_no_reachable_contact_is_a_warning(tmp_path):
    checked = check_invoices(tmp_path, row(email=None), channels=["email"])
    assert checked.invoices[0]["recipients"] == [{"name": "PT Maju", "whatsapp": "+6281234567890"}]
    assert checked.answer["warnings"] == {"no_notice": 1}


def test_requested_channel_without_contact_is_a_warning(tmp_path):
    options, cells = with_column("Kanal", "EMAIL, WA", email=None)
    assert check_invoices(tmp_path, cells, **options).answer["warnings"] == {"channel_without_contact": 1}


def test_error_cells_and_formulas_without_value_are_errors_of_their_own(tmp_path):
    checked = check_invoices(tmp_path, row(amount="=1+1"), row(number="INV-2", email="#N/A", phone="0812345678901"))
    assert checked.codes(2) == ["formula_without_value"]
    assert checked.issue("formula_without_value")["value"] == "=1+1"
    assert checked.codes(3) == ["cell_error"]


def test_warnings_ask_about_dates_amounts_and_double_bills(tmp_path):
    checked = check_invoices(
        tmp_path,
        row("INV-1", due="22/11/2026"),
        row("INV-2", amount=60_000_000, name="B", phone="081300000001"),
        row("INV-3", amount=100, name="C", phone="081300000002"),
        row("INV-4", due=datetime(2026, 12, 31), name="D", phone="081300000003"),  # noqa: DTZ001 - as Excel stores it
        row("INV-5", name="d ", phone="081300000003"),
        last_amounts={"smallest": 1_000_000, "largest": 10_000_000},
    )
    assert checked.codes(2) == ["due_date_past"]
    assert checked.codes(3) == checked.codes(4) == ["amount_far_from_last"]
    assert checked.codes(5) == checked.codes(6) == ["likely_double_bill"]
    assert checked.answer["invoices"] == 5


def test_one_contact_on_more_than_five_payers_is_a_warning_on_each_row(tmp_path):
    rows = [row(f"INV-{i}", name=f"Orang {i}", phone="0812345678" + f"{i:02d}") for i in range(6)]
    assert check_invoices(tmp_path, *rows).answer["warnings"] == {"contact_shared": 6}
    assert check_invoices(tmp_path, *rows[:5]).answer["warnings"] == {}


def test_warnings_of_rows_that_are_not_created_need_no_answer(tmp_path):
    checked = check_invoices(tmp_path, row("INV-1", due="22/11/2026"), row("INV-1", due="22/11/2026"))
    assert checked.answer["warnings"] == {}
    assert checked.answer["errors"] == {"duplicate_number": 2}


def product_rows(count, name="Paku"):
    first = [*row(amount=count), name, 1, 1, "", ""]
    return [first, *(["INV-1", "", "", "", "", "", name, 1, 1, "", ""] for _ in range(count - 1))]


def test_invoice_of_more_products_than_can_be_stored_is_refused_on_every_row(tmp_path):
    checked = check_invoices(tmp_path, *product_rows(500), headers=ITEM_HEADERS)
    assert checked.answer["invoices"] == 1
    checked = check_invoices(tmp_path, *product_rows(501), row("INV-2"), headers=ITEM_HEADERS)
    assert checked.answer["errors"] == {"invoice_too_many_products": 501}
    assert (checked.answer["invoices"], checked.answer["bad_rows"], checked.answer["bad_invoices"]) == (1, 501, 1)


def test_invoice_of_too_many_bytes_is_refused_on_every_row(tmp_path):
    checked = check_invoices(tmp_path, *product_rows(400, name="\U00020000" * 100), headers=ITEM_HEADERS)
    assert checked.answer["errors"] == {"invoice_too_large": 400}
    assert (checked.answer["invoices"], checked.answer["bad_rows"], checked.answer["bad_invoices"]) == (0, 400, 1)


def test_product_worth_more_than_any_invoice_is_an_error_even_when_given_away(tmp_path):
    cells = [*row(amount=100), "A", 999_999_999, 9_999_999_999_999, "100%", 100]
    checked = check_invoices(tmp_path, cells, headers=ITEM_HEADERS)
    assert (checked.codes(2), checked.issues[0]["column"]) == (["amount_too_large"], "Harga Satuan")


@pytest.mark.parametrize("headers", [["Kirim Email"], ["Kirim WhatsApp", "Kirim Email"], ["Kirim Email", "Kanal"]])
def test_product_rows_that_ask_for_different_channels_name_the_column_that_does(tmp_path, headers):
    first = [*row(amount=200), "A", 1, 100, "", "", *("ya" if name != "Kanal" else "" for name in headers)]
    second = [*row(amount=200), "B", 1, 100, "", "", *("tidak" if name == "Kirim Email" else "" for name in headers)]
    checked = check_invoices(tmp_path, first, second, headers=[*ITEM_HEADERS, *headers])
    issue = checked.issue("product_row_differs")
    assert issue["column"] == ("Kanal" if "Kanal" in headers else "Kirim Email")


def test_difference_between_product_rows_is_shown_as_typed(tmp_path):
    first = [*row(amount=200, due="31/12/2026"), "A", 1, 100, "", ""]
    second = [*row(amount=200, due="30 Des 2026"), "B", 1, 100, "", ""]
    assert check_invoices(tmp_path, first, second, headers=ITEM_HEADERS).issue("product_row_differs")["value"] == (
        "30 Des 2026"
    )


def test_plan_is_in_row_order_where_some_rows_hold_products(tmp_path):
    product = [*row("INV-1", amount=100), "A", 1, 100, "", ""]
    checked = check_invoices(tmp_path, product, row("INV-2"), headers=ITEM_HEADERS)
    assert [line["row"] for line in checked.plan] == [2, 3]


def test_shared_contact_names_its_column(tmp_path):
    rows = [row(f"INV-{i}", name=f"Orang {i}", phone="0812345678" + f"{i:02d}") for i in range(6)]
    assert check_invoices(tmp_path, *rows).issue("contact_shared")["column"] == "Email"
