"""Uploads table.

| pk | sk | item |
| biller_id | upload_id (ULID) | the upload |
| biller_id#upload_id | chunk#00001 | one chunk's absolute result |
| biller_id#files | sha256 | the last upload that brought this very file |
| biller_id#keys | idempotency key | the upload that a program made with this key, and of what |
"""

import random
import time
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from invoicing import clock
from invoicing.billers import Module, OnErrors
from invoicing.errors import CounterBusyError, UploadNotFoundError, UploadStateError
from invoicing.settings import get_settings
from invoicing.store import counters, dynamodb
from invoicing.uploads import (
    PATIENCE,
    CheckSummary,
    ChunkResult,
    ChunkState,
    Conflict,
    Upload,
    UploadStatus,
)

_DUE_SHARD = "uploads"
_COUNTER_TRIES = 10


def create_upload(upload: Upload) -> bool:
    """Put a new upload; False when its id exists, which a new ULID rules out."""
    item = _write_upload(upload) | _due_attributes(upload.status, clock.now())
    return dynamodb.put_new(get_settings().uploads_table, dynamodb.to_item(item))


def create_upload_once(upload: Upload) -> Upload:
    """Put a new upload, or the one that has its id already."""
    return upload if create_upload(upload) else load_upload(upload.biller_id, upload.upload_id)


def claim_key(biller_id: str, key: str, upload_id: str, fingerprint: str) -> tuple[str, str]:
    """Bind an idempotency key to an upload and its content, once; what it is bound to, maybe by an earlier call."""
    item = {"pk": f"{biller_id}#keys", "sk": key, "upload_id": upload_id, "fingerprint": fingerprint}
    try:
        dynamodb.client().put_item(
            TableName=get_settings().uploads_table,
            Item=dynamodb.to_item(item),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        if not dynamodb.is_condition_failed(error):
            raise
        bound: Any = error.response["Item"]  # type: ignore[typeddict-item]
        return bound["upload_id"]["S"], bound["fingerprint"]["S"]
    return upload_id, fingerprint


def load_upload(biller_id: str, upload_id: str) -> Upload:
    """Raises UploadNotFoundError, for another biller's upload too."""
    record = dynamodb.load_item(get_settings().uploads_table, _upload_key(biller_id, upload_id))
    if record is None:
        raise UploadNotFoundError(upload_id)
    return _read_upload(record)


def list_recent_uploads(biller_id: str, limit: int) -> list[Upload]:
    """The biller's latest uploads, newest first (ULIDs sort by time)."""
    return list_uploads(biller_id, None, limit)[0]


def list_uploads(biller_id: str, after: str | None, limit: int) -> tuple[list[Upload], str | None]:
    """A page of the biller's uploads, newest first; and the id to go on after, if there is more."""
    position: Any = {} if after is None else {"ExclusiveStartKey": _upload_key(biller_id, after)}
    answer = dynamodb.client().query(
        TableName=get_settings().uploads_table,
        KeyConditionExpression="pk = :biller",
        ExpressionAttributeValues={":biller": {"S": biller_id}},
        ScanIndexForward=False,
        Limit=limit,
        **position,
    )
    found = [_read_upload(dynamodb.from_item(item)) for item in answer["Items"]]
    return found, found[-1].upload_id if "LastEvaluatedKey" in answer else None


def list_overdue_uploads(instant: datetime, limit: int) -> list[tuple[str, str]]:
    """``(biller_id, upload_id)`` of uploads that outstayed their state's patience, longest first."""
    answer = dynamodb.client().query(
        TableName=get_settings().uploads_table,
        IndexName="due",
        KeyConditionExpression="due_shard = :shard AND due_at <= :now",
        ExpressionAttributeValues=dynamodb.to_item({":shard": _DUE_SHARD, ":now": clock.to_text(instant)}),
        Limit=limit,
    )
    return [(item["pk"]["S"], item["sk"]["S"]) for item in answer["Items"]]


def bind_version(upload: Upload, object_version: str) -> Upload:
    """awaiting_file -> checking, with the one object version that counts from now on.

    Repeating it with the same version is fine while the check has no result. Raises UploadStateError otherwise.
    """
    return _update(
        upload,
        {
            "status": UploadStatus.CHECKING,
            "object_version": object_version,
            **_due_attributes(UploadStatus.CHECKING, clock.now()),
        },
        condition="#status = :awaiting OR (#status = :checking AND object_version = :version)",
        values={
            ":awaiting": UploadStatus.AWAITING_FILE,
            ":checking": UploadStatus.CHECKING,
            ":version": object_version,
        },
    )


def record_check(upload: Upload, status: UploadStatus, sha256: str | None, findings: Mapping[str, Any]) -> Upload:
    """checking -> ``status`` with what the check found, and the file's fingerprint, in one transaction.

    ``findings`` are members of Upload. Raises UploadStateError when another run of the check was first.
    """
    settings = get_settings()
    due = _due_attributes(status, clock.now())
    update = _build_update(
        upload,
        {"status": status, "sha256": sha256, **findings, **due},
        remove=() if due else ("due_shard", "due_at"),
        condition="#status = :checking AND object_version = :version",
        values={":checking": UploadStatus.CHECKING, ":version": upload.object_version},
    )
    writes: list[Any] = [{"Update": update}]
    if sha256 is not None:
        fingerprint = {"pk": f"{upload.biller_id}#files", "sk": sha256, "upload_id": upload.upload_id}
        writes.append(
            {
                "Put": {
                    "TableName": settings.uploads_table,
                    "Item": dynamodb.to_item(fingerprint),
                    # An older upload never takes the fingerprint back from a newer one.
                    "ConditionExpression": "attribute_not_exists(pk) OR upload_id <= :upload",
                    "ExpressionAttributeValues": {":upload": {"S": upload.upload_id}},
                }
            }
        )
    while True:
        try:
            dynamodb.client().transact_write_items(TransactItems=writes)
        except ClientError as error:
            codes = dynamodb.read_cancellation_codes(error)
            if codes is None or "ConditionalCheckFailed" not in codes:
                raise
            if codes[0] == "ConditionalCheckFailed":
                raise UploadStateError(f"{upload.upload_id} is no longer being checked") from error
            del writes[1:]
        else:
            break
    return load_upload(upload.biller_id, upload.upload_id)


def find_upload_of_file(biller_id: str, sha256: str) -> str | None:
    """The id of the last checked upload that brought this very file."""
    record = dynamodb.load_item(get_settings().uploads_table, _key(f"{biller_id}#files", sha256))
    return record["upload_id"] if record else None


def release(
    upload: Upload,
    company_code: str,
    released_by: str,
    acknowledged: list[str],
    *,
    notices_from: str | None,
    in_hours: bool,
) -> Upload:
    """waiting -> writing, and the upload's range of VA numbers drawn from the counter, in one transaction.

    Raises UploadStateError when it is not waiting any more, VirtualAccountRangeError when the numbers run out,
    CounterBusyError when other releases were faster each time.
    """
    count = upload.chunks[-1].first + upload.chunks[-1].count
    instant = clock.now()
    for attempt in range(_COUNTER_TRIES):
        first = counters.load_next(company_code)
        draw: Any = counters.build_draw(company_code, first, count)
        update = _build_update(
            upload,
            {
                "status": UploadStatus.WRITING,
                "va_first": first,
                "company_code": company_code,
                "released_by": released_by,
                "released_at": clock.to_text(instant),
                "acknowledged": acknowledged,
                "notices_from": notices_from,
                "in_hours": in_hours,
                **_due_attributes(UploadStatus.WRITING, instant),
            },
            condition="#status = :waiting AND attribute_not_exists(va_first)",
            values={":waiting": UploadStatus.WAITING},
        )
        try:
            dynamodb.client().transact_write_items(TransactItems=[{"Update": update}, draw])
        except ClientError as error:
            codes = dynamodb.read_cancellation_codes(error)
            if codes is None:
                raise
            if codes[0] == "ConditionalCheckFailed":
                raise UploadStateError(f"{upload.upload_id} is not waiting for release") from error
            # Another upload of this biller drew numbers in between.
            time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, no secret
            continue
        return load_upload(upload.biller_id, upload.upload_id)
    raise CounterBusyError(company_code)


def end(upload: Upload, status: UploadStatus, *, ended_by: str, reason: str | None, **members: Any) -> Upload:
    """Move an upload that creates nothing to its end (rejected, deleted). Raises UploadStateError if it moved on."""
    return _update(
        upload,
        {"status": status, "ended_by": ended_by, "ended_reason": reason, **members},
        remove=("due_shard", "due_at"),
        condition="#status = :expected",
        values={":expected": upload.status},
    )


def finish(upload: Upload, totals: dict[str, int]) -> Upload:
    """writing -> done with its final totals. Raises UploadStateError when it is done already."""
    return _update(
        upload,
        {"status": UploadStatus.DONE, "finished_at": clock.to_text(clock.now()), "totals": totals},
        remove=("due_shard", "due_at"),
        condition="#status = :writing",
        values={":writing": UploadStatus.WRITING},
    )


def postpone(upload: Upload) -> None:
    """Give an upload in writing another spell of patience, if nobody else did. Raises UploadStateError if so."""
    _update(
        upload,
        _due_attributes(upload.status, clock.now()),
        condition="#status = :status AND due_at = :seen",
        values={":status": upload.status, ":seen": upload.due_at},
    )


def save_chunk_result(upload: Upload, result: ChunkResult) -> None:
    """Put a chunk's absolute result. A result that is done stays: a later failure of a repeat does not undo it."""
    item = {
        "pk": f"{upload.biller_id}#{upload.upload_id}",
        "sk": f"chunk#{result.index:05d}",
        **asdict(result),
    }
    try:
        dynamodb.client().put_item(
            TableName=get_settings().uploads_table,
            Item=dynamodb.to_item(item),
            ConditionExpression="attribute_not_exists(pk) OR #state <> :done",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":done": {"S": ChunkState.DONE}},
        )
    except ClientError as error:
        if not dynamodb.is_condition_failed(error):
            raise


def load_chunk_results(upload: Upload) -> list[ChunkResult]:
    """All results so far, in chunk order, consistently read."""
    pages = (
        dynamodb.client()
        .get_paginator("query")
        .paginate(
            TableName=get_settings().uploads_table,
            KeyConditionExpression="pk = :upload",
            ExpressionAttributeValues={":upload": {"S": f"{upload.biller_id}#{upload.upload_id}"}},
            ConsistentRead=True,
        )
    )
    return [_read_result(dynamodb.from_item(item)) for page in pages for item in page["Items"]]


def _upload_key(biller_id: str, upload_id: str) -> Any:
    return _key(biller_id, upload_id)


def _key(pk: str, sk: str) -> Any:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _due_attributes(status: UploadStatus, instant: datetime) -> dict[str, str]:
    if status not in PATIENCE:
        return {}
    return {"due_shard": _DUE_SHARD, "due_at": clock.to_text(instant + PATIENCE[status])}


def _build_update(
    upload: Upload,
    members: Mapping[str, Any],
    *,
    condition: str,
    values: Mapping[str, Any],
    remove: tuple[str, ...] = (),
) -> Any:
    present = {name: value for name, value in members.items() if value is not None}
    assignments = ", ".join(f"#{name} = :set_{name}" for name in present)
    removals = f" REMOVE {', '.join(remove)}" if remove else ""
    return {
        "TableName": get_settings().uploads_table,
        "Key": _upload_key(upload.biller_id, upload.upload_id),
        "UpdateExpression": f"SET {assignments}{removals}",
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {"#status": "status"} | {f"#{name}": name for name in present},
        "ExpressionAttributeValues": dynamodb.to_item(
            dict(values) | {f":set_{name}": value for name, value in present.items()}
        ),
    }


def _update(
    upload: Upload,
    members: Mapping[str, Any],
    *,
    condition: str,
    values: Mapping[str, Any],
    remove: tuple[str, ...] = (),
) -> Upload:
    update = _build_update(upload, members, condition=condition, values=values, remove=remove)
    if "#status" not in update["UpdateExpression"] + update["ConditionExpression"]:
        del update["ExpressionAttributeNames"]["#status"]
    try:
        answer = dynamodb.client().update_item(**update, ReturnValues="ALL_NEW")
    except ClientError as error:
        if not dynamodb.is_condition_failed(error):
            raise
        raise UploadStateError(f"{upload.upload_id} has moved on from {upload.status}") from error
    return _read_upload(dynamodb.from_item(answer["Attributes"]))


def _write_upload(upload: Upload) -> dict[str, Any]:
    record = asdict(upload)
    return {"pk": record.pop("biller_id"), "sk": record.pop("upload_id"), **record}


_MEMBERS = frozenset(field.name for field in fields(Upload))


def _read_upload(record: dict[str, Any]) -> Upload:
    members = {name: value for name, value in record.items() if name in _MEMBERS}
    members |= {
        "biller_id": record["pk"],
        "upload_id": record["sk"],
        "module": Module(record["module"]),
        "on_errors": OnErrors(record["on_errors"]),
        "status": UploadStatus(record["status"]),
    }
    if "summary" in record:
        summary = record["summary"]
        members["summary"] = CheckSummary(**{field.name: summary.get(field.name) for field in fields(CheckSummary)})
    return Upload(**members)


def _read_result(record: dict[str, Any]) -> ChunkResult:
    return ChunkResult(
        index=record["index"],
        state=ChunkState(record["state"]),
        written=record["written"],
        written_amount=record["written_amount"],
        already_there=record["already_there"],
        conflicts=[Conflict(**conflict) for conflict in record["conflicts"]],
    )
