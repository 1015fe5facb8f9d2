"""Money that the bank took back, on the local cloud: two officers, a new account, and everybody who tries at once."""

import json
import random
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import urllib3
from openpyxl import Workbook

from infra.local import reports
from infra.local.bank import Bank, open_bank
from infra.local.client import CommandRefusedError
from infra.local.cloud import Cloud
from infra.local.messages import list_messages
from infra.local.notice_commands import create_webhook
from infra.local.settlement_files import SettledPayment, write_settlement
from infra.local.staff import sign_in_as
from invoicing import archiving, clock
from invoicing.billers import Biller, Module
from invoicing.errors import BusyError, InvoiceStateError
from invoicing.notice_policy import NoticePolicy
from invoicing.notices import Channel
from invoicing.settings import get_settings
from invoicing.store import invoices, payments
from invoicing.virtual_accounts import build_va_number
from tests.e2e.at_once import find_errors, register_biller, run_at_once
from tests.e2e.conftest import Shop
from tests.integration.bank_scenario import assert_money_agrees, pay, read_code

AMOUNT = 250_000
PAYER = "pembayar-{}@reversals.example"
SECONDS = 60
BILLS = 4
ALWAYS = NoticePolicy(quiet_from="00:00", quiet_until="00:00", on_weekends=True, on_holidays=True)
"""Else a new number would wait for the morning."""


@pytest.fixture
def biller(product: Cloud) -> Biller:
    return register_biller(Module.E_INVOICE, policy=ALWAYS)


@pytest.fixture
def bank(cloud: Cloud) -> Bank:
    return open_bank(cloud)


def issue_paid_bills(cloud: Cloud, biller: Biller, bank: Bank, folder: Path, count: int) -> list[dict[str, Any]]:
    """Bills that were uploaded, released, written and paid by the deployed functions."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["No. Invoice", "Nama Pelanggan", "Jumlah Tagihan", "Jatuh Tempo", "Email"])
    for index in range(count):
        sheet.append(
            [f"REV/{index}", "Pembayar", AMOUNT, date(2099, 1, 4), PAYER.format(f"{biller.biller_id}-{index}")]
        )
    path = folder / "bills.xlsx"
    book.save(path)
    shop = Shop(cloud, biller.biller_id)
    issued = shop.list_invoices(shop.release(shop.upload(path))["upload_id"])
    assert [bank.pay(bill["va_number"]).code for bill in issued] == ["2002500"] * count
    return issued


def take_back(cloud: Cloud, bills: list[dict[str, Any]], folder: Path) -> list[dict[str, str]]:
    """The bank's file with these payments, and each of them reversed; the lines that officers settle, as commands."""
    lines = []
    for bill in bills:
        (posting,) = list_postings(bill["va_number"])
        when = clock.from_text(posting["accepted_at"]).astimezone(clock.JAKARTA)
        lines.append(SettledPayment(bill["va_number"], AMOUNT, when, posting["bank_reference"]))
        lines.append(SettledPayment(bill["va_number"], AMOUNT, when, posting["bank_reference"], mark="R"))
    name = f"{bills[0]['va_number']}.csv"
    shown, _ = reports.reconcile_file(cloud, write_settlement(lines, folder / name), folder)
    assert shown["results"]["reversed"]["count"] == len(bills), shown
    wanted = {bill["va_number"] for bill in bills}
    found: list[dict[str, str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = reports.call_reconcile(cloud, "list_lines", result="reversed", **cursor)
        found += [{name: line[name] for name in ("va_number", "line")} for line in page["lines"]]
        if "cursor" not in page:
            return [line for line in found if line["va_number"] in wanted]
        cursor = {"cursor": page["cursor"]}


def wait_for(find: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    deadline = time.monotonic() + SECONDS
    while not (found := find()):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    return found


def test_money_taken_back_is_reversed_by_two_officers_and_payer_and_program_hear_of_the_new_account(
    cloud: Cloud, biller: Biller, bank: Bank, tmp_path: Path
) -> None:
    create_webhook(cloud, biller.biller_id, "siti", f"/reversals/{biller.biller_id}", None)
    (bill,) = issue_paid_bills(cloud, biller, bank, tmp_path, 1)
    old = bill["va_number"]
    (line,) = take_back(cloud, [bill], tmp_path)
    first, second = (sign_in_as(cloud, f"officer{number}@bank.example") for number in (1, 2))
    with urllib3.PoolManager(ca_certs=str(cloud.certificate)) as http:

        def call(verb: str, token: str, **members: str) -> tuple[int, dict[str, Any]]:
            answer = http.request(
                "POST",
                f"{cloud.outputs['ApiAddress']}/v1/bank/settlement-lines/{verb}",
                body=json.dumps(line | members),
                headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
                retries=False,
            )
            return answer.status, json.loads(answer.data)

        assert call("approve", second)[0] == 409
        assert call("propose", first, reason="cek kosong")[1]["state"] == "proposed"
        assert call("approve", first)[1]["code"] == "same_person"
        assert invoices.load_current_invoice(biller.biller_id, bill["number"])["status"] == "paid"  # type: ignore[index]
        assert call("approve", second)[1]["state"] == "reversed"
        assert call("approve", second)[1]["code"] == "settled_line_state"
    reopened = invoices.load_current_invoice(biller.biller_id, bill["number"])
    assert reopened is not None
    new = reopened["va_number"]
    assert (reopened["status"], reopened["replaces"]) == ("open", old)
    assert new != old
    (posting,) = list_postings(old)
    assert posting["state"] == "reversed"
    assert {posting["reversal"][name] for name in ("proposed_by", "approved_by")} == {
        call_me(cloud, token) for token in (first, second)
    }
    # To the payer, with what became of the old account; to the program, as facts.
    (mail,) = wait_for(
        lambda: [
            message
            for message in list_messages(cloud, Channel.EMAIL, PAYER.format(f"{biller.biller_id}-0"))
            if new in message["text"].replace(" ", "")
        ]
    )
    assert old in mail["text"].replace(" ", "")
    (told,) = wait_for(
        lambda: [
            json.loads(message["text"])["data"]
            for message in list_messages(cloud, Channel.WEBHOOK, f"/reversals/{biller.biller_id}")
            if f'"{new}"' in message["text"]
        ]
    )
    assert (told["kind"], told["invoice"]["replaces"]) == ("issued", old)
    assert told["invoice"]["replaces_reason"] == "payment_reversed"
    # The old account takes no money any more, the new one does, once.
    assert bank.pay(old, AMOUNT).code == "4042512"
    assert bank.pay(new).code == "2002500"
    assert bank.pay(new, AMOUNT).code == "4042514"
    assert assert_money_agrees(new) is not None


def call_me(cloud: Cloud, token: str) -> str:
    with urllib3.PoolManager(ca_certs=str(cloud.certificate)) as http:
        answer = http.request(
            "GET", f"{cloud.outputs['ApiAddress']}/v1/me", headers={"authorization": f"Bearer {token}"}, retries=False
        )
    return str(json.loads(answer.data)["user_id"])


def approve(cloud: Cloud, officer: str, line: dict[str, str]) -> str:
    """The line's state by the deployed function, or why not; again while it is busy, as an officer would."""
    for _ in range(20):
        try:
            return str(reports.call_reconcile(cloud, "approve_line", officer, **line)["state"])
        except CommandRefusedError as refused:
            if refused.error["code"] != "busy":
                return str(refused.error["code"])
            time.sleep(random.uniform(0, 0.3))
    raise AssertionError("busy for ever")


def keep_archiving(biller: Biller, number: str, old: str) -> str:
    """The account of the bill that was archived; empty: the reopened one was paid first."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            return str(archiving.archive_invoice(biller.biller_id, number, by="siti", reason="-").va_number)
        except (InvoiceStateError, BusyError):
            current = invoices.load_current_invoice(biller.biller_id, number)
        if current and current["status"] == "paid" and current["va_number"] != old:
            return ""
        time.sleep(random.uniform(0, 0.1))
    raise AssertionError(number)


def keep_paying(va_number: str) -> bool:
    """Whether the bank's payment was taken; else the account was closed first."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if read_code(pay(va_number, AMOUNT, f"{va_number}-{random.random()}")) == "2002500":
            return True
        account = invoices.load_virtual_accounts(get_settings().bank_code, [va_number]).get(va_number)
        if account and account["state"] == "closed":
            return False
        time.sleep(random.uniform(0, 0.1))
    raise AssertionError(va_number)


def test_two_approvals_and_whatever_meets_the_new_bill_at_once_leave_one_reversal(
    cloud: Cloud, biller: Biller, bank: Bank, tmp_path: Path
) -> None:
    """Two officers approve each line; half the bills are archived, and the accounts to come paid, once they exist."""
    bills = issue_paid_bills(cloud, biller, bank, tmp_path, BILLS)
    lines = take_back(cloud, bills, tmp_path)
    for line in lines:
        reports.call_reconcile(cloud, "propose_line", "rina", reason="cek kosong", **line)
    digits = get_settings().va_customer_number_digits
    coming = [build_va_number(biller.company_code, index, digits) for index in range(BILLS, 2 * BILLS)]
    numbers = {bill["va_number"]: bill["number"] for bill in bills}
    results = run_at_once(
        *(partial(approve, cloud, officer, line) for line in lines for officer in ("tono", "budi")),
        *(
            partial(keep_archiving, biller, numbers[line["va_number"]], line["va_number"])
            for line in lines[: BILLS // 2]
        ),
        *(partial(keep_paying, va_number) for va_number in (*coming, *numbers)),
    )

    assert find_errors(results) == []
    approvals, archived = results[: 2 * BILLS], results[2 * BILLS : 2 * BILLS + BILLS // 2]
    paid = dict(zip((*coming, *numbers), results[-2 * BILLS :], strict=True))
    for pair in zip(approvals[::2], approvals[1::2], strict=True):
        assert sorted(pair) == ["reversed", "settled_line_state"]
    accounts = invoices.load_virtual_accounts(get_settings().bank_code, list(paid))
    for old in numbers:
        assert not paid[old]
        assert (accounts[old]["state"], accounts[old]["closed_reason"]) == ("closed", "payment_reversed")
        assert [posting["state"] for posting in list_postings(old)] == ["reversed"]
    gone = [invoices.load_archived_invoice(biller.biller_id, number, old) or {} for old, number in numbers.items()]
    assert sorted(invoice["replaced_by"] for invoice in gone) == coming
    for va_number in coming:
        assert (assert_money_agrees(va_number) is not None) == paid[va_number]
        assert (accounts[va_number]["state"] == "closed") == (va_number in archived)
        assert paid[va_number] != (va_number in archived)


def list_postings(va_number: str) -> list[dict[str, Any]]:
    found = payments.list_payments_of_account(get_settings().bank_code, va_number)
    return [item for item in found if item["sk"] == "posting"]
