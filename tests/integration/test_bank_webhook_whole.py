"""The bank's signed calls through the handler to the money and back, with exactly the variables of the function."""

import pytest

from infra.local.bank import Bank, Reply
from invoicing import clock
from tests.integration import bank_scenario, scenario
from tests.integration.conftest import Aws
from tests.integration.snap_scenario import connect

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
