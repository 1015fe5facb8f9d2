"""Audit table: ``pk = {biller_id}#{YYYY-MM}`` (``bank#...`` for the bank's own), ``sk = {time}#{ULID}``; append-only.

An entry is written in the transaction of the change that it tells of, so neither exists without the other. No role of a
function may update or delete entries (template).
"""

from collections.abc import Mapping
from typing import Any

from ulid import ULID

from invoicing.settings import get_settings
from invoicing.store import dynamodb

BANK = "bank"
"""In the place of a biller id: what bank officers do to no biller in particular."""
PAGE_SIZE = 100


def build_change_audit(invoice: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of a change to an invoice, which also stands in the invoice's own ``changes``."""
    return build_audit_write(
        invoice["biller_id"],
        user_id=change["by"],
        action=change["action"],
        subject=invoice["va_number"],
        at=change["at"],
        before=change.get("before"),
        after=change.get("after"),
        reason=change.get("reason"),
    )


def build_audit_write(
    biller_id: str,
    *,
    user_id: str,
    action: str,
    subject: str,
    at: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    """A transaction member that adds one entry.

    Args:
        action: what was done, a verb and a noun: ``archive_invoice``, ``approve_biller``.
        subject: what it was done to, an id: VA number, upload id, user id.
        at: UTC text of ``clock.to_text``.
        before, after: the members that changed; never a secret, contacts masked.
    """
    entry = {
        "pk": f"{biller_id}#{at[:7]}",
        "sk": f"{at}#{ULID()}",
        "biller_id": biller_id,
        "user_id": user_id,
        "action": action,
        "subject": subject,
        "at": at,
        "before": before,
        "after": after,
        "reason": reason,
    }
    return dynamodb.build_put(get_settings().audit_table, dynamodb.to_item(entry))


def add_audit_entry(biller_id: str, **entry: Any) -> None:
    """Write one entry by itself, about something that changes nothing here; members as of ``build_audit_write``."""
    put = build_audit_write(biller_id, **entry)["Put"]
    dynamodb.client().put_item(**put)


def list_audit_entries(
    biller_id: str, month: str, cursor: str | None = None, limit: int = PAGE_SIZE
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of one month's entries (``2026-11``), newest first, and the cursor of the next page if there is one."""
    partition = f"{biller_id}#{month}"
    position: Any = {} if cursor is None else {"ExclusiveStartKey": {"pk": {"S": partition}, "sk": {"S": cursor}}}
    answer = dynamodb.client().query(
        TableName=get_settings().audit_table,
        KeyConditionExpression="pk = :month",
        ExpressionAttributeValues={":month": {"S": partition}},
        ScanIndexForward=False,
        Limit=limit,
        **position,
    )
    entries = [_read_entry(dynamodb.from_item(item)) for item in answer["Items"]]
    more = "LastEvaluatedKey" in answer
    return entries, answer["Items"][-1]["sk"]["S"] if more else None


def _read_entry(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("pk", "sk")}
