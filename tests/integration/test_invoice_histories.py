"""Random histories of invoices: whatever people and banks do in whatever order, the tables agree to the rupiah."""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from invoicing import amending, archiving, clock, outside_payments, reversing
from invoicing.errors import InvoicingError, TwoPeopleError
from invoicing.invoice_lists import Filters, Show, list_invoices
from invoicing.settings import get_settings
from invoicing.store import counters, dynamodb, invoices
from invoicing.virtual_accounts import build_va_number
from tests.integration import bank_scenario, invoice_scenario, notify_scenario, scenario
from tests.integration.aws_from_template import REGION
from tests.integration.conftest import Aws

SHOP = scenario.SHOP
NUMBERS = ("INV-A", "INV-B")
PEOPLE = ("siti", "budi")


@pytest.fixture(autouse=True)
def present(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> notify_scenario.Clock:
    clock_of_test = notify_scenario.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", clock_of_test.now)
    return clock_of_test


def create(number: str, person: str, amount: int) -> None:
    """What the upload writer does with one row, the number free or not."""
    first = counters.load_next(SHOP.company_code)
    va_number = build_va_number(SHOP.company_code, first, 11)
    # No notices: they are tested elsewhere, and moto's transactions cost time by members.
    draft: Any = scenario.make_draft(1, number=number, amount=amount, channels=[])
    facts: dict[str, Any] = {
        "biller_id": SHOP.biller_id,
        "upload_id": f"01JD{person:0>22}".upper(),
        "bank_code": "028",
        "va_number": va_number,
    }
    at = clock.to_text(clock.now())
    writes = invoices.build_invoice_writes(row=first, draft=draft, created_at=at, **facts)
    _, archived = invoices.look_up_numbers(SHOP.biller_id, [number], consistent=True)
    if number in archived:
        writes = invoices.replace_archived(writes, archived[number])
    dynamodb.commit([*writes, counters.build_draw(SHOP.company_code, first, 1)])


def pay(number: str, _person: str, _amount: int) -> None:
    """The bank pays any account that the number ever had; the last one first."""
    for invoice in invoices.load_invoices_of_number(SHOP.biller_id, number)[:2]:
        bank_scenario.post(invoice["va_number"], invoice["amount"], f"{invoice['va_number']}-again")


def archive(number: str, person: str, _amount: int) -> None:
    archiving.archive_invoice(SHOP.biller_id, number, by=person, reason="-")


def extend(number: str, person: str, days: int) -> None:
    due_date = date(2026, 12, 31) + timedelta(days=days % 90)
    amending.extend_due_date(SHOP.biller_id, number, by=person, due_date=due_date)


def correct(number: str, person: str, index: int) -> None:
    amending.correct_recipient(SHOP.biller_id, number, index % 2, {"email": f"x{index % 3}@example.com"}, by=person)


def record(number: str, person: str, _amount: int) -> None:
    amount = invoice_scenario.current(number)["amount"] if exists(number) else 1
    payment = outside_payments.OutsidePayment(outside_payments.Method.CASH, amount)
    outside_payments.record_outside_payment(SHOP.biller_id, number, payment, by=person)


def approve(number: str, person: str, _amount: int) -> None:
    """Whoever did not record it; now and then whoever did tries first."""
    with contextlib.suppress(TwoPeopleError):
        outside_payments.approve_outside_payment(SHOP.biller_id, number, by=person)
        return
    other = next(other for other in PEOPLE if other != person)
    outside_payments.approve_outside_payment(SHOP.biller_id, number, by=other)


def reject(number: str, person: str, _amount: int) -> None:
    outside_payments.reject_outside_payment(SHOP.biller_id, number, by=person, reason="-")


def reverse(number: str, person: str, _amount: int) -> None:
    other = next(other for other in PEOPLE if other != person)
    reversing.reverse_payment(SHOP.biller_id, number, proposed_by=person, approved_by=other, reason="-")


def exists(number: str) -> bool:
    return invoices.load_current_invoice(SHOP.biller_id, number) is not None


ACTS: tuple[Callable[[str, str, int], None], ...] = (
    create, create, create, pay, archive, extend, correct, record, record, approve, approve, reject, reverse,
)  # fmt: skip
histories = st.lists(
    st.tuples(st.sampled_from(ACTS), st.sampled_from(NUMBERS), st.sampled_from(PEOPLE), st.integers(1, 999)),
    min_size=12,
    max_size=24,
)
# A path to every act, so that none is left to chance.
EVERYTHING = [
    (act, "INV-A", person, 5)
    for act, person in (
        (create, "siti"), (extend, "siti"), (correct, "siti"), (record, "siti"), (reject, "budi"), (record, "budi"),
        (approve, "budi"), (reverse, "siti"), (pay, "budi"), (reverse, "budi"), (archive, "siti"), (pay, "siti"),
        (create, "budi"), (archive, "budi"), (archive, "siti"), (create, "siti"), (pay, "siti"),
    )
]  # fmt: skip


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
@example(history=EVERYTHING)
def test_tables_agree_after_every_step_of_any_history(
    present: notify_scenario.Clock, history: list[tuple[Any, str, str, int]]
) -> None:
    invoice_scenario.empty_tables()
    scenario.register(SHOP)
    present.instant = scenario.NOW
    done = set()
    for act, number, person, value in history:
        present.advance(minutes=1)
        before = read_all()
        try:
            act(number, person, value)
        except InvoicingError:
            # What is refused changes nothing.
            assert read_all() == before
        else:
            done.add(act)
        assert_tables_agree()
    assert_lists_agree()
    assert history != EVERYTHING or done == set(ACTS)


def read_all() -> list[list[dict[str, Any]]]:
    table = get_settings()
    return [
        read(name)
        for name in (table.invoices_table, table.virtual_accounts_table, table.payments_table, table.audit_table)
    ]


def read(table: str) -> list[dict[str, Any]]:
    """Straight from moto: a scan of everything after every step is most of this test's time."""
    items = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[table].all_items()
    return [dynamodb.from_item(item.to_json()["Attributes"]) for item in items]


def list_postings() -> list[dict[str, Any]]:
    return [item for item in read(get_settings().payments_table) if item["sk"] == "posting"]


def assert_tables_agree() -> None:
    table = get_settings()
    items = read(table.invoices_table)
    accounts = {item["va_number"]: item for item in read(table.virtual_accounts_table)}
    marks = [item for item in items if item["sk"] == "current" and item["status"] == "archived"]
    bills = {item["va_number"]: item for item in items if item["va_number"]}
    postings = {item["va_number"]: item for item in list_postings()}

    # Every account has one bill and every bill one account; no two postings are of one account.
    assert set(accounts) == set(bills)
    assert len(bills) == len(items) - len(marks)
    assert len(postings) == len(list_postings())
    for va_number, bill in bills.items():
        assert_bill_agrees(bill, accounts[va_number], postings.get(va_number))
    # A number is either taken by one open or paid bill, or free and marked with the bill archived last.
    by_number = defaultdict(list)
    for item in items:
        if item["sk"] == "current":
            by_number[item["number"]].append(item)
    assert all(len(found) == 1 for found in by_number.values())
    for mark in marks:
        assert bills[mark["last_va"]]["status"] == "archived"
        assert "replaced_by" not in bills[mark["last_va"]]
    assert_chains(bills)
    assert_money(bills, accounts, postings)
    # Numbers are drawn one after the other, none twice.
    assert counters.load_next(SHOP.company_code) >= len(accounts)


def assert_bill_agrees(bill: dict[str, Any], account: dict[str, Any], posting: dict[str, Any] | None) -> None:
    states = {("open", None): "open", ("paid", "va"): "paid", ("paid", "outside"): "closed"}
    if bill["status"] == "archived":
        assert account["state"] == "closed"
        reversed_by_bank = bill["archive_reason"] == "payment_reversed"
        assert account["closed_reason"] == ("payment_reversed" if reversed_by_bank else "archived")
        assert (posting is not None) == reversed_by_bank
    else:
        assert account["state"] == states[bill["status"], bill.get("paid_via")]
        assert (posting is not None) == (bill["status"] == "paid")
    assert account["amount_due"] == bill["amount"]
    assert account.get("valid_until") == bill.get("valid_until")
    partition, _, _ = bill["by_status_pk"].rpartition("#")
    assert partition == f"{SHOP.biller_id}#{bill['status']}"
    assert bill["by_status_sk"].startswith(f"{bill['due_date']}#{bill['number']}")
    assert bill["by_payer_sk"] == bill["by_status_sk"]


def assert_chains(bills: dict[str, dict[str, Any]]) -> None:
    """What replaces and what is replaced name each other, and each number is one chain."""
    for va_number, bill in bills.items():
        if "replaces" in bill:
            assert bills[bill["replaces"]]["replaced_by"] == va_number
        if "replaced_by" in bill:
            assert bills[bill["replaced_by"]]["replaces"] == va_number
    firsts = Counter(bill["number"] for bill in bills.values() if "replaces" not in bill)
    assert all(count == 1 for count in firsts.values())


def assert_money(
    bills: dict[str, dict[str, Any]], accounts: dict[str, dict[str, Any]], postings: dict[str, dict[str, Any]]
) -> None:
    """Posted money is the money of paid bills; reversed money that of bills archived for it."""
    paid = sum(bill["paid_amount"] for bill in bills.values() if bill["status"] == "paid")
    assert paid == sum(posting["amount"] for posting in postings.values() if posting["state"] == "posted")
    back = sum(bill["amount"] for bill in bills.values() if bill.get("archive_reason") == "payment_reversed")
    assert back == sum(posting["amount"] for posting in postings.values() if posting["state"] == "reversed")
    open_due = sum(account["amount_due"] for account in accounts.values() if account["state"] == "open")
    assert open_due == sum(bill["amount"] for bill in bills.values() if bill["status"] == "open")


def assert_lists_agree() -> None:
    items = read(get_settings().invoices_table)
    for show in (Show.OPEN, Show.PAID, Show.ARCHIVED):
        expected = sorted(
            item["va_number"] for item in items if item.get("by_status_pk", "").startswith(f"{SHOP.biller_id}#{show}#")
        )
        found = list_invoices(SHOP.biller_id, Filters(show)).invoices
        assert sorted(invoice["va_number"] for invoice in found) == expected
