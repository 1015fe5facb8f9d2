"""Invoices given as JSON take the way of a workbook: same check, same plan, another person's release; once per key."""

import contextlib
from typing import Any

import orjson
import pytest

from invoicing import uploading
from invoicing.errors import (
    BillerNotActiveError,
    BillerNotFoundError,
    IdempotencyKeyError,
    InvoiceRowsError,
    SamePersonError,
)
from invoicing.json_invoices import create_invoices
from invoicing.settings import get_settings
from invoicing.store import dynamodb, files, uploads
from invoicing.uploads import Upload, UploadStatus
from tests.integration import faults, invoice_scenario, scenario
from tests.integration.conftest import Aws
from upload import checking

SHOP, SCHOOL = scenario.SHOP.biller_id, scenario.SCHOOL.biller_id
BILL = {
    "number": "API-1",
    "payer_name": "PT Maju Jaya",
    "amount": 1_500_000,
    "due_date": "2099-01-31",
    "email": ["keuangan@maju.example", "dua@maju.example"],
    "whatsapp": "0812-3456-7890",
    "payer_code": "007",
    "valid_until": "2099-02-28T17:00:00+08:00",
    "description": "=1+1 & <b>",
    "language": "en",
    "channel": ["email"],
}


@pytest.fixture(autouse=True)
def billers(aws: Aws) -> None:
    scenario.register(scenario.SHOP, scenario.SCHOOL)


def check(upload: Upload) -> Upload:
    return checking.check_upload(upload.biller_id, upload.upload_id)


def release_and_write(upload: Upload) -> None:
    scenario.release(upload)
    scenario.write_all_chunks()


def read_issues(upload: Upload) -> list[dict[str, Any]]:
    assert upload.issues_version
    key = files.issues_key(upload.biller_id, upload.upload_id)
    return [orjson.loads(line) for line in files.read_range(key, upload.issues_version, 0, 1 << 20).splitlines()]


def test_bills_become_invoices_after_another_persons_release() -> None:
    products = {
        "number": "API-2",
        "payer_name": "Toko B",
        "amount": 250_000,
        "due_date": "2099-01-31",
        "sms": "081234567891",
        "items": [
            {"name": "Pena", "quantity": 2, "unit_price": 100_000},
            {"name": "Kertas", "quantity": "1", "unit_price": 60_000, "discount": 10_000},
        ],
    }
    upload = check(create_invoices(SHOP, scenario.MAKER, [BILL, products], key="order-17"))
    assert upload.status is UploadStatus.WAITING
    assert upload.summary
    assert (upload.summary.new, upload.summary.bad_rows, upload.filename) == (2, 0, "order-17.json")
    with pytest.raises(SamePersonError):
        uploading.release_upload(SHOP, upload.upload_id, released_by=scenario.MAKER, acknowledged=[])
    release_and_write(upload)

    first, second = invoice_scenario.current("API-1"), invoice_scenario.current("API-2")
    name = "PT Maju Jaya"
    assert first["recipients"] == [
        {"name": name, "email": "keuangan@maju.example", "whatsapp": "+6281234567890"},
        {"name": name, "email": "dua@maju.example"},
    ]
    assert (first["amount"], first["due_date"], first["payer_code"]) == (1_500_000, "2099-01-31", "007")
    assert (first["valid_until"], first["description"]) == ("2099-02-28T09:00:00Z", "=1+1 & <b>")
    assert (first["language"], first["channels"]) == ("en", ["email"])
    assert [item["total"] for item in second["items"]] == [200_000, 50_000]


def test_school_bills_too() -> None:
    bill = {
        "nis": "0012",
        "payer_name": "Dewi",
        "class_name": "7A",
        "fee_type": "SPP",
        "period": "2026-07",
        "school_year": "2026/2027",
        "amount": 500_000,
        "due_date": "2099-01-31",
        "guardian_email": "ibu@example.com",
    }
    upload = check(create_invoices(SCHOOL, scenario.MAKER, [bill], key="spp"))
    assert upload.summary
    assert (upload.status, upload.summary.new) == (UploadStatus.WAITING, 1)


def test_what_is_wrong_with_a_bill_is_told_as_of_a_workbook() -> None:
    bad = BILL | {"number": "API-3", "due_date": "31 Februari", "email": "x"}
    upload = check(create_invoices(SHOP, scenario.MAKER, [BILL, bad], key="k"))
    found = {(issue["row"], issue["column"]) for issue in read_issues(upload) if issue["severity"] == "error"}
    # The second of the list is row 3: the header is row 1.
    assert found == {(3, "Jatuh Tempo"), (3, "Email")}


def test_same_key_and_bills_are_one_upload_and_other_bills_are_refused() -> None:
    first = create_invoices(SHOP, scenario.MAKER, [BILL], key="k")
    assert create_invoices(SHOP, scenario.MAKER, [dict(reversed(BILL.items()))], key="k").upload_id == first.upload_id
    waiting = check(first)
    assert create_invoices(SHOP, scenario.MAKER, [BILL], key="k") == waiting
    with pytest.raises(IdempotencyKeyError):
        create_invoices(SHOP, scenario.MAKER, [BILL | {"amount": 5}], key="k")
    other = create_invoices(SHOP, scenario.MAKER, [BILL], key="l")
    assert other.upload_id != first.upload_id
    # A key is a biller's own.
    school = {"nis": "1", "payer_name": "Dewi"}
    assert create_invoices(SCHOOL, scenario.MAKER, [school], key="k").upload_id != first.upload_id


def test_killed_at_any_call_then_repeated_there_is_one_upload_with_its_file() -> None:
    for at in range(4):
        fault = faults.CallCounter([dynamodb.client(), files.client()], faults.kill, at, after=True)
        with fault.installed(), contextlib.suppress(faults.Killed):
            create_invoices(SHOP, scenario.MAKER, [BILL], key=f"k{at}")
        upload = create_invoices(SHOP, scenario.MAKER, [BILL], key=f"k{at}")
        assert files.find_first_version(files.inbox_key(SHOP, upload.upload_id))
    listed = uploads.list_recent_uploads(SHOP, 50)
    assert len(listed) == 4


@pytest.mark.parametrize(
    ("invoices", "place"),
    [
        ([], "1 to 1000"),
        ([BILL] * 1_001, "1 to 1000"),
        ([BILL | {"amount": 1.5}], "0.amount"),
        ([BILL, BILL | {"jumlah": 5}], "1.jumlah"),
        ([BILL | {"payer_name": {"first": "A"}}], "0.payer_name"),
        ([BILL | {"payer_name": ["A"]}], "0.payer_name"),
        ([BILL | {"payer_name": "A\x00B"}], "0.payer_name"),
        ([BILL | {"payer_name": "x" * 1_001}], "0.payer_name"),
        ([BILL | {"items": "Pena"}], "0.items"),
        ([BILL | {"items": [{"nama": "Pena"}]}], "0.items.0.nama"),
        ([BILL | {"items": [{"name": "Pena"}] * 5_001}], "at most"),
    ],
)
def test_what_no_row_can_hold_is_refused_with_its_place(invoices: list[dict[str, Any]], place: str) -> None:
    with pytest.raises(InvoiceRowsError, match=place):
        create_invoices(SHOP, scenario.MAKER, invoices, key="k")
    assert uploads.list_recent_uploads(SHOP, 5) == []


def test_biller_that_is_not_active_creates_nothing() -> None:
    dynamodb.client().update_item(
        TableName=get_settings().billers_table,
        Key={"pk": {"S": SHOP}},
        UpdateExpression="SET #state = :state",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": {"S": "registered"}},
    )
    with pytest.raises(BillerNotActiveError):
        create_invoices(SHOP, scenario.MAKER, [BILL], key="k")
    with pytest.raises(BillerNotFoundError):
        create_invoices("nobody", scenario.MAKER, [BILL], key="k")
