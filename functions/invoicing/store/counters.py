"""Counters table: ``pk = {bank}#{company_code}``: the next customer number of a biller's virtual accounts.

Whoever draws numbers moves the counter in the transaction that uses them, and only from the value it has read: a number
is drawn once, even by callers at the same moment, and none is lost to a transaction that fails.
"""

from typing import Any

from invoicing.errors import VirtualAccountRangeError
from invoicing.settings import get_settings
from invoicing.store import dynamodb
from invoicing.virtual_accounts import count_sequence_numbers


def load_next(company_code: str) -> int:
    """The first number that is free, consistently read."""
    answer = dynamodb.client().get_item(
        TableName=get_settings().counters_table, Key=_key(company_code), ConsistentRead=True
    )
    return int(answer["Item"]["next"]["N"])


def build_draw(company_code: str, first: int, count: int) -> dict[str, Any]:
    """A transaction member that draws ``count`` numbers from ``first`` on, if nobody has drawn since it was read.

    Raises VirtualAccountRangeError when the company code has not as many left.
    """
    settings = get_settings()
    if first + count > count_sequence_numbers(settings.va_customer_number_digits):
        raise VirtualAccountRangeError(company_code)
    return {
        "Update": {
            "TableName": settings.counters_table,
            "Key": _key(company_code),
            "UpdateExpression": "SET #next = :after",
            "ConditionExpression": "#next = :before",
            "ExpressionAttributeNames": {"#next": "next"},
            "ExpressionAttributeValues": dynamodb.to_item({":before": first, ":after": first + count}),
        }
    }


def _key(company_code: str) -> Any:
    return {"pk": {"S": f"{get_settings().bank_code}#{company_code}"}}
