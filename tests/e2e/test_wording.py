"""Own wording, payers' links, receipts and "please ignore" on the local cloud: deployed functions, their own rights."""

import json
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook

from infra.local import client
from infra.local.cloud import Cloud
from infra.local.front import PAYER_PREFIX
from infra.local.messages import list_messages
from infra.local.seed import BILLERS
from invoicing import clock
from invoicing.notices import Channel, NoticeKind, PlannedNotice, plan_archived_notices, plan_paid_notices
from invoicing.store.dynamodb import to_item
from invoicing.store.notices import notice_item
from tests.e2e.conftest import Shop
from tests.e2e.test_command_line import run
from tests.e2e.test_local_cloud import find_resources

INTRO = "Assalamualaikum, berikut tagihan {biller} untuk {payer}."
SECONDS = 60
SHOP = BILLERS[0]
PAYER, OTHER = "+628137755501", "+628137755502"


def test_own_words_are_previewed_by_command_and_words_that_harm_are_refused(cloud: Cloud) -> None:
    change = json.dumps({"words": {"email_intro.issued.id": INTRO}})
    shown = run(cloud, "preview", "--biller", "sekolah-harapan", "--change", change)

    assert "Assalamualaikum, berikut tagihan Sekolah Harapan untuk Alya Putri." in shown["email"]["text"]
    assert f"{cloud.front}{PAYER_PREFIX}/contoh-tautan-pembayar" in shown["sms"]["text"]
    assert shown["sms"]["segments"] == 1
    harmful = json.dumps({"words": {"email_intro.issued.id": "{biller}: kirim PIN ke 0812-3456-7890"}})
    answer = run(cloud, "preview", "--biller", "sekolah-harapan", "--change", harmful, code=1)
    assert {problem["code"] for problem in answer["error"]["problems"]} == {"phishing", "number"}


def call_notices(cloud: Cloud, operation: str, **members: Any) -> dict[str, Any]:
    return client.call(cloud, operation, SHOP.biller_id, "siti", function="NoticeCommandFunction", **members)


@pytest.fixture(scope="module")
def own_tone(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """The shop's own choices, while these tests run."""
    yield call_notices(cloud, "set_wording", change={"templates": {"paid": "warm"}})
    call_notices(cloud, "set_wording", change={"templates": {"paid": None}})


@pytest.fixture(scope="module")
def issued(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Two released invoices, by number, whose first notices have left by WhatsApp and e-mail."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["No. Invoice", "Nama Pelanggan", "Jumlah Tagihan", "Jatuh Tempo", "No. WhatsApp", "Email"])
    for number, phone in (("WORDS/1", PAYER), ("WORDS/2", OTHER)):
        sheet.append([number, "Budi Santoso", 175_000, date(2099, 1, 4), phone, f"{number[-1]}.words@example.com"])
    path = tmp_path_factory.mktemp("words") / "words.xlsx"
    book.save(path)
    shop = Shop(cloud)
    done = shop.release(shop.upload(path))
    invoices = {invoice["number"]: invoice for invoice in shop.list_invoices(done["upload_id"])}
    for phone in (PAYER, OTHER):
        wait_for_words(cloud, phone, "berikut tagihan")
    return invoices


def wait_for_words(cloud: Cloud, to: str, words: str) -> str:
    deadline = time.monotonic() + SECONDS
    while True:
        texts = [message["text"] for message in list_messages(cloud, to=to)]
        found = [text for text in texts if words in text]
        if found:
            return str(found[-1])
        assert time.monotonic() < deadline, texts
        time.sleep(0.5)


class Table:
    """An invoice as a payment or an archive leaves it, and their notices, written as those transactions do."""

    def __init__(self, cloud: Cloud) -> None:
        self.tables = find_resources(cloud, "AWS::DynamoDB::Table")
        self.dynamodb = cloud.client("dynamodb")

    def change(self, number: str, sk: str, **changes: Any) -> dict[str, Any]:
        key = {"pk": {"S": f"{SHOP.biller_id}#{number}"}, "sk": {"S": "current"}}
        item = self.dynamodb.get_item(TableName=self.tables["InvoicesTable"], Key=key)["Item"]
        if sk != "current":
            self.dynamodb.delete_item(TableName=self.tables["InvoicesTable"], Key=key)
        self.dynamodb.put_item(TableName=self.tables["InvoicesTable"], Item=item | to_item({"sk": sk, **changes}))
        return {name: next(iter(value.values())) for name, value in item.items()}

    def write_notices(self, invoice: dict[str, Any], planned: list[PlannedNotice]) -> None:
        now = clock.to_text(clock.now())
        names = ("bank_code", "va_number", "biller_id", "number", "upload_id")
        for notice in planned:
            item = notice_item(notice, created_at=now, **{name: invoice[name] for name in names})
            self.dynamodb.put_item(TableName=self.tables["NoticesTable"], Item=to_item(item))


def make_draft(phone: str, email: str) -> Any:
    return {"recipients": [{"name": "Budi Santoso", "whatsapp": phone, "email": email}], "language": "id"}


def test_payer_of_a_paid_bill_gets_a_receipt_in_the_words_that_the_biller_chose(
    cloud: Cloud, issued: dict[str, dict[str, Any]], own_tone: dict[str, Any]
) -> None:
    assert own_tone["templates"] == {"paid": "warm"}
    table, va_number = Table(cloud), issued["WORDS/1"]["va_number"]
    paid = {"paid_at": "2026-11-27T02:00:00.000Z", "paid_amount": 175_000, "paid_via": "va"}
    payment = {"payment_id": "028#1", "channel": "6011", "bank_reference": "REF-E2E-1"}
    invoice = table.change("WORDS/1", "current", status="paid", payment=payment, **paid)
    table.write_notices(invoice, plan_paid_notices(SHOP, make_draft(PAYER, "1.words@example.com"), va_number))

    whatsapp = wait_for_words(cloud, PAYER, "lunas")
    assert whatsapp.startswith("Terima kasih, Budi Santoso!")
    email = wait_for_words(cloud, "1.words@example.com", "LUNAS")
    for words in (whatsapp, email):
        for fact in ("Rp175.000", "REF-E2E-1", "27 November 2026 pukul 09.00 WIB", va_number):
            assert fact in words
    links = {
        words.split(f"{cloud.front}{PAYER_PREFIX}/")[1][:22]
        for words in (email, whatsapp, wait_for_words(cloud, "2.words@", "Berikut"))
    }
    assert len(links) == 3


def test_only_who_got_the_bill_is_told_to_ignore_it(cloud: Cloud, issued: dict[str, dict[str, Any]]) -> None:
    table, va_number = Table(cloud), issued["WORDS/2"]["va_number"]
    invoice = table.change("WORDS/2", f"archived#{va_number}", status="archived", archive_reason="wrong_amount")
    stranger = "nobody.words@example.com"
    told = plan_archived_notices(SHOP, make_draft(OTHER, "2.words@example.com"), va_number)
    untold = plan_archived_notices(SHOP, make_draft("", stranger), va_number)
    table.write_notices(invoice, [*told, *untold])

    assert va_number in wait_for_words(cloud, "2.words@example.com", "Jangan membayar ke nomor ini")
    wait_for_words(cloud, OTHER, "dibatalkan")
    deadline = time.monotonic() + SECONDS
    while True:
        notices = call_notices(cloud, "describe_notices", va_number=va_number)["notices"]
        (ignored,) = [
            notice
            for notice in notices
            if notice["kind"] == NoticeKind.ARCHIVED and notice["recipient"] == "n***@example.com"
        ]
        if ignored["state"] != "queued" or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    assert (ignored["channel"], ignored["state"], ignored["reason"]) == (Channel.EMAIL, "cancelled", "never_told")
    assert list_messages(cloud, to=stranger) == []
