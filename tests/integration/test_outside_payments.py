"""Payments made outside the VA, by two people; and money that went back: what is posted, closed, told and reopened."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from invoicing import clock, outside_payments, reversing
from invoicing.archiving import archive_invoice
from invoicing.billers import OutsidePayments
from invoicing.errors import (
    InvoiceChangedError,
    InvoiceNotFoundError,
    InvoiceStateError,
    OutsidePaymentError,
    TwoPeopleError,
)
from invoicing.notices import NoticeRef
from invoicing.outside_payments import (
    Method,
    OutsidePayment,
    approve_outside_payment,
    record_outside_payment,
    reject_outside_payment,
)
from invoicing.reversing import approve_reversal, propose_reversal, reject_reversal, reverse_payment
from invoicing.settings import get_settings
from invoicing.store import counters, dynamodb
from invoicing.virtual_accounts import is_valid_number
from tests.integration import faults, invoice_scenario, notify_scenario, scenario
from tests.integration.conftest import Aws

SHOP = scenario.SHOP.biller_id
CLERK, BOSS = invoice_scenario.CLERK, invoice_scenario.BOSS
NUMBER = "INV-0001"
AMOUNT = 100_001
AT = clock.to_text(scenario.NOW)


@pytest.fixture
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: scenario.NOW)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


@pytest.fixture(autouse=True)
def issued(aws: Aws, still_clock: None, tmp_path: Path) -> None:
    scenario.register(scenario.SHOP)
    invoice_scenario.issue(tmp_path, scenario.make_draft(1), scenario.make_draft(2))


@pytest.fixture
def one_person() -> None:
    dynamodb.client().update_item(
        TableName=get_settings().billers_table,
        Key={"pk": {"S": SHOP}},
        UpdateExpression="SET outside_payments = :one",
        ExpressionAttributeValues={":one": {"S": OutsidePayments.BY_ONE}},
    )


def record(by: str = CLERK, **changes: Any) -> dict[str, Any]:
    payment = replace(OutsidePayment(Method.CASH, AMOUNT, note="Kuitansi 17"), **changes)
    return record_outside_payment(SHOP, NUMBER, payment, by=by)


def approve(by: str = BOSS) -> dict[str, Any]:
    return approve_outside_payment(SHOP, NUMBER, by=by)


def pay_at_bank() -> bool:
    invoice = invoice_scenario.current(NUMBER)
    return invoice_scenario.pay_at_bank(SHOP, NUMBER, invoice["va_number"], AMOUNT)


# --- Outside ---------------------------------------------------------------------------------------------------------


def test_what_one_person_records_changes_nothing_until_another_approves() -> None:
    waiting = record()
    assert waiting["status"] == "open"
    assert waiting["outside_payment"] == {
        "method": "cash",
        "amount": AMOUNT,
        "note": "Kuitansi 17",
        "recorded_by": CLERK,
        "recorded_at": AT,
    }
    assert invoice_scenario.account(waiting["va_number"])["state"] == "open"
    assert invoice_scenario.list_postings() == []
    assert invoice_scenario.list_notices(waiting["va_number"], "paid") == []


def test_approved_payment_is_posted_closes_the_account_and_sends_receipts() -> None:
    va_number = record(transaction_at=scenario.NOW - timedelta(hours=2))["va_number"]
    paid = approve()

    payment = {
        "payment_id": f"outside#028#{va_number}",
        "channel": "outside",
        "method": "cash",
        "note": "Kuitansi 17",
        "transaction_at": "2026-11-23T01:00:00.000Z",
        "recorded_by": CLERK,
        "approved_by": BOSS,
    }
    assert (paid["status"], paid["paid_at"], paid["paid_amount"], paid["paid_via"]) == ("paid", AT, AMOUNT, "outside")
    assert paid["payment"] == payment
    assert "outside_payment" not in paid
    assert paid["by_status_pk"].startswith(f"{SHOP}#paid#")
    account = invoice_scenario.account(va_number)
    assert (account["state"], account["closed_reason"], account["closed_at"]) == ("closed", "paid_outside", AT)
    (posting,) = invoice_scenario.list_postings()
    assert posting == posting | payment
    assert (posting["pk"], posting["sk"], posting["kind"], posting["state"]) == (
        f"outside#028#{va_number}",
        "posting",
        "outside",
        "posted",
    )
    assert (posting["biller_id"], posting["number"], posting["amount"]) == (SHOP, NUMBER, AMOUNT)
    assert (posting["accepted_at"], posting["due_date"], posting["by_va_pk"]) == (AT, "2026-12-31", f"028#{va_number}")
    assert posting["by_day_pk"].rsplit("#", 1)[0] == f"{SHOP}#2026-11-23"
    receipts = invoice_scenario.list_notices(va_number, "paid")
    assert sorted(notice["recipient"] for notice in receipts) == ["p1@example.com", "q1@example.com"]
    actions = [entry["action"] for entry in invoice_scenario.list_audit()]
    assert sorted(actions) == ["post_outside_payment", "record_outside_payment"]


def test_day_of_a_posting_is_that_of_jakarta(monkeypatch: pytest.MonkeyPatch) -> None:
    record()
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 23, 17, 30, tzinfo=UTC))
    approve()
    (posting,) = invoice_scenario.list_postings()
    assert posting["by_day_pk"].rsplit("#", 1)[0] == f"{SHOP}#2026-11-24"


def test_nobody_approves_what_he_recorded() -> None:
    record()
    before = scenario.dump_tables()
    with pytest.raises(TwoPeopleError):
        approve(CLERK)
    assert scenario.dump_tables() == before


def test_bank_can_no_longer_pay_what_was_paid_outside_and_reminders_stop() -> None:
    record()
    invoice = approve()
    assert not invoice_scenario.pay_at_bank(SHOP, NUMBER, invoice["va_number"], AMOUNT)
    issued = invoice_scenario.list_notices(invoice["va_number"], "issued")
    refs = [NoticeRef("028", invoice["va_number"], notice["sk"]) for notice in issued]
    notify_scenario.send(*refs)
    assert {notify_scenario.stored(ref)["reason"] for ref in refs} == {"invoice_paid"}


def test_bank_was_faster_than_the_approval() -> None:
    record()
    assert pay_at_bank()
    before = scenario.dump_tables()
    with pytest.raises(InvoiceStateError, match="paid"):
        approve()
    assert scenario.dump_tables() == before


def test_bank_pays_between_look_and_approval(monkeypatch: pytest.MonkeyPatch) -> None:
    record()
    load, paid = outside_payments.load_invoice, []

    def load_then_pay(*given: Any) -> dict[str, Any]:
        loaded = load(*given)
        if not paid:
            paid.append(pay_at_bank())
        return loaded

    monkeypatch.setattr(outside_payments, "load_invoice", load_then_pay)
    with pytest.raises(InvoiceStateError, match="paid"):
        approve()
    assert paid == [True]
    assert [posting["kind"] for posting in invoice_scenario.list_postings()] == ["va"]


@pytest.mark.usefixtures("one_person")
def test_one_person_is_enough_where_the_biller_chose_so() -> None:
    paid = record()
    assert (paid["status"], paid["payment"]["recorded_by"]) == ("paid", CLERK)
    assert "approved_by" not in paid["payment"]
    before = scenario.dump_tables()
    assert record()["status"] == "paid"
    assert scenario.dump_tables() == before
    with pytest.raises(InvoiceStateError):
        record(note="Kuitansi 18")


def test_every_step_again_changes_nothing() -> None:
    record()
    before = scenario.dump_tables()
    record()
    assert scenario.dump_tables() == before
    approve()
    before = scenario.dump_tables()
    approve()
    record()
    assert scenario.dump_tables() == before
    with pytest.raises(InvoiceStateError):
        approve("ani")


def test_second_record_waits_for_the_first_to_be_decided() -> None:
    record()
    with pytest.raises(InvoiceStateError, match="payment_waits"):
        record("ani")
    with pytest.raises(InvoiceStateError, match="payment_waits"):
        archive_invoice(SHOP, NUMBER, by=CLERK, reason="-")
    reject_outside_payment(SHOP, NUMBER, by=BOSS, reason="uangnya tidak ada")
    assert "outside_payment" not in invoice_scenario.current(NUMBER)
    with pytest.raises(InvoiceStateError, match="no_payment_waits"):
        approve()
    assert record("ani")["outside_payment"]["recorded_by"] == "ani"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": AMOUNT - 1}, "amount_differs"),
        ({"amount": AMOUNT + 1}, "amount_differs"),
        ({"transaction_at": scenario.NOW + timedelta(seconds=1)}, "time_out_of_range"),
        ({"transaction_at": scenario.NOW - timedelta(days=367)}, "time_out_of_range"),
        ({"transaction_at": datetime(2026, 11, 1)}, "time_without_zone"),  # noqa: DTZ001
        ({"note": "x" * 201}, "note_too_long"),
    ],
)
def test_payment_that_cannot_be_is_refused(changes: dict[str, Any], code: str) -> None:
    before = scenario.dump_tables()
    with pytest.raises(OutsidePaymentError, match=code):
        record(**changes)
    assert scenario.dump_tables() == before


def test_other_billers_invoice_looks_like_none() -> None:
    scenario.register(scenario.SCHOOL)
    with pytest.raises(InvoiceNotFoundError):
        record_outside_payment(scenario.SCHOOL.biller_id, NUMBER, OutsidePayment(Method.CASH, AMOUNT), by=CLERK)


# --- Reversal --------------------------------------------------------------------------------------------------------


def reverse(**options: Any) -> dict[str, Any]:
    return reverse_payment(
        SHOP, NUMBER, **({"proposed_by": CLERK, "approved_by": BOSS, "reason": "dana ditarik bank"} | options)
    )


def pay_outside() -> bool:
    record()
    approve()
    return True


@pytest.mark.parametrize(("pay", "closed"), [(pay_at_bank, "paid"), (pay_outside, "closed")], ids=["va", "outside"])
def test_reversed_payment_opens_the_invoice_under_a_new_number(pay: Callable[[], bool], closed: str) -> None:
    old = invoice_scenario.current(NUMBER)
    pay()
    assert invoice_scenario.account(old["va_number"])["state"] == closed
    drawn = counters.load_next(scenario.SHOP.company_code)

    new = reverse()

    assert (new["status"], new["replaces"], new["amount"]) == ("open", old["va_number"], AMOUNT)
    assert new["va_number"] != old["va_number"]
    assert is_valid_number(new["va_number"])
    assert "payment" not in new
    assert counters.load_next(scenario.SHOP.company_code) == drawn + 1
    account = invoice_scenario.account(new["va_number"])
    assert (account["state"], account["amount_due"], account["bills"][0]["number"]) == ("open", AMOUNT, NUMBER)
    kept = invoice_scenario.archived(NUMBER, old["va_number"])
    assert (kept["status"], kept["archive_reason"], kept["replaced_by"]) == (
        "archived",
        "payment_reversed",
        new["va_number"],
    )
    assert kept["paid_amount"] == AMOUNT
    former = invoice_scenario.account(old["va_number"])
    assert (former["state"], former["closed_reason"]) == ("closed", "payment_reversed")
    (posting,) = invoice_scenario.list_postings()
    assert (posting["state"], posting["reversed_at"]) == ("reversed", AT)
    assert posting["reversal"] == {"proposed_by": CLERK, "approved_by": BOSS, "reason": "dana ditarik bank"}
    told = invoice_scenario.list_notices(new["va_number"])
    assert {(notice["kind"], notice["recipient"]) for notice in told} == {
        ("issued", "p1@example.com"),
        ("issued", "q1@example.com"),
    }
    (entry,) = invoice_scenario.list_audit("reverse_payment")
    assert (entry["subject"], entry["after"]["va_number"]) == (old["va_number"], new["va_number"])


def test_reopened_invoice_can_be_paid_and_reversed_again() -> None:
    numbers = [invoice_scenario.current(NUMBER)["va_number"]]
    for _ in range(3):
        assert pay_at_bank()
        numbers.append(reverse()["va_number"])
    assert len(set(numbers)) == 4
    assert not invoice_scenario.pay_at_bank(SHOP, NUMBER, numbers[0], AMOUNT, "late")
    assert pay_at_bank()
    states = sorted(posting["state"] for posting in invoice_scenario.list_postings())
    assert states == ["posted", "reversed", "reversed", "reversed"]


def test_reversal_again_changes_nothing_when_it_names_the_account() -> None:
    va_number = invoice_scenario.current(NUMBER)["va_number"]
    pay_at_bank()
    new = reverse(va_number=va_number)
    before = scenario.dump_tables()
    assert reverse(va_number=va_number) == new
    assert scenario.dump_tables() == before
    with pytest.raises(InvoiceStateError):
        reverse()
    pay_at_bank()
    before = scenario.dump_tables()
    again = reverse(va_number=va_number)
    assert (again["va_number"], again["status"]) == (new["va_number"], "paid")
    assert scenario.dump_tables() == before


def test_open_invoice_has_nothing_to_reverse_and_one_person_reverses_nothing() -> None:
    with pytest.raises(InvoiceStateError):
        reverse()
    pay_at_bank()
    before = scenario.dump_tables()
    with pytest.raises(TwoPeopleError):
        reverse(proposed_by=BOSS)
    assert scenario.dump_tables() == before


def test_proposal_is_approved_by_another_person_only() -> None:
    pay_at_bank()
    assert propose_reversal(SHOP, NUMBER, by=CLERK, reason="salah catat")["reversal"]["proposed_by"] == CLERK
    before = scenario.dump_tables()
    propose_reversal(SHOP, NUMBER, by=CLERK, reason="salah catat")
    with pytest.raises(TwoPeopleError):
        approve_reversal(SHOP, NUMBER, by=CLERK)
    with pytest.raises(InvoiceStateError, match="reversal_waits"):
        propose_reversal(SHOP, NUMBER, by="ani", reason="lain")
    assert scenario.dump_tables() == before
    opened = approve_reversal(SHOP, NUMBER, by=BOSS)
    assert opened["status"] == "open"
    before = scenario.dump_tables()
    assert approve_reversal(SHOP, NUMBER, by=BOSS) == opened
    assert scenario.dump_tables() == before


def test_rejected_proposal_leaves_the_payment() -> None:
    pay_at_bank()
    propose_reversal(SHOP, NUMBER, by=CLERK, reason="salah catat")
    assert "reversal" not in reject_reversal(SHOP, NUMBER, by=BOSS, reason="uangnya ada")
    with pytest.raises(InvoiceStateError, match="no_reversal_waits"):
        approve_reversal(SHOP, NUMBER, by=BOSS)
    assert invoice_scenario.current(NUMBER)["status"] == "paid"


@pytest.mark.parametrize(
    ("valid_until", "expected"),
    [
        ("2027-01-31T16:59:59Z", "2027-01-31T16:59:59Z"),
        ("2026-11-25T16:59:59Z", "2026-11-30T03:00:00Z"),
    ],
)
def test_reopened_bill_leaves_time_to_pay(tmp_path: Path, valid_until: str, expected: str) -> None:
    invoice_scenario.issue(tmp_path, scenario.make_draft(7, valid_until=valid_until))
    invoice = invoice_scenario.current("INV-0007")
    invoice_scenario.pay_at_bank(SHOP, "INV-0007", invoice["va_number"], invoice["amount"])
    opened = reverse_payment(SHOP, "INV-0007", proposed_by=CLERK, approved_by=BOSS, reason="-")
    assert opened["valid_until"] == invoice_scenario.account(opened["va_number"])["valid_until"] == expected


def test_release_between_look_and_reversal_keeps_its_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pay_at_bank()
    load, released = counters.load_next, []

    def load_then_release(company_code: str) -> int:
        first = load(company_code)
        if not released:
            released.append("started")
            released.append(invoice_scenario.issue(tmp_path, scenario.make_draft(8), scenario.make_draft(9)))
        return first

    monkeypatch.setattr(reversing.counters, "load_next", load_then_release)
    opened = reverse()
    numbers = [invoice_scenario.current(number)["va_number"] for number in ("INV-0008", "INV-0009")]
    assert opened["va_number"] not in numbers
    assert len(scenario.read_table(get_settings().virtual_accounts_table)) == 5


def test_killed_at_any_call_then_repeated_ends_as_if_never_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoicing.uploading.ULID", lambda: "01KAQ0000000000000000000AA")

    def start() -> str:
        invoice_scenario.empty_tables()
        scenario.register(scenario.SHOP)
        invoice_scenario.issue(tmp_path, scenario.make_draft(1))
        va_number: str = invoice_scenario.current(NUMBER)["va_number"]
        return va_number

    def act(va_number: str) -> None:
        with contextlib.suppress(InvoiceChangedError, InvoiceStateError):
            record()
        with contextlib.suppress(InvoiceChangedError, InvoiceStateError):
            approve()
        reverse(va_number=va_number)

    va_number = start()
    with faults.CallCounter([dynamodb.client()], faults.kill, None, after=True).installed() as counter:
        act(va_number)
    expected = invoice_scenario.dump_without_audit_ids()
    assert counter.calls >= 12
    for at in range(counter.calls):
        va_number = start()
        fault = faults.CallCounter([dynamodb.client()], faults.kill, at, after=True)
        with fault.installed(), contextlib.suppress(faults.Killed):
            act(va_number)
        if invoice_scenario.current(NUMBER).get("replaces") is None:
            act(va_number)
        assert invoice_scenario.dump_without_audit_ids() == expected, f"killed at call {at}"
