"""One settlement file from the bank's bytes to its report, and its retry, with DynamoDB answered in the process."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from botocore.awsrequest import AWSPreparedRequest

from tests.bench.answers import answer_with, read_target, set_environment

BANK, BILLER = "028", "toko-sinar"
RECEIVED_AT = "2026-11-27T03:00:00.000Z"
PAID_AT = datetime(2026, 11, 26, 1, tzinfo=UTC)
TABLES = ("BILLERS", "VIRTUAL_ACCOUNTS", "PAYMENTS", "RECONCILIATIONS")
WAITS = {"BatchGetItem": 0.01, "Query": 0.01, "TransactWriteItems": 0.05}
"""Seconds of the answers that are waited for: what a hundred items take in the region, rather more than less."""
_PAGE = 900
"""Postings in 1 MB."""


class _Tables:
    """Bills that are all paid, and whatever is kept of lines."""

    def __init__(self, lines: int, *, waits: bool) -> None:
        self.lines = lines
        self.waits = waits
        self.kept: dict[str, str] = {}
        """Account to the line that is its settlement, no more: the memory measured is the product's own."""
        self.requests: Counter[str] = Counter()

    def answer(self, request: AWSPreparedRequest) -> bytes:
        operation = read_target(request)
        asked = orjson.loads(request.body)
        self.requests[operation] += 1
        if self.waits:
            time.sleep(WAITS[operation])
        if operation == "BatchGetItem":
            ((table, wanted),) = asked["RequestItems"].items()
            found = [item for key in wanted["Keys"] if (item := self._find(table, key))]
            return orjson.dumps({"Responses": {table: found}, "UnprocessedKeys": {}})
        if operation == "TransactWriteItems":
            for member in asked["TransactItems"]:
                item = member["Put"]["Item"]
                if item["sk"]["S"] != "settled":
                    raise RuntimeError("a line is no settlement")
                self.kept[item["va_number"]["S"]] = item["line_id"]["S"]
            return b"{}"
        return self._query(asked)

    def _find(self, table: str, key: Any) -> Any:
        if table == "reconciliations":
            va_number = key["pk"]["S"].partition("#")[2]
            return self._make_kept(va_number) if key["sk"]["S"] == "settled" and va_number in self.kept else None
        return _make_account(key["pk"]["S"]) if table == "virtual_accounts" else _make_posting(key["pk"]["S"])

    def _make_kept(self, va_number: str) -> dict[str, Any]:
        texts = {"sk": "settled", "state": "settled", "result": "matched", "file_hash": "f" * 64}
        texts |= {"va_number": va_number, "line_id": self.kept[va_number], "day": "2026-11-26", "kind": "credit"}
        return {name: {"S": text} for name, text in texts.items()} | {"amount": {"N": "100000"}}

    def _query(self, asked: dict[str, Any]) -> bytes:
        items: list[Any] = []
        more: dict[str, Any] = {}
        (value,) = asked["ExpressionAttributeValues"].values()
        if asked["TableName"] == "billers":
            items = [{"biller_id": {"S": BILLER}, "pk": {"S": BILLER}}] if value["S"] == "active" else []
        if value["S"].startswith(f"{BILLER}#2026-11-26#"):
            shard = int(value["S"].rpartition("#")[2])
            first = int(asked.get("ExclusiveStartKey", {}).get("pk", {}).get("S", shard))
            indexes = range(first, self.lines, 8)
            items = [_make_posting(f"{BANK}#P{index:09d}") for index in indexes[:_PAGE]]
            more = {"LastEvaluatedKey": {"pk": {"S": str(indexes[_PAGE])}}} if len(indexes) > _PAGE else {}
        return orjson.dumps({"Items": items, "Count": len(items), "ScannedCount": len(items), **more})


def _make_account(key: str) -> dict[str, Any]:
    """What is asked for of an account."""
    va_number = key.partition("#")[2]
    index = int(va_number[5:])
    number = {"M": {"number": {"S": f"INV/2026/{index:07d}"}, "amount": {"N": str(100_000 + index)}}}
    return {
        "va_number": {"S": va_number},
        "state": {"S": "paid"},
        "amount_due": {"N": str(100_000 + index)},
        "paid_by": {"S": f"{BANK}#P{index:09d}"},
        "biller_id": {"S": BILLER},
        "bills": {"L": [number]},
    }


def _make_posting(payment_id: str) -> dict[str, Any]:
    """All of it, as the table and its indexes hold it."""
    index = int(payment_id.rpartition("P")[2])
    moment = _find_moment(index).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    texts = {
        "pk": payment_id,
        "sk": "posting",
        "payment_id": payment_id,
        "kind": "va",
        "state": "posted",
        "biller_id": BILLER,
        "va_number": f"88081{index:011d}",
        "number": f"INV/2026/{index:07d}",
        "upload_id": "01JD0000000000000000000000",
        "channel": "mobile",
        "bank_reference": f"REF{index:012d}",
        "accepted_at": moment,
        "transaction_at": moment,
        "giro_account": "028000111222",
        "due_date": "2026-12-31",
        "call_id": "01JD0000000000000000000000",
        "client_id": "ocbc",
        "by_day_pk": f"{BILLER}#2026-11-26#{index % 8}",
        "by_day_sk": f"{moment}#{payment_id}#posting",
        "by_va_pk": f"{BANK}#88081{index:011d}",
        "by_va_sk": moment,
    }
    return {name: {"S": text} for name, text in texts.items()} | {"amount": {"N": str(100_000 + index)}}


def _find_moment(index: int) -> datetime:
    return PAID_AT + timedelta(seconds=index % 40_000)


def write_file(path: Path, lines: int) -> None:
    """As ``infra.local`` writes it."""
    from infra.local.settlement_files import SettledPayment, write_settlement
    from invoicing import clock

    def make_lines() -> Iterator[SettledPayment]:
        for index in range(lines):
            moment = _find_moment(index).astimezone(clock.JAKARTA)
            yield SettledPayment(f"88081{index:011d}", 100_000 + index, moment, f"REF{index:012d}", f"P{index:09d}")

    write_settlement(list(make_lines()), path)


def reconcile(folder: Path, lines: int, *, waits: bool, kind: str = "csv") -> dict[str, Any]:
    """Seconds (CPU of this process, and clock) and requests of a first run and of its retry."""
    set_environment(
        {f"{name}_TABLE": name.lower() for name in TABLES}
        | {"AWS_DEFAULT_REGION": "ap-southeast-3", "BANK_CODE": BANK, "SETTLEMENT_MAX_BYTES": str(50 << 20)}
    )
    from invoicing.settlements import SettlementFormat
    from invoicing.store import bulk, dynamodb
    from report.reconcile import read_file, reconcile_file
    from report.reconcile_report import write_reconciliation_report

    tables = _Tables(lines, waits=waits)
    for client in (dynamodb.client(), bulk.client()):
        answer_with(client, tables.answer)
    form, path = SettlementFormat(), folder / f"settlement.{kind}"
    if not path.exists():
        write_file(path, lines)
    seen: dict[str, Any] = {"bytes": path.stat().st_size}
    for run in ("first", "retry"):
        tables.requests.clear()
        marks = [(time.monotonic(), time.process_time())]

        def mark() -> None:
            marks.append((time.monotonic(), time.process_time()))  # noqa: B023 - called in its own turn

        read = read_file(path, folder, form, RECEIVED_AT)
        mark()
        outcome = reconcile_file(BANK, "f" * 64, read, form)
        mark()
        write_reconciliation_report(outcome, BANK, "settlement", RECEIVED_AT, folder / "report.xlsx")
        mark()
        if outcome.sums["matched"].count != lines or outcome.missing:
            raise RuntimeError("a line was not matched")
        del read, outcome
        steps = zip(("read", "match", "report"), marks, marks[1:], strict=False)
        seen[run] = {name: [end[0] - start[0], end[1] - start[1]] for name, start, end in steps}
        seen[run]["requests"] = dict(tables.requests)
    return seen
