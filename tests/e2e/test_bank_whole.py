"""The bank's signed calls over HTTP to the deployed function, with its own role: a bill is asked about and paid."""

import pytest

from infra.local.bank import open_bank
from infra.local.cloud import Cloud
from invoicing.billers import Module
from tests.e2e.at_once import be_all_functions, register_biller
from tests.integration import bank_scenario


def test_bill_is_paid_once_over_http_with_the_functions_own_role(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    with be_all_functions(cloud, monkeypatch):
        biller = register_biller(Module.E_INVOICE)
        first, second = (bank_scenario.open_bill(index, biller=biller) for index in range(2))
        bank = open_bank(cloud)
        assert bank.inquire(first).code == "2002400"
        paid = bank.pay(first)
        assert paid.code == "2002500"
        assert bank_scenario.assert_money_agrees(first)
        assert bank.pay(first, 100_000).code == "4042514"
        assert bank.pay(second, 5).code == "4042513"
        assert bank.pay("9999900000000001", 5).code == "4042516"
        assert bank.ask_status(first, paid.body["virtualAccountData"]["paymentRequestId"]).code == "2002600"
        assert bank.ask_status(first, "nothing").code == "4042601"
