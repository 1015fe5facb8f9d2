"""From the workbook to the e-mail, over HTTP; every step is started by the cloud itself: S3 event, queues, stream."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from openpyxl import load_workbook

from infra.local import client
from infra.local.cloud import Cloud
from infra.local.logs import read_events
from infra.local.messages import list_messages
from infra.local.sample_workbooks import MISTAKES, Sample, write_sample
from invoicing.billers import Biller, BillerState, Module
from invoicing.modules.columns import SOURCE_ROW_HEADER
from invoicing.money import format_rupiah
from invoicing.notices import Channel
from invoicing.store.billers import register_biller
from invoicing.virtual_accounts import build_va_number, is_valid_number
from tests.e2e.conftest import TIMEOUT, Shop
from tests.integration.aws_from_template import forget_process_state

ROWS, BAD = 20, 5
FIRST_DUE = date(2099, 1, 4)
SENDER_NAMES = {Module.E_INVOICE: "OCBC E-Invoice", Module.PINTU_KELAS: "PintuKelas"}
EMAIL_COLUMNS = {Module.E_INVOICE: ("Email",), Module.PINTU_KELAS: ("Email Wali", "Email Wali 2")}
LINKS = frozenset({"issues_url", "failed_rows_url"})


@pytest.fixture
def variables(cloud: Cloud) -> dict[str, str]:
    """What template.yaml tells the functions: names of tables and queues, limits."""
    pages = cloud.client("lambda").get_paginator("list_functions").paginate()
    functions = [function for page in pages for function in page["Functions"]]
    return {name: value for function in functions for name, value in function["Environment"]["Variables"].items()}


@pytest.fixture
def make_biller(
    cloud: Cloud, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Module], Biller]]:
    """Registers a biller of this test alone, so that its invoices can be counted."""
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (cloud.build_environment() | variables).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    forget_process_state()

    def make(module: Module) -> Biller:
        for _ in range(20):
            code = f"6{random.randrange(10_000):04d}"
            biller = Biller(f"biller-{code}", f"Usaha {code}", module, BillerState.ACTIVE, code, "0280001")
            if register_biller(biller):
                return biller
        raise AssertionError("no free company code")

    yield make
    forget_process_state()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.25)


def write_workbook(folder: Path, biller: Biller, *, bad: int = 0, rows: int = ROWS) -> tuple[Path, Sample]:
    path = folder / f"{biller.module}-{bad}.xlsx"
    sample = write_sample(
        biller.module, path, rows, bad_share=bad / rows, seed=31, recipients=2, first_due=FIRST_DUE, messy=bad > 0
    )
    return path, sample


def read_rows(path: Path) -> dict[int, dict[str, Any]]:
    """Row number -> header -> value."""
    header, *rows = load_workbook(path).worksheets[0].iter_rows()
    names = [cell.value for cell in header]
    return {row[0].row: {name: cell.value for name, cell in zip(names, row, strict=True)} for row in rows}


def mend(path: Path, right: dict[int, dict[str, Any]], mistakes: dict[str, Any]) -> int:
    """Type the right values over the cells that are wrong, as the user would; how many rows."""
    workbook = load_workbook(path)
    sheet = next(sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible")
    rows = list(sheet.iter_rows())
    first = next(index for index, row in enumerate(rows) if SOURCE_ROW_HEADER in [cell.value for cell in row])
    names = [cell.value for cell in rows[first]]
    for row in rows[first + 1 :]:
        cells = dict(zip(names, row, strict=True))
        source = cells[SOURCE_ROW_HEADER].value
        for name in mistakes[source]:
            cells[name].value = right[source][name]
    workbook.save(path)
    return len(rows) - first - 1


def count_expected_emails(
    module: Module, right: dict[int, dict[str, Any]], listed: list[dict[str, Any]]
) -> Counter[tuple[str, str]]:
    """(address, VA number) of every e-mail that the invoices' rows ask for."""
    return Counter(
        (address.strip(), invoice["va_number"])
        for invoice in listed
        for column in EMAIL_COLUMNS[module]
        for address in right[invoice["row"]][column].split(",")
    )


def find_emails(cloud: Cloud, va_numbers: set[str]) -> list[tuple[str, dict[str, Any]]]:
    """(VA number, e-mail) of the e-mails that name one of these numbers."""
    found = []
    for message in list_messages(cloud, Channel.EMAIL):
        found += [(number, message) for number in va_numbers if number in message["text"]]
    return found


def read_notice_states(cloud: Cloud, table: str, va_numbers: list[str], bank_code: str) -> list[str]:
    states = []
    for va_number in va_numbers:
        answer = cloud.client("dynamodb").query(
            TableName=table,
            KeyConditionExpression="pk = :account",
            ExpressionAttributeValues={":account": {"S": f"{bank_code}#{va_number}"}},
        )
        states += [item["state"]["S"] for item in answer["Items"]]
    return states


def drop_links(view: client.View) -> client.View:
    """A view without the links, which are signed anew each time, and the estimate, which begins now."""
    return {name: value for name, value in view.items() if name not in (*LINKS, "sending")}


@pytest.mark.parametrize("module", Module)
def test_workbook_with_bad_rows_becomes_invoices_and_emails_then_mended_rows_complete_it(
    cloud: Cloud,
    make_biller: Callable[[Module], Biller],
    variables: dict[str, str],
    tmp_path: Path,
    module: Module,
) -> None:
    biller = make_biller(module)
    staff = Shop(cloud, biller.biller_id)
    workbook, sample = write_workbook(tmp_path, biller, bad=BAD)
    right = read_rows(write_workbook(tmp_path, biller)[0])

    checked = staff.upload(workbook)
    assert (checked["status"], checked["verdict"]) == ("waiting", "waiting")
    assert (checked["counts"]["rows"], checked["counts"]["bad_rows"]) == (ROWS, BAD)
    assert {issue["row"] for issue in client.read_issues(cloud, checked) if issue["severity"] == "error"} == set(
        sample.mistakes
    )
    done = staff.release(checked)
    assert (done["status"], done["released_by"]) == ("done", f"{biller.biller_id}-checker")
    listed = staff.list_invoices(done["upload_id"])
    assert done["counts"]["written"] == checked["counts"]["new"] == len(listed)
    assert done["counts"]["written_amount"] == checked["amount"] == sum(invoice["amount"] for invoice in listed)
    first_numbers = [invoice["va_number"] for invoice in listed]
    digits = int(variables["VA_CUSTOMER_NUMBER_DIGITS"])
    assert first_numbers == [build_va_number(biller.company_code, k, digits) for k in range(len(listed))]
    assert all(map(is_valid_number, first_numbers))

    # Only the bad rows come back; mended, they are all that is created.
    failed_rows = tmp_path / "failed-rows.xlsx"
    failed_rows.write_bytes(cloud.fetch(done["failed_rows_url"]))
    mistakes = {row: MISTAKES[module][name] for row, name in sample.mistakes.items()}
    assert mend(failed_rows, right, mistakes) == BAD
    mended = staff.upload(failed_rows)
    assert (mended["counts"]["rows"], mended["counts"]["bad_rows"]) == (BAD, 0)
    assert (mended["counts"]["new"], mended["counts"]["already_there"]) == (BAD, 0)
    completed = staff.release(mended)
    assert completed["counts"]["written"] == BAD
    more = staff.list_invoices(completed["upload_id"])
    made_once = listed + more
    assert len({invoice["number"] for invoice in made_once}) == len(made_once)

    # Both files again, and the whole right one, create nothing.
    neat, _ = write_workbook(tmp_path, biller)
    for path in (workbook, failed_rows, neat):
        again = staff.upload(path)
        assert (again["status"], again["counts"]["new"], again["counts"]["different"]) == ("done", 0, 0)
        assert again["counts"]["already_there"] == {workbook: len(listed), failed_rows: BAD}.get(path, len(made_once))
    counter = cloud.client("dynamodb").get_item(
        TableName=variables["COUNTERS_TABLE"], Key={"pk": {"S": f"{variables['BANK_CODE']}#{biller.company_code}"}}
    )
    assert counter["Item"]["next"]["N"] == str(len(made_once))

    expected = count_expected_emails(module, right, listed)
    source_rows = sorted(sample.mistakes)
    # A mended row is row 2, 3, ... of its workbook; the rows it came from are in order.
    first_row = min(invoice["row"] for invoice in more)
    expected += count_expected_emails(
        module, right, [invoice | {"row": source_rows[invoice["row"] - first_row]} for invoice in more]
    )
    va_numbers = [invoice["va_number"] for invoice in made_once]
    wait_until(lambda: len(find_emails(cloud, set(va_numbers))) >= sum(expected.values()))
    wait_until(
        lambda: (
            read_notice_states(cloud, variables["NOTICES_TABLE"], va_numbers, variables["BANK_CODE"])
            == ["delivered"] * sum(expected.values())
        )
    )
    found = find_emails(cloud, set(va_numbers))
    assert Counter((message["to"], number) for number, message in found) == expected
    amounts = {invoice["va_number"]: format_rupiah(invoice["amount"]) for invoice in made_once}
    for number, message in found:
        assert parseaddr(message["sender"]) == (SENDER_NAMES[module], variables["EMAIL_SENDER_ADDRESS"])
        assert biller.name in message["subject"]
        for body in (message["text"], message["html"]):
            assert amounts[number] in body
            assert number in body
            assert biller.name in body


# --- The form --------------------------------------------------------------------------------------------------------


def post(cloud: Cloud, form: dict[str, Any], content: bytes, **changes: str) -> int:
    """Post a file with its form, some fields changed; the answer's status."""
    fields: dict[str, Any] = {**form["fields"], **changes, "file": ("tagihan.xlsx", content, client.WORKBOOK_TYPE)}
    with urllib3.PoolManager(ca_certs=str(cloud.certificate)) as http:
        return http.request("POST", form["url"], fields=fields, retries=False).status


def list_versions(cloud: Cloud, text: str) -> list[str]:
    answer = cloud.client("s3").list_object_versions(Bucket=cloud.outputs["InboxBucket"], Prefix="inbox/")
    return [version["Key"] for version in answer.get("Versions", []) if text in version["Key"]]


def test_form_takes_only_its_own_key_type_and_size(cloud: Cloud, shop: Shop, variables: dict[str, str]) -> None:
    started = shop.call("create", filename="tagihan.xlsx")
    form, upload_id = started["post"], started["upload_id"]
    other = str(upload_id)[:-1] + ("0" if upload_id[-1] != "0" else "1")
    assert post(cloud, form, b"x", key=f"inbox/sekolah-harapan/{upload_id}.xlsx") == 403
    assert post(cloud, form, b"x", key=f"inbox/{shop.biller_id}/{other}.xlsx") == 403
    assert post(cloud, form, b"x", key=f"plans/{shop.biller_id}/{upload_id}.ndjson") == 403
    assert post(cloud, form, b"x", **{"Content-Type": "text/html"}) == 403
    assert post(cloud, form, b"") == 400
    assert post(cloud, form, bytes(int(variables["UPLOAD_MAX_BYTES"]) + 1)) == 400
    assert list_versions(cloud, upload_id) == list_versions(cloud, other) == []
    assert shop.call("describe", upload_id=upload_id)["status"] == "awaiting_file"


def test_form_used_again_with_other_content_changes_nothing(cloud: Cloud, shop: Shop, tmp_path: Path) -> None:
    """Once at the same moment as the first file, and once when that has been checked."""
    first, second = tmp_path / "first.xlsx", tmp_path / "second.xlsx"
    write_sample(Module.E_INVOICE, first, 9, seed=41, first_due=date(2098, 1, 4))
    write_sample(Module.E_INVOICE, second, 30, seed=42, first_due=date(2097, 1, 4))
    started = shop.call("create", filename="tagihan.xlsx")
    form, upload_id = started["post"], started["upload_id"]
    assert post(cloud, form, first.read_bytes()) < 300
    assert post(cloud, form, second.read_bytes()) < 300
    checked = shop.wait(upload_id, client.CHECKED)
    assert (checked["status"], checked["counts"]["rows"]) == ("waiting", 9)

    assert post(cloud, form, second.read_bytes()) < 300
    wait_until(lambda: count_checks(cloud, upload_id) >= 3)
    assert drop_links(shop.call("describe", upload_id=upload_id)) == drop_links(checked)
    assert len(list_versions(cloud, upload_id)) == 3
    done = shop.release(checked)
    assert done["counts"]["written"] == checked["counts"]["new"]
    assert all(invoice["number"].startswith("INV/2098/") for invoice in shop.list_invoices(upload_id))


def count_checks(cloud: Cloud, upload_id: str) -> int:
    messages = (event["message"] for event in read_events(cloud, "upload-check"))
    return sum('"checked"' in message and upload_id in message for message in messages)


# --- A poisoned chunk ------------------------------------------------------------------------------------------------


@contextmanager
def quick_redelivery(cloud: Cloud, queue_url: str) -> Iterator[None]:
    """Failed messages come back after a second; the template's six minutes are for a writer that hangs."""
    sqs = cloud.client("sqs")
    before = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"VisibilityTimeout": "1"})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=queue_url, Attributes=before)


def take_dead_letters(cloud: Cloud, upload_id: str) -> list[dict[str, Any]]:
    """The messages of this upload in the chunk dead-letter queue, taken off it."""
    sqs, queue_url = cloud.client("sqs"), cloud.outputs["ChunkDeadLetterQueue"]
    answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=1)
    taken = []
    for message in answer.get("Messages", []):
        body = json.loads(message["Body"])
        if body["upload_id"] == upload_id:
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            taken.append(body)
    return taken


def test_poisoned_chunk_ends_as_dead_letter_and_redrive_completes_the_upload(
    cloud: Cloud, make_biller: Callable[[Module], Biller], variables: dict[str, str], tmp_path: Path
) -> None:
    """One of the upload's VA numbers is taken by something that this upload did not make."""
    biller = make_biller(Module.E_INVOICE)
    staff = Shop(cloud, biller.biller_id)
    bank, accounts = variables["BANK_CODE"], variables["VIRTUAL_ACCOUNTS_TABLE"]
    taken = build_va_number(biller.company_code, 2, int(variables["VA_CUSTOMER_NUMBER_DIGITS"]))
    key = {"pk": {"S": f"{bank}#{taken}"}}
    foreign = {"va_number": taken, "biller_id": "another", "upload_id": "other", "state": "open"}
    item = key | {name: {"S": value} for name, value in foreign.items()} | {"row": {"N": "2"}}
    cloud.client("dynamodb").put_item(TableName=accounts, Item=item)
    workbook, _ = write_workbook(tmp_path, biller, rows=8)
    checked = staff.upload(workbook)
    upload_id = checked["upload_id"]

    message = {"biller_id": biller.biller_id, "upload_id": upload_id, "chunk": 0}
    with quick_redelivery(cloud, variables["CHUNK_QUEUE_URL"]):
        staff.call("release", "checker", upload_id=upload_id, acknowledged=sorted(checked["warnings"]))
        wait_until(lambda: take_dead_letters(cloud, upload_id) == [message])
    poisoned = staff.call("describe", upload_id=upload_id)
    assert poisoned["status"] == "writing"
    assert [poisoned["chunks"][name] for name in ("total", "done", "failed")] == [1, 0, 1]
    assert poisoned["counts"]["written"] == 0

    cloud.client("dynamodb").delete_item(TableName=accounts, Key=key)
    staff.call("redrive", "checker", upload_id=upload_id)
    wait_until(lambda: staff.call("describe", upload_id=upload_id)["status"] == "done")
    done = staff.call("describe", upload_id=upload_id)
    listed = staff.list_invoices(upload_id)
    assert (done["counts"]["written"], done["chunks"]["failed"]) == (checked["counts"]["new"], 0)
    assert done["counts"]["written_amount"] == checked["amount"]
    assert listed[2]["va_number"] == taken
    assert {invoice["status"] for invoice in listed} == {"open"}
