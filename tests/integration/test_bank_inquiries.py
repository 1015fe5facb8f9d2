"""Inquiries of the bank, its questions after a payment, and what a refusal never says."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from invoicing import clock
from invoicing.settings import get_settings
from invoicing.store import invoices
from tests.integration import bank_scenario as bank
from tests.integration import scenario
from tests.integration.bank_scenario import CHILD, CLIENT, inquire, pay, read_code, read_data
from tests.integration.conftest import Aws
from va_callback.calls import Answer, Service

DUE = 100_000


@pytest.fixture(autouse=True)
def open_bank(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    bank.name_tables(aws.template, monkeypatch)
    monkeypatch.setattr(clock, "now", lambda: scenario.NOW)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    scenario.register(scenario.SHOP, scenario.SCHOOL)


@pytest.fixture
def set_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    return lambda later: monkeypatch.setattr(clock, "now", lambda: scenario.NOW + later)


def read_inquiry_code(answered: Answer) -> str:
    return read_code(answered, Service.INQUIRY)


def load_account(va_number: str) -> dict[str, Any]:
    return invoices.load_virtual_accounts("028", [va_number])[va_number]


def test_school_bill_is_told_with_child_class_fee_and_period_in_both_languages() -> None:
    va_number = bank.open_bill(
        0, biller=scenario.SCHOOL, number="SPP/2026/SMP/00231", valid_until="2027-01-10T10:00:00Z", **CHILD
    )
    answered = inquire(va_number, client=replace(CLIENT, sub_company="00017"))
    assert (read_inquiry_code(answered), answered.message) == ("2002400", "Successful")
    assert read_data(answered) == {
        **bank.name_account(va_number),
        "inquiryRequestId": "inq-1",
        "inquiryStatus": "00",
        "inquiryReason": {"english": "Success", "indonesia": "Sukses"},
        "virtualAccountName": "Alya Putri 7A 00231",
        "totalAmount": {"value": "100000.00", "currency": "IDR"},
        "subCompany": "00017",
        "billDetails": [
            {
                "billCode": "01",
                "billNo": "SPP/2026/SMP/00231",
                "billName": "SPP Jul 2026",
                "billShortName": "SPP",
                "billDescription": {"english": "SPP Jul 2026", "indonesia": "SPP Jul 2026"},
                "billSubCompany": "00017",
                "billAmount": {"value": "100000.00", "currency": "IDR"},
            }
        ],
        "freeTexts": [
            {"english": "Sekolah Harapan", "indonesia": "Sekolah Harapan"},
            {"english": "SPP Jul 2026", "indonesia": "SPP Jul 2026"},
            {"english": "SPP/2026/SMP/00231", "indonesia": "SPP/2026/SMP/00231"},
            {"english": "Due 31 Dec 2026", "indonesia": "Jatuh tempo 31 Des 2026"},
            {"english": "Pay by 10 Jan 2027 17:00 WIB", "indonesia": "Bayar s.d. 10 Jan 2027 17.00 WIB"},
        ],
        "virtualAccountTrxType": "C",
    }


def test_good_inquiry_is_noted_on_the_account_and_nothing_else_changes() -> None:
    va_number = bank.open_bill()
    before = load_account(va_number)
    assert read_inquiry_code(inquire(va_number)) == "2002400"
    assert load_account(va_number) == before | {"inquired_at": clock.to_text(scenario.NOW)}
    assert bank.read_items(get_settings().payments_table) == []


def test_same_call_id_again_today_is_a_conflict_and_tomorrow_a_new_call(set_time: Callable[[timedelta], None]) -> None:
    va_number = bank.open_bill()
    inquire(va_number, "1")
    again = inquire(va_number, "1")
    assert (read_inquiry_code(again), read_data(again)["inquiryStatus"]) == ("4092400", "01")
    assert "totalAmount" not in read_data(again)
    set_time(timedelta(hours=14))
    assert read_inquiry_code(inquire(va_number, "1")) == "2002400"


def test_inquiry_id_again_by_a_new_call_is_answered_with_the_present_state() -> None:
    va_number = bank.open_bill()
    assert read_inquiry_code(inquire(va_number)) == "2002400"
    pay(va_number, DUE, "inq-1")
    assert read_inquiry_code(inquire(va_number)) == "4042414"


@pytest.mark.parametrize(
    ("prepare", "code", "english"),
    [
        (lambda va_number: pay(va_number, DUE), "4042414", "Bill has been paid"),
        (lambda va_number: bank.close_account(va_number, "paid_outside"), "4042414", "Bill has been paid"),
        (lambda va_number: bank.close_account(va_number, "archived"), "4042412", "Bill cancelled"),
        (lambda va_number: bank.close_account(va_number, "payment_reversed"), "4042412", "Bill has a new number"),
        (lambda _: bank.suspend(scenario.SHOP), "4042412", "Biller is suspended"),
    ],
    ids=["paid", "paid_outside", "archived", "reversed", "suspended"],
)
def test_bill_that_cannot_be_paid_is_refused_with_its_reason(
    prepare: Callable[[str], Any], code: str, english: str
) -> None:
    va_number = bank.open_bill()
    prepare(va_number)
    answered = inquire(va_number)
    data = read_data(answered)
    assert (read_inquiry_code(answered), data["inquiryStatus"], data["inquiryReason"]["english"]) == (
        code,
        "01",
        english,
    )
    assert data["virtualAccountNo"] == bank.name_account(va_number)["virtualAccountNo"]
    assert data["inquiryRequestId"] == "inq-1"
    assert "inquired_at" not in load_account(va_number)


def test_overdue_bill_is_told_until_its_validity_ends(set_time: Callable[[timedelta], None]) -> None:
    va_number = bank.open_bill(due_date="2026-11-01", valid_until="2026-11-23T10:00:00Z")
    assert read_inquiry_code(inquire(va_number)) == "2002400"
    set_time(timedelta(hours=7, seconds=1))
    assert read_inquiry_code(inquire(va_number)) == "4042419"


def test_unknown_number_and_unknown_partner_have_codes_of_their_own() -> None:
    assert read_inquiry_code(inquire("8808199999999999")) == "4042412"
    assert read_inquiry_code(inquire("9999900000000001")) == "4042416"


def test_inquiry_with_a_bad_body_leaves_its_call_id_free() -> None:
    va_number = bank.open_bill()
    body = bank.make_inquiry_body(va_number) | {"customerNo": 17}
    answered = bank.answer(bank.make_call(Service.INQUIRY, body, "1"))
    assert (read_inquiry_code(answered), answered.message) == ("4002401", "Invalid Field Format [customerNo]")
    assert read_data(answered)["inquiryReason"] == {
        "english": "Invalid format: customerNo",
        "indonesia": "Format salah: customerNo",
    }
    assert (read_data(answered)["inquiryStatus"], read_data(answered)["customerNo"]) == ("01", "")
    missing = bank.answer(bank.make_call(Service.INQUIRY, {**body, "inquiryRequestId": ""}, "1"))
    assert (read_inquiry_code(missing), missing.message) == ("4002402", "Invalid Mandatory Field [inquiryRequestId]")
    assert read_inquiry_code(inquire(va_number, "1")) == "2002400"


# --- Status ----------------------------------------------------------------------------------------------------------


def ask(va_number: str, request_id: str, external_id: str | None = None, **changes: Any) -> tuple[str, dict[str, Any]]:
    answered = bank.ask_status(va_number, request_id, external_id, **changes)
    return read_code(answered, Service.STATUS), read_data(answered)


def test_status_of_an_accepted_payment_tells_amount_time_and_reference() -> None:
    va_number = bank.open_bill()
    pay(va_number, DUE)
    code, data = ask(va_number, "pay-1")
    assert code == "2002600"
    assert data == {
        **bank.name_account(va_number),
        "inquiryRequestId": "pay-1",
        "paymentRequestId": "pay-1",
        "paymentFlagStatus": "00",
        "paymentFlagReason": {"english": "Success", "indonesia": "Sukses"},
        "paidAmount": {"value": "100000.00", "currency": "IDR"},
        "referenceNo": "REF-77",
        "transactionDate": "2026-11-23T10:00:00+07:00",
    }
    # By the inquiry's id alone: a payment after an inquiry has the same.
    assert ask(va_number, "pay-1", paymentRequestId=None)[1]["paymentFlagStatus"] == "00"


def test_status_of_a_refused_payment_tells_its_last_refusal(set_time: Callable[[timedelta], None]) -> None:
    va_number = bank.open_bill()
    pay(va_number, 5, "pay-1")
    set_time(timedelta(minutes=1))
    pay(bank.open_bill(1), 100_001, "pay-9")
    bank.close_account(va_number, "archived")
    pay(va_number, DUE, "pay-1")
    code, data = ask(va_number, "pay-1")
    assert (code, data["paymentFlagStatus"], data["paymentFlagReason"]["english"]) == (
        "2002600",
        "01",
        "Bill cancelled",
    )


def test_status_of_a_payment_that_nobody_told_us_is_not_found() -> None:
    va_number = bank.open_bill()
    inquire(va_number)
    assert ask(va_number, "inq-1")[0] == "4042601"
    # Nor is another account's payment told to whoever guesses its id.
    pay(bank.open_bill(1), 100_001, "pay-9")
    code, data = ask(va_number, "pay-9")
    assert (code, data["paymentFlagStatus"]) == ("4042601", "01")
    assert "paidAmount" not in data


def test_status_call_id_counts_once_and_its_body_is_checked() -> None:
    va_number = bank.open_bill()
    ask(va_number, "pay-1", "1")
    assert ask(va_number, "pay-1", "1")[0] == "4092600"
    assert ask(va_number, "", inquiryRequestId=" ", paymentRequestId=None)[0] == "4002602"
    assert ask(va_number, "x" * 129)[0] == "4002601"


# --- Busy ------------------------------------------------------------------------------------------------------------


def test_busy_answers_are_timeouts_without_a_status(monkeypatch: pytest.MonkeyPatch) -> None:
    va_number = bank.open_bill()
    before = scenario.dump_tables()
    monkeypatch.setattr("invoicing.store.dynamodb._QUICK_READ_TRIES", 0)
    for answered, code in (
        (inquire(va_number, "1"), "5042400"),
        (pay(va_number, DUE, external_id="1"), "5042500"),
    ):
        assert read_code(answered, Service(code[3:5])) == code
        assert answered.members == {}
    assert read_code(bank.ask_status(va_number, "pay-1"), Service.STATUS) == "5042600"
    assert scenario.dump_tables() == before
