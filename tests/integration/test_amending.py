"""Due dates that are put off and contacts that are corrected: index keys, accounts, reminders and notices follow."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from invoicing import amending, clock, current_invoices
from invoicing.amending import correct_recipient, extend_due_date
from invoicing.archiving import archive_invoice
from invoicing.current_invoices import Seen
from invoicing.errors import ContactError, DueDateError, InvoiceChangedError, InvoiceNotFoundError, InvoiceStateError
from invoicing.notices import NoticeRef
from invoicing.settings import get_settings
from invoicing.store import billers, invoices
from remind.planning import plan_reminders
from remind.runs import Run
from tests.integration import invoice_scenario, notify_scenario, scenario
from tests.integration.conftest import Aws

SHOP = scenario.SHOP.biller_id
CLERK = invoice_scenario.CLERK
UNTIL = "2027-01-31T16:59:59Z"


@pytest.fixture
def time_flies(monkeypatch: pytest.MonkeyPatch) -> notify_scenario.Clock:
    present = notify_scenario.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", present.now)
    return present


@pytest.fixture(autouse=True)
def issued(aws: Aws, time_flies: notify_scenario.Clock, tmp_path: Path) -> None:
    """The second bill has an end of validity; the third one no payer code."""
    scenario.register(scenario.SHOP)
    plain = scenario.make_draft(3)
    del plain["payer_code"]
    drafts = [scenario.make_draft(1), scenario.make_draft(2, valid_until=UNTIL), plain]
    invoice_scenario.issue(tmp_path, *drafts)


def extend(number: str = "INV-0001", **options: Any) -> dict[str, Any]:
    return extend_due_date(SHOP, number, **({"by": CLERK, "due_date": date(2027, 1, 15)} | options))


# --- Due dates -------------------------------------------------------------------------------------------------------


def test_due_date_and_both_index_keys_move() -> None:
    extended = extend(reason="minta waktu")
    assert extended["due_date"] == "2027-01-15"
    (item,) = [item for item in scenario.read_table(get_settings().invoices_table) if item["number"] == "INV-0001"]
    assert (item["by_status_sk"], item["by_payer_sk"]) == ("2027-01-15#INV-0001", "2027-01-15#INV-0001")
    assert (item["revision"], item["extensions"]) == (1, 1)
    (entry,) = invoice_scenario.list_audit("extend_due_date")
    assert (entry["before"]["due_date"], entry["after"]["due_date"]) == ("2026-12-31", "2027-01-15")
    assert (entry["user_id"], entry["reason"]) == (CLERK, "minta waktu")


def test_invoice_without_payer_gets_no_payer_key() -> None:
    extend("INV-0003")
    (item,) = [item for item in scenario.read_table(get_settings().invoices_table) if item["number"] == "INV-0003"]
    assert "by_payer_sk" not in item


@pytest.mark.parametrize(
    ("due_date", "valid_until", "expected"),
    [
        # It lasts longer than the new due date: it stays.
        (date(2027, 1, 15), None, UNTIL),
        # It would end before the end of the new due date, in Jakarta.
        (date(2027, 2, 10), None, "2027-02-10T16:59:59Z"),
        (date(2027, 2, 10), datetime(2027, 3, 1, 5, tzinfo=UTC), "2027-03-01T05:00:00Z"),
        (date(2026, 12, 31), datetime(2027, 3, 1, 5, tzinfo=UTC), "2027-03-01T05:00:00Z"),
    ],
)
def test_end_of_validity_moves_with_the_account(due_date: date, valid_until: datetime | None, expected: str) -> None:
    extended = extend("INV-0002", due_date=due_date, valid_until=valid_until)
    assert extended["valid_until"] == expected
    assert invoice_scenario.account(extended["va_number"])["valid_until"] == expected


def test_bill_without_end_of_validity_keeps_none() -> None:
    assert "valid_until" not in extend()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"due_date": date(2026, 11, 22)}, "due_date_past"),
        ({"due_date": date(2028, 1, 2)}, "due_date_too_far"),
        ({"due_date": date(2026, 12, 30)}, "due_date_earlier"),
        ({"due_date": date(2027, 3, 1), "valid_until": datetime(2027, 3, 1, 16, tzinfo=UTC)}, "before_due_date"),
        ({"due_date": date(2026, 12, 31), "valid_until": datetime(2027, 1, 31, 16, tzinfo=UTC)}, "valid_until_earlier"),
        ({"due_date": date(2027, 3, 1), "valid_until": datetime(2027, 4, 1)}, "without_zone"),  # noqa: DTZ001
    ],
)
def test_dates_that_cannot_be_are_refused(options: dict[str, Any], code: str) -> None:
    before = scenario.dump_tables()
    with pytest.raises(DueDateError, match=code):
        extend("INV-0002", **options)
    assert scenario.dump_tables() == before


def test_today_in_jakarta_is_early_enough(time_flies: notify_scenario.Clock) -> None:
    # 20:00 UTC on 4 January is 5 January in Jakarta.
    time_flies.instant = datetime(2027, 1, 4, 20, tzinfo=UTC)
    with pytest.raises(DueDateError):
        extend(due_date=date(2027, 1, 4))
    assert extend(due_date=date(2027, 1, 5))["due_date"] == "2027-01-05"


def test_same_dates_again_change_nothing() -> None:
    extend()
    before = scenario.dump_tables()
    assert extend()["due_date"] == "2027-01-15"
    assert scenario.dump_tables() == before


def test_paid_archived_or_unseen_invoice_is_not_extended() -> None:
    paid, archived = invoice_scenario.current("INV-0001"), invoice_scenario.current("INV-0002")
    invoice_scenario.pay_at_bank(SHOP, "INV-0001", paid["va_number"], paid["amount"])
    archive_invoice(SHOP, "INV-0002", by=CLERK, reason="-")
    with pytest.raises(InvoiceStateError):
        extend("INV-0001")
    with pytest.raises(InvoiceNotFoundError):
        extend("INV-0002")
    with pytest.raises(InvoiceChangedError):
        extend("INV-0003", seen=Seen(va_number=archived["va_number"]))
    with pytest.raises(InvoiceChangedError):
        extend("INV-0003", seen=Seen(revision=4))


def test_payment_right_after_the_change_is_no_failure_of_the_change(monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = invoice_scenario.current("INV-0001")
    commit = current_invoices.commit_each

    def commit_then_pay(changes: Any) -> list[bool]:
        made = commit(changes)
        assert invoice_scenario.pay_at_bank(SHOP, "INV-0001", invoice["va_number"], invoice["amount"])
        return made

    monkeypatch.setattr(current_invoices, "commit_each", commit_then_pay)
    extended = extend()
    assert (extended["due_date"], extended["status"]) == ("2027-01-15", "paid")


def test_payment_between_look_and_extension_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = invoice_scenario.current("INV-0001")
    load, paid = amending.load_invoice, []

    def load_then_pay(*given: Any) -> dict[str, Any]:
        loaded = load(*given)
        if not paid:
            paid.append(invoice_scenario.pay_at_bank(SHOP, "INV-0001", invoice["va_number"], invoice["amount"]))
        return loaded

    monkeypatch.setattr(amending, "load_invoice", load_then_pay)
    with pytest.raises(InvoiceStateError):
        extend()
    after = invoice_scenario.current("INV-0001")
    assert (after["due_date"], after["status"], after["by_status_sk"]) == ("2026-12-31", "paid", "2026-12-31#INV-0001")


def remind_on(day: date, present: notify_scenario.Clock) -> None:
    present.instant = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
    plan_reminders(Run(SHOP, day, None), lambda: timedelta(minutes=5))


def test_reminders_follow_the_new_date_and_each_step_comes_once_more(time_flies: notify_scenario.Clock) -> None:
    va_number = invoice_scenario.current("INV-0001")["va_number"]
    offset = billers.load_biller(SHOP).policy.reminder_offsets[0]
    first_day = date(2026, 12, 31) + timedelta(days=offset)
    remind_on(first_day, time_flies)
    before = invoice_scenario.list_notices(va_number, "reminder")
    assert {notice["step"] for notice in before} == {f"due{offset:+d}"}

    extend(due_date=date(2027, 1, 20))
    remind_on(first_day + timedelta(days=1), time_flies)
    assert invoice_scenario.list_notices(va_number, "reminder") == before
    remind_on(date(2027, 1, 20) + timedelta(days=offset), time_flies)
    after = invoice_scenario.list_notices(va_number, "reminder")
    assert len(after) == 2 * len(before)
    assert {notice["step"] for notice in after} == {f"due{offset:+d}"}


def test_reminder_of_the_old_date_that_still_waits_is_not_sent(time_flies: notify_scenario.Clock) -> None:
    va_number = invoice_scenario.current("INV-0001")["va_number"]
    offset = billers.load_biller(SHOP).policy.reminder_offsets[0]
    remind_on(date(2026, 12, 31) + timedelta(days=offset), time_flies)
    extend(due_date=date(2027, 2, 20))
    time_flies.advance(hours=1)
    for notice in invoice_scenario.list_notices(va_number, "reminder"):
        ref = NoticeRef("028", va_number, notice["sk"])
        assert notify_scenario.send(ref) == []
        assert (notify_scenario.stored(ref)["state"], notify_scenario.stored(ref)["reason"]) == (
            "cancelled",
            "due_date_extended",
        )
    assert notify_scenario.mailbox() == []


# --- Contacts --------------------------------------------------------------------------------------------------------


def correct(position: int = 0, number: str = "INV-0001", **contact: str) -> dict[str, Any]:
    return correct_recipient(SHOP, number, position, contact, by=CLERK)


def refs_of(va_number: str, address: str) -> list[NoticeRef]:
    found = invoice_scenario.list_notices(va_number)
    return [NoticeRef("028", va_number, notice["sk"]) for notice in found if notice["recipient"] == address]


def test_bill_goes_to_the_new_address_and_no_more_to_the_old_one() -> None:
    va_number = invoice_scenario.current("INV-0001")["va_number"]
    corrected = correct(email="Benar@Example.com")
    assert corrected["recipients"] == [
        {"name": "Pelanggan 1", "email": "Benar@example.com"},
        {"email": "q1@example.com"},
    ]
    (old,), (new,) = refs_of(va_number, "p1@example.com"), refs_of(va_number, "Benar@example.com")
    assert notify_scenario.send(old, new, *refs_of(va_number, "q1@example.com")) == []
    states = {
        ref: (notify_scenario.stored(ref)["state"], notify_scenario.stored(ref).get("reason")) for ref in (old, new)
    }
    assert states == {old: ("cancelled", "contact_corrected"), new: ("sent", None)}
    sent = sorted(message.destinations["ToAddresses"][0] for message in notify_scenario.mailbox())
    assert sent == ["Benar@example.com", "q1@example.com"]


def test_audit_and_timeline_have_the_contact_masked() -> None:
    corrected = correct(email="benar@example.com", sms="0812-3456-7890")
    (entry,) = invoice_scenario.list_audit("correct_recipient")
    assert entry["before"] == {"email": "p***@example.com"}
    assert entry["after"] == {"email": "b***@example.com", "sms": "+62812****890"}
    assert corrected["changes"][-1]["after"] == entry["after"]


def test_address_that_comes_back_gets_the_bill_again() -> None:
    va_number = invoice_scenario.current("INV-0001")["va_number"]
    correct(email="salah@example.com")
    correct(email="p1@example.com")
    assert len(refs_of(va_number, "p1@example.com")) == 2


def test_address_that_the_bill_has_already_is_told_nothing_new() -> None:
    va_number = invoice_scenario.current("INV-0001")["va_number"]
    correct(email="q1@example.com")
    assert len(refs_of(va_number, "q1@example.com")) == 1


def test_new_bill_waits_for_the_billers_hours(time_flies: notify_scenario.Clock) -> None:
    va_number = invoice_scenario.current("INV-0001")["va_number"]
    # 22:00 in Jakarta.
    time_flies.instant = datetime(2026, 11, 23, 15, tzinfo=UTC)
    correct(email="benar@example.com")
    (ref,) = refs_of(va_number, "benar@example.com")
    assert notify_scenario.stored(ref)["not_before"] == "2026-11-24T01:00:00.000Z"


def test_same_contact_again_changes_nothing() -> None:
    correct(email="benar@example.com")
    before = scenario.dump_tables()
    correct(email="benar@example.com")
    assert scenario.dump_tables() == before


@pytest.mark.parametrize(
    ("position", "contact", "code"),
    [
        (2, {"email": "a@example.com"}, "no_such_recipient"),
        (0, {"email": ""}, "no_contact_left"),
        (0, {"email": "bukan alamat"}, "email_invalid"),
        (0, {"email": "a@example.com\r\nBcc: b@example.com"}, "email_line_break"),
        (0, {"email": "a@example.com, b@example.com"}, "email_too_many"),
        (0, {"sms": "021-555-0100"}, "phone_landline"),
        (0, {"fax": "1"}, "unknown_field"),
        (0, {"name": "x" * 101}, "name_too_long"),
    ],
)
def test_contact_that_cannot_be_is_refused(position: int, contact: dict[str, str], code: str) -> None:
    before = scenario.dump_tables()
    with pytest.raises(ContactError, match=code):
        correct(position, **contact)
    assert scenario.dump_tables() == before


def test_correction_meets_another_one_and_neither_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    load, others = amending.load_invoice, []

    def load_then_correct(*given: Any) -> dict[str, Any]:
        loaded = load(*given)
        if not others:
            others.append("started")
            correct(1, email="kedua@example.com")
        return loaded

    monkeypatch.setattr(amending, "load_invoice", load_then_correct)
    correct(email="pertama@example.com")
    stored = invoices.load_current_invoice(SHOP, "INV-0001")
    assert stored is not None
    assert [recipient["email"] for recipient in stored["recipients"]] == ["pertama@example.com", "kedua@example.com"]
    assert (stored["revision"], stored["corrections"]) == (2, 2)
