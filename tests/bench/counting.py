"""The main path once, on the real handlers and moto, with every request counted and every written item weighed."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import orjson
from moto import mock_aws
from moto.dynamodb.models.table import Table

from invoicing.settings import get_settings
from invoicing.store import chunk_queue, dynamodb, files
from notify import dispatch_handler, queues, send_email_handler
from notify.channels import email
from tests.bench.answers import set_environment
from tests.bench.write_units import WriteMeter, list_tables
from tests.integration.aws_from_template import REGION, Template, create_resources
from tests.integration.scenario import (
    CHECKER,
    MAKER,
    SHOP,
    FakeContext,
    make_sqs_event,
    receive_chunk_messages,
    register,
)
from upload import check_handler, command_handler, write_handler

WRITING_PHASES = ("start", "check", "release", "write")
SENT_INVOICES = 50
"""Enough to see what a notice costs after its creation; all cost the same."""


def run_main_path(workbook: Path, folder: Path) -> dict[str, Any]:
    """Counts and units of one upload; leaves in ``folder`` what the writer needs to do its part again elsewhere."""
    template = Template()
    environment = {"AWS_DEFAULT_REGION": REGION}
    for function in template.find("AWS::Serverless::Function"):
        environment |= template.read_environment(function)
    set_environment(environment)
    with mock_aws(), leave_tables_uncopied():
        create_resources(template)
        register(SHOP)
        meter = WriteMeter({table.name: table for table in list_tables(template)})
        for client in (dynamodb.client(), chunk_queue.client(), files.client(), queues.client(), email.client()):
            meter.watch(client)
        view = _upload_workbook(workbook, meter)
        _keep_for_writer(folder, view["upload_id"], environment)
        _write_and_send(meter)
        done = _command("describe", MAKER, upload_id=view["upload_id"])
    return {
        "invoices": done["counts"]["written"],
        "rows": done["counts"]["rows"],
        "status": done["status"],
        "sent_invoices": SENT_INVOICES,
        "requests": [[*key, count] for key, count in meter.requests.items()],
        "tallies": [[*key, asdict(tally)] for key, tally in meter.tallies.items()],
    }


@contextmanager
def leave_tables_uncopied() -> Iterator[None]:
    """moto copies a whole table for each member of a transaction, to restore it; here nothing is ever cancelled."""

    def copy_unless_table(value: Any) -> Any:
        return value if isinstance(value, Table) else copy.deepcopy(value)

    with patch("moto.dynamodb.models.copy", SimpleNamespace(deepcopy=copy_unless_table)):
        yield


def _command(operation: str, user_id: str, **members: Any) -> dict[str, Any]:
    event = {"operation": operation, "biller_id": SHOP.biller_id, "user_id": user_id, **members}
    answer = command_handler.handle(event, FakeContext())
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer


def _upload_workbook(workbook: Path, meter: WriteMeter) -> dict[str, Any]:
    meter.phase = "start"
    upload_id = _command("create", MAKER, filename=workbook.name)["upload_id"]
    key = files.inbox_key(SHOP.biller_id, upload_id)
    boto3.client("s3").put_object(Bucket=get_settings().inbox_bucket, Key=key, Body=workbook.read_bytes())
    meter.phase = "check"
    check_handler.handle({"Records": [{"s3": {"object": {"key": key}}}]}, FakeContext())
    meter.phase = "looking"
    view = _command("describe", MAKER, upload_id=upload_id)
    meter.phase = "release"
    return _command("release", CHECKER, upload_id=upload_id, acknowledged=list(view["warnings"]), send="now")


def _keep_for_writer(folder: Path, upload_id: str, environment: dict[str, str]) -> None:
    settings = get_settings()
    plan_key = files.plan_key(SHOP.biller_id, upload_id)
    plan = boto3.client("s3").get_object(Bucket=settings.inbox_bucket, Key=plan_key)["Body"].read()
    keys = {
        settings.uploads_table: {"pk": {"S": SHOP.biller_id}, "sk": {"S": upload_id}},
        settings.billers_table: {"pk": {"S": SHOP.biller_id}},
    }
    client = boto3.client("dynamodb")
    items = {table: client.get_item(TableName=table, Key=key)["Item"] for table, key in keys.items()}
    (folder / "plan.ndjson").write_bytes(plan)
    (folder / "writer.json").write_bytes(orjson.dumps({"environment": environment, "items": items}))


def _write_and_send(meter: WriteMeter) -> None:
    bodies = [message["Body"] for message in receive_chunk_messages()]
    meter.phase = "write"
    for body in bodies:
        failed = write_handler.handle(make_sqs_event([body]), FakeContext())["batchItemFailures"]
        if failed:
            raise RuntimeError("a chunk was not written")
    meter.phase = "send"
    table = get_settings().notices_table
    notices = [item for (name, _), item in meter.items.items() if name == table]
    records = [{"eventName": "INSERT", "dynamodb": {"NewImage": item}} for item in notices[: 2 * SENT_INVOICES]]
    # The stream hands over up to 100 records at a time.
    for start in range(0, len(records), 100):
        dispatch_handler.handle({"Records": records[start : start + 100]}, FakeContext())
    sqs, url = boto3.client("sqs"), get_settings().email_queue_url
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in batch:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        event = make_sqs_event([message["Body"] for message in batch])
        failed = send_email_handler.handle(event, FakeContext())["batchItemFailures"]
        if failed:
            raise RuntimeError("a notice was not sent")
