"""What tests of the main path share: billers, plans, uploads in each state, events for the handlers, table dumps."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import orjson

from invoicing import uploading
from invoicing.billers import Biller, BillerState, Module
from invoicing.sending_hours import Send
from invoicing.settings import get_settings
from invoicing.store import billers, files, uploads
from invoicing.uploads import CheckSummary, Upload, UploadStatus
from upload import write_handler
from upload.existing import drop_existing

NOW = datetime(2026, 11, 23, 3, 0, 0, tzinfo=UTC)
MAKER, CHECKER = "siti", "budi"
SHOP = Biller(
    biller_id="toko-sinar",
    name="Toko Sinar Jaya",
    module=Module.E_INVOICE,
    state=BillerState.ACTIVE,
    company_code="88081",
    giro_account="028000111222",
)
SCHOOL = replace(
    SHOP, biller_id="sekolah-harapan", name="Sekolah Harapan", module=Module.PINTU_KELAS, company_code="88082"
)


@dataclass
class FakeContext:
    function_name: str = "function"
    memory_limit_in_mb: int = 128
    invoked_function_arn: str = "arn:aws:lambda:ap-southeast-3:123456789012:function:function"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def make_draft(index: int, **changes: Any) -> dict[str, Any]:
    return {
        "number": f"INV-{index:04d}",
        "payer_name": f"Pelanggan {index}",
        "amount": 100_000 + index,
        "due_date": "2026-12-31",
        "recipients": [
            {"name": f"Pelanggan {index}", "email": f"p{index}@example.com"},
            {"email": f"q{index}@example.com"},
        ],
        "payer_code": f"C{index}",
    } | changes


def write_plan_file(folder: Path, drafts: list[dict[str, Any]]) -> Path:
    path = folder / "plan.ndjson"
    path.write_bytes(
        b"".join(orjson.dumps({"row": row, "invoice": draft}) + b"\n" for row, draft in enumerate(drafts, 5))
    )
    return path


def make_waiting_upload(
    folder: Path, drafts: list[dict[str, Any]], *, biller: Biller = SHOP, warnings: dict[str, int] | None = None
) -> Upload:
    """An upload whose check has ended with these drafts as its plan."""
    upload, _ = uploading.start_upload(biller.biller_id, MAKER, "tagihan.xlsx")
    upload = uploads.bind_version(upload, "version-1")
    plan_file = folder / f"{upload.upload_id}.ndjson"
    with plan_file.open("wb") as lines:
        plan = drop_existing(biller, write_plan_file(folder, drafts), lines)
    summary = CheckSummary(
        rows=len(drafts),
        invoices=plan.new,
        new=plan.new,
        already_there=0,
        different=0,
        bad_rows=0,
        bad_invoices=0,
        amount=plan.amount,
        smallest=plan.smallest,
        largest=plan.largest,
        valid_until=plan.valid_until,
        errors={},
        warnings=warnings or {},
        columns=["No. Invoice"],
        notices=dict(plan.notices),
    )
    key = files.plan_key(biller.biller_id, upload.upload_id)
    findings = {
        "summary": summary_record(summary),
        "plan_version": files.store(key, plan_file, "application/x-ndjson"),
        "chunk_bounds": plan.chunk_bounds,
    }
    return uploads.record_check(upload, UploadStatus.WAITING, None, findings)


def summary_record(summary: CheckSummary) -> dict[str, Any]:
    return {name: getattr(summary, name) for name in CheckSummary.__dataclass_fields__}


def release(upload: Upload, *, send: str = Send.NOW) -> Upload:
    """Release with every warning acknowledged; at once, so that no test depends on the hour it runs at."""
    acknowledged = list(upload.summary.warnings) if upload.summary else []
    return uploading.release_upload(
        upload.biller_id, upload.upload_id, released_by=CHECKER, acknowledged=acknowledged, send=send
    )


def receive_chunk_messages() -> list[dict[str, Any]]:
    """Everything in the chunk queue, taken off it."""
    sqs = boto3.client("sqs")
    messages: list[dict[str, Any]] = []
    while batch := sqs.receive_message(
        QueueUrl=get_settings().chunk_queue_url, MaxNumberOfMessages=10, AttributeNames=["All"]
    ).get("Messages"):
        for message in batch:
            sqs.delete_message(QueueUrl=get_settings().chunk_queue_url, ReceiptHandle=message["ReceiptHandle"])
        messages += batch
    return messages


def make_sqs_event(bodies: list[str], received: int = 1) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"message-{index}",
                "receiptHandle": f"receipt-{index}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(received)},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:ap-southeast-3:123456789012:queue",
                "awsRegion": "ap-southeast-3",
            }
            for index, body in enumerate(bodies)
        ]
    }


def write_chunks(bodies: list[str], received: int = 1) -> list[str]:
    """Run the real write handler on chunk messages; the ids of those that failed."""
    answer = write_handler.handle(make_sqs_event(bodies, received), FakeContext())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def write_all_chunks() -> None:
    bodies = [message["Body"] for message in receive_chunk_messages()]
    assert write_chunks(bodies) == []


def dump_tables() -> dict[str, list[str]]:
    """Every item of every table, in an order of its own; but for the ids that S3 gives to versions."""
    dynamodb = boto3.client("dynamodb")
    dump = {}
    for table in dynamodb.list_tables()["TableNames"]:
        pages = dynamodb.get_paginator("scan").paginate(TableName=table)
        items = [item for page in pages for item in page["Items"]]
        dump[table] = sorted(json.dumps(_drop_versions(item), sort_keys=True) for item in items)
    return dump


def _drop_versions(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if not name.endswith("_version")}


def read_table(table: str) -> list[dict[str, Any]]:
    resource = boto3.resource("dynamodb").Table(table)
    items = resource.scan()["Items"]
    return sorted(items, key=lambda item: (item["pk"], item.get("sk", "")))


def register(*chosen: Biller) -> None:
    for biller in chosen:
        assert billers.register_biller(biller)
