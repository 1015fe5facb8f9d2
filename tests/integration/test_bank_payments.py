"""Payments told by the bank: every row of the decision table, and every code that a payment is answered."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from invoicing import clock
from invoicing.errors import SamePersonError
from invoicing.postings import Approval, BankPayment, OutcomeKind, PaymentChannel
from invoicing.settings import get_settings
from invoicing.settled_payments import post_settled_payment
from invoicing.store import dynamodb, invoices, payments
from invoicing.verdicts import Verdict
from tests.integration import bank_scenario as bank
from tests.integration import scenario
from tests.integration.bank_scenario import CLIENT, pay, read_code, read_data
from tests.integration.conftest import Aws
from va_callback.calls import Service

DUE = 100_000
"""Of bill 0 of ``scenario.make_draft``."""


@pytest.fixture(autouse=True)
def open_bank(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    bank.name_tables(aws.template, monkeypatch)
    monkeypatch.setattr(clock, "now", lambda: scenario.NOW)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    scenario.register(scenario.SHOP)


@pytest.fixture
def set_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    return lambda later: monkeypatch.setattr(clock, "now", lambda: scenario.NOW + later)


@pytest.fixture
def va_number() -> str:
    return bank.open_bill()


def test_payment_of_an_open_bill_is_posted_with_all_that_the_bank_told(va_number: str) -> None:
    answered = pay(va_number, DUE)

    assert read_code(answered) == "2002500"
    data = read_data(answered)
    assert (data["paymentFlagStatus"], data["paymentFlagReason"]) == (
        "00",
        {"english": "Success", "indonesia": "Sukses"},
    )
    posting = bank.assert_money_agrees(va_number)
    assert posting is not None
    expected = {
        "payment_id": "028#pay-1",
        "kind": "va",
        "state": "posted",
        "biller_id": "toko-sinar",
        "number": "INV-0000",
        "amount": DUE,
        "accepted_at": "2026-11-23T03:00:00.000Z",
        "transaction_at": "2026-11-23T02:59:58.000Z",
        "channel": "atm",
        "bank_reference": "REF-77",
        "giro_account": "028000111222",
        "due_date": "2026-12-31",
    }
    assert {name: posting[name] for name in expected} == expected
    invoice = invoices.load_current_invoice("toko-sinar", "INV-0000")
    assert invoice is not None
    assert invoice["payment"] == {
        "payment_id": "028#pay-1",
        "channel": "atm",
        "bank_reference": "REF-77",
        "transaction_at": "2026-11-23T02:59:58.000Z",
    }


def test_paid_invoice_leaves_the_list_of_open_ones(va_number: str) -> None:
    pay(va_number, DUE)
    listed = [
        invoice["number"]
        for shard in range(invoices.STATUS_SHARDS)
        for page in invoices.list_open_invoices(
            "toko-sinar", shard, scenario.NOW.date(), scenario.NOW.date() + timedelta(days=90), None
        )
        for invoice in page
    ]
    assert listed == []


def test_payment_is_found_by_day_account_and_reference(va_number: str) -> None:
    other = bank.open_bill(1)
    pay(va_number, DUE)
    pay(other, 7, "pay-2")
    day = scenario.NOW.astimezone(clock.JAKARTA).date()
    of_day = list(payments.list_payments_of_day("toko-sinar", day))
    assert [(record["va_number"], record["sk"] == "posting") for record in of_day] == [
        (va_number, True),
        (other, False),
    ]
    assert of_day[1]["verdict"] == "wrong_amount"
    assert [record["pk"] for record in payments.list_payments_of_account("028", va_number)] == ["028#pay-1"]
    references = payments.list_payments_by_reference("028", "REF-77")
    assert {record["pk"] for record in references} == {"028#pay-1", "028#pay-2"}
    assert list(payments.list_payments_of_day("toko-sinar", day + timedelta(days=1))) == []


def test_payment_that_cannot_be_counted_is_answered_all_the_same(
    va_number: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("va_callback.payment_counts.EphemeralMetrics", lambda: 1 / 0)
    assert read_code(pay(va_number, DUE)) == "2002500"
    assert "payment_not_counted" in caplog.messages


# --- Same payment again ----------------------------------------------------------------------------------------------


def test_new_call_of_an_accepted_payment_is_answered_success_and_posts_nothing(va_number: str) -> None:
    """An advice retry, or one after a lost answer."""
    pay(va_number, DUE, external_id="1")
    before = bank.read_postings()
    again = pay(va_number, DUE, external_id="2")
    assert (read_code(again), read_data(again)["paymentFlagStatus"]) == ("2002500", "00")
    assert bank.read_postings() == before
    assert bank.read_attempts() == []
    bank.assert_money_agrees(va_number)


@pytest.mark.parametrize("flag", ["Y", "N", None])
def test_advice_of_a_payment_that_never_reached_us_is_posted_and_its_retry_is_not(
    va_number: str, flag: str | None
) -> None:
    body = bank.make_payment_body(va_number, DUE, flagAdvise=flag)
    first, retry = (bank.answer(bank.make_call(Service.PAYMENT, body)) for _ in range(2))
    assert [read_code(answered) for answered in (first, retry)] == ["2002500"] * 2
    assert read_data(retry).get("flagAdvise") == flag
    assert len(bank.read_postings()) == 1


@pytest.mark.parametrize(("is_success", "code"), [(False, "4042518"), (True, "2002500")])
def test_same_call_again_is_answered_with_the_first_status(va_number: str, is_success: bool, code: str) -> None:
    client = replace(CLIENT, replay_code_success=is_success)
    pay(va_number, DUE, external_id="1", client=client)
    again = pay(va_number, DUE, external_id="1", client=client)
    assert (read_code(again), read_data(again)["paymentFlagStatus"]) == (code, "00")
    assert len(bank.read_postings()) == 1


@pytest.mark.parametrize("is_success", [False, True])
def test_call_that_contradicts_a_posting_does_so_again_when_it_is_repeated(va_number: str, is_success: bool) -> None:
    """Not even a bank that wants repeats answered 200 hears that an account is paid which never was."""
    client, other = replace(CLIENT, replay_code_success=is_success), bank.open_bill(1)
    assert read_code(pay(va_number, DUE, external_id="1", client=client)) == "2002500"
    for _ in range(2):
        assert read_code(pay(other, DUE + 1, external_id="2", client=client)) == "4042518"
    assert bank.assert_money_agrees(other) is None
    assert len(bank.read_attempts()) == 1


def test_refused_call_again_is_answered_with_the_first_refusal_even_if_it_would_now_be_right(va_number: str) -> None:
    client = CLIENT
    other = bank.open_bill(1)
    pay(other, 100_001, "pay-9")
    pay(other, 100_001, "pay-8", external_id="1")
    again = pay(other, 100_001, "pay-8", external_id="1", client=client)
    assert (read_code(again), read_data(again)["paymentFlagStatus"]) == ("4042518", "01")
    assert read_data(again)["paymentFlagReason"]["english"] == "Bill has been paid"


@pytest.mark.parametrize("external_id", ["1", "2"], ids=["same_call_id", "new_call_id"])
@pytest.mark.parametrize("change", ["amount", "account"])
def test_accepted_payment_told_differently_is_inconsistent_with_the_first_status(
    va_number: str, external_id: str, change: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED")
    other = bank.open_bill(1)
    pay(va_number, DUE, external_id="1")
    if change == "amount":
        again = pay(va_number, DUE + 1, external_id=external_id)
    else:
        again = pay(other, 100_001, external_id=external_id)
    assert (read_code(again), read_data(again)["paymentFlagStatus"]) == ("4042518", "00")
    assert [attempt["verdict"] for attempt in bank.read_attempts()] == ["inconsistent"]
    bank.assert_money_agrees(va_number)
    assert bank.assert_money_agrees(other) is None
    assert '"InconsistentPayments":[1.0]' in capsys.readouterr().out.replace(" ", "")


def test_alarm_watches_what_an_inconsistent_payment_counts(
    aws: Aws, va_number: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED")
    pay(va_number, DUE)
    capsys.readouterr()
    pay(va_number, DUE + 1)
    (counted,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    alarm = aws.template.find("AWS::CloudWatch::Alarm")["InconsistentPaymentsAlarm"]
    (given,) = counted["_aws"]["CloudWatchMetrics"]
    assert (given["Namespace"], given["Metrics"][0]["Name"]) == (alarm["Namespace"], alarm["MetricName"])
    assert sorted(given["Dimensions"][0]) == sorted(dimension["Name"] for dimension in alarm["Dimensions"])
    assert all(counted[dimension["Name"]] == dimension["Value"] for dimension in alarm["Dimensions"])


def test_call_id_used_today_for_another_payment_is_a_conflict(va_number: str) -> None:
    other = bank.open_bill(1)
    pay(va_number, DUE, "pay-1", external_id="1")
    answered = pay(other, 100_001, "pay-2", external_id="1")
    assert (read_code(answered), read_data(answered)["paymentFlagStatus"]) == ("4092500", "01")
    assert bank.assert_money_agrees(other) is None
    assert [attempt["verdict"] for attempt in bank.read_attempts()] == ["id_reused"]
    # By an id of its own it is what it always was: a good payment.
    assert read_code(pay(other, 100_001, "pay-2", external_id="2")) == "2002500"


def test_call_id_is_one_clients_own(va_number: str) -> None:
    other = bank.open_bill(1)
    pay(va_number, DUE, "pay-1", external_id="1")
    answered = pay(other, 100_001, "pay-2", external_id="1", client=replace(CLIENT, client_id="ocbc-2"))
    assert read_code(answered) == "2002500"


def test_call_id_counts_per_service(va_number: str) -> None:
    assert read_code(bank.inquire(va_number, "1"), Service.INQUIRY) == "2002400"
    assert read_code(pay(va_number, DUE, external_id="1")) == "2002500"
    assert read_code(bank.ask_status(va_number, "pay-1", "1"), Service.STATUS) == "2002600"


def test_call_id_is_free_again_after_midnight_in_jakarta(va_number: str, set_time: Callable[[timedelta], None]) -> None:
    other = bank.open_bill(1)
    set_time(timedelta(hours=13, minutes=59, seconds=59))
    pay(va_number, DUE, "pay-1", external_id="1")
    assert read_code(pay(other, 100_001, "pay-2", external_id="1")) == "4092500"
    set_time(timedelta(hours=14))
    # The same call across midnight is a new call of a payment that was accepted.
    assert read_code(pay(va_number, DUE, "pay-1", external_id="1")) == "2002500"
    assert read_code(pay(other, 100_001, "pay-2", external_id="1")) == "4092500"
    assert len(bank.read_postings()) == 1


@pytest.mark.parametrize("external_id", ["2"])
def test_payment_refused_before_and_now_right_is_posted(va_number: str, external_id: str) -> None:
    assert read_code(pay(va_number, DUE - 1, external_id="1")) == "4042513"
    assert read_code(pay(va_number, DUE, external_id=external_id)) == "2002500"
    bank.assert_money_agrees(va_number)
    assert [attempt["verdict"] for attempt in bank.read_attempts()] == ["wrong_amount"]


# --- Refused ---------------------------------------------------------------------------------------------------------


def assert_refused(answered: Any, code: str, english: str) -> None:
    data = read_data(answered)
    assert (read_code(answered), data["paymentFlagStatus"]) == (code, "01")
    assert data["paymentFlagReason"]["english"] == english
    assert data["paymentFlagReason"]["indonesia"]
    assert {"partnerServiceId", "customerNo", "virtualAccountNo", "paymentRequestId", "virtualAccountName"} <= set(data)


def test_bill_paid_by_another_payment_is_refused_and_recorded(va_number: str) -> None:
    pay(va_number, DUE, "pay-1")
    assert_refused(pay(va_number, DUE, "pay-2", call_id="CALL"), "4042514", "Bill has been paid")
    (attempt,) = bank.read_attempts()
    assert (attempt["verdict"], attempt["call_id"], attempt["amount"]) == ("paid", "CALL", DUE)
    assert (attempt["biller_id"], attempt["number"]) == ("toko-sinar", "INV-0000")
    posting = bank.assert_money_agrees(va_number)
    assert posting is not None
    assert posting["payment_id"] == "028#pay-1"


@pytest.mark.parametrize(
    ("reason", "code", "english"),
    [
        ("archived", "4042512", "Bill cancelled"),
        ("payment_reversed", "4042512", "Bill has a new number"),
        ("paid_outside", "4042514", "Bill has been paid"),
    ],
)
def test_closed_account_is_refused_by_its_reason(va_number: str, reason: str, code: str, english: str) -> None:
    bank.close_account(va_number, reason)
    assert_refused(pay(va_number, DUE), code, english)
    assert bank.read_postings() == []


def test_archived_bill_is_refused_and_its_number_paid_under_its_new_account(va_number: str) -> None:
    assert bank.archive(scenario.SHOP, "INV-0000", va_number)
    new = bank.open_bill(7, number="INV-0000", amount=5_000)
    assert_refused(pay(va_number, DUE), "4042512", "Bill cancelled")
    assert read_code(pay(new, 5_000, "pay-2")) == "2002500"
    bank.assert_money_agrees(new)
    assert bank.assert_money_agrees(va_number) is None


def test_unknown_number_of_a_known_biller_is_no_bill_and_of_no_biller_no_partner(va_number: str) -> None:
    assert_refused(pay("8808199999999999", DUE), "4042512", "Bill not found")
    assert_refused(pay("9999900000000001", DUE, "pay-2"), "4042516", "Biller not found")
    assert {attempt["biller_id"] for attempt in bank.read_attempts()} == {"unknown"}
    day = scenario.NOW.astimezone(clock.JAKARTA).date()
    assert len(list(payments.list_payments_of_day("unknown", day))) == 2


def test_suspended_billers_bill_is_refused(va_number: str) -> None:
    bank.suspend(scenario.SHOP)
    assert_refused(pay(va_number, DUE), "4042512", "Biller is suspended")
    assert bank.assert_money_agrees(va_number) is None


def test_bill_may_be_paid_after_its_due_date_until_the_last_second_of_its_validity(
    set_time: Callable[[timedelta], None],
) -> None:
    first, second = (
        bank.open_bill(index, due_date="2026-11-20", valid_until="2026-11-23T10:00:00Z") for index in range(2)
    )
    set_time(timedelta(hours=7, milliseconds=999))
    assert read_code(pay(first, DUE)) == "2002500"
    set_time(timedelta(hours=7, seconds=1))
    assert_refused(pay(second, 100_001, "pay-2"), "4042519", "Bill expired")
    assert bank.assert_money_agrees(second) is None
    # What was paid in time stays paid for the bank that asks again, and for the payer that tries again.
    assert read_code(pay(first, DUE)) == "2002500"
    assert_refused(pay(first, DUE, "pay-3"), "4042514", "Bill has been paid")


@pytest.mark.parametrize(
    "paid",
    [
        {"value": "99999.00", "currency": "IDR"},
        {"value": "100000.50", "currency": "IDR"},
        {"value": "100000.00", "currency": "USD"},
        {"value": "0.00", "currency": "IDR"},
        {"value": "9999999999999999.00", "currency": "IDR"},
    ],
)
def test_any_amount_but_the_one_due_in_whole_rupiah_is_refused(va_number: str, paid: dict[str, str]) -> None:
    body = bank.make_payment_body(va_number, DUE, paidAmount=paid)
    assert_refused(bank.answer(bank.make_call(Service.PAYMENT, body)), "4042513", "Invalid amount")
    (attempt,) = bank.read_attempts()
    assert attempt["verdict"] == "wrong_amount"
    assert ("stated_amount" in attempt) == ("amount" not in attempt)
    assert bank.assert_money_agrees(va_number) is None


def test_call_with_a_bad_body_leaves_nothing_and_its_ids_free(va_number: str) -> None:
    empty = scenario.dump_tables()
    body = bank.make_payment_body(va_number, DUE) | {"paidAmount": {"value": "100000", "currency": "IDR"}}
    answered = bank.answer(bank.make_call(Service.PAYMENT, body, "1"))
    assert (read_code(answered), answered.message) == ("4002501", "Invalid Field Format [paidAmount.value]")
    assert scenario.dump_tables() == empty
    assert read_code(pay(va_number, DUE, external_id="1")) == "2002500"


# --- Channels --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel_id", "changes", "channel"),
    [
        ("00001", {}, PaymentChannel.TELLER),
        ("00003", {"sourceBankCode": "028"}, PaymentChannel.MOBILE),
        ("00001", {"sourceBankCode": "014"}, PaymentChannel.OTHER_BANK),
        ("95231", {"channelCode": 6010}, PaymentChannel.TELLER),
        ("95231", {"channelCode": "6011"}, PaymentChannel.UNKNOWN),
        ("00009", {"channelCode": 6010}, PaymentChannel.UNKNOWN),
    ],
)
def test_channel_is_told_by_the_banks_own_codes(
    va_number: str, channel_id: str, changes: dict[str, Any], channel: PaymentChannel
) -> None:
    body = bank.make_payment_body(va_number, DUE, **changes)
    bank.answer(bank.make_call(Service.PAYMENT, body, channel_id=channel_id))
    assert [posting["channel"] for posting in bank.read_postings()] == [channel]


# --- Posted by two people --------------------------------------------------------------------------------------------


def make_settled(va_number: str, amount: int = DUE) -> BankPayment:
    return BankPayment("028", "statement-1", va_number, amount, PaymentChannel.UNKNOWN, bank_reference="REF-1")


APPROVAL = Approval("ani", "budi", "In the bank's statement of 23 November, never told")


def test_missing_payment_is_posted_by_two_people_even_after_validity_and_suspension(
    set_time: Callable[[timedelta], None],
) -> None:
    va_number = bank.open_bill(valid_until="2026-11-23T10:00:00Z")
    set_time(timedelta(days=2))
    bank.suspend(scenario.SHOP)
    outcome = post_settled_payment(make_settled(va_number), APPROVAL)
    assert (outcome.kind, outcome.verdict) == (OutcomeKind.POSTED, Verdict.ACCEPTED)
    posting = bank.assert_money_agrees(va_number)
    assert posting is not None
    assert (posting["recorded_by"], posting["approved_by"]) == ("ani", "budi")
    (entry,) = bank.read_items(get_settings().audit_table)
    assert (entry["action"], entry["user_id"], entry["subject"]) == ("post_payment", "budi", va_number)
    # The bank's own call of it comes after all.
    assert read_code(pay(va_number, DUE, "statement-1")) == "2002500"
    assert len(bank.read_postings()) == 1


def test_one_person_may_not_post_a_payment(va_number: str) -> None:
    with pytest.raises(SamePersonError):
        post_settled_payment(make_settled(va_number), Approval("ani", "ani", "?"))
    assert bank.assert_money_agrees(va_number) is None


def test_settled_money_that_fits_no_open_bill_is_not_posted(va_number: str) -> None:
    before = scenario.dump_tables()
    assert post_settled_payment(make_settled(va_number, DUE + 1), APPROVAL).verdict is Verdict.WRONG_AMOUNT
    assert post_settled_payment(make_settled("8808199999999999"), APPROVAL).verdict is Verdict.NOT_FOUND
    assert scenario.dump_tables() == before
    pay(va_number, DUE)
    assert post_settled_payment(make_settled(va_number), APPROVAL).verdict is Verdict.PAID
    assert len(bank.read_postings()) == 1


def test_reversed_payment_is_never_posted_or_confirmed_again(va_number: str) -> None:
    pay(va_number, DUE)
    dynamodb.client().update_item(
        TableName=get_settings().payments_table,
        Key={"pk": {"S": "028#pay-1"}, "sk": {"S": "posting"}},
        UpdateExpression="SET #state = :reversed",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":reversed": {"S": "reversed"}},
    )
    assert_refused(pay(va_number, DUE), "4042512", "Bill has a new number")
    status = bank.ask_status(va_number, "pay-1")
    assert (read_code(status, Service.STATUS), read_data(status)["paymentFlagStatus"]) == ("2002600", "01")
