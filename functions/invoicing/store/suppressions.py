"""Suppressions table: ``pk = biller_id``, ``sk = {channel}#{recipient hash}``: one item per address and channel.

An item is never deleted: lifting marks it, and a later bounce suppresses it anew. The address is in it masked, until
the person's contacts are erased; the hash then keeps it effective.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from invoicing import clock
from invoicing.errors import SuppressionNotFoundError
from invoicing.notices import Channel, SuppressionReason, hash_recipient, mask_address
from invoicing.settings import get_settings
from invoicing.store import dynamodb
from invoicing.store.audit import build_audit_write
from invoicing.store.transactions import commit_all


@dataclass(frozen=True, slots=True)
class Suppression:
    biller_id: str
    suppression_id: str
    """``email-91c2f0a37be41d58``: channel and recipient hash."""
    channel: Channel
    reason: SuppressionReason
    since: str
    """When the provider's event happened, UTC."""
    address: str
    """Masked."""
    notice: str
    """Reference of the notice whose event suppressed the address."""
    lifted_at: str | None = None
    lifted_by: str | None = None
    lifts: tuple[dict[str, str], ...] = ()
    """Every time it was lifted: ``reason``, ``since``, ``lifted_at``, ``lifted_by``."""


def find_active_reason(biller_id: str, channel: Channel, address: str) -> str | None:
    """Why this address gets no notices of this biller on this channel; None while it may."""
    suppression_id = build_suppression_id(biller_id, channel, address)
    record = dynamodb.load_item(get_settings().suppressions_table, _key(biller_id, suppression_id))
    return record["reason"] if record and "lifted_at" not in record else None


def save_suppression(suppression: Suppression) -> bool:
    """Suppress an address; False when it is suppressed already, or was lifted after the event that came now."""
    values = {
        "channel": suppression.channel,
        "reason": suppression.reason,
        "since": suppression.since,
        "address": suppression.address,
        "notice": suppression.notice,
    }
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in values) + " REMOVE lifted_at, lifted_by"
    return dynamodb.update_if(
        get_settings().suppressions_table,
        _key(suppression.biller_id, suppression.suppression_id),
        expression,
        "attribute_not_exists(pk) OR lifted_at < :since",
        {f":{name}": value for name, value in values.items()},
        names={f"#{name}": name for name in values},
    )


def save_dismissal(suppression: Suppression, va_number: str) -> bool:
    """Suppress an address because its reader said so, with an entry of the audit trail; False when it is already.

    A person's word replaces an earlier reason of a provider, and counts again after a lift.
    """
    values = {
        "channel": suppression.channel,
        "reason": suppression.reason,
        "since": suppression.since,
        "address": suppression.address,
        "notice": suppression.notice,
    }
    update = {
        "TableName": get_settings().suppressions_table,
        "Key": _key(suppression.biller_id, suppression.suppression_id),
        "UpdateExpression": "SET "
        + ", ".join(f"#{name} = :{name}" for name in values)
        + " REMOVE lifted_at, lifted_by",
        "ConditionExpression": "attribute_not_exists(pk) OR attribute_exists(lifted_at) OR #reason <> :reason",
        "ExpressionAttributeNames": {f"#{name}": name for name in values},
        "ExpressionAttributeValues": dynamodb.to_item({f":{name}": value for name, value in values.items()}),
    }
    entry = build_audit_write(
        suppression.biller_id,
        user_id="payer",
        action="dismiss_bill",
        subject=va_number,
        at=suppression.since,
        after={"suppression_id": suppression.suppression_id, "address": suppression.address},
    )
    return not commit_all([{"Update": update}, entry])


def load_suppression(biller_id: str, suppression_id: str) -> Suppression:
    """Raises SuppressionNotFoundError, for another biller's suppression too."""
    record = dynamodb.load_item(get_settings().suppressions_table, _key(biller_id, suppression_id))
    if record is None:
        raise SuppressionNotFoundError(suppression_id)
    return _read_suppression(record)


def list_suppressions(biller_id: str, after: str | None, limit: int) -> tuple[list[Suppression], str | None]:
    """A page of the biller's suppressions, lifted ones too, by id; and the id to go on after, if there is more."""
    position: Any = {} if after is None else {"ExclusiveStartKey": _key(biller_id, after)}
    answer = dynamodb.client().query(
        TableName=get_settings().suppressions_table,
        KeyConditionExpression="pk = :biller",
        ExpressionAttributeValues={":biller": {"S": biller_id}},
        Limit=limit,
        **position,
    )
    found = [_read_suppression(dynamodb.from_item(item)) for item in answer["Items"]]
    return found, found[-1].suppression_id if "LastEvaluatedKey" in answer else None


def lift_suppression(suppression: Suppression, lifted_by: str, now: datetime) -> bool:
    """Let notices go to the address again; False when it was lifted, or suppressed anew, since it was read."""
    lifted_at = clock.to_text(now)
    lift = {
        "reason": suppression.reason,
        "since": suppression.since,
        "lifted_at": lifted_at,
        "lifted_by": lifted_by,
    }
    values = {":lifted_at": lifted_at, ":lifted_by": lifted_by, ":lift": [lift], ":none": [], ":since": lift["since"]}
    return dynamodb.update_if(
        get_settings().suppressions_table,
        _key(suppression.biller_id, suppression.suppression_id),
        ("SET lifted_at = :lifted_at, lifted_by = :lifted_by, lifts = list_append(if_not_exists(lifts, :none), :lift)"),
        "since = :since AND attribute_not_exists(lifted_at)",
        values,
    )


def blank_address(biller_id: str, channel: Channel, address: str) -> bool:
    """Keep a suppression without anything that can be read of its address; False when there is none."""
    return dynamodb.update_if(
        get_settings().suppressions_table,
        _key(biller_id, build_suppression_id(biller_id, channel, address)),
        "SET address = :erased",
        "attribute_exists(pk)",
        {":erased": mask_address("")},
    )


def build_suppression_id(biller_id: str, channel: Channel, address: str) -> str:
    return f"{channel}-{hash_recipient(biller_id, address)}"


def _key(biller_id: str, suppression_id: str) -> dynamodb.Item:
    return {"pk": {"S": biller_id}, "sk": {"S": suppression_id.replace("-", "#", 1)}}


def _read_suppression(record: dict[str, Any]) -> Suppression:
    return Suppression(
        biller_id=record["pk"],
        suppression_id=record["sk"].replace("#", "-", 1),
        channel=Channel(record["channel"]),
        reason=SuppressionReason(record["reason"]),
        since=record["since"],
        address=record["address"],
        notice=record["notice"],
        lifted_at=record.get("lifted_at"),
        lifted_by=record.get("lifted_by"),
        lifts=tuple(record.get("lifts", ())),
    )
