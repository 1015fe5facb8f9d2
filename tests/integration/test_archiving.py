"""Archive and reissue: what the tables say afterwards, whatever came in between and wherever a run was killed."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from invoicing import archiving, clock, reminders
from invoicing.archiving import ArchiveOutcome, Target, archive_invoice, archive_invoices, archive_upload
from invoicing.errors import (
    BillerNotActiveError,
    BusyError,
    InquiredRecentlyError,
    InvoiceChangedError,
    InvoiceNotFoundError,
    InvoiceStateError,
    UploadStateError,
)
from invoicing.settings import get_settings
from invoicing.store import dynamodb, files, invoices, transactions, uploads
from invoicing.uploads import Upload
from tests.integration import faults, invoice_scenario, scenario
from tests.integration.conftest import Aws
from upload import writing

pytestmark = pytest.mark.usefixtures("aws", "still_clock")

SHOP = scenario.SHOP.biller_id
CLERK = invoice_scenario.CLERK
INVOICES = 7


@pytest.fixture
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: scenario.NOW)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


@pytest.fixture
def issued(aws: Aws, still_clock: None, tmp_path: Path) -> Upload:
    scenario.register(scenario.SHOP)
    return invoice_scenario.issue(tmp_path, *(scenario.make_draft(index) for index in range(INVOICES)))


def archive(number: str = "INV-0000", **options: Any) -> archiving.ArchiveResult:
    return archive_invoice(SHOP, number, **({"by": CLERK, "reason": "salah jumlah"} | options))


# --- One -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("issued")
def test_archive_closes_the_account_tells_the_payers_and_keeps_the_invoice() -> None:
    before = invoice_scenario.current("INV-0000")
    va_number = before["va_number"]

    result = archive()

    assert (result.outcome, result.va_number) == (ArchiveOutcome.ARCHIVED, va_number)
    assert invoices.load_current_invoice(SHOP, "INV-0000") is None
    kept = invoice_scenario.archived("INV-0000", va_number)
    at = clock.to_text(scenario.NOW)
    assert (kept["status"], kept["archived_at"], kept["archived_by"]) == ("archived", at, CLERK)
    assert kept["archive_reason"] == "salah jumlah"
    for member in ("amount", "due_date", "recipients", "upload_id", "row", "created_at", "payer_code"):
        assert kept[member] == before[member]
    account = invoice_scenario.account(va_number)
    assert (account["state"], account["closed_at"], account["closed_reason"]) == ("closed", at, "archived")
    told = invoice_scenario.list_notices(va_number, "archived")
    assert sorted(notice["recipient"] for notice in told) == ["p0@example.com", "q0@example.com"]
    assert {notice["lane"] for notice in told} == {"express"}
    (entry,) = invoice_scenario.list_audit("archive_invoice")
    assert (entry["user_id"], entry["subject"], entry["reason"]) == (CLERK, va_number, "salah jumlah")


@pytest.mark.usefixtures("issued")
def test_archived_invoice_is_on_the_archived_list_only() -> None:
    archive()
    table = get_settings().invoices_table
    items = [item for item in scenario.read_table(table) if item["number"] == "INV-0000"]
    by_status = [item["by_status_pk"].rsplit("#", 1)[0] for item in items if "by_status_pk" in item]
    assert by_status == [f"{SHOP}#archived"]
    (mark,) = [item for item in items if item["sk"] == "current"]
    assert set(mark) == {"pk", "sk", "biller_id", "number", "status", "va_number", "last_va"}


@pytest.mark.usefixtures("issued")
def test_archive_without_notice_tells_programs_only() -> None:
    va_number = archive(notify=False).va_number
    assert va_number
    assert invoice_scenario.list_notices(va_number, "archived") == []
    (event,) = invoice_scenario.list_notices(va_number, "archived", to_programs=True)
    assert event["channel"] == "event"


@pytest.mark.usefixtures("issued")
def test_archive_again_changes_nothing() -> None:
    first = archive()
    after = scenario.dump_tables()
    assert archive().outcome is ArchiveOutcome.ALREADY_ARCHIVED
    assert archive(va_number=first.va_number).outcome is ArchiveOutcome.ALREADY_ARCHIVED
    assert scenario.dump_tables() == after


@pytest.mark.usefixtures("issued")
def test_archive_of_a_paid_invoice_is_refused_and_changes_nothing() -> None:
    invoice = invoice_scenario.current("INV-0001")
    assert invoice_scenario.pay_at_bank(SHOP, "INV-0001", invoice["va_number"], invoice["amount"])
    before = scenario.dump_tables()
    with pytest.raises(InvoiceStateError, match="paid"):
        archive("INV-0001")
    assert scenario.dump_tables() == before


@pytest.mark.usefixtures("issued")
def test_payment_after_the_archive_is_refused() -> None:
    invoice = invoice_scenario.current("INV-0001")
    archive("INV-0001")
    before = scenario.dump_tables()
    assert not invoice_scenario.pay_at_bank(SHOP, "INV-0001", invoice["va_number"], invoice["amount"])
    assert scenario.dump_tables() == before


@pytest.mark.usefixtures("issued")
def test_payment_between_look_and_archive_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = invoice_scenario.current("INV-0002")
    commit, paid = transactions.commit_each, []

    def pay_first(changes: Any) -> Any:
        if not paid:
            paid.append(invoice_scenario.pay_at_bank(SHOP, "INV-0002", invoice["va_number"], invoice["amount"]))
        return commit(changes)

    monkeypatch.setattr(archiving, "commit_each", pay_first)
    with pytest.raises(InvoiceStateError, match="paid"):
        archive("INV-0002")
    assert paid == [True]
    assert invoice_scenario.account(invoice["va_number"])["state"] == "paid"
    assert invoice_scenario.list_notices(invoice["va_number"], "archived") == []


@pytest.mark.usefixtures("issued")
def test_change_between_look_and_archive_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    commit, paused = transactions.commit_each, []

    def pause_first(changes: Any) -> Any:
        if not paused:
            paused.append(reminders.pause_invoice_reminders(SHOP, "INV-0002", by=CLERK))
        return commit(changes)

    monkeypatch.setattr(archiving, "commit_each", pause_first)
    va_number = archive("INV-0002").va_number
    assert va_number
    assert invoice_scenario.archived("INV-0002", va_number)["reminders_paused"]["by"] == CLERK


@pytest.mark.usefixtures("issued")
def test_unknown_number_and_another_billers_number_look_alike() -> None:
    scenario.register(scenario.SCHOOL)
    with pytest.raises(InvoiceNotFoundError):
        archive("INV-9999")
    with pytest.raises(InvoiceNotFoundError):
        archive_invoice(scenario.SCHOOL.biller_id, "INV-0000", by=CLERK, reason="-")
    va_number = invoice_scenario.current("INV-0000")["va_number"]
    with pytest.raises(InvoiceNotFoundError):
        archive_invoice(scenario.SCHOOL.biller_id, "INV-0000", by=CLERK, reason="-", va_number=va_number)
    assert invoice_scenario.account(va_number)["state"] == "open"


@pytest.mark.usefixtures("issued")
def test_number_that_belongs_to_another_invoice_by_now_is_not_archived() -> None:
    other = invoice_scenario.current("INV-0001")["va_number"]
    with pytest.raises(InvoiceChangedError):
        archive("INV-0000", va_number=other)


@pytest.mark.usefixtures("issued")
def test_invoice_that_was_changed_since_it_was_seen_is_not_archived() -> None:
    reminders.pause_invoice_reminders(SHOP, "INV-0000", by=CLERK)
    with pytest.raises(InvoiceChangedError):
        archive(revision=0)
    assert archive(revision=1).outcome is ArchiveOutcome.ARCHIVED


@pytest.mark.usefixtures("issued")
def test_suspended_biller_archives_nothing() -> None:
    dynamodb.client().update_item(
        TableName=get_settings().billers_table,
        Key={"pk": {"S": SHOP}},
        UpdateExpression="SET #state = :state",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": {"S": "suspended"}},
    )
    with pytest.raises(BillerNotActiveError):
        archive()


# --- Minutes after an inquiry ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("issued")
@pytest.mark.parametrize(("minutes", "warned"), [(0, True), (14.9, True), (15.1, False), (600, False)])
def test_clerk_is_warned_while_an_inquiry_is_minutes_old(minutes: float, warned: bool) -> None:
    va_number = invoice_scenario.current("INV-0000")["va_number"]
    invoice_scenario.inquire(va_number, scenario.NOW - timedelta(minutes=minutes))
    if warned:
        with pytest.raises(InquiredRecentlyError):
            archive()
        assert invoice_scenario.account(va_number)["state"] == "open"
        assert archive(confirmed=True).outcome is ArchiveOutcome.ARCHIVED
    else:
        assert archive().outcome is ArchiveOutcome.ARCHIVED


@pytest.mark.usefixtures("issued")
def test_inquiry_between_look_and_archive_warns_too(monkeypatch: pytest.MonkeyPatch) -> None:
    va_number = invoice_scenario.current("INV-0000")["va_number"]
    commit, asked = transactions.commit_each, []

    def inquire_first(changes: Any) -> Any:
        if not asked:
            asked.append(invoice_scenario.inquire(va_number, scenario.NOW))
        return commit(changes)

    monkeypatch.setattr(archiving, "commit_each", inquire_first)
    with pytest.raises(InquiredRecentlyError):
        archive()
    assert invoice_scenario.account(va_number)["state"] == "open"


# --- Many ------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("issued")
def test_each_of_many_has_its_own_outcome_in_the_order_asked() -> None:
    paid = invoice_scenario.current("INV-0001")
    invoice_scenario.pay_at_bank(SHOP, "INV-0001", paid["va_number"], paid["amount"])
    invoice_scenario.inquire(invoice_scenario.current("INV-0002")["va_number"], scenario.NOW)
    archive("INV-0003")
    targets = [Target(number) for number in ("INV-0003", "INV-9", "INV-0001", "inv-0004", "INV-0002", "INV-0000")]
    results = archive_invoices(SHOP, [*targets, targets[3]], by=CLERK, reason="-")

    assert [result.outcome.value for result in results] == [
        "already_archived",
        "not_found",
        "paid",
        "archived",
        "inquired_recently",
        "archived",
        "archived",
    ]
    assert len(invoice_scenario.list_audit("archive_invoice")) == 3


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three invoices a call, two a transaction: every border is met with a handful of rows."""
    monkeypatch.setattr(archiving, "MAX_INVOICES", 3)
    monkeypatch.setattr(transactions, "MAX_TRANSACTION_ITEMS", 12)


def archive_all(upload: Upload, **options: Any) -> list[archiving.ArchiveResult]:
    results: list[archiving.ArchiveResult] = []
    cursor: int | None = 0
    while cursor is not None:
        page, cursor = archive_upload(
            SHOP, upload.upload_id, **({"by": CLERK, "reason": "unggahan salah", "cursor": cursor} | options)
        )
        results += page
    return results


@pytest.mark.usefixtures("small_pages")
def test_upload_is_archived_page_by_page_and_again_changes_nothing(issued: Upload) -> None:
    results = archive_all(issued)
    assert [result.number for result in results] == [f"INV-{index:04d}" for index in range(INVOICES)]
    assert {result.outcome for result in results} == {ArchiveOutcome.ARCHIVED}
    assert {item["state"] for item in scenario.read_table(get_settings().virtual_accounts_table)} == {"closed"}
    after = scenario.dump_tables()
    assert {result.outcome for result in archive_all(issued)} == {ArchiveOutcome.ALREADY_ARCHIVED}
    assert scenario.dump_tables() == after


@pytest.mark.usefixtures("small_pages")
def test_archive_of_an_upload_needs_no_plan_and_leaves_other_uploads_alone(issued: Upload, tmp_path: Path) -> None:
    files.delete_all_versions([files.plan_key(SHOP, issued.upload_id)])
    archive("INV-0003")
    corrected = invoice_scenario.issue(tmp_path, scenario.make_draft(3, amount=5), scenario.make_draft(50))
    outcomes = {result.number: result.outcome for result in archive_all(issued)}
    assert outcomes["INV-0003"] is ArchiveOutcome.ALREADY_ARCHIVED
    assert invoice_scenario.current("INV-0003")["upload_id"] == corrected.upload_id
    assert invoice_scenario.current("INV-0050")["status"] == "open"


def test_upload_that_is_still_written_cannot_be_archived(tmp_path: Path) -> None:
    scenario.register(scenario.SHOP)
    upload = scenario.release(scenario.make_waiting_upload(tmp_path, [scenario.make_draft(0)]))
    with pytest.raises(UploadStateError):
        archive_all(upload)


@pytest.mark.usefixtures("small_pages")
def test_archive_of_an_upload_killed_at_any_call_then_repeated_ends_as_if_never_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoicing.uploading.ULID", lambda: "01KAQ0000000000000000000AA")

    def start() -> Upload:
        invoice_scenario.empty_tables()
        scenario.register(scenario.SHOP)
        return invoice_scenario.issue(tmp_path, *(scenario.make_draft(index) for index in range(4)))

    upload = start()
    with faults.CallCounter([dynamodb.client()], faults.kill, None, after=True).installed() as counter:
        archive_all(upload)
    expected = invoice_scenario.dump_without_audit_ids()
    assert counter.calls >= 12
    for at in range(counter.calls):
        upload = start()
        fault = faults.CallCounter([dynamodb.client()], faults.kill, at, after=True)
        with fault.installed(), contextlib.suppress(faults.Killed):
            archive_all(upload)
        results = archive_all(upload)
        assert {result.outcome for result in results} <= {ArchiveOutcome.ARCHIVED, ArchiveOutcome.ALREADY_ARCHIVED}
        assert invoice_scenario.dump_without_audit_ids() == expected, f"killed at call {at}"


@pytest.fixture
def at_transaction(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Let one TransactWriteItems answer with these codes instead of being sent."""

    def install(codes: list[str], *, times: int) -> list[int]:
        commit, calls = dynamodb.commit, []

        def answer(writes: list[dict[str, Any]]) -> list[str] | None:
            calls.append(len(writes))
            if len(calls) <= times:
                return (codes * len(writes))[: len(writes)]
            return commit(writes)

        monkeypatch.setattr(transactions.dynamodb, "commit", answer)
        return calls

    return install


@pytest.mark.usefixtures("issued")
@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_conflict_or_throttle_sends_the_same_set_again(at_transaction: Callable[..., list[int]], code: str) -> None:
    calls = at_transaction([code], times=2)
    assert archive().outcome is ArchiveOutcome.ARCHIVED
    assert len(calls) == 3
    assert len(set(calls)) == 1


@pytest.mark.usefixtures("issued")
def test_endless_conflict_is_told_and_changes_nothing(at_transaction: Callable[..., list[int]]) -> None:
    before = scenario.dump_tables()
    at_transaction(["TransactionConflict"], times=1000)
    with pytest.raises(BusyError):
        archive()
    assert scenario.dump_tables() == before


# --- Reissue ---------------------------------------------------------------------------------------------------------


def assert_linked(number: str, old_va: str, amount: int) -> None:
    new = invoice_scenario.current(number)
    old = invoice_scenario.archived(number, old_va)
    assert (new["amount"], new["status"], new["replaces"]) == (amount, "open", old_va)
    assert (old["replaced_by"], old["status"]) == (new["va_number"], "archived")
    assert invoice_scenario.account(new["va_number"])["state"] == "open"
    assert invoice_scenario.account(old_va)["state"] == "closed"


@pytest.mark.usefixtures("issued")
def test_corrected_upload_takes_the_number_and_both_name_each_other(tmp_path: Path) -> None:
    old = archive("INV-0001").va_number
    assert old
    corrected = invoice_scenario.issue(tmp_path, scenario.make_draft(1, amount=77_000), scenario.make_draft(60))

    assert_linked("INV-0001", old, 77_000)
    assert "replaces" not in invoice_scenario.current("INV-0060")
    assert uploads.load_upload(SHOP, corrected.upload_id).totals == {
        "written": 2,
        "written_amount": 77_000 + 100_060,
        "written_already_there": 0,
        "conflicts": 0,
    }


@pytest.mark.usefixtures("issued")
def test_writer_needs_no_more_requests_for_numbers_that_the_check_saw_free(
    tmp_path: Path, at_transaction: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive("INV-0001")
    calls = at_transaction([], times=0)
    monkeypatch.setattr(writing.dynamodb, "commit", transactions.dynamodb.commit)
    invoice_scenario.issue(tmp_path, scenario.make_draft(1, amount=77_000), scenario.make_draft(60))
    # Two invoices with an account and two notices each, and one link.
    assert calls == [9]


@pytest.mark.parametrize("limit", [100, 8])
def test_number_archived_between_check_and_write_is_linked_too(
    issued: Upload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """Eight members hold two invoices without links, but not with them."""
    monkeypatch.setattr(writing, "MAX_TRANSACTION_ITEMS", limit)
    drafts = [scenario.make_draft(index, amount=9_000 + index) for index in range(INVOICES)]
    with monkeypatch.context() as patch:
        # The check finds nothing of these numbers, as if they had been created and archived since.
        patch.setattr("upload.existing.invoices.look_up_numbers", lambda *_args, **_options: ({}, {}))
        waiting = scenario.make_waiting_upload(tmp_path, drafts)
    old = {result.number: result.va_number for result in archive_all(issued)}
    scenario.release(waiting)
    scenario.write_all_chunks()

    for index in range(INVOICES):
        number = f"INV-{index:04d}"
        assert_linked(number, old[number] or "", 9_000 + index)
    done = uploads.load_upload(SHOP, waiting.upload_id)
    assert done.totals
    assert (done.totals["written"], done.totals["conflicts"]) == (INVOICES, 0)


@pytest.mark.usefixtures("issued")
def test_number_taken_by_another_upload_after_the_check_saw_it_free_is_a_conflict(tmp_path: Path) -> None:
    archive("INV-0001")
    first = scenario.make_waiting_upload(tmp_path, [scenario.make_draft(1, amount=11)])
    second = scenario.make_waiting_upload(tmp_path, [scenario.make_draft(1, amount=22)])
    for upload in (first, second):
        scenario.release(upload)
        scenario.write_all_chunks()
    assert invoice_scenario.current("INV-0001")["amount"] == 11
    done = uploads.load_upload(SHOP, second.upload_id)
    assert done.totals
    assert (done.totals["written"], done.totals["conflicts"]) == (0, 1)


@pytest.mark.usefixtures("issued")
def test_number_archived_and_reissued_three_times_is_one_chain(tmp_path: Path) -> None:
    chain = [invoice_scenario.current("INV-0001")["va_number"]]
    for amount in (11, 22, 33):
        archive("INV-0001")
        invoice_scenario.issue(tmp_path, scenario.make_draft(1, amount=amount))
        chain.append(invoice_scenario.current("INV-0001")["va_number"])
    assert_linked("INV-0001", chain[2], 33)
    for old, new in pairwise(chain[:3]):
        assert invoice_scenario.archived("INV-0001", old)["replaced_by"] == new
        assert invoice_scenario.archived("INV-0001", new)["replaces"] == old


def test_messages_of_the_archived_upload_again_bring_nothing_back(issued: Upload) -> None:
    archive_all(issued)
    before = scenario.dump_tables()
    writing.write_chunk(SHOP, issued.upload_id, 0, is_last_try=False)
    assert scenario.dump_tables() == before
