"""The DynamoDB client, items to and from attribute values, and what a failed write says.

Items are plain dictionaries of str, int, bool, list and dict. boto3's own serialiser handles more types at several
times the cost per item; writing invoices is the hot path.
"""

import random
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
import orjson
from botocore.config import Config
from botocore.exceptions import ClientError

from invoicing.errors import StoreBusyError
from invoicing.settings import get_settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

MAX_TRANSACTION_ITEMS = 100
"""TransactWriteItems limit (AWS)."""
MAX_BATCH_GET_KEYS = 100
"""BatchGetItem limit (AWS)."""
_READ_TRIES = 8
_QUICK_READ_TRIES = 4
"""Where a bank waits for the answer: under a second of waiting in all."""

Item = dict[str, "AttributeValueTypeDef"]


@lru_cache(maxsize=1)
def client() -> "DynamoDBClient":
    """The process's client. Parameter validation is off: store/ alone builds items, and it doubles the CPU.

    So is botocore's own user agent, which it composes anew for every request, at a sixth of the request's CPU.
    """
    config = Config(
        user_agent="invoicing",
        parameter_validation=False,
        retries={"mode": "standard", "total_max_attempts": get_settings().dynamodb_tries},
        connect_timeout=min(2, get_settings().dynamodb_read_seconds),
        read_timeout=get_settings().dynamodb_read_seconds,
        max_pool_connections=32,
    )
    made = boto3.client("dynamodb", config=config)
    parse_quickly(made, "BatchGetItem")
    return made


def parse_quickly(client: Any, *operations: str) -> None:
    """Parse good answers of these reads by orjson: attribute values as DynamoDB writes them, as botocore gives them.

    botocore's parser walks every attribute by the service's model and takes some ten times what the JSON takes: a third
    of a read before a payment, and a report reads hundreds of thousands of items. Signing, retries and errors stay
    botocore's: its ``before-parse`` event hands over the body of a good answer, and no more. Not for binary attributes.
    """

    def parse(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
        if response_dict["status_code"] < 300:
            customized_response_dict.update(orjson.loads(response_dict["body"]))
            response_dict["body"] = b"{}"

    for operation in operations:
        client.meta.events.register(f"before-parse.dynamodb.{operation}", parse)


def to_attribute(value: Any) -> "AttributeValueTypeDef":
    if isinstance(value, str):
        return {"S": value}
    if value is True or value is False:
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, Mapping):
        return {"M": to_item(value)}
    if isinstance(value, (list, tuple)):
        return {"L": [to_attribute(element) for element in value]}
    raise TypeError(f"no attribute value for {type(value).__name__}")


def to_item(values: Mapping[str, Any]) -> Item:
    """Attribute values of ``values``; members that are None are left out, floats are refused (money is never float)."""
    return {name: to_attribute(value) for name, value in values.items() if value is not None}


def from_attribute(attribute: Any) -> Any:
    ((kind, value),) = attribute.items()
    if kind in ("S", "BOOL"):
        return value
    if kind == "N":
        return int(value)
    if kind == "M":
        return from_item(value)
    if kind == "L":
        return [from_attribute(element) for element in value]
    raise TypeError(f"no Python value for attribute type {kind}")


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: from_attribute(attribute) for name, attribute in item.items()}


def build_put(table: str, item: Item) -> dict[str, Any]:
    """A transaction member that puts an item only if its key is free."""
    return {"Put": {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}


def batch_get(table: str, keys: Iterable[Any], *, consistent: bool) -> list[dict[str, Any]]:
    """BatchGetItem of up to 100 keys, the unprocessed ones asked again; raises RuntimeError when they never come."""
    items: list[dict[str, Any]] = []
    request: Any = {table: {"Keys": list(keys), "ConsistentRead": consistent}}
    for attempt in range(_READ_TRIES):
        if not request[table]["Keys"]:
            return items
        answer = client().batch_get_item(RequestItems=request)
        items += answer["Responses"].get(table, [])
        request = answer.get("UnprocessedKeys")
        if not request:
            return items
        time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, no secret
    raise RuntimeError(f"DynamoDB left {len(request[table]['Keys'])} keys unread")


def load_item(table: str, key: Any) -> dict[str, Any] | None:
    """Consistently read; None when there is none."""
    answer = client().get_item(TableName=table, Key=key, ConsistentRead=True)
    return from_item(answer["Item"]) if "Item" in answer else None


def put_new(table: str, item: Item) -> bool:
    """Put an item; False when its key is taken."""
    try:
        client().put_item(**build_put(table, item)["Put"])
    except ClientError as error:
        if not is_condition_failed(error):
            raise
        return False
    return True


def update_if(
    table: str,
    key: Any,
    expression: str,
    condition: str,
    values: Mapping[str, Any],
    *,
    names: Mapping[str, str] | None = None,
) -> bool:
    """Update an item; False when the condition does not hold.

    Args:
        values: of the expressions' placeholders, as ``to_item`` takes them.
        names: likewise of attributes that DynamoDB does not take by themselves.
    """
    request: Any = {"ExpressionAttributeNames": names} if names else {}
    try:
        client().update_item(
            TableName=table,
            Key=key,
            UpdateExpression=expression,
            ConditionExpression=condition,
            ExpressionAttributeValues=to_item(values),
            **request,
        )
    except ClientError as error:
        if not is_condition_failed(error):
            raise
        return False
    return True


def commit(writes: list[dict[str, Any]], token: str | None = None) -> list[str] | None:
    """Write all or nothing. None when committed; else per member why it was cancelled (``None``: fine by itself).

    A repeat after a lost answer is safe: boto3 keeps one token over its own retries, and the conditions speak for
    themselves after that.

    Args:
        token: of at most 36 characters; a transaction told twice by the same one is done once (within ten minutes).
    """
    request: Any = {"TransactItems": writes} | ({"ClientRequestToken": token} if token else {})
    try:
        client().transact_write_items(**request)
    except ClientError as error:
        codes = read_cancellation_codes(error)
        if codes is None:
            raise
        return codes
    return None


def is_condition_failed(error: ClientError) -> bool:
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"


def read_cancellation_codes(error: ClientError) -> list[str] | None:
    """Per item of a cancelled transaction: ``None`` (fine), ``ConditionalCheckFailed``, ``TransactionConflict``, ...

    None when the error is no cancellation.
    """
    if error.response["Error"]["Code"] != "TransactionCanceledException":
        return None
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return [reason.get("Code", "None") for reason in reasons]


def load_together(keys: Mapping[str, Item]) -> dict[str, dict[str, Any]]:
    """One item of each of several tables (table -> key) by one consistent read; those that do not exist are missing.

    Raises StoreBusyError when DynamoDB has no time for one of them.
    """
    request: Any = {table: {"Keys": [key], "ConsistentRead": True} for table, key in keys.items()}
    found: dict[str, dict[str, Any]] = {}
    for attempt in range(_QUICK_READ_TRIES):
        answer = client().batch_get_item(RequestItems=request)
        for table, items in answer["Responses"].items():
            for item in items:
                found[table] = from_item(item)
        request = answer.get("UnprocessedKeys")
        if not request:
            return found
        time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, no secret
    raise StoreBusyError(f"DynamoDB left {sorted(request)} unread")
