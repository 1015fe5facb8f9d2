"""The small bank of the local cloud, for tests on moto: its calls reach the handler as events of API Gateway."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.local.bank import Bank, Call, Identity, Reply, write_public_key
from invoicing import bank_changes
from invoicing.bank_changes import Approval
from invoicing.changes import Change
from tests.integration.scenario import FakeContext
from va_callback import change_handler, command_handler, handler
from va_callback.calls import Answer, Service, VerifiedCall

STAGE = "/live"
VA_NUMBER = "8800112345678901"
ADDRESS = "203.0.113.10"


@lru_cache
def make_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The same few keys for all tests: making one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def write_private_key(key: rsa.RSAPrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def operate(operation: str, **members: Any) -> dict[str, Any]:
    """A command of the bank's operator."""
    return command_handler.handle({"operation": operation, "user_id": "rini", **members}, FakeContext())


def run_change_function(_name: str, command: dict[str, Any]) -> dict[str, Any]:
    """In the place of a Lambda invoke."""
    answer: dict[str, Any] = change_handler.handle(json.loads(json.dumps(command)), FakeContext())
    return json.loads(json.dumps(answer))  # type: ignore[no-any-return]


def approve(change: Change, *, by: str = "tono") -> Approval:
    with patch("invoicing.bank_changes.invoke_function", run_change_function):
        return bank_changes.approve_change(change.change_id, by=by)


def change_by_two(propose: Callable[..., Change], *given: Any) -> Approval:
    """What one officer proposes and another approves; ``propose`` is of ``bank_changes``."""
    return approve(propose(*given, reason="letter 12", by="rini"))


def connect(client_id: str = "BANK-A", partner_id: str = "88001", *, key: int = 0, **settings: Any) -> Bank:
    """A new bank client that two officers enabled, and the bank that uses what it was handed over."""
    answer = operate(
        "create_client",
        client_id=client_id,
        partner_id=partner_id,
        public_key=write_public_key(make_key(key)),
        settings=settings,
    )
    change_by_two(bank_changes.propose_enabling, client_id)
    secret = answer["hand_over"]["client_secret"] or ""
    return Bank(Identity(client_id, partner_id, secret, write_private_key(make_key(key)), 5), send)


def make_event(call: Call, *, source_ip: str = ADDRESS, in_base64: bool = True) -> dict[str, Any]:
    """As a REST API hands a call to its function, all media types being binary."""
    body = base64.b64encode(call.body).decode() if in_base64 else call.body.decode()
    return {
        "resource": "/{proxy+}",
        "path": call.path.removeprefix(STAGE),
        "httpMethod": call.method,
        "headers": dict(call.headers) or None,
        "multiValueHeaders": {name: [value] for name, value in call.headers.items()} or None,
        "queryStringParameters": None,
        "requestContext": {
            "path": call.path,
            "stage": "live",
            "identity": {"sourceIp": source_ip, "userAgent": "bank"},
        },
        "body": body or None,
        "isBase64Encoded": in_base64,
    }


def send(call: Call) -> Reply:
    return send_event(make_event(call))


def send_event(event: dict[str, Any]) -> Reply:
    answer = handler.handle(event, FakeContext())
    assert answer["isBase64Encoded"] is False
    return Reply(answer["statusCode"], json.loads(answer["body"]), answer["headers"])


class Services:
    """Stands in for inquiry, payment and status: keeps what reaches it."""

    def __init__(self) -> None:
        self.calls: list[VerifiedCall] = []
        self.error: Exception | None = None

    def __call__(self, call: VerifiedCall) -> Answer:
        self.calls.append(call)
        if self.error:
            raise self.error
        outcome = "inquiryStatus" if call.service is Service.INQUIRY else "paymentFlagStatus"
        return Answer(200, "00", "Successful", {"virtualAccountData": {outcome: "00"}})


def install_services(monkeypatch: pytest.MonkeyPatch) -> Services:
    services = Services()
    monkeypatch.setattr(handler, "call_service", services)
    return services


def change_header(call: Call, name: str, value: str | None) -> Call:
    headers = {given: content for given, content in call.headers.items() if given != name}
    return replace(call, headers=headers if value is None else {**headers, name: value})
