"""Many at once: the product's own functions in threads of this process, against the deployed stack and its functions.

MiniStack's transactions are atomic under threads, which moto's are not. Only what differs from run to run is random:
who comes first. What must hold afterwards is the same for every order.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ulid import ULID

from infra.local import client
from infra.local.cloud import Cloud
from infra.local.logs import read_events
from infra.local.messages import list_messages
from infra.local.sample_workbooks import write_sample
from invoicing import amending, archiving, clock, outside_payments, reversing, uploading
from invoicing.billers import Biller, Module
from invoicing.errors import BusyError, InvoiceStateError, UploadStateError
from invoicing.notices import Channel, NoticeRef, NoticeState, plan_issued_notices
from invoicing.sending_hours import Send
from invoicing.settings import get_settings
from invoicing.store import billers, dynamodb, files, invoices, notices, uploads
from invoicing.uploads import ChunkResult, Upload, UploadStatus
from invoicing.virtual_accounts import build_va_number, is_valid_number
from notify import queues, sending, sweeping
from notify.channels import email
from tests.e2e.at_once import find_errors, register_biller, run_at_once
from tests.integration import bank_scenario, scenario
from upload import checking, writing

SECONDS = 60
"""How long the deployed functions may take on a busy machine."""
CHECKERS = ("budi", "ani", "joko", "rina", "wati", "agus")


@pytest.fixture
def biller(product: Cloud) -> Biller:
    """A biller of this test alone, so that its numbers can be counted."""
    return register_biller(Module.E_INVOICE)


@pytest.fixture
def chunks_of_thirty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans made in this process get small chunks: each is one full transaction (25 invoices) and one of 5."""
    monkeypatch.setattr("upload.existing.MAX_CHUNK_INVOICES", 30)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.2)


def make_drafts(biller: Biller, indexes: range, **changes: Any) -> list[dict[str, Any]]:
    """Invoices with two addresses each that no other test uses."""
    return [
        scenario.make_draft(
            index,
            recipients=[
                {"name": f"Pelanggan {index}", "email": f"p{index}@{biller.biller_id}.example"},
                {"email": f"q{index}@{biller.biller_id}.example"},
            ],
            **changes,
        )
        for index in indexes
    ]


def make_waiting(folder: Path, biller: Biller, indexes: range, **changes: Any) -> Upload:
    return scenario.make_waiting_upload(folder, make_drafts(biller, indexes, **changes), biller=biller)


def release(upload: Upload, checker: str = scenario.CHECKER) -> Upload:
    return uploading.release_upload(
        upload.biller_id, upload.upload_id, released_by=checker, acknowledged=[], send=Send.NOW
    )


def reload(upload: Upload) -> Upload:
    return uploads.load_upload(upload.biller_id, upload.upload_id)


def wait_done(*released: Upload) -> list[Upload]:
    wait_until(lambda: all(reload(upload).status is UploadStatus.DONE for upload in released))
    return [reload(upload) for upload in released]


def write_all_chunks(upload: Upload) -> None:
    """What a writer does with all messages of an upload, in an order of its own."""
    for chunk in random.sample(upload.chunks, len(upload.chunks)):
        writing.write_chunk(upload.biller_id, upload.upload_id, chunk.index, is_last_try=False)


def read_items(table: str, biller: Biller) -> list[dict[str, Any]]:
    """All items of a biller, whatever index they are in."""
    pages = dynamodb.client().get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    items = [dynamodb.from_item(item) for page in pages for item in page["Items"]]
    return [item for item in items if item["biller_id"] == biller.biller_id]


def read_counter(biller: Biller) -> int:
    key = {"pk": {"S": f"{get_settings().bank_code}#{biller.company_code}"}}
    item = dynamodb.client().get_item(TableName=get_settings().counters_table, Key=key, ConsistentRead=True)["Item"]
    return int(item["next"]["N"])


def count_planned(upload: Upload) -> int:
    return sum(chunk.count for chunk in upload.chunks)


def assert_tables_agree(biller: Biller, *done: Upload) -> dict[str, dict[str, Any]]:
    """Each number, account and notice of the biller once and pointing at each other; totals are sums of the tables.

    The answer is the biller's invoices by number.
    """
    settings = get_settings()
    made = read_items(settings.invoices_table, biller)
    accounts = {account["va_number"]: account for account in read_items(settings.virtual_accounts_table, biller)}
    sent = Counter(notice["pk"] for notice in read_items(settings.notices_table, biller))
    assert len({invoice["number"] for invoice in made}) == len(made) == len(accounts)
    for invoice in made:
        account = accounts[invoice["va_number"]]
        assert is_valid_number(account["va_number"])
        assert account["bills"] == [{"number": invoice["number"], "amount": invoice["amount"]}]
        assert (account["upload_id"], account["row"]) == (invoice["upload_id"], invoice["row"])
        assert account["state"] == "open"
    assert sent == {account["pk"]: 2 for account in accounts.values()}
    for upload in done:
        own = [invoice for invoice in made if invoice["upload_id"] == upload.upload_id]
        assert upload.totals
        assert upload.totals["written"] == len(own)
        assert upload.totals["written_amount"] == sum(invoice["amount"] for invoice in own)
        seen = (upload.totals[name] for name in ("written", "written_already_there", "conflicts"))
        assert sum(seen) == count_planned(upload)
    return {invoice["number"]: invoice for invoice in made}


def list_numbers_drawn(upload: Upload, company_code: str) -> list[str]:
    assert upload.va_first is not None
    digits = get_settings().va_customer_number_digits
    return [
        build_va_number(company_code, sequence, digits)
        for sequence in range(upload.va_first, upload.va_first + count_planned(upload))
    ]


# --- Writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("chunks_of_thirty")
def test_sixteen_writers_beside_the_deployed_one_create_everything_once(
    product: Cloud, biller: Biller, tmp_path: Path
) -> None:
    upload = make_waiting(tmp_path, biller, range(60))
    released = release(upload)
    results = run_at_once(*[partial(write_all_chunks, released)] * 16)

    assert find_errors(results) == []
    (done,) = wait_done(released)
    made = assert_tables_agree(biller, done)
    assert done.totals == {
        "written": 60,
        "written_amount": sum(100_000 + index for index in range(60)),
        "written_already_there": 0,
        "conflicts": 0,
    }
    in_plan_order = [made[f"INV-{index:04d}"]["va_number"] for index in range(60)]
    assert in_plan_order == list_numbers_drawn(done, biller.company_code)
    # The cloud's own writer was one of them: it handled each message without a failure.
    wait_until(lambda: count_log_lines(product, "upload-write", "chunk written", upload) >= len(released.chunks))
    assert count_log_lines(product, "upload-write", "chunk not written", upload) == 0
    assert assert_tables_agree(biller, reload(done)) == made


def count_log_lines(cloud: Cloud, group: str, text: str, upload: Upload) -> int:
    messages = (event["message"] for event in read_events(cloud, group))
    return sum(f'"{text}"' in message and upload.upload_id in message for message in messages)


def test_uploads_with_overlapping_numbers_written_at_once_create_each_number_once(
    biller: Biller, tmp_path: Path
) -> None:
    """The second has ten numbers of the first with the same content, ten with another, and twenty of its own."""
    first = make_waiting(tmp_path, biller, range(40))
    drafts = make_drafts(biller, range(20, 60))
    for draft in drafts[10:20]:
        draft["amount"] += 5
    second = scenario.make_waiting_upload(tmp_path, drafts, biller=biller)
    released = [release(first), release(second)]
    results = run_at_once(*(partial(write_all_chunks, upload) for upload in released * 4))

    assert find_errors(results) == []
    done = wait_done(*released)
    made = assert_tables_agree(biller, *done)
    assert sorted(made) == [f"INV-{index:04d}" for index in range(60)]
    totals = [upload.totals or {} for upload in done]
    assert sum(total["written"] for total in totals) == 60
    assert sum(total["written_already_there"] for total in totals) == 10
    assert sum(total["conflicts"] for total in totals) == 10
    for upload in done:
        results_of_chunks: list[ChunkResult] = uploads.load_chunk_results(upload)
        conflicts = [conflict for result in results_of_chunks for conflict in result.conflicts]
        assert all(conflict.fields == ["amount"] for conflict in conflicts)
        # Whoever lost a number said so, and did not overwrite it.
        assert all(made[conflict.number]["upload_id"] != upload.upload_id for conflict in conflicts)


# --- Releasing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 8])
def test_uploads_of_one_biller_released_at_once_draw_disjoint_ranges(
    biller: Biller, tmp_path: Path, count: int
) -> None:
    waiting = [make_waiting(tmp_path, biller, range(10 * index, 10 * index + 3 + index)) for index in range(count)]
    results = run_at_once(*(partial(release, upload) for upload in waiting))

    assert find_errors(results) == []
    drawn = sorted((upload.va_first, count_planned(upload)) for upload in results)
    starts = [sum(planned for _, planned in drawn[:index]) for index in range(count)]
    assert [first for first, _ in drawn] == starts
    assert read_counter(biller) == sum(3 + index for index in range(count))
    made = assert_tables_agree(biller, *wait_done(*waiting))
    numbers = sorted(invoice["va_number"] for invoice in made.values())
    assert numbers == sorted(number for upload in results for number in list_numbers_drawn(upload, biller.company_code))


def test_upload_released_by_several_checkers_at_once_has_one_releaser(biller: Biller, tmp_path: Path) -> None:
    upload = make_waiting(tmp_path, biller, range(4))
    results = run_at_once(*(partial(release, upload, checker) for checker in CHECKERS))

    refused = find_errors(results)
    assert [type(error) for error in refused] == [UploadStateError] * (len(CHECKERS) - 1)
    (winner,) = [result for result in results if isinstance(result, Upload)]
    assert (winner.va_first, read_counter(biller)) == (0, 4)
    (done,) = wait_done(upload)
    assert (done.released_by, done.va_first) == (winner.released_by, 0)
    assert len(assert_tables_agree(biller, done)) == 4


def test_upload_released_twice_at_once_by_one_checker_draws_once(biller: Biller, tmp_path: Path) -> None:
    """A double click: whoever comes second is refused or takes part in the first release."""
    upload = make_waiting(tmp_path, biller, range(4))
    results = run_at_once(*[partial(release, upload)] * 6)
    assert {type(result) for result in results} <= {Upload, UploadStateError}
    assert read_counter(biller) == 4
    assert len(assert_tables_agree(biller, *wait_done(upload))) == 4


ENDINGS: dict[str, Callable[[str, str], Upload]] = {
    "release": lambda biller, upload: uploading.release_upload(biller, upload, released_by="budi", acknowledged=[]),
    "delete": lambda biller, upload: uploading.delete_upload(biller, upload, deleted_by=scenario.MAKER),
    "reject": lambda biller, upload: uploading.reject_upload(biller, upload, rejected_by="ani", reason="keliru"),
}


def meet_after_loading(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    """All threads decide on the same sight of the upload; who writes first is left to chance."""
    load, barrier, seen = uploads.load_upload, threading.Barrier(threads), threading.local()

    def load_and_meet(biller_id: str, upload_id: str) -> Upload:
        upload = load(biller_id, upload_id)
        if not hasattr(seen, "upload"):
            seen.upload = upload
            barrier.wait()
            time.sleep(random.uniform(0, 0.08))
        return upload

    monkeypatch.setattr(uploads, "load_upload", load_and_meet)


@pytest.mark.parametrize("chosen", [("release", "delete"), ("release", "reject"), ("release", "reject", "delete")])
def test_release_and_an_end_of_one_upload_at_once_never_both_win(
    biller: Biller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: tuple[str, ...]
) -> None:
    rounds: list[tuple[Upload, str]] = []
    for number in range(8):
        upload = make_waiting(tmp_path, biller, range(10 * number, 10 * number + 2))
        acts = [partial(ENDINGS[name], upload.biller_id, upload.upload_id) for name in chosen]
        with monkeypatch.context() as patch:
            meet_after_loading(patch, len(chosen))
            results = dict(zip(chosen, run_at_once(*acts), strict=True))
        assert [type(error) for error in find_errors(list(results.values()))] == [UploadStateError] * (len(chosen) - 1)
        rounds += [(upload, name) for name, result in results.items() if isinstance(result, Upload)]

    released = [upload for upload, winner in rounds if winner == "release"]
    made = assert_tables_agree(biller, *wait_done(*released))
    assert {invoice["upload_id"] for invoice in made.values()} == {upload.upload_id for upload in released}
    assert len(made) == read_counter(biller) == 2 * len(released)
    last = {"release": UploadStatus.DONE, "delete": UploadStatus.DELETED, "reject": UploadStatus.REJECTED}
    for upload, winner in rounds:
        assert reload(upload).status is last[winner]
        plan = files.find_first_version(files.plan_key(upload.biller_id, upload.upload_id))
        assert (plan is None) == (winner == "delete")


# --- Checking --------------------------------------------------------------------------------------------------------


def test_check_delivered_several_times_at_once_has_one_result(product: Cloud, biller: Biller, tmp_path: Path) -> None:
    workbook = tmp_path / "tagihan.xlsx"
    write_sample(Module.E_INVOICE, workbook, 24, bad_share=3 / 24, seed=71, first_due=date(2099, 1, 4))
    # The arrival itself starts the deployed check, beside the two here.
    upload_id = client.send_workbook(product, workbook, biller.biller_id, scenario.MAKER)
    results = run_at_once(*[partial(checking.check_upload, biller.biller_id, upload_id)] * 2)

    checked = uploads.load_upload(biller.biller_id, upload_id)
    wait_until(lambda: count_log_lines(product, "upload-check", "checked", checked) == 1)
    # All saw the one result, and whoever came last left it as it was.
    assert [*results, uploads.load_upload(biller.biller_id, upload_id)] == [checked] * 3
    assert checked.status is UploadStatus.WAITING
    assert checked.summary
    assert (checked.summary.rows, checked.summary.bad_rows) == (24, 3)
    released = uploading.release_upload(
        biller.biller_id, upload_id, released_by=scenario.CHECKER, acknowledged=sorted(checked.summary.warnings)
    )
    (done,) = wait_done(released)
    assert done.totals
    assert done.totals["written"] == checked.summary.new == read_counter(biller)
    assert done.totals["written_amount"] == checked.summary.amount
    made = read_items(get_settings().invoices_table, biller)
    assert len({invoice["number"] for invoice in made}) == len(made) == checked.summary.new


# --- Sending ---------------------------------------------------------------------------------------------------------


def issue_notices(biller: Biller, indexes: range, *, not_before: str | None = None) -> list[NoticeRef]:
    """Invoices of one notice each, written as the upload writer does."""
    settings, refs = get_settings(), []
    for index in indexes:
        va_number = build_va_number(biller.company_code, index, settings.va_customer_number_digits)
        recipients = [{"name": "Ibu Sari", "email": f"sari{index}@{biller.biller_id}.example"}]
        draft: Any = scenario.make_draft(index, recipients=recipients)
        facts: dict[str, Any] = {
            "bank_code": settings.bank_code,
            "va_number": va_number,
            "biller_id": biller.biller_id,
            "upload_id": str(ULID()),
            "created_at": clock.to_text(clock.now()),
        }
        (planned,) = plan_issued_notices(biller, draft, va_number)
        item = notices.notice_item(planned, number=draft["number"], not_before=not_before, **facts)
        writes = invoices.build_invoice_writes(row=index, draft=draft, **facts)
        writes.append(dynamodb.build_put(settings.notices_table, dynamodb.to_item(item)))
        assert dynamodb.commit(writes) is None
        refs.append(NoticeRef(settings.bank_code, va_number, planned.notice_id))
    return refs


def read_notices(refs: list[NoticeRef]) -> list[notices.Notice]:
    return [notices.read_notice(item) for item in notices.load_notice_items(refs)]


SENT = frozenset({NoticeState.SENT, NoticeState.DELIVERED})
"""The stand-in's delivery event may or may not have come yet."""


def count_emails(cloud: Cloud, biller: Biller) -> Counter[str]:
    """E-mails by address, of this biller's payers."""
    addresses = (message["to"] for message in list_messages(cloud, Channel.EMAIL))
    return Counter(address for address in addresses if address.endswith(f"@{biller.biller_id}.example"))


def send(ref: NoticeRef) -> sending.Outcome:
    return sending.send_notice(ref, email.send_email_notice, billers.load_biller, timedelta(seconds=60))


def test_32_senders_claiming_one_notice_send_one_email(product: Cloud, biller: Biller) -> None:
    """The stream's message may make the cloud's own sender one more; a late one finds nothing to do."""
    sent_here = 0
    for index in range(3):
        (ref,) = issue_notices(biller, range(index, index + 1))
        results = run_at_once(*[partial(send, ref)] * 32)
        wait_until(lambda ref=ref: read_notices([ref])[0].state in SENT)
        assert queues.enqueue(read_notices([ref])) == 1
        wait_until(lambda ref=ref: is_handled_by_cloud(product, ref))
        winners = results.count(sending.Outcome.SENT)
        assert winners <= 1
        sent_here += winners
        losers = [result for result in results if result != sending.Outcome.SENT]
        assert all(
            result == sending.Outcome.NOTHING_TO_DO or isinstance(result, sending.NoticeBusyError) for result in losers
        )
        (notice,) = read_notices([ref])
        assert notice.state in SENT
        assert (notice.attempt, notice.due_at) == (1, None)
    assert sent_here
    assert count_emails(product, biller) == {f"sari{index}@{biller.biller_id}.example": 1 for index in range(3)}


def is_handled_by_cloud(cloud: Cloud, ref: NoticeRef) -> bool:
    return any(
        ref.notice_id in event["message"] and '"notice_handled"' in event["message"]
        for event in read_events(cloud, "notice-send-email")
    )


def test_sweepers_at_once_enqueue_each_notice_once(product: Cloud, biller: Biller) -> None:
    """Deferred notices, which only the sweeper takes up: four here, and the cloud's own when its minute comes."""
    ready_at = clock.now() + timedelta(seconds=3)
    refs = issue_notices(biller, range(12), not_before=clock.to_text(ready_at))
    assert count_emails(product, biller) == {}
    while clock.now() <= ready_at + timedelta(seconds=1):
        time.sleep(0.1)
    results = run_at_once(*[partial(sweeping.sweep, lambda: timedelta(seconds=60))] * 4)

    assert find_errors(results) == []
    wait_until(lambda: all(notice.state in SENT for notice in read_notices(refs)))
    assert [(notice.sweeps, notice.attempt) for notice in read_notices(refs)] == [(1, 1)] * len(refs)
    assert count_emails(product, biller) == {f"sari{index}@{biller.biller_id}.example": 1 for index in range(12)}


# --- Archiving, paying, correcting -----------------------------------------------------------------------------------


def issue_invoices(biller: Biller, folder: Path, indexes: range, **changes: Any) -> list[dict[str, Any]]:
    """Invoices without notices, written by the deployed writer; as they are stored."""
    upload = scenario.make_waiting_upload(folder, make_drafts(biller, indexes, channels=[], **changes), biller=biller)
    wait_done(release(upload))
    numbers = [f"INV-{index:04d}" for index in indexes]
    found = invoices.load_current_invoices(biller.biller_id, numbers, consistent=True)
    return [found[number] for number in numbers]


def archive_at_random(biller: Biller, number: str) -> archiving.ArchiveResult:
    time.sleep(random.uniform(0, 0.02))
    return archiving.archive_invoice(biller.biller_id, number, by="siti", reason="-")


def pay_at_random(invoice: dict[str, Any], request_id: str) -> bool:
    time.sleep(random.uniform(0, 0.02))
    return bank_scenario.post(invoice["va_number"], invoice["amount"], request_id)


def read_posting_states(biller: Biller) -> Counter[tuple[str, str]]:
    """``(va_number, state)`` of each posting of a biller."""
    records = read_items(get_settings().payments_table, biller)
    return Counter((record["va_number"], record["state"]) for record in records if record["sk"] == "posting")


def test_archive_and_payment_of_one_invoice_at_once_never_both_win(biller: Biller, tmp_path: Path) -> None:
    issued = issue_invoices(biller, tmp_path, range(16))
    won = Counter[str]()
    for invoice in issued:
        archived, *paid = run_at_once(
            partial(archive_at_random, biller, invoice["number"]),
            partial(pay_at_random, invoice, f"{invoice['va_number']}-1"),
            partial(pay_at_random, invoice, f"{invoice['va_number']}-2"),
        )
        account = invoices.load_virtual_accounts(get_settings().bank_code, [invoice["va_number"]])[invoice["va_number"]]
        current = invoices.load_current_invoice(biller.biller_id, invoice["number"])
        if isinstance(archived, InvoiceStateError):
            won["payment"] += 1
            assert sorted(paid) == [False, True]
            assert current
            assert (current["status"], account["state"]) == ("paid", "paid")
        else:
            won["archive"] += 1
            assert archived.outcome is archiving.ArchiveOutcome.ARCHIVED
            assert paid == [False, False]
            assert (current, account["state"]) == (None, "closed")
    assert sum(read_posting_states(biller).values()) == won["payment"]
    # Both orders: each of the two after the other is over.
    first, second = issue_invoices(biller, tmp_path, range(100, 102))
    assert pay_at_random(first, first["va_number"])
    assert isinstance(run_at_once(partial(archive_at_random, biller, first["number"]))[0], InvoiceStateError)
    archive_at_random(biller, second["number"])
    assert not pay_at_random(second, second["va_number"])


def test_everything_that_can_be_done_to_one_invoice_at_once_leaves_one_truth(biller: Biller, tmp_path: Path) -> None:
    biller_id = biller.biller_id
    for invoice in issue_invoices(biller, tmp_path, range(8)):
        number, va_number = invoice["number"], invoice["va_number"]
        payment = outside_payments.OutsidePayment(outside_payments.Method.CASH, invoice["amount"])
        outside_payments.record_outside_payment(biller_id, number, payment, by="siti")
        results = run_at_once(
            partial(pay_at_random, invoice, va_number),
            partial(outside_payments.approve_outside_payment, biller_id, number, by="budi"),
            partial(amending.extend_due_date, biller_id, number, by="siti", due_date=date(2027, 9, 1)),
            partial(amending.correct_recipient, biller_id, number, 0, {"email": "a@example.com"}, by="siti"),
            partial(amending.correct_recipient, biller_id, number, 1, {"email": "b@example.com"}, by="ani"),
        )
        assert {type(error) for error in find_errors(results)} <= {InvoiceStateError, BusyError}
        after = invoices.load_current_invoice(biller_id, number)
        account = invoices.load_virtual_accounts(get_settings().bank_code, [va_number])[va_number]
        assert after
        assert after["status"] == "paid"
        assert account["state"] == {"va": "paid", "outside": "closed"}[after["paid_via"]]
        assert (results[0] is True) == (after["paid_via"] == "va")
        # Whoever was told that a change was made finds it.
        assert (after["due_date"] == "2027-09-01") == isinstance(results[2], dict)
        assert (after["recipients"][0]["email"] == "a@example.com") == isinstance(results[3], dict)
        assert (after["recipients"][1]["email"] == "b@example.com") == isinstance(results[4], dict)
    assert set(read_posting_states(biller).values()) == {1}


def test_reversals_of_one_payment_at_once_open_one_invoice(biller: Biller, tmp_path: Path) -> None:
    issued = issue_invoices(biller, tmp_path, range(6))
    for invoice in issued:
        assert pay_at_random(invoice, invoice["va_number"])
    acts = [
        partial(
            reversing.reverse_payment,
            biller.biller_id,
            invoice["number"],
            proposed_by="siti",
            approved_by="budi",
            reason="-",
            va_number=invoice["va_number"],
        )
        for invoice in issued
        for _ in range(2)
    ]
    results = run_at_once(*acts)
    # Each draws from the one counter: the unlucky ones are told to come again, and do.
    assert {type(error) for error in find_errors(results)} <= {BusyError}
    reopened = [act() for act in acts]
    numbers = {invoice["va_number"] for invoice in reopened}
    assert len(numbers) == len(issued)
    assert numbers.isdisjoint(invoice["va_number"] for invoice in issued)
    assert read_counter(biller) == 2 * len(issued)
    assert set(read_posting_states(biller)) == {(invoice["va_number"], "reversed") for invoice in issued}


def test_two_corrected_uploads_written_at_once_after_an_archive_take_each_number_once(
    biller: Biller, tmp_path: Path
) -> None:
    old = {invoice["number"]: invoice["va_number"] for invoice in issue_invoices(biller, tmp_path, range(12))}
    for number in old:
        archiving.archive_invoice(biller.biller_id, number, by="siti", reason="-")
    waiting = [
        scenario.make_waiting_upload(
            tmp_path, make_drafts(biller, range(12), channels=[], amount=amount), biller=biller
        )
        for amount in (11, 22)
    ]
    released = [release(upload) for upload in waiting]
    results = run_at_once(*(partial(write_all_chunks, upload) for upload in released * 3))

    assert find_errors(results) == []
    done = wait_done(*released)
    totals = [upload.totals or {} for upload in done]
    assert sum(total["written"] for total in totals) == sum(total["conflicts"] for total in totals) == 12
    current = invoices.load_current_invoices(biller.biller_id, list(old), consistent=True)
    for number, va_number in old.items():
        assert current[number]["replaces"] == va_number
        (replaced,) = [
            invoice
            for invoice in invoices.load_invoices_of_number(biller.biller_id, number)
            if invoice["va_number"] == va_number
        ]
        assert replaced["replaced_by"] == current[number]["va_number"]
