"""Every code of the standard's table that a call can be answered, reached over HTTP at the deployed function.

429 and what else the gateway answers by itself is not in this cloud: ``test_template`` holds it in the template.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from ulid import ULID

from infra.local.bank import (
    PATH,
    Bank,
    Call,
    Fault,
    Reply,
    open_bank,
    operate,
    send_to,
    write_public_key,
    write_timestamp,
)
from infra.local.cloud import Cloud
from infra.local.officers import decide_by_two
from invoicing import clock
from invoicing.billers import Biller, Module
from invoicing.settings import get_settings
from invoicing.store import dynamodb
from invoicing.store.bank_clients import load_client
from tests.e2e.at_once import be_all_functions, register_biller
from tests.integration import bank_scenario
from tests.integration.bank_scenario import make_inquiry_body, make_payment_body

DUE = 100_000
MANDATORY = {"partnerServiceId", "customerNo", "virtualAccountNo", "virtualAccountName"}
STATUS = {"inquiry": "inquiry", "payment": "paymentFlag", "status": "paymentFlag"}


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def billers(cloud: Cloud, patch: pytest.MonkeyPatch) -> Iterator[tuple[Biller, Biller]]:
    """One that is active, one that will be suspended; this process may write where the functions may."""
    with be_all_functions(cloud, patch):
        yield register_biller(Module.E_INVOICE), register_biller(Module.E_INVOICE)


@pytest.fixture(scope="module")
def bills(billers: tuple[Biller, Biller]) -> dict[str, str]:
    """Virtual accounts by what has become of their bills."""
    biller, suspended = billers
    numbers = count()

    def open_bill(owner: Biller = biller, **changes: Any) -> str:
        return bank_scenario.open_bill(next(numbers), biller=owner, amount=DUE, **changes)

    accounts = {name: open_bill() for name in ("open", "other", "paid", "archived", "incomplete")}
    accounts["suspended"] = open_bill(suspended)
    accounts["expired"] = open_bill(valid_until=clock.to_text(clock.now() - timedelta(seconds=2)))
    accounts["unknown"] = f"{biller.company_code}99999999999"
    accounts["no biller"] = "9999900000000001"
    bank_scenario.suspend(suspended)
    assert bank_scenario.archive(biller, "INV-0003", accounts["archived"])
    # An account whose invoice is not there: no call can find out what it has to pay, however often it looks.
    key = {"pk": {"S": f"{biller.biller_id}#INV-0004"}, "sk": {"S": "current"}}
    dynamodb.client().delete_item(TableName=get_settings().invoices_table, Key=key)
    return accounts


@pytest.fixture(scope="module")
def bank(cloud: Cloud, bills: dict[str, str]) -> Bank:
    bank = open_bank(cloud)
    assert bank.pay(bills["paid"]).code == "2002500"
    return bank


def check(reply: Reply, code: str, service: str) -> None:
    assert (reply.code, reply.http_status) == (code, int(code[:3])), reply.body
    assert reply.headers["X-TIMESTAMP"].endswith("+07:00")
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.body["responseMessage"]
    if reply.http_status in (400, 404, 409):
        data, start = reply.body["virtualAccountData"], STATUS[service]
        inconsistent = code == "4042518"
        assert data[f"{start}Status"] == ("00" if inconsistent else "01")
        assert all(data[f"{start}Reason"][language] for language in ("english", "indonesia"))
        assert set(data) >= MANDATORY - ({"virtualAccountName"} if service == "status" else set())
    elif reply.http_status != 200:
        assert set(reply.body) == {"responseCode", "responseMessage"}


@pytest.mark.parametrize(
    ("account", "case"),
    [
        ("open", "200..00"),
        ("unknown", "404..12"),
        ("archived", "404..12"),
        ("suspended", "404..12"),
        ("paid", "404..14"),
        ("no biller", "404..16"),
        ("expired", "404..19"),
        ("incomplete", "504..00"),
    ],
)
@pytest.mark.parametrize(("service", "number"), [("inquiry", "24"), ("payment", "25")])
def test_each_state_of_a_bill_has_its_code(
    bank: Bank, bills: dict[str, str], service: str, number: str, account: str, case: str
) -> None:
    va_number = bills["other" if (service, account) == ("payment", "open") else account]
    body = make_payment_body(va_number, DUE, str(ULID())) if service == "payment" else make_inquiry_body(va_number)
    check(bank.call(service, body), case.replace("..", number), service)


@pytest.mark.parametrize(("service", "number"), [("inquiry", "24"), ("payment", "25"), ("status", "26")])
def test_each_fault_of_a_call_has_its_code(bank: Bank, bills: dict[str, str], service: str, number: str) -> None:
    good = make_inquiry_body(bills["open"]) | make_payment_body(bills["open"], DUE + 1, "x")
    faults = {
        Fault.METHOD: "405..00",
        Fault.NO_EXTERNAL_ID: "400..02",
        Fault.UNKNOWN_PARTNER: "401..00",
        Fault.NO_TOKEN: "401..01",
        Fault.TOKEN: "401..01",
        Fault.CLOCK: "401..00",
        Fault.SIGNATURE: "401..00",
        Fault.NOT_JSON: "400..00",
        Fault.DUPLICATE_NAME: "400..00",
    }
    for fault, case in faults.items():
        check(bank.call(service, good, fault=fault), case.replace("..", number), service)
    check(bank.call(service, good | {"customerNo": 17}), f"400{number}01", service)
    check(bank.call(service, good | {"virtualAccountNo": ""}), f"400{number}02", service)


def test_ids_that_come_again_have_their_codes(bank: Bank, bills: dict[str, str]) -> None:
    call, payment = str(ULID()), str(ULID())
    asked = make_inquiry_body(bills["open"])
    check(bank.call("inquiry", asked, external_id=call), "2002400", "inquiry")
    check(bank.call("inquiry", asked, external_id=call), "4092400", "inquiry")
    wrong = make_payment_body(bills["open"], DUE + 1, payment)
    check(bank.call("payment", wrong), "4042513", "payment")
    paid = make_payment_body(bills["open"], DUE, payment)
    check(bank.call("payment", paid, external_id=call), "2002500", "payment")
    check(bank.call("payment", paid, external_id=call), "4042518", "payment")
    check(bank.call("payment", paid | {"flagAdvise": "Y"}), "2002500", "payment")
    check(bank.call("payment", wrong), "4042518", "payment")
    other = make_payment_body(bills["archived"], DUE, str(ULID()))
    check(bank.call("payment", other, external_id=call), "4092500", "payment")
    told = make_inquiry_body(bills["open"], payment)
    check(bank.call("status", told, external_id=call), "2002600", "status")
    check(bank.call("status", told, external_id=call), "4092600", "status")
    check(bank.call("status", make_inquiry_body(bills["open"], "nothing")), "4042601", "status")


def test_defect_is_a_general_error_that_says_nothing_more(
    cloud: Cloud, bank: Bank, bills: dict[str, str], billers: Any
) -> None:
    """A client whose secret is gone, and one whose key nobody can read."""
    key = write_public_key(load_pem_private_key(bank.identity.private_key.encode(), None))
    for name in ("BROKEN-SECRET", "BROKEN-KEY"):
        operate(cloud, "create_client", client_id=name, partner_id=name, public_key=key)
        decide_by_two(cloud, f"/v1/bank/clients/{name}/enable")
    arn = load_client("BROKEN-SECRET").secret_arn
    cloud.client("secretsmanager").delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    dynamodb.client().update_item(
        TableName=get_settings().bank_clients_table,
        Key={"pk": {"S": "clients"}, "sk": {"S": "BROKEN-KEY"}},
        UpdateExpression="SET public_keys = :broken",
        ExpressionAttributeValues={":broken": {"L": [{"S": "broken"}]}},
    )
    for service, number in (("inquiry", "24"), ("payment", "25"), ("status", "26")):
        broken = Bank(replace(bank.identity, client_id="BROKEN-SECRET", partner_id="BROKEN-SECRET"), bank.send)
        body = make_inquiry_body(bills["open"]) | make_payment_body(bills["open"], DUE, "x")
        check(broken.call(service, body), f"500{number}00", service)
    unreadable = Bank(replace(bank.identity, client_id="BROKEN-KEY", partner_id="BROKEN-KEY"), bank.send)
    check(unreadable.take_token(), "5007300", "token")


def test_each_fault_of_a_token_request_has_its_code(cloud: Cloud, bank: Bank) -> None:
    send, timestamp = send_to(cloud), write_timestamp()
    headers = {
        "Content-Type": "application/json",
        "X-TIMESTAMP": timestamp,
        "X-CLIENT-KEY": bank.identity.client_id,
        "X-SIGNATURE": bank.sign_rsa(f"{bank.identity.client_id}|{timestamp}"),
    }
    grant = json.dumps({"grantType": "client_credentials"}).encode()
    requests: list[tuple[str, str, dict[str, str | None], bytes]] = [
        ("2007300", "POST", {}, grant),
        ("4007300", "POST", {}, b"["),
        ("4007301", "POST", {}, b'{"grantType":"password"}'),
        ("4007301", "POST", {"X-TIMESTAMP": "today"}, grant),
        ("4007301", "POST", {"Content-Type": "text/plain"}, grant),
        ("4007302", "POST", {}, b"{}"),
        *(("4007302", "POST", {name: None}, grant) for name in ("X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE")),
        ("4017300", "POST", {"X-CLIENT-KEY": "nobody"}, grant),
        ("4017300", "POST", {"X-SIGNATURE": "AAAA"}, grant),
        ("4057300", "PUT", {}, grant),
    ]
    for code, method, changes, body in requests:
        given = {name: value for name, value in (headers | changes).items() if value is not None}
        reply = send(Call(method, f"{PATH}/access-token/b2b", given, body))
        assert (reply.code, reply.http_status) == (code, int(code[:3]))
        if code != "2007300":
            assert set(reply.body) == {"responseCode", "responseMessage"}
