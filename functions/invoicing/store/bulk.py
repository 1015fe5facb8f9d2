"""Reading many items: pages of raw attribute values (``{"S": ...}``), parsed by orjson instead of botocore."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config

from invoicing.store.dynamodb import MAX_BATCH_GET_KEYS, parse_quickly

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RawItem = dict[str, Any]
"""Attribute values as DynamoDB writes them, for ``dynamodb.from_item`` or to be picked from."""
_READ_TRIES = 8


@lru_cache(maxsize=1)
def client() -> "DynamoDBClient":
    config = Config(
        parameter_validation=False,
        retries={"mode": "standard", "total_max_attempts": 8},
        connect_timeout=2,
        read_timeout=20,
        max_pool_connections=8,
    )
    made = boto3.client("dynamodb", config=config)
    parse_quickly(made, "Query", "BatchGetItem")
    return made


def query_pages(
    table: str,
    condition: str,
    values: RawItem,
    *,
    index: str | None = None,
    members: Sequence[str] = (),
    start: RawItem | None = None,
    limit: int | None = None,
    descending: bool = False,
    names: Mapping[str, str] | None = None,
) -> Iterator[tuple[list[RawItem], RawItem | None]]:
    """Pages of a query, each with the key to start the next one from (None: it was the last).

    Args:
        members: attributes to hand over, paths allowed (``student.class_name``); all when there are none.
        names: of attributes in the condition that DynamoDB does not take by themselves.
        limit: items of a page; 1 MB of items when absent.
    """
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": not descending,
    }
    if index:
        request["IndexName"] = index
    if members:
        request |= _project(members)
    if names:
        request["ExpressionAttributeNames"] = {**request.get("ExpressionAttributeNames", {}), **names}
    if limit:
        request["Limit"] = limit
    while True:
        if start:
            request["ExclusiveStartKey"] = start
        answer: Any = client().query(**request)
        start = answer.get("LastEvaluatedKey")
        yield answer["Items"], start
        if not start:
            return


def get_items(
    table: str, keys: Sequence[RawItem], *, members: Sequence[str] = (), consistent: bool = False
) -> Iterator[RawItem]:
    """The items that exist among ``keys``, in no order, 100 a request. Raises RuntimeError when some stay unread."""
    for offset in range(0, len(keys), MAX_BATCH_GET_KEYS):
        wanted: Any = {"Keys": list(keys[offset : offset + MAX_BATCH_GET_KEYS]), "ConsistentRead": consistent}
        if members:
            wanted |= _project(members)
        request = {table: wanted}
        for attempt in range(_READ_TRIES):
            answer: Any = client().batch_get_item(RequestItems=cast(Any, request))
            yield from answer["Responses"].get(table, [])
            request = answer.get("UnprocessedKeys")
            if not request:
                break
            time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, no secret
        else:
            raise RuntimeError(f"DynamoDB left {len(request[table]['Keys'])} keys unread")


def _project(members: Sequence[str]) -> dict[str, Any]:
    names = {part: f"#n{place}" for place, part in enumerate({part for path in members for part in path.split(".")})}
    expression = ", ".join(".".join(names[part] for part in path.split(".")) for path in members)
    return {
        "ProjectionExpression": expression,
        "ExpressionAttributeNames": {alias: name for name, alias in names.items()},
    }
