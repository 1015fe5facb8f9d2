"""What tests of reports and reconciliation share: invoices with all that became of them, payments, reports as cells."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import orjson
import pytest
from openpyxl import load_workbook

from invoicing import clock
from invoicing.billers import Biller
from invoicing.invoices import find_payer_key, normalise_number
from invoicing.settings import get_settings
from invoicing.store import dynamodb, invoices
from report import build_handler, command_handler
from tests.integration.scenario import SHOP, FakeContext, make_draft, make_sqs_event

BANK = "028"


def va_of(index: int, generation: int = 0) -> str:
    return f"88081{generation:02d}{index:09d}"


def at(instant: datetime) -> str:
    return clock.to_text(instant)


def put(table: str, item: dict[str, Any]) -> None:
    dynamodb.client().put_item(TableName=table, Item=dynamodb.to_item(item))


class Invoice:
    """One invoice number of a biller and what happens to it, written as the product's writers do (CONTRACTS)."""

    def __init__(self, index: int, created: datetime, biller: Biller = SHOP, **changes: Any) -> None:
        self.index = index
        self.biller = biller
        self.generation = 0
        self.draft: Any = make_draft(index, **changes)
        self.number = normalise_number(self.draft["number"])
        self.status = "open"
        self.item = self._open(created)

    @property
    def va_number(self) -> str:
        number: str = self.item["va_number"]
        return number

    def _open(self, created: datetime, **more: Any) -> dict[str, Any]:
        shard = invoices.compute_shard(self.number)
        item = {
            "pk": f"{self.biller.biller_id}#{self.number}",
            "sk": "current",
            "biller_id": self.biller.biller_id,
            "status": "open",
            "bank_code": BANK,
            "va_number": va_of(self.index, self.generation),
            "upload_id": "01JD0000000000000000000000",
            "row": self.index,
            "created_at": at(created),
            "by_status_pk": f"{self.biller.biller_id}#open#{shard}",
            "by_status_sk": f"{self.draft['due_date']}#{self.number}",
            **self.draft,
            **more,
        }
        payer = find_payer_key(self.draft)
        if payer:
            item |= {
                "by_payer_pk": f"{self.biller.biller_id}#{payer}#{shard}",
                "by_payer_sk": f"{self.draft['due_date']}#{self.number}",
            }
        put(get_settings().invoices_table, item)
        self._put_account(item, "open")
        return item

    def _put_account(self, item: dict[str, Any], state: str, **more: Any) -> None:
        account = {
            "pk": f"{BANK}#{item['va_number']}",
            "bank_code": BANK,
            "va_number": item["va_number"],
            "biller_id": self.biller.biller_id,
            "state": state,
            "amount_due": item["amount"],
            "bills": [{"number": item["number"], "amount": item["amount"]}],
            "upload_id": item["upload_id"],
            "row": item["row"],
            "created_at": item["created_at"],
            **more,
        }
        put(get_settings().virtual_accounts_table, account)

    def pay(self, when: datetime, *, outside: bool = False, reference: str | None = None) -> dict[str, Any]:
        """The posting."""
        via = "outside" if outside else "va"
        key = f"outside#{BANK}#{self.va_number}" if outside else f"{BANK}#PRQ{self.generation}{self.index:08d}"
        shard = invoices.compute_shard(self.number)
        posting = {
            "pk": key,
            "sk": "posting",
            "payment_id": key,
            "kind": via,
            "state": "posted",
            "biller_id": self.biller.biller_id,
            "va_number": self.va_number,
            "number": self.draft["number"],
            "upload_id": self.item["upload_id"],
            "amount": self.draft["amount"],
            "accepted_at": at(when),
            "transaction_at": at(when - timedelta(seconds=2)),
            "channel": "6011",
            "bank_reference": reference if reference is not None else f"REF{self.generation}{self.index:08d}",
            "giro_account": self.biller.giro_account,
            "class_name": (self.draft.get("student") or {}).get("class_name"),
            "fee_type": self.draft.get("fee_type"),
            "due_date": self.draft["due_date"],
            **payment_indexes(self.biller.biller_id, when, key, "posting", self.va_number),
        }
        put(get_settings().payments_table, posting)
        self.posting = posting
        payment = {"payment_id": key, "channel": posting["channel"], "bank_reference": posting["bank_reference"]}
        self.item |= {
            "status": "paid",
            "by_status_pk": f"{self.biller.biller_id}#paid#{shard}",
            "paid_at": at(when),
            "paid_amount": self.draft["amount"],
            "paid_via": via,
            "payment": payment,
        }
        self.status = "paid"
        put(get_settings().invoices_table, self.item)
        state = {"closed_at": at(when), "closed_reason": "paid_outside"} if outside else {}
        self._put_account(
            self.item,
            "closed" if outside else "paid",
            **({"paid_at": at(when), "paid_by": key, "paid_amount": self.draft["amount"]} if not outside else {}),
            **state,
        )
        return posting

    def archive(self, when: datetime, reason: str = "salah ketik") -> None:
        shard = invoices.compute_shard(self.number)
        archived = self.item | {
            "sk": f"archived#{self.va_number}",
            "status": "archived",
            "by_status_pk": f"{self.biller.biller_id}#archived#{shard}",
            "archived_at": at(when),
            "archived_by": "budi",
            "archive_reason": reason,
        }
        dynamodb.client().delete_item(
            TableName=get_settings().invoices_table,
            Key={"pk": {"S": self.item["pk"]}, "sk": {"S": "current"}},
        )
        put(get_settings().invoices_table, archived)
        closed = "payment_reversed" if reason == "payment_reversed" else "archived"
        paid = {}
        if self.item.get("paid_via") == "va":
            # What was paid once stays a fact of the account.
            paid = {
                "paid_at": self.item["paid_at"],
                "paid_by": self.item["payment"]["payment_id"],
                "paid_amount": self.item["paid_amount"],
            }
        self._put_account(archived, "closed", closed_at=at(when), closed_reason=closed, **paid)
        self.status = "archived"

    def reverse(self, when: datetime) -> None:
        """The bank takes the payment back: the bill opens anew under another account."""
        old = self.va_number
        put(get_settings().payments_table, self.posting | {"state": "reversed", "reversed_at": at(when)})
        self.archive(when, "payment_reversed")
        self.reissue(when, replaces=old)

    def reissue(self, when: datetime, **more: Any) -> None:
        """The number is taken again by a new bill."""
        self.generation += 1
        self.status = "open"
        self.item = self._open(when, **more)


def payment_indexes(biller_id: str, when: datetime, key: str, sort_key: str, va_number: str) -> dict[str, str]:
    day = when.astimezone(clock.JAKARTA).date()
    return {
        "by_day_pk": f"{biller_id}#{day}#{sum(key.encode()) % 8}",
        "by_day_sk": f"{at(when)}#{key}#{sort_key}",
        "by_va_pk": f"{BANK}#{va_number}",
        "by_va_sk": at(when),
    }


def refuse_payment(va_number: str, amount: int, when: datetime, biller_id: str = SHOP.biller_id) -> None:
    """A refused attempt: no money."""
    key, sort_key = f"{BANK}#REFUSED{va_number}", f"attempt#{when.astimezone(clock.JAKARTA).date()}#client#1"
    put(
        get_settings().payments_table,
        {
            "pk": key,
            "sk": sort_key,
            "biller_id": biller_id,
            "va_number": va_number,
            "amount": amount,
            "verdict": "wrong_amount",
            "refused_at": at(when),
            "channel": "6011",
            **payment_indexes(biller_id, when, key, sort_key, va_number),
        },
    )


class Clock:
    def __init__(self, start: datetime) -> None:
        self.instant = start

    def now(self) -> datetime:
        return self.instant

    def advance(self, **delta: float) -> None:
        self.instant += timedelta(**delta)


@contextmanager
def frozen_clock(monkeypatch: pytest.MonkeyPatch, start: datetime) -> Iterator[Clock]:
    ticking = Clock(start)
    monkeypatch.setattr(clock, "now", ticking.now)
    yield ticking


# --- through the handlers ------------------------------------------------------------------------------------------


def command(operation: str, biller_id: str = SHOP.biller_id, user_id: str = "siti", **members: Any) -> dict[str, Any]:
    event = {"operation": operation, "biller_id": biller_id, "user_id": user_id, **members}
    return command_handler.handle(event, FakeContext())


def receive(url: str) -> list[dict[str, Any]]:
    """Bodies of all messages, taken off; the queue's delay does not count here."""
    sqs = boto3.client("sqs")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "0"})
    found: list[dict[str, Any]] = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in batch:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(orjson.loads(message["Body"]))
    return found


def build(*messages: dict[str, Any], received: int = 1) -> list[str]:
    """Run the real handler; the ids of messages that must come again."""
    bodies = [orjson.dumps(message).decode() for message in messages]
    answer = build_handler.handle(make_sqs_event(bodies, received), FakeContext())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def order(kind: str, file_format: str = "xlsx", biller_id: str = SHOP.biller_id, **members: Any) -> str:
    """Ask for a report and let it be made; its id."""
    asked = command("request_report", biller_id, kind=kind, format=file_format, **members)
    assert "error" not in asked, asked
    assert build(*receive(get_settings().report_queue_url)) == []
    report_id: str = asked["report_id"]
    return report_id


def fetch(report_id: str, biller_id: str = SHOP.biller_id) -> bytes:
    """The file behind the report's key, as its link would give it."""
    shown = command("describe_report", biller_id, report_id=report_id)
    assert shown["state"] == "done", shown
    key = f"reports/{biller_id}/{report_id}.{shown['format']}"
    assert key in shown["file"]
    body: bytes = boto3.client("s3").get_object(Bucket=get_settings().inbox_bucket, Key=key)["Body"].read()
    return body


class Sheets:
    """A workbook's cells, by the English head of a column."""

    def __init__(self, content: bytes) -> None:
        self.book = load_workbook(io.BytesIO(content))

    def table(self, sheet: str, first_column: str, *, title: str = "") -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """(rows, totals) of the table whose head row begins with this column."""
        rows = [list(row) for row in self.book[sheet].iter_rows(values_only=True)]
        start = 0
        if title:
            start = next(place for place, row in enumerate(rows) if row[0] == title)
        head = next(place for place, row in enumerate(rows) if place >= start and row[0] == first_column)
        names = [name for name in rows[head] if name]
        found = []
        for row in rows[head + 1 :]:
            if row[0] is None:
                break
            found.append(dict(zip(names, row, strict=False)))
        if found and found[-1][first_column] in ("Total", "Jumlah"):
            return found[:-1], found[-1]
        return found, {}


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def save(content: bytes, path: Path) -> Path:
    path.write_bytes(content)
    return path
