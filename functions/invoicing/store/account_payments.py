"""Payments table, read by virtual account: index ``by_va``: the posting, and attempts that were refused."""

from typing import Any

from invoicing.settings import get_settings
from invoicing.store import dynamodb

MAX_PAYMENTS = 200
"""One posting, and attempts; a bank that tries more often shows its first ones."""


def list_payments_of_account(bank_code: str, va_number: str) -> list[dict[str, Any]]:
    """Oldest first; the index may lag behind by moments."""
    answer = dynamodb.client().query(
        TableName=get_settings().payments_table,
        IndexName="by_va",
        KeyConditionExpression="by_va_pk = :account",
        ExpressionAttributeValues={":account": {"S": f"{bank_code}#{va_number}"}},
        Limit=MAX_PAYMENTS,
    )
    return [dynamodb.from_item(item) for item in answer["Items"]]
