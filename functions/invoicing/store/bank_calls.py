"""BankCalls table: what a bank sent and what we answered, ``pk = call id``; expires by itself.

Found by day (``by_day``: ``{YYYY-MM-DD Jakarta}#{shard}``, time), by virtual account (``by_va``: ``{bank}#{va}``, time)
and by the bank's own numbers (``by_reference``, ``by_request``: ``{bank}#{number}``, time). The indexes hold keys only.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from invoicing import clock
from invoicing.errors import BankCallNotFoundError
from invoicing.settings import get_settings
from invoicing.store import dynamodb

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHARDS = 4
"""A day's calls are spread over so many keys of ``by_day``."""


@dataclass(frozen=True, slots=True)
class BankCall:
    call_id: str
    at: str
    """UTC text, when its answer was decided."""
    service: str
    method: str
    path: str
    source_ip: str
    headers: dict[str, str]
    """Masked where they are secret; bounded."""
    body: str
    """Bytes that are no UTF-8 as Latin-1, told by ``is_text``; cut to the largest body that is ever read."""
    is_text: bool
    http_status: int
    answer: str
    """The body of our answer, tokens masked."""
    milliseconds: int
    """Until its answer was decided; of a payment, before its transaction."""
    is_signed: bool
    """Its signature fits: only then do the members below say what it was about."""
    client_id: str = ""
    bank_code: str = ""
    external_id: str = ""
    va_number: str = ""
    reference: str = ""
    """referenceNo of a payment."""
    request_id: str = ""
    """inquiryRequestId or paymentRequestId."""


_STORED = tuple(name for name in BankCall.__dataclass_fields__ if name != "call_id")


@lru_cache(maxsize=1)
def _get_writer() -> "DynamoDBClient":
    # The bank waits meanwhile, and its answer is decided: short, and never again.
    config = Config(
        user_agent="invoicing",
        parameter_validation=False,
        retries={"total_max_attempts": 1},
        connect_timeout=0.5,
        read_timeout=0.7,
    )
    return boto3.client("dynamodb", config=config)


def keep_call(call: BankCall) -> None:
    """Write the call by itself, unless a transaction has written it. Raises what boto3 raises."""
    try:
        _get_writer().put_item(**build_call_write(call)["Put"])
    except ClientError as error:
        if not dynamodb.is_condition_failed(error):
            raise


def build_call_write(call: BankCall) -> dict[str, Any]:
    """A transaction member that writes the call once; it expires after the retention that the deployment sets."""
    day = datetime.fromisoformat(call.at).astimezone(clock.JAKARTA).date()
    expires = datetime.fromisoformat(call.at) + timedelta(days=get_settings().bank_call_retention_days)
    item = {
        "pk": call.call_id,
        **{name: value for name in _STORED if (value := getattr(call, name)) != ""},
        "by_day_pk": _build_day_key(day, _find_shard(call.call_id)),
        "by_va_pk": _build_key(call.bank_code, call.va_number),
        "by_reference_pk": _build_key(call.bank_code, call.reference),
        "by_request_pk": _build_key(call.bank_code, call.request_id),
        "expires_at": int(expires.timestamp()),
    }
    return dynamodb.build_put(get_settings().bank_calls_table, dynamodb.to_item(item))


def load_call(call_id: str) -> BankCall:
    """Raises BankCallNotFoundError."""
    record = dynamodb.load_item(get_settings().bank_calls_table, {"pk": {"S": call_id}})
    if record is None:
        raise BankCallNotFoundError(call_id)
    members = {name: record[name] for name in BankCall.__dataclass_fields__ if name in record}
    return BankCall(**{"body": "", "answer": "", **members, "call_id": record["pk"]})


def list_calls_of_va(bank_code: str, va_number: str) -> Iterator[str]:
    """Ids of the signed calls about this virtual account, oldest first."""
    return _list_ids("by_va", f"{bank_code}#{va_number}")


def list_calls_of_reference(bank_code: str, number: str) -> Iterator[str]:
    """Ids of the signed calls with this reference, or else this request id, oldest first."""
    found = list(_list_ids("by_reference", f"{bank_code}#{number}"))
    return iter(found or list(_list_ids("by_request", f"{bank_code}#{number}")))


def list_calls_of_day(day: date) -> list[str]:
    """Ids of all calls of this day in Jakarta, oldest first: a call id begins with its time."""
    return sorted(call_id for shard in range(SHARDS) for call_id in _list_ids("by_day", _build_day_key(day, shard)))


def _list_ids(index: str, key: str) -> Iterator[str]:
    pages = (
        dynamodb.client()
        .get_paginator("query")
        .paginate(
            TableName=get_settings().bank_calls_table,
            IndexName=index,
            KeyConditionExpression=f"{index}_pk = :key",
            ExpressionAttributeValues={":key": {"S": key}},
        )
    )
    for page in pages:
        yield from (item["pk"]["S"] for item in page["Items"])


def _build_key(bank_code: str, number: str) -> str | None:
    return f"{bank_code}#{number}" if number else None


def _build_day_key(day: date, shard: int) -> str:
    return f"{day.isoformat()}#{shard}"


def _find_shard(call_id: str) -> int:
    return hashlib.sha256(call_id.encode()).digest()[0] % SHARDS
