"""Lists, search and the timeline of one invoice: what is found, in which order, at what cost, and by whom."""

from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoicing import clock, invoice_lists, reminders
from invoicing.amending import correct_recipient, extend_due_date
from invoicing.archiving import archive_invoice
from invoicing.errors import CursorError, InvoiceNotFoundError, UploadNotFoundError
from invoicing.invoice_details import describe_invoice
from invoicing.invoice_lists import Filters, Show, list_invoices, search_invoices
from invoicing.outside_payments import Method, OutsidePayment, approve_outside_payment, record_outside_payment
from invoicing.reversing import reverse_payment
from invoicing.settings import get_settings
from invoicing.store import dynamodb, invoices
from invoicing.uploads import Upload
from tests.integration import faults, invoice_scenario, scenario
from tests.integration.conftest import Aws

SHOP, SCHOOL = scenario.SHOP.biller_id, scenario.SCHOOL.biller_id
CLERK, BOSS = invoice_scenario.CLERK, invoice_scenario.BOSS
PHONE = "+6281234567890"


@pytest.fixture(autouse=True)
def still_clock(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: scenario.NOW)
    scenario.register(scenario.SHOP, scenario.SCHOOL)


def write(index: int, *, biller_id: str = SHOP, **changes: Any) -> dict[str, Any]:
    """An open invoice with its account, and no notice."""
    draft: Any = scenario.make_draft(index, **changes)
    writes = invoices.build_invoice_writes(
        biller_id=biller_id,
        upload_id="01JD0000000000000000000000",
        row=index,
        bank_code="028",
        va_number=f"{'88081' if biller_id == SHOP else '88082'}{index:011d}",
        draft=draft,
        created_at=clock.to_text(scenario.NOW),
    )
    # One by one: moto's transactions copy the table each time.
    for put in writes:
        dynamodb.client().put_item(**put["Put"])
    return dict(draft)


def walk(filters: Filters, limit: int = 7, biller_id: str = SHOP) -> list[dict[str, Any]]:
    """Every page from first to last."""
    found: list[dict[str, Any]] = []
    cursor = None
    for _ in range(200):
        page = list_invoices(biller_id, filters, cursor=cursor, limit=limit)
        assert len(page.invoices) <= limit
        found += page.invoices
        cursor = page.cursor
        if cursor is None:
            return found
    raise AssertionError("the list has no end")


def numbers(found: list[dict[str, Any]]) -> list[str]:
    return [invoice["number"] for invoice in found]


def due(index: int) -> str:
    return f"2026-{11 + index % 2:02d}-{1 + index % 28:02d}"


# --- Lists -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [3, 100])
def test_pages_join_to_the_whole_list_by_due_date_and_number(limit: int) -> None:
    drafts = [write(index, due_date=due(index)) for index in range(40)]
    expected = [draft["number"] for draft in sorted(drafts, key=lambda draft: (draft["due_date"], draft["number"]))]
    assert numbers(walk(Filters(Show.OPEN), limit)) == expected
    assert numbers(walk(Filters(Show.OPEN, latest_first=True), limit)) == expected[::-1]


def pay(number: str) -> None:
    invoice = invoice_scenario.current(number)
    assert invoice_scenario.pay_at_bank(SHOP, number, invoice["va_number"], invoice["amount"])


def make_mixture() -> list[dict[str, Any]]:
    """Thirty invoices: every third one paid, every third one archived, classes and payers in turn."""
    drafts = []
    for index in range(30):
        student = {"nis": str(index), "class_name": f"7{'AB'[index % 2]}"}
        until = {"valid_until": "2026-11-22T00:00:00Z"} if index % 5 == 0 else {}
        drafts.append(
            write(index, due_date=due(index), student=student, fee_type="SPP", payer_code=f"C{index % 4}", **until)
        )
        if index % 3 == 1:
            pay(drafts[-1]["number"])
        if index % 3 == 2:
            archive_invoice(SHOP, drafts[-1]["number"], by=CLERK, reason="-")
    return drafts


def status_of(index: int) -> str:
    return ("open", "paid", "archived")[index % 3]


def test_each_filter_lets_through_what_it_says() -> None:
    drafts = make_mixture()
    today = "2026-11-23"

    def expect(matches: Any) -> list[str]:
        chosen = [draft for index, draft in enumerate(drafts) if matches(index, draft)]
        return [draft["number"] for draft in sorted(chosen, key=lambda draft: (draft["due_date"], draft["number"]))]

    cases: list[tuple[Filters, Any]] = [
        (Filters(), lambda *_: True),
        (Filters(Show.OPEN), lambda i, _: status_of(i) == "open"),
        (Filters(Show.PAID), lambda i, _: status_of(i) == "paid"),
        (Filters(Show.ARCHIVED), lambda i, _: status_of(i) == "archived"),
        (Filters(Show.OVERDUE), lambda i, d: status_of(i) == "open" and d["due_date"] < today),
        (Filters(Show.EXPIRED), lambda i, _: status_of(i) == "open" and i % 5 == 0),
        (Filters(Show.OPEN, class_name="7A"), lambda i, _: status_of(i) == "open" and i % 2 == 0),
        (Filters(fee_type="Seragam"), lambda *_: False),
        (
            Filters(due_from=date(2026, 11, 5), due_to=date(2026, 11, 20)),
            lambda _, d: "2026-11-05" <= d["due_date"] <= "2026-11-20",
        ),
        (Filters(payer_key="payer:C2"), lambda i, _: i % 4 == 2),
        (Filters(Show.PAID, payer_key="payer:C2"), lambda i, _: i % 4 == 2 and status_of(i) == "paid"),
        (
            Filters(Show.OVERDUE, due_to=date(2026, 11, 10)),
            lambda i, d: status_of(i) == "open" and d["due_date"] <= "2026-11-10",
        ),
    ]
    for filters, matches in cases:
        assert numbers(walk(filters)) == expect(matches), filters


def test_number_archived_twice_on_one_due_date_is_on_the_list_twice(tmp_path: Path) -> None:
    for _ in range(2):
        invoice_scenario.issue(tmp_path, scenario.make_draft(1))
        archive_invoice(SHOP, "INV-0001", by=CLERK, reason="-")
    assert numbers(walk(Filters(Show.ARCHIVED), limit=1)) == ["INV-0001"] * 2
    assert numbers(walk(Filters(Show.ARCHIVED, latest_first=True), limit=1)) == ["INV-0001"] * 2


def test_first_page_costs_the_same_requests_for_ten_and_for_hundreds() -> None:
    def count(show: Show | None) -> int:
        with faults.CallCounter([dynamodb.client()], lambda: None, None, after=False).installed() as counter:
            list_invoices(SHOP, Filters(show), limit=50)
        return counter.calls

    for index in range(10):
        write(index)
    few = count(Show.OPEN), count(Show.OVERDUE), count(None)
    for index in range(10, 250):
        write(index, due_date=due(index))
    assert (count(Show.OPEN), count(Show.OVERDUE), count(None)) == few == (8, 8, 24)


def test_filter_that_lets_little_through_reads_a_bounded_number_per_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoice_lists, "MAX_EXAMINED", 20)
    for index in range(60):
        write(index, due_date=due(index), fee_type="SPP" if index else "Seragam")
    page = list_invoices(SHOP, Filters(Show.OPEN, fee_type="Seragam"), limit=5)
    assert page.cursor
    assert numbers(walk(Filters(Show.OPEN, fee_type="Seragam"), limit=5)) == ["INV-0000"]


@pytest.fixture
def uploaded(tmp_path: Path) -> Upload:
    return invoice_scenario.issue(tmp_path, *(scenario.make_draft(index, due_date=due(index)) for index in range(9)))


def test_list_of_an_upload_is_by_row_and_has_what_was_paid_and_archived(uploaded: Upload) -> None:
    pay("INV-0002")
    archive_invoice(SHOP, "INV-0003", by=CLERK, reason="-")
    write(50)
    everything = walk(Filters(upload_id=uploaded.upload_id), limit=4)
    assert numbers(everything) == [f"INV-{index:04d}" for index in range(9)]
    assert [invoice["status"] for invoice in everything] == ["open", "open", "paid", "archived", *["open"] * 5]
    assert numbers(walk(Filters(Show.PAID, upload_id=uploaded.upload_id), limit=2)) == ["INV-0002"]
    with pytest.raises(UploadNotFoundError):
        list_invoices(SCHOOL, Filters(upload_id=uploaded.upload_id))


def test_other_billers_list_is_empty() -> None:
    write(1)
    assert walk(Filters(), biller_id=SCHOOL) == []


def test_cursor_of_other_filters_or_made_up_is_refused() -> None:
    for index in range(20):
        write(index)
    cursor = list_invoices(SHOP, Filters(Show.OPEN), limit=5).cursor
    assert cursor
    for filters, made_up in [
        (Filters(Show.PAID), cursor),
        (Filters(Show.OPEN, latest_first=True), cursor),
        (Filters(Show.OPEN), "x"),
        (Filters(Show.OPEN), "é"),
        (Filters(Show.OPEN), cursor[:-3]),
        (Filters(Show.OPEN), "W10"),
        (Filters(Show.OPEN), "A" * 5_000),
    ]:
        with pytest.raises(CursorError):
            list_invoices(SHOP, filters, cursor=made_up)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.hex()))
def test_no_text_as_a_cursor_is_a_defect(given_cursor: str) -> None:
    with pytest.raises(CursorError):
        invoice_lists._read_cursor(Filters(), given_cursor)


# --- Search ----------------------------------------------------------------------------------------------------------


def test_search_finds_by_number_account_phone_and_address_archived_ones_too(tmp_path: Path) -> None:
    recipients = [{"name": "Ibu Sari", "email": "sari@example.com"}]
    invoice_scenario.issue(tmp_path, scenario.make_draft(1, recipients=recipients), scenario.make_draft(2))
    old = archive_invoice(SHOP, "INV-0001", by=CLERK, reason="-").va_number
    invoice_scenario.issue(tmp_path, scenario.make_draft(1, recipients=recipients, amount=5))
    new = invoice_scenario.current("INV-0001")["va_number"]
    assert old

    def find(wanted: str, biller_id: str = SHOP) -> list[str]:
        return [invoice["va_number"] for invoice in search_invoices(biller_id, wanted)]

    assert find("inv-0001") == [new, old]
    assert find(f" {new[:4]} {new[4:]} ") == [new]
    assert find(old) == [old]
    assert sorted(find("SARI@example.com")) == sorted([new, old])
    assert find("INV") == find("") == find("99999999999") == find("nobody@example.com") == []
    for wanted in ("INV-0001", new, "sari@example.com"):
        assert find(wanted, SCHOOL) == []


def test_search_by_phone_reads_it_as_people_write_it(tmp_path: Path) -> None:
    recipients = [{"sms": PHONE}]
    drafts = [scenario.make_draft(index, recipients=recipients, channels=["sms"]) for index in (1, 2)]
    invoice_scenario.issue(tmp_path, *drafts, scenario.make_draft(3))
    for wanted in ("081234567890", "+62 812-3456-7890", "6281234567890"):
        assert sorted(numbers(search_invoices(SHOP, wanted))) == ["INV-0001", "INV-0002"]


# --- Details ---------------------------------------------------------------------------------------------------------


def test_timeline_has_everything_that_happened_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instant = scenario.NOW

    def pass_an_hour() -> None:
        nonlocal instant
        instant = instant.replace(hour=instant.hour + 1)
        monkeypatch.setattr(clock, "now", lambda: instant)

    invoice_scenario.issue(tmp_path, scenario.make_draft(1))
    va_number = invoice_scenario.current("INV-0001")["va_number"]
    pass_an_hour()
    extend_due_date(SHOP, "INV-0001", by=CLERK, due_date=date(2027, 1, 15))
    pass_an_hour()
    correct_recipient(SHOP, "INV-0001", 0, {"email": "benar@example.com"}, by=CLERK)
    pass_an_hour()
    reminders.pause_invoice_reminders(SHOP, "INV-0001", by=CLERK)
    pass_an_hour()
    record_outside_payment(SHOP, "INV-0001", OutsidePayment(Method.CASH, 100_001), by=CLERK)
    pass_an_hour()
    approve_outside_payment(SHOP, "INV-0001", by=BOSS)
    pass_an_hour()
    opened = reverse_payment(SHOP, "INV-0001", proposed_by=CLERK, approved_by=BOSS, reason="salah catat")

    told = describe_invoice(SHOP, va_number=va_number)
    events = [event["event"] for event in told["timeline"]]
    assert [event["at"] for event in told["timeline"]] == sorted(event["at"] for event in told["timeline"])
    in_order = [
        "created",
        "extend_due_date",
        "correct_recipient",
        "reminders_paused",
        "record_outside_payment",
        "post_outside_payment",
        "payment_posted",
        "reverse_payment",
        "payment_reversed",
    ]
    assert [event for event in events if not event.startswith("notice_")] == in_order
    # Two first notices, one to the corrected address, two receipts.
    mails = [event for event in told["timeline"] if event["event"] == "notice_created" and event["channel"] == "email"]
    assert len(mails) == 5
    assert (told["status"], told["archive_reason"], told["others"]) == (
        "archived",
        "payment_reversed",
        [opened["va_number"]],
    )
    again = describe_invoice(SHOP, number="INV-0001")
    assert (again["va_number"], again["replaces"], again["others"]) == (opened["va_number"], va_number, [va_number])
    assert again["reminders_paused"]["by"] == CLERK


def test_refused_attempts_are_in_the_timeline(tmp_path: Path) -> None:
    invoice_scenario.issue(tmp_path, scenario.make_draft(1))
    va_number = invoice_scenario.current("INV-0001")["va_number"]
    attempt = {
        "pk": "028#request-9",
        "sk": "attempt#2026-11-23#client#77",
        "payment_id": "028#request-9",
        "biller_id": SHOP,
        "va_number": va_number,
        "amount": 5,
        "verdict": "invalid_amount",
        "refused_at": clock.to_text(scenario.NOW),
        "by_va_pk": f"028#{va_number}",
        "by_va_sk": clock.to_text(scenario.NOW),
    }
    dynamodb.client().put_item(TableName=get_settings().payments_table, Item=dynamodb.to_item(attempt))
    (refused,) = [
        event
        for event in describe_invoice(SHOP, va_number=va_number)["timeline"]
        if event["event"] == "payment_refused"
    ]
    assert (refused["verdict"], refused["amount"]) == ("invalid_amount", 5)


def test_contacts_are_masked_unless_asked_for_and_keys_stay_inside(tmp_path: Path) -> None:
    invoice_scenario.issue(tmp_path, scenario.make_draft(1))
    masked = describe_invoice(SHOP, number="INV-0001")
    assert masked["recipients"] == [
        {"name": "Pelanggan 1", "email": "p***@example.com"},
        {"email": "q***@example.com"},
    ]
    assert "p1@example.com" not in orjson.dumps(masked).decode()
    assert not {"pk", "sk", "by_status_pk", "changes"} & set(masked)
    shown = describe_invoice(SHOP, number="INV-0001", show_contacts=True)
    assert shown["recipients"][0]["email"] == "p1@example.com"


def test_another_billers_invoice_looks_like_none(tmp_path: Path) -> None:
    invoice_scenario.issue(tmp_path, scenario.make_draft(1))
    va_number = invoice_scenario.current("INV-0001")["va_number"]
    for options in ({"number": "INV-0001"}, {"va_number": va_number}, {"va_number": "1234567890123456"}):
        with pytest.raises(InvoiceNotFoundError):
            describe_invoice(SCHOOL, **options)
