"""One report from start to file, with DynamoDB's pages read from disk; and what the writer's library alone needs."""

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from botocore.awsrequest import AWSPreparedRequest

from tests.bench.answers import answer_with, read_target, set_environment

AS_OF = "2026-11-27T03:00:00.000Z"
SHARDS = 8
PAGE_BYTES = 1 << 20
STORED_BYTES = 1_250
"""Of an invoice as it is stored, by which DynamoDB cuts its pages; what is asked for of it is about half."""
STATUSES = (("open", 60), ("paid", 30), ("archived", 10))
"""And their share in percent."""
BILLER = "toko-sinar"


def write_pages(folder: Path, invoices: int) -> int:
    """Answers to the queries of one biller's invoices, a file each; how many."""
    pages = 0
    for status, share in STATUSES:
        for shard in range(SHARDS):
            count = invoices * share // 100 // SHARDS
            items = (_make_item(status, shard, index) for index in range(count))
            pages += _write_shard(folder, f"{BILLER}#{status}#{shard}", items)
    return pages


def _write_shard(folder: Path, key: str, items: Iterator[dict[str, Any]]) -> int:
    page: list[dict[str, Any]] = []
    number = 0

    def flush(*, last: bool) -> None:
        more = {} if last else {"LastEvaluatedKey": {"page": {"S": str(number + 1)}}}
        body = orjson.dumps({"Items": page, "Count": len(page), "ScannedCount": len(page), **more})
        (folder / f"{quote(key, safe='')}.{number}").write_bytes(body)

    for item in items:
        if len(page) == PAGE_BYTES // STORED_BYTES:
            flush(last=False)
            number += 1
            page = []
        page.append(item)
    flush(last=True)
    return number + 1


def _make_item(status: str, shard: int, index: int) -> dict[str, Any]:
    """The members that a report asks for, as DynamoDB gives them."""
    due = date(2026, 1 + index * 11 // 10_000 % 12, 1 + index % 28).isoformat()
    number = f"INV/2026/{status[0].upper()}{shard}{index:07d}"
    paid_at = "2026-11-20T03:04:05.678Z"
    item: dict[str, Any] = {
        "number": {"S": number},
        "va_number": {"S": f"88001{ord(status[0]) % 10}{shard}{index:09d}"},
        "payer_name": {"S": f"PT Pelanggan Setia {index}"},
        "payer_code": {"S": f"C{index}"},
        "amount": {"N": str(100_000 + index)},
        "due_date": {"S": due},
        "created_at": {"S": "2026-10-01T03:04:05.678Z"},
        "upload_id": {"S": "01JD0000000000000000000000"},
        "description": {"S": "Langganan internet 50 Mbps"},
        "by_status_sk": {"S": f"{index:09d}"},
    }
    if status == "paid":
        item |= {"paid_at": {"S": paid_at}, "paid_amount": item["amount"], "paid_via": {"S": "va"}}
        item["payment"] = {"M": {"bank_reference": {"S": f"REF{index:012d}"}}}
    if status == "archived":
        item |= {"archived_at": {"S": paid_at}, "archive_reason": {"S": "salah ketik"}}
    return item


def make_report(folder: Path, kind: str, file_format: str) -> dict[str, Any]:
    """CPU of making the report, its imports done; the process's peak memory is its caller's to see."""
    from invoicing.billers import Biller, BillerState, Module
    from invoicing.reports import Report, ReportFormat, ReportKind, ReportOrder, ReportState
    from invoicing.store import bulk
    from report import building

    set_environment({"INVOICES_TABLE": "invoices", "AWS_DEFAULT_REGION": "ap-southeast-3"})
    requests = [0]

    def answer(request: AWSPreparedRequest) -> bytes:
        if read_target(request) != "Query":
            raise NotImplementedError(read_target(request))
        requests[0] += 1
        asked = orjson.loads(request.body)
        page = asked.get("ExclusiveStartKey", {}).get("page", {}).get("S", "0")
        key = quote(asked["ExpressionAttributeValues"][":status"]["S"], safe="")
        return (folder / f"{key}.{page}").read_bytes()

    answer_with(bulk.client(), answer)
    biller = Biller(BILLER, "Toko Sinar", Module.E_INVOICE, BillerState.ACTIVE, "88001", "028000111222")
    order = ReportOrder(ReportKind(kind), ReportFormat(file_format))
    report = Report(BILLER, "01JD0000000000000000000000", order, ReportState.RUNNING, AS_OF, AS_OF, "siti")
    _load_writer(file_format)
    before = time.process_time()
    rows = building.write_report(report, biller, folder / f"made.{file_format}")
    return {"cpu": time.process_time() - before, "rows": rows, "requests": requests[0]}


def _load_writer(file_format: str) -> None:
    if file_format == "xlsx":
        import report.write_xlsx
    elif file_format == "csv":
        import report.write_csv
    else:
        import report.write_pdf  # noqa: F401


def write_alone(folder: Path) -> dict[str, Any]:
    """XlsxWriter alone, with the very rows of the invoice list that was made before: read back, then written."""
    import xlsxwriter
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_path(str(folder / "made.xlsx")).get_sheet_by_name("Rincian")
    rows = [row for row in sheet.iter_rows() if row and str(row[0]).startswith("INV/")]
    plain: list[list[Any]] = [[_plain(cell) for cell in row] for row in rows]
    before = time.process_time()
    workbook = xlsxwriter.Workbook(str(folder / "alone.xlsx"), {"constant_memory": True})
    text, number = workbook.add_format({"num_format": "@"}), workbook.add_format({"num_format": "#,##0"})
    target = workbook.add_worksheet()
    for place, row in enumerate(plain):
        for column, value in enumerate(row):
            if isinstance(value, str):
                if value:
                    target.write_string(place, column, value, text)
            else:
                target.write_number(place, column, value, number)
    workbook.close()
    return {"cpu": time.process_time() - before, "rows": len(plain)}


def _plain(cell: Any) -> Any:
    """Dates as the numbers that they are in the file."""
    if isinstance(cell, str | int | float):
        return cell
    return float(cell.toordinal())


def count_list_reads() -> dict[str, Any]:
    """Requests of the pages that show reports and figures: whatever the number of invoices."""
    from invoicing.store import bulk, dynamodb, reports

    set_environment({"REPORTS_TABLE": "reports", "AWS_DEFAULT_REGION": "ap-southeast-3"})
    counted = [0]

    def answer(_: AWSPreparedRequest) -> bytes:
        counted[0] += 1
        return b'{"Items":[],"Count":0,"ScannedCount":0}'

    for client in (bulk.client(), dynamodb.client()):
        answer_with(client, answer)
    reports.list_reports(BILLER, None)
    listing, counted[0] = counted[0], 0
    reports.load_summary(BILLER)
    return {"list": listing, "summary": counted[0]}
