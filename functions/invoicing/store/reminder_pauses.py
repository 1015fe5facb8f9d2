"""Payers whose reminders are paused, in the Suppressions table: ``pk = {biller_id}#paused_payers``, ``sk = payer key``.

Like a suppressed address, a pause says whom a biller's notices do not go to, and the senders read this table anyway; a
biller's pauses are one query. An item is never deleted: resuming replaces ``paused`` by ``resumed``.
"""

from collections.abc import Mapping
from typing import Any

from invoicing.settings import get_settings
from invoicing.store import dynamodb


def save_pause(biller_id: str, payer_key: str, pause: Mapping[str, str]) -> None:
    """Pause, or change the pause that there is: the last word counts, so there is nothing to be in the way."""
    _update(biller_id, payer_key, "SET paused = :given REMOVE resumed", pause)


def save_resumption(biller_id: str, payer_key: str, resumption: Mapping[str, str]) -> None:
    """End a pause; that of a payer who is not paused leaves a note of who asked for it."""
    _update(biller_id, payer_key, "SET resumed = :given REMOVE paused", resumption)


def load_pause(biller_id: str, payer_key: str) -> dict[str, str] | None:
    """The payer's pause, consistently read; it may be over."""
    record = dynamodb.load_item(get_settings().suppressions_table, _key(biller_id, payer_key)) or {}
    return record.get("paused")


def list_pauses(biller_id: str) -> dict[str, dict[str, str]]:
    """Every pause of the biller by payer key, consistently read; some may be over."""
    pages = (
        dynamodb.client()
        .get_paginator("query")
        .paginate(
            TableName=get_settings().suppressions_table,
            KeyConditionExpression="pk = :biller",
            FilterExpression="attribute_exists(paused)",
            ExpressionAttributeValues={":biller": {"S": _partition(biller_id)}},
            ConsistentRead=True,
        )
    )
    records = [dynamodb.from_item(item) for page in pages for item in page["Items"]]
    return {record["sk"]: record["paused"] for record in records}


def _update(biller_id: str, payer_key: str, expression: str, given: Mapping[str, str]) -> None:
    dynamodb.client().update_item(
        TableName=get_settings().suppressions_table,
        Key=_key(biller_id, payer_key),
        UpdateExpression=expression,
        ExpressionAttributeValues=dynamodb.to_item({":given": given}),
    )


def _partition(biller_id: str) -> str:
    return f"{biller_id}#paused_payers"


def _key(biller_id: str, payer_key: str) -> Any:
    return {"pk": {"S": _partition(biller_id)}, "sk": {"S": payer_key}}
