"""The bank's calls over HTTP, through API Gateway to the deployed function; signed by us and by others' code."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest
import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.local.__main__ import main
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
from infra.local.cloud import Cloud, CloudError
from infra.local.logs import read_events
from infra.local.officers import APPROVER, PROPOSER, call_api, decide_by_two, sign_in
from infra.local.sample_workbooks import write_sample
from invoicing.billers import Module
from tests.e2e.conftest import Shop

UNKNOWN_VA = "8800199999999999"
FAULTS = {
    Fault.SIGNATURE: "4012400",
    Fault.TOKEN: "4012401",
    Fault.NO_TOKEN: "4012401",
    Fault.CLOCK: "4012400",
    Fault.CHANGED_BODY: "4012400",
    Fault.DUPLICATE_NAME: "4002400",
    Fault.NOT_JSON: "4002400",
    Fault.UNKNOWN_PARTNER: "4012400",
    Fault.NO_EXTERNAL_ID: "4002402",
    Fault.METHOD: "4052400",
}
needs_services = pytest.mark.skipif(
    find_spec("va_callback.payment") is None, reason="inquiry and payment are not in this tree"
)


class DokuBank:
    """A bank whose every signature and timestamp is made by doku-python-library."""

    def __init__(self, cloud: Cloud) -> None:
        # It imports half of PyPI, and nothing else here needs that.
        from doku_python_library.src.services.token_service import TokenService

        self._signer = TokenService
        self.bank = open_bank(cloud)
        self.identity = self.bank.identity
        self._send = send_to(cloud)

    def take_token(self) -> Reply:
        timestamp = self._signer.get_timestamp()
        text = f"{self.identity.client_id}|{timestamp}"
        headers = {
            "Content-Type": "application/json",
            "X-TIMESTAMP": timestamp,
            "X-CLIENT-KEY": self.identity.client_id,
            "X-SIGNATURE": self._signer.create_signature(self.identity.private_key, text),
        }
        body = json.dumps({"grantType": "client_credentials"}).encode()
        return self._send(Call("POST", f"{PATH}/access-token/b2b", headers, body))

    def call(self, service: str, body: dict[str, Any], *, external_id: str) -> Reply:
        path, timestamp = f"{PATH}/transfer-va/{service}", self._signer.get_timestamp()
        token = self.take_token().body["accessToken"]
        signature = self._signer.generate_symmetric_signature(
            "POST", path, token, body, timestamp, self.identity.secret
        )
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {token}",
            "X-TIMESTAMP": timestamp,
            "X-SIGNATURE": signature,
            "X-PARTNER-ID": self.identity.partner_id,
            "X-EXTERNAL-ID": external_id,
            "CHANNEL-ID": "95221",
        }
        # Sent with white space and escapes, signed without the former: as that library's own HTTP client does.
        return self._send(Call("POST", path, headers, json.dumps(body).encode()))


@pytest.fixture
def bank(cloud: Cloud) -> Bank:
    return open_bank(cloud)


@pytest.fixture(scope="module")
def open_accounts(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Invoices with open virtual accounts: number, amount and VA number."""
    shop = Shop(cloud)
    path = tmp_path_factory.mktemp("bank") / "tagihan.xlsx"
    write_sample(Module.E_INVOICE, path, 6, bad_share=0, seed=74)
    upload = shop.release(shop.upload(path))
    return shop.list_invoices(upload["upload_id"])


def test_signer_of_others_gets_a_token(cloud: Cloud) -> None:
    reply = DokuBank(cloud).take_token()
    assert (reply.http_status, reply.code, reply.body["expiresIn"]) == (200, "2007300", "900")


def test_every_refusal_of_the_transport_reaches_the_bank_over_http(bank: Bank) -> None:
    assert set(FAULTS) == set(Fault)
    for fault, code in FAULTS.items():
        reply = bank.inquire(UNKNOWN_VA, fault=fault)
        assert (fault, reply.http_status, reply.code) == (fault, int(code[:3]), code)
        assert reply.headers["X-TIMESTAMP"].endswith("+07:00")


def test_wrong_token_requests_are_refused_over_http(cloud: Cloud, bank: Bank) -> None:
    send, timestamp = send_to(cloud), write_timestamp()
    headers = {
        "Content-Type": "application/json",
        "X-TIMESTAMP": timestamp,
        "X-CLIENT-KEY": bank.identity.client_id,
        "X-SIGNATURE": bank.sign_rsa(f"{bank.identity.client_id}|{timestamp}"),
    }
    grant = b'{"grantType":"client_credentials"}'
    changes: list[tuple[str, bytes, dict[str, str]]] = [
        ("2007300", grant, {}),
        ("4017300", grant, {"X-CLIENT-KEY": "nobody"}),
        ("4017300", grant, {"X-SIGNATURE": "AAAA"}),
        ("4007301", grant, {"X-TIMESTAMP": "now"}),
        ("4007300", b"{", {}),
        ("4007301", b'{"grantType":"password"}', {}),
    ]
    for code, body, change in changes:
        assert send(Call("POST", f"{PATH}/access-token/b2b", headers | change, body)).code == code
    without = {name: value for name, value in headers.items() if name != "X-CLIENT-KEY"}
    assert send(Call("POST", f"{PATH}/access-token/b2b", without, grant)).code == "4007302"


def test_path_of_no_service_is_not_found(cloud: Cloud) -> None:
    assert send_to(cloud)(Call("POST", f"{PATH}/transfer-va/refund", {}, b"{}")).code == "4040000"


def test_secret_is_changed_without_a_gap_in_the_deployed_function(cloud: Cloud) -> None:
    members = {"client_id": "CHANGING", "partner_id": "CHANGING", "public_key": _read_public_key(cloud)}
    first = operate(cloud, "create_client", **members)["hand_over"]["client_secret"]
    old = _become(cloud, "CHANGING", first)
    assert old.take_token().code == "4017300"
    decide_by_two(cloud, "/v1/bank/clients/CHANGING/enable")
    _wait_for(lambda: old.take_token().code == "2007300")
    assert old.call("status", {}, fault=Fault.NOT_JSON).code == "4002600"
    begun = decide_by_two(cloud, "/v1/bank/clients/CHANGING/secrets")
    second = begun["hand_over"]["client_secret"]
    for secret in (first, second):
        bank = _become(cloud, "CHANGING", secret)
        _wait_for(lambda bank=bank: bank.call("status", {}, fault=Fault.NOT_JSON).code == "4002600")
    decide_by_two(cloud, "/v1/bank/clients/CHANGING/secrets/end", keep="new")
    (client,) = [
        client
        for client in call_api(cloud, sign_in(cloud, PROPOSER), "GET", "/v1/bank/clients")["clients"]
        if client["client_id"] == "CHANGING"
    ]
    assert (len(client["secrets_since"]), client["secret_change"]) == (1, "")
    call_api(cloud, sign_in(cloud, PROPOSER), "POST", "/v1/bank/clients/CHANGING/disable", {"reason": "test"})
    lines = "".join(event["message"] for group in ("api", "bank-change") for event in read_events(cloud, group))
    assert "carry_out" in lines
    assert first not in lines
    assert second not in lines


def test_change_of_a_bank_client_is_carried_out_once_however_many_approve_it_at_once(cloud: Cloud) -> None:
    members = {"client_id": "RACING", "partner_id": "RACING", "public_key": _read_public_key(cloud)}
    operate(cloud, "create_client", **members)
    first, second = sign_in(cloud, PROPOSER), sign_in(cloud, APPROVER)
    why = {"reason": "test"}
    enabling = call_api(cloud, first, "POST", "/v1/bank/clients/RACING/enable", why)["change_id"]
    tightening = call_api(
        cloud,
        first,
        "POST",
        "/v1/bank/clients/RACING/settings",
        {**why, "settings": {"allowed_networks": ["203.0.113.0/28"]}},
    )["change_id"]

    def approve(change_id: str) -> str:
        try:
            answer = call_api(cloud, second, "POST", f"/v1/bank/client-changes/{change_id}/approve")
        except CloudError as error:
            return str(error).split()[2]
        return str(answer["change"]["state"])

    # Both were proposed on the client as it is: one is carried out, once; the other lapses.
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(approve, [enabling, tightening] * 2))
    assert {"carried_out"} <= set(answers) <= {"carried_out", "409"}
    changes = {
        change["change_id"]: change["state"]
        for change in call_api(cloud, first, "GET", "/v1/bank/client-changes")["changes"]
    }
    done = [change_id for change_id in (enabling, tightening) if changes[change_id] == "carried_out"]
    assert len(done) == 1
    clients = call_api(cloud, first, "GET", "/v1/bank/clients")["clients"]
    (client,) = [client for client in clients if client["client_id"] == "RACING"]
    assert (client["version"], client["is_active"]) == (1, done == [enabling])


def test_calls_are_found_again_by_the_operator_and_hold_no_secret(cloud: Cloud, bank: Bank) -> None:
    signed = bank.call("inquiry", bank.build_inquiry(UNKNOWN_VA) | {"virtualAccountNo": ["wrong"]})
    assert signed.code == "4002401"
    assert bank.call("inquiry", {**bank.build_inquiry(UNKNOWN_VA)}, fault=Fault.SIGNATURE).http_status == 401
    told: list[dict[str, Any]] = operate(cloud, "list_calls", day=write_timestamp()[:10])["calls"]
    assert {call["is_signed"] for call in told} == {True, False}
    kept = json.dumps([operate(cloud, "show_call", call_id=call["call_id"]) for call in told[-20:]])
    assert bank.identity.secret not in kept
    assert '\\"accessToken\\": \\"***\\"' in kept
    assert "eyJ" not in kept


def test_no_secret_or_token_is_in_the_log_of_any_function_of_the_bank(cloud: Cloud, bank: Bank) -> None:
    token = bank.take_token().body["accessToken"]
    lines = "".join(
        event["message"]
        for group in ("va-callback", "bank-command", "bank-change")
        for event in read_events(cloud, group)
    )
    assert "answered" in lines
    for secret in (bank.identity.secret, token, token.rsplit(".", 1)[1], "PRIVATE KEY"):
        assert secret not in lines


def test_tool_prints_the_answer_of_the_bank_and_of_the_operator(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(cloud.home)]
    assert main([*home, "inquire", UNKNOWN_VA, "--fault", "wrong-signature", "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert (answer["http_status"], answer["responseCode"]) == (401, "4012400")
    assert main([*home, "bank", "describe_client", "client_id=OCBC-SNAP"]) == 0
    assert '"partner_id": "OCBC"' in capsys.readouterr().out
    assert main([*home, "bank", "describe_client", "client_id=NOBODY"]) == 1
    assert "NOBODY" in capsys.readouterr().err


def test_api_answers_at_no_path_but_its_stage(cloud: Cloud) -> None:
    with urllib3.PoolManager(ca_certs=str(cloud.certificate)) as http:
        answer = http.request("POST", f"{cloud.endpoint}/snap/v1.0/access-token/b2b", body=b"{}", retries=False)
    assert answer.status >= 400
    assert b"responseCode" not in answer.data


@needs_services
def test_signer_of_others_asks_pays_and_is_told_paid_bill(cloud: Cloud, open_accounts: list[dict[str, Any]]) -> None:
    doku, invoice = DokuBank(cloud), open_accounts[0]
    asked = doku.call("inquiry", doku.bank.build_inquiry(invoice["va_number"]), external_id="20261127000101")
    assert (asked.http_status, asked.code) == (200, "2002400")
    data = asked.body["virtualAccountData"]
    assert (data["inquiryStatus"], data["totalAmount"]["value"]) == ("00", f"{invoice['amount']}.00")
    payment = doku.bank.build_payment(invoice["va_number"], invoice["amount"])
    payment |= {"paymentRequestId": data["inquiryRequestId"], "virtualAccountName": "Siti Nur Haliza 🎓"}
    paid = doku.call("payment", payment, external_id="20261127000102")
    assert (paid.http_status, paid.code) == (200, "2002500")
    assert paid.body["virtualAccountData"]["paymentFlagStatus"] == "00"
    again = doku.bank.build_payment(invoice["va_number"], invoice["amount"])
    assert doku.call("payment", again, external_id="20261127000103").code == "4042514"


@needs_services
def test_unknown_account_wrong_amount_and_used_id_are_each_told_their_code(
    bank: Bank, open_accounts: list[dict[str, Any]]
) -> None:
    invoice = open_accounts[1]
    assert bank.inquire(UNKNOWN_VA).code == "4042412"
    assert bank.pay(UNKNOWN_VA, 1000).code == "4042512"
    assert bank.pay(invoice["va_number"], invoice["amount"] + 1).code == "4042513"
    paid = bank.pay(invoice["va_number"], external_id="2026112700900")
    assert paid.code == "2002500"
    other = bank.pay(open_accounts[2]["va_number"], open_accounts[2]["amount"], external_id="2026112700900")
    assert other.code == "4092500"


@needs_services
def test_tool_pays_and_repeats_as_advice_and_the_money_is_posted_once(
    cloud: Cloud, open_accounts: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--home", str(cloud.home), "pay", open_accounts[3]["va_number"], "--times", "3", "--advice", "--json"]
    assert main(arguments) == 0
    answers = json.loads(capsys.readouterr().out)
    assert [answer["responseCode"] for answer in answers] == ["2002500"] * 3
    calls = operate(cloud, "list_calls", va_number=open_accounts[3]["va_number"])["calls"]
    assert [call["service"] for call in calls] == ["24", "25", "25", "25"]


def _read_public_key(cloud: Cloud) -> str:
    private = serialization.load_pem_private_key(open_bank(cloud).identity.private_key.encode(), password=None)
    assert isinstance(private, rsa.RSAPrivateKey)
    return write_public_key(private)


def _become(cloud: Cloud, name: str, secret: str) -> Bank:
    identity = open_bank(cloud).identity
    return Bank(replace(identity, client_id=name, partner_id=name, secret=secret), send_to(cloud))


def _wait_for(holds: Callable[[], bool], seconds: float = 15) -> None:
    """A process looks again for a changed secret every ten seconds at most."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.5)
