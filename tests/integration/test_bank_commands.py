"""Commands of the bank's operators: what is handed over once, what is refused, what is audited."""

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra.local.bank import PATH, Bank, Fault, Identity, write_public_key
from invoicing import bank_changes, clock
from invoicing.bank_clients import compute_fingerprint
from invoicing.settings import get_settings
from invoicing.store import dynamodb
from tests.integration.aws_from_template import forget_process_state
from tests.integration.conftest import Aws
from tests.integration.scenario import FakeContext
from tests.integration.snap_scenario import (
    VA_NUMBER,
    approve,
    change_by_two,
    connect,
    install_services,
    make_key,
    operate,
    send,
    write_private_key,
)
from va_callback import handler, replay_handler
from va_callback.calls import Answer, VerifiedCall

KEY = write_public_key(make_key())
REASON = {"reason": "asked for by letter 12"}


def create(client_id: str = "BANK-A", partner_id: str = "88001", **members: Any) -> dict[str, Any]:
    given = {"client_id": client_id, "partner_id": partner_id, "public_key": KEY} | members
    return operate("create_client", **given)


def read_audit(aws: Aws) -> list[dict[str, Any]]:
    items = boto3.client("dynamodb").scan(TableName=aws.template.resolve({"Ref": "AuditTable"}))["Items"]
    return sorted((dynamodb.from_item(item) for item in items), key=lambda entry: str(entry["sk"]))


def test_new_client_gets_all_that_the_bank_must_know_and_its_secret_but_once(aws: Aws) -> None:
    aws.become("BankCommandFunction")
    handed = create()["hand_over"]
    assert (handed["X-CLIENT-KEY"], handed["X-PARTNER-ID"]) == ("BANK-A", "88001")
    assert len(handed["client_secret"]) >= 64
    assert handed["payment"].endswith("/live/snap/v1.0/transfer-va/payment")
    assert handed["access_token"].endswith("/live/snap/v1.0/access-token/b2b")
    shown = json.dumps([operate("describe_client", client_id="BANK-A"), operate("list_clients")])
    assert handed["client_secret"] not in shown
    assert [client["client_id"] for client in operate("list_clients")["clients"]] == ["BANK-A"]


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"client_id": "a b"}, "bad_command"),
        ({"partner_id": "a b"}, "bank_client_invalid"),
        ({"partner_id": "x" * 37}, "bad_command"),
        ({"public_key": "ssh-rsa AAAA"}, "bank_client_invalid"),
        ({"settings": {"allowed_networks": ["10.0.0.1/8"]}}, "bank_client_invalid"),
        ({"settings": {"signed_path_prefix": "snap"}}, "bank_client_invalid"),
        ({"settings": {"timestamp_tolerance_seconds": 30_000}}, "bank_client_invalid"),
        ({"settings": {"min_key_bits": 4096}}, "bank_client_invalid"),
        ({"settings": {"min_key_bits": 512}}, "bad_command"),
        ({"settings": {"signature": "auto"}}, "bad_command"),
        ({"settings": {"secret_arn": "arn:aws:secretsmanager:x"}}, "bad_command"),
    ],
)
def test_unusable_setting_is_refused_and_nothing_is_created(aws: Aws, members: dict[str, Any], code: str) -> None:
    error = create(**members)["error"]
    assert error["code"] == code
    assert all(error["message"].values())
    assert operate("list_clients") == {"clients": []}


def test_key_that_is_not_rsa_is_refused(aws: Aws) -> None:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    key = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    assert create(public_key=key)["error"]["detail"] == "public_keys: not an RSA key"


def test_ids_are_given_once(aws: Aws) -> None:
    create()
    assert create()["error"] | {"message": ""} == {"code": "bank_client_exists", "detail": "BANK-A", "message": ""}
    assert create(client_id="BANK-B")["error"]["detail"] == "88001"
    assert len(operate("list_clients")["clients"]) == 1


def test_new_client_may_call_only_when_two_officers_have_enabled_it(aws: Aws) -> None:
    answer = create()
    assert answer["client"]["is_active"] is False
    bank = Bank(
        Identity("BANK-A", "88001", answer["hand_over"]["client_secret"], write_private_key(make_key()), 5), send
    )
    assert bank.take_token().code == "4017300"
    change = bank_changes.propose_enabling("BANK-A", reason="letter 12", by="rini")
    forget_process_state()
    assert bank.take_token().code == "4017300"
    approve(change)
    forget_process_state()
    assert bank.take_token().code == "2007300"


def test_operator_alone_widens_no_trust(aws: Aws) -> None:
    create()
    for operation in (
        *("enable_client", "change_settings", "add_public_key", "end_key_change"),
        *("begin_secret_change", "end_secret_change", "change_token_keys"),
    ):
        members = {} if operation == "change_token_keys" else {"client_id": "BANK-A"}
        assert operate(operation, **members, **REASON)["error"]["code"] == "bad_command"


def test_disabling_is_audited_with_who_what_and_why_and_no_secret_or_key(aws: Aws) -> None:
    secret = create()["hand_over"]["client_secret"]
    change_by_two(bank_changes.propose_enabling, "BANK-A")
    operate("disable_client", client_id="BANK-A", **REASON)
    # Again: nothing to do, nothing to tell.
    operate("disable_client", client_id="BANK-A", **REASON)
    entries = read_audit(aws)
    assert [entry["action"] for entry in entries] == [
        "create_bank_client",
        "propose_enable_bank_client",
        "approve_enable_bank_client",
        "enable_bank_client",
        "disable_bank_client",
    ]
    last = entries[-1]
    assert (last["user_id"], last["subject"], last["reason"]) == ("rini", "BANK-A", REASON["reason"])
    assert (last["before"], last["after"]) == ({"is_active": True}, {"is_active": False})
    written = json.dumps(entries)
    assert secret not in written
    assert "PUBLIC KEY" not in written
    assert compute_fingerprint(KEY) in written


@pytest.mark.parametrize("operation", ["describe_client", "disable_client"])
def test_unknown_client_is_said_to_be_unknown(aws: Aws, operation: str) -> None:
    members = {} if operation == "describe_client" else REASON
    assert operate(operation, client_id="NOBODY", **members)["error"]["code"] == "bank_client_not_found"


def test_calls_are_listed_by_exactly_one_thing(aws: Aws) -> None:
    for members in ({}, {"day": "2026-11-27", "va_number": VA_NUMBER}):
        assert operate("list_calls", **members)["error"]["code"] == "bad_command"
    missing = operate("show_call", call_id="0" * 26)
    assert missing["error"]["code"] == "bank_call_not_found"


def test_many_calls_come_page_by_page(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    install_services(monkeypatch)
    monkeypatch.setattr("va_callback.command_handler.MAX_CALLS", 2)
    bank = connect()
    for _ in range(5):
        assert bank.call("status", bank.build_inquiry(VA_NUMBER)).code == "2002600"
    seen, after = [], {}
    while True:
        page = operate("list_calls", va_number=VA_NUMBER, **after)
        seen += [call["call_id"] for call in page["calls"]]
        if "after" not in page:
            break
        after = {"after": page["after"]}
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen)
    assert operate("show_call", call_id=seen[0])["path"] == f"{PATH}/transfer-va/status"


def replay(day: str, **members: Any) -> dict[str, Any]:
    command = {"day": day, "user_id": "rini", "reason": "table restored"} | members
    answer: dict[str, Any] = replay_handler.handle(command, FakeContext())
    return answer


def test_day_is_replayed_from_its_signed_payments_only_with_ids_that_the_bank_cannot_use_again(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = install_services(monkeypatch)
    monkeypatch.setattr(replay_handler, "call_service", services)
    bank = connect()
    body = bank.build_payment(VA_NUMBER, 125_000) | {"virtualAccountName": "Sīti 🎓"}
    bank.call("inquiry", bank.build_inquiry(VA_NUMBER))
    bank.call("payment", body, external_id="000001")
    bank.call("payment", body, fault=Fault.SIGNATURE)
    (_, told) = services.calls
    services.calls.clear()
    day = clock.today_in_jakarta().isoformat()

    listed = replay(day)
    assert [payment["code_then"] for payment in listed["payments"]] == ["2002500"]
    assert (services.calls, "replay_bank_payments" in str(read_audit(aws))) == ([], False)

    done = replay(day, apply=True)
    assert [(payment["code_then"], payment["code_now"]) for payment in done["payments"]] == [("2002500", "2002500")]
    assert done["after"] is None
    (again,) = services.calls
    assert again == replace(told, external_id=f"replay-{told.call_id}")
    assert read_audit(aws)[-1]["action"] == "replay_bank_payments"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, "12", "Invalid Bill/Virtual Account", {"virtualAccountData": {"paymentFlagStatus": "01"}}),
        Answer(200, "00", "Successful", {"virtualAccountData": {"paymentFlagStatus": "01"}}),
        Answer(504, "00", "Timeout"),
    ],
    ids=["refused", "refusal_repeated_as_success", "timeout"],
)
def test_payment_that_the_bank_gave_back_is_listed_but_never_told_again(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    told: list[VerifiedCall] = []
    monkeypatch.setattr(handler, "call_service", lambda _call: answer)
    monkeypatch.setattr(replay_handler, "call_service", told.append)
    bank = connect()
    bank.call("payment", bank.build_payment(VA_NUMBER, 125_000))
    (payment,) = replay(clock.today_in_jakarta().isoformat(), apply=True)["payments"]
    assert payment["code_then"] == f"{answer.http_status}25{answer.case}"
    assert "code_now" not in payment
    assert told == []


def test_replay_that_runs_out_of_time_goes_on_where_it_stopped(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    services = install_services(monkeypatch)
    monkeypatch.setattr(replay_handler, "call_service", services)
    bank = connect()
    for _ in range(3):
        bank.call("payment", bank.build_payment(VA_NUMBER, 1))
    services.calls.clear()
    day, after, replayed = clock.today_in_jakarta().isoformat(), "", []
    for _ in range(5):
        left = iter([60_000, 60_000, 60_000, 5_000])
        monkeypatch.setattr(FakeContext, "get_remaining_time_in_millis", lambda _self, left=left: next(left))
        answer = replay(day, apply=True, after=after)
        replayed += [payment["call_id"] for payment in answer["payments"]]
        after = answer["after"]
        if after is None:
            break
    assert after is None
    assert len(replayed) == len(set(replayed)) == len(services.calls) == 3


def test_replay_of_no_day_is_refused(aws: Aws) -> None:
    assert replay("yesterday")["error"]["code"] == "bad_command"


def test_client_whose_key_somebody_spoilt_is_shown_beside_the_others(aws: Aws) -> None:
    connect("BANK-A", "88001")
    connect("BANK-B", "88002", key=1)
    dynamodb.client().update_item(
        TableName=get_settings().bank_clients_table,
        Key={"pk": {"S": "clients"}, "sk": {"S": "BANK-A"}},
        UpdateExpression="SET public_keys = :broken",
        ExpressionAttributeValues={":broken": {"L": [{"S": "broken"}]}},
    )
    shown = {client["client_id"]: client["public_keys"] for client in operate("list_clients")["clients"]}
    assert list(shown["BANK-A"]) == ["unreadable"]
    assert len(shown["BANK-B"][0]) == 64
