"""Released plans become invoices, exactly once, whatever happens to the writer on its way."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.moto_api._internal import moto_api_backend

from invoicing import clock, uploading
from invoicing import uploads as upload_types
from invoicing.settings import get_settings
from invoicing.store import dynamodb, files, uploads
from invoicing.uploads import ChunkState, Upload, UploadStatus
from invoicing.virtual_accounts import is_valid_number
from tests.integration import faults, scenario
from tests.integration.aws_from_template import create_resources, forget_process_state
from tests.integration.conftest import Aws
from upload import sweeping, writing

pytestmark = pytest.mark.usefixtures("aws", "small_chunks", "still_clock")

INVOICES = 7


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three invoices a chunk and two a transaction: every border is met with a handful of rows."""
    monkeypatch.setattr("upload.existing.MAX_CHUNK_INVOICES", 3)
    monkeypatch.setattr(writing, "MAX_TRANSACTION_ITEMS", 8)


@pytest.fixture
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: scenario.NOW)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


@pytest.fixture
def released(tmp_path: Path) -> Upload:
    scenario.register(scenario.SHOP)
    drafts = [scenario.make_draft(index) for index in range(INVOICES)]
    return scenario.release(scenario.make_waiting_upload(tmp_path, drafts))


def reload(upload: Upload) -> Upload:
    return uploads.load_upload(upload.biller_id, upload.upload_id)


def test_release_then_write_creates_each_invoice_with_its_account_and_notices(released: Upload) -> None:
    scenario.write_all_chunks()

    done = reload(released)
    assert done.status is UploadStatus.DONE
    assert done.totals == {
        "written": INVOICES,
        "written_amount": sum(100_000 + index for index in range(INVOICES)),
        "written_already_there": 0,
        "conflicts": 0,
    }
    settings = get_settings()
    invoices = scenario.read_table(settings.invoices_table)
    accounts = scenario.read_table(settings.virtual_accounts_table)
    notices = scenario.read_table(settings.notices_table)
    assert [invoice["number"] for invoice in invoices] == [f"INV-{index:04d}" for index in range(INVOICES)]
    assert {invoice["va_number"] for invoice in invoices} == {account["va_number"] for account in accounts}
    assert all(is_valid_number(account["va_number"]) for account in accounts)
    assert [account["state"] for account in accounts] == ["open"] * INVOICES
    assert len(notices) == 2 * INVOICES
    assert {notice["pk"] for notice in notices} == {account["pk"] for account in accounts}


@pytest.mark.parametrize(("limit", "lane"), [(INVOICES, "express"), (INVOICES - 1, "bulk")])
def test_notices_of_an_upload_over_the_limit_leave_the_express_lane_to_others(
    released: Upload, monkeypatch: pytest.MonkeyPatch, limit: int, lane: str
) -> None:
    monkeypatch.setattr("invoicing.notices.MAX_EXPRESS_INVOICES", limit)
    scenario.write_all_chunks()

    assert {notice["lane"] for notice in scenario.read_table(get_settings().notices_table)} == {lane}


def test_rows_get_consecutive_numbers_in_the_order_of_the_plan(released: Upload) -> None:
    scenario.write_all_chunks()
    invoices = scenario.read_table(get_settings().invoices_table)
    sequences = [int(invoice["va_number"][5:-1]) for invoice in invoices]
    assert released.va_first is not None
    assert sequences == list(range(released.va_first, released.va_first + INVOICES))


def test_second_upload_draws_the_next_range(released: Upload, tmp_path: Path) -> None:
    more = [scenario.make_draft(index) for index in range(100, 104)]
    second = scenario.release(scenario.make_waiting_upload(tmp_path, more))
    assert (released.va_first, second.va_first) == (0, INVOICES)


def test_every_message_again_in_any_order_changes_nothing(released: Upload) -> None:
    bodies = [message["Body"] for message in scenario.receive_chunk_messages()]
    assert scenario.write_chunks(bodies[:2]) == []
    before_end = reload(released).status
    assert scenario.write_chunks([bodies[1], bodies[0], bodies[1]]) == []
    assert scenario.write_chunks(bodies[2:]) == []
    after = scenario.dump_tables()
    assert scenario.write_chunks(list(reversed(bodies))) == []
    assert before_end is UploadStatus.WRITING
    assert reload(released).status is UploadStatus.DONE
    assert scenario.dump_tables() == after


@pytest.fixture
def start_afresh(aws: Aws) -> Callable[[], None]:
    """Empty the whole cloud and make it again, as often as a test likes."""

    def start() -> None:
        moto_api_backend.reset()
        create_resources(aws.template)
        forget_process_state()

    return start


def run_upload(tmp_path: Path) -> Upload:
    scenario.register(scenario.SHOP)
    drafts = [scenario.make_draft(index) for index in range(INVOICES)]
    return scenario.release(scenario.make_waiting_upload(tmp_path, drafts))


@pytest.mark.parametrize("after", [False, True], ids=["before_the_call", "after_the_call"])
def test_writer_killed_at_any_call_then_redelivered_ends_as_if_never_killed(
    start_afresh: Callable[[], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    after: bool,
) -> None:
    monkeypatch.setattr("invoicing.uploading.ULID", lambda: "01KAQ0000000000000000000AA")

    def count_calls() -> tuple[int, dict[str, list[str]]]:
        start_afresh()
        run_upload(tmp_path)
        clients = [dynamodb.client(), files.client()]
        with faults.CallCounter(clients, faults.kill, None, after=after).installed() as counter:
            scenario.write_all_chunks()
        return counter.calls, scenario.dump_tables()

    calls, expected = count_calls()
    assert calls > 3 * 5
    for at in range(calls):
        start_afresh()
        run_upload(tmp_path)
        bodies = [message["Body"] for message in scenario.receive_chunk_messages()]
        fault = faults.CallCounter([dynamodb.client(), files.client()], faults.kill, at, after=after)
        with fault.installed(), contextlib.suppress(faults.Killed):
            scenario.write_chunks(bodies)
        assert scenario.write_chunks(bodies, received=2) == []
        assert scenario.dump_tables() == expected, f"killed at call {at}"


def find_transaction_calls(act: Callable[[], None], at: int) -> Any:
    """Act at the ``at``-th TransactWriteItems only."""
    return faults.CallCounter([faults.OneOperation(dynamodb.client())], act, at, after=False)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize(
    "codes",
    [
        ["None", "TransactionConflict", "None"],
        ["ThrottlingError"],
        ["ProvisionedThroughputExceeded", "None"],
        ["ConditionalCheckFailed", "TransactionConflict"],
    ],
)
def test_conflict_or_throttle_sends_the_same_set_again(released: Upload, codes: list[str]) -> None:
    with find_transaction_calls(faults.raise_cancelled(codes), 1).installed() as counter:
        scenario.write_all_chunks()
    assert counter.calls > 1
    assert reload(released).totals == upload_types.sum_results(uploads.load_chunk_results(released))
    assert len(scenario.read_table(get_settings().invoices_table)) == INVOICES


@pytest.mark.usefixtures("no_waiting")
def test_endless_conflict_fails_the_message_and_a_later_delivery_succeeds(released: Upload) -> None:
    bodies = [message["Body"] for message in scenario.receive_chunk_messages()]

    always = faults.EveryCall([faults.OneOperation(dynamodb.client())], faults.raise_cancelled(["TransactionConflict"]))
    with always.installed():
        assert scenario.write_chunks(bodies) == [f"message-{index}" for index in range(len(bodies))]
    assert scenario.read_table(get_settings().invoices_table) == []
    assert scenario.write_chunks(bodies, received=2) == []
    assert reload(released).status is UploadStatus.DONE


@pytest.mark.parametrize("at", [0, 1, 2])
def test_lost_answer_of_a_committed_transaction_is_found_out(released: Upload, at: int) -> None:
    bodies = [message["Body"] for message in scenario.receive_chunk_messages()]
    counter = faults.CallCounter([faults.OneOperation(dynamodb.client())], faults.raise_read_timeout, at, after=True)
    with counter.installed():
        failed = scenario.write_chunks(bodies)
    assert len(failed) == 1
    assert scenario.write_chunks(bodies, received=2) == []
    done = reload(released)
    assert done.totals is not None
    assert (done.totals["written"], done.totals["written_already_there"]) == (INVOICES, 0)


def test_invoices_that_a_second_delivery_writes_between_our_two_reads_are_ours(
    released: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = dynamodb.commit

    def commit_after_the_other(writes: Any) -> Any:
        commit(writes)
        return commit(writes)

    monkeypatch.setattr(dynamodb, "commit", commit_after_the_other)
    # The accounts are read first: not written yet.
    monkeypatch.setattr("invoicing.store.invoices.load_virtual_accounts", lambda *_: {})
    scenario.write_all_chunks()
    done = reload(released)
    assert done.totals
    assert (done.totals["written"], done.totals["written_already_there"]) == (INVOICES, 0)


def test_number_created_in_between_is_already_there_or_a_conflict_and_never_overwritten(
    tmp_path: Path,
) -> None:
    scenario.register(scenario.SHOP)
    drafts = [scenario.make_draft(index) for index in range(INVOICES)]
    changed = [scenario.make_draft(0), scenario.make_draft(1, amount=5), scenario.make_draft(900)]
    first = scenario.make_waiting_upload(tmp_path, drafts)
    second = scenario.make_waiting_upload(tmp_path, changed)
    scenario.release(first)
    scenario.write_all_chunks()
    scenario.release(second)
    scenario.write_all_chunks()

    done = reload(second)
    assert done.totals == {
        "written": 1,
        "written_amount": 100_900,
        "written_already_there": 1,
        "conflicts": 1,
    }
    (result,) = uploads.load_chunk_results(second)
    assert [(conflict.number, conflict.fields) for conflict in result.conflicts] == [("INV-0001", ["amount"])]
    invoices = {item["number"]: item for item in scenario.read_table(get_settings().invoices_table)}
    assert invoices["INV-0001"]["amount"] == 100_001
    assert {item["upload_id"] for item in invoices.values()} == {first.upload_id, second.upload_id}


def test_invoice_number_in_another_case_is_the_same_invoice(tmp_path: Path) -> None:
    scenario.register(scenario.SHOP)
    first = scenario.make_waiting_upload(tmp_path, [scenario.make_draft(1)])
    second = scenario.make_waiting_upload(tmp_path, [scenario.make_draft(1, number="inv-0001")])
    for upload in (first, second):
        scenario.release(upload)
        scenario.write_all_chunks()
    assert len(scenario.read_table(get_settings().invoices_table)) == 1


@pytest.fixture
def broken_plan(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The middle chunk's plan bytes are not what was released."""
    read_range = files.read_range

    def read(key: str, version: str, start: int, end: int) -> bytes:
        plan = read_range(key, version, start, end)
        return plan[:-5] if start and len(plan.splitlines()) == 3 else plan

    with monkeypatch.context() as patch:
        patch.setattr(files, "read_range", read)
        yield


def test_poisoned_chunk_shows_on_the_upload_and_the_others_are_written(released: Upload, broken_plan: None) -> None:
    bodies = [message["Body"] for message in scenario.receive_chunk_messages()]
    poisoned = scenario.write_chunks(bodies)
    assert poisoned == ["message-1"]
    assert [result.state for result in uploads.load_chunk_results(released)] == [ChunkState.DONE] * 2

    last_try = get_settings().chunk_max_receives
    assert scenario.write_chunks([bodies[1]], received=last_try) == ["message-0"]
    states = [result.state for result in uploads.load_chunk_results(released)]
    assert states == [ChunkState.DONE, ChunkState.FAILED, ChunkState.DONE]
    assert reload(released).status is UploadStatus.WRITING


def test_redrive_queues_only_the_failed_chunk_and_it_completes_the_upload(
    released: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [message["Body"] for message in scenario.receive_chunk_messages()]
    with monkeypatch.context() as patch:
        patch.setattr(writing, "_read_rows", lambda *_: 1 / 0)
        scenario.write_chunks([bodies[1]], received=get_settings().chunk_max_receives)
    scenario.write_chunks([bodies[0], bodies[2]])

    uploading.redrive_upload(released.biller_id, released.upload_id)
    redriven = [message["Body"] for message in scenario.receive_chunk_messages()]
    assert [json.loads(body)["chunk"] for body in redriven] == [1]
    assert scenario.write_chunks(redriven) == []
    assert reload(released).status is UploadStatus.DONE
    assert len(scenario.read_table(get_settings().invoices_table)) == INVOICES


def test_late_failure_of_a_repeat_does_not_undo_a_done_chunk(released: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = [message["Body"] for message in scenario.receive_chunk_messages()]
    scenario.write_chunks(bodies[:1])
    monkeypatch.setattr(writing, "_read_rows", lambda *_: 1 / 0)
    scenario.write_chunks(bodies[:1], received=get_settings().chunk_max_receives)
    assert [result.state for result in uploads.load_chunk_results(released)] == [ChunkState.DONE]


def test_sweeper_queues_chunks_whose_messages_were_lost(released: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = [message["Body"] for message in scenario.receive_chunk_messages()]
    scenario.write_chunks(bodies[:1])
    assert sweeping.sweep_uploads() == 0

    monkeypatch.setattr(clock, "now", lambda: scenario.NOW + upload_types.PATIENCE[UploadStatus.WRITING])
    assert sweeping.sweep_uploads() == 1
    assert sweeping.sweep_uploads() == 0
    scenario.write_all_chunks()
    assert reload(released).status is UploadStatus.DONE


def test_sweeper_finishes_an_upload_whose_last_writer_died_before_finishing_it(
    released: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(writing, "finish_if_complete", lambda _upload: False)
        scenario.write_all_chunks()
    assert reload(released).status is UploadStatus.WRITING
    monkeypatch.setattr(clock, "now", lambda: scenario.NOW + upload_types.PATIENCE[UploadStatus.WRITING])
    sweeping.sweep_uploads()
    assert reload(released).status is UploadStatus.DONE


def test_message_of_an_upload_that_was_not_released_is_refused(tmp_path: Path) -> None:
    scenario.register(scenario.SHOP)
    upload = scenario.make_waiting_upload(tmp_path, [scenario.make_draft(1)])
    body = json.dumps({"biller_id": upload.biller_id, "upload_id": upload.upload_id, "chunk": 0})
    assert scenario.write_chunks([body]) == ["message-0"]
    assert scenario.read_table(get_settings().invoices_table) == []


def test_chunk_of_another_billers_upload_is_refused(released: Upload) -> None:
    scenario.register(scenario.SCHOOL)
    body = json.dumps({"biller_id": "sekolah-harapan", "upload_id": released.upload_id, "chunk": 0})
    assert scenario.write_chunks([body]) == ["message-0"]
    assert scenario.read_table(get_settings().invoices_table) == []
