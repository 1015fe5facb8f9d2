"""The bank's signed calls through the handler to the money and back, with exactly the variables of the function."""

import json
from typing import Any

import orjson
import pytest

from infra.local.bank import Bank, Reply
from invoicing import clock
from invoicing.store import bank_calls, dynamodb
from invoicing.store.bank_calls import BankCall
from tests.integration import bank_scenario, faults, scenario
from tests.integration.conftest import Aws
from tests.integration.snap_scenario import connect, operate

DUE = 100_000


@pytest.fixture
def bank(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Bank:
    monkeypatch.setattr(clock, "now", lambda: scenario.NOW)
    scenario.register(scenario.SHOP)
    bank = connect("ocbc", "ocbc", channels_by_id={"95221": "mobile"}, sub_company="00017")
    aws.become("VaCallbackFunction")
    return bank


def read_status(reply: Reply) -> tuple[str, str]:
    data = reply.body["virtualAccountData"]
    return reply.code, data.get("paymentFlagStatus") or data["inquiryStatus"]


def test_bill_is_asked_about_paid_told_again_and_asked_for_its_status(bank: Bank) -> None:
    va_number = bank_scenario.open_bill()
    asked = bank.inquire(va_number)
    assert read_status(asked) == ("2002400", "00")
    assert asked.body["virtualAccountData"]["subCompany"] == "00017"
    payment = asked.body["virtualAccountData"]["inquiryRequestId"]
    members = {"paymentRequestId": payment, "external_id": "1"}
    assert read_status(bank.pay(va_number, DUE, **members)) == ("2002500", "00")
    assert read_status(bank.pay(va_number, DUE, **members)) == ("4042518", "00")
    assert read_status(bank.pay(va_number, DUE, paymentRequestId=payment)) == ("2002500", "00")
    assert read_status(bank.pay(va_number, DUE)) == ("4042514", "01")
    assert read_status(bank.ask_status(va_number, payment)) == ("2002600", "00")
    assert read_status(bank.inquire(va_number)) == ("4042414", "01")


def test_refusals_reach_the_bank_with_its_ids_and_reasons(bank: Bank) -> None:
    va_number = bank_scenario.open_bill()
    assert read_status(bank.pay("8808199999999999", DUE)) == ("4042512", "01")
    assert read_status(bank.pay("9999900000000001", DUE)) == ("4042516", "01")
    refused = bank.pay(va_number, DUE + 1)
    assert read_status(refused) == ("4042513", "01")
    assert refused.body["virtualAccountData"]["virtualAccountNo"] == f"   {va_number}"
    assert read_status(bank.pay(va_number, DUE, flagAdvise="x")) == ("4002501", "01")
    assert bank.ask_status(va_number, "nothing").code == "4042601"


def test_refused_attempt_leads_to_the_request_and_the_answer_as_they_were(bank: Bank, aws: Aws) -> None:
    va_number = bank_scenario.open_bill()
    body = {"virtualAccountName": "Siti", "referenceNo": "0042"}
    refused = bank.pay(va_number, DUE + 1, external_id="7", **body)
    (attempt,) = bank_scenario.read_attempts()
    aws.become("BankCommandFunction")
    kept = operate("show_call", call_id=attempt["call_id"])
    sent = json.loads(kept["body"])
    assert (sent["paidAmount"]["value"], sent["virtualAccountName"]) == ("100001.00", "Siti")
    assert json.loads(kept["answer"]) == refused.body
    assert kept["headers"]["authorization"].startswith("***")
    found = [operate("list_calls", **by)["calls"] for by in ({"va_number": va_number}, {"reference": "0042"})]
    assert [[call["call_id"] for call in calls] for calls in found] == [[attempt["call_id"]]] * 2


def test_numbers_of_additional_info_come_back_as_they_were_sent(bank: Bank) -> None:
    info = {"fee": 2500.5, "journal": 12345678901234567890123, "nested": [{"rate": 0.1}]}
    bills = [{"billNo": "1", "additionalInfo": {"tax": 1.25}}]
    paid = bank.pay(bank_scenario.open_bill(), DUE, additionalInfo=info, billDetails=bills)
    assert read_status(paid) == ("2002500", "00")
    assert paid.body["additionalInfo"] == info
    (bill,) = paid.body["virtualAccountData"]["billDetails"]
    assert (bill["additionalInfo"], bill["status"]) == ({"tax": 1.25}, "00")


@pytest.mark.parametrize("padding", ["0", " "])
def test_call_is_found_by_its_account_however_the_bank_pads_the_number(bank: Bank, padding: str) -> None:
    va_number = bank_scenario.open_bill()
    body = bank_scenario.make_inquiry_body(va_number) | {"virtualAccountNo": va_number.rjust(28, padding)}
    assert bank.call("inquiry", body).code == "2002400"
    assert len(load_calls_of(va_number)) == 1


# --- The call is evidence of the money: kept with it ------------------------------------------------------------------


def load_calls_of(va_number: str) -> list[BankCall]:
    return [bank_calls.load_call(call_id) for call_id in bank_calls.list_calls_of_va("028", va_number)]


def fail(*_: object) -> None:
    raise AssertionError("kept by itself")


def test_call_is_kept_by_the_transaction_that_posts_or_refuses(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    va_number = bank_scenario.open_bill()
    bank.take_token()
    monkeypatch.setattr(bank_calls, "keep_call", fail)
    paid = bank.pay(va_number, DUE)
    refused = bank.pay(va_number, DUE)
    assert [reply.code for reply in (paid, refused)] == ["2002500", "4042514"]
    kept = load_calls_of(va_number)
    assert [orjson.loads(call.answer) for call in kept] == [paid.body, refused.body]
    assert [(call.http_status, call.is_signed, call.client_id) for call in kept] == [
        (200, True, "ocbc"),
        (404, True, "ocbc"),
    ]
    postings, attempts = bank_scenario.read_postings(), bank_scenario.read_attempts()
    assert [record["call_id"] for record in (*postings, *attempts)] == [call.call_id for call in kept]


def test_payment_is_posted_once_and_kept_by_itself_when_its_call_cannot_stand_in_the_transaction(bank: Bank) -> None:
    va_number = bank_scenario.open_bill()
    tried: list[int] = []

    def throttle_record(params: dict[str, Any], **_: object) -> None:
        members = len(params["TransactItems"])
        tried.append(members)
        if members == tried[0]:
            faults.raise_cancelled([*["None"] * (members - 1), "ThrottlingError"])()

    event = "before-parameter-build.dynamodb.TransactWriteItems"
    dynamodb.client().meta.events.register(event, throttle_record)
    assert read_status(bank.pay(va_number, DUE)) == ("2002500", "00")
    assert tried[1:] == [tried[0] - 1]
    assert bank_scenario.assert_money_agrees(va_number)
    assert [call.http_status for call in load_calls_of(va_number)] == [200]


def test_call_whose_commit_was_not_heard_of_is_kept_once_and_rings_for_nobody(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[None] = []
    monkeypatch.setattr("va_callback.keeping.count_not_kept", lambda: rung.append(None))
    va_number = bank_scenario.open_bill()
    lost = faults.CallCounter([faults.OneOperation(dynamodb.client())], faults.raise_read_timeout, 0, after=True)
    with lost.installed():
        assert read_status(bank.pay(va_number, DUE)) == ("2002500", "00")
    assert [call.http_status for call in load_calls_of(va_number)] == [200]
    assert rung == []
