"""What people do with a checked upload: release, reject, delete; and what is refused, by the real command handler."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from invoicing import clock, uploading
from invoicing.errors import CompanyCodeError, CompanyCodeTakenError, UploadStateError
from invoicing.settings import get_settings
from invoicing.store import billers, dynamodb, files, uploads
from invoicing.uploads import PATIENCE, Upload, UploadStatus
from tests.integration import faults, scenario
from upload import command_handler, sweeping

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def waiting(tmp_path: Path) -> Upload:
    scenario.register(scenario.SHOP)
    return make_waiting(tmp_path)


def make_waiting(folder: Path, **changes: Any) -> Upload:
    return scenario.make_waiting_upload(folder, [scenario.make_draft(index) for index in range(3)], **changes)


def command(upload: Upload, operation: str, user_id: str = scenario.CHECKER, **members: Any) -> dict[str, Any]:
    event = {
        "operation": operation,
        "biller_id": upload.biller_id,
        "user_id": user_id,
        "upload_id": upload.upload_id,
        **members,
    }
    return command_handler.handle(event, scenario.FakeContext())


def error_code(answer: dict[str, Any]) -> str:
    assert set(answer) == {"error"}, answer
    assert set(answer["error"]["message"]) == {"id", "en"}
    code: str = answer["error"]["code"]
    return code


def read_counter() -> int:
    (counter,) = scenario.read_table(get_settings().counters_table)
    return int(counter["next"])


def test_release_names_who_released_it_and_what_was_acknowledged(tmp_path: Path) -> None:
    scenario.register(scenario.SHOP)
    upload = make_waiting(tmp_path, warnings={"due_date_past": 2, "contact_shared": 1})
    answer = command(upload, "release", acknowledged=["contact_shared", "due_date_past", "never_seen"])
    assert answer["status"] == "writing"
    assert answer["released_by"] == scenario.CHECKER
    assert answer["acknowledged"] == ["contact_shared", "due_date_past"]


def test_release_without_acknowledging_every_warning_is_refused_and_names_the_missing(tmp_path: Path) -> None:
    scenario.register(scenario.SHOP)
    upload = make_waiting(tmp_path, warnings={"due_date_past": 2, "contact_shared": 1})
    answer = command(upload, "release", acknowledged=["contact_shared"])
    assert error_code(answer) == "warnings_not_acknowledged"
    assert answer["error"]["detail"] == "due_date_past"
    assert scenario.receive_chunk_messages() == []
    assert read_counter() == 0


def test_uploader_cannot_release_their_own_upload(waiting: Upload) -> None:
    assert error_code(command(waiting, "release", user_id=scenario.MAKER)) == "same_person"
    assert uploads.load_upload(waiting.biller_id, waiting.upload_id).status is UploadStatus.WAITING


def test_release_by_two_checkers_draws_numbers_once(waiting: Upload) -> None:
    assert command(waiting, "release")["status"] == "writing"
    assert error_code(command(waiting, "release", user_id="another")) == "upload_state"
    assert read_counter() == 3
    assert len(scenario.receive_chunk_messages()) == 1


def test_release_again_by_the_same_person_queues_what_has_no_result(waiting: Upload) -> None:
    with (
        faults.CallCounter([dynamodb.client()], faults.kill, 3, after=True).installed() as counter,
        pytest.raises(faults.Killed),
    ):
        command(waiting, "release")
    assert counter.calls == 4
    assert scenario.receive_chunk_messages() == []
    assert command(waiting, "release")["status"] == "writing"
    assert len(scenario.receive_chunk_messages()) == 1
    assert read_counter() == 3


def test_counter_moved_by_another_release_in_between_is_read_again(
    waiting: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    get_item = dynamodb.client().get_item
    moved = []

    def read_then_move(**request: Any) -> Any:
        answer = get_item(**request)
        if request["TableName"] == get_settings().counters_table and not moved:
            moved.append(True)
            boto3.resource("dynamodb").Table(request["TableName"]).update_item(
                Key={"pk": "028#88081"},
                UpdateExpression="SET #next = :n",
                ExpressionAttributeNames={"#next": "next"},
                ExpressionAttributeValues={":n": 1000},
            )
        return answer

    monkeypatch.setattr(dynamodb.client(), "get_item", read_then_move)
    assert scenario.release(waiting).va_first == 1000
    assert read_counter() == 1003


def test_release_beyond_the_last_virtual_account_number_is_refused(waiting: Upload) -> None:
    boto3.resource("dynamodb").Table(get_settings().counters_table).update_item(
        Key={"pk": "028#88081"},
        UpdateExpression="SET #next = :n",
        ExpressionAttributeNames={"#next": "next"},
        ExpressionAttributeValues={":n": 10**10 - 2},
    )
    assert error_code(command(waiting, "release")) == "virtual_accounts_used_up"
    assert uploads.load_upload(waiting.biller_id, waiting.upload_id).status is UploadStatus.WAITING


def test_rejected_upload_cannot_be_released(waiting: Upload) -> None:
    answer = command(waiting, "reject", reason="Jumlah kelas 7 keliru")
    assert answer["verdict"] == "rejected"
    assert "Jumlah kelas 7 keliru" in answer["refusal"]["what"]["id"]
    assert error_code(command(waiting, "release")) == "upload_state"


def test_deleted_upload_leaves_no_file_and_keeps_its_record(waiting: Upload) -> None:
    assert files.find_first_version(files.plan_key(waiting.biller_id, waiting.upload_id))
    assert command(waiting, "delete")["status"] == "deleted"
    assert files.find_first_version(files.plan_key(waiting.biller_id, waiting.upload_id)) is None
    assert command(waiting, "describe")["ended_by"] == scenario.CHECKER
    assert error_code(command(waiting, "release")) == "upload_state"


def test_delete_killed_before_the_files_are_erased_is_finished_by_a_repeat(waiting: Upload) -> None:
    with (
        faults.CallCounter([files.client()], faults.kill, 0, after=False).installed(),
        pytest.raises(faults.Killed),
    ):
        command(waiting, "delete")
    assert command(waiting, "delete")["status"] == "deleted"
    assert files.find_first_version(files.plan_key(waiting.biller_id, waiting.upload_id)) is None


def test_released_upload_cannot_be_deleted(waiting: Upload) -> None:
    command(waiting, "release")
    assert error_code(command(waiting, "delete")) == "upload_state"


def test_another_billers_upload_looks_like_none(waiting: Upload) -> None:
    scenario.register(scenario.SCHOOL)
    for operation in ("describe", "release", "delete", "redrive", "list_invoices"):
        event = {
            "operation": operation,
            "biller_id": scenario.SCHOOL.biller_id,
            "user_id": scenario.CHECKER,
            "upload_id": waiting.upload_id,
        }
        assert error_code(command_handler.handle(event, scenario.FakeContext())) == "upload_not_found"


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"operation": "drop_tables", "biller_id": "toko-sinar", "user_id": "x"},
        {"operation": "describe", "biller_id": "toko-sinar#files", "user_id": "x", "upload_id": "0" * 26},
        {"operation": "describe", "biller_id": "toko-sinar", "user_id": "x", "upload_id": "../../etc"},
        {"operation": "create", "biller_id": "toko-sinar", "user_id": "x", "filename": "a.xlsx", "key": "inbox/other"},
        {"operation": "release", "biller_id": "a", "user_id": "x", "upload_id": "0" * 26, "acknowledged": "all"},
    ],
)
def test_malformed_command_is_refused(event: dict[str, Any]) -> None:
    assert error_code(command_handler.handle(event, scenario.FakeContext())) == "bad_command"


def test_upload_form_admits_one_key_one_type_and_a_bounded_size(waiting: Upload) -> None:
    answer = command_handler.handle(
        {"operation": "create", "biller_id": "toko-sinar", "user_id": scenario.MAKER, "filename": "Juli.xlsx"},
        scenario.FakeContext(),
    )
    policy = read_policy(answer["post"]["fields"]["policy"])
    key = f"inbox/toko-sinar/{answer['upload_id']}.xlsx"
    assert answer["post"]["fields"]["key"] == key
    assert {"key": key} in policy["conditions"]
    assert ["content-length-range", 1, get_settings().upload_max_bytes] in policy["conditions"]
    assert {"Content-Type": files.WORKBOOK_TYPE} in policy["conditions"]
    assert not any(condition[0] == "starts-with" for condition in policy["conditions"] if isinstance(condition, list))


def read_policy(encoded: str) -> dict[str, Any]:
    import base64
    import json

    policy: dict[str, Any] = json.loads(base64.b64decode(encoded))
    return policy


def test_listed_invoices_have_numbers_only_once_released(waiting: Upload) -> None:
    before = command(waiting, "list_invoices")["invoices"]
    assert [invoice["status"] for invoice in before] == ["planned"] * 3
    assert [invoice["va_number"] for invoice in before] == [None] * 3
    command(waiting, "release")
    scenario.write_all_chunks()
    after = command(waiting, "list_invoices")
    assert [invoice["status"] for invoice in after["invoices"]] == ["open"] * 3
    assert len({invoice["va_number"] for invoice in after["invoices"]}) == 3
    assert "cursor" not in after


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (UploadStatus.AWAITING_FILE, "file_never_arrived"),
        (UploadStatus.CHECKING, "check_failed"),
        (UploadStatus.WAITING, "release_expired"),
    ],
)
def test_abandoned_upload_is_ended_with_its_reason_and_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: UploadStatus, code: str
) -> None:
    scenario.register(scenario.SHOP)
    if status is UploadStatus.WAITING:
        upload = make_waiting(tmp_path)
    else:
        upload, _ = uploading.start_upload("toko-sinar", scenario.MAKER, "a.xlsx")
        if status is UploadStatus.CHECKING:
            upload = uploads.bind_version(upload, "version-1")
    assert sweeping.sweep_uploads() == 0
    later = clock.now() + PATIENCE[status]
    monkeypatch.setattr(clock, "now", lambda: later)
    assert sweeping.sweep_uploads() == 1
    answer = command(upload, "describe")
    assert (answer["status"], answer["refusal"]["code"]) == ("rejected", code)
    assert files.find_first_version(files.plan_key(upload.biller_id, upload.upload_id)) is None
    assert sweeping.sweep_uploads() == 0


def test_only_the_first_of_two_object_versions_is_bound(tmp_path: Path) -> None:
    scenario.register(scenario.SHOP)
    upload, _ = uploading.start_upload("toko-sinar", scenario.MAKER, "a.xlsx")
    bound = uploads.bind_version(upload, "version-1")
    assert uploads.bind_version(upload, "version-1").object_version == "version-1"
    with pytest.raises(UploadStateError):
        uploads.bind_version(bound, "version-2")


@pytest.mark.parametrize("company_code", ["8", "8808", "880811", "AB!12", "٨٨٠٨١"])
def test_company_code_of_another_length_or_form_is_not_registered(company_code: str) -> None:
    """Codes of one length cannot be the beginning of each other, so two billers never meet in one VA number."""
    with pytest.raises(CompanyCodeError):
        billers.register_biller(replace(scenario.SHOP, company_code=company_code))
    assert scenario.read_table(get_settings().billers_table) == []


def test_company_code_belongs_to_one_biller(waiting: Upload) -> None:
    with pytest.raises(CompanyCodeTakenError):
        billers.register_biller(replace(scenario.SHOP, biller_id="another"))
    assert not billers.register_biller(scenario.SHOP)


def test_release_after_an_invoice_could_no_longer_be_paid_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario.register(scenario.SHOP)
    drafts = [scenario.make_draft(1), scenario.make_draft(2, valid_until="2070-01-01T00:00:00Z")]
    upload = scenario.make_waiting_upload(tmp_path, drafts)
    monkeypatch.setattr(clock, "now", lambda: clock.from_text("2070-01-01T00:00:00Z"))
    assert error_code(command(upload, "release")) == "upload_outdated"
    assert scenario.receive_chunk_messages() == []


def test_release_that_always_loses_the_counter_says_busy_and_works_later(
    waiting: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with monkeypatch.context() as contended:
        contended.setattr(uploads, "_COUNTER_TRIES", 0)
        assert error_code(command(waiting, "release")) == "busy"
    assert command(waiting, "release")["status"] == "writing"


def test_invoices_of_an_upload_whose_files_expired_are_refused_in_words(waiting: Upload) -> None:
    files.delete_all_versions([files.plan_key(waiting.biller_id, waiting.upload_id)])
    assert error_code(command(waiting, "list_invoices")) == "files_expired"


def test_forms_and_links_name_the_bucket_in_its_own_region(waiting: Upload) -> None:
    host = f"{get_settings().inbox_bucket}.s3.ap-southeast-3.amazonaws.com"
    assert files.sign_upload_post("toko-sinar", waiting.upload_id)["url"] == f"https://{host}/"
    assert files.sign_download("results/a", "v1", "a.xlsx").startswith(f"https://{host}/results/a?")
