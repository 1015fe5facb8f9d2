"""Reports as a biller's program asks for them, and the bank's part of a reconciliation: its settlement file."""

import hashlib
import time
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from infra.local.client import POLL_SECONDS, CommandFailedError, CommandRefusedError, call, invoke
from infra.local.cloud import Cloud
from infra.local.deploy import STACK
from infra.local.settlement_files import distort, settle_postings, write_settlement
from invoicing import clock
from invoicing.reports import WITH_PERIOD, ReportFormat, ReportKind
from invoicing.store.dynamodb import from_item

WAIT_SECONDS = 120
PERIOD = timedelta(days=30)
OFFICER = "bank-officer"
_ENDED = ("done", "failed", "expired")


def save_report(
    cloud: Cloud,
    kind: str,
    biller_id: str,
    folder: Path,
    *,
    file_format: str = ReportFormat.XLSX,
    language: str = "id",
    since: date | None = None,
    until: date | None = None,
) -> Path:
    """Have a report made, wait for it, and save its file. Raises CommandFailedError."""
    members: dict[str, Any] = {"kind": kind, "format": file_format, "language": language}
    if ReportKind(kind) in WITH_PERIOD:
        last = until or clock.today_in_jakarta()
        members |= {"since": (since or last - PERIOD).isoformat(), "until": last.isoformat()}
    user_id = f"{biller_id}-viewer"
    report_id = _call(cloud, "request_report", biller_id, user_id, **members)["report_id"]
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        shown = _call(cloud, "describe_report", biller_id, user_id, report_id=report_id)
        if shown["state"] in _ENDED:
            break
        if time.monotonic() > deadline:
            raise CommandFailedError(f"report {report_id} is still {shown['state']}")
        time.sleep(POLL_SECONDS)
    if shown["state"] != "done":
        raise CommandFailedError(f"report {report_id}: {shown['state']}, see the log of report-build")
    path = folder / f"{kind}-{biller_id}.{file_format}"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cloud.fetch(shown["file"]))
    return path


def write_settlement_file(cloud: Cloud, path: Path, differences: Iterable[str] = ()) -> Path:
    """The bank's file of all payments so far, with these differences put in (``settlement_files.DIFFERENCES``).

    The bank knows what it settled; here that is read from the product's own table.
    """
    postings = [item for item in _scan(cloud, "PaymentsTable") if item["sk"] == "posting"]
    accounts = [item for item in _scan(cloud, "VirtualAccountsTable") if item["state"] == "open"]
    open_accounts = sorted((item["va_number"], item["amount_due"]) for item in accounts)
    lines = settle_postings(sorted(postings, key=lambda posting: str(posting["accepted_at"])))
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_settlement(distort(lines, differences, open_accounts), path)


def reconcile_file(
    cloud: Cloud, path: Path, folder: Path, *, bank_code: str = "028"
) -> tuple[dict[str, Any], Path | None]:
    """Drop a settlement file where the bank does; what came of it, and its report unless it was refused."""
    content = path.read_bytes()
    key = f"settlements/{bank_code}/{path.name}"
    cloud.client("s3").put_object(Bucket=cloud.outputs["InboxBucket"], Key=key, Body=content)
    file_hash = hashlib.sha256(content).hexdigest()
    shown = _wait_for_file(cloud, file_hash)
    if "report" not in shown:
        return shown, None
    report = folder / f"reconciliation-{path.stem}.xlsx"
    folder.mkdir(parents=True, exist_ok=True)
    report.write_bytes(cloud.fetch(shown["report"]))
    return shown, report


def _wait_for_file(cloud: Cloud, file_hash: str) -> dict[str, Any]:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            shown = call_reconcile(cloud, "describe_reconciliation", file_hash=file_hash)
            if shown["state"] != "reading":
                return shown
        except CommandRefusedError as refusal:
            if refusal.error["code"] != "reconciliation_not_found":
                raise
        if time.monotonic() > deadline:
            raise CommandFailedError("the settlement file was not reconciled: see the log of reconcile")
        time.sleep(POLL_SECONDS)


def call_reconcile(cloud: Cloud, operation: str, user_id: str = OFFICER, **members: Any) -> dict[str, Any]:
    """A command of a bank officer. Raises CommandRefusedError."""
    return invoke(cloud, "ReconcileCommandFunction", {"operation": operation, "user_id": user_id, **members})


def format_results(shown: dict[str, Any]) -> Iterator[str]:
    """What came of a settlement file, for people."""
    yield f"  {shown['name']}: {shown['state']}" + (f" ({shown['refusal']})" if "refusal" in shown else "")
    for result, given in shown.get("results", {}).items():
        if given["count"]:
            yield f"    {result:<15} {given['count']:>6}   Rp {given['amount']:,}".replace(",", ".")


def save_demo_reports(cloud: Cloud, biller_ids: Iterable[str], folder: Path) -> list[Path]:
    """The three reports of each biller as workbooks, the payment report as PDF too."""
    saved = []
    for biller_id in biller_ids:
        for kind in (ReportKind.STATUS, ReportKind.TRANSACTIONS, ReportKind.PAYMENTS):
            saved.append(save_report(cloud, kind, biller_id, folder))
        saved.append(save_report(cloud, ReportKind.PAYMENTS, biller_id, folder, file_format=ReportFormat.PDF))
    return saved


def _call(cloud: Cloud, operation: str, biller_id: str, user_id: str, **members: Any) -> dict[str, Any]:
    return call(cloud, operation, biller_id, user_id, function="ReportCommandFunction", **members)


def find_resource(cloud: Cloud, logical_id: str) -> str:
    """The physical name of a resource of the stack."""
    pages = cloud.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
    names = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
    }
    return str(names[logical_id])


def _scan(cloud: Cloud, table: str) -> list[dict[str, Any]]:
    """Everything in a table: for the bank's stand-in only, no function of the product may."""
    found = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=find_resource(cloud, table))
    return [from_item(item) for page in found for item in page["Items"]]
