"""Holds of uploads' notices, in the Uploads table: ``pk = {biller_id}#{upload_id}#hold``, ``sk = hold``.

One item says it for all of an upload's notices. While those that were held are being let go, it is in the index ``due``
under the shard ``resumed``, where the sweeper of notices finds it.
"""

from dataclasses import dataclass
from typing import Any

from invoicing.settings import get_settings
from invoicing.store import dynamodb
from invoicing.store.audit import build_audit_write
from invoicing.store.transactions import commit_all

_HELD, _RESUMED = "held", "resumed"
_SK = "hold"


@dataclass(frozen=True, slots=True)
class Hold:
    """The last hold of an upload's notices; times are UTC texts."""

    biller_id: str
    upload_id: str
    is_held: bool
    held_at: str
    held_by: str
    reason: str | None = None
    resumed_at: str | None = None
    resumed_by: str | None = None


def load_hold(biller_id: str, upload_id: str) -> Hold | None:
    """Consistently read; None when the upload's notices were never held."""
    record = dynamodb.load_item(get_settings().uploads_table, _key(biller_id, upload_id))
    if record is None:
        return None
    return Hold(
        biller_id,
        upload_id,
        record["state"] == _HELD,
        record["held_at"],
        record["held_by"],
        record.get("reason"),
        record.get("resumed_at"),
        record.get("resumed_by"),
    )


def save_hold(biller_id: str, upload_id: str, *, by: str, at: str, reason: str | None) -> bool:
    """Hold, and tell the audit; False when they are held already."""
    update = {
        "UpdateExpression": (
            "SET #state = :held, held_at = :at, held_by = :by"
            + (", #reason = :reason" if reason else "")
            + " REMOVE due_shard, due_at, resumed_at, resumed_by"
            + ("" if reason else ", #reason")
        ),
        "ConditionExpression": "attribute_not_exists(pk) OR #state <> :held",
        "ExpressionAttributeNames": {"#state": "state", "#reason": "reason"},
        "ExpressionAttributeValues": dynamodb.to_item(
            {":held": _HELD, ":at": at, ":by": by, **({":reason": reason} if reason else {})}
        ),
    }
    audit = build_audit_write(
        biller_id, user_id=by, action="hold_notices", subject=upload_id, at=at, after={"held": True}, reason=reason
    )
    return _commit(biller_id, upload_id, update, audit)


def save_resumption(biller_id: str, upload_id: str, *, by: str, at: str) -> bool:
    """Let them go, and tell the audit; False when they are not held."""
    update = {
        "UpdateExpression": (
            "SET #state = :resumed, resumed_at = :at, resumed_by = :by, due_shard = :resumed, due_at = :at"
        ),
        "ConditionExpression": "#state = :held",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": dynamodb.to_item({":held": _HELD, ":resumed": _RESUMED, ":at": at, ":by": by}),
    }
    audit = build_audit_write(
        biller_id,
        user_id=by,
        action="resume_notices",
        subject=upload_id,
        at=at,
        before={"held": True},
        after={"held": False},
    )
    return _commit(biller_id, upload_id, update, audit)


def list_resumed(limit: int) -> list[tuple[str, str, str]]:
    """``(biller_id, upload_id, resumed_at)`` of uploads whose held notices are being let go, longest first."""
    answer = dynamodb.client().query(
        TableName=get_settings().uploads_table,
        IndexName="due",
        KeyConditionExpression="due_shard = :resumed",
        ExpressionAttributeValues={":resumed": {"S": _RESUMED}},
        Limit=limit,
    )
    found = []
    for item in answer["Items"]:
        biller_id, upload_id, _ = item["pk"]["S"].split("#")
        found.append((biller_id, upload_id, item["due_at"]["S"]))
    return found


def finish_resumption(biller_id: str, upload_id: str, resumed_at: str) -> bool:
    """All of them are let go; False when they were held, or let go, again."""
    return dynamodb.update_if(
        get_settings().uploads_table,
        _key(biller_id, upload_id),
        "REMOVE due_shard, due_at",
        "due_at = :resumed_at",
        {":resumed_at": resumed_at},
    )


def _key(biller_id: str, upload_id: str) -> Any:
    return {"pk": {"S": f"{biller_id}#{upload_id}#hold"}, "sk": {"S": _SK}}


def _commit(biller_id: str, upload_id: str, update: dict[str, Any], audit: dict[str, Any]) -> bool:
    own = {"Update": {"TableName": get_settings().uploads_table, "Key": _key(biller_id, upload_id), **update}}
    return not commit_all([own, audit])
