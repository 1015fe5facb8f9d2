"""The first page of a biller's list of open invoices, with DynamoDB answered in the process, for few and for many."""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Any

import orjson
from botocore.awsrequest import AWSPreparedRequest

from tests.bench.answers import answer_with, set_environment
from tests.bench.measuring import run_job
from tests.bench.tables import Figure, print_heading, print_table

COUNTS = (1_000, 1_000_000)
PAGE = 50


def run_lists() -> list[Figure]:
    print_heading(f"First page of {PAGE} open invoices")
    measured = {count: run_job("list_first_page", str(count)).answer for count in COUNTS}
    rows = [
        (f"{count:,}", seen["requests"], seen["items"], f"{seen['units']:.1f}", f"{seen['cpu'] * 1000:.0f} ms")
        for count, seen in measured.items()
    ]
    print_table(
        "Reads by how many invoices the biller has", ("invoices", "requests", "items", "read units", "cpu"), rows
    )
    few, many = (measured[count]["requests"] for count in COUNTS)
    seen = f"{few} and {many} requests"
    return [Figure("Requests of the first list page, 1,000 and 1,000,000 invoices", "the same", seen)]


def list_first_page(count: int) -> dict[str, Any]:
    """Runs in a process of its own."""
    set_environment({"INVOICES_TABLE": "invoices", "AWS_DEFAULT_REGION": "ap-southeast-3"})
    from invoicing.invoice_lists import Filters, Show, list_invoices
    from invoicing.store import dynamodb

    seen = {"requests": 0, "items": 0, "units": 0.0}

    def answer(request: AWSPreparedRequest) -> bytes:
        query = orjson.loads(request.body)
        shard = int(query["ExpressionAttributeValues"][":partition"]["S"].rsplit("#", 1)[1])
        items = list(islice(_iterate_shard(count, shard), query["Limit"]))
        more = {"LastEvaluatedKey": {"pk": {"S": "x"}}} if len(items) == query["Limit"] else {}
        body: bytes = orjson.dumps({"Items": items, "Count": len(items)} | more)
        seen["requests"] += 1
        seen["items"] += len(items)
        # Half a unit per started 4 KB of a query that may lag behind.
        seen["units"] += -(-sum(len(orjson.dumps(item)) for item in items) // 4096) / 2
        return body

    answer_with(dynamodb.client(), answer)
    before = time.process_time()
    page = list_invoices("toko-sinar", Filters(Show.OPEN), limit=PAGE)
    if len(page.invoices) != PAGE or page.cursor is None:
        raise RuntimeError("not a first page")
    return {**seen, "cpu": time.process_time() - before}


def _iterate_shard(count: int, shard: int) -> Iterator[dict[str, Any]]:
    """The invoices of one shard by due date, spread over a year."""
    from invoicing.store import dynamodb, invoices

    for index in range(count):
        number = f"INV-{index:07d}"
        if invoices.compute_shard(number) == shard:
            due_date = (date(2027, 1, 1) + timedelta(days=index * 365 // count)).isoformat()
            yield dynamodb.to_item(
                {
                    "number": number,
                    "payer_name": f"Pelanggan {index}",
                    "amount": 100_000 + index,
                    "due_date": due_date,
                    "status": "open",
                    "recipients": [{"name": f"Pelanggan {index}", "email": f"p{index}@example.com"}],
                    "by_status_sk": f"{due_date}#{number}",
                }
            )
