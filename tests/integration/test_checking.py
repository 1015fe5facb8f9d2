"""An object in the inbox becomes a checked upload: by the real handler, the real sandbox and the real reader."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import orjson
import pytest
from openpyxl import Workbook, load_workbook

from invoicing import clock, uploading
from invoicing.billers import Biller, BillerState, OnErrors, ReleaseMode
from invoicing.settings import get_settings
from invoicing.store import dynamodb, files, uploads
from invoicing.upload_view import show_upload
from invoicing.uploads import PATIENCE, Upload, UploadStatus
from invoicing.workbooks.refusal import WorkbookRefused
from tests.integration import faults, scenario
from tests.integration.conftest import Aws
from upload import check_handler, checking, sweeping

pytestmark = pytest.mark.usefixtures("aws")

HEADERS = ["No. Invoice", "Nama Pelanggan", "Jumlah Tagihan", "Jatuh Tempo", "Email"]
GOOD = [
    ["INV-1", "Andi", 150_000, "31/12/2027", "andi@example.com"],
    ["INV-2", "Budi", "Rp 1.500.000,-", "31/12/2027", "budi@example.com"],
]
BAD = [
    ["INV-3", "Citra", -5, "31/12/2027", "citra@example.com"],
    ["INV-4", "Dewi", 90_000, "31/02/2027", "dewi@example.com"],
]


def make_workbook(rows: list[list[Any]], headers: list[str] = HEADERS) -> bytes:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in [headers, *rows]:
        sheet.append(row)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def put_file(upload: Upload, content: bytes) -> str:
    answer = boto3.client("s3").put_object(
        Bucket=get_settings().inbox_bucket,
        Key=files.inbox_key(upload.biller_id, upload.upload_id),
        Body=content,
    )
    return answer["VersionId"]


def make_s3_event(key: str) -> dict[str, Any]:
    return {"Records": [{"eventName": "ObjectCreated:Post", "s3": {"object": {"key": key}}}]}


def deliver(upload: Upload) -> None:
    check_handler.handle(make_s3_event(files.inbox_key(upload.biller_id, upload.upload_id)), scenario.FakeContext())


def start(biller: Biller = scenario.SHOP) -> Upload:
    upload, _ = uploading.start_upload(biller.biller_id, scenario.MAKER, "tagihan.xlsx")
    return upload


def check(content: bytes, biller: Biller = scenario.SHOP) -> Upload:
    """A new upload with this file, after its check."""
    upload = start(biller)
    put_file(upload, content)
    deliver(upload)
    return uploads.load_upload(upload.biller_id, upload.upload_id)


def read_file(key: str) -> bytes:
    body = boto3.client("s3").get_object(Bucket=get_settings().inbox_bucket, Key=key)["Body"]
    return body.read()


def read_issues(upload: Upload) -> list[dict[str, Any]]:
    key = files.issues_key(upload.biller_id, upload.upload_id)
    return [orjson.loads(line) for line in read_file(key).splitlines()]


@pytest.fixture
def shop(aws: Aws) -> None:
    scenario.register(scenario.SHOP)


@pytest.mark.usefixtures("shop")
class TestCheck:
    def test_good_workbook_waits_for_release_with_its_totals(self) -> None:
        upload = check(make_workbook(GOOD))
        assert upload.status is UploadStatus.WAITING
        assert upload.summary is not None
        assert (upload.summary.rows, upload.summary.new, upload.summary.amount) == (2, 2, 1_650_000)
        assert upload.summary.notices == {"email": 2}
        assert upload.summary.errors == {}
        assert [chunk.count for chunk in upload.chunks] == [2]

    def test_good_rows_go_on_and_bad_rows_come_back_with_every_reason(self) -> None:
        upload = check(make_workbook(GOOD + BAD))
        assert upload.status is UploadStatus.WAITING
        assert upload.summary is not None
        assert (upload.summary.rows, upload.summary.new, upload.summary.bad_rows) == (4, 2, 2)
        assert {issue["row"] for issue in read_issues(upload) if issue["severity"] == "error"} == {4, 5}

    def test_mended_failed_rows_create_only_those(self) -> None:
        first = check(make_workbook(GOOD + BAD))
        scenario.release(first)
        scenario.write_all_chunks()
        failed = load_workbook(io.BytesIO(read_file(files.failed_rows_key(first.biller_id, first.upload_id))))
        sheet = failed.active
        assert sheet is not None
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value == -5:
                    cell.value = 50_000
                if cell.value == "31/02/2027":
                    cell.value = "28/02/2027"
        content = io.BytesIO()
        failed.save(content)

        second = check(content.getvalue())
        assert second.summary is not None
        assert (second.summary.rows, second.summary.new, second.summary.bad_rows) == (2, 2, 0)
        scenario.release(second)
        scenario.write_all_chunks()
        numbers = {item["number"] for item in scenario.read_table(get_settings().invoices_table)}
        assert numbers == {"INV-1", "INV-2", "INV-3", "INV-4"}

    def test_event_delivered_twice_changes_nothing(self) -> None:
        upload = check(make_workbook(GOOD + BAD))
        before = scenario.dump_tables()
        deliver(upload)
        assert scenario.dump_tables() == before

    def test_other_content_posted_with_the_same_form_changes_nothing(self) -> None:
        upload = start()
        first_version = put_file(upload, make_workbook(GOOD))
        put_file(upload, make_workbook([["INV-9", "Eka", 1_000_000_000, "31/12/2027", "eka@example.com"]]))
        deliver(upload)
        deliver(upload)
        checked = uploads.load_upload(upload.biller_id, upload.upload_id)
        assert checked.object_version == first_version
        assert checked.summary is not None
        assert checked.summary.amount == 1_650_000

    def test_same_file_again_after_release_is_already_there_and_writes_nothing(self) -> None:
        content = make_workbook(GOOD)
        first = check(content)
        scenario.release(first)
        scenario.write_all_chunks()
        second = check(content)
        assert second.status is UploadStatus.DONE
        assert second.summary is not None
        assert (second.summary.new, second.summary.already_there) == (0, 2)
        notes = [issue for issue in read_issues(second) if issue["severity"] == "note"]
        assert [note["params"]["upload_id"] for note in notes] == [first.upload_id] * 2
        assert second.summary.warnings == {"same_file": 1}
        assert scenario.receive_chunk_messages() == []

    def test_same_file_while_the_first_waits_is_a_warning(self) -> None:
        content = make_workbook(GOOD)
        check(content)
        second = check(content)
        assert second.status is UploadStatus.WAITING
        assert second.summary is not None
        assert second.summary.warnings == {"same_file": 1}

    def test_same_number_with_another_amount_is_an_error_that_says_so(self) -> None:
        first = check(make_workbook(GOOD))
        scenario.release(first)
        scenario.write_all_chunks()
        changed = [GOOD[0], ["INV-2", "Budi", 1_400_000, "31/12/2027", "budi@example.com"]]
        second = check(make_workbook([*changed, ["INV-5", "Eka", 7_000, "31/12/2027", "eka@example.com"]]))
        assert second.summary is not None
        assert second.summary.errors["already_there_other_amount"] == 1
        counts = show_upload(second)["counts"]
        assert (counts["new"], counts["already_there"], counts["different"], counts["bad_rows"]) == (1, 1, 1, 1)
        (error,) = [issue for issue in read_issues(second) if issue["severity"] == "error"]
        assert (error["row"], error["params"]["stored_amount"], error["params"]["amount"]) == (3, 1_500_000, 1_400_000)

    def test_same_number_with_another_contact_is_an_error_that_names_the_difference(self) -> None:
        first = check(make_workbook(GOOD))
        scenario.release(first)
        scenario.write_all_chunks()
        second = check(make_workbook([["INV-1", "Andi", 150_000, "31/12/2027", "new@example.com"]]))
        assert second.status is UploadStatus.REJECTED
        assert second.summary is not None
        assert second.summary.errors == {"already_there_different": 1}
        assert [issue["params"]["fields"] for issue in read_issues(second)] == ["recipients"]

    def test_not_one_good_row_rejects_the_upload(self) -> None:
        upload = check(make_workbook(BAD))
        assert upload.status is UploadStatus.REJECTED
        assert upload.refusal == {"code": "no_good_rows", "params": {}}
        assert "failed_rows_url" in show_upload(upload)

    def test_file_that_is_no_workbook_is_refused_with_a_reason_in_both_languages(self) -> None:
        upload = check(b"No. Invoice;Nama\nINV-1;Andi\n")
        assert upload.status is UploadStatus.REJECTED
        refusal = show_upload(upload)["refusal"]
        assert refusal["what"]["id"]
        assert refusal["mend"]["en"]

    def test_file_over_the_limit_is_refused_unread(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("UPLOAD_MAX_BYTES", "1000")
        get_settings.cache_clear()
        upload = check(make_workbook(GOOD))
        assert upload.refusal is not None
        assert upload.refusal["code"] == "file_too_large"

    def test_object_that_no_upload_announced_stays_unread(self) -> None:
        before = scenario.dump_tables()
        for key in ("inbox/toko-sinar/01KAQ0000000000000000000AA.xlsx", "inbox/x.xlsx", "inbox/a/b/c.xlsx"):
            check_handler.handle(make_s3_event(key), scenario.FakeContext())
        assert scenario.dump_tables() == before

    def test_key_under_another_billers_prefix_is_refused(self) -> None:
        scenario.register(scenario.SCHOOL)
        upload = start()
        foreign = files.inbox_key(scenario.SCHOOL.biller_id, upload.upload_id)
        boto3.client("s3").put_object(Bucket=get_settings().inbox_bucket, Key=foreign, Body=make_workbook(GOOD))
        before = scenario.dump_tables()
        check_handler.handle(make_s3_event(foreign), scenario.FakeContext())
        assert scenario.dump_tables() == before

    def test_amounts_far_from_the_last_upload_are_a_warning(self) -> None:
        first = check(make_workbook(GOOD))
        scenario.release(first)
        scenario.write_all_chunks()
        second = check(make_workbook([["INV-7", "Fajar", 150_000_000, "31/12/2027", "fajar@example.com"]]))
        assert second.summary is not None
        assert second.summary.warnings == {"amount_far_from_last": 1}

    def test_upload_deleted_while_it_is_checked_leaves_no_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        upload = start()
        put_file(upload, make_workbook(GOOD))
        record_check = uploads.record_check

        def delete_first(*arguments: Any) -> Upload:
            uploading.delete_upload(upload.biller_id, upload.upload_id, deleted_by=scenario.MAKER)
            return record_check(*arguments)

        monkeypatch.setattr(uploads, "record_check", delete_first)
        deliver(upload)
        assert uploads.load_upload(upload.biller_id, upload.upload_id).status is UploadStatus.DELETED
        assert files.find_first_version(files.plan_key(upload.biller_id, upload.upload_id)) is None

    @pytest.mark.parametrize("after", [False, True], ids=["before_the_call", "after_the_call"])
    def test_check_killed_at_any_call_then_retried_ends_as_if_never_killed(
        self, after: bool, answer_from_memory: Callable[[], None]
    ) -> None:
        content = make_workbook(GOOD + BAD)
        answer_from_memory()
        reference = check(content)
        clients = [dynamodb.client(), files.client()]
        upload = start()
        put_file(upload, content)
        with faults.CallCounter(clients, faults.kill, None, after=after).installed() as counter:
            deliver(upload)
        assert counter.calls > 8
        for at in range(counter.calls):
            upload = start()
            put_file(upload, content)
            with (
                faults.CallCounter(clients, faults.kill, at, after=after).installed(),
                pytest.raises(faults.Killed),
            ):
                deliver(upload)
            deliver(upload)
            checked = uploads.load_upload(upload.biller_id, upload.upload_id)
            assert checked.status is UploadStatus.WAITING, at
            assert checked.summary is not None
            assert reference.summary is not None
            assert replace(checked.summary, warnings={}) == replace(reference.summary, warnings={})
            assert checked.chunk_bounds == reference.chunk_bounds


@pytest.fixture
def answer_from_memory(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Run the sandboxed jobs in this process: a test of our steps need not start forty interpreters."""
    from upload import checking
    from upload.check_workbook import check_workbook
    from upload.failed_rows import build_failed_rows

    jobs = {"check": check_workbook, "failed_rows": build_failed_rows}

    def install() -> None:
        monkeypatch.setattr(checking, "run_sandboxed", lambda job, request, _limits: jobs[job](request))

    return install


def test_automatic_biller_with_a_clean_file_is_released_by_the_check() -> None:
    biller = replace(scenario.SHOP, release=ReleaseMode.AUTOMATIC)
    scenario.register(biller)
    upload = check(make_workbook(GOOD), biller)
    assert (upload.status, upload.released_by) == (UploadStatus.WRITING, uploading.AUTOMATIC)
    scenario.write_all_chunks()
    assert len(scenario.read_table(get_settings().invoices_table)) == 2


def test_automatic_biller_with_a_warning_waits_for_a_person() -> None:
    biller = replace(scenario.SHOP, release=ReleaseMode.AUTOMATIC)
    scenario.register(biller)
    past = [["INV-1", "Andi", 150_000, "31/12/2025", "andi@example.com"]]
    upload = check(make_workbook(past), biller)
    assert upload.summary is not None
    assert upload.summary.warnings == {"due_date_past": 1}
    assert upload.status is UploadStatus.WAITING


def test_biller_that_refuses_files_with_errors_gets_none_of_the_rows() -> None:
    biller = replace(scenario.SHOP, on_errors=OnErrors.REFUSE_ALL)
    scenario.register(biller)
    upload = check(make_workbook(GOOD + BAD), biller)
    assert upload.status is UploadStatus.REJECTED
    assert upload.refusal == {"code": "rows_refused", "params": {}}
    assert upload.plan_version is None


def suspend(biller: Biller) -> None:
    boto3.resource("dynamodb").Table(get_settings().billers_table).update_item(
        Key={"pk": biller.biller_id},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":s": BillerState.SUSPENDED},
    )


def test_suspended_billers_file_is_refused() -> None:
    scenario.register(scenario.SHOP)
    upload = start()
    suspend(scenario.SHOP)
    put_file(upload, make_workbook(GOOD))
    deliver(upload)
    refused = uploads.load_upload(upload.biller_id, upload.upload_id)
    assert refused.refusal == {"code": "biller_not_active", "params": {}}


SCHOOL_HEADERS = [
    "NIS", "Nama Siswa", "Kelas", "Jenis Tagihan", "Periode", "Tahun Ajaran", "Nominal", "Jatuh Tempo", "Email Wali",
    "No. Tagihan",
]  # fmt: skip


def test_school_bill_that_exists_under_its_derived_number_is_a_warning() -> None:
    scenario.register(scenario.SCHOOL)
    bill = ["0012", "Gita", "7A", "SPP", "Juli 2027", "2027/2028", 500_000, "31/12/2027", "wali@example.com"]
    first = check(make_workbook([[*bill, None]], SCHOOL_HEADERS), scenario.SCHOOL)
    scenario.release(first)
    scenario.write_all_chunks()
    second = check(make_workbook([[*bill, "MY-1"]], SCHOOL_HEADERS), scenario.SCHOOL)
    assert second.summary is not None
    assert second.summary.warnings == {"already_billed": 1}
    assert second.summary.new == 1


def test_workbook_of_the_school_module_gets_a_number_from_student_fee_and_period(tmp_path: Path) -> None:
    scenario.register(scenario.SCHOOL)
    rows = [
        ["0012", "Gita", "7A", "SPP", "Sem 1", year, 500_000, "31/12/2027", "wali@example.com"]
        for year in ("2026/2027", "2027/2028")
    ]
    upload = check(make_workbook(rows, SCHOOL_HEADERS[:-1]), scenario.SCHOOL)
    assert upload.summary is not None
    assert upload.summary.errors == {}
    scenario.release(upload)
    scenario.write_all_chunks()
    numbers = [item["number"] for item in scenario.read_table(get_settings().invoices_table)]
    assert len(set(numbers)) == 2
    assert all("0012" in number for number in numbers)


def test_automatic_release_that_another_run_of_the_check_did_first_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    biller = replace(scenario.SHOP, release=ReleaseMode.AUTOMATIC)
    scenario.register(biller)
    stale = scenario.make_waiting_upload(tmp_path, [scenario.make_draft(1)], biller=biller)
    assert checking.check_upload(biller.biller_id, stale.upload_id).status is UploadStatus.WRITING
    numbers_drawn = scenario.read_table(get_settings().counters_table)[0]["next"]
    monkeypatch.setattr(uploads, "load_upload", lambda *_: stale)
    checking.check_upload(biller.biller_id, stale.upload_id)
    assert scenario.read_table(get_settings().counters_table)[0]["next"] == numbers_drawn == 1


def test_automatic_release_killed_before_the_queue_is_made_good_by_the_repeated_event(tmp_path: Path) -> None:
    biller = replace(scenario.SHOP, release=ReleaseMode.AUTOMATIC)
    scenario.register(biller)
    upload = scenario.make_waiting_upload(tmp_path, [scenario.make_draft(1)], biller=biller)
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr("invoicing.store.chunk_queue.send_chunks", lambda *_: faults.kill())
        with pytest.raises(faults.Killed):
            deliver(upload)
    assert scenario.receive_chunk_messages() == []
    deliver(upload)
    scenario.write_all_chunks()
    assert uploads.load_upload(upload.biller_id, upload.upload_id).status is UploadStatus.DONE


def test_biller_suspended_between_check_and_automatic_release_releases_nothing(tmp_path: Path) -> None:
    biller = replace(scenario.SHOP, release=ReleaseMode.AUTOMATIC)
    scenario.register(biller)
    upload = scenario.make_waiting_upload(tmp_path, [scenario.make_draft(1)], biller=biller)
    suspend(biller)
    deliver(upload)
    assert uploads.load_upload(upload.biller_id, upload.upload_id).status is UploadStatus.WAITING


@pytest.mark.parametrize("end", ["deleted", "given_up"])
def test_file_that_comes_after_its_upload_ended_is_erased(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    scenario.register(scenario.SHOP)
    upload = start()
    if end == "deleted":
        uploading.delete_upload(upload.biller_id, upload.upload_id, deleted_by=scenario.MAKER)
    else:
        later = clock.now() + PATIENCE[UploadStatus.AWAITING_FILE]
        with monkeypatch.context() as patch:
            patch.setattr(clock, "now", lambda: later)
            assert sweeping.sweep_uploads() == 1
    put_file(upload, make_workbook(GOOD))
    deliver(upload)
    assert files.find_first_version(files.inbox_key(upload.biller_id, upload.upload_id)) is None


def test_file_with_too_many_mistakes_to_mark_them_ends_its_check_without_that_workbook(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scenario.register(scenario.SHOP)
    run = checking.run_sandboxed

    def refuse_failed_rows(job: str, *arguments: Any) -> dict[str, Any]:
        if job == "failed_rows":
            raise WorkbookRefused("workbook_too_slow")
        return run(job, *arguments)

    monkeypatch.setattr(checking, "run_sandboxed", refuse_failed_rows)
    upload = check(make_workbook(GOOD + BAD))
    assert upload.status is UploadStatus.WAITING
    assert upload.failed_rows_version is None
    assert read_issues(upload)[0]["code"] == "failed_rows_left_out"
    assert {issue["row"] for issue in read_issues(upload) if issue["severity"] == "error"} == {4, 5}
