"""What tests of the payer's page share: bills in each state, written as the product leaves them, and calls by link."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import boto3

from invoicing.payer_links import build_payer_token
from invoicing.settings import get_settings
from invoicing.store import dynamodb, invoices
from invoicing.virtual_accounts import build_va_number
from payer import handler
from tests.integration.scenario import FakeContext, make_draft

EMAIL = "ibu@example.com"
CREATED = "2026-11-01T03:00:00.000Z"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def write_bill(index: int, *, biller_id: str = "toko-sinar", company_code: str = "88081", **changes: Any) -> str:
    """An open invoice with its account; its VA number."""
    va_number = build_va_number(company_code, index, 11)
    draft: Any = make_draft(index, **{"recipients": [{"name": "Ibu Sari", "email": EMAIL}]} | changes)
    writes = invoices.build_invoice_writes(
        biller_id=biller_id,
        upload_id="01JD",
        row=5,
        bank_code="028",
        va_number=va_number,
        draft=draft,
        created_at=CREATED,
    )
    assert dynamodb.commit(writes) is None
    return va_number


def change_bill(index: int, *, biller_id: str = "toko-sinar", **values: Any) -> None:
    """Set attributes of the current invoice."""
    table = boto3.resource("dynamodb").Table(get_settings().invoices_table)
    for name, value in values.items():
        table.update_item(
            Key={"pk": f"{biller_id}#INV-{index:04d}", "sk": "current"},
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": value},
        )


def pay_bill(index: int, **payment: Any) -> None:
    change_bill(
        index,
        status="paid",
        paid_at="2026-11-20T02:05:00.000Z",
        paid_amount=100_000 + index,
        paid_via="va",
        payment={"payment_id": "028#pay-1", "channel": "mobile", "bank_reference": "REF-7781"} | payment,
    )


def archive_bill(index: int, va_number: str, *, biller_id: str = "toko-sinar", **values: Any) -> None:
    current = invoices.load_current_invoice(biller_id, f"INV-{index:04d}")
    assert current
    moved = current | {"sk": f"archived#{va_number}", "status": "archived", **values}
    client = boto3.client("dynamodb")
    client.put_item(TableName=get_settings().invoices_table, Item=dynamodb.to_item(moved))
    client.delete_item(
        TableName=get_settings().invoices_table, Key=dynamodb.to_item({"pk": current["pk"], "sk": "current"})
    )


def make_token(va_number: str, address: str = EMAIL) -> str:
    return build_payer_token("028", va_number, address)


def call(route: str, *, query: dict[str, str] | None = None, **parameters: str) -> Answer:
    """Through the real handler, as an HTTP API calls it."""
    event = {
        "version": "2.0",
        "routeKey": route,
        "pathParameters": parameters,
        "queryStringParameters": query,
        "headers": {},
        "requestContext": {"http": {"sourceIp": "203.0.113.7"}},
        "isBase64Encoded": False,
    }
    answer = handler.handle(event, FakeContext())
    body = answer["body"]
    raw = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    return Answer(answer["statusCode"], answer["headers"], raw)


def open_page(token: str, language: str = "") -> Answer:
    return call("GET /{token}", token=token, query={"lang": language} if language else None)
